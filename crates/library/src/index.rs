//! The full-text index: one tantivy document per passage, stemmed and as written.
//!
//! It holds nothing that SQLite does not: each commit carries the last outbox number that it
//! contains, what came after is applied again when it opens, and an index that is missing, damaged
//! or of another version is built anew.

mod bm25;
mod compound;
mod expand;
mod fields;
mod lookup;
mod owners;
mod query;
mod rank;
mod short;

pub use fields::{Fields, key, print};
pub use query::{How, Part, Terms, Wanted, parse};

use protocol::DocumentId;
use std::{
    collections::{BTreeSet, HashSet},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError, RwLock},
    time::Duration,
};
use store::StoredPassage;
use tantivy::{
    DocSet, Index, IndexReader, IndexWriter, Order, ReloadPolicy, TERMINATED, Term,
    collector::{DocSetCollector, TopDocs},
    directory::MmapDirectory,
    index::SegmentId,
    query::Query,
    schema::IndexRecordOption,
};

/// Part of the folder's name: another number, and every index is built anew.
const VERSION: u32 = 4;
/// Memory for what is not committed yet.
const WRITER_MEMORY: usize = 48 << 20;
/// Segments are merged when so many have piled up or on a purge; one thread is enough for one reader.
const WRITER_THREADS: usize = 1;
/// Every byte of an index up to this size is checked when it opens (a tenth of a second or so); of a
/// larger one only what tantivy itself looks at.
const CHECKED_SIZE: u64 = 128 << 20;

/// How often segments are asked to be written anew while another merge is under way, and the wait.
const EXPUNGE_TRIES: u32 = 50;
const EXPUNGE_WAIT: Duration = Duration::from_millis(100);

