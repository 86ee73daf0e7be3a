//! What does an encoder compute? Embeddings, then layers of attention and a two-layer network, each followed
//! by a residual and a layer norm (Vaswani et al. 2017, Devlin et al. 2018), for texts of any lengths at once.
//!
//! Texts are not padded: their tokens stand one below the other in one matrix, and only attention knows where
//! one text ends. So a text costs what its own tokens cost, and its result does not depend on its company.

use super::{
    config::{Config, Family},
    tokens::Tokens,
    weights::{Raw, Weights},
};
use crate::error::{EngineError, Result};
use kernels::{Arena, Cpu, Curve, DenseMatrix, Distances, Finish, Number, Precision};

const WORDS: &str = "embeddings.word_embeddings.weight";

/// A product with its bias.
pub(crate) struct Linear {
    matrix: DenseMatrix,
    bias: Vec<f32>,
}

impl Linear {
    /// Packs matrices that read the same `inputs`, with their biases.
    pub(crate) fn pack(
        parts: &[(Raw<'_>, Raw<'_>)],
        inputs: usize,
        kept: Precision,
        arena: &mut Arena,
    ) -> Result<Self> {
        let weights: Vec<(Number, &[u8])> = parts.iter().map(|(weight, _)| (weight.number, weight.bytes)).collect();
        let matrix =
            DenseMatrix::pack(&weights, inputs, kept, arena).map_err(|e| EngineError::Compute(e.to_string()))?;
        Ok(Self { matrix, bias: parts.iter().flat_map(|(_, bias)| bias.floats()).collect() })
    }

    /// The same for one matrix that has none.
    pub(crate) fn without_bias(weight: Raw<'_>, inputs: usize, kept: Precision, arena: &mut Arena) -> Result<Self> {
        let matrix = DenseMatrix::pack(&[(weight.number, weight.bytes)], inputs, kept, arena);
        Ok(Self { matrix: matrix.map_err(|e| EngineError::Compute(e.to_string()))?, bias: Vec::new() })
    }

    pub(crate) fn apply(&self, cpu: &Cpu, input: &[f32], curve: Curve, residual: Option<&[f32]>, out: &mut Vec<f32>) {
        let rows = input.len() / self.matrix.inputs();
        out.resize(rows * self.matrix.outputs(), 0.0);
        cpu.dense(input, &self.matrix, Finish { bias: &self.bias, curve, residual }, out);
    }
}

struct Norm {
    weight: Vec<f32>,
    bias: Vec<f32>,
}

struct Layer {
    attention: Linear,
    attended: Linear,
    attended_norm: Norm,
    up: Linear,
    down: Linear,
    norm: Norm,
}

