//! What does a GGUF file hold of an encoder of the BERT family: sizes, tensors, pooling, tokenizer?
//!
//! llama.cpp's converters write BERT, MiniLM, BGE and E5 as the architecture `bert`, and XLM-R as well, with the rows of
//! its positions that are never used cut off. Tensors get the names that folders have, so that the same network runs
//! them; codes are turned into numbers as they are read.

use super::{
    config::{Config, Pooling},
    vocabulary,
    weights::Raw,
};
use crate::{
    error::{EngineError, Result},
    gguf::{Gguf, Kind, TensorInfo},
};
use candle_core::{
    Device,
    quantized::{QStorage, QTensor},
};
use kernels::Number;
use std::{borrow::Cow, collections::HashMap, path::Path};

/// The tensors of a file under the names of folders.
pub(crate) struct Converted {
    file: Gguf,
    /// The names in the file.
    names: HashMap<String, String>,
    /// Numbers of tensors that are codes in the file.
    numbers: HashMap<String, Vec<u8>>,
}

/// Names of tensors in a folder and in a file.
const OUTSIDE: [(&str, &str); 5] = [
    ("embeddings.word_embeddings.weight", "token_embd.weight"),
    ("embeddings.position_embeddings.weight", "position_embd.weight"),
    ("embeddings.token_type_embeddings.weight", "token_types.weight"),
    ("embeddings.LayerNorm.weight", "token_embd_norm.weight"),
    ("embeddings.LayerNorm.bias", "token_embd_norm.bias"),
];
/// The same for parts of a layer.
const INSIDE: [(&str, &str); 8] = [
    ("attention.self.query", "attn_q"),
    ("attention.self.key", "attn_k"),
    ("attention.self.value", "attn_v"),
    ("attention.output.dense", "attn_output"),
    ("attention.output.LayerNorm", "attn_output_norm"),
    ("intermediate.dense", "ffn_up"),
    ("output.dense", "ffn_down"),
    ("output.LayerNorm", "layer_output_norm"),
];

impl Converted {
    fn new(file: Gguf, layers: usize) -> Result<Self> {
        let mut names: HashMap<String, String> =
            OUTSIDE.iter().map(|(folder, file)| ((*folder).to_owned(), (*file).to_owned())).collect();
        for layer in 0..layers {
            for (folder, file) in INSIDE {
                for part in ["weight", "bias"] {
                    let name = format!("encoder.layer.{layer}.{folder}.{part}");
                    names.insert(name, format!("blk.{layer}.{file}.{part}"));
                }
            }
        }
        if let Some(left) = file.tensors().keys().find(|name| !names.values().any(|known| known == *name)) {
            return Err(file.unsupported(format!("the tensor {left} in an encoder")));
        }
        let mut numbers = HashMap::new();
        for (name, info) in file.tensors() {
            if number_of(info.kind).is_none() {
                numbers.insert(name.clone(), numbers_of(&file, info)?);
            }
        }
        Ok(Self { file, names, numbers })
    }

    /// A tensor by the name that a folder has, with its shape, rows first.
    pub(crate) fn get(&self, name: &str) -> Option<(Vec<usize>, Raw<'_>)> {
        let own = self.names.get(name)?;
        let info = self.file.tensors().get(own)?;
        let mut shape: Vec<usize> = info.dims.iter().rev().copied().collect();
        // A table of one row may be written as that row.
        if name.ends_with("embeddings.weight") && shape.len() == 1 {
            shape.insert(0, 1);
        }
        let raw = match number_of(info.kind) {
            Some(number) => Raw { number, bytes: self.file.bytes(info) },
            None => Raw { number: Number::F32, bytes: self.numbers.get(own)? },
        };
        Some((shape, raw))
    }

    /// Forgets the numbers of all tensors but one: the others are packed.
    pub(crate) fn keep_only(&mut self, name: &str) {
        let own = self.names.get(name);
        self.numbers.retain(|name, _| Some(name) == own);
    }
}

