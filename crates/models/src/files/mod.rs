//! Which models are in the models folder, and are their files sound?

mod add;
mod aside;
mod embedding;
mod hashes;
mod shelf;

pub(crate) use embedding::Encoder;
pub(crate) use hashes::{Digest, digest, hex};
pub(crate) use shelf::{Found, Kind, STARTER, STARTER_EMBEDDING, Shelf, is_id, is_pickle};

use std::{
    fs::File,
    io::{self, Write},
    path::Path,
};

/// The files of a model, each with its path as a pack has it.
pub(crate) fn parts_of(found: &Found) -> Vec<(std::path::PathBuf, String)> {
    if !found.path.is_dir() {
        return vec![(found.path.clone(), format!("{}.gguf", found.id))];
    }
    let all = embedding::PARTS.iter().chain(&embedding::OPTIONAL);
    let there = all.map(|part| (found.path.join(part), format!("{}/{part}", found.id)));
    there.filter(|(path, _)| path.is_file()).collect()
}

/// Writes a file whole or not at all: under a temporary name, to the disk, then renamed.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temp = temporary(path);
    let write = || {
        let mut file = File::create(&temp)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().and_then(|()| publish(&temp, path)).inspect_err(|_| {
        let _ = std::fs::remove_file(&temp);
    })
}

/// Gives a finished temporary file its name, and makes the name last.
pub(crate) fn publish(temp: &Path, path: &Path) -> io::Result<()> {
    std::fs::rename(temp, path)?;
    sync_folder(path.parent().unwrap_or(Path::new(".")))
}

/// A new name is safe on the disk only when its folder is.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Windows writes names through by itself; a folder cannot be opened as a file there.
#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

/// A hidden name beside `path` that no scan takes for a model and no other process uses.
pub(crate) fn temporary(path: &Path) -> std::path::PathBuf {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    path.with_file_name(format!(".{name}.{}-{number}.part", std::process::id()))
}
