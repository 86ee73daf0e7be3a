//! Which architectures the engine runs: one table, one line per architecture.

mod batch;
mod cache;
mod dense;
mod llama;
mod memory;
mod qwen;
pub mod reference;
mod rotation;
mod shape;
mod weights;

pub use cache::{Kept, KvCache};
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

/// After which tokens of a run the logits are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// After none: more of the text follows in a later step.
    None,
    /// After the last.
    Last,
    /// After each.
    Each,
}

impl Wanted {
    /// How many of a run's `tokens` that is.
    #[must_use]
    pub fn rows(self, tokens: usize) -> usize {
        match self {
            Self::None => 0,
            Self::Last => 1,
            Self::Each => tokens,
        }
    }
}

/// The next tokens of one text.
pub struct Run<'a> {
    /// The tokens, at least one.
    pub tokens: &'a [u32],
    /// What was read of the text before.
    pub cache: &'a mut KvCache,
    /// After which tokens the logits are wanted.
    pub wanted: Wanted,
}

/// A model that predicts the next token. One thread owns it.
pub trait Decoder: Send {
    /// Its sizes.
    fn shape(&self) -> &Shape;

    /// An empty cache for at most `positions` tokens.
    fn new_cache(&self, positions: usize) -> Result<KvCache>;

    /// Reads the tokens of all runs, each after the `cache.len()` that are there, and returns for each run the
    /// logits it wants: rows of `shape().vocab`. A run's logits do not depend on what runs with it. On an error
    /// every cache keeps its length.
    fn forward(&mut self, runs: &mut [Run<'_>]) -> Result<Vec<Vec<f32>>>;

    /// What decides the bytes of what [`KvCache::save`] writes, besides the model: a text is only restored where
    /// this is the same.
    fn layout(&self) -> String {
        format!("{} {}", env!("CARGO_PKG_VERSION"), self.shape().architecture)
    }

    /// Pieces of work that each of its threads has done so far; empty where it has none of its own.
    fn pieces(&self) -> Vec<u64> {
        Vec::new()
    }

    /// Reads `tokens` of one text and returns the logits after the last.
    fn read(&mut self, tokens: &[u32], cache: &mut KvCache) -> Result<Vec<f32>> {
        let logits = self.forward(&mut [Run { tokens, cache, wanted: Wanted::Last }])?;
        Ok(logits.into_iter().next().unwrap_or_default())
    }
}

/// Refuses runs that no decoder can read: empty ones, unknown tokens, more than fits.
fn check_runs(runs: &[Run<'_>], vocab: usize) -> Result<()> {
    for Run { tokens, cache, .. } in runs {
        if tokens.is_empty() || tokens.iter().any(|token| *token as usize >= vocab) {
            return Err(EngineError::Compute(format!("tokens outside the vocabulary of {vocab}")));
        }
        let asked = cache.len() + tokens.len();
        if asked > cache.capacity() {
            return Err(EngineError::ContextFull { asked, context: cache.capacity() });
        }
    }
    Ok(())
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
