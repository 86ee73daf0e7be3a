//! How far the import is: what is done, what waits, and how long the rest may take.

use protocol::{DocumentId, Fault, ImportProgress};
use std::{
    collections::HashMap,
    time::{Duration, Instant},
};
use store::{Job, Queue};

/// An estimate is never below this: something is still going on.
const LEAST_LEFT: Duration = Duration::from_secs(1);
/// Counting what waits takes no more than one part in so many of the time.
const COUNTED_AT_MOST: u32 = 20;
/// A document that takes longer than expected has at least this share of its time still before it.
const LEAST_SHARE: f64 = 0.1;

/// The counts of the running import.
#[derive(Debug, Default)]
pub(crate) struct Count {
    /// The documents that it is through with, and whether each failed.
    done: HashMap<DocumentId, bool>,
    /// Those that are being read, the last begun at the end.
    current: Vec<Current>,
    waiting: Queue,
    /// When that was counted and how long it took.
    counted: Option<(Instant, Duration)>,
    /// Bytes and time of what it has read so far: the measured rate.
    bytes: u64,
    time: Duration,
    /// Passages that got a vector since the embedding began, those that wait for one, and its time.
    embedded: u32,
    unembedded: u32,
    embedding_time: Duration,
    /// Why it cannot go on now.
    stopped: Option<Fault>,
    /// Why passages get no vectors now.
    embedding_waits: Option<Fault>,
}

/// The document that is being read.
#[derive(Debug)]
struct Current {
    document: DocumentId,
    name: String,
    bytes: u64,
    since: Instant,
}

impl Count {
    /// These documents wait, whatever became of them before.
    pub fn again(&mut self, documents: &[DocumentId]) {
        for document in documents {
            self.done.remove(document);
            self.leave(*document);
        }
    }

    /// What waits now. An import that was begun before a restart counts too.
    pub fn queue(&mut self, waiting: Queue) {
        self.waiting = waiting;
    }

    /// Whether what waits is to be counted again. A queue of a hundred thousand takes its time, and is
    /// not counted twice for each of them: in between it is known what came and what went.
    pub fn stale(&self, now: Instant) -> bool {
        self.counted.is_none_or(|(at, took)| now.saturating_duration_since(at) >= took * COUNTED_AT_MOST)
    }

    /// What waits, as it was just counted.
    pub fn counted(&mut self, waiting: Queue, began: Instant, now: Instant) {
        self.queue(waiting);
        self.counted = Some((now, now.saturating_duration_since(began)));
    }

    /// A document was taken from the queue, and what waits was not counted again.
    pub fn took(&mut self, bytes: u64) {
        self.waiting.waiting = self.waiting.waiting.saturating_sub(1);
        self.waiting.waiting_bytes = self.waiting.waiting_bytes.saturating_sub(bytes);
    }

    /// So many came into the queue, and what waits was not counted again.
    pub fn came(&mut self, documents: usize) {
        let documents = u32::try_from(documents).unwrap_or(u32::MAX);
        self.waiting.waiting = self.waiting.waiting.saturating_add(documents);
    }

    /// A document is being read.
    pub fn begin(&mut self, job: &Job, now: Instant) {
        self.current.push(Current { document: job.document, name: job.name.clone(), bytes: job.bytes, since: now });
    }

    /// It is not read any more, for whatever reason.
    pub fn leave(&mut self, document: DocumentId) {
        self.current.retain(|current| current.document != document);
    }

    /// The import is through with a document.
    pub fn end(&mut self, job: &Job, took: Duration, failed: bool) {
        self.done.insert(job.document, failed);
        self.bytes += job.bytes;
        self.time += took;
    }

    /// Everything is read: the next document begins another import.
    pub fn rest(&mut self) {
        (self.done, self.current, self.waiting) = (HashMap::new(), Vec::new(), Queue::default());
        self.counted = None;
        (self.bytes, self.time) = (0, Duration::ZERO);
    }

    /// Reading cannot go on, or goes on again. Says whether that is news.
    pub fn stop(&mut self, why: Option<Fault>) -> bool {
        let news = self.stopped.is_some() != why.is_some();
        self.stopped = why;
        news
    }

