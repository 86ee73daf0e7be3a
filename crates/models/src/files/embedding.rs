//! Is this folder an embedding model or a reranker, and is it whole?

use super::hashes;
use crate::ModelError;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::{
    fs::File,
    io::{BufReader, Read, Seek, SeekFrom},
    path::Path,
};

/// The files that make an embedding model; the first holds the weights.
pub(crate) const PARTS: [&str; 3] = ["model.safetensors", "tokenizer.json", "config.json"];
/// Files that some have: how token vectors become one, and how much of a text is read. They change
/// the vectors as the others do.
pub(crate) const OPTIONAL: [&str; 4] =
    ["1_Pooling/config.json", "sentence_bert_config.json", "config_sentence_transformers.json", "modules.json"];
/// What the engine runs.
const RUNS: [&str; 5] = ["bert", "roberta", "xlm-roberta", "camembert", "distilbert"];

/// The longest header of a weights file, and the longest of the other two files.
const MAX_HEADER: u64 = 64 << 20;
const MAX_JSON: u64 = 256 << 20;

/// What Atelier needs to know of an embedding model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Encoder {
    pub(crate) architecture: String,
    pub(crate) quantisation: String,
    pub(crate) context: u32,
    pub(crate) dims: usize,
    pub(crate) parameters: u64,
    /// Tells embedding models apart whose vectors would differ.
    pub(crate) print: String,
    /// Whether it reads a query and a text together and gives one number: a reranker.
    pub(crate) ranks: bool,
}

#[derive(Deserialize)]
struct Config {
    model_type: Option<String>,
    #[serde(alias = "dim")]
    hidden_size: usize,
    max_position_embeddings: Option<u32>,
}

#[derive(Deserialize)]
struct Tensor {
    dtype: String,
    shape: Vec<u64>,
    data_offsets: (u64, u64),
}

/// Reads the configuration and the weights' header, and checks that the weights file holds every
/// tensor that it lists.
pub(crate) fn read(folder: &Path) -> Result<Encoder, ModelError> {
    for part in PARTS {
        if !folder.join(part).is_file() {
            return Err(unknown(folder, &format!("{part} is missing")));
        }
    }
    let config: Config = json(&folder.join("config.json"))?;
    let _: serde::de::IgnoredAny = json(&folder.join("tokenizer.json"))?;
    if config.hidden_size == 0 || config.hidden_size > 1 << 16 {
        return Err(malformed(&folder.join("config.json"), "its hidden_size is out of range"));
    }
    if let Some(kind) = config.model_type.as_deref().filter(|kind| !RUNS.contains(kind)) {
        let reason = format!(
            "{} holds an encoder of the kind '{kind}', which this engine does not run; it runs {}",
            folder.display(),
            RUNS.join(", ")
        );
        return Err(ModelError::Unsupported { file: folder.display().to_string(), reason });
    }
    let Contents { parameters, quantisation, ranks } = weights(&folder.join(PARTS[0]))?;
    Ok(Encoder {
        architecture: config.model_type.unwrap_or_else(|| "unknown".into()),
        quantisation,
        context: config.max_position_embeddings.unwrap_or(512),
        dims: config.hidden_size,
        parameters,
        print: fingerprint(folder)?,
        ranks,
    })
}

/// Changes when any of the folder's files does: their sizes and their modification times.
pub(crate) fn stamp(folder: &Path) -> Result<(u64, u64), ModelError> {
    let optional = OPTIONAL.iter().map(|part| folder.join(part)).filter(|part| part.is_file());
    let mut all = (0u64, 0u64);
    for part in PARTS.iter().map(|part| folder.join(part)).filter(|part| part.is_file()).chain(optional) {
        let (bytes, modified) = hashes::stamp(&part)?;
        // The order counts, so that two files that change places are a change.
        all = (all.0.wrapping_mul(31).wrapping_add(bytes), all.1.wrapping_mul(31).wrapping_add(modified));
    }
    Ok(all)
}

