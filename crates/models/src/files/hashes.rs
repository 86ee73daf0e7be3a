//! What is a model file's SHA-256, and is it the one it should be?
//!
//! Hashing a large file takes seconds, so a hash is kept with the size and the modification time
//! it was computed at. The first hash of a file, or the one it was added with, is also kept as the
//! one it should have: a file whose content changes later is told as altered. While a file is read
//! for its hash, the scales of its weights are looked at too.

use crate::{ModelError, gguf};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::{
    collections::BTreeMap,
    fs::File,
    io::Read,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::UNIX_EPOCH,
};

/// A file that comes with Atelier, as it was published and as `xtask/assets.lock.json` has it.
struct Published {
    /// Its name in the models folder.
    name: &'static str,
    bytes: u64,
    sha256: &'static str,
}

const STARTER: Published = Published {
    name: "SmolLM2-135M-Instruct.Q4_1.gguf",
    bytes: 98_362_432,
    sha256: "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
};
const PUBLISHED: &[Published] = &[
    STARTER,
    Published {
        name: "all-MiniLM-L6-v2/model.safetensors",
        bytes: 90_868_376,
        sha256: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    },
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
    /// Whether some scale of its weights is no number.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    unsound: bool,
}

/// What reading all of a file shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Digest {
    /// Hex.
    pub(crate) sha256: String,
    /// Whether every scale of its weights is a number.
    pub(crate) sound: bool,
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

/// Reads all of a file and hands it to `also` on the way.
pub(crate) fn digest(file: &Path, mut also: impl FnMut(&[u8]) -> Result<(), ModelError>) -> Result<Digest, ModelError> {
    let io = |error| ModelError::io(file, &error);
    let mut source = File::open(file).map_err(io)?;
    // What a header that cannot be read is worth is said where headers are read.
    let mut values = gguf::values(file).unwrap_or_default();
    let (mut hash, mut sound) = (Sha256::new(), true);
    let mut buffer = vec![0; 1 << 20];
    loop {
        match source.read(&mut buffer).map_err(io)? {
            0 => return Ok(Digest { sha256: hex(&hash.finalize()), sound }),
            read => {
                hash.update(&buffer[..read]);
                sound &= values.feed(&buffer[..read]);
                also(&buffer[..read])?;
            }
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
        Some(self.current(file)?.sha256)
    }

    /// Whether `file` is the chat model that comes with Atelier, whatever its name; `None` where its hash
    /// is not known.
    pub(crate) fn is_starter(&self, file: &Path) -> Option<bool> {
        Some(self.known(file)? == STARTER.sha256)
    }

    /// The hash of `file`, computed only if the file has changed since it was last computed;
    /// `again` computes it in any case. An error if it is not the hash that the file should have, or
    /// the file is no sound model.
    pub(crate) fn check(&self, file: &Path, again: bool) -> Result<String, ModelError> {
        let entry = match self.current(file).filter(|_| !again) {
            Some(entry) => entry,
            None => {
                let (bytes, modified) = stamp(file)?;
                let Digest { sha256, sound } = digest(file, |_| Ok(()))?;
                let first = self.entry(file).map_or_else(|| sha256.clone(), |entry| entry.first);
                self.keep(file, Entry { bytes, modified, sha256, first, unsound: !sound })
            }
        };
        self.judge(file, entry)
    }

    /// What is wrong with the file as far as is known, without reading it.
    pub(crate) fn fault(&self, file: &Path) -> Option<ModelError> {
        self.judge(file, self.current(file)?).err()
    }

    /// Keeps what `file` holds as what it should hold: it was just added, on purpose.
    pub(crate) fn accept(&self, file: &Path, Digest { sha256, sound }: Digest) -> Result<String, ModelError> {
        let (bytes, modified) = stamp(file)?;
        let entry = Entry { bytes, modified, first: sha256.clone(), sha256, unsound: !sound };
        self.judge(file, self.keep(file, entry))
    }

    /// Whether `source`, which holds this, may become the file `target` of the folder. To be asked
    /// before anything that is there is overwritten.
    pub(crate) fn admit(&self, source: &Path, target: &Path, digest: &Digest) -> Result<(), ModelError> {
        let (bytes, _) = stamp(source)?;
        compare(source, self.published(target, bytes), None, digest)
    }

    fn judge(&self, file: &Path, Entry { bytes, sha256, first, unsound, .. }: Entry) -> Result<String, ModelError> {
        let digest = Digest { sha256, sound: !unsound };
        compare(file, self.published(file, bytes), Some(first), &digest)?;
        Ok(digest.sha256)
    }

    /// The file of Atelier that this one passes for: by its name; or, of chat models, by its size, since
    /// a header of this length over weights of this shape is that model's under another name. Embedding
    /// models of one architecture all have one size.
    fn published(&self, file: &Path, bytes: u64) -> Option<&'static Published> {
        let key = self.key(file);
        let named = PUBLISHED.iter().find(|published| published.name == key);
        let is_gguf = || file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gguf"));
        named.or_else(|| Some(&STARTER).filter(|starter| starter.bytes == bytes && is_gguf()))
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

    fn current(&self, file: &Path) -> Option<Entry> {
        let now = stamp(file).ok()?;
        self.entry(file).filter(|entry| (entry.bytes, entry.modified) == now)
    }

    fn keep(&self, file: &Path, entry: Entry) -> Entry {
        let text = {
            let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
            entries.insert(self.key(file), entry.clone());
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
        entry
    }

    /// Forgets files that are gone, so that another file may take the name.
    pub(crate) fn forget_missing(&self) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.retain(|key, _| self.folder.join(key).exists());
    }
}

/// Whether a file holds what it should: what was published under its name, else what it held first.
fn compare(
    file: &Path,
    published: Option<&Published>,
    first: Option<String>,
    digest: &Digest,
) -> Result<(), ModelError> {
    match published.map(|published| published.sha256.to_owned()).or(first) {
        Some(expected) if expected != digest.sha256 => Err(ModelError::Altered {
            file: file.display().to_string(),
            expected,
            actual: digest.sha256.clone(),
            starter: published.is_some(),
        }),
        Some(_) | None if !digest.sound => Err(ModelError::Malformed {
            file: file.display().to_string(),
            reason: "some of its weights are not numbers".to_owned(),
        }),
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_published_is_what_is_fetched() {
        let lock: serde_json::Value = serde_json::from_str(include_str!("../../../../xtask/assets.lock.json")).unwrap();
        for Published { name, bytes, sha256 } in PUBLISHED {
            let to = format!("data/models/{name}");
            let entry = find(&lock, &to).unwrap_or_else(|| panic!("{name} is not fetched"));
            assert_eq!((&entry["bytes"], &entry["sha256"]), (&(*bytes).into(), &(*sha256).into()), "{name}");
        }
    }

    /// The file of the lock that is put there.
    fn find<'a>(value: &'a serde_json::Value, to: &str) -> Option<&'a serde_json::Value> {
        match value {
            serde_json::Value::Object(map) if map.get("to").is_some_and(|place| place == to) => Some(value),
            serde_json::Value::Object(map) => map.values().find_map(|value| find(value, to)),
            serde_json::Value::Array(list) => list.iter().find_map(|value| find(value, to)),
            _ => None,
        }
    }
}
