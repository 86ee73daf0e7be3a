//! Where files are kept: once each, named by the BLAKE3 hash of their content.
//!
//! `blobs/ab/abcd…`: written to a temporary file, synced, then renamed, so that a blob is either
//! whole or not there.

use crate::{Store, StoreError, private::private_dir};
use std::{
    collections::HashMap,
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::mpsc;

/// The files of a workspace.
#[derive(Clone)]
pub struct Blobs {
    dir: Arc<Path>,
    /// Blobs that somebody holds between keeping them and recording that.
    held: Arc<Mutex<HashMap<String, usize>>>,
}

/// A file that is kept. While this lives no purge deletes it.
#[derive(Clone, Debug)]
pub struct BlobRef {
    /// BLAKE3 of the content, hex.
    pub hash: String,
    /// Its size.
    pub bytes: u64,
    _hold: Arc<Hold>,
}

/// Keeps a blob from being deleted until it is dropped.
#[derive(Debug)]
struct Hold {
    held: Arc<Mutex<HashMap<String, usize>>>,
    hash: String,
}

impl Drop for Hold {
    fn drop(&mut self) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = held.get_mut(&self.hash) {
            *count -= 1;
            if *count == 0 {
                held.remove(&self.hash);
            }
        }
    }
}

/// How much is read at once: enough to hash at full speed.
const CHUNK: usize = 256 * 1024;
/// Pieces of a blob that wait for the disk.
const PIECES: usize = 4;

impl Blobs {
    pub(crate) fn new(dir: PathBuf) -> Self {
        Self { dir: dir.into(), held: Arc::default() }
    }

    /// Keeps a copy of a file.
    pub async fn put_file(&self, path: impl Into<PathBuf>) -> Result<BlobRef, StoreError> {
        let (blobs, path) = (self.clone(), path.into());
        blocking(move || {
            let file = File::open(&path).map_err(StoreError::io(&path))?;
            blobs.put(file, &path)
        })
        .await
    }

    /// Keeps a copy of what an open file holds; `path` is its name in errors.
    pub async fn put_open(&self, file: Arc<File>, path: PathBuf) -> Result<BlobRef, StoreError> {
        let blobs = self.clone();
        blocking(move || blobs.put(&*file, &path)).await
    }

    /// Holds a blob that is kept already; None where there is none of this size.
    pub fn kept(&self, hash: &str, bytes: u64) -> Option<BlobRef> {
        let hold = self.hold(hash);
        let here = self.place(hash)?.metadata().is_ok_and(|kept| kept.len() == bytes);
        here.then(|| BlobRef { hash: hash.to_owned(), bytes, _hold: hold })
    }

    /// Keeps these bytes.
    pub async fn put_bytes(&self, bytes: Vec<u8>) -> Result<BlobRef, StoreError> {
        let blobs = self.clone();
        blocking(move || {
            let from = blobs.dir.to_path_buf();
            blobs.put(bytes.as_slice(), &from)
        })
        .await
    }

    /// Begins to keep bytes that come piece by piece, from a parser that must not write files itself.
    pub fn begin(&self) -> NewBlob {
        let (pieces, from) = mpsc::channel(PIECES);
        let blobs = self.clone();
        let written = tokio::task::spawn_blocking(move || {
            let named = blobs.dir.to_path_buf();
            blobs.put(Pieces { from, rest: Vec::new(), at: 0 }, &named)
        });
        NewBlob { pieces, written }
    }

    /// Deletes a blob that no document came to own: what it was for has failed.
    pub async fn discard(&self, store: &Store, blob: BlobRef) -> Result<(), StoreError> {
        let hash = blob.hash.clone();
        drop(blob);
        // Within a writing transaction nobody else records a document with it.
        let mut tx = store.begin().await?;
        let used = sqlx::query_scalar!("SELECT count(*) FROM versions WHERE hash = ?", hash);
        if used.fetch_one(&mut *tx).await? == 0 {
            self.remove(&hash).await?;
        }
        tx.rollback().await?;
        Ok(())
    }

    /// The folder in which all blobs lie.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Where a blob lies; None where it is not kept or the hash is none.
    pub fn path(&self, hash: &str) -> Option<PathBuf> {
        let path = self.place(hash)?;
        path.is_file().then_some(path)
    }

