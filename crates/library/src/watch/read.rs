//! Reading a watched file whole, or not at all.

use super::{desk::Content, diff::Stat, walk::stat};
use crate::{
    LibraryError,
    extract::{self, format_of, is_stored},
    faults,
    import::{LARGEST_FILE, LARGEST_STORED},
    library::{Inner, blocking},
};
use protocol::Fault;
use std::{
    collections::HashSet,
    fs::{File, OpenOptions},
    io::{self, Read, Seek},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};
use store::{BlobRef, StoreError};

/// What became of a file.
pub(super) enum Outcome {
    /// It is kept.
    Kept(Kept),
    /// It is being written, or was replaced while it was read.
    Unsettled,
    /// It is not there any more.
    Vanished,
    /// It is no document.
    LeftOut(Fault),
}

/// A file's content, as one moment had it.
pub(super) struct Kept {
    pub content: Content,
    pub stat: Stat,
    /// Held until it is recorded, so that no purge deletes it.
    pub _blob: BlobRef,
}

/// What a first look at an open file says.
enum Looked {
    Here { file: Arc<File>, stat: Stat, format: String, hash: Option<String> },
    Not(Outcome),
}

/// Reads a file: its content is kept as a blob, unless it was already. One of a size that is `known` here
/// is hashed before anything is copied.
pub(super) async fn read(
    inner: &Inner,
    path: PathBuf,
    known: &Arc<HashSet<u64>>,
    rest: Duration,
) -> Result<Outcome, LibraryError> {
    let (at, name, known) = (path.clone(), path.clone(), known.clone());
    let looked = blocking(move || Ok(look(&at, &known, rest))).await?;
    let (file, before, format, hash) = match looked {
        Ok(Looked::Here { file, stat, format, hash }) => (file, stat, format, hash),
        Ok(Looked::Not(outcome)) => return Ok(outcome),
        Err(error) => return Ok(unreadable(&error)),
    };
    let blobs = inner.store.blobs();
    let here = hash.and_then(|hash| blobs.kept(&hash, before.bytes));
    let blob = match here {
        Some(blob) => blob,
        None => match blobs.put_open(file.clone(), path).await {
            Ok(blob) => blob,
            Err(StoreError::Io { source, path }) if path == name && source.kind() != io::ErrorKind::StorageFull => {
                return Ok(unreadable(&source));
            }
            Err(error) => return Err(error.into()),
        },
    };
    // The same file at the same path, unchanged since before it was read.
    let same = blocking(move || Ok(still(&file, &name, &before))).await?;
    if !same || blob.bytes != before.bytes {
        blobs.discard(&inner.store, blob).await?;
        return Ok(Outcome::Unsettled);
    }
    Ok(Outcome::Kept(Kept { content: Content { hash: blob.hash.clone(), format }, stat: before, _blob: blob }))
}

fn look(path: &Path, known: &HashSet<u64>, rest: Duration) -> io::Result<Looked> {
    let mut file = open(path)?;
    let meta = file.metadata()?;
    let not = |fault| Ok(Looked::Not(Outcome::LeftOut(fault)));
    match meta.len() {
        _ if !meta.is_file() => return not(faults::not_a_file()),
        0 => return not(faults::empty()),
        bytes if bytes > LARGEST_FILE => return not(faults::too_large(LARGEST_FILE)),
        _ => {}
    }
    // A time to come, as of a server whose clock is ahead, says nothing.
    let age = meta.modified().ok().and_then(|at| SystemTime::now().duration_since(at).ok());
    if age.is_some_and(|age| age < rest) {
        return Ok(Looked::Not(Outcome::Unsettled));
    }
    let mut head = Vec::with_capacity(extract::HEAD);
    (&file).take(extract::HEAD as u64).read_to_end(&mut head)?;
    let format = format_of(&head, path);
    if is_stored(&format) && meta.len() > LARGEST_STORED {
        return not(faults::too_large(LARGEST_STORED));
    }
    let hash = match known.contains(&meta.len()) {
        true => {
            file.rewind()?;
            let mut hasher = blake3::Hasher::new();
            hasher.update_reader(&file)?;
            Some(hasher.finalize().to_hex().to_string())
        }
        false => None,
    };
    file.rewind()?;
    Ok(Looked::Here { file: Arc::new(file), stat: stat(&meta), format, hash })
}

/// Opens a file that is no link, and never waits for whoever should write into it.
fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits();
        std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, flags.cast_signed());
    }
    options.open(path)
}

fn still(file: &File, path: &Path, before: &Stat) -> bool {
    let (Ok(now), Ok(there)) = (file.metadata(), path.symlink_metadata()) else { return false };
    stat(&now) == *before && stat(&there) == *before && same_file(&now, &there)
}

#[cfg(unix)]
fn same_file(one: &std::fs::Metadata, other: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

#[cfg(not(unix))]
fn same_file(_: &std::fs::Metadata, _: &std::fs::Metadata) -> bool {
    true
}

fn unreadable(error: &io::Error) -> Outcome {
    match error.kind() {
        io::ErrorKind::NotFound => Outcome::Vanished,
        _ => Outcome::LeftOut(faults::unreadable(&error.to_string())),
    }
}
