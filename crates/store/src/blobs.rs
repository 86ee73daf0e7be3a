//! Where files are kept: once each, named by the BLAKE3 hash of their content.
//!
//! `blobs/ab/abcd…`: written to a temporary file, synced, then renamed, so that a blob is either
//! whole or not there.

use crate::{StoreError, private::private_dir};
use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

/// The files of a workspace.
#[derive(Clone)]
pub struct Blobs {
    dir: Arc<Path>,
}

/// A file that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlobRef {
    /// BLAKE3 of the content, hex.
    pub hash: String,
    /// Its size.
    pub bytes: u64,
}

/// How much is read at once: enough to hash at full speed.
const CHUNK: usize = 256 * 1024;

impl Blobs {
    pub(crate) fn new(dir: PathBuf) -> Self {
        Self { dir: dir.into() }
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

    /// Keeps these bytes.
    pub async fn put_bytes(&self, bytes: Vec<u8>) -> Result<BlobRef, StoreError> {
        let blobs = self.clone();
        blocking(move || {
            let from = blobs.dir.to_path_buf();
            blobs.put(bytes.as_slice(), &from)
        })
        .await
    }

    /// Where a blob lies; None where it is not kept or the hash is none.
    pub fn path(&self, hash: &str) -> Option<PathBuf> {
        let path = self.place(hash)?;
        path.is_file().then_some(path)
    }

    /// Erases a blob; nothing happens where it is not kept.
    pub async fn remove(&self, hash: &str) -> Result<(), StoreError> {
        let Some(path) = self.place(hash) else { return Ok(()) };
        blocking(move || match fs::remove_file(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            done => done.map_err(StoreError::io(&path)),
        })
        .await
    }

    /// A hash comes from a database or a wire: only 64 lower-case hex digits become a path.
    fn place(&self, hash: &str) -> Option<PathBuf> {
        let fits = hash.len() == 64 && hash.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        fits.then(|| self.dir.join(&hash[..2]).join(hash))
    }

    fn put(&self, mut from: impl Read, named: &Path) -> Result<BlobRef, StoreError> {
        private_dir(&self.dir).map_err(StoreError::io(&*self.dir))?;
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
        let blob = BlobRef { hash, bytes };
        if place.metadata().is_ok_and(|kept| kept.len() == bytes) {
            return Ok(blob);
        }
        let folder = self.dir.join(&blob.hash[..2]);
        private_dir(&folder).map_err(StoreError::io(&folder))?;
        temp.as_file().sync_all().map_err(StoreError::io(&place))?;
        temp.persist(&place).map_err(|error| StoreError::io(&place)(error.error))?;
        sync_dir(&folder)?;
        Ok(blob)
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
