//! Which tensors does a folder hold? Safetensors, in one file or several, mapped and checked on use.

use super::{config::read, gguf::Converted};
use crate::error::{EngineError, Result};
use candle_core::{DType, safetensors::MmapedSafetensors};
use kernels::Number;
use serde::Deserialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// Files that one model may be split into.
const MAX_FILES: usize = 256;

/// The tensors of a model's folder, or of a GGUF file.
pub(crate) struct Weights {
    tensors: Source,
    file: PathBuf,
    prefix: &'static str,
    bytes: u64,
}

/// Where tensors come from.
enum Source {
    Safetensors(MmapedSafetensors),
    Gguf(Converted),
}

/// `model.safetensors.index.json`.
#[derive(Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

/// The numbers of a tensor as they lie in the file.
#[derive(Clone, Copy)]
pub(crate) struct Raw<'a> {
    pub(crate) number: Number,
    pub(crate) bytes: &'a [u8],
}

impl Raw<'_> {
    /// All numbers.
    pub(crate) fn floats(&self) -> Vec<f32> {
        match self.number {
            Number::F32 => self.bytes.as_chunks::<4>().0.iter().map(|four| f32::from_le_bytes(*four)).collect(),
            Number::F16 | Number::BF16 => {
                let mut out = vec![0.0; self.bytes.len() / 2];
                self.add_to(&mut out);
                out
            }
        }
    }

    /// Adds the numbers to `out`, one to each.
    pub(crate) fn add_to(&self, out: &mut [f32]) {
        match self.number {
            Number::F32 => {
                let values = self.bytes.as_chunks::<4>().0.iter().map(|four| f32::from_le_bytes(*four));
                out.iter_mut().zip(values).for_each(|(out, value)| *out += value);
            }
            Number::F16 => {
                let values = self.bytes.as_chunks::<2>().0.iter().map(|two| half(u16::from_le_bytes(*two)));
                out.iter_mut().zip(values).for_each(|(out, value)| *out += value);
            }
            Number::BF16 => {
                let values = self.bytes.as_chunks::<2>().0.iter();
                let values = values.map(|two| f32::from_bits(u32::from(u16::from_le_bytes(*two)) << 16));
                out.iter_mut().zip(values).for_each(|(out, value)| *out += value);
            }
        }
    }

    /// Some rows of `width` numbers, or none if they lie outside.
    pub(crate) fn row(&self, row: usize, width: usize) -> Self {
        let bytes = width * self.number.bytes();
        let bytes = row.checked_mul(bytes).and_then(|from| self.bytes.get(from..from + bytes)).unwrap_or_default();
        Self { number: self.number, bytes }
    }

    fn finite(&self) -> bool {
        match self.number {
            Number::F32 => self.bytes.as_chunks::<4>().0.iter().all(|four| f32::from_le_bytes(*four).is_finite()),
            Number::F16 => self.bytes.as_chunks::<2>().0.iter().all(|two| u16::from_le_bytes(*two) & 0x7c00 != 0x7c00),
            Number::BF16 => self.bytes.as_chunks::<2>().0.iter().all(|two| u16::from_le_bytes(*two) & 0x7f80 != 0x7f80),
        }
    }
}

/// Half precision to single, of a finite number: the exponent's offset differs by 112.
fn half(bits: u16) -> f32 {
    let magnitude = f32::from_bits(u32::from(bits & 0x7fff) << 13) * f32::from_bits((127 + 112) << 23);
    if bits & 0x8000 == 0 { magnitude } else { -magnitude }
}

impl Weights {
    /// Maps the weights of a folder. `family` are names that may stand before those of the encoder's tensors.
    pub(crate) fn open(folder: &Path) -> Result<Self> {
        let one = folder.join("model.safetensors");
        let index = folder.join("model.safetensors.index.json");
        let files = if one.exists() {
            vec![one.clone()]
        } else if index.exists() {
            shards(folder, &index)?
        } else {
            let pickle = folder.join("pytorch_model.bin");
            if pickle.exists() {
                let what =
                    "pickled weights, which could run a program when they are read (model.safetensors is needed)";
                return Err(EngineError::Unsupported { file: pickle, what: what.to_owned() });
            }
            vec![one.clone()]
        };
        let mut bytes = 0;
        for file in &files {
            bytes += fs::metadata(file).map_err(|source| EngineError::Io { file: file.clone(), source })?.len();
        }
        let file = files.first().cloned().unwrap_or(one);
        // SAFETY: the map is only read; a file shortened meanwhile ends this process and no other.
        let tensors = unsafe { MmapedSafetensors::multi(&files) };
        let tensors =
            tensors.map_err(|error| EngineError::Malformed { file: file.clone(), what: first_line(&error) })?;
        let words = ["embeddings.word_embeddings.weight", "embeddings.tok_embeddings.weight"];
        let prefix = ["", "bert.", "roberta.", "distilbert.", "mpnet.", "model."]
            .into_iter()
            .find(|prefix| words.iter().any(|words| tensors.get(&format!("{prefix}{words}")).is_ok()))
            .unwrap_or_default();
        Ok(Self { tensors: Source::Safetensors(tensors), file, prefix, bytes })
    }

