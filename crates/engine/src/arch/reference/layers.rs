//! The parts of a layer, each from its formula.

use super::super::plan::{Gate, HeadNorms, Turn};
use super::{
    Mixer, Plan, Reference,
    read::{Linear, Reader},
    rope::Table,
};
use crate::error::Result;
use candle_core::{D, Device, Tensor};
use candle_nn::{ops, rotary_emb};
use kernels::{Pairs, Xielu};

pub(super) struct Layer {
    pub norm: Option<Tensor>,
    mixing: Mixing,
    out: Linear,
    pub norm_after: Option<Tensor>,
    pub feed_norm: Option<Tensor>,
    feed: Vec<Feed>,
    router: Option<Linear>,
    pub feed_norm_after: Option<Tensor>,
}

enum Mixing {
    Attention { query: Linear, key: Linear, value: Linear, query_norm: Option<Tensor>, key_norm: Option<Tensor> },
    Convolution { into: Linear, weights: Tensor },
}

struct Feed {
    gate: Option<Linear>,
    up: Linear,
    down: Linear,
}

impl Layer {
    pub fn read(read: &mut Reader<'_>, plan: &Plan, at: usize) -> Result<Self> {
        let name = |part: &str| format!("blk.{at}.{part}");
        let shape = &plan.shape;
        let width = shape.width;
        let mut norm = |wanted: bool, part: &str| -> Result<Option<Tensor>> {
            if wanted { read.tensor(&name(part), &[width]).map(Some) } else { Ok(None) }
        };
        let (before, after) = (plan.norms_before, plan.norms_after);
        let (first, feed_norm) = (norm(before, "attn_norm.weight")?, norm(before, "ffn_norm.weight")?);
        let norm_after = norm(after, "post_attention_norm.weight")?;
        let feed_norm_after = norm(after, "post_ffw_norm.weight")?;
        let (mixing, out) = match plan.mixers[at] {
            Mixer::Attention { .. } => (attention(read, plan, &name)?, {
                read.linear(&name("attn_output"), shape.heads * shape.head_width, width)?
            }),
            Mixer::Convolution => (
                Mixing::Convolution {
                    into: read.linear(&name("shortconv.in_proj"), width, 3 * width)?,
                    weights: read.tensor(&name("shortconv.conv.weight"), &[plan.taps, width])?,
                },
                read.linear(&name("shortconv.out_proj"), width, width)?,
            ),
        };
        let (router, feed) = if shape.experts > 0 {
            (Some(read.linear(&name("ffn_gate_inp"), width, shape.experts)?), experts(read, plan, &name)?)
        } else {
            (None, vec![feed(read, plan, &name)?])
        };
        Ok(Self { norm: first, mixing, out, norm_after, feed_norm, feed, router, feed_norm_after })
    }
}

fn attention(read: &mut Reader<'_>, plan: &Plan, name: &dyn Fn(&str) -> String) -> Result<Mixing> {
    let shape = &plan.shape;
    let (width, head) = (shape.width, shape.head_width);
    let (queries, keys) = (shape.heads * head, shape.kv_heads * head);
    let (query, key, value) = if read.file.tensors().contains_key(&name("attn_qkv.weight")) {
        let all = queries + 2 * keys;
        let mut part = |rows| read.part(&name("attn_qkv"), width, all, rows);
        (part(0..queries)?, part(queries..queries + keys)?, part(queries + keys..all)?)
    } else {
        let mut linear = |part: &str, to| read.linear(&name(part), width, to);
        (linear("attn_q", queries)?, linear("attn_k", keys)?, linear("attn_v", keys)?)
    };
    let mut norm = |part: &str, whole| -> Result<Option<Tensor>> {
        match plan.head_norms {
            HeadNorms::None => Ok(None),
            HeadNorms::Each => read.tensor(&name(part), &[head]).map(Some),
            HeadNorms::Whole => read.tensor(&name(part), &[whole]).map(Some),
        }
    };
    let (query_norm, key_norm) = (norm("attn_q_norm.weight", queries)?, norm("attn_k_norm.weight", keys)?);
    Ok(Mixing::Attention { query, key, value, query_norm, key_norm })
}

fn feed(read: &mut Reader<'_>, plan: &Plan, name: &dyn Fn(&str) -> String) -> Result<Feed> {
    let (width, inner) = (plan.shape.width, plan.shape.feed_forward);
    let down = read.linear(&name("ffn_down"), inner, width)?;
    match plan.gate {
        Gate::FusedSilu => {
            let mut part = |rows| read.part(&name("ffn_up"), width, 2 * inner, rows);
            Ok(Feed { gate: Some(part(0..inner)?), up: part(inner..2 * inner)?, down })
        }
        Gate::Silu | Gate::Gelu => {
            let gate = Some(read.linear(&name("ffn_gate"), width, inner)?);
            Ok(Feed { gate, up: read.linear(&name("ffn_up"), width, inner)?, down })
        }
        Gate::Xielu(_) => Ok(Feed { gate: None, up: read.linear(&name("ffn_up"), width, inner)?, down }),
    }
}

