//! What a model computes, written plainly: candle tensors in f32, weights dequantised. It is the
//! measure that the fast decoders are tested against, and runs wherever candle runs.
//!
//! It can also round where the kernels round, and only there. What then still lies between it and a fast
//! decoder is no rounding that was decided on, but an error.

use super::{Decoder, Kept, KvCache, Opening, Run, Shape, check_runs};
use crate::{
    error::{EngineError, Result},
    gguf::{Gguf, Kind},
};
use candle_core::{D, DType, Device, IndexOp, Tensor, quantized};
use candle_nn::{ops, rotary_emb};
use std::{
    borrow::Cow,
    io::{Read, Write},
};

/// Opens a decoder of the Llama family.
pub fn open(file: &Gguf, opening: &mut Opening<'_>) -> Result<Box<dyn Decoder>> {
    Ok(Box::new(Reference::open(file, opening, Rounding::None)?))
}

/// Opens a decoder of the Llama family that rounds what the kernels round: the inputs of products with
/// weights in codes to 8 bits, keys and values to half precision. The embeddings are changed by a part of
/// `nudge`: what comes of a change as small as sums in another order leave shows how far two decoders
/// without a fault may come apart.
pub fn open_rounded(file: &Gguf, opening: &mut Opening<'_>, nudge: f32) -> Result<Box<dyn Decoder>> {
    let mut reference = Reference::open(file, opening, Rounding::AsKernels)?;
    let width = reference.shape.width;
    let sides: Vec<f32> = (0..width).map(|i| if i % 2 == 0 { 1.0 + nudge } else { 1.0 - nudge }).collect();
    reference.nudge = Some(Tensor::from_vec(sides, width, &Device::Cpu)?);
    Ok(Box::new(reference))
}

/// What is rounded on the way.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rounding {
    None,
    AsKernels,
}

/// A Llama-family decoder in f32.
pub struct Reference {
    shape: Shape,
    embedding: Tensor,
    layers: Vec<Layer>,
    norm: Tensor,
    output: Tensor,
    /// Rotation in neighbouring pairs (Llama's files) or in halves.
    pairs: bool,
    cos: Tensor,
    sin: Tensor,
    rounding: Rounding,
    /// What the embeddings are multiplied with.
    nudge: Option<Tensor>,
    /// Whether the weights of the output are codes.
    output_coded: bool,
}

struct Layer {
    attention_norm: Tensor,
    query: Linear,
    key: Linear,
    value: Linear,
    out: Linear,
    query_norm: Option<Tensor>,
    key_norm: Option<Tensor>,
    ffn_norm: Tensor,
    gate: Linear,
    up: Linear,
    down: Linear,
}

struct Linear {
    weight: Tensor,
    bias: Option<Tensor>,
    /// Whether the weights are codes in the file.
    coded: bool,
}

impl Rounding {
    /// The input of a product, as the kernels have it.
    fn input(self, x: &Tensor, coded: bool) -> candle_core::Result<Tensor> {
        if self == Self::None || !coded {
            return x.contiguous();
        }
        let mut values = x.flatten_all()?.to_vec1::<f32>()?;
        for block in values.chunks_mut(32) {
            let largest = block.iter().fold(0f32, |largest, value| largest.max(value.abs()));
            let inverse = if largest > 0.0 { 127.0 / largest } else { 0.0 };
            block.iter_mut().for_each(|value| *value = (*value * inverse).round_ties_even() * (largest / 127.0));
        }
        Tensor::from_vec(values, x.shape(), x.device())
    }

    /// Keys or values, as the kernels keep them.
    fn kept(self, x: &Tensor) -> candle_core::Result<Tensor> {
        match self {
            Self::None => Ok(x.clone()),
            // Beyond the largest half-precision number they are cut to it.
            Self::AsKernels => x.clamp(-65504f32, 65504f32)?.to_dtype(DType::F16)?.to_dtype(DType::F32),
        }
    }
}

impl Linear {
    fn forward(&self, x: &Tensor, rounding: Rounding) -> candle_core::Result<Tensor> {
        let y = rounding.input(x, self.coded)?.matmul(&self.weight.t()?)?;
        match &self.bias {
            Some(bias) => y.broadcast_add(bias),
            None => Ok(y),
        }
    }
}

/// One layer's keys and values: `[kv_heads, positions, head_width]` each.
struct Layers(Vec<(Tensor, Tensor)>);

