//! Which architectures the engine runs: one table, one line per architecture.

mod apertus;
mod batch;
mod cache;
mod decoder;
mod feed;
mod gemma;
mod glm;
mod granite;
mod keys;
mod layer;
mod lfm;
mod llama;
mod memory;
mod olmo;
mod pass;
mod phi;
mod plan;
mod processor;
mod qwen;
pub mod reference;
mod rotation;
mod shape;
mod weights;
mod work;

pub use cache::{Kept, KvCache};
pub use memory::Memory;
pub use processor::Processor;
pub use shape::Shape;

use crate::{
    error::{EngineError, Result},
    gguf::Gguf,
};
use kernels::KvKind;
use keys::Keys;
use plan::Plan;

/// How a model is to be opened.
pub struct Opening<'a> {
    /// Threads to compute with, at least 1.
    pub threads: usize,
    /// The most positions that any cache will have (tables may be built for that many).
    pub positions: usize,
    /// How keys and values are remembered.
    pub kv: KvKind,
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

/// One architecture.
pub struct Architecture {
    /// The name that files give it.
    pub name: &'static str,
    plan: fn(Keys<'_>) -> Result<Plan>,
}

const fn line(name: &'static str, plan: fn(Keys<'_>) -> Result<Plan>) -> Architecture {
    Architecture { name, plan }
}

/// Every architecture.
pub static ARCHITECTURES: &[Architecture] = &[
    line("apertus", apertus::apertus),
    line("exaone4", olmo::exaone4),
    line("gemma2", gemma::gemma2),
    line("gemma3", gemma::gemma3),
    line("glm4", glm::glm4),
    line("granite", granite::granite),
    line("lfm2", lfm::lfm2),
    line("llama", llama::llama),
    line("mistral3", llama::mistral3),
    line("olmo2", olmo::olmo2),
    line("phi3", phi::phi3),
    line("qwen2", qwen::qwen2),
    line("qwen3", qwen::qwen3),
    line("qwen3moe", qwen::qwen3moe),
    line("smollm3", llama::smollm3),
];

/// Opens the decoder for a file on the cores, or says which architectures there are.
pub fn open(file: &Gguf, opening: &mut Opening<'_>) -> Result<Box<dyn Decoder>> {
    Processor::Cpu.open(file, opening)
}

/// Whether [`open`] will open a file, found out without reading its weights: its sizes, or what is in the way.
pub fn check(file: &Gguf) -> Result<Shape> {
    let plan = plan(file)?;
    decoder::check(file, &plan)?;
    Ok(plan.shape)
}

/// How a file is to be computed.
fn plan(file: &Gguf) -> Result<Plan> {
    let keys = Keys::new(file)?;
    let found = keys.architecture();
    let Some(architecture) = ARCHITECTURES.iter().find(|architecture| architecture.name == found) else {
        let names: Vec<&str> = ARCHITECTURES.iter().map(|architecture| architecture.name).collect();
        let (file, found, supported) = (file.path().to_owned(), found.to_owned(), names.join(", "));
        return Err(EngineError::Architecture { file, found, supported });
    };
    (architecture.plan)(keys)?.sound(file)
}
