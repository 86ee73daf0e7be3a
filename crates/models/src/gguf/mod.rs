//! What does a GGUF file say of itself, and is it whole? Reads the header only, with limits.

mod reader;
mod types;
mod values;

pub(crate) use values::Values;

use crate::ModelError;
use reader::{Reader, Value};
use std::{
    collections::{BTreeMap, HashSet},
    hash::{DefaultHasher, Hash, Hasher},
    path::Path,
};
use values::Extent;

/// More keys or tensors than any model has. As the engine has them.
const MAX_KEYS: u64 = 4096;
const MAX_TENSORS: u64 = 1 << 16;
const MAX_DIMS: u32 = 4;
/// The longest key and the longest name of a tensor that the format knows.
const MAX_KEY: u64 = (1 << 16) - 1;
const MAX_NAME: u64 = 4096;

/// The keys that are used: these, and these of the architecture, whose name may come later.
const USED: &[&str] = &["general.alignment", "general.architecture", "general.file_type", "general.license"];
const USED_OF_IT: &[&str] = &[
    ".attention.causal",
    ".attention.head_count",
    ".attention.head_count_kv",
    ".attention.key_length",
    ".attention.value_length",
    ".block_count",
    ".context_length",
    ".embedding_length",
];

/// What Atelier needs to know of a GGUF file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Summary {
    pub(crate) architecture: String,
    pub(crate) quantisation: String,
    pub(crate) licence: Option<String>,
    pub(crate) context: u32,
    pub(crate) parameters: u64,
    /// Bytes that the KV cache takes per token, in f16.
    pub(crate) cache_per_token: u64,
    /// Whether it is an encoder, which writes nothing.
    pub(crate) encoder: bool,
}

/// Reads and checks the header of `file`: magic, version, counts, keys, and that the file holds
/// every tensor that it lists.
pub(crate) fn read(file: &Path) -> Result<Summary, ModelError> {
    header(file).map(|(summary, _)| summary)
}

/// What the file's numbers are looked at with, while it is read.
pub(crate) fn values(file: &Path) -> Result<Values, ModelError> {
    header(file).map(|(_, tensors)| Values::new(tensors.extents))
}

/// A file's list of tensors.
struct Tensors {
    parameters: u64,
    /// The format of most parameters.
    commonest: Option<&'static str>,
    /// Where they stand in the file.
    extents: Vec<Extent>,
}

fn header(file: &Path) -> Result<(Summary, Tensors), ModelError> {
    let mut reader = Reader::open(file)?;
    let magic = reader.bytes::<4>()?;
    if &magic != b"GGUF" {
        return Err(reader.unknown(foreign(&magic)));
    }
    let version = reader.u32()?;
    if !(2..=3).contains(&version) {
        return Err(reader.unknown(&format!("GGUF version {version}; versions 2 and 3 can be read")));
    }
    let (tensors, keys) = (reader.u64()?, reader.u64()?);
    if tensors > MAX_TENSORS || keys > MAX_KEYS {
        return Err(reader.malformed(&format!("it claims {tensors} tensors and {keys} keys")));
    }
    let (mut found, mut names) = (BTreeMap::new(), Names::default());
    for _ in 0..keys {
        let key = reader.string(MAX_KEY)?;
        if names.again(&key) {
            return Err(reader.malformed(&format!("its key {key} appears twice")));
        }
        // All else, such as lists of tokens, is walked over: the header of a hostile file may be as long
        // as the disk, and what is kept of it may not.
        let used = USED.contains(&key.as_str()) || USED_OF_IT.iter().any(|end| key.ends_with(end));
        if let Some(value) = reader.value(used)?.filter(|_| used) {
            found.insert(key, value);
        }
    }
    let alignment = number(&found, "general.alignment").unwrap_or(32);
    if !alignment.is_power_of_two() || alignment > 1 << 20 {
        return Err(reader.malformed(&format!("its alignment is {alignment}")));
    }
    let tensors = tensor_list(&mut reader, tensors, alignment)?;
    Ok((summary(&reader, &found, &tensors)?, tensors))
}

/// Names that were met, eight bytes each.
#[derive(Default)]
struct Names(HashSet<u64>);

impl Names {
    /// Whether the name was met before.
    fn again(&mut self, name: &str) -> bool {
        let mut hash = DefaultHasher::new();
        name.hash(&mut hash);
        !self.0.insert(hash.finish())
    }
}

