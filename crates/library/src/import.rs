//! How files come in: what an import would do, and doing it.

use crate::{
    Library, LibraryError,
    extract::{self, sniff},
    faults,
    library::blocking,
};
use protocol::{Actor, DocumentId, DocumentView, FormatCount, ImportPlan, LeftOutFile};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};
use store::{BlobRef, Change, Tx};

/// The largest file.
const LARGEST_FILE: u64 = 1 << 30;
/// The most files of one import.
const MOST_FILES: usize = 50_000;
/// The deepest folder.
const DEEPEST: usize = 64;
/// Files left out that are listed; more are counted nowhere, they are not ours.
const MOST_LEFT_OUT: usize = 1_000;
/// Documents that are recorded in one transaction.
const RECORDED_AT_ONCE: usize = 50;
/// Folders of programs and systems, not of people.
const NOT_ENTERED: &[&str] =
    &["node_modules", "target", "__pycache__", "$RECYCLE.BIN", "System Volume Information", "lost+found"];

/// A file that can be read.
#[derive(Clone, Debug)]
struct Candidate {
    path: PathBuf,
    format: &'static str,
    bytes: u64,
}

/// What a walk over paths found.
#[derive(Default)]
struct Walked {
    files: Vec<Candidate>,
    left_out: Vec<LeftOutFile>,
    seen: HashSet<PathBuf>,
}

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
    /// as it is; one that was removed comes back.
    pub async fn import(&self, actor: &Actor, paths: &[PathBuf]) -> Result<ImportPlan, LibraryError> {
        let mut walked = walk(paths.to_vec()).await?;
        let mut plan = plan_of(&walked);
        plan.files = 0;
        for some in std::mem::take(&mut walked.files).chunks(RECORDED_AT_ONCE) {
            let mut arrived = Vec::with_capacity(some.len());
            for file in some {
                match self.inner.store.blobs().put_file(&file.path).await {
                    Ok(blob) => arrived.push((file.clone(), blob)),
                    Err(store::StoreError::Io { source, .. }) if source.kind() != std::io::ErrorKind::StorageFull => {
                        leave_out(&mut plan.left_out, &file.path, faults::unreadable(&source.to_string()));
                    }
                    Err(error) => return Err(error.into()),
                }
            }
            let new: Vec<Arrived> = arrived
                .into_iter()
                .map(|(file, blob)| Arrived {
                    name: name_of(&file.path),
                    origin: file.path.display().to_string(),
                    format: file.format,
                    blob,
                })
                .collect();
            let (documents, known) = self.add(actor, new).await?;
            plan.known += known;
            plan.files += (documents.len() as u32).saturating_sub(known);
            plan.documents.extend(documents);
        }
        Ok(plan)
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
        let format = sniff(&bytes[..bytes.len().min(extract::HEAD)], Path::new(&name))
            .ok_or_else(|| LibraryError::Refused(faults::unsupported(&extension(Path::new(&name)))))?;
        let blob = self.inner.store.blobs().put_bytes(bytes).await?;
        let arrived = Arrived { origin: name.clone(), name, format, blob };
        let (documents, _) = self.add(actor, vec![arrived]).await?;
        let document = documents.first().ok_or(LibraryError::Closed)?;
        Ok(self.inner.store.document(*document).await?)
    }

    /// Records what arrived and queues it. The ids in order, and how many were known.
    async fn add(&self, actor: &Actor, arrived: Vec<Arrived>) -> Result<(Vec<DocumentId>, u32), LibraryError> {
        let (mut all, mut queued, mut known) = (Vec::new(), Vec::new(), 0);
        let mut changes = Vec::new();
        let mut by_hash: HashMap<String, DocumentId> = HashMap::new();
        for file in arrived {
            let hash = file.blob.hash.clone();
            let here = match by_hash.get(&hash) {
                Some(id) => Some(*id),
                None => self.inner.store.document_by_hash(&hash).await?.map(|d| d.id),
            };
            let document = match here {
                Some(document) => {
                    known += 1;
                    document
                }
                None => match self.inner.store.removed_document_by_hash(&hash).await? {
                    Some(document) => {
                        changes.push(Change::DocumentRestored { document });
                        queued.push(document);
                        document
                    }
                    None => {
                        let document = DocumentId::new();
                        changes.push(Change::DocumentAdded {
                            document,
                            name: file.name,
                            origin: file.origin,
                            format: file.format.to_owned(),
                            bytes: file.blob.bytes,
                            hash: hash.clone(),
                        });
                        queued.push(document);
                        document
                    }
                },
            };
            by_hash.insert(hash, document);
            if !all.contains(&document) {
                all.push(document);
            }
        }
        if !changes.is_empty() {
            let record = async |tx: &mut Tx| {
                for change in changes {
                    tx.record(change).await?;
                }
                Ok(())
            };
            self.inner.store.write(actor, record).await?;
        }
        self.inner.enqueue(&queued).await?;
        Ok((all, known))
    }

    async fn known_sizes(&self) -> Result<HashSet<u64>, LibraryError> {
        Ok(self.inner.store.documents().await?.into_iter().map(|d| d.bytes).collect())
    }
}

