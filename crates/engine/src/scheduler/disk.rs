//! Where do texts stay while the model is not loaded? In files of their own, one for each, bound to the model.
//!
//! A file is written under another name first and holds a checksum of all of it, so that a power cut leaves the
//! old one or none. One that is damaged, or was written by another version, is read again from the prompt: that
//! is slower and nothing else.

use super::shelf::{Text, common};
use crate::{
    arch::KvCache,
    error::{EngineError, Result},
};
use std::{
    fs::{self, File},
    io::{self, BufReader, BufWriter, Read, Write},
    path::{Path, PathBuf},
    time::SystemTime,
};

/// Where texts are kept while the model is not loaded, and how much.
#[derive(Clone, Debug)]
pub struct Disk {
    /// A folder that is for this alone.
    pub folder: PathBuf,
    /// The most bytes in all, of every model.
    pub most: u64,
}

const MAGIC: &[u8] = b"atelier text 1\n";
const ENDING: &str = "text";
/// Shorter texts are read again as fast.
const FEWEST: usize = 64;
/// Limits on what a file may claim.
const MOST_TOKENS: u64 = 1 << 20;
const MOST_FILES: usize = 1000;
const HASH: usize = 32;

/// The texts on the disk of one model.
pub(super) struct Sleeping {
    disk: Disk,
    folder: PathBuf,
    layout: String,
    texts: Vec<(Vec<u32>, PathBuf)>,
}

impl Sleeping {
    /// Looks what there is of a model.
    pub(super) fn open(disk: &Disk, model: &str, layout: &str) -> Self {
        let folder = disk.folder.join(blake3::hash(format!("{model} {layout}").as_bytes()).to_hex().as_str());
        let texts = files(&folder).into_iter().filter_map(|file| {
            let tokens = File::open(&file.path).and_then(|opened| header(&mut BufReader::new(opened), layout));
            tokens.ok().map(|tokens| (tokens, file.path))
        });
        Self { disk: disk.clone(), texts: texts.collect(), folder, layout: layout.to_owned() }
    }

    /// The longest beginning of `text` that some text on the disk has.
    pub(super) fn longest(&self, text: &[u32]) -> usize {
        self.texts.iter().map(|(tokens, _)| common(tokens, text)).max().unwrap_or(0)
    }

    /// Reads the first `length` tokens of `text`, which [`Sleeping::longest`] has found; false if that fails.
    pub(super) fn wake(&self, text: &[u32], length: usize, cache: &mut KvCache) -> bool {
        let Some((tokens, path)) = self.texts.iter().find(|(tokens, _)| common(tokens, text) >= length) else {
            return false;
        };
        match restore(path, &self.layout, tokens.len(), cache) {
            Ok(()) => {
                cache.truncate(length);
                true
            }
            Err(error) => {
                tracing::warn!(%error, file = %path.display(), "a text kept on the disk cannot be used");
                // If it cannot be deleted either, it is tried and refused again.
                let _ = fs::remove_file(path);
                cache.truncate(0);
                false
            }
        }
    }

    /// Keeps texts, the most important first, and deletes the oldest files until all fit.
    pub(super) fn keep<'a>(&mut self, texts: impl Iterator<Item = &'a Text>) {
        let mut left = self.disk.most;
        let mut kept = Vec::new();
        for text in texts.filter(|text| text.tokens.len() >= FEWEST) {
            let path = self.folder.join(format!("{}.{ENDING}", name(&text.tokens)));
            // What it takes is known once it is written; what would not fit is taken away again.
            let written =
                if path.exists() { fs::metadata(&path).map(|data| data.len()) } else { self.write(&path, text) };
            match written {
                Ok(bytes) if bytes <= left => {
                    left -= bytes;
                    kept.push(path);
                }
                Ok(_) => {
                    let _ = fs::remove_file(&path);
                    break;
                }
                Err(error) => {
                    tracing::warn!(%error, folder = %self.folder.display(), "texts cannot be kept on the disk");
                    break;
                }
            }
        }
        let mut others = all_files(&self.disk.folder);
        others.retain(|file| !kept.contains(&file.path));
        others.sort_by_key(|file| std::cmp::Reverse(file.modified));
        for file in others {
            match left.checked_sub(file.bytes) {
                Some(rest) => left = rest,
                // Tried again when texts are kept the next time.
                None => drop(fs::remove_file(file.path)),
            }
        }
    }

    /// Deletes all, of every model.
    pub(super) fn forget(&mut self) {
        self.texts.clear();
        for file in all_files(&self.disk.folder) {
            if let Err(error) = fs::remove_file(&file.path) {
                tracing::error!(%error, file = %file.path.display(), "a text kept on the disk cannot be deleted");
            }
        }
    }

    fn write(&self, path: &Path, text: &Text) -> io::Result<u64> {
        private_folder(&self.folder)?;
        let half = path.with_extension("half");
        let mut to =
            Hashing { inner: BufWriter::with_capacity(1 << 20, private_file(&half)?), hash: blake3::Hasher::new() };
        to.write_all(MAGIC)?;
        let layout = self.layout.as_bytes();
        to.write_all(&(layout.len() as u64).to_le_bytes())?;
        to.write_all(layout)?;
        to.write_all(&(text.tokens.len() as u64).to_le_bytes())?;
        for token in &text.tokens {
            to.write_all(&token.to_le_bytes())?;
        }
        text.cache.save(&mut to)?;
        let hash = to.hash.finalize();
        to.inner.write_all(hash.as_bytes())?;
        let file = to.inner.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_all()?;
        let bytes = file.metadata()?.len();
        fs::rename(half, path)?;
        Ok(bytes)
    }
}

