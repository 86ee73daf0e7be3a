//! What is written about one connection: a ledger line before it, its bytes while it is open, and the
//! line's end after it.

use crate::{Errand, totals::Today};
use futures::future::BoxFuture;
use protocol::{EgressTotals, EntryId, GateVerdict, LedgerEntry};
use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::{
    sync::watch,
    time::{Instant, sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Writes a line of the outbound ledger. Called before the first byte of a request, and with the
/// same id again as its bytes become known; a refused request is written once.
pub type LedgerFn = Arc<dyn Fn(LedgerEntry) -> BoxFuture<'static, Result<(), String>> + Send + Sync>;

/// A ledger that does not answer is a ledger that cannot be written.
const LEDGER_PATIENCE: Duration = Duration::from_secs(20);
/// How often the bytes of an open connection are written: about once a second at first, then after
/// each eighth of its age, so that a crash hides little and a day-long download is some hundred lines.
const SOONEST: Duration = Duration::from_secs(1);
const LATEST: Duration = Duration::from_secs(300);

/// The ledger and the totals, shared by all connections of a gate.
pub(crate) struct Book {
    ledger: LedgerFn,
    today: Mutex<Today>,
    changed: watch::Sender<EgressTotals>,
    /// The lines that are not closed yet.
    lines: watch::Sender<BTreeMap<EntryId, Kept>>,
    tasks: TaskTracker,
}

/// A line that is not closed yet.
struct Kept {
    errand: Errand,
    /// Whether its connection has ended, so that only the closing line is missing.
    ended: bool,
}

impl Book {
    pub(crate) fn new(ledger: LedgerFn) -> Self {
        Self {
            ledger,
            today: Mutex::default(),
            changed: watch::Sender::new(EgressTotals::default()),
            lines: watch::Sender::default(),
            tasks: TaskTracker::new(),
        }
    }

    /// Changes the totals and tells who watches.
    pub(crate) fn count(&self, change: impl FnOnce(&mut EgressTotals)) {
        let totals = {
            let mut today = self.today.lock().unwrap_or_else(PoisonError::into_inner);
            let totals = today.at(now());
            change(totals);
            *totals
        };
        self.changed.send_if_modified(|last| std::mem::replace(last, totals) != totals);
    }

    pub(crate) fn totals(&self) -> EgressTotals {
        *self.today.lock().unwrap_or_else(PoisonError::into_inner).at(now())
    }

    pub(crate) fn watch(&self) -> watch::Receiver<EgressTotals> {
        self.changed.subscribe()
    }

    /// Waits until every closing line is written.
    pub(crate) async fn settled(&self) {
        self.until(|line| !line.ended).await;
    }

    /// Waits until no connection of this errand is open, and every closing line of it is written.
    pub(crate) async fn settled_for(&self, errand: &Errand) {
        self.until(|line| line.errand != *errand).await;
    }

    async fn until(&self, holds: impl Fn(&Kept) -> bool) {
        // An error would say that the sender is gone, and that is `self`.
        let _ = self.lines.subscribe().wait_for(|lines| lines.values().all(&holds)).await;
    }

    pub(crate) async fn write(&self, entry: LedgerEntry) -> Result<(), String> {
        timeout(LEDGER_PATIENCE, (self.ledger)(entry)).await.unwrap_or_else(|_| Err("it did not answer in time".into()))
    }

    /// Writes the bytes of a connection from time to time, and its closing line once it has ended.
    async fn keep(self: Arc<Self>, mut entry: LedgerEntry, counts: Arc<Counts>, ended: CancellationToken) {
        let begun = Instant::now();
        loop {
            let pause = (begun.elapsed() / 8).clamp(SOONEST, LATEST);
            tokio::select! {
                biased;
                () = ended.cancelled() => break,
                () = sleep(pause) => {}
            }
            if counts.copy_to(&mut entry)
                && let Err(reason) = self.write(entry.clone()).await
            {
                tracing::warn!(host = entry.host, reason, "the bytes so far could not be written to the ledger");
            }
        }
        counts.copy_to(&mut entry);
        entry.open = false;
        if let Err(reason) = self.write(entry.clone()).await {
            // The line stands as it was last written: open, and so with fewer bytes than crossed.
            tracing::error!(host = entry.host, reason, "the end of a connection could not be written to the ledger");
        }
        self.lines.send_modify(|lines| drop(lines.remove(&entry.id)));
    }
}

/// A new ledger line without bytes.
pub(crate) fn line(who: &str, why: &str, host: String, verdict: GateVerdict) -> LedgerEntry {
    LedgerEntry {
        id: EntryId::new(),
        at: now(),
        who: who.to_owned(),
        why: why.to_owned(),
        host,
        sent: 0,
        received: 0,
        open: verdict == GateVerdict::Allowed,
        verdict,
    }
}

/// Milliseconds since the epoch.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// What crossed so far.
#[derive(Default)]
struct Counts {
    sent: AtomicU64,
    received: AtomicU64,
}

impl Counts {
    /// Puts them into a line; false where it has them already.
    fn copy_to(&self, entry: &mut LedgerEntry) -> bool {
        let before = (entry.sent, entry.received);
        entry.sent = self.sent.load(Ordering::Relaxed);
        entry.received = self.received.load(Ordering::Relaxed);
        before != (entry.sent, entry.received)
    }
}

/// A connection that is open, or was. Dropping it, for whatever reason, closes its ledger line.
pub(crate) struct Crossing {
    book: Arc<Book>,
    /// `None` for the engine on this machine: nothing leaves, nothing is written or counted.
    line: Option<EntryId>,
    counts: Arc<Counts>,
    ended: CancellationToken,
}

impl Crossing {
    /// To be called inside a runtime, after the opening line was written.
    pub(crate) fn open(book: Arc<Book>, entry: Option<LedgerEntry>) -> Arc<Self> {
        let (counts, ended) = (Arc::<Counts>::default(), CancellationToken::new());
        let line = entry.as_ref().map(|entry| entry.id);
        if let Some(entry) = entry {
            book.count(|totals| totals.open += 1);
            let errand = Errand::new(&entry.who, &entry.why);
            book.lines.send_modify(|lines| drop(lines.insert(entry.id, Kept { errand, ended: false })));
            book.tasks.spawn(book.clone().keep(entry, counts.clone(), ended.clone()));
        }
        Arc::new(Self { book, line, counts, ended })
    }

    pub(crate) fn sent(&self, bytes: u64) {
        self.counts.sent.fetch_add(bytes, Ordering::Relaxed);
        if self.line.is_some() {
            self.book.count(|totals| totals.sent_today += bytes);
        }
    }

    pub(crate) fn received(&self, bytes: u64) {
        self.counts.received.fetch_add(bytes, Ordering::Relaxed);
        if self.line.is_some() {
            self.book.count(|totals| totals.received_today += bytes);
        }
    }
}

impl Drop for Crossing {
    fn drop(&mut self) {
        let Some(line) = self.line else { return };
        self.book.count(|totals| totals.open = totals.open.saturating_sub(1));
        self.book.lines.send_modify(|lines| {
            if let Some(kept) = lines.get_mut(&line) {
                kept.ended = true;
            }
        });
        self.ended.cancel();
    }
}
