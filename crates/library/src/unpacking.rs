//! How the files inside a message or an archive become documents of their own, and what becomes of them
//! when it is removed.
//!
//! A container is read like every document, in the durable queue and by the worker. The bytes of the files
//! in it come through the worker's pipe and are kept as blobs; they are recorded when the container is
//! read to its end, so that a bomb or a damaged archive leaves nothing. Killed in between, it is read
//! again: blobs are named by their content, so the same files are the same documents.

use crate::{
    LibraryError,
    extract::{self, format_of},
    faults,
    import::{Arrived, arrive},
    library::Inner,
    worker::{Asked, Parent, Piece, Trouble},
};
use protocol::{Actor, DocumentId, Fault};
use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};
use store::{BlobRef, Change, Job, StoreError, Tx};

/// A container that lies in so many others is not unpacked.
const DEEPEST: u32 = 5;
/// A container inside another is not unpacked once the outermost has brought so many documents,
const MOST_DOCUMENTS: u64 = 50_000;
/// or so many bytes.
const MOST_BYTES: u64 = 16 << 30;
/// Documents that are recorded in one transaction.
const RECORDED_AT_ONCE: usize = 50;

/// The files that are being taken out of a container.
#[derive(Default)]
pub(crate) struct Unpacked {
    files: Vec<Found>,
    /// Why they are not taken out.
    note: Option<Fault>,
    wanted: bool,
}

struct Found {
    place: String,
    format: String,
    blob: BlobRef,
}

impl Unpacked {
    /// What the worker is asked for this document.
    pub async fn ask(&mut self, inner: &Inner, job: &Job, path: PathBuf) -> Result<Asked, StoreError> {
        self.wanted = extract::parts(&job.format).is_some();
        if self.wanted {
            let nesting = inner.store.nesting(job.document).await?;
            if nesting.depth >= DEEPEST {
                self.note = Some(faults::parts_too_deep(nesting.depth));
            } else if nesting.documents > MOST_DOCUMENTS || nesting.bytes > MOST_BYTES {
                self.note = Some(faults::parts_beyond());
            }
        }
        let password = inner.passwords.of(&job.hash);
        Ok(Asked { path, format: job.format.clone(), parts: self.wanted && self.note.is_none(), password })
    }

    /// Takes the file that the worker has announced.
    pub async fn take(
        &mut self,
        inner: &Inner,
        parent: &mut Parent,
        place: String,
    ) -> Result<(), Result<Trouble, StoreError>> {
        let mut blob = inner.store.blobs().begin();
        let (mut head, mut any) = (Vec::new(), false);
        let whole = loop {
            match parent.piece().await.map_err(Ok)? {
                Piece::Bytes(bytes) => {
                    any = true;
                    let room = extract::HEAD - head.len();
                    head.extend_from_slice(&bytes[..bytes.len().min(room)]);
                    blob.write(bytes).await;
                }
                Piece::End(whole) => break whole,
            }
        };
        // Dropped before its end, nothing of it stays; an empty file says nothing.
        if whole && any {
            let blob = blob.end().await.map_err(Err)?;
            let format = format_of(&head, Path::new(&place));
            self.files.push(Found { place, format, blob });
        }
        Ok(())
    }

    /// What a person should know.
    pub fn note(&mut self) -> Option<Fault> {
        self.note.take()
    }