/// A file whose blob is stored.
struct Arrived {
    name: String,
    origin: String,
    format: &'static str,
    blob: BlobRef,
}

fn plan_of(walked: &Walked) -> ImportPlan {
    let mut formats: BTreeMap<&str, u32> = BTreeMap::new();
    for file in &walked.files {
        *formats.entry(file.format).or_default() += 1;
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
        documents: Vec::new(),
    }
}

async fn walk(paths: Vec<PathBuf>) -> Result<Walked, LibraryError> {
    blocking(move || {
        let mut walked = Walked::default();
        for path in paths {
            let path = std::path::absolute(&path).unwrap_or(path);
            let meta = std::fs::metadata(&path).map_err(|source| LibraryError::Io { path: path.clone(), source })?;
            if meta.is_dir() {
                walked.folder(&path, 0);
            } else {
                walked.file(&path, meta.len());
            }
        }
        Ok(walked)
    })
    .await
}

impl Walked {
    /// Hidden and system entries are passed over; links to folders are not followed.
    fn folder(&mut self, dir: &Path, depth: usize) {
        let entries = match std::fs::read_dir(dir) {
            Ok(entries) => entries,
            Err(error) => return leave_out(&mut self.left_out, dir, faults::unreadable(&error.to_string())),
        };
        let mut entries: Vec<_> = entries.flatten().collect();
        entries.sort_by_key(std::fs::DirEntry::file_name);
        for entry in entries {
            let (name, path) = (entry.file_name(), entry.path());
            let name = name.to_string_lossy();
            // Office programs leave "~$name" beside a file that is open.
            if name.starts_with(['.', '~']) || self.files.len() >= MOST_FILES {
                continue;
            }
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_dir() {
                if depth < DEEPEST && !NOT_ENTERED.contains(&name.as_ref()) {
                    self.folder(&path, depth + 1);
                }
            } else if let Ok(meta) = std::fs::metadata(&path)
                && meta.is_file()
            {
                self.file(&path, meta.len());
            }
        }
    }

    fn file(&mut self, path: &Path, bytes: u64) {
        if !self.seen.insert(path.to_owned()) {
            return;
        }
        let fault = match (bytes, head(path)) {
            (0, _) => faults::empty(),
            (bytes, _) if bytes > LARGEST_FILE => faults::too_large(LARGEST_FILE),
            (_, Err(error)) => faults::unreadable(&error.to_string()),
            (_, Ok(head)) => match sniff(&head, path) {
                Some(format) => return self.files.push(Candidate { path: path.to_owned(), format, bytes }),
                None => faults::unsupported(&extension(path)),
            },
        };
        leave_out(&mut self.left_out, path, fault);
    }
}

fn leave_out(left_out: &mut Vec<LeftOutFile>, path: &Path, fault: protocol::Fault) {
    if left_out.len() < MOST_LEFT_OUT {
        left_out.push(LeftOutFile { path: path.display().to_string(), fault });
    }
}

fn head(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(extract::HEAD);
    File::open(path)?.take(extract::HEAD as u64).read_to_end(&mut head)?;
    Ok(head)
}

/// BLAKE3 of a file, hex.
fn hash(path: &Path) -> std::io::Result<String> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(File::open(path)?)?;
    Ok(hasher.finalize().to_hex().to_string())
}

fn name_of(path: &Path) -> String {
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    if name.is_empty() { "unnamed".into() } else { name }
}

fn extension(path: &Path) -> String {
    path.extension().map(|e| e.to_string_lossy().to_lowercase()).unwrap_or_else(|| "no extension".into())
}
