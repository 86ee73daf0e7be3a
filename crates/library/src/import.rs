//! How files come in: what an import would do, and doing it.

mod walk;

use crate::{
    Library, LibraryError,
    extract::{self, format_of},
    faults,
    library::{Inner, blocking},
    unpacking,
};
use protocol::{Actor, DocumentId, DocumentView, FormatCount, ImportPlan};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fs::File,
    future::Future,
    path::{Path, PathBuf},
    sync::Arc,
};
use store::{BegunImport, BlobRef, Change, Tx};
use walk::{Candidate, Walked, walk};
pub(crate) use walk::{MOST_LEFT_OUT, is_system};

/// The largest file.
pub(crate) const LARGEST_FILE: u64 = 1 << 30;
/// The largest file of those whose text is not read: they are kept for their name only.
pub(crate) const LARGEST_STORED: u64 = 256 << 20;
/// An import that the app ended in the middle of is gone on with so often.
const MOST_STARTS: u32 = 3;
/// Documents that are recorded in one transaction.
const RECORDED_AT_ONCE: usize = 50;

impl Library {
    /// What an import of these files and folders would do.
    pub async fn plan(&self, paths: &[PathBuf]) -> Result<ImportPlan, LibraryError> {
        let walked = walk(paths.to_vec()).await?;
        let known = self.known_sizes().await?;
        let mut plan = plan_of(&walked);
        // Only a file whose size is known here can be known: only those are hashed.
        let maybe: Vec<PathBuf> =
            walked.files.iter().filter(|f| known.contains(&f.bytes)).map(|f| f.path.clone()).collect();
        for path in maybe {
            let hash = blocking(move || Ok(hash(&path).ok())).await?;
            if let Some(hash) = hash
                && let Some(document) = self.inner.store.document_by_hash(&hash).await?
            {
                plan.known += 1;
                plan.documents.push(document.id);
            }
        }
        plan.files = plan.files.saturating_sub(plan.known);
        Ok(plan)
    }

    /// Stores files and folders and reads them in the background. A file that is here already is left
    /// as it is; one that was removed comes back. Once begun it goes on to its end, whether or not
    /// anybody still waits for it; where the app ends before, at its next start.
    pub async fn import(&self, actor: &Actor, paths: &[PathBuf]) -> Result<ImportPlan, LibraryError> {
        let absolute = |path: &PathBuf| std::path::absolute(path).unwrap_or_else(|_| path.clone());
        let paths: Vec<PathBuf> = paths.iter().map(absolute).collect();
        let (inner, actor) = (self.inner.clone(), actor.clone());
        self.to_the_end(async move {
            let id = inner.derived.begin_import(&actor, &paths).await?;
            inner.import_begun(id, &actor, paths).await
        })
        .await
    }

    /// Stores a file that came as bytes and reads it in the background.
    pub async fn import_bytes(&self, actor: &Actor, name: &str, bytes: Vec<u8>) -> Result<DocumentView, LibraryError> {
        let name = name_of(Path::new(name));
        if bytes.is_empty() {
            return Err(LibraryError::Refused(faults::empty()));
        }
        if bytes.len() as u64 > LARGEST_FILE {
            return Err(LibraryError::Refused(faults::too_large(LARGEST_FILE)));
        }
        let format = format_of(&bytes[..bytes.len().min(extract::HEAD)], Path::new(&name));
        let (inner, actor) = (self.inner.clone(), actor.clone());
        let stored = async move {
            let blob = inner.store.blobs().put_bytes(bytes).await?;
            let arrived = Arrived { origin: name.clone(), name, format, blob };
            let (documents, _) = inner.add(&actor, &[arrived]).await?;
            let document = documents.first().ok_or(LibraryError::Closed)?;
            Ok(inner.store.document(*document).await?)
        };
        self.to_the_end(stored).await
    }

    /// Does what was asked as a task of the library: closing waits for it, and a caller that goes away
    /// does not end it halfway.
    async fn to_the_end<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, LibraryError>> + Send + 'static,
    ) -> Result<T, LibraryError> {
        if self.inner.stop.is_cancelled() {
            return Err(LibraryError::Closed);
        }
        self.inner.tasks.spawn(work).await.map_err(|_| LibraryError::Closed)?
    }

    async fn known_sizes(&self) -> Result<HashSet<u64>, LibraryError> {
        Ok(self.inner.store.documents().await?.into_iter().map(|d| d.bytes).collect())
    }
}

