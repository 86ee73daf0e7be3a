//! How well does a document answer a query? Cross-encoders read both together and give one number.

use super::{
    DEFAULT_LONGEST, Opened, config,
    config::{Config, Family},
    network::Linear,
    tokens::read_all,
    weights::Weights,
};
use crate::error::{EngineError, Result};
use kernels::{Arena, Cpu, Curve, Precision};
use std::path::Path;

/// How well a document answers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// What the model says, a logit: 0 is undecided.
    pub logit: f32,
    /// Tokens read, the query's included.
    pub tokens: usize,
}

impl Score {
    /// The logit between 0 and 1, as the models were trained: 1 / (1 + e^-logit).
    #[must_use]
    pub fn relevance(self) -> f64 {
        1.0 / (1.0 + (-f64::from(self.logit)).exp())
    }
}

/// A cross-encoder with one label.
pub struct Ranker {
    inside: Opened,
    head: Head,
}

/// What stands on the first token's state, or on the mean of all.
struct Head {
    mean: bool,
    dense: Linear,
    curve: Curve,
    /// A norm's weight and epsilon, before the last layer.
    norm: Option<(Vec<f32>, f32)>,
    last: Linear,
}

/// A layer's weight and bias, with its outputs.
fn linear(weights: &Weights, name: &str, outputs: usize, inputs: usize, arena: &mut Arena) -> Result<Linear> {
    let weight = weights.whole(&format!("{name}.weight"), &[outputs, inputs])?;
    let bias = weights.whole(&format!("{name}.bias"), &[outputs])?;
    // Small, and the last step: not rounded.
    Linear::pack(&[(weight, bias)], inputs, Precision::File, arena)
}

impl Head {
    fn open(config: &Config, weights: &Weights, arena: &mut Arena) -> Result<Self> {
        let width = config.width;
        let (dense, last, curve) = match config.family {
            Family::Bert if weights.has("pooler.dense.weight") => ("pooler.dense", "classifier", Curve::Tanh),
            Family::Bert => ("bert.pooler.dense", "classifier", Curve::Tanh),
            Family::Roberta | Family::MpNet => ("classifier.dense", "classifier.out_proj", Curve::Tanh),
            Family::Modern => ("head.dense", "classifier", Curve::Gelu),
            Family::DistilBert => ("pre_classifier", "classifier", Curve::Relu),
        };
        if !weights.has(&format!("{last}.weight")) {
            let (file, what) = (weights.file().to_owned(), format!("tensor {last}.weight: it is no reranker"));
            return Err(EngineError::Missing { file, what });
        }
        let (dense, norm, mean) = if config.family == Family::Modern {
            let weight = weights.whole(&format!("{dense}.weight"), &[width, width])?;
            let norm = weights.whole("head.norm.weight", &[width])?.floats();
            let dense = Linear::without_bias(weight, width, Precision::File, arena)?;
            (dense, Some((norm, config.epsilon)), config.windows.mean)
        } else {
            (linear(weights, dense, width, width, arena)?, None, false)
        };
        Ok(Self { mean, dense, curve, norm, last: linear(weights, last, 1, width, arena)? })
    }

    /// The logit of a text's states, each `width` numbers.
    fn score(&self, cpu: &Cpu, states: &[f32], width: usize) -> f32 {
        let mut state = states[..width].to_vec();
        if self.mean {
            for other in states[width..].chunks_exact(width) {
                state.iter_mut().zip(other).for_each(|(sum, value)| *sum += value);
            }
            #[allow(clippy::cast_precision_loss, reason = "a text has fewer tokens than f32 can count")]
            let count = (states.len() / width) as f32;
            state.iter_mut().for_each(|sum| *sum /= count);
        }
        let (mut bent, mut logit) = (Vec::new(), Vec::new());
        self.dense.apply(cpu, &state, self.curve, None, &mut bent);
        if let Some((weight, epsilon)) = &self.norm {
            cpu.layer_norm(&mut bent, weight, &vec![0.0; width], *epsilon);
        }
        self.last.apply(cpu, &bent, Curve::Straight, None, &mut logit);
        logit.first().copied().unwrap_or(f32::NAN)
    }
}

impl Ranker {
    /// Opens a folder with model.safetensors (or its parts and their index), tokenizer.json and config.json.
    pub fn open(folder: &Path, threads: usize, kept: Precision) -> Result<Self> {
        let config = Config::open(folder)?;
        let without = config::tokenizer_longest(folder)?.unwrap_or(DEFAULT_LONGEST);
        let longest = config::longest(folder, &config, without)?;
        let mut inside = Opened::open(folder, config, longest, threads, kept)?;
        let head = Head::open(inside.network.config(), inside.network.weights(), &mut inside.arena)?;
        Ok(Self { inside, head })
    }

    /// The architecture, as its file names it.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.inside.network.config().kind
    }

    /// Tokens of a query and a document together that are read; what the document has more is cut.
    #[must_use]
    pub fn longest(&self) -> usize {
        self.inside.reader.longest()
    }

    /// Size of the weights' files.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.inside.network.weights().bytes()
    }

    /// How well each document answers, in their order. `go_on` is asked between batches.
    pub fn rank(&mut self, query: &str, documents: &[String], go_on: &dyn Fn() -> bool) -> Result<Vec<Score>> {
        let reader = &self.inside.reader;
        let query = reader.query(query)?;
        let pairs = read_all(&self.inside.cpu, documents, go_on, |document| reader.pair(&query, document))?;
        let mut scores: Vec<Score> =
            pairs.iter().map(|pair| Score { logit: f32::NAN, tokens: pair.ids.len() }).collect();
        let (head, width) = (&self.head, self.inside.network.config().width);
        self.inside.each(&pairs, go_on, |cpu, at, states| scores[at].logit = head.score(cpu, states, width))?;
        match scores.iter().all(|score| score.logit.is_finite()) {
            true => Ok(scores),
            false => Err(EngineError::Compute("a score is not a number".to_owned())),
        }
    }
}