/// The names of a layer's tensors behind its number.
struct Names {
    layer: &'static str,
    attention: [&'static str; 3],
    attended: &'static str,
    attended_norm: &'static str,
    up: &'static str,
    down: &'static str,
    norm: &'static str,
}

const BERT: Names = Names {
    layer: "encoder.layer",
    attention: ["attention.self.query", "attention.self.key", "attention.self.value"],
    attended: "attention.output.dense",
    attended_norm: "attention.output.LayerNorm",
    up: "intermediate.dense",
    down: "output.dense",
    norm: "output.LayerNorm",
};

const MPNET: Names = Names {
    attention: ["attention.attn.q", "attention.attn.k", "attention.attn.v"],
    attended: "attention.attn.o",
    attended_norm: "attention.LayerNorm",
    ..BERT
};

/// The farthest that MPNet tells distances apart.
const FARTHEST: usize = 128;

const DISTILBERT: Names = Names {
    layer: "transformer.layer",
    attention: ["attention.q_lin", "attention.k_lin", "attention.v_lin"],
    attended: "attention.out_lin",
    attended_norm: "sa_layer_norm",
    up: "ffn.lin1",
    down: "ffn.lin2",
    norm: "output_layer_norm",
};

/// The encoder's weights. The table of words stays where the file is mapped: only the rows that texts use
/// are ever read into memory.
pub(crate) struct Network {
    config: Config,
    weights: Weights,
    positions: Vec<f32>,
    types: Vec<f32>,
    norm: Norm,
    layers: Vec<Layer>,
    /// What is added to each head's scores by distance, up to [`FARTHEST`]; empty for none.
    distances: Vec<f32>,
}

/// The matrices that are computed in, kept from one batch to the next.
#[derive(Default)]
pub(crate) struct Room {
    /// A row for each token of each text: what the last layer gave.
    pub(crate) states: Vec<f32>,
    pub(super) wide: Vec<f32>,
    pub(super) seen: Vec<f32>,
    pub(super) sum: Vec<f32>,
}

impl Network {
    /// Reads, checks and packs the weights.
    pub(crate) fn open(config: Config, mut weights: Weights, kept: Precision, arena: &mut Arena) -> Result<Self> {
        let (width, inner) = (config.width, config.inner);
        let names = match config.family {
            Family::Bert | Family::Roberta => BERT,
            Family::DistilBert => DISTILBERT,
            Family::MpNet => MPNET,
            Family::Modern => return Err(weights.malformed("it is of another family".to_owned())),
        };
        weights.encoder(WORDS, &[config.vocab, width])?;
        let table = |name: &str, rows| Ok::<_, EngineError>(weights.encoder(name, &[rows, width])?.floats());
        let positions = table("embeddings.position_embeddings.weight", config.positions)?;
        let types = match config.types {
            0 => Vec::new(),
            rows => table("embeddings.token_type_embeddings.weight", rows)?,
        };
        let mut layers = Vec::new();
        for number in 0..config.layers {
            let name = |part: &str| format!("{}.{number}.{part}", names.layer);
            let linear = |part: &str, outputs: usize, inputs: usize| {
                let weight = weights.encoder(&name(&format!("{part}.weight")), &[outputs, inputs])?;
                let bias = weights.encoder(&name(&format!("{part}.bias")), &[outputs])?;
                Ok::<_, EngineError>((weight, bias))
            };
            let [query, key, value] = names.attention;
            let attention = [linear(query, width, width)?, linear(key, width, width)?, linear(value, width, width)?];
            layers.push(Layer {
                attention: Linear::pack(&attention, width, kept, arena)?,
                attended: Linear::pack(&[linear(names.attended, width, width)?], width, kept, arena)?,
                attended_norm: Norm::open(&weights, &name(names.attended_norm), width)?,
                up: Linear::pack(&[linear(names.up, inner, width)?], width, kept, arena)?,
                down: Linear::pack(&[linear(names.down, width, inner)?], inner, kept, arena)?,
                norm: Norm::open(&weights, &name(names.norm), width)?,
            });
        }
        let norm = Norm::open(&weights, "embeddings.LayerNorm", width)?;
        let distances = match config.family {
            Family::MpNet => {
                let shape = [config.buckets, config.heads];
                let table = weights.encoder("encoder.relative_attention_bias.weight", &shape)?.floats();
                by_distance(&table, config.buckets, config.heads)
            }
            Family::Bert | Family::Roberta | Family::DistilBert | Family::Modern => Vec::new(),
        };
        weights.keep_only(WORDS);
        Ok(Self { config, weights, positions, types, norm, layers, distances })
    }

    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    pub(crate) fn weights(&self) -> &Weights {
        &self.weights
    }

    /// Computes the state of each token of each text into `room.states`, text after text.
    pub(crate) fn forward(&self, cpu: &Cpu, texts: &[&Tokens], room: &mut Room) -> Result<()> {
        let Config { width, heads, epsilon, curve, .. } = self.config;
        let lengths: Vec<usize> = texts.iter().map(|text| text.ids.len()).collect();
        self.embed(texts, &mut room.states)?;
        cpu.layer_norm(&mut room.states, &self.norm.weight, &self.norm.bias, epsilon);
        for layer in &self.layers {
            layer.attention.apply(cpu, &room.states, Curve::Straight, None, &mut room.wide);
            room.seen.resize(room.states.len(), 0.0);
            if self.distances.is_empty() {
                cpu.attend_whole(&room.wide, heads, &lengths, &mut room.seen);
            } else {
                let distances = Distances { values: &self.distances, reach: FARTHEST };
                cpu.attend_near(&room.wide, heads, &lengths, distances, &mut room.seen);
            }
            layer.attended.apply(cpu, &room.seen, Curve::Straight, Some(&room.states), &mut room.sum);
            cpu.layer_norm(&mut room.sum, &layer.attended_norm.weight, &layer.attended_norm.bias, epsilon);
            layer.up.apply(cpu, &room.sum, curve, None, &mut room.wide);
            layer.down.apply(cpu, &room.wide, Curve::Straight, Some(&room.sum), &mut room.states);
            cpu.layer_norm(&mut room.states, &layer.norm.weight, &layer.norm.bias, epsilon);
        }
        debug_assert_eq!(room.states.len(), lengths.iter().sum::<usize>() * width);
        Ok(())
    }