    /// Passages get no vectors now, or get them again.
    pub fn embedding_waits(&mut self, why: Option<Fault>) {
        self.embedding_waits = why;
    }

    /// So many passages wait for their vectors.
    pub fn unembedded(&mut self, passages: u32) {
        self.unembedded = passages;
    }

    /// So many passages are dealt with.
    pub fn embedded(&mut self, passages: u32, took: Duration) {
        self.embedded += passages;
        self.unembedded = self.unembedded.saturating_sub(passages);
        self.embedding_time += took;
    }

    /// No passage waits: the next one begins another count.
    pub fn embedding_rests(&mut self) {
        (self.embedded, self.unembedded, self.embedding_time) = (0, 0, Duration::ZERO);
    }

    /// For clients.
    pub fn view(&self, paused: bool, now: Instant) -> ImportProgress {
        let done = u32::try_from(self.done.len()).unwrap_or(u32::MAX);
        let reading = u32::try_from(self.current.len()).unwrap_or(u32::MAX);
        let failed = self.done.values().filter(|failed| **failed).count();
        ImportProgress {
            total: done + reading + self.waiting.waiting,
            done,
            failed: u32::try_from(failed).unwrap_or(u32::MAX),
            current: self.current.last().map(|current| current.name.clone()),
            paused,
            left_ms: self.left(now).filter(|_| !paused && self.why_stopped().is_none()).map(milliseconds),
            embedded: self.embedded,
            passages: self.embedded + self.unembedded,
            stopped: self.why_stopped().cloned(),
        }
    }

    fn reads(&self) -> bool {
        !self.current.is_empty() || self.waiting.waiting > 0
    }

    /// Why what is to be done next is not.
    fn why_stopped(&self) -> Option<&Fault> {
        self.stopped.as_ref().or_else(|| self.embedding_waits.as_ref().filter(|_| !self.reads() && self.unembedded > 0))
    }

    /// How long reading may still take; when all is read, how long embedding may.
    fn left(&self, now: Instant) -> Option<Duration> {
        let (seconds, each) = if self.reads() {
            let each = rate(self.time, self.bytes)?;
            let left = |current: &Current| {
                let expected = current.bytes as f64 * each;
                let passed = now.saturating_duration_since(current.since).as_secs_f64();
                (expected - passed).max(expected * LEAST_SHARE)
            };
            let current = self.current.iter().map(left).fold(0.0, f64::max);
            (current, each * self.waiting.waiting_bytes as f64)
        } else if self.unembedded > 0 {
            (0.0, rate(self.embedding_time, u64::from(self.embedded))? * f64::from(self.unembedded))
        } else {
            return None;
        };
        Some(Duration::try_from_secs_f64(seconds + each).ok()?.max(LEAST_LEFT))
    }
}

/// Seconds for one of so many; None where nothing was measured.
fn rate(time: Duration, of: u64) -> Option<f64> {
    let each = time.as_secs_f64() / of as f64;
    (each.is_finite() && each > 0.0).then_some(each)
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// What was asked of the background tasks and what they have done, by counting: a task that comes to
/// rest says up to which asking it has done everything, so that nothing asked meanwhile is lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Busy {
    pub to_read: u64,
    pub read: u64,
    pub to_embed: u64,
    pub embedded: u64,
}