    /// Erases a blob; false where somebody holds it.
    pub(crate) async fn remove(&self, hash: &str) -> Result<bool, StoreError> {
        let Some(path) = self.place(hash) else { return Ok(true) };
        let (held, hash) = (self.held.clone(), hash.to_owned());
        blocking(move || {
            // Held through the deletion, so that `put` finds the file whole or not at all.
            let held = held.lock().unwrap_or_else(PoisonError::into_inner);
            if held.contains_key(&hash) {
                return Ok(false);
            }
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(StoreError::io(&path)(error)),
                Ok(()) | Err(_) => Ok(true),
            }
        })
        .await
    }

    fn hold(&self, hash: &str) -> Arc<Hold> {
        *self.held.lock().unwrap_or_else(PoisonError::into_inner).entry(hash.to_owned()).or_default() += 1;
        Arc::new(Hold { held: self.held.clone(), hash: hash.to_owned() })
    }

    /// A hash comes from a database or a wire: only 64 lower-case hex digits become a path.
    fn place(&self, hash: &str) -> Option<PathBuf> {
        let fits = hash.len() == 64 && hash.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        fits.then(|| self.dir.join(&hash[..2]).join(hash))
    }

    fn put(&self, mut from: impl Read, named: &Path) -> Result<BlobRef, StoreError> {
        if !self.dir.is_dir() {
            private_dir(&self.dir).map_err(StoreError::io(&*self.dir))?;
            sync_dir(self.dir.parent().unwrap_or(Path::new(".")))?;
        }
        let mut temp =
            tempfile::Builder::new().prefix("new-").tempfile_in(&self.dir).map_err(StoreError::io(&*self.dir))?;
        let mut hasher = blake3::Hasher::new();
        let mut bytes = 0u64;
        let mut chunk = vec![0; CHUNK];
        loop {
            let n = match from.read(&mut chunk) {
                Ok(0) => break,
                Ok(n) => n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(StoreError::io(named)(error)),
            };
            hasher.update(&chunk[..n]);
            temp.write_all(&chunk[..n]).map_err(StoreError::io(&*self.dir))?;
            bytes += n as u64;
        }
        let hash = hasher.finalize().to_hex().to_string();
        let Some(place) = self.place(&hash) else { return Err(StoreError::Invalid("a hash that is none".into())) };
        let blob = BlobRef { _hold: self.hold(&hash), hash, bytes };
        if place.metadata().is_ok_and(|kept| kept.len() == bytes) {
            return Ok(blob);
        }
        let folder = self.dir.join(&blob.hash[..2]);
        if !folder.is_dir() {
            private_dir(&folder).map_err(StoreError::io(&folder))?;
            sync_dir(&self.dir)?;
        }
        temp.as_file().sync_all().map_err(StoreError::io(&place))?;
        temp.persist(&place).map_err(|error| StoreError::io(&place)(error.error))?;
        sync_dir(&folder)?;
        Ok(blob)
    }

    /// Whether any file is kept.
    pub(crate) fn any(&self) -> bool {
        let Ok(shards) = fs::read_dir(&self.dir) else { return false };
        shards.flatten().any(|shard| fs::read_dir(shard.path()).is_ok_and(|mut files| files.next().is_some()))
    }

    /// Erases what an interrupted `put` has left behind.
    pub(crate) fn sweep(&self) {
        let Ok(entries) = fs::read_dir(&self.dir) else { return };
        for entry in entries.flatten() {
            if entry.file_name().to_string_lossy().starts_with("new-") {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

/// A blob whose bytes are still coming. Dropped before its end, nothing of it stays.
pub struct NewBlob {
    pieces: mpsc::Sender<Option<Vec<u8>>>,
    written: tokio::task::JoinHandle<Result<BlobRef, StoreError>>,
}

impl NewBlob {
    /// Adds a piece; waits while the disk is behind. An error comes with `end`.
    pub async fn write(&mut self, piece: Vec<u8>) {
        // Nobody takes it any more where writing has failed: `end` says how.
        let _ = self.pieces.send(Some(piece)).await;
    }

    /// That was all: the blob is kept.
    pub async fn end(self) -> Result<BlobRef, StoreError> {
        let _ = self.pieces.send(None).await;
        self.written.await.map_err(|_| StoreError::Closed)?
    }
}

/// The pieces of a blob as something to read. It fails where they stop coming before their end.
struct Pieces {
    from: mpsc::Receiver<Option<Vec<u8>>>,
    rest: Vec<u8>,
    at: usize,
}

impl Read for Pieces {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        while self.at == self.rest.len() {
            match self.from.blocking_recv() {
                Some(Some(piece)) => (self.rest, self.at) = (piece, 0),
                Some(None) => return Ok(0),
                None => return Err(io::ErrorKind::UnexpectedEof.into()),
            }
        }
        let length = to.len().min(self.rest.len() - self.at);
        to[..length].copy_from_slice(&self.rest[self.at..self.at + length]);
        self.at += length;
        Ok(length)
    }
}

/// Makes renames in a folder survive a power cut, where the system knows that notion.
pub(crate) fn sync_dir(dir: &Path) -> Result<(), StoreError> {
    if cfg!(unix) {
        File::open(dir).and_then(|dir| dir.sync_all()).map_err(StoreError::io(dir))?;
    }
    Ok(())
}

/// Runs file work where it may block.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| StoreError::Closed)?
}
