//! What is a model file's SHA-256, and is it the one it should be?
//!
//! Hashing a large file takes seconds, so a hash is kept with the size and the modification time
//! it was computed at. The first hash of a file, or the one it was added with, is also kept as the
//! one it should have: a file whose content changes later is told as altered.

use crate::ModelError;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{
    collections::BTreeMap,
    fs::File,
    io::Read,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::UNIX_EPOCH,
};

/// The hashes of the starter models, as published. File name, SHA-256.
const PUBLISHED: &[(&str, &str)] = &[
    ("SmolLM2-135M-Instruct.Q4_1.gguf", "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"),
    ("all-MiniLM-L6-v2/model.safetensors", "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"),
];

/// Where the hashes are kept, inside the models folder.
pub(crate) const FILE: &str = ".hashes.json";
/// More files than anyone keeps; older entries beyond it are forgotten.
const MAX_ENTRIES: usize = 4096;

/// What a file looked like when it was hashed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    bytes: u64,
    /// Nanoseconds since the epoch.
    modified: u64,
    sha256: String,
    /// The hash that it should have.
    first: String,
}

/// The hashes of the files in a models folder.
#[derive(Debug)]
pub(crate) struct Hashes {
    folder: PathBuf,
    entries: Mutex<BTreeMap<String, Entry>>,
}

/// Size and modification time of a file.
pub(crate) fn stamp(file: &Path) -> Result<(u64, u64), ModelError> {
    let data = file.metadata().map_err(|error| ModelError::io(file, &error))?;
    let modified = data.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    Ok((data.len(), u64::try_from(modified.as_nanos()).unwrap_or(u64::MAX)))
}

/// The SHA-256 of a file, hex.
pub(crate) fn sha256(file: &Path) -> Result<String, ModelError> {
    let io = |error| ModelError::io(file, &error);
    let mut source = File::open(file).map_err(io)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        match source.read(&mut buffer).map_err(io)? {
            0 => return Ok(hex(&hash.finalize())),
            read => hash.update(&buffer[..read]),
        }
    }
}

/// Bytes as lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Hashes {
    /// The hashes of `folder`. A list that cannot be read is started anew: it only saves time.
    pub(crate) fn open(folder: &Path) -> Self {
        let entries = std::fs::read(folder.join(FILE))
            .ok()
            .and_then(|text| serde_json::from_slice(&text).ok())
            .unwrap_or_default();
        Self { folder: folder.to_owned(), entries: Mutex::new(entries) }
    }

    /// The hash of `file` if it is known for the file as it is now. Never reads the file.
    pub(crate) fn known(&self, file: &Path) -> Option<String> {
        let (bytes, modified) = stamp(file).ok()?;
        let entry = self.entry(file)?;
        (entry.bytes == bytes && entry.modified == modified).then_some(entry.sha256)
    }

    /// The hash of `file`, computed only if the file has changed since it was last computed;
    /// `again` computes it in any case. An error if it is not the hash that the file should have.
    pub(crate) fn check(&self, file: &Path, again: bool) -> Result<String, ModelError> {
        let actual = match self.known(file).filter(|_| !again) {
            Some(known) => known,
            None => {
                let (bytes, modified) = stamp(file)?;
                let sha256 = sha256(file)?;
                let first = self.entry(file).map_or_else(|| sha256.clone(), |entry| entry.first);
                self.keep(file, Entry { bytes, modified, sha256: sha256.clone(), first });
                sha256
            }
        };
        self.compare(file, actual)
    }

    /// Whether the last known hash is the right one, without reading the file.
    pub(crate) fn fault(&self, file: &Path) -> Option<ModelError> {
        self.known(file).and_then(|sha256| self.compare(file, sha256).err())
    }

    /// Keeps `sha256` as the hash that `file` should have: it was just added, on purpose.
    pub(crate) fn accept(&self, file: &Path, sha256: String) -> Result<String, ModelError> {
        let (bytes, modified) = stamp(file)?;
        self.keep(file, Entry { bytes, modified, first: sha256.clone(), sha256: sha256.clone() });
        self.compare(file, sha256)
    }

    fn compare(&self, file: &Path, actual: String) -> Result<String, ModelError> {
        let published = self.published(file);
        let expected = published.map(str::to_owned).or_else(|| self.entry(file).map(|entry| entry.first));
        match expected {
            Some(expected) if expected != actual => Err(ModelError::Altered {
                file: file.display().to_string(),
                expected,
                actual,
                starter: published.is_some(),
            }),
            Some(_) | None => Ok(actual),
        }
    }

    fn published(&self, file: &Path) -> Option<&'static str> {
        let key = self.key(file);
        PUBLISHED.iter().find(|(name, _)| *name == key).map(|(_, sha256)| *sha256)
    }

    /// The path inside the folder, or the whole path of a file elsewhere.
    fn key(&self, file: &Path) -> String {
        let inside = file.strip_prefix(&self.folder).unwrap_or(file);
        let parts: Vec<_> = inside.components().map(|part| part.as_os_str().to_string_lossy()).collect();
        parts.join("/")
    }

    fn entry(&self, file: &Path) -> Option<Entry> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).get(&self.key(file)).cloned()
    }

    fn keep(&self, file: &Path, entry: Entry) {
        let text = {
            let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
            entries.insert(self.key(file), entry);
            while entries.len() > MAX_ENTRIES {
                entries.pop_first();
            }
            serde_json::to_vec_pretty(&*entries)
        };
        // Losing the list costs the time to hash again, so a read-only folder is no fault.
        let written =
            text.map_err(std::io::Error::from).and_then(|text| super::write_whole(&self.folder.join(FILE), &text));
        if let Err(error) = written {
            tracing::warn!(%error, "the list of model hashes could not be kept");
        }
    }

    /// Forgets files that are gone, so that another file may take the name.
    pub(crate) fn forget_missing(&self) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.retain(|key, _| self.folder.join(key).exists());
    }
}