impl Busy {
    /// Whether all that was asked is done.
    pub fn at_rest(&self) -> bool {
        self.read >= self.to_read && self.embedded >= self.to_embed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn job(bytes: u64) -> Job {
        let (name, format, hash) = (format!("{bytes}.md"), "md".into(), String::new());
        Job { document: DocumentId::new(), name, format, hash, bytes, attempts: 1 }
    }

    fn waiting(waiting: u32, waiting_bytes: u64) -> Queue {
        Queue { waiting, waiting_bytes, ..Queue::default() }
    }

    fn counts(count: &Count) -> (u32, u32, u32) {
        let view = count.view(false, Instant::now());
        (view.done, view.failed, view.total)
    }

    #[test]
    fn each_document_counts_once() {
        let (mut count, now) = (Count::default(), Instant::now());
        let (a, b) = (job(100), job(200));
        count.queue(waiting(2, 300));
        assert_eq!(counts(&count), (0, 0, 2), "before the first is begun");
        count.queue(waiting(1, 200));
        count.begin(&a, now);
        assert_eq!(counts(&count), (0, 0, 2));
        // Asked for again while it is read.
        count.again(&[a.document]);
        count.queue(waiting(2, 300));
        assert_eq!(counts(&count), (0, 0, 2));
        count.begin(&b, now);
        count.queue(waiting(1, 100));
        count.leave(b.document);
        count.end(&b, SECOND, true);
        assert_eq!(counts(&count), (1, 1, 2));
        // Asked for again after it failed.
        count.again(&[b.document]);
        count.queue(waiting(2, 300));
        assert_eq!(counts(&count), (0, 0, 2));
        for job in [&a, &b] {
            count.begin(job, now);
            count.leave(job.document);
            count.end(job, SECOND, false);
        }
        count.queue(waiting(0, 0));
        assert_eq!(counts(&count), (2, 0, 2));
        count.rest();
        assert_eq!(counts(&count), (0, 0, 0));
    }

    #[test]
    fn the_time_left_holds_what_is_being_read() {
        let (mut count, now) = (Count::default(), Instant::now());
        let left = |count: &Count, after: u32| count.view(false, now + SECOND * after).left_ms;
        count.queue(waiting(2, 30_000));
        assert_eq!(left(&count, 0), None, "nothing was measured yet");
        count.end(&job(1_000), SECOND, false);
        assert_eq!(left(&count, 0), Some(30_000));
        count.begin(&job(20_000), now);
        count.queue(waiting(1, 10_000));
        assert_eq!(left(&count, 0), Some(30_000));
        assert_eq!(left(&count, 5), Some(25_000));
        assert_eq!(left(&count, 60), Some(12_000), "longer than expected");
        count.queue(waiting(0, 0));
        assert_eq!(left(&count, 5), Some(15_000), "the last one");
        assert_eq!(count.view(true, now).left_ms, None, "paused");
    }

    #[test]
    fn several_are_read_at_once() {
        let (mut count, now) = (Count::default(), Instant::now());
        let (slow, quick) = (job(100), job(200));
        count.queue(waiting(1, 10));
        count.begin(&slow, now);
        count.begin(&quick, now);
        let view = count.view(false, now);
        assert_eq!((view.total, view.current.as_deref()), (3, Some("200.md")), "the last begun is told");
        count.leave(quick.document);
        count.end(&quick, SECOND, false);
        let view = count.view(false, now);
        assert_eq!((view.done, view.total, view.current.as_deref()), (1, 3, Some("100.md")));
    }

    #[test]
    fn passages_are_counted_since_embedding_began() {
        let (mut count, now) = (Count::default(), Instant::now());
        count.unembedded(100);
        assert_eq!(count.view(false, now).left_ms, None);
        count.embedded(20, SECOND * 4);
        // More came meanwhile.
        count.unembedded(180);
        let view = count.view(false, now);
        assert_eq!((view.embedded, view.passages, view.left_ms), (20, 200, Some(36_000)));
        count.embedding_rests();
        let view = count.view(false, now);
        assert_eq!((view.embedded, view.passages, view.left_ms), (0, 0, None));
    }

    #[test]
    fn a_long_queue_is_counted_now_and_then() {
        let (mut count, start) = (Count::default(), Instant::now());
        assert!(count.stale(start));
        count.counted(waiting(1_000, 10_000), start, start + SECOND);
        assert!(!count.stale(start + SECOND * 20) && count.stale(start + SECOND * 21));
        let taken = job(100);
        count.took(taken.bytes);
        count.begin(&taken, start);
        assert_eq!(counts(&count), (0, 0, 1_000));
        count.leave(taken.document);
        count.end(&taken, SECOND, false);
        assert_eq!(counts(&count), (1, 0, 1_000));
        count.came(50);
        assert_eq!(counts(&count), (1, 0, 1_050));
    }

    #[test]
    fn a_standstill_is_news_once() {
        let (mut count, fault) = (Count::default(), crate::faults::no_worker("gone"));
        count.queue(waiting(1, 10));
        assert!(count.stop(Some(fault.clone())) && !count.stop(Some(fault.clone())));
        assert_eq!(count.view(false, Instant::now()).stopped, Some(fault));
        assert!(count.stop(None) && !count.stop(None));
    }
}
