//! Which model a GGUF file holds: its metadata and tensors, checked before anything uses them.
//!
//! The file is untrusted. Every count has a limit, nothing is allocated on the word of the file
//! alone, and each tensor is known to lie inside the file once [`Gguf::open`] has returned.

mod kind;
mod read;
mod value;

pub use kind::Kind;
pub use value::Value;

use crate::error::{EngineError, Result};
use memmap2::Mmap;
use std::{
    collections::BTreeMap,
    fs::File,
    path::{Path, PathBuf},
    sync::Arc,
};

/// The most metadata entries a file may have.
pub const MAX_ENTRIES: u64 = 4096;
/// The most tensors a file may have.
pub const MAX_TENSORS: u64 = 65_536;
/// The longest string, in bytes (chat templates and merges are far below).
pub const MAX_STRING: u64 = 4 << 20;
/// The longest metadata array (vocabularies reach about 300 000).
pub const MAX_ARRAY: u64 = 4 << 20;

/// Where a tensor lies and what it looks like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorInfo {
    /// The format of its numbers.
    pub kind: Kind,
    /// Its dimensions in the file's order: the first is the contiguous one.
    pub dims: Vec<usize>,
    /// First byte, from the start of the file.
    pub start: usize,
    /// Length in bytes.
    pub bytes: usize,
}

impl TensorInfo {
    /// Number of values.
    #[must_use]
    pub fn elements(&self) -> usize {
        self.dims.iter().product()
    }
    /// Values in one row (the contiguous dimension).
    #[must_use]
    pub fn columns(&self) -> usize {
        self.dims.first().copied().unwrap_or(1)
    }
    /// Rows of a matrix; 1 for a vector.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.dims.iter().skip(1).product()
    }
}

/// An opened, checked, memory-mapped GGUF file. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Gguf {
    path: PathBuf,
    map: Arc<Mmap>,
    metadata: Arc<BTreeMap<String, Value>>,
    tensors: Arc<BTreeMap<String, TensorInfo>>,
}

impl Gguf {
    /// Opens and checks a file. The weights are mapped, not read.
    pub fn open(path: &Path) -> Result<Self> {
        let io = |source| EngineError::Io { file: path.to_owned(), source };
        let file = File::open(path).map_err(io)?;
        if !file.metadata().map_err(io)?.is_file() {
            return Err(EngineError::NotGguf(path.to_owned()));
        }
        // SAFETY: the map is only read. A file that another program shortens while it is mapped
        // raises SIGBUS, which ends this process and not the workspace: the engine is its own
        // process for that reason.
        let map = unsafe { Mmap::map(&file) }.map_err(io)?;
        let header = read::header(path, &map)?;
        Ok(Self {
            path: path.to_owned(),
            map: Arc::new(map),
            metadata: Arc::new(header.metadata),
            tensors: Arc::new(header.tensors),
        })
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
    /// The whole file's length in bytes.
    #[must_use]
    pub fn file_bytes(&self) -> usize {
        self.map.len()
    }
    /// All metadata.
    #[must_use]
    pub fn metadata(&self) -> &BTreeMap<String, Value> {
        &self.metadata
    }
    /// All tensors by name.
    #[must_use]
    pub fn tensors(&self) -> &BTreeMap<String, TensorInfo> {
        &self.tensors
    }
    /// A metadata value, if it is there.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.metadata.get(key)
    }
    /// A text, if it is there and a text.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<&str> {
        self.get(key).and_then(Value::as_str)
    }
    /// A whole number, if it is there and one that fits.
    #[must_use]
    pub fn count(&self, key: &str) -> Option<usize> {
        self.get(key).and_then(Value::as_usize)
    }
    /// A fraction, if it is there and one.
    #[must_use]
    pub fn fraction(&self, key: &str) -> Option<f32> {
        self.get(key).and_then(Value::as_f32)
    }
    /// A flag, if it is there and one.
    #[must_use]
    pub fn flag(&self, key: &str) -> Option<bool> {
        self.get(key).and_then(Value::as_bool)
    }
    /// The architecture, such as `llama`.
    pub fn architecture(&self) -> Result<&str> {
        self.text("general.architecture").ok_or_else(|| self.missing("general.architecture"))
    }

    /// A tensor that must be there.
    pub fn tensor(&self, name: &str) -> Result<&TensorInfo> {
        self.tensors.get(name).ok_or_else(|| self.missing(name))
    }
    /// A tensor that must be there with these dimensions (contiguous one first).
    pub fn tensor_of(&self, name: &str, dims: &[usize]) -> Result<&TensorInfo> {
        let tensor = self.tensor(name)?;
        if tensor.dims != dims {
            return Err(self.malformed(format!("{name} has the shape {:?} where {dims:?} is needed", tensor.dims)));
        }
        Ok(tensor)
    }
    /// The raw bytes of a tensor of this file.
    #[must_use]
    pub fn bytes(&self, tensor: &TensorInfo) -> &[u8] {
        // In range for every tensor that `header` let through; a foreign one yields nothing.
        self.map.get(tensor.start..tensor.start.saturating_add(tensor.bytes)).unwrap_or(&[])
    }

    /// Gives back the pages of a tensor that has been read, so that a loaded model does not count
    /// twice. The file still has them.
    #[cfg(unix)]
    pub fn release(&self, tensor: &TensorInfo) {
        // SAFETY: the map is of a file, shared and only read: a page given back is read again from
        // the file when it is asked for. A refusal changes nothing.
        let _ =
            unsafe { self.map.unchecked_advise_range(memmap2::UncheckedAdvice::DontNeed, tensor.start, tensor.bytes) };
    }

    /// Gives back the pages of a tensor that has been read: elsewhere the system does that by itself.
    #[cfg(not(unix))]
    pub fn release(&self, _: &TensorInfo) {}

    /// The length of everything before the tensors: mostly the vocabulary.
    #[must_use]
    pub fn header_bytes(&self) -> usize {
        self.tensors.values().map(|tensor| tensor.start).min().unwrap_or(0)
    }

    /// The error for something that the file should hold.
    #[must_use]
    pub fn missing(&self, what: &str) -> EngineError {
        EngineError::Missing { file: self.path.clone(), what: what.to_owned() }
    }
    /// The error for a file that contradicts itself.
    #[must_use]
    pub fn malformed(&self, what: impl Into<String>) -> EngineError {
        EngineError::Malformed { file: self.path.clone(), what: what.into() }
    }
    /// The error for a sound file that needs what the engine lacks.
    #[must_use]
    pub fn unsupported(&self, what: impl Into<String>) -> EngineError {
        EngineError::Unsupported { file: self.path.clone(), what: what.into() }
    }
}