    /// Word, position and type of each token, added.
    fn embed(&self, texts: &[&Tokens], out: &mut Vec<f32>) -> Result<()> {
        let Config { width, vocab, pad, .. } = self.config;
        let words = self.weights.again(WORDS, &[vocab, width])?;
        out.clear();
        out.resize(texts.iter().map(|text| text.ids.len()).sum::<usize>() * width, 0.0);
        let mut rows = out.chunks_exact_mut(width);
        for text in texts {
            let mut position = self.config.first_position();
            for (at, (id, row)) in text.ids.iter().zip(&mut rows).enumerate() {
                words.row(*id as usize, width).add_to(row);
                // RoBERTa counts padding out: it has the position before the first.
                let counts = matches!(self.config.family, Family::Roberta | Family::MpNet);
                let padding = counts && *id == pad;
                let place = if padding { pad as usize } else { position };
                position += usize::from(!padding);
                add(row, &self.positions, place);
                if self.config.types > 0 {
                    let kind = text.types.get(at).map_or(0, |kind| *kind as usize);
                    // Models of one type have tokenizers that count two.
                    add(row, &self.types, if kind < self.config.types { kind } else { 0 });
                }
            }
        }
        Ok(())
    }
}

/// For each head what a table in buckets adds for a key that stands `FARTHEST` places before the query up to as many
/// behind it (T5's buckets, Raffel et al. 2020): half of them for either side, of which half are for one distance each
/// and the others for ranges that grow with the logarithm.
fn by_distance(table: &[f32], buckets: usize, heads: usize) -> Vec<f32> {
    let (side, exact) = (buckets / 2, buckets / 4);
    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "small positive numbers, in the precision that the model was trained with"
    )]
    let bucket = |away: usize| {
        if away < exact {
            return away;
        }
        let part = (away as f32 / exact as f32).ln() / (FARTHEST as f32 / exact as f32).ln();
        (exact + (part * (side - exact) as f32) as usize).min(side - 1)
    };
    let of = |head: usize, at: usize| {
        let (behind, away) = (at > FARTHEST, at.abs_diff(FARTHEST));
        table[(bucket(away) + if behind { side } else { 0 }) * heads + head]
    };
    (0..heads).flat_map(|head| (0..=2 * FARTHEST).map(move |at| (head, at))).map(|(head, at)| of(head, at)).collect()
}

/// Adds row `at` of a table, if there is one.
fn add(row: &mut [f32], table: &[f32], at: usize) {
    let from = at * row.len();
    if let Some(values) = table.get(from..from + row.len()) {
        row.iter_mut().zip(values).for_each(|(to, value)| *to += value);
    }
}

impl Norm {
    /// Older files call the weight gamma and the bias beta.
    fn open(weights: &Weights, name: &str, width: usize) -> Result<Self> {
        let either = |new: &str, old: &str| {
            let vector = |part: &str| Ok(weights.encoder(&format!("{name}.{part}"), &[width])?.floats());
            match vector(new) {
                Err(EngineError::Missing { .. }) if weights.encoder(&format!("{name}.{old}"), &[width]).is_ok() => {
                    vector(old)
                }
                found => found,
            }
        };
        Ok(Self { weight: either("weight", "gamma")?, bias: either("bias", "beta")? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What PyTorch computes for MPNet's 32 buckets: where each begins, on either side.
    #[test]
    fn distances_fall_into_the_buckets_of_the_training() {
        #[allow(clippy::cast_precision_loss, reason = "small")]
        let table: Vec<f32> = (0..32).map(|bucket| bucket as f32).collect();
        let found = by_distance(&table, 32, 1);
        for (away, bucket) in [
            (0, 0),
            (1, 1),
            (7, 7),
            (8, 8),
            (11, 8),
            (12, 9),
            (16, 10),
            (23, 11),
            (32, 12),
            (46, 13),
            (64, 14),
            (90, 14),
            (91, 15),
            (128, 15),
        ] {
            #[allow(clippy::cast_precision_loss, reason = "small")]
            let (before, behind) = (bucket as f32, if away == 0 { 0.0 } else { (bucket + 16) as f32 });
            assert_eq!((found[FARTHEST - away], found[FARTHEST + away]), (before, behind), "{away}");
        }
        assert_eq!(by_distance(&[table.clone(), table].concat(), 32, 2).len(), 2 * (2 * FARTHEST + 1));
    }
}
