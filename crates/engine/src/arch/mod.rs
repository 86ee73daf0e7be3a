//! Which architectures the engine runs: one table, one line per architecture.

mod cache;
mod dense;
mod llama;
mod memory;
mod qwen;
pub mod reference;
mod rotation;
mod shape;
mod weights;

pub use cache::KvCache;
pub use memory::Memory;
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

    /// Pieces of work that each of its threads has done so far; empty where it has none of its own.
    fn pieces(&self) -> Vec<u64> {
        Vec::new()
    }
}

/// Opens one architecture's decoder.
pub type Open = fn(&Gguf, &mut Opening<'_>) -> Result<Box<dyn Decoder>>;
/// Whether such a file can be opened, without reading its weights: its sizes, or what is in the way.
pub type Check = fn(&Gguf) -> Result<Shape>;

/// Every architecture by the name that files give it.
pub static ARCHITECTURES: &[(&str, Open, Check)] = &[
    ("llama", llama::open, dense::Dense::check),
    ("qwen2", qwen::open, dense::Dense::check),
    ("qwen3", qwen::open, dense::Dense::check),
];

/// Opens the decoder for a file, or says which architectures there are.
pub fn open(file: &Gguf, opening: &mut Opening<'_>) -> Result<Box<dyn Decoder>> {
    line(file).and_then(|(_, open, _)| open(file, opening))
}

/// Whether [`open`] will open a file, found out without reading its weights.
pub fn check(file: &Gguf) -> Result<Shape> {
    line(file).and_then(|(_, _, check)| check(file))
}

fn line(file: &Gguf) -> Result<&'static (&'static str, Open, Check)> {
    let found = file.architecture()?;
    ARCHITECTURES.iter().find(|(name, _, _)| *name == found).ok_or_else(|| {
        let names: Vec<&str> = ARCHITECTURES.iter().map(|(name, _, _)| *name).collect();
        EngineError::Architecture { file: file.path().to_owned(), found: found.to_owned(), supported: names.join(", ") }
    })
}
