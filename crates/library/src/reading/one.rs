//! How one document is read: its pages come from the worker and are stored in batches.

use super::gathered::{Gathered, name_cut, name_page};
use crate::{
    LibraryError, extract, faults,
    library::Inner,
    unpacking::Unpacked,
    worker::{Parent, Step, Trouble},
};
use protocol::Fault;
use std::{path::Path, time::Instant};
use store::Job;
use tokio_util::sync::CancellationToken;

/// A document that was begun so often and never ended ends the app or itself: it is given up.
const MOST_ATTEMPTS: u32 = 3;
/// Pages are written in transactions of so many, so that other writes need not wait long.
const PAGES_AT_ONCE: usize = 25;

/// Reads a document and notes what became of it. An error is no fault of the document, which waits again.
pub(super) async fn read_one(
    inner: &Inner,
    parent: &mut Parent,
    job: &Job,
    token: &CancellationToken,
) -> Result<(), LibraryError> {
    let began = Instant::now();
    let mut unpacked = Unpacked::default();
    let read = tokio::select! {
        read = announce_and_read(inner, parent, job, &mut unpacked) => Some(read),
        () = token.cancelled() => None,
    };
    // What came out of it and was not recorded: it failed, or was removed meanwhile.
    unpacked.discard(inner).await?;
    inner.leave(job.document);
    match read {
        None => {
            // Removed, asked for again, or the app closes: nothing of it counts.
            parent.end().await;
            inner.derived.put_back(job.document).await?;
        }
        Some(Ok(())) => inner.count().end(job, began.elapsed(), false),
        Some(Err(Problem::Library(error))) => {
            // Where this fails too, `take_job` finds the document again.
            if let Err(also) = put_back(inner, job).await {
                tracing::warn!(error = %also, "a document could not be put back into the queue");
            }
            return Err(error);
        }
        Some(Err(Problem::Document(fault))) => {
            inner.derived.fail(job.document, &fault, name_page(&job.name)).await?;
            inner.count().end(job, began.elapsed(), true);
            inner.tell(job.document).await;
        }
    }
    Ok(())
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
