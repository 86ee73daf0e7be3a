//! What a model computes, written plainly with candle's tensors. In f32 with dequantised weights it is the
//! measure that the fast decoders are tested against. With the weights as codes it is what runs on a graphics
//! processor, where candle has kernels of its own for them.
//!
//! It follows the same [`Plan`], which says what is computed, and shares nothing that says how. That the plans
//! themselves are right is tested against llama.cpp's logits.
//!
//! It can also round where the kernels round, and only there. What then still lies between it and a fast
//! decoder is no rounding that was decided on, but an error.

mod kept;
mod layers;
mod read;
mod rope;

use super::{
    Decoder, KvCache, Opening, Run, Shape, check_runs,
    plan::{Mixer, Plan},
};
use crate::{
    error::Result,
    gguf::{Gguf, Kind},
};
use candle_core::{DType, Device, IndexOp, Tensor};
use candle_nn::ops;
use kept::Layers;
use layers::Layer;
use read::{Keep, Linear, Reader};
use rope::Table;

/// Opens a decoder of any architecture.
pub fn open(file: &Gguf, opening: &mut Opening<'_>) -> Result<Box<dyn Decoder>> {
    Ok(Box::new(Reference::open(file, opening, &Device::Cpu, Keep::Plain, Rounding::None)?))
}

/// Opens a decoder of any architecture that candle computes on a device, with the weights as the file has them.
/// Products round as that device's kernels do, keys and values are in f32.
pub fn open_on(device: &Device, file: &Gguf, opening: &mut Opening<'_>) -> Result<Box<dyn Decoder>> {
    Ok(Box::new(Reference::open(file, opening, device, Keep::Coded, Rounding::None)?))
}

/// Opens a decoder that rounds what the kernels round: the inputs of products with
/// weights in codes to 8 bits, keys, values and the inputs of convolutions to half precision. The embeddings are
/// changed by a part of `nudge`: what comes of a change as small as sums in another order leave shows how far two
/// decoders without a fault may come apart.
pub fn open_rounded(file: &Gguf, opening: &mut Opening<'_>, nudge: f32) -> Result<Box<dyn Decoder>> {
    let mut reference = Reference::open(file, opening, &Device::Cpu, Keep::Plain, Rounding::AsKernels)?;
    let width = reference.plan.shape.width;
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

/// A decoder of candle's tensors.
struct Reference {
    plan: Plan,
    device: Device,
    embedding: Tensor,
    layers: Vec<Layer>,
    norm: Tensor,
    output: Linear,
    /// The rotations of layers that turn as the file says, and of those that turn locally.
    main: Table,
    local: Table,
    positions: usize,
    rounding: Rounding,
    /// What the embeddings are multiplied with.
    nudge: Option<Tensor>,
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

impl Reference {
    fn open(file: &Gguf, opening: &mut Opening<'_>, device: &Device, keep: Keep, rounding: Rounding) -> Result<Self> {
        let plan = super::plan(file)?;
        let (width, vocab) = (plan.shape.width, plan.shape.vocab);
        let mut read = Reader { file, device, keep, progress: opening.progress, done: 0 };
        let embedding = read.table("token_embd.weight", width, vocab)?;
        let layers = (0..plan.shape.layers).map(|at| Layer::read(&mut read, &plan, at)).collect::<Result<Vec<_>>>()?;
        let norm = read.tensor(plan.last_norm, &[width])?;
        let own = file.tensors().contains_key("output.weight");
        let output = if own { "output.weight" } else { "token_embd.weight" };
        let bias = read.optional("output.bias", &[vocab])?;
        let output = read.matrix(output, &[width, vocab], 0..vocab)?.with_bias(bias);
        let main = rope::main(&mut read, &plan, opening.positions)?;
        let local = rope::local(&plan, opening.positions, device)?;
        let (positions, device, nudge) = (opening.positions, device.clone(), None);
        Ok(Self { plan, device, embedding, layers, norm, output, main, local, positions, rounding, nudge })
    }

    fn normalise(&self, x: &Tensor, weight: Option<&Tensor>) -> candle_core::Result<Tensor> {
        match weight {
            Some(weight) => ops::rms_norm(&x.contiguous()?, weight, self.plan.shape.epsilon),
            None => Ok(x.clone()),
        }
    }

    /// The logits after the last `rows` tokens.
    fn logits(&self, tokens: &[u32], from: usize, kept: &Layers, rows: usize) -> candle_core::Result<Vec<f32>> {
        let scales = self.plan.scales;
        let ids = Tensor::new(tokens, &self.device)?;
        let mut x = (self.embedding.index_select(&ids, 0)?.to_dtype(DType::F32)? * f64::from(scales.embedding))?;
        if let Some(nudge) = &self.nudge {
            x = x.broadcast_mul(nudge)?;
        }
        for (at, (layer, kept)) in self.layers.iter().zip(&kept.0).enumerate() {
            let mixed = self.mix(at, layer, &self.normalise(&x, layer.norm.as_ref())?, from, kept)?;
            x = (x + (self.normalise(&mixed, layer.norm_after.as_ref())? * f64::from(scales.residual))?)?;
            let fed = self.feed(at, layer, &self.normalise(&x, layer.feed_norm.as_ref())?)?;
            x = (x + (self.normalise(&fed, layer.feed_norm_after.as_ref())? * f64::from(scales.residual))?)?;
        }
        if rows == 0 {
            return Ok(Vec::new());
        }
        let last = self.normalise(&x.i(tokens.len() - rows..)?, Some(&self.norm))?;
        let mut logits = (self.output.forward(&last, self.rounding)? * f64::from(scales.logits))?;
        if let Some(cap) = self.plan.logit_cap {
            logits = ((logits / f64::from(cap))?.tanh()? * f64::from(cap))?;
        }
        logits.flatten_all()?.to_vec1()
    }
}

impl Decoder for Reference {
    fn shape(&self) -> &Shape {
        &self.plan.shape
    }

    fn new_cache(&self, positions: usize) -> Result<KvCache> {
        let positions = positions.min(self.positions);
        let shape = &self.plan.shape;
        let empty = |heads, width| Tensor::zeros((heads, positions, width), DType::F32, &self.device);
        let kept = self.plan.mixers.iter().map(|mixer| match mixer {
            Mixer::Attention { .. } => {
                Ok(vec![empty(shape.kv_heads, shape.head_width)?, empty(shape.kv_heads, shape.head_width)?])
            }
            Mixer::Convolution => Ok(vec![empty(1, shape.width)?]),
        });
        Ok(KvCache::new(positions, Layers(kept.collect::<candle_core::Result<Vec<_>>>()?)))
    }

    fn forward(&mut self, runs: &mut [Run<'_>]) -> Result<Vec<Vec<f32>>> {
        check_runs(runs, self.plan.shape.vocab)?;
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