/// Reads the tensor list and checks that the file holds all of it.
fn tensor_list(reader: &mut Reader, tensors: u64, alignment: u64) -> Result<Tensors, ModelError> {
    let mut parameters = 0u64;
    let mut formats = BTreeMap::<&'static str, u64>::new();
    let (mut extents, mut names) = (Vec::new(), Names::default());
    for _ in 0..tensors {
        let name = reader.string(MAX_NAME)?;
        if names.again(&name) {
            return Err(reader.malformed(&format!("the tensor {name} appears twice")));
        }
        let dims = reader.u32()?;
        if dims > MAX_DIMS {
            return Err(reader.malformed(&format!("the tensor {name} has {dims} dimensions")));
        }
        let mut elements = 1u64;
        for _ in 0..dims {
            let dim = reader.u64()?;
            elements = elements
                .checked_mul(dim)
                .ok_or_else(|| reader.malformed(&format!("the tensor {name} is larger than any memory")))?;
        }
        let code = reader.u32()?;
        let Some(format) = types::format(code) else {
            return Err(reader.unknown(&format!("the tensor {name} has the format {code}, which is not known here")));
        };
        if !elements.is_multiple_of(format.block) {
            return Err(reader.malformed(&format!("the tensor {name} does not fill its blocks")));
        }
        let bytes = (elements / format.block).checked_mul(format.bytes);
        let offset = reader.u64()?;
        let end = bytes.and_then(|bytes| offset.checked_add(bytes));
        let Some(end) = end.filter(|_| offset.is_multiple_of(alignment)) else {
            return Err(reader.malformed(&format!("the tensor {name} lies at {offset}")));
        };
        parameters = parameters.saturating_add(elements);
        let most = formats.entry(format.name).or_default();
        *most = most.saturating_add(elements);
        let block = usize::try_from(format.bytes).unwrap_or_default();
        extents.push(Extent { start: offset, end, block, reals: format.reals });
    }
    let start = reader.position().next_multiple_of(alignment);
    let needed = extents.iter().map(|extent| extent.end).max().and_then(|end| start.checked_add(end));
    match needed {
        Some(needed) if needed > reader.len() => return Err(reader.truncated(needed)),
        Some(_) => {}
        None => return Err(reader.malformed("it holds no tensors")),
    }
    extents.sort_unstable_by_key(|extent| (extent.start, extent.end));
    if extents.windows(2).any(|pair| pair[1].start < pair[0].end) {
        return Err(reader.malformed("two of its tensors overlap"));
    }
    for extent in &mut extents {
        // The file holds them all, so no sum is too large.
        (extent.start, extent.end) = (extent.start + start, extent.end + start);
    }
    let commonest = formats.into_iter().max_by_key(|(_, elements)| *elements).map(|(name, _)| name);
    Ok(Tensors { parameters, commonest, extents })
}

fn summary(
    reader: &Reader,
    found: &BTreeMap<String, Value>,
    &Tensors { parameters, commonest, .. }: &Tensors,
) -> Result<Summary, ModelError> {
    let Some(architecture) = text(found, "general.architecture") else {
        return Err(reader.malformed("it names no architecture"));
    };
    let of = |key: &str| number(found, &format!("{architecture}.{key}"));
    let (blocks, width) = (of("block_count").unwrap_or(0), of("embedding_length").unwrap_or(0));
    let heads = of("attention.head_count").unwrap_or(0);
    let key_heads = of("attention.head_count_kv").unwrap_or(heads);
    let head = width.checked_div(heads).unwrap_or(0);
    let (key, value) = (of("attention.key_length").unwrap_or(head), of("attention.value_length").unwrap_or(head));
    let cache_per_token = key.saturating_add(value).saturating_mul(blocks).saturating_mul(key_heads).saturating_mul(2);
    let file_type = number(found, "general.file_type").and_then(types::file_type);
    Ok(Summary {
        quantisation: file_type.or(commonest).unwrap_or("unknown").to_owned(),
        licence: text(found, "general.license"),
        context: of("context_length").and_then(|tokens| u32::try_from(tokens).ok()).unwrap_or(0),
        parameters,
        cache_per_token,
        encoder: of("attention.causal") == Some(0),
        architecture,
    })
}

fn text(found: &BTreeMap<String, Value>, key: &str) -> Option<String> {
    match found.get(key)? {
        Value::Text(text) => Some(text.clone()),
        Value::Number(_) => None,
    }
}

fn number(found: &BTreeMap<String, Value>, key: &str) -> Option<u64> {
    match found.get(key)? {
        Value::Number(number) => Some(*number),
        Value::Text(_) => None,
    }
}

/// What a file that is not GGUF looks like.
fn foreign(magic: &[u8; 4]) -> &'static str {
    match magic {
        b"GGUF" => "a GGUF file",
        b"PK\x03\x04" => "it is a ZIP archive",
        b"<htm" | b"<!DO" | b"<!do" => "it is a web page, perhaps an error page saved as a file",
        b"lmgg" | b"fmgg" | b"tjgg" => "it is in an older format than GGUF",
        b"vers" => "it is a pointer of Git LFS, not the file itself",
        [0x80, 2..=5, ..] => "it is a Python pickle",
        _ => "it does not begin like a GGUF file",
    }
}

#[cfg(test)]
#[path = "tests.rs"]
pub(crate) mod tests;
