//! The models folder: a scan that is cheap to repeat, since headers are read once per change.

use super::{
    embedding::{self, Encoder},
    hashes::{self, Hashes},
};
use crate::{ModelError, gguf, inspect::Told, memory::Need};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

/// The id of the tiny chat model that comes with Atelier.
pub(crate) const STARTER: &str = "SmolLM2-135M-Instruct.Q4_1";
/// The id of the embedding model that comes with Atelier.
pub(crate) const STARTER_EMBEDDING: &str = "all-MiniLM-L6-v2";
/// More entries than a models folder has.
const MAX_ENTRIES: usize = 2048;
/// Files that run a program when they are loaded.
const PICKLES: &[&str] = &["bin", "pt", "pth", "ckpt", "pkl", "pickle"];

/// What a model is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A chat model.
    Chat(gguf::Summary),
    /// An embedding model.
    Embedding(Encoder),
    /// A reranker.
    Reranker(Encoder),
}

/// A model in the folder.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) id: String,
    /// The file, or the folder of an embedding model.
    pub(crate) path: PathBuf,
    /// The file with the weights, whose hash counts.
    pub(crate) weights: PathBuf,
    pub(crate) bytes: u64,
    /// When it was seen so: sizes and modification times as one.
    stamp: Option<(u64, u64)>,
    /// What it is, or what is wrong with it.
    pub(crate) kind: Result<Kind, ModelError>,
    /// What the engine says of a chat model, once it was asked.
    pub(crate) told: Option<Result<Told, ModelError>>,
}

impl Found {
    /// The memory that it needs at `context` tokens.
    pub(crate) fn need(&self, context: u32) -> Need {
        if let Some(Ok(told)) = &self.told {
            return told.need(context);
        }
        let per_token = match &self.kind {
            Ok(Kind::Chat(summary)) => summary.cache_per_token,
            Ok(Kind::Embedding(_) | Kind::Reranker(_)) | Err(_) => 0,
        };
        Need::of(self.bytes, per_token, context)
    }

    /// What is in the way of using it.
    pub(crate) fn fault(&self) -> Option<&ModelError> {
        let told = self.told.as_ref().and_then(|told| told.as_ref().err());
        self.kind.as_ref().err().or(told)
    }

    /// Whether the engine has yet to be asked about it.
    pub(crate) fn is_untold(&self) -> bool {
        matches!(self.kind, Ok(Kind::Chat(_))) && self.told.is_none()
    }

    /// Its name: the file's, without the quantisation. That is the name people know a model by; the
    /// one inside the file is often its maker's working title.
    pub(crate) fn name(&self) -> String {
        match &self.kind {
            Ok(Kind::Chat(summary)) => without_quantisation(&self.id, &summary.quantisation).to_owned(),
            Ok(Kind::Embedding(_) | Kind::Reranker(_)) | Err(_) => self.id.clone(),
        }
    }
}

/// `SmolLM2-135M-Instruct` of `SmolLM2-135M-Instruct.Q4_1`.
fn without_quantisation<'a>(id: &'a str, quantisation: &str) -> &'a str {
    let cut = id.len().saturating_sub(quantisation.len());
    match (id.get(..cut), id.get(cut..)) {
        (Some(name), Some(end)) if !quantisation.is_empty() && end.eq_ignore_ascii_case(quantisation) => {
            let name = name.trim_end_matches(['.', '-', '_']);
            if name.is_empty() { id } else { name }
        }
        _ => id,
    }
}

/// A file's size and modification time, and what was learned of it then.
type Learned<T> = ((u64, u64), Result<T, ModelError>);

/// The models folder.
#[derive(Debug)]
pub(crate) struct Shelf {
    folder: PathBuf,
    hashes: Hashes,
    read: Mutex<BTreeMap<PathBuf, Learned<Kind>>>,
    told: Mutex<BTreeMap<PathBuf, Learned<Told>>>,
}

/// Whether a name can be a model's id: one path component that no shell or scan trips over.
pub(crate) fn is_id(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 200
        && !name.starts_with(['.', '-'])
        && !name.contains(['/', '\\', ':'])
        && !name.chars().any(char::is_control)
}

/// Whether a file's name says that it is a pickle.
pub(crate) fn is_pickle(file: &Path) -> bool {
    let extension = file.extension().and_then(|name| name.to_str()).unwrap_or_default();
    PICKLES.iter().any(|pickle| extension.eq_ignore_ascii_case(pickle))
}

