//! What is written about one connection: a ledger line before it, and again with its bytes after it.

use crate::totals::Today;
use futures::future::BoxFuture;
use protocol::{EgressTotals, EntryId, GateVerdict, LedgerEntry};
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::{runtime::Handle, sync::watch, time::timeout};
use tokio_util::task::TaskTracker;

/// Writes a line of the outbound ledger. Called before the first byte of a request, and with the
/// same id again when its bytes are known; a refused request is written once.
pub type LedgerFn = Arc<dyn Fn(LedgerEntry) -> BoxFuture<'static, Result<(), String>> + Send + Sync>;

/// A ledger that does not answer is a ledger that cannot be written.
const LEDGER_PATIENCE: Duration = Duration::from_secs(20);

/// The ledger and the totals, shared by all connections of a gate.
pub(crate) struct Book {
    ledger: LedgerFn,
    today: Mutex<Today>,
    changed: watch::Sender<EgressTotals>,
    /// Closing lines that are still being written. Closed from the start, so that `wait` returns
    /// whenever it is empty.
    closing: TaskTracker,
}

impl Book {
    pub(crate) fn new(ledger: LedgerFn) -> Self {
        let closing = TaskTracker::new();
        closing.close();
        Self { ledger, today: Mutex::default(), changed: watch::Sender::new(EgressTotals::default()), closing }
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
        self.closing.wait().await;
    }

    pub(crate) async fn write(&self, entry: LedgerEntry) -> Result<(), String> {
        timeout(LEDGER_PATIENCE, (self.ledger)(entry)).await.unwrap_or_else(|_| Err("it did not answer in time".into()))
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
        verdict,
    }
}

/// Milliseconds since the epoch.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// A connection that is open, or was. Dropping it, for whatever reason, closes its ledger line.
pub(crate) struct Crossing {
    book: Arc<Book>,
    /// `None` for the engine on this machine: nothing leaves, nothing is written or counted.
    entry: Option<LedgerEntry>,
    sent: AtomicU64,
    received: AtomicU64,
    runtime: Handle,
}

impl Crossing {
    /// To be called inside a runtime, after the opening line was written.
    pub(crate) fn open(book: Arc<Book>, entry: Option<LedgerEntry>) -> Arc<Self> {
        if entry.is_some() {
            book.count(|totals| totals.open += 1);
        }
        Arc::new(Self { book, entry, sent: AtomicU64::new(0), received: AtomicU64::new(0), runtime: Handle::current() })
    }

    pub(crate) fn sent(&self, bytes: u64) {
        self.sent.fetch_add(bytes, Ordering::Relaxed);
        if self.entry.is_some() {
            self.book.count(|totals| totals.sent_today += bytes);
        }
    }

    pub(crate) fn received(&self, bytes: u64) {
        self.received.fetch_add(bytes, Ordering::Relaxed);
        if self.entry.is_some() {
            self.book.count(|totals| totals.received_today += bytes);
        }
    }
}

impl Drop for Crossing {
    fn drop(&mut self) {
        let Some(mut entry) = self.entry.take() else { return };
        entry.sent = self.sent.load(Ordering::Relaxed);
        entry.received = self.received.load(Ordering::Relaxed);
        self.book.count(|totals| totals.open = totals.open.saturating_sub(1));
        let book = self.book.clone();
        self.book.closing.spawn_on(
            async move {
                let host = entry.host.clone();
                if let Err(reason) = book.write(entry).await {
                    // The opening line stands; only the byte counts are missing.
                    tracing::error!(host, reason, "the byte counts of a connection could not be written to the ledger");
                }
            },
            &self.runtime,
        );
    }
}