impl Inner {
    /// The imports that the app ended in the middle of. To be asked before another one can begin.
    pub async fn begun_imports(&self) -> Vec<BegunImport> {
        self.derived.begun_imports(MOST_STARTS).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "imports that were begun cannot be gone on with");
            Vec::new()
        })
    }

    /// Goes on with imports that were begun.
    pub async fn go_on_importing(self: Arc<Self>, begun: Vec<BegunImport>) {
        for BegunImport { id, actor, paths } in begun {
            tracing::info!(?paths, "an import goes on");
            match self.import_begun(id, &actor, paths).await {
                Ok(_) => {}
                // It goes on at the next start, however often the app is only opened and closed.
                Err(LibraryError::Closed) => {
                    if let Err(error) = self.derived.put_imports_off().await {
                        tracing::warn!(%error, "imports that were begun cannot be put off");
                    }
                    return;
                }
                Err(error) => tracing::warn!(%error, "an import that was gone on with"),
            }
        }
    }

    /// Imports, and notes that it is done. Where the library closes meanwhile it is not.
    async fn import_begun(&self, id: i64, actor: &Actor, paths: Vec<PathBuf>) -> Result<ImportPlan, LibraryError> {
        let imported = self.import(actor, paths).await;
        if !matches!(imported, Err(LibraryError::Closed)) {
            self.derived.end_import(id).await?;
        }
        imported
    }

    async fn import(&self, actor: &Actor, paths: Vec<PathBuf>) -> Result<ImportPlan, LibraryError> {
        let mut walked = walk(paths).await?;
        let mut plan = plan_of(&walked);
        plan.files = 0;
        for some in std::mem::take(&mut walked.files).chunks(RECORDED_AT_ONCE) {
            if self.stop.is_cancelled() {
                return Err(LibraryError::Closed);
            }
            let mut arrived = Vec::with_capacity(some.len());
            for Candidate { path, format, .. } in some {
                match self.store.blobs().put_file(path).await {
                    Ok(blob) => {
                        let (name, origin) = (name_of(path), path.display().to_string());
                        arrived.push(Arrived { name, origin, format: format.clone(), blob });
                    }
                    Err(store::StoreError::Io { source, .. }) if source.kind() != std::io::ErrorKind::StorageFull => {
                        walked.leave_out(path, faults::unreadable(&source.to_string()));
                    }
                    Err(error) => return Err(error.into()),
                }
            }
            let (documents, known) = self.add(actor, &arrived).await?;
            plan.known += known;
            plan.files += (documents.len() as u32).saturating_sub(known);
            plan.documents.extend(documents);
        }
        (plan.left_out, plan.more_left_out) = (walked.left_out, walked.more_left_out);
        Ok(plan)
    }

    /// Records what arrived and queues it. The ids in order, and how many were known.
    async fn add(&self, actor: &Actor, arrived: &[Arrived]) -> Result<(Vec<DocumentId>, u32), LibraryError> {
        // Asked and answered within the transaction: two imports of one file make one document.
        let record = async |tx: &mut Tx| {
            let (mut all, mut queued, mut known) = (Vec::new(), Vec::new(), 0);
            let mut by_hash: HashMap<&str, DocumentId> = HashMap::new();
            for file in arrived {
                let hash = file.blob.hash.as_str();
                let here = match by_hash.get(hash) {
                    Some(id) => Some(*id),
                    None => tx.document_by_hash(hash, false).await?,
                };
                let document = match here {
                    Some(document) => {
                        known += 1;
                        by_itself(tx, document).await?;
                        document
                    }
                    None => {
                        let came = arrive(tx, file).await?;
                        queued.extend(&came);
                        let Some(document) = came.first().copied() else { continue };
                        by_itself(tx, document).await?;
                        document
                    }
                };
                by_hash.insert(hash, document);
                if !all.contains(&document) {
                    all.push(document);
                }
            }
            Ok((all, queued, known))
        };
        let (all, queued, known) = self.store.write(actor, record).await?;
        self.enqueue(&queued).await?;
        Ok((all, known))
    }
}

/// Records a file that is not here: it comes back where it was removed, with what went with it; else it
/// is new. Returns it and what came back with it.
pub(crate) async fn arrive(tx: &mut Tx, file: &Arrived) -> Result<Vec<DocumentId>, store::StoreError> {
    let hash = &file.blob.hash;
    if let Some(document) = tx.document_by_hash(hash, true).await? {
        return unpacking::restore(tx, document).await;
    }
    let document = DocumentId::new();
    let added = Change::DocumentAdded {
        document,
        name: file.name.clone(),
        origin: file.origin.clone(),
        format: file.format.to_owned(),
        bytes: file.blob.bytes,
        hash: hash.clone(),
    };
    tx.record(added).await?;
    Ok(vec![document])
}

/// A file that a person brings stays when a message or an archive goes that it was also in.
pub(crate) async fn by_itself(tx: &mut Tx, document: DocumentId) -> Result<(), store::StoreError> {
    if tx.container_of(document).await?.is_some() {
        tx.record(Change::DocumentCameIn { document, container: None }).await?;
    }
    Ok(())
}

/// A file whose blob is stored.
pub(crate) struct Arrived {
    pub name: String,
    pub origin: String,
    pub format: String,
    pub blob: BlobRef,
}

fn plan_of(walked: &Walked) -> ImportPlan {
    let mut formats: BTreeMap<&str, u32> = BTreeMap::new();
    for file in &walked.files {
        *formats.entry(&file.format).or_default() += 1;
    }
    let mut formats: Vec<FormatCount> =
        formats.into_iter().map(|(format, count)| FormatCount { format: format.to_owned(), count }).collect();
    formats.sort_by_key(|f| std::cmp::Reverse(f.count));
    ImportPlan {
        files: walked.files.len() as u32,
        bytes: walked.files.iter().map(|f| f.bytes).sum(),
        formats,
        known: 0,
        left_out: walked.left_out.clone(),
        more_left_out: walked.more_left_out,
        passed_over: walked.passed_over,
        documents: Vec::new(),
    }
}

/// BLAKE3 of a file, hex.
fn hash(path: &Path) -> std::io::Result<String> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(File::open(path)?)?;
    Ok(hasher.finalize().to_hex().to_string())
}

pub(crate) fn name_of(path: &Path) -> String {
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    if name.is_empty() { "unnamed".into() } else { name }
}