/// A name that says nothing of the text.
fn name(tokens: &[u32]) -> String {
    let mut hash = blake3::Hasher::new();
    for token in tokens {
        hash.update(&token.to_le_bytes());
    }
    hash.finalize().to_hex().to_string()
}

/// Reads up to the end of the tokens.
fn header(from: &mut impl Read, layout: &str) -> io::Result<Vec<u32>> {
    let wrong = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
    let mut expected = MAGIC.to_vec();
    expected.extend_from_slice(&(layout.len() as u64).to_le_bytes());
    expected.extend_from_slice(layout.as_bytes());
    let mut found = vec![0; expected.len()];
    from.read_exact(&mut found)?;
    if found != expected {
        return Err(wrong("it was written by another version"));
    }
    let mut eight = [0; 8];
    from.read_exact(&mut eight)?;
    let count = Some(u64::from_le_bytes(eight)).filter(|count| *count <= MOST_TOKENS);
    let count =
        count.and_then(|count| usize::try_from(count).ok()).ok_or_else(|| wrong("it claims too many tokens"))?;
    let mut bytes = vec![0; count * 4];
    from.read_exact(&mut bytes)?;
    Ok(bytes.as_chunks().0.iter().map(|four| u32::from_le_bytes(*four)).collect())
}

fn restore(path: &Path, layout: &str, tokens: usize, cache: &mut KvCache) -> Result<()> {
    let io = |source| EngineError::Io { file: path.to_owned(), source };
    let damaged = |what: &str| EngineError::Malformed { file: path.to_owned(), what: what.to_owned() };
    let file = BufReader::with_capacity(1 << 20, File::open(path).map_err(io)?);
    let mut from = Hashing { inner: file, hash: blake3::Hasher::new() };
    let found = header(&mut from, layout).map_err(io)?.len();
    if found != tokens {
        return Err(damaged("it has changed"));
    }
    cache.restore(tokens, &mut from)?;
    let mut expected = [0; HASH];
    from.inner.read_exact(&mut expected).map_err(io)?;
    if from.hash.finalize() != expected {
        return Err(damaged("its checksum is wrong"));
    }
    Ok(())
}

/// Hashes what passes.
struct Hashing<T> {
    inner: T,
    hash: blake3::Hasher,
}

impl<T: Write> Write for Hashing<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.inner.write(bytes)?;
        self.hash.update(&bytes[..count]);
        Ok(count)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<T: Read> Read for Hashing<T> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(bytes)?;
        self.hash.update(&bytes[..count]);
        Ok(count)
    }
}

struct Found {
    path: PathBuf,
    bytes: u64,
    modified: SystemTime,
}

/// The files of one model, and halves that a power cut has left.
fn files(folder: &Path) -> Vec<Found> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let ours = |path: &Path| path.extension().is_some_and(|ending| ending == ENDING || ending == "half");
    let found = entries.flatten().take(MOST_FILES).filter_map(|entry| {
        let data = entry.metadata().ok()?;
        let modified = data.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        ours(&entry.path()).then(|| Found { path: entry.path(), bytes: data.len(), modified })
    });
    found.collect()
}

fn all_files(folder: &Path) -> Vec<Found> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries.flatten().take(MOST_FILES).flat_map(|entry| files(&entry.path())).collect()
}

