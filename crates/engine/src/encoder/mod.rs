//! What a text means as a vector, and how well a document answers a query: encoders of the BERT family from a
//! folder of safetensors.
//!
//! [`Encoder`] gives vectors, [`Ranker`] judges pairs; both run the same [`network`] on the kernels' products.
//! Texts are computed in batches of like length, without padding, and a text's result is the same to the bit
//! whatever it is sent with and however many threads compute it.

mod config;
mod gguf;
mod modern;
mod network;
mod prompts;
mod ranker;
mod service;
mod tokens;
mod vocabulary;
mod weights;

pub use prompts::{Prompts, Role};
pub use ranker::{Ranker, Score};
pub use service::{Embedder, Loaded, Reranker};

use crate::error::{EngineError, Result};
use config::{Config, Family, Pooling};
use kernels::{Arena, Cpu, Precision};
use modern::Modern;
use network::{Network, Room};
use std::{collections::BTreeMap, path::Path};
use tokens::{Reader, Tokens, read_all};
use weights::Weights;

/// Tokens computed at once: enough that weights are read rarely, few enough that what lies between two
/// products stays near the processor, and that a client who has gone is noticed soon.
const BATCH_TOKENS: usize = 1024;
/// Tokens of a text that are read where no file says how many.
const DEFAULT_LONGEST: usize = 512;

/// A text to embed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A text; what is too long is cut off at its end.
    Text(String),
    /// A text; one that is too long is refused.
    Whole(String),
    /// The model's own tokens, special ones included.
    Tokens(Vec<u32>),
}

/// An embedding with the number of tokens it was made from.
#[derive(Clone, Debug, PartialEq)]
pub struct Embedding {
    /// The vector, of length 1.
    pub vector: Vec<f32>,
    /// Tokens read.
    pub tokens: usize,
}

/// The encoder's weights, of either kind.
enum Model {
    Bert(Network),
    Modern(Modern),
}

impl Model {
    fn config(&self) -> &Config {
        match self {
            Self::Bert(network) => network.config(),
            Self::Modern(modern) => modern.config(),
        }
    }

    fn weights(&self) -> &Weights {
        match self {
            Self::Bert(network) => network.weights(),
            Self::Modern(modern) => modern.weights(),
        }
    }

    fn forward(&self, cpu: &Cpu, texts: &[&Tokens], room: &mut Room) -> Result<()> {
        match self {
            Self::Bert(network) => network.forward(cpu, texts, room),
            Self::Modern(modern) => modern.forward(cpu, texts, room),
        }
    }
}

/// What both kinds of use are made of.
struct Opened {
    network: Model,
    reader: Reader,
    cpu: Cpu,
    room: Room,
    arena: Arena,
}

impl Opened {
    fn open(folder: &Path, config: Config, longest: usize, threads: usize, kept: Precision) -> Result<Self> {
        let reader = Reader::open(folder, &config, longest)?;
        Self::of(config, reader, Weights::open(folder)?, threads, kept)
    }

    fn of(config: Config, reader: Reader, weights: Weights, threads: usize, kept: Precision) -> Result<Self> {
        let mut arena = Arena::new(0);
        let network = match config.family {
            Family::Modern => Model::Modern(Modern::open(config, weights, kept, &mut arena)?),
            Family::Bert | Family::Roberta | Family::DistilBert | Family::MpNet => {
                Model::Bert(Network::open(config, weights, kept, &mut arena)?)
            }
        };
        Ok(Self { network, reader, cpu: Cpu::new(threads), room: Room::default(), arena })
    }

    /// Gives `each` the states of each text's tokens, with the text's number. `go_on` is asked between batches.
    fn each(
        &mut self,
        texts: &[Tokens],
        go_on: &dyn Fn() -> bool,
        mut each: impl FnMut(&Cpu, usize, &[f32]),
    ) -> Result<()> {
        // Texts of like length go together, so that threads end together; the longest come first.
        let mut order: Vec<usize> = (0..texts.len()).collect();
        order.sort_by_key(|at| std::cmp::Reverse(texts[*at].ids.len()));
        let mut rest = &order[..];
        while !rest.is_empty() {
            if !go_on() {
                return Err(EngineError::Closing);
            }
            let mut tokens = 0;
            let fits = rest.iter().take_while(|at| {
                tokens += texts[**at].ids.len();
                tokens <= BATCH_TOKENS
            });
            let (batch, more) = rest.split_at(fits.count().max(1));
            let some: Vec<&Tokens> = batch.iter().map(|at| &texts[*at]).collect();
            self.network.forward(&self.cpu, &some, &mut self.room)?;
            let width = self.network.config().width;
            let mut from = 0;
            for at in batch {
                let to = from + texts[*at].ids.len() * width;
                each(&self.cpu, *at, &self.room.states[from..to]);
                from = to;
            }
            rest = more;
        }
        Ok(())
    }
}