fn number_of(kind: Kind) -> Option<Number> {
    match kind {
        Kind::F32 => Some(Number::F32),
        Kind::F16 => Some(Number::F16),
        Kind::BF16 => Some(Number::BF16),
        Kind::Q4_0
        | Kind::Q4_1
        | Kind::Q5_0
        | Kind::Q5_1
        | Kind::Q8_0
        | Kind::Q2_K
        | Kind::Q3_K
        | Kind::Q4_K
        | Kind::Q5_K
        | Kind::Q6_K => None,
    }
}

/// The numbers that codes stand for, as bytes of f32.
fn numbers_of(file: &Gguf, info: &TensorInfo) -> Result<Vec<u8>> {
    let storage = QStorage::from_data(Cow::Borrowed(file.bytes(info)), &Device::Cpu, info.kind.candle())?;
    let values = QTensor::new(storage, info.elements())?.dequantize(&Device::Cpu)?.to_vec1::<f32>()?;
    Ok(values.iter().flat_map(|value| value.to_le_bytes()).collect())
}

/// An encoder's file, read as far as a folder's other files would say.
pub(crate) struct Read {
    pub(crate) config: Config,
    pub(crate) pooling: Pooling,
    /// Tokens of a text that are read.
    pub(crate) longest: usize,
    /// The tokenizer, described as in `tokenizer.json`.
    pub(crate) tokenizer: String,
    pub(crate) tensors: Converted,
    pub(crate) bytes: u64,
}

/// Reads and checks a file.
pub(crate) fn read(path: &Path) -> Result<Read> {
    let file = Gguf::open(path)?;
    let architecture = file.architecture()?;
    if architecture != "bert" {
        let (found, supported) = (architecture.to_owned(), "bert".to_owned());
        return Err(EngineError::Architecture { file: path.to_owned(), found, supported });
    }
    let key = |name: &str| format!("bert.{name}");
    let count = |name: &str| file.count(&key(name)).ok_or_else(|| file.missing(&key(name)));
    let (width, heads) = (count("embedding_length")?, count("attention.head_count")?);
    let (layers, inner) = (count("block_count")?, count("feed_forward_length")?);
    let rows = |name: &str| file.tensor(name).map(TensorInfo::rows);
    let (vocab, positions) = (rows("token_embd.weight")?, rows("position_embd.weight")?);
    let types = if file.tensors().contains_key("token_types.weight") { rows("token_types.weight")? } else { 0 };
    let sound = [(width, 16_384), (heads, 1024), (layers, 1024), (inner, 1 << 16)];
    if sound.iter().any(|(n, most)| *n == 0 || n > most) || !width.is_multiple_of(heads) || types > 1 << 16 {
        return Err(file.malformed("its sizes contradict each other"));
    }
    let mut config = Config::bert("bert", width, heads, layers, inner, vocab);
    (config.positions, config.types) = (positions, types);
    config.epsilon = file.fraction(&key("attention.layer_norm_epsilon")).unwrap_or(config.epsilon);
    if !(0.0..1.0).contains(&config.epsilon) {
        return Err(file.malformed("its layer_norm_epsilon is out of range"));
    }
    let longest = count("context_length")?.min(positions);
    if longest < 8 {
        return Err(file.malformed("it has too few positions"));
    }
    if file.flag(&key("attention.causal")) == Some(true) {
        return Err(file.unsupported("an encoder whose tokens only see what is before them"));
    }
    // llama.cpp's numbers; a file that says nothing leaves it to whoever asks, and the mean is what most were trained for.
    let pooling = match file.count(&key("pooling_type")) {
        None | Some(0 | 1) => Pooling::Mean,
        Some(2) => Pooling::First,
        Some(other) => return Err(file.unsupported(format!("the pooling {other}"))),
    };
    let tokenizer = vocabulary::described(&file)?;
    let bytes = file.file_bytes() as u64;
    Ok(Read { config, pooling, longest, tokenizer, tensors: Converted::new(file, layers)?, bytes })
}