fn experts(read: &mut Reader<'_>, plan: &Plan, name: &dyn Fn(&str) -> String) -> Result<Vec<Feed>> {
    let (width, inner, count) = (plan.shape.width, plan.shape.feed_forward, plan.shape.experts);
    let mut all = |part: &str, from, to| -> Result<Vec<Linear>> {
        let name = format!("{}.weight", name(part));
        (0..count).map(|at| read.matrix(&name, &[from, to, count], at * to..(at + 1) * to)).collect()
    };
    let (gates, ups) = (all("ffn_gate_exps", width, inner)?, all("ffn_up_exps", width, inner)?);
    let downs = all("ffn_down_exps", inner, width)?;
    Ok(gates.into_iter().zip(ups).zip(downs).map(|((gate, up), down)| Feed { gate: Some(gate), up, down }).collect())
}

impl Reference {
    /// Attention or convolution of `x`, `[tokens, width]`, whose first token is at `from`.
    pub fn mix(
        &self,
        at: usize,
        layer: &Layer,
        x: &Tensor,
        from: usize,
        kept: &[Tensor],
    ) -> candle_core::Result<Tensor> {
        let mixed = match (&layer.mixing, self.plan.mixers[at], kept) {
            (
                Mixing::Attention { query, key, value, query_norm, key_norm },
                Mixer::Attention { window, turn },
                [keys, values],
            ) => {
                let shape = &self.plan.shape;
                let split = |x: &Tensor, linear: &Linear, norm: Option<&Tensor>, heads: usize| {
                    let x = linear.forward(x, self.rounding)?;
                    let whole = self.plan.head_norms == HeadNorms::Whole;
                    let x = if whole { self.normalise(&x, norm)? } else { x };
                    let x = x.reshape((x.dim(0)?, heads, shape.head_width))?;
                    let x = if whole { x } else { self.normalise(&x, norm)? };
                    x.transpose(0, 1)?.contiguous()
                };
                let query = self.turn(&split(x, query, query_norm.as_ref(), shape.heads)?, turn, from)?;
                let key = self.turn(&split(x, key, key_norm.as_ref(), shape.kv_heads)?, turn, from)?;
                let value = split(x, value, None, shape.kv_heads)?;
                keys.slice_set(&self.rounding.kept(&key)?.contiguous()?, 1, from)?;
                values.slice_set(&self.rounding.kept(&value)?.contiguous()?, 1, from)?;
                self.attend(&query, keys, values, from, window)?
            }
            (Mixing::Convolution { into, weights }, _, [inputs]) => {
                let width = self.plan.shape.width;
                let all = into.forward(x, self.rounding)?;
                let part = |at: usize| all.narrow(1, at * width, width);
                let input = (part(0)? * part(2)?)?;
                inputs.slice_set(&self.rounding.kept(&input)?.unsqueeze(0)?.contiguous()?, 1, from)?;
                (convolve(&inputs.get(0)?, weights, from, x.dim(0)?)? * part(1)?)?
            }
            _ => candle_core::bail!("layer {at} keeps what another kind of layer keeps"),
        };
        layer.out.forward(&mixed, self.rounding)
    }

    /// Rotates `[heads, tokens, head_width]`.
    fn turn(&self, x: &Tensor, turn: Turn, from: usize) -> candle_core::Result<Tensor> {
        let Table { cos, sin } = match turn {
            Turn::None => return Ok(x.clone()),
            Turn::Main => &self.main,
            Turn::Local => &self.local,
        };
        let (tokens, head, rope) = (x.dim(1)?, self.plan.shape.head_width, self.plan.shape.rope_width);
        let (cos, sin) = (cos.narrow(0, from, tokens)?, sin.narrow(0, from, tokens)?);
        let first = x.narrow(D::Minus1, 0, rope)?.unsqueeze(0)?.contiguous()?;
        let turned = match self.plan.pairs {
            Pairs::Neighbours => rotary_emb::rope_i(&first, &cos, &sin)?,
            Pairs::Halves => rotary_emb::rope(&first, &cos, &sin)?,
        };
        Tensor::cat(&[turned.squeeze(0)?, x.narrow(D::Minus1, rope, head - rope)?], D::Minus1)
    }

