//! What does ModernBERT compute (Warner et al. 2024)? Norms before each part instead of behind it, positions by rotating
//! queries and keys (Su et al. 2021), gates in the two-layer network, no biases, and two layers of three that see only
//! what is near.

use super::{
    config::Config,
    network::{Linear, Room},
    tokens::Tokens,
    weights::Weights,
};
use crate::error::{EngineError, Result};
use kernels::{Arena, Cpu, Curve, Distances, Precision};

const WORDS: &str = "embeddings.tok_embeddings.weight";

struct Layer {
    /// The first layer has none: its input was normed as it was embedded.
    before: Option<Vec<f32>>,
    attention: Linear,
    attended: Linear,
    norm: Vec<f32>,
    /// The values, and behind them their gates.
    up: Linear,
    down: Linear,
    whole: bool,
}

/// The encoder's weights.
pub(crate) struct Modern {
    config: Config,
    weights: Weights,
    norm: Vec<f32>,
    layers: Vec<Layer>,
    last: Vec<f32>,
    /// Norms have no bias here.
    zero: Vec<f32>,
    /// What is added to the scores of a layer that sees what is near.
    near: Vec<f32>,
}

impl Modern {
    /// Reads, checks and packs the weights.
    pub(crate) fn open(config: Config, weights: Weights, kept: Precision, arena: &mut Arena) -> Result<Self> {
        let (width, inner) = (config.width, config.inner);
        weights.encoder(WORDS, &[config.vocab, width])?;
        let norm = |name: &str| Ok::<_, EngineError>(weights.encoder(&format!("{name}.weight"), &[width])?.floats());
        let mut layers = Vec::new();
        for number in 0..config.layers {
            let name = |part: &str| format!("layers.{number}.{part}");
            let mut linear = |part: &str, outputs: usize, inputs: usize| {
                let weight = weights.encoder(&name(&format!("{part}.weight")), &[outputs, inputs])?;
                Linear::without_bias(weight, inputs, kept, arena)
            };
            layers.push(Layer {
                before: (number > 0).then(|| norm(&name("attn_norm"))).transpose()?,
                attention: linear("attn.Wqkv", 3 * width, width)?,
                attended: linear("attn.Wo", width, width)?,
                norm: norm(&name("mlp_norm"))?,
                up: linear("mlp.Wi", 2 * inner, width)?,
                down: linear("mlp.Wo", width, inner)?,
                whole: number % config.windows.whole == 0,
            });
        }
        let reach = config.windows.reach;
        // One place further than it sees, and whatever lies beyond that.
        let near = (0..2 * reach + 3).map(|at| if at == 0 || at == 2 * reach + 2 { f32::MIN } else { 0.0 }).collect();
        let (first, last) = (norm("embeddings.norm")?, norm("final_norm")?);
        let zero = vec![0.0; width];
        Ok(Self { config, weights, norm: first, layers, last, zero, near })
    }

    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    pub(crate) fn weights(&self) -> &Weights {
        &self.weights
    }

    /// Computes the state of each token of each text into `room.states`, text after text.
    pub(crate) fn forward(&self, cpu: &Cpu, texts: &[&Tokens], room: &mut Room) -> Result<()> {
        let Config { width, heads, epsilon, curve, inner, windows, .. } = self.config;
        let lengths: Vec<usize> = texts.iter().map(|text| text.ids.len()).collect();
        let longest = lengths.iter().copied().max().unwrap_or(0);
        let turns = [windows.bases.0, windows.bases.1].map(|base| turns(base, longest, width / heads));
        self.embed(texts, &mut room.states)?;
        cpu.layer_norm(&mut room.states, &self.norm, &self.zero, epsilon);
        let mut normed = Vec::new();
        for layer in &self.layers {
            normed.clone_from(&room.states);
            if let Some(before) = &layer.before {
                cpu.layer_norm(&mut normed, before, &self.zero, epsilon);
            }
            layer.attention.apply(cpu, &normed, Curve::Straight, None, &mut room.wide);
            rotate(&mut room.wide, width, heads, &lengths, &turns[usize::from(!layer.whole)]);
            room.seen.resize(room.states.len(), 0.0);
            if layer.whole {
                cpu.attend_whole(&room.wide, heads, &lengths, &mut room.seen);
            } else {
                let distances = Distances { values: &self.near, reach: windows.reach + 1 };
                cpu.attend_near(&room.wide, heads, &lengths, distances, &mut room.seen);
            }
            layer.attended.apply(cpu, &room.seen, Curve::Straight, Some(&room.states), &mut room.sum);
            normed.clone_from(&room.sum);
            cpu.layer_norm(&mut normed, &layer.norm, &self.zero, epsilon);
            layer.up.apply(cpu, &normed, Curve::Straight, None, &mut room.wide);
            room.seen.resize(room.wide.len() / 2, 0.0);
            for (out, both) in room.seen.chunks_exact_mut(inner).zip(room.wide.chunks_exact_mut(2 * inner)) {
                let (values, gates) = both.split_at_mut(inner);
                cpu.bend(curve, values);
                out.iter_mut().zip(values).zip(gates).for_each(|((out, value), gate)| *out = *value * *gate);
            }
            layer.down.apply(cpu, &room.seen, Curve::Straight, Some(&room.sum), &mut room.states);
        }
        cpu.layer_norm(&mut room.states, &self.last, &self.zero, epsilon);
        Ok(())
    }

    fn embed(&self, texts: &[&Tokens], out: &mut Vec<f32>) -> Result<()> {
        let Config { width, vocab, .. } = self.config;
        let words = self.weights.again(WORDS, &[vocab, width])?;
        out.clear();
        out.resize(texts.iter().map(|text| text.ids.len()).sum::<usize>() * width, 0.0);
        let ids = texts.iter().flat_map(|text| &text.ids);
        ids.zip(out.chunks_exact_mut(width)).for_each(|(id, row)| words.row(*id as usize, width).add_to(row));
        Ok(())
    }
}

/// Cosine and sine of each angle by which the pairs of a head are turned, place after place.
fn turns(base: f32, places: usize, size: usize) -> Vec<(f32, f32)> {
    #[allow(clippy::cast_precision_loss, reason = "places and pairs are few")]
    let angle = |place: usize, pair: usize| place as f32 / base.powf(2.0 * pair as f32 / size as f32);
    let each = |place| (0..size / 2).map(move |pair| angle(place, pair));
    (0..places).flat_map(each).map(|angle| (angle.cos(), angle.sin())).collect()
}

/// Turns queries and keys, of which a head's first half is paired with its second.
fn rotate(wide: &mut [f32], width: usize, heads: usize, lengths: &[usize], turns: &[(f32, f32)]) {
    let half = width / heads / 2;
    let places = lengths.iter().flat_map(|length| 0..*length);
    for (row, place) in wide.chunks_exact_mut(3 * width).zip(places) {
        for head in row[..2 * width].chunks_exact_mut(2 * half) {
            let (first, second) = head.split_at_mut(half);
            for ((a, b), (cos, sin)) in first.iter_mut().zip(second).zip(&turns[place * half..]) {
                (*a, *b) = (*a * cos - *b * sin, *b * cos + *a * sin);
            }
        }
    }
}
