//! The task that reads documents: one after the other, and a slow one beside others.

mod gathered;
mod one;

pub(crate) use gathered::{name_failed, name_page};

use crate::{LibraryError, extract, library::Inner, setback::Setback, worker::Parent};
use one::read_one;
use protocol::DocumentId;
use std::{
    collections::HashMap,
    sync::{Arc, PoisonError},
    time::{Duration, Instant},
};
use store::Job;
use tokio::task::{Id, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

/// A document that takes longer holds up no other: the next is read beside it.
const PATIENCE: Duration = Duration::from_secs(3);
/// So many are read at once, at most; all but the last of them are slow.
const MOST_AT_ONCE: usize = 3;
/// One more may be where it is short: so many bytes, and no picture whose text would have to be recognised.
const SHORT: u64 = 256 << 10;
/// What was read becomes findable at least so often; commits cost, so not for every document.
const COMMIT_EVERY: Duration = Duration::from_millis(1_500);

/// Reads what waits until the library is closed.
pub(crate) async fn run(inner: Arc<Inner>) {
    let mut desk = Desk::new(inner.clone());
    let mut setback = Setback::default();
    let mut pause = None;
    loop {
        if inner.stop.is_cancelled() {
            break;
        }
        let asked = inner.busy.borrow().to_read;
        if pause.is_none() && desk.has_room() {
            match desk.begin_next(asked).await {
                Ok(true) => continue,
                Ok(false) => go_on(&inner, &mut setback),
                Err(error) => pause = Some(stand_still(&inner, &error, &mut setback, asked)),
            }
        }
        let wait = pause.or_else(|| desk.room_in());
        let ended = tokio::select! {
            () = inner.stop.cancelled() => break,
            () = inner.wake_reader.notified() => None,
            ended = desk.readings.join_next_with_id(), if !desk.readings.is_empty() => ended,
            () = tokio::time::sleep(wait.unwrap_or(Duration::MAX)), if wait.is_some() => None,
        };
        pause = None;
        if let Some(ended) = ended {
            match desk.settle(ended).await {
                Ok(()) => go_on(&inner, &mut setback),
                Err(error) => pause = Some(stand_still(&inner, &error, &mut setback, asked)),
            }
        }
    }
    desk.close().await;
}

/// Something was read, or there is nothing to read: whatever was in the way is not any more.
fn go_on(inner: &Inner, setback: &mut Setback) {
    setback.over();
    if inner.count().stop(None) {
        inner.tell_progress();
    }
}

/// Nothing can be read now, and it is no document's fault: a person is told once, and the documents
/// wait. Returns how long.
fn stand_still(inner: &Inner, error: &LibraryError, setback: &mut Setback, asked: u64) -> Duration {
    tracing::error!(%error, "reading documents");
    let wait = setback.wait();
    if inner.count().stop(Some(error.fault())) {
        inner.tell_trouble(error.fault());
    }
    inner.tell_progress();
    if setback.lasts() {
        inner.busy.send_modify(|busy| busy.read = busy.read.max(asked));
    }
    wait
}

impl Inner {
    /// A document is being read from now on, unless the token is cancelled.
    pub fn begin(&self, job: &Job) -> CancellationToken {
        // What an earlier reading left in memory; its rows are gone.
        self.vectors.write().unwrap_or_else(PoisonError::into_inner).remove(job.document);
        let token = self.stop.child_token();
        self.current.lock().unwrap_or_else(PoisonError::into_inner).insert(job.document, token.clone());
        self.count().begin(job, Instant::now());
        token
    }

    /// It is not read any more, for whatever reason.
    pub fn leave(&self, document: DocumentId) {
        self.current.lock().unwrap_or_else(PoisonError::into_inner).remove(&document);
        self.count().leave(document);
    }

    pub fn cancel_reading(&self, document: DocumentId) {
        if let Some(token) = self.current.lock().unwrap_or_else(PoisonError::into_inner).get(&document) {
            token.cancel();
        }
    }
}

/// Who read a document, and whether it could be read.
type Read = (Parent, Result<(), LibraryError>);

/// The documents that are being read.
struct Desk {
    inner: Arc<Inner>,
    readings: JoinSet<Read>,
    /// Which task reads which document, and since when.
    begun: HashMap<Id, (DocumentId, Instant)>,
    /// A reader that has nothing to do.
    idle: Option<Parent>,
    committed: Instant,
}

impl Desk {
    fn new(inner: Arc<Inner>) -> Self {
        let (readings, begun) = (JoinSet::new(), HashMap::new());
        Self { inner, readings, begun, idle: None, committed: Instant::now() }
    }

    /// Whether the next document may be begun: none is being read, or those that are take long.
    fn has_room(&self) -> bool {
        self.begun.len() <= MOST_AT_ONCE && self.begun.values().all(|(_, since)| since.elapsed() >= PATIENCE)
    }

    /// When it may be, where nothing ends until then.
    fn room_in(&self) -> Option<Duration> {
        let last = self.begun.values().map(|(_, since)| PATIENCE.saturating_sub(since.elapsed())).max()?;
        (self.begun.len() <= MOST_AT_ONCE && !last.is_zero()).then_some(last)
    }

    /// Begins to read the next document; false when there is none to read now.
    async fn begin_next(&mut self, asked: u64) -> Result<bool, LibraryError> {
        let inner = self.inner.clone();
        let now: Vec<DocumentId> = self.begun.values().map(|(document, _)| *document).collect();
        let any = now.len() < MOST_AT_ONCE;
        let (bytes, not) = if any { (u64::MAX, &[][..]) } else { (SHORT, extract::LOOKED_AT) };
        let job = if *inner.paused.borrow() { None } else { inner.derived.take_job(&now, bytes, not).await? };
        let Some(job) = job else {
            inner.index_outbox().await?;
            if *inner.paused.borrow() {
                return Ok(false);
            }
            // Something may have come meanwhile; only an empty queue is the end.
            if self.begun.is_empty() && inner.derived.queue().await?.waiting > 0 {
                return Ok(true);
            }
            if self.begun.is_empty() {
                inner.count().rest();
                inner.tell_progress();
                inner.busy.send_modify(|busy| busy.read = busy.read.max(asked));
            }
            return Ok(false);
        };
        let token = inner.begin(&job);
        let mut parent = self.idle.take().unwrap_or_else(|| Parent::new(inner.spawner()));
        let document = job.document;
        let reading = self.readings.spawn(async move {
            let read = read_one(&inner, &mut parent, &job, &token).await;
            (parent, read)
        });
        self.begun.insert(reading.id(), (document, Instant::now()));
        Ok(true)
    }

    /// One is not being read any more. An error means that none can be read now.
    async fn settle(&mut self, ended: Result<(Id, Read), JoinError>) -> Result<(), LibraryError> {
        let id = match &ended {
            Ok((id, _)) => *id,
            Err(error) => error.id(),
        };
        if let Some((document, _)) = self.begun.remove(&id) {
            self.inner.leave(document);
        }
        let (mut parent, read) = match ended {
            Ok((_, read)) => read,
            // Its document is still called being read, and is found again.
            Err(error) => return Err(LibraryError::Refused(crate::faults::no_worker(&error.to_string()))),
        };
        if self.idle.is_none() {
            self.idle = Some(parent);
        } else {
            parent.end().await;
        }
        read?;
        if self.committed.elapsed() >= COMMIT_EVERY {
            self.inner.index_outbox().await?;
            self.committed = Instant::now();
        }
        self.inner.recount().await
    }

    /// Ends every reading: the documents wait again.
    async fn close(mut self) {
        // They hear of the library's end by themselves.
        while let Some(ended) = self.readings.join_next().await {
            if let Ok((mut parent, _)) = ended {
                parent.end().await;
            }
        }
        if let Some(mut parent) = self.idle {
            parent.end().await;
        }
    }
}