impl Shelf {
    pub(crate) fn open(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), hashes: Hashes::open(folder), read: Mutex::default(), told: Mutex::default() }
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn hashes(&self) -> &Hashes {
        &self.hashes
    }

    /// Where a chat model with this id is kept.
    pub(crate) fn target(&self, id: &str) -> Result<PathBuf, ModelError> {
        if !is_id(id) {
            return Err(ModelError::Invalid { reason: format!("{id} cannot be a model's name") });
        }
        Ok(self.folder.join(format!("{id}.gguf")))
    }

    /// The models in the folder, by id. A folder that is not there holds none.
    pub(crate) fn scan(&self) -> Vec<Found> {
        let Ok(entries) = std::fs::read_dir(&self.folder) else { return Vec::new() };
        let mut found: Vec<_> =
            entries.flatten().take(MAX_ENTRIES).filter_map(|entry| self.look(&entry.path())).collect();
        found.sort_by(|a, b| a.id.cmp(&b.id));
        found.dedup_by(|a, b| a.id == b.id);
        self.hashes.forget_missing();
        found
    }

    /// What is at `path`, if it is a model or pretends to be one.
    pub(crate) fn look(&self, path: &Path) -> Option<Found> {
        let name = path.file_name()?.to_str()?;
        if name.starts_with('.') {
            return None;
        }
        if path.is_dir() {
            let weights = path.join(embedding::PARTS[0]);
            let pickle = path.join("pytorch_model.bin");
            if weights.is_file() {
                return Some(self.found(name, path, weights));
            }
            return pickle.is_file().then(|| self.found(name, path, pickle));
        }
        let extension = path.extension()?.to_str()?.to_ascii_lowercase();
        let known = extension == "gguf" || is_pickle(path);
        known.then(|| self.found(path.file_stem().and_then(|stem| stem.to_str()).unwrap_or(name), path, path.into()))
    }

    fn found(&self, id: &str, path: &Path, weights: PathBuf) -> Found {
        let bytes = weights.metadata().map_or(0, |data| data.len());
        let stamped = if path.is_dir() { embedding::stamp(path) } else { hashes::stamp(path) };
        let stamp = stamped.as_ref().ok().copied();
        let told = stamp.and_then(|stamp| {
            let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
            told.get(path).filter(|(then, _)| *then == stamp).map(|(_, told)| told.clone())
        });
        let kind = stamped.and_then(|stamp| self.kind(path, &weights, stamp));
        Found { id: id.to_owned(), path: path.to_owned(), weights, bytes, stamp, kind, told }
    }

    /// Keeps what the engine says of a model as it was when it was found.
    pub(crate) fn keep(&self, found: &Found, told: Result<Told, ModelError>) {
        let Some(stamp) = found.stamp else { return };
        let mut all = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(found.path.clone(), (stamp, told));
        while all.len() > MAX_ENTRIES {
            all.pop_first();
        }
    }

    fn kind(&self, path: &Path, weights: &Path, stamp: (u64, u64)) -> Result<Kind, ModelError> {
        let known = self.read.lock().unwrap_or_else(PoisonError::into_inner).get(path).cloned();
        if let Some((_, kind)) = known.filter(|(then, _)| *then == stamp) {
            return kind;
        }
        let kind = read(path, weights);
        let mut all = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(path.to_owned(), (stamp, kind.clone()));
        while all.len() > MAX_ENTRIES {
            all.pop_first();
        }
        kind
    }
}

fn read(path: &Path, weights: &Path) -> Result<Kind, ModelError> {
    if is_pickle(weights) {
        return Err(ModelError::Unsafe { file: weights.display().to_string() });
    }
    if path.is_dir() {
        return embedding::read(path).map(|it| if it.ranks { Kind::Reranker(it) } else { Kind::Embedding(it) });
    }
    let summary = gguf::read(path)?;
    if summary.encoder {
        let reason = "it is an encoder; embedding models are read from a folder with model.safetensors".to_owned();
        return Err(ModelError::Unknown { file: path.display().to_string(), reason });
    }
    Ok(Kind::Chat(summary))
}

#[cfg(test)]
mod tests {
    use super::without_quantisation;

    #[test]
    fn a_name_is_the_file_without_its_quantisation() {
        for (id, quantisation, name) in [
            ("SmolLM2-135M-Instruct.Q4_1", "Q4_1", "SmolLM2-135M-Instruct"),
            ("qwen3-4b-q4_k_m", "Q4_K_M", "qwen3-4b"),
            ("Q4_1", "Q4_1", "Q4_1"),
            ("ministral", "Q8_0", "ministral"),
            ("ministral", "", "ministral"),
        ] {
            assert_eq!(without_quantisation(id, quantisation), name);
        }
    }
}
