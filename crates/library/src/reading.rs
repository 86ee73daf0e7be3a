//! The task that reads documents one after the other, and what it tells of its progress.

use crate::{
    LibraryError,
    chunk::{Chunk, chunks},
    extract::{Page, WordBox},
    faults,
    library::Inner,
    worker::{Parent, Step, Trouble},
};
use protocol::{DocumentId, Fault, ImportProgress};
use std::{
    collections::HashMap,
    sync::{Arc, PoisonError},
    time::{Duration, Instant},
};
use store::{Job, NewChunk, NewPage, Reading};

/// A document that was begun so often and never ended ends the app or itself: it is given up.
const MOST_ATTEMPTS: u32 = 3;
/// Pages are written in transactions of so many, so that other writes need not wait long.
const PAGES_AT_ONCE: usize = 25;
/// What was read becomes findable at least so often; commits cost, so not for every document.
const COMMIT_EVERY: Duration = Duration::from_millis(1_500);
/// How long the reader waits after a trouble that is not the document's.
const AFTER_TROUBLE: Duration = Duration::from_secs(5);

/// The progress of the running import.
#[derive(Debug, Default)]
pub(crate) struct Count {
    total: u32,
    done: u32,
    failed: u32,
    current: Option<String>,
    waiting_bytes: u64,
    /// Bytes and time of what this import has read so far: the measured rate.
    bytes: u64,
    time: Duration,
}

impl Count {
    pub fn added(&mut self, documents: usize) {
        self.total += u32::try_from(documents).unwrap_or(u32::MAX);
    }

    /// For clients: with what is left, from the rate measured so far.
    pub fn view(&self, paused: bool) -> ImportProgress {
        let rate = self.bytes as f64 / self.time.as_secs_f64();
        let left =
            (rate.is_finite() && rate > 0.0 && !paused).then(|| (self.waiting_bytes as f64 / rate * 1_000.0) as u64);
        ImportProgress {
            total: self.total,
            done: self.done,
            failed: self.failed,
            current: self.current.clone(),
            paused,
            left_ms: left.filter(|_| self.done < self.total),
        }
    }
}

/// Reads what waits until the library is closed.
pub(crate) async fn run(inner: Arc<Inner>) {
    let mut parent = Parent::new(inner.config.worker.clone(), inner.config.limits);
    let mut committed = Instant::now();
    loop {
        if inner.stop.is_cancelled() {
            break;
        }
        let outcome = step(&inner, &mut parent, &mut committed).await;
        let pause = match outcome {
            Ok(true) => continue,
            Ok(false) => None,
            Err(error) => {
                tracing::error!(%error, "reading documents");
                Some(AFTER_TROUBLE)
            }
        };
        tokio::select! {
            () = inner.stop.cancelled() => break,
            () = inner.wake_reader.notified() => {}
            () = tokio::time::sleep(pause.unwrap_or(Duration::MAX)), if pause.is_some() => {}
        }
    }
    parent.end().await;
}

/// Reads one document; false when there is none to read now.
async fn step(inner: &Arc<Inner>, parent: &mut Parent, committed: &mut Instant) -> Result<bool, LibraryError> {
    if *inner.paused.borrow() {
        inner.index_outbox().await?;
        return Ok(false);
    }
    let asked = inner.busy.borrow().to_read;
    refresh(inner).await?;
    let Some(job) = inner.derived.take_job().await? else {
        inner.index_outbox().await?;
        // Something may have come meanwhile; only an empty queue is the end.
        if inner.derived.queue().await?.waiting > 0 {
            return Ok(true);
        }
        *inner.count() = Count::default();
        inner.tell_progress();
        inner.busy.send_modify(|busy| busy.read = busy.read.max(asked));
        return Ok(false);
    };
    let token = inner.stop.child_token();
    *inner.current.lock().unwrap_or_else(PoisonError::into_inner) = Some((job.document, token.clone()));
    inner.count().current = Some(job.name.clone());
    inner.tell(job.document).await;
    inner.tell_progress();
    let began = Instant::now();
    let read = tokio::select! {
        read = read(inner, parent, &job) => Some(read),
        () = token.cancelled() => None,
    };
    *inner.current.lock().unwrap_or_else(PoisonError::into_inner) = None;
    match read {
        None => {
            // Removed, asked for again, or the app closes: nothing of it counts.
            parent.end().await;
            inner.derived.put_back(job.document).await?;
        }
        Some(Ok(())) => count(inner, &job, began.elapsed(), false),
        Some(Err(Problem::Library(error))) => {
            inner.derived.put_back(job.document).await?;
            return Err(error);
        }
        Some(Err(Problem::Document(fault))) => {
            inner.derived.fail(job.document, &fault).await?;
            count(inner, &job, began.elapsed(), true);
            inner.tell(job.document).await;
        }
    }
    if committed.elapsed() >= COMMIT_EVERY {
        inner.index_outbox().await?;
        *committed = Instant::now();
    }
    inner.tell_progress();
    Ok(true)
}