impl Reference {
    fn open(file: &Gguf, opening: &mut Opening<'_>, rounding: Rounding) -> Result<Self> {
        let shape = Shape::read(file)?;
        let (width, head) = (shape.width, shape.head_width);
        let (queries, keys) = (shape.heads * head, shape.kv_heads * head);
        let mut read = Reader { file, progress: opening.progress, done: 0 };
        let embedding = read.tensor("token_embd.weight", &[width, shape.vocab])?;
        let layers = (0..shape.layers)
            .map(|i| {
                let name = |part: &str| format!("blk.{i}.{part}");
                Ok(Layer {
                    attention_norm: read.tensor(&name("attn_norm.weight"), &[width])?,
                    query: read.linear(&name("attn_q"), width, queries)?,
                    key: read.linear(&name("attn_k"), width, keys)?,
                    value: read.linear(&name("attn_v"), width, keys)?,
                    out: read.linear(&name("attn_output"), queries, width)?,
                    query_norm: read.optional(&name("attn_q_norm.weight"), &[head])?,
                    key_norm: read.optional(&name("attn_k_norm.weight"), &[head])?,
                    ffn_norm: read.tensor(&name("ffn_norm.weight"), &[width])?,
                    gate: read.linear(&name("ffn_gate"), width, shape.feed_forward)?,
                    up: read.linear(&name("ffn_up"), width, shape.feed_forward)?,
                    down: read.linear(&name("ffn_down"), shape.feed_forward, width)?,
                })
            })
            .collect::<Result<Vec<_>>>()?;
        let norm = read.tensor("output_norm.weight", &[width])?;
        let output = read.optional("output.weight", &[width, shape.vocab])?;
        let output_coded = coded(file, if output.is_some() { "output.weight" } else { "token_embd.weight" })?;
        let output = output.unwrap_or_else(|| embedding.clone());
        let factors = read.optional("rope_freqs.weight", &[shape.rope_width / 2])?;
        let (cos, sin) = rotations(file, &shape, factors.as_ref(), opening.positions)?;
        let pairs = shape.architecture == "llama";
        Ok(Self { shape, embedding, layers, norm, output, pairs, cos, sin, rounding, nudge: None, output_coded })
    }

    fn rotate(&self, x: &Tensor, from: usize) -> candle_core::Result<Tensor> {
        let tokens = x.dim(2)?;
        let (cos, sin) = (self.cos.narrow(0, from, tokens)?, self.sin.narrow(0, from, tokens)?);
        let turn = |x: &Tensor| {
            if self.pairs { rotary_emb::rope_i(x, &cos, &sin) } else { rotary_emb::rope(x, &cos, &sin) }
        };
        let rope = self.shape.rope_width;
        if rope == self.shape.head_width {
            return turn(&x.contiguous()?);
        }
        let turned = turn(&x.narrow(D::Minus1, 0, rope)?.contiguous()?)?;
        Tensor::cat(&[turned, x.narrow(D::Minus1, rope, self.shape.head_width - rope)?], D::Minus1)
    }

    fn attend(&self, layer: &Layer, x: &Tensor, from: usize, kept: &(Tensor, Tensor)) -> candle_core::Result<Tensor> {
        let (heads, groups, head) = (self.shape.heads, self.shape.kv_heads, self.shape.head_width);
        let tokens = x.dim(0)?;
        let split = |x: Tensor, heads: usize| x.reshape((1, tokens, heads, head))?.transpose(1, 2)?.contiguous();
        let mut query = split(layer.query.forward(x, self.rounding)?, heads)?;
        let mut key = split(layer.key.forward(x, self.rounding)?, groups)?;
        let value = split(layer.value.forward(x, self.rounding)?, groups)?;
        if let Some(norm) = &layer.query_norm {
            query = self.normalise(&query, norm)?;
        }
        if let Some(norm) = &layer.key_norm {
            key = self.normalise(&key, norm)?;
        }
        let (query, key) = (self.rotate(&query, from)?, self.rotate(&key, from)?);
        kept.0.slice_set(&self.rounding.kept(&key.squeeze(0)?)?.contiguous()?, 1, from)?;
        kept.1.slice_set(&self.rounding.kept(&value.squeeze(0)?)?.contiguous()?, 1, from)?;

        let seen = from + tokens;
        let shared = heads / groups;
        // All queries that share a key head go through one matmul.
        let query = query.reshape((groups, shared * tokens, head))?;
        let keys = kept.0.narrow(1, 0, seen)?.contiguous()?;
        let values = kept.1.narrow(1, 0, seen)?.contiguous()?;
        #[allow(clippy::cast_precision_loss, reason = "a head is at most 4096 wide")]
        let scale = 1.0 / (head as f64).sqrt();
        let scores = (query.matmul(&keys.transpose(1, 2)?)? * scale)?.reshape((heads, tokens, seen))?;
        let scores = if tokens > 1 { scores.broadcast_add(&mask(tokens, from, x.device())?)? } else { scores };
        let weights = ops::softmax_last_dim(&scores)?.reshape((groups, shared * tokens, seen))?;
        let mixed = weights.matmul(&values)?.reshape((heads, tokens, head))?;
        layer.out.forward(&mixed.transpose(0, 1)?.reshape((tokens, heads * head))?, self.rounding)
    }