/// A sentence encoder.
pub struct Encoder {
    inside: Opened,
    pooling: Pooling,
    prompts: Prompts,
}

impl Encoder {
    /// Opens a folder with model.safetensors (or its parts and their index), tokenizer.json and config.json.
    /// `kept` is the precision of the weights. A GGUF file of a BERT is taken as well.
    pub fn open(folder: &Path, threads: usize, kept: Precision) -> Result<Self> {
        if folder.is_file() {
            return Self::of_file(folder, threads, kept);
        }
        let config = Config::open(folder)?;
        let (pooling, prompts) = (config::pooling(folder)?, config::prompts(folder)?);
        let longest = config::longest(folder, &config, DEFAULT_LONGEST)?;
        Ok(Self { inside: Opened::open(folder, config, longest, threads, kept)?, pooling, prompts })
    }

    fn of_file(path: &Path, threads: usize, kept: Precision) -> Result<Self> {
        let gguf::Read { config, pooling, longest, tokenizer, tensors, bytes } = gguf::read(path)?;
        let reader = Reader::of(&tokenizer, path, &config, longest)?;
        let name = path.file_stem().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
        let weights = Weights::of(tensors, path, bytes);
        let inside = Opened::of(config, reader, weights, threads, kept)?;
        Ok(Self { inside, pooling, prompts: Prompts::new(BTreeMap::new(), None, &name) })
    }

    /// Numbers in a vector.
    #[must_use]
    pub fn width(&self) -> usize {
        self.inside.network.config().width
    }

    /// Widths that vectors may be cut to, because the model was trained for it; empty for none.
    #[must_use]
    pub fn cuts(&self) -> &[usize] {
        &self.inside.network.config().cuts
    }

    /// The architecture, as its file names it.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.inside.network.config().kind
    }

    /// Tokens of a text that are read; the rest is cut.
    #[must_use]
    pub fn longest(&self) -> usize {
        self.inside.reader.longest()
    }

    /// Size of the weights' files.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.inside.network.weights().bytes()
    }

    /// What to put before a text.
    #[must_use]
    pub fn prompts(&self) -> &Prompts {
        &self.prompts
    }

    /// The embeddings of texts, in their order. `go_on` is asked between batches.
    pub fn embed(&mut self, inputs: &[Input], go_on: &dyn Fn() -> bool) -> Result<Vec<Embedding>> {
        let Opened { reader, cpu, .. } = &self.inside;
        let texts = read_all(cpu, inputs, go_on, |input| match input {
            Input::Text(text) => reader.text(text),
            Input::Whole(text) => reader.whole(text),
            Input::Tokens(ids) => reader.given(ids),
        })?;
        let (pooling, width) = (self.pooling, self.width());
        let mut done: Vec<Embedding> =
            texts.iter().map(|text| Embedding { vector: Vec::new(), tokens: text.ids.len() }).collect();
        self.inside.each(&texts, go_on, |_, at, states| done[at].vector = pool(pooling, width, states))?;
        // Finite weights may still overflow; a vector that is no vector must not get into an index.
        match done.iter().all(|one| one.vector.iter().all(|value| value.is_finite())) {
            true => Ok(done),
            false => Err(EngineError::Compute("a vector is not finite".to_owned())),
        }
    }
}

/// One vector of a text's states, of length 1.
fn pool(pooling: Pooling, width: usize, states: &[f32]) -> Vec<f32> {
    let mut vector = vec![0.0; width];
    let some = match pooling {
        Pooling::First => &states[..width],
        Pooling::Mean => states,
    };
    for state in some.chunks_exact(width) {
        vector.iter_mut().zip(state).for_each(|(sum, value)| *sum += value);
    }
    // The mean is the sum at another length.
    normalise(&mut vector);
    vector
}

/// To length 1; a vector of zeros stays.
pub fn normalise(vector: &mut [f32]) {
    let squares: f64 = vector.iter().map(|value| f64::from(*value) * f64::from(*value)).sum();
    #[allow(clippy::cast_possible_truncation, reason = "a number of the same size")]
    let inverse = (1.0 / squares.sqrt().max(1e-12)) as f32;
    vector.iter_mut().for_each(|value| *value *= inverse);
}