    /// What queries `[heads, tokens, head_width]` take from the values: `[tokens, heads * head_width]`.
    fn attend(
        &self,
        query: &Tensor,
        keys: &Tensor,
        values: &Tensor,
        from: usize,
        window: Option<usize>,
    ) -> candle_core::Result<Tensor> {
        let (heads, tokens, head) = query.dims3()?;
        let (groups, seen) = (self.plan.shape.kv_heads, from + tokens);
        let heat = |token| self.plan.heat.map_or(1.0, |heat| heat.at(from + token));
        let heat = Tensor::from_vec((0..tokens).map(heat).collect(), (1, tokens, 1), query.device())?;
        // All queries that share a key head go through one matmul.
        let query = query.broadcast_mul(&heat)?.reshape((groups, heads / groups * tokens, head))?;
        let (keys, values) = (keys.narrow(1, 0, seen)?.contiguous()?, values.narrow(1, 0, seen)?.contiguous()?);
        let mut scores = (query.matmul(&keys.transpose(1, 2)?.contiguous()?)? * f64::from(self.plan.scales.attention))?;
        if let Some(cap) = self.plan.attention_cap {
            scores = ((scores / f64::from(cap))?.tanh()? * f64::from(cap))?;
        }
        let scores =
            scores.reshape((heads, tokens, seen))?.broadcast_add(&mask(tokens, from, window, query.device())?)?;
        let weights = ops::softmax_last_dim(&scores)?.reshape((groups, heads / groups * tokens, seen))?;
        let mixed = weights.matmul(&values)?.reshape((heads, tokens, head))?;
        mixed.transpose(0, 1)?.reshape((tokens, heads * head))
    }

    /// The feed-forward part of `x`, `[tokens, width]`.
    pub fn feed(&self, at: usize, layer: &Layer, x: &Tensor) -> candle_core::Result<Tensor> {
        let Some(router) = &layer.router else { return self.feed_through(at, &layer.feed[0], x) };
        let shares = ops::softmax_last_dim(&router.forward(x, self.rounding)?)?.to_vec2::<f32>()?;
        let mut rows = Vec::new();
        for (token, shares) in shares.iter().enumerate() {
            let row = x.narrow(0, token, 1)?;
            let mut order: Vec<usize> = (0..shares.len()).collect();
            order.sort_by(|a, b| shares[*b].total_cmp(&shares[*a]));
            order.truncate(self.plan.shape.experts_used);
            let total: f32 = order.iter().map(|expert| shares[*expert]).sum();
            let mut sum = row.zeros_like()?;
            for expert in order {
                let fed = self.feed_through(at, &layer.feed[expert], &row)?;
                sum = (sum + (fed * f64::from(shares[expert] / total))?)?;
            }
            rows.push(sum);
        }
        Tensor::cat(&rows, 0)
    }

    fn feed_through(&self, at: usize, feed: &Feed, x: &Tensor) -> candle_core::Result<Tensor> {
        let up = feed.up.forward(x, self.rounding)?;
        let gate = feed.gate.as_ref().map(|gate| gate.forward(x, self.rounding)).transpose()?;
        let inner = match (&self.plan.gate, gate) {
            (Gate::Silu | Gate::FusedSilu, Some(gate)) => (ops::silu(&gate)? * up)?,
            // candle's `gelu` is the approximation by tanh.
            (Gate::Gelu, Some(gate)) => (gate.gelu()? * up)?,
            (Gate::Xielu(numbers), None) => xielu(&up, numbers[at])?,
            (Gate::Silu | Gate::FusedSilu | Gate::Gelu, None) | (Gate::Xielu(_), Some(_)) => {
                candle_core::bail!("layer {at} has another gate than its plan")
            }
        };
        feed.down.forward(&inner, self.rounding)
    }
}

fn xielu(x: &Tensor, numbers: Xielu) -> candle_core::Result<Tensor> {
    let Xielu { square, tail, line, edge } = numbers;
    let bend = |x: f32| {
        let bent = if x > 0.0 { square * x * x } else { tail * (x.min(edge).exp_m1() - x) };
        bent + line * x
    };
    let values: Vec<f32> = x.flatten_all()?.to_vec1::<f32>()?.into_iter().map(bend).collect();
    Tensor::from_vec(values, x.shape(), x.device())
}

/// The convolution of the inputs `[positions, width]` with weights `[width, taps]` at `tokens` positions from `from`.
fn convolve(inputs: &Tensor, weights: &Tensor, from: usize, tokens: usize) -> candle_core::Result<Tensor> {
    let taps = weights.dim(1)?;
    let mut rows = Vec::new();
    for position in from..from + tokens {
        let mut sum = inputs.get(0)?.zeros_like()?;
        for back in 0..taps.min(position + 1) {
            let weight = weights.narrow(1, taps - 1 - back, 1)?.squeeze(1)?;
            sum = (sum + (inputs.get(position - back)? * weight)?)?;
        }
        rows.push(sum);
    }
    Tensor::stack(&rows, 0)
}

/// 0 where a token may look, -inf elsewhere: `[tokens, from + tokens]`.
fn mask(tokens: usize, from: usize, window: Option<usize>, device: &Device) -> candle_core::Result<Tensor> {
    let sees = |query: usize, key: usize| key <= query && window.is_none_or(|window| query - key < window);
    let row =
        |token: usize| (0..from + tokens).map(move |key| if sees(from + token, key) { 0.0 } else { f32::NEG_INFINITY });
    let values: Vec<f32> = (0..tokens).flat_map(row).collect();
    Tensor::from_vec(values, (tokens, from + tokens), device)
}