/// A fingerprint of all that makes the vectors, without reading all of the weights: their length, both
/// ends, and the other files.
fn fingerprint(folder: &Path) -> Result<String, ModelError> {
    const END: u64 = 1 << 20;
    let weights = folder.join(PARTS[0]);
    let io = |error| ModelError::io(&weights, &error);
    let mut hash = Sha256::new();
    let mut file = File::open(&weights).map_err(io)?;
    let len = file.metadata().map_err(io)?.len();
    hash.update(len.to_le_bytes());
    let mut part = Vec::new();
    for from in [0, len.saturating_sub(END)] {
        part.clear();
        file.seek(SeekFrom::Start(from)).map_err(io)?;
        Read::by_ref(&mut file).take(END).read_to_end(&mut part).map_err(io)?;
        hash.update(&part);
    }
    for name in ["config.json", "tokenizer.json"].iter().chain(&OPTIONAL) {
        let path = folder.join(name);
        if path.is_file() {
            let mut text = Vec::new();
            let read = File::open(&path).and_then(|file| file.take(MAX_JSON).read_to_end(&mut text));
            read.map_err(|error| ModelError::io(&path, &error))?;
            hash.update(&text);
        }
    }
    Ok(hashes::hex(&hash.finalize()).chars().take(12).collect())
}

/// What a weights file lists.
struct Contents {
    parameters: u64,
    quantisation: String,
    /// Whether it has a classifier with one label.
    ranks: bool,
}

/// The last layer of cross-encoders, by family.
const HEADS: [&str; 2] = ["classifier.weight", "classifier.out_proj.weight"];

fn weights(path: &Path) -> Result<Contents, ModelError> {
    let mut file = File::open(path).map_err(|error| ModelError::io(path, &error))?;
    let actual = file.metadata().map_err(|error| ModelError::io(path, &error))?.len();
    let truncated = |expected| ModelError::Truncated { file: path.display().to_string(), expected, actual };
    let mut length = [0; 8];
    file.read_exact(&mut length).map_err(|_| truncated(8))?;
    let length = u64::from_le_bytes(length);
    if length > MAX_HEADER {
        return Err(malformed(path, "its header is too long"));
    }
    let start = 8 + length;
    if start > actual {
        return Err(truncated(start));
    }
    let mut header = vec![0; usize::try_from(length).unwrap_or(0)];
    file.read_exact(&mut header).map_err(|error| ModelError::io(path, &error))?;
    let header: serde_json::Map<String, serde_json::Value> =
        serde_json::from_slice(&header).map_err(|error| malformed(path, &error.to_string()))?;
    let (mut parameters, mut end, mut most, mut ranks) = (0u64, 0, (0, String::from("unknown")), false);
    for (name, form) in header.into_iter().filter(|(name, _)| name != "__metadata__") {
        let tensor: Tensor = serde_json::from_value(form)
            .map_err(|error| malformed(path, &format!("the tensor {name} cannot be read: {error}")))?;
        let elements = tensor.shape.iter().try_fold(1u64, |product, dim| product.checked_mul(*dim));
        let (from, to) = tensor.data_offsets;
        let Some(elements) = elements.filter(|_| from <= to) else {
            return Err(malformed(path, &format!("the tensor {name} lies outside")));
        };
        parameters = parameters.saturating_add(elements);
        ranks |= HEADS.contains(&name.as_str()) && tensor.shape.first() == Some(&1);
        end = end.max(to);
        if elements > most.0 {
            most = (elements, tensor.dtype);
        }
    }
    match start.checked_add(end) {
        Some(expected) if expected > actual => Err(truncated(expected)),
        Some(expected) if expected < actual => Err(malformed(path, "it is longer than its header says")),
        Some(_) => Ok(Contents { parameters, quantisation: most.1, ranks }),
        None => Err(malformed(path, "its tensors lie outside of any file")),
    }
}

fn json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, ModelError> {
    let file = File::open(path).map_err(|error| ModelError::io(path, &error))?;
    serde_json::from_reader(BufReader::new(file.take(MAX_JSON))).map_err(|error| malformed(path, &error.to_string()))
}

fn malformed(path: &Path, reason: &str) -> ModelError {
    ModelError::Malformed { file: path.display().to_string(), reason: reason.to_owned() }
}

fn unknown(path: &Path, reason: &str) -> ModelError {
    ModelError::Unknown { file: path.display().to_string(), reason: reason.to_owned() }
}