    fn normalise(&self, x: &Tensor, weight: &Tensor) -> candle_core::Result<Tensor> {
        ops::rms_norm(&x.contiguous()?, weight, self.shape.epsilon)
    }

    /// The logits after the last `rows` tokens.
    fn logits(&self, tokens: &[u32], from: usize, kept: &Layers, rows: usize) -> candle_core::Result<Vec<f32>> {
        let ids = Tensor::new(tokens, &Device::Cpu)?;
        let mut x = self.embedding.index_select(&ids, 0)?;
        if let Some(nudge) = &self.nudge {
            x = x.broadcast_mul(nudge)?;
        }
        for (layer, kept) in self.layers.iter().zip(&kept.0) {
            let attended = self.attend(layer, &self.normalise(&x, &layer.attention_norm)?, from, kept)?;
            x = (x + attended)?;
            let h = self.normalise(&x, &layer.ffn_norm)?;
            let gate = layer.gate.forward(&h, self.rounding)?;
            let inner = (ops::silu(&gate)? * layer.up.forward(&h, self.rounding)?)?;
            x = (x + layer.down.forward(&inner, self.rounding)?)?;
        }
        if rows == 0 {
            return Ok(Vec::new());
        }
        let last = self.normalise(&x.i(tokens.len() - rows..)?, &self.norm)?;
        self.rounding.input(&last, self.output_coded)?.matmul(&self.output.t()?)?.flatten_all()?.to_vec1()
    }
}

impl Decoder for Reference {
    fn shape(&self) -> &Shape {
        &self.shape
    }

    fn new_cache(&self, positions: usize) -> Result<KvCache> {
        let positions = positions.min(self.cos.dim(0)?);
        let size = (self.shape.kv_heads, positions, self.shape.head_width);
        let empty = || Tensor::zeros(size, DType::F32, &Device::Cpu);
        let kept = self.layers.iter().map(|_| Ok((empty()?, empty()?))).collect::<candle_core::Result<Vec<_>>>()?;
        Ok(KvCache::new(positions, Layers(kept)))
    }

    fn forward(&mut self, runs: &mut [Run<'_>]) -> Result<Vec<Vec<f32>>> {
        check_runs(runs, self.shape.vocab)?;
        let mut logits = Vec::new();
        for run in runs.iter_mut() {
            let (from, rows) = (run.cache.len(), run.wanted.rows(run.tokens.len()));
            let kept = run.cache.store::<Layers>(run.tokens.len())?;
            logits.push(self.logits(run.tokens, from, kept, rows)?);
        }
        runs.iter_mut().for_each(|run| run.cache.advance(run.tokens.len()));
        Ok(logits)
    }
}

impl Layers {
    fn tensors(&self) -> impl Iterator<Item = &Tensor> {
        self.0.iter().flat_map(|(keys, values)| [keys, values])
    }
}

impl Kept for Layers {
    fn fork(&self, _positions: usize) -> Result<Box<dyn Kept>> {
        // Tensors are written in place: each text needs its own.
        let own = self.0.iter().map(|(keys, values)| Ok((keys.copy()?, values.copy()?)));
        Ok(Box::new(Self(own.collect::<candle_core::Result<Vec<_>>>()?)))
    }

    fn pieces(&self) -> Vec<usize> {
        vec![self.0.as_ptr().addr()]
    }

    fn shrink(&mut self, _positions: usize) {}

    fn save(&self, positions: usize, to: &mut dyn Write) -> std::io::Result<()> {
        for tensor in self.tensors() {
            let values = tensor.narrow(1, 0, positions).and_then(|part| part.flatten_all()?.to_vec1::<f32>());
            for value in values.map_err(std::io::Error::other)? {
                to.write_all(&value.to_le_bytes())?;
            }
        }
        Ok(())
    }