    /// The weights of a GGUF file, under the names that folders have.
    pub(crate) fn of(converted: Converted, file: &Path, bytes: u64) -> Self {
        Self { tensors: Source::Gguf(converted), file: file.to_owned(), prefix: "", bytes }
    }

    /// Forgets what need not be read again: all but one tensor of the encoder.
    pub(crate) fn keep_only(&mut self, name: &str) {
        if let Source::Gguf(tensors) = &mut self.tensors {
            tensors.keep_only(name);
        }
    }

    /// The size of the files.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// For errors.
    pub(crate) fn file(&self) -> &Path {
        &self.file
    }

    /// Whether there is such a tensor, by its whole name.
    pub(crate) fn has(&self, name: &str) -> bool {
        match &self.tensors {
            Source::Safetensors(tensors) => tensors.get(name).is_ok(),
            Source::Gguf(tensors) => tensors.get(name).is_some(),
        }
    }

    /// A tensor of the encoder, of this shape and with finite numbers.
    pub(crate) fn encoder(&self, name: &str, shape: &[usize]) -> Result<Raw<'_>> {
        self.whole(&format!("{}{name}", self.prefix), shape)
    }

    /// A tensor by its whole name.
    pub(crate) fn whole(&self, name: &str, shape: &[usize]) -> Result<Raw<'_>> {
        let raw = self.unchecked(name, shape)?;
        if !raw.finite() {
            return Err(self.malformed(format!("the tensor {name} holds numbers that are not finite")));
        }
        Ok(raw)
    }

    /// A tensor of the encoder that has been checked before.
    pub(crate) fn again(&self, name: &str, shape: &[usize]) -> Result<Raw<'_>> {
        self.unchecked(&format!("{}{name}", self.prefix), shape)
    }

    fn unchecked(&self, name: &str, shape: &[usize]) -> Result<Raw<'_>> {
        let missing = || EngineError::Missing { file: self.file.clone(), what: format!("tensor {name}") };
        let tensors = match &self.tensors {
            Source::Safetensors(tensors) => tensors,
            Source::Gguf(tensors) => {
                let (found, raw) = tensors.get(name).ok_or_else(missing)?;
                if found != shape {
                    return Err(self.malformed(format!("the tensor {name} is {found:?} and should be {shape:?}")));
                }
                return Ok(raw);
            }
        };
        let view = tensors.get(name).map_err(|_| missing())?;
        if view.shape() != shape {
            return Err(self.malformed(format!("the tensor {name} is {:?} and should be {shape:?}", view.shape())));
        }
        let number = match DType::try_from(view.dtype()) {
            Ok(DType::F32) => Number::F32,
            Ok(DType::F16) => Number::F16,
            Ok(DType::BF16) => Number::BF16,
            // A list that grows: whatever else there is, is not multiplied here.
            Ok(_) | Err(_) => {
                let what = format!("the type {:?} for {name}", view.dtype());
                return Err(EngineError::Unsupported { file: self.file.clone(), what });
            }
        };
        let bytes = view.data();
        if bytes.len() != shape.iter().product::<usize>() * number.bytes() {
            return Err(self.malformed(format!("the tensor {name} has {} bytes", bytes.len())));
        }
        Ok(Raw { number, bytes })
    }

    pub(crate) fn malformed(&self, what: String) -> EngineError {
        EngineError::Malformed { file: self.file.clone(), what }
    }
}

/// The files that an index names, each of the same folder.
fn shards(folder: &Path, index: &Path) -> Result<Vec<PathBuf>> {
    let damaged = |what: String| EngineError::Malformed { file: index.to_owned(), what };
    let map: Index = serde_json::from_str(&read(index)?).map_err(|e| damaged(e.to_string()))?;
    let names: BTreeSet<String> = map.weight_map.into_values().collect();
    if names.is_empty() || names.len() > MAX_FILES {
        return Err(damaged(format!("it names {} files", names.len())));
    }
    let plain =
        |name: &str| !name.starts_with('.') && !name.contains(['/', '\\', ':']) && name.ends_with(".safetensors");
    if let Some(name) = names.iter().find(|name| !plain(name)) {
        return Err(damaged(format!("'{:.100}' is no name of a weights file", name)));
    }
    Ok(names.iter().map(|name| folder.join(name)).collect())
}

fn first_line(error: &candle_core::Error) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}