fn count(inner: &Inner, job: &Job, took: Duration, failed: bool) {
    let mut count = inner.count();
    count.done += 1;
    count.failed += u32::from(failed);
    count.bytes += job.bytes;
    count.time += took;
    count.current = None;
}

/// What waits, as the queue has it: an import that was begun before a restart counts too.
async fn refresh(inner: &Inner) -> Result<(), LibraryError> {
    let queue = inner.derived.queue().await?;
    let mut count = inner.count();
    count.waiting_bytes = queue.waiting_bytes;
    count.total = count.total.max(count.done + queue.waiting);
    Ok(())
}

enum Problem {
    Document(Fault),
    Library(LibraryError),
}

impl From<store::StoreError> for Problem {
    fn from(error: store::StoreError) -> Self {
        Self::Library(error.into())
    }
}

/// Reads a document whole: its pages and passages are stored when this returns.
async fn read(inner: &Inner, parent: &mut Parent, job: &Job) -> Result<(), Problem> {
    if job.attempts > MOST_ATTEMPTS {
        return Err(Problem::Document(faults::gave_up(job.attempts - 1)));
    }
    let path = inner.store.blobs().path(&job.hash).filter(|p| p.exists());
    let path = path.ok_or_else(|| Problem::Document(faults::unreadable("its stored copy is missing")))?;
    let began = Instant::now();
    let document = |trouble| match trouble {
        Trouble::Document(fault) | Trouble::Reader(fault) => Problem::Document(fault),
    };
    parent.begin(path, &job.format).await.map_err(document)?;
    let mut gathered = Gathered::default();
    let notes = loop {
        match parent.next().await.map_err(document)? {
            Step::Page(page) => {
                gathered.add(page);
                if gathered.pages.len() >= PAGES_AT_ONCE && !gathered.write(inner, job.document).await? {
                    return Ok(());
                }
            }
            Step::Done(notes) => break notes,
        }
    };
    if gathered.passages == 0 {
        return Err(Problem::Document(faults::nothing_to_read()));
    }
    if !gathered.write(inner, job.document).await? {
        return Ok(());
    }
    let reading = gathered.reading(notes, began.elapsed());
    inner.derived.finish_reading(job.document, &reading).await?;
    Ok(())
}

/// What was read of a document so far.
#[derive(Default)]
struct Gathered {
    pages: Vec<NewPage>,
    count: u32,
    passages: u32,
    section: Option<String>,
    languages: HashMap<&'static str, u64>,
}

impl Gathered {
    fn add(&mut self, page: Page) {
        let found = chunks(&page, &mut self.section);
        self.count += 1;
        self.passages += found.len() as u32;
        for chunk in &found {
            if let Some(language) = chunk.language {
                *self.languages.entry(language).or_default() += u64::from(chunk.span.end - chunk.span.start);
            }
        }
        self.pages.push(NewPage {
            number: page.number,
            boxes: WordBox::pack(&page.words),
            width: page.width,
            height: page.height,
            chunks: found.into_iter().map(|c| self.stored(c)).collect(),
            text: page.text,
        });
    }

    /// A passage too short to tell its language has that of the document so far.
    fn stored(&self, chunk: Chunk) -> NewChunk {
        let language = chunk.language.or_else(|| self.language());
        NewChunk {
            start: chunk.span.start,
            end: chunk.span.end,
            section: chunk.section,
            language: language.map(str::to_owned),
        }
    }

    fn language(&self) -> Option<&'static str> {
        self.languages.iter().max_by_key(|(name, n)| (**n, **name)).map(|(name, _)| *name)
    }

    async fn write(&mut self, inner: &Inner, document: DocumentId) -> Result<bool, store::StoreError> {
        inner.derived.add_pages(document, &std::mem::take(&mut self.pages)).await
    }

    fn reading(self, notes: Vec<Fault>, took: Duration) -> Reading {
        Reading {
            pages: self.count,
            passages: self.passages,
            language: self.language().map(str::to_owned),
            notes,
            took_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        }
    }
}