/// What the index cannot do.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// Tantivy said no.
    #[error("the search index: {0}")]
    Tantivy(#[from] tantivy::TantivyError),
    /// A file of it could not be read.
    #[error("the search index: {0}")]
    Read(#[from] std::io::Error),
    /// It is another workspace's.
    #[error("the search index of another workspace is only read")]
    OnlyRead,
    /// The folder could not be made or emptied.
    #[error("{path}: {source}")]
    Io {
        /// Which folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
}

/// The index on disk. All of it blocks: call it where blocking is allowed.
pub struct TextIndex {
    index: Index,
    fields: Fields,
    reader: IndexReader,
    /// None where the index is another process's, and only read.
    writer: Option<Mutex<IndexWriter>>,
    /// Languages that were indexed: a query is stemmed in each of them.
    languages: RwLock<BTreeSet<String>>,
    /// Which passages make a document, in each segment.
    owners: owners::Known,
}

/// A passage that was found by words.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Found {
    pub chunk: i64,
    pub score: f32,
}

impl TextIndex {
    /// Opens the index under `dir`. The number is the last outbox number that it holds; None: it is
    /// new or was not usable, and everything has to be added.
    pub fn open(dir: &Path) -> Result<(Self, Option<i64>), IndexError> {
        let here = dir.join(format!("text-v{VERSION}"));
        remove_others(dir, &here);
        match Self::open_at(&here) {
            Ok(opened) => Ok(opened),
            // Not damaged: somebody else has it open.
            Err(error @ IndexError::Tantivy(tantivy::TantivyError::LockFailure(..))) => Err(error),
            Err(error) => {
                tracing::warn!(%error, "the search index cannot be opened and is built anew");
                if here.exists() {
                    std::fs::remove_dir_all(&here).map_err(|source| IndexError::Io { path: here.clone(), source })?;
                }
                Self::open_at(&here).map(|(index, _)| (index, None))
            }
        }
    }

    fn open_at(here: &Path) -> Result<(Self, Option<i64>), IndexError> {
        store::private_dir(here).map_err(|source| IndexError::Io { path: here.to_owned(), source })?;
        let (schema, fields) = fields::schema();
        let directory = MmapDirectory::open(here).map_err(tantivy::TantivyError::from)?;
        let index = Index::open_or_create(directory, schema)?;
        if size(here) <= CHECKED_SIZE {
            let damaged = index.validate_checksum()?;
            if !damaged.is_empty() {
                return Err(tantivy::TantivyError::InternalError(format!("damaged files: {damaged:?}")).into());
            }
        }
        let number = index.load_metas()?.payload.as_deref().and_then(payload);
        let writer = index.writer_with_num_threads(WRITER_THREADS, WRITER_MEMORY)?;
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        let languages = index.load_metas()?.payload.map(|p| payload_languages(&p)).unwrap_or_default();
        let (writer, languages, owners) = (Some(Mutex::new(writer)), RwLock::new(languages), owners::Known::default());
        let opened = Self { index, fields, reader, writer, languages, owners };
        Ok((opened, number))
    }

    /// Opens the index under `dir` to read it, whether another process has it open or not; None: there is none of
    /// this version.
    pub fn visit(dir: &Path) -> Result<Option<Self>, IndexError> {
        let here = dir.join(format!("text-v{VERSION}"));
        if !here.join("meta.json").is_file() {
            return Ok(None);
        }
        let (_, fields) = fields::schema();
        let directory = MmapDirectory::open(here).map_err(tantivy::TantivyError::from)?;
        let index = Index::open(directory)?;
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        let (languages, owners) = (RwLock::default(), owners::Known::default());
        let visited = Self { index, fields, reader, writer: None, languages, owners };
        visited.follow()?;
        Ok(Some(visited))
    }

    /// Takes up what another process has committed since.
    pub fn follow(&self) -> Result<(), IndexError> {
        self.reader.reload()?;
        let languages = self.index.load_metas()?.payload.map(|p| payload_languages(&p)).unwrap_or_default();
        *self.languages.write().unwrap_or_else(PoisonError::into_inner) = languages;
        Ok(())
    }

    /// Puts a document's passages in the place of those that it had; none: it goes.
    pub fn replace(&self, document: DocumentId, passages: &[StoredPassage]) -> Result<(), IndexError> {
        let writer = self.writer()?;
        writer.delete_term(Term::from_field_text(self.fields.document, &key(document)));
        for passage in passages {
            writer.add_document(self.fields.entry(passage))?;
            if let Some(language) = &passage.language {
                let mut languages = self.languages.write().unwrap_or_else(PoisonError::into_inner);
                if !languages.contains(language) {
                    languages.insert(language.clone());
                }
            }
        }
        Ok(())
    }

    /// Takes everything out.
    pub fn clear(&self) -> Result<(), IndexError> {
        self.writer()?.delete_all_documents()?;
        Ok(())
    }

    /// Makes everything so far durable and findable; it holds the outbox up to `number`.
    pub fn commit(&self, number: i64) -> Result<(), IndexError> {
        let languages = self.languages.read().unwrap_or_else(PoisonError::into_inner).clone();
        let words: Vec<String> = [number.to_string()].into_iter().chain(languages).collect();
        {
            let mut writer = self.writer()?;
            let mut commit = writer.prepare_commit()?;
            commit.set_payload(&words.join(" "));
            commit.commit()?;
        }
        self.reader.reload()?;
        Ok(())
    }

    /// Writes every segment that still holds words of deleted passages anew, and deletes the old files.
    pub fn expunge(&self) -> Result<(), IndexError> {
        let mut tries = 0;
        loop {
            tries += 1;
            let mut writer = self.writer()?;
            // Only the ids: while a segment's meta lives, tantivy keeps its files.
            let ids: Vec<SegmentId> = {
                let metas = self.index.searchable_segment_metas()?;
                metas.iter().filter(|meta| meta.num_deleted_docs() > 0).map(|meta| meta.id()).collect()
            };
            match ids.iter().try_for_each(|id| writer.merge(&[*id]).wait().map(drop)) {
                Ok(()) => {}
                // A merge that tantivy has begun by itself has the segment; it ends soon.
                Err(_) if tries < EXPUNGE_TRIES => {
                    drop(writer);
                    std::thread::sleep(EXPUNGE_WAIT);
                    continue;
                }
                Err(error) => return Err(error.into()),
            }
            // The reader lets go of the old segments, too, before their files are collected.
            self.reader.reload()?;
            writer.garbage_collect_files().wait()?;
            return Ok(());
        }
    }

    /// Passages that a query admits, each as good as any other.
    pub fn search(&self, query: &dyn Query, limit: usize) -> Result<Vec<Found>, IndexError> {
        let searcher = self.reader.searcher();
        let top = searcher.search(query, &TopDocs::with_limit(limit.max(1)).order_by_score())?;
        let mut found = Vec::with_capacity(top.len());
        for (score, address) in top {
            let column = searcher.segment_reader(address.segment_ord).fast_fields().i64("chunk")?;
            if let Some(chunk) = column.first(address.doc_id) {
                found.push(Found { chunk, score });
            }
        }
        Ok(found)
    }

    /// The passages of a query whose documents are the latest.
    pub fn newest(&self, query: &dyn Query, limit: usize) -> Result<Vec<Found>, IndexError> {
        let searcher = self.reader.searcher();
        let newest = TopDocs::with_limit(limit.max(1)).order_by_fast_field::<i64>("dated", Order::Desc);
        let mut found = Vec::new();
        for (_, address) in searcher.search(query, &newest)? {
            let column = searcher.segment_reader(address.segment_ord).fast_fields().i64("chunk")?;
            found.extend(column.first(address.doc_id).map(|chunk| Found { chunk, score: 1.0 }));
        }
        Ok(found)
    }

    /// Whether a file of the index is not as it was written.
    pub fn is_damaged(&self) -> Result<bool, IndexError> {
        Ok(!self.index.validate_checksum()?.is_empty())
    }

    /// Every passage that the index holds, with its document and its fingerprint.
    pub fn all(&self) -> Result<Vec<(i64, DocumentId, u64)>, IndexError> {
        let searcher = self.reader.searcher();
        let mut found = Vec::with_capacity(usize::try_from(searcher.num_docs()).unwrap_or(0));
        for segment in searcher.segment_readers() {
            let chunks = segment.fast_fields().i64("chunk")?;
            let prints = segment.fast_fields().u64("print")?;
            // One term for each document: its passages are the term's.
            let words = segment.inverted_index(self.fields.document)?;
            let mut documents = words.terms().stream()?;
            while documents.advance() {
                let id = std::str::from_utf8(documents.key()).ok().and_then(|key| key.parse().ok());
                let Some(document) = id else { continue };
                let mut postings = words.read_postings_from_terminfo(documents.value(), IndexRecordOption::Basic)?;
                while postings.doc() != TERMINATED {
                    if segment.alive_bitset().is_none_or(|alive| alive.is_alive(postings.doc())) {
                        let both = chunks.first(postings.doc()).zip(prints.first(postings.doc()));
                        found.extend(both.map(|(chunk, print)| (chunk, document, print)));
                    }
                    postings.advance();
                }
            }
        }
        Ok(found)
    }

    /// Every passage that a query admits.
    pub fn matching(&self, query: &dyn Query) -> Result<HashSet<i64>, IndexError> {
        let searcher = self.reader.searcher();
        let mut found = HashSet::new();
        for address in searcher.search(query, &DocSetCollector)? {
            let column = searcher.segment_reader(address.segment_ord).fast_fields().i64("chunk")?;
            found.extend(column.first(address.doc_id));
        }
        Ok(found)
    }

    /// The fields that queries are made of.
    pub fn fields(&self) -> Fields {
        self.fields
    }

    /// The languages that queries are stemmed in.
    pub fn languages(&self) -> BTreeSet<String> {
        self.languages.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn writer(&self) -> Result<MutexGuard<'_, IndexWriter>, IndexError> {
        let writer = self.writer.as_ref().ok_or(IndexError::OnlyRead)?;
        Ok(writer.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A commit's payload: the outbox number, then the languages.
fn payload(text: &str) -> Option<i64> {
    text.split(' ').next()?.parse().ok()
}

fn payload_languages(text: &str) -> BTreeSet<String> {
    text.split(' ').skip(1).map(str::to_owned).collect()
}

/// Bytes of the files in a folder.
fn size(dir: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(dir) else { return 0 };
    entries.flatten().filter_map(|e| e.metadata().ok()).map(|m| m.len()).sum()
}

fn remove_others(dir: &Path, here: &Path) {
    let Ok(entries) = std::fs::read_dir(dir) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        let ours = entry.file_name().to_string_lossy().starts_with("text-v");
        if ours
            && path != here
            && let Err(error) = std::fs::remove_dir_all(&path)
        {
            tracing::warn!(%error, path = %path.display(), "an old search index could not be removed");
        }
    }
}

#[cfg(test)]
mod header_tests;
#[cfg(test)]
mod tests;