    /// Records the files and queues those that are new. Said twice, it is as said once.
    pub async fn keep(&mut self, inner: &Inner, job: &Job) -> Result<(), LibraryError> {
        if !self.wanted {
            return Ok(());
        }
        let container = job.document;
        let origin = inner.store.document(container).await?.origin;
        let before: HashSet<DocumentId> = inner.derived.parts(container).await?.into_iter().collect();
        let mut parts = Vec::new();
        for some in self.files.chunks(RECORDED_AT_ONCE) {
            if inner.stop.is_cancelled() {
                return Err(LibraryError::Closed);
            }
            let record = async |tx: &mut Tx| {
                let (mut here, mut queued) = (Vec::new(), Vec::new());
                for file in some {
                    let (part, came) = keep_one(tx, container, &origin, &before, file).await?;
                    here.push(part);
                    queued.extend(came);
                }
                Ok((here, queued))
            };
            let (here, queued) = inner.store.write(&Actor::System, record).await?;
            parts.extend(here);
            inner.enqueue(&queued).await?;
        }
        inner.derived.set_parts(container, &parts).await?;
        // A file that was edited no longer has all that was in it; one that was not could only be read worse.
        if self.note.is_none() && inner.store.versions(container).await?.len() > 1 {
            let left: Vec<DocumentId> = before.into_iter().filter(|part| !parts.contains(part)).collect();
            self.leave(inner, container, &left).await?;
        }
        self.files.clear();
        Ok(())
    }

    /// Removes the documents that came in a container and are in it no more, nor in another.
    async fn leave(&self, inner: &Inner, container: DocumentId, left: &[DocumentId]) -> Result<(), LibraryError> {
        for some in left.chunks(RECORDED_AT_ONCE) {
            let record = async |tx: &mut Tx| {
                let mut gone = Vec::new();
                for part in some {
                    if !gone.contains(part) && tx.came_only_in(*part, container).await? {
                        gone.extend(remove(tx, *part).await?);
                    }
                }
                Ok(gone)
            };
            let gone = inner.store.write(&Actor::System, record).await?;
            inner.drop_documents(&gone).await?;
        }
        Ok(())
    }

    /// Gives back what was not kept: a blob that no document owns goes.
    pub async fn discard(self, inner: &Inner) -> Result<(), StoreError> {
        for file in self.files {
            inner.store.blobs().discard(&inner.store, file.blob).await?;
        }
        Ok(())
    }
}

/// Records one file of a container: which document it is, and which documents have to be read for it.
async fn keep_one(
    tx: &mut Tx,
    container: DocumentId,
    origin: &str,
    before: &HashSet<DocumentId>,
    file: &Found,
) -> Result<(DocumentId, Vec<DocumentId>), StoreError> {
    if let Some(document) = tx.document_by_hash(&file.blob.hash, false).await? {
        return Ok((document, Vec::new()));
    }
    // Removed by itself since the container was read: that holds.
    if let Some(document) = tx.document_by_hash(&file.blob.hash, true).await?
        && before.contains(&document)
    {
        return Ok((document, Vec::new()));
    }
    let name = file.place.rsplit('/').next().unwrap_or(&file.place).to_owned();
    let arrived = Arrived {
        name,
        origin: format!("{origin}/{}", file.place),
        format: file.format.clone(),
        blob: file.blob.clone(),
    };
    let came = arrive(tx, &arrived).await?;
    let document = came.first().copied().ok_or_else(|| StoreError::Invalid("nothing came".into()))?;
    if document != container {
        tx.record(Change::DocumentCameIn { document, container: Some(container) }).await?;
    }
    Ok((document, came))
}

/// Records that a document is removed, and those that go with it. All of them, it first.
pub(crate) async fn remove(tx: &mut Tx, document: DocumentId) -> Result<Vec<DocumentId>, StoreError> {
    let mut gone = vec![document];
    gone.extend(tx.goes_with(document).await?);
    for document in &gone {
        tx.record(Change::DocumentRemoved { document: *document }).await?;
    }
    Ok(gone)
}

/// Records that a removed document comes back, with those that went with it. All of them, it first.
pub(crate) async fn restore(tx: &mut Tx, document: DocumentId) -> Result<Vec<DocumentId>, StoreError> {
    let mut back = vec![document];
    back.extend(tx.went_with(document).await?);
    for document in &back {
        tx.record(Change::DocumentRestored { document: *document }).await?;
    }
    Ok(back)
}
