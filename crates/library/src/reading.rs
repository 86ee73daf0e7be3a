//! The task that reads documents one after the other.

use crate::{
    LibraryError,
    chunk::Chunk,
    extract::{self, About},
    faults,
    library::Inner,
    setback::Setback,
    unpacking::Unpacked,
    worker::{CutPage, Parent, Step, Trouble},
};
use protocol::{DocumentId, Fault, Span};
use std::{
    collections::HashMap,
    path::Path,
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

/// Reads what waits until the library is closed.
pub(crate) async fn run(inner: Arc<Inner>) {
    let mut parent = Parent::new(inner.spawner());
    let mut committed = Instant::now();
    let mut setback = Setback::default();
    loop {
        if inner.stop.is_cancelled() {
            break;
        }
        let asked = inner.busy.borrow().to_read;
        let pause = match step(&inner, &mut parent, &mut committed, asked).await {
            Ok(more) => {
                setback.over();
                if inner.count().stop(None) {
                    inner.tell_progress();
                }
                if more {
                    continue;
                }
                None
            }
            Err(error) => Some(stand_still(&inner, &error, &mut setback, asked)),
        };
        tokio::select! {
            () = inner.stop.cancelled() => break,
            () = inner.wake_reader.notified() => {}
            () = tokio::time::sleep(pause.unwrap_or(Duration::MAX)), if pause.is_some() => {}
        }
    }
    parent.end().await;
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

/// Reads one document; false when there is none to read now.
async fn step(
    inner: &Arc<Inner>,
    parent: &mut Parent,
    committed: &mut Instant,
    asked: u64,
) -> Result<bool, LibraryError> {
    if *inner.paused.borrow() {
        inner.index_outbox().await?;
        return Ok(false);
    }
    let Some(job) = inner.derived.take_job().await? else {
        inner.index_outbox().await?;
        // Something may have come meanwhile; only an empty queue is the end.
        if inner.derived.queue().await?.waiting > 0 {
            return Ok(true);
        }
        inner.count().rest();
        inner.tell_progress();
        inner.busy.send_modify(|busy| busy.read = busy.read.max(asked));
        return Ok(false);
    };
    // What an earlier reading left in memory; its rows are gone.
    inner.vectors.write().unwrap_or_else(PoisonError::into_inner).remove(job.document);
    let token = inner.stop.child_token();
    *inner.current.lock().unwrap_or_else(PoisonError::into_inner) = Some((job.document, token.clone()));
    let began = Instant::now();
    inner.count().begin(&job, began);
    let mut unpacked = Unpacked::default();
    let read = tokio::select! {
        read = announce_and_read(inner, parent, &job, &mut unpacked) => Some(read),
        () = token.cancelled() => None,
    };
    // What came out of it and was not recorded: it failed, or was removed meanwhile.
    unpacked.discard(inner).await?;
    *inner.current.lock().unwrap_or_else(PoisonError::into_inner) = None;
    inner.count().leave();
    match read {
        None => {
            // Removed, asked for again, or the app closes: nothing of it counts.
            parent.end().await;
            inner.derived.put_back(job.document).await?;
        }
        Some(Ok(())) => inner.count().end(&job, began.elapsed(), false),
        Some(Err(Problem::Library(error))) => {
            // Where this fails too, `take_job` finds the document again.
            if let Err(also) = put_back(inner, &job).await {
                tracing::warn!(error = %also, "a document could not be put back into the queue");
            }
            return Err(error);
        }
        Some(Err(Problem::Document(fault))) => {
            inner.derived.fail(job.document, &fault, name_page(&job.name)).await?;
            inner.count().end(&job, began.elapsed(), true);
            inner.tell(job.document).await;
        }
    }
    if committed.elapsed() >= COMMIT_EVERY {
        inner.index_outbox().await?;
        *committed = Instant::now();
    }
    inner.recount().await?;
    Ok(true)
}

async fn put_back(inner: &Inner, job: &Job) -> Result<(), LibraryError> {
    inner.derived.put_back(job.document).await?;
    inner.tell(job.document).await;
    inner.recount_or(|count| count.came(1)).await
}

async fn announce_and_read(
    inner: &Inner,
    parent: &mut Parent,
    job: &Job,
    unpacked: &mut Unpacked,
) -> Result<(), Problem> {
    inner.tell(job.document).await;
    inner.recount_or(|count| count.took(job.bytes)).await.map_err(Problem::Library)?;
    read(inner, parent, job, unpacked).await
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
async fn read(inner: &Inner, parent: &mut Parent, job: &Job, unpacked: &mut Unpacked) -> Result<(), Problem> {
    if job.attempts > MOST_ATTEMPTS {
        return Err(Problem::Document(faults::gave_up(job.attempts - 1)));
    }
    let path = inner.store.blobs().path(&job.hash).filter(|p| p.exists());
    let path = path.ok_or_else(|| Problem::Document(faults::no_copy()))?;
    let began = Instant::now();
    if extract::is_stored(&job.format) && !extract::is_picture(&job.format) {
        return store_only(inner, job, began, extract::why(&job.format, Path::new(&job.name))).await;
    }
    let document = |trouble| match trouble {
        Trouble::Document(fault) => Problem::Document(fault),
        Trouble::Reader(fault) => Problem::Library(LibraryError::Refused(fault)),
    };
    let asked = unpacked.ask(inner, job, path).await?;
    parent.begin(asked).await.map_err(document)?;
    let mut gathered = Gathered::default();
    let mut notes = loop {
        let next = match parent.next().await {
            // A picture without text is kept, and so is one where no text can be read.
            Err(Trouble::Document(fault)) if extract::is_picture(&job.format) => {
                let why =
                    if fault.code == faults::NO_OCR { extract::why(&job.format, Path::new(&job.name)) } else { fault };
                return store_only(inner, job, began, why).await;
            }
            next => next,
        };
        match next.map_err(document)? {
            Step::Page(page) => {
                gathered.add(page);
                // Pages without a word are little, and who has none to the end gets its name for words.
                if gathered.pages.len() >= PAGES_AT_ONCE
                    && gathered.passages > 0
                    && !gathered.write(inner, job.document).await?
                {
                    return Ok(());
                }
            }
            Step::Part(place) => unpacked.take(inner, parent, place).await.map_err(|trouble| match trouble {
                Ok(trouble) => document(trouble),
                Err(error) => error.into(),
            })?,
            Step::Done { notes, about } => {
                gathered.about = about;
                break notes;
            }
        }
    };
    if gathered.passages == 0 && faults::is_wordless(&notes) {
        gathered.name(&job.name);
    }
    if gathered.passages == 0 {
        return Err(Problem::Document(faults::nothing_to_read()));
    }
    if !gathered.write(inner, job.document).await? {
        return Ok(());
    }
    notes.extend(unpacked.note());
    unpacked.keep(inner, job).await.map_err(Problem::Library)?;
    let reading = gathered.reading(notes, began.elapsed());
    inner.derived.finish_reading(job.document, &reading).await?;
    Ok(())
}

/// A file whose text is not read is found by its name, and says why.
async fn store_only(inner: &Inner, job: &Job, began: Instant, why: Fault) -> Result<(), Problem> {
    let mut gathered = Gathered::default();
    gathered.add(name_cut(&job.name));
    if gathered.write(inner, job.document).await? {
        inner.derived.finish_reading(job.document, &gathered.reading(vec![why], began.elapsed())).await?;
    }
    Ok(())
}

/// The page by which a document without text is found: its name.
fn name_cut(name: &str) -> CutPage {
    let text = extract::name_text(name);
    let chars = text.chars().count() as u32;
    let whole = Chunk { span: Span { start: 0, end: chars }, ..Chunk::default() };
    CutPage { number: 1, text, chunks: vec![whole], ..CutPage::default() }
}

/// The same, as it is stored.
pub(crate) fn name_page(name: &str) -> NewPage {
    let mut gathered = Gathered::default();
    gathered.add(name_cut(name));
    gathered.pages.pop().unwrap_or_default()
}

/// Notes the names of documents that failed before names were kept: they are found by them from now on.
pub(crate) async fn name_failed(inner: &Inner) -> Result<(), LibraryError> {
    for (document, name) in inner.derived.unnamed().await? {
        inner.derived.name(document, name_page(&name)).await?;
    }
    Ok(())
}

/// What was read of a document so far.
#[derive(Default)]
struct Gathered {
    pages: Vec<NewPage>,
    count: u32,
    passages: u32,
    languages: HashMap<String, u64>,
    about: About,
}

impl Gathered {
    fn add(&mut self, page: CutPage) {
        self.count += 1;
        self.passages += page.chunks.len() as u32;
        for chunk in &page.chunks {
            if let Some(language) = &chunk.language {
                let chars = u64::from(chunk.span.end - chunk.span.start);
                *self.languages.entry(language.clone()).or_default() += chars;
            }
        }
        self.pages.push(NewPage {
            number: page.number,
            text: page.text,
            boxes: page.boxes,
            label: page.label,
            blocks: page.blocks,
            columns: page.columns,
            width: page.width,
            height: page.height,
            chunks: page.chunks.into_iter().map(|c| self.stored(c)).collect(),
        });
    }

    /// Has a document without words found by its name, on its first page.
    fn name(&mut self, name: &str) {
        let Some(named) = name_page(name).chunks.pop() else { return };
        if let Some(first) = self.pages.first_mut() {
            first.text = extract::name_text(name);
            first.chunks = vec![named];
            self.passages = 1;
        }
    }

    /// A passage too short to tell its language has that of the document so far.
    fn stored(&self, chunk: Chunk) -> NewChunk {
        NewChunk {
            start: chunk.span.start,
            end: chunk.span.end,
            section: chunk.section,
            language: chunk.language.or_else(|| self.language()),
            header: chunk.header,
            place: chunk.place,
        }
    }

    fn language(&self) -> Option<String> {
        self.languages.iter().max_by_key(|(name, n)| (**n, *name)).map(|(name, _)| name.clone())
    }

    async fn write(&mut self, inner: &Inner, document: DocumentId) -> Result<bool, store::StoreError> {
        inner.derived.add_pages(document, &std::mem::take(&mut self.pages)).await
    }

    fn reading(self, notes: Vec<Fault>, took: Duration) -> Reading {
        Reading {
            pages: self.count,
            passages: self.passages,
            language: self.language(),
            author: self.about.author,
            dated: self.about.dated,
            notes,
            took_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        }
    }
}