#[cfg(unix)]
fn private_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(not(unix))]
fn private_folder(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}

/// A file that only its owner reads: what a text says can be told from its tokens.
fn private_file(path: &Path) -> io::Result<File> {
    let mut how = File::options();
    how.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut how, 0o600);
    how.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernels::{Cpu, KvStore};

    fn text(first: u32, count: usize) -> Text {
        let mut store = KvStore::new(1, 1, 16).unwrap();
        store.reserve(0, count).unwrap();
        let values: Vec<f32> = (0..count * 16).map(|at| (at % 97) as f32 + first as f32).collect();
        Cpu::new(1).remember(&mut store, 0, 0, &values, &values);
        let mut cache = KvCache::new(1000, store);
        cache.advance(count);
        Text { tokens: (first..).take(count).collect(), cache }
    }

    fn saved(cache: &KvCache) -> Vec<u8> {
        let mut bytes = Vec::new();
        cache.save(&mut bytes).unwrap();
        bytes
    }

    fn empty() -> KvCache {
        KvCache::new(1000, KvStore::new(1, 1, 16).unwrap())
    }

    #[test]
    fn texts_come_back_for_their_own_model_only() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk { folder: folder.path().join("texts"), most: 1 << 30 };
        let (kept, short) = (text(5, 300), text(1, 10));
        Sleeping::open(&disk, "model", "layout").keep([&kept, &short].into_iter());
        for (model, layout, found) in [("model", "layout", 200), ("other", "layout", 0), ("model", "new", 0)] {
            let sleeping = Sleeping::open(&disk, model, layout);
            assert_eq!(sleeping.longest(&kept.tokens[..200]), found, "{model} {layout}");
            assert_eq!(sleeping.longest(&short.tokens), 0, "short ones are read again as fast");
        }
        let mut sleeping = Sleeping::open(&disk, "model", "layout");
        let mut cache = empty();
        assert!(sleeping.wake(&kept.tokens, 300, &mut cache));
        assert_eq!((cache.len(), saved(&cache)), (300, saved(&kept.cache)));
        sleeping.forget();
        assert_eq!(all_files(&disk.folder).len(), 0);
        assert_eq!(sleeping.longest(&kept.tokens), 0);
    }

    #[test]
    fn a_damaged_file_is_not_used() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk { folder: folder.path().to_owned(), most: 1 << 30 };
        let kept = text(5, 300);
        for damage in 0..4 {
            Sleeping::open(&disk, "model", "layout").keep([&kept].into_iter());
            let path = all_files(&disk.folder).remove(0).path;
            let mut bytes = fs::read(&path).unwrap();
            let last = bytes.len() - 1;
            match damage {
                0 => bytes.truncate(last),
                1 => bytes.truncate(40),
                2 => bytes[last / 2] ^= 1,
                _ => bytes[last] ^= 1,
            }
            fs::write(&path, bytes).unwrap();
            let sleeping = Sleeping::open(&disk, "model", "layout");
            let mut cache = empty();
            let used = sleeping.longest(&kept.tokens) == 300 && sleeping.wake(&kept.tokens, 300, &mut cache);
            assert!(!used && cache.is_empty(), "damage {damage}");
            let _ = fs::remove_file(path);
        }
    }

    #[test]
    fn the_oldest_go_when_room_is_short() {
        let folder = tempfile::tempdir().unwrap();
        let mut disk = Disk { folder: folder.path().to_owned(), most: 1 << 30 };
        let texts = [text(1, 200), text(500, 200), text(900, 200)];
        Sleeping::open(&disk, "old", "layout").keep(texts[..1].iter());
        let one = all_files(&disk.folder)[0].bytes;
        disk.most = one * 2 + one / 2;
        let mut sleeping = Sleeping::open(&disk, "model", "layout");
        sleeping.keep(texts.iter());
        let found = Sleeping::open(&disk, "model", "layout");
        let there: Vec<usize> = texts.iter().map(|text| found.longest(&text.tokens)).collect();
        assert_eq!(there, [200, 200, 0], "the first are the most important");
        assert_eq!(all_files(&disk.folder).len(), 2, "another model's old text went");
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_reads_a_text() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk { folder: folder.path().join("texts"), most: 1 << 30 };
        Sleeping::open(&disk, "model", "layout").keep([&text(1, 100)].into_iter());
        let file = all_files(&disk.folder).remove(0).path;
        for (path, expected) in [(&*file, 0o600), (file.parent().unwrap(), 0o700)] {
            assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, expected);
        }
    }
}