    fn restore(&mut self, positions: usize, from: &mut dyn Read) -> Result<()> {
        for tensor in self.tensors() {
            let (heads, _, width) = tensor.dims3()?;
            let mut bytes = vec![0; heads * positions * width * size_of::<f32>()];
            from.read_exact(&mut bytes).map_err(|error| EngineError::Compute(error.to_string()))?;
            let values: Vec<f32> = bytes.as_chunks().0.iter().map(|four| f32::from_le_bytes(*four)).collect();
            tensor.slice_set(&Tensor::from_vec(values, (heads, positions, width), tensor.device())?, 1, 0)?;
        }
        Ok(())
    }
}

/// 0 where a token may look, -inf at what comes after it: `[tokens, from + tokens]`.
fn mask(tokens: usize, from: usize, device: &Device) -> candle_core::Result<Tensor> {
    let seen = from + tokens;
    let values: Vec<f32> =
        (0..tokens).flat_map(|t| (0..seen).map(move |s| if s <= from + t { 0.0 } else { f32::NEG_INFINITY })).collect();
    Tensor::from_vec(values, (tokens, seen), device)
}

/// The rotations for each position: cosines and sines, `[positions, rope_width / 2]`.
fn rotations(file: &Gguf, shape: &Shape, factors: Option<&Tensor>, positions: usize) -> Result<(Tensor, Tensor)> {
    let key = |name: &str| format!("{}.rope.scaling.{name}", shape.architecture);
    let stretch = match file.text(&key("type")) {
        None | Some("none") => 1.0,
        Some("linear") => f64::from(file.fraction(&key("factor")).unwrap_or(1.0)),
        Some(other) => return Err(file.unsupported(format!("'{other}' rope scaling"))),
    };
    if !stretch.is_finite() || stretch <= 0.0 {
        return Err(file.malformed(format!("its rope scaling factor is {stretch}")));
    }
    let half = shape.rope_width / 2;
    let factors = factors.map(Tensor::to_vec1::<f32>).transpose()?.unwrap_or_else(|| vec![1.0; half]);
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "f64 on the way to f32")]
    let table = |f: fn(f64) -> f64| -> Vec<f32> {
        let rope = shape.rope_width as f64;
        (0..positions)
            .flat_map(|p| {
                factors.iter().enumerate().map(move |(i, factor)| {
                    let frequency = f64::from(shape.rope_base).powf(-2.0 * i as f64 / rope) / f64::from(*factor);
                    f(p as f64 / stretch * frequency) as f32
                })
            })
            .collect()
    };
    let size = (positions, half);
    Ok((Tensor::from_vec(table(f64::cos), size, &Device::Cpu)?, Tensor::from_vec(table(f64::sin), size, &Device::Cpu)?))
}

/// Whether a tensor's numbers are codes and not plain numbers.
fn coded(file: &Gguf, name: &str) -> Result<bool> {
    Ok(!matches!(file.tensor(name)?.kind, Kind::F32 | Kind::F16 | Kind::BF16))
}

/// Dequantises tensors and tells how far it is.
struct Reader<'a> {
    file: &'a Gguf,
    progress: &'a mut dyn FnMut(u64, u64),
    done: u64,
}

impl Reader<'_> {
    fn tensor(&mut self, name: &str, dims: &[usize]) -> Result<Tensor> {
        let info = self.file.tensor_of(name, dims)?;
        let bytes = Cow::Borrowed(self.file.bytes(info));
        let shape: Vec<usize> = dims.iter().rev().copied().collect();
        let storage = quantized::QStorage::from_data(bytes, &Device::Cpu, info.kind.candle())?;
        let tensor = quantized::QTensor::new(storage, shape)?.dequantize(&Device::Cpu)?;
        self.done += info.bytes as u64;
        (self.progress)(self.done, self.file.file_bytes() as u64);
        Ok(tensor)
    }

    fn optional(&mut self, name: &str, dims: &[usize]) -> Result<Option<Tensor>> {
        if self.file.tensors().contains_key(name) { self.tensor(name, dims).map(Some) } else { Ok(None) }
    }

    fn linear(&mut self, name: &str, from: usize, to: usize) -> Result<Linear> {
        let weight = self.tensor(&format!("{name}.weight"), &[from, to])?;
        let coded = coded(self.file, &format!("{name}.weight"))?;
        Ok(Linear { weight, bias: self.optional(&format!("{name}.bias"), &[to])?, coded })
    }
}
