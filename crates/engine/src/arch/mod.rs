//! Which architectures the engine runs: one table, one line per architecture.

mod cache;
mod dense;
mod llama;
mod qwen;
pub mod reference;
mod rotation;
mod shape;
mod weights;

pub use cache::KvCache;
pub use shape::Shape;

use crate::{
    error::{EngineError, Result},
    gguf::Gguf,
};

/// How a model is to be opened.
pub struct Opening<'a> {
    /// Threads to compute with, at least 1.
    pub threads: usize,
    /// The most positions that any cache will have (tables may be built for that many).
    pub positions: usize,
    /// Called with the bytes prepared so far and the bytes in all, now and then while loading.
    pub progress: &'a mut dyn FnMut(u64, u64),
}

/// A model that predicts the next token. One thread owns it.
pub trait Decoder: Send {
    /// Its sizes.
    fn shape(&self) -> &Shape;

    /// An empty cache for at most `positions` tokens.
    fn new_cache(&self, positions: usize) -> Result<KvCache>;

    /// Reads `tokens` (at least one) after the `cache.len()` that are there, and returns the
    /// logits of the last one, `shape().vocab` of them. On an error the cache keeps its length.
    fn forward(&mut self, tokens: &[u32], cache: &mut KvCache) -> Result<Vec<f32>>;
}

/// Opens one architecture's decoder.
pub type Open = fn(&Gguf, &mut Opening<'_>) -> Result<Box<dyn Decoder>>;

/// Every architecture by the name that files give it.
pub static ARCHITECTURES: &[(&str, Open)] = &[("llama", llama::open), ("qwen2", qwen::open), ("qwen3", qwen::open)];

/// Opens the decoder for a file, or says which architectures there are.
pub fn open(file: &Gguf, opening: &mut Opening<'_>) -> Result<Box<dyn Decoder>> {
    let found = file.architecture()?;
    let Some((_, open)) = ARCHITECTURES.iter().find(|(name, _)| *name == found) else {
        let names: Vec<&str> = ARCHITECTURES.iter().map(|(name, _)| *name).collect();
        return Err(EngineError::Architecture {
            file: file.path().to_owned(),
            found: found.to_owned(),
            supported: names.join(", "),
        });
    };
    open(file, opening)
}
