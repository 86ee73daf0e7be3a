//! Which tensors does a plan ask for? The one place that names them, for loading and for checking a file.

use super::{
    plan::{Gate, HeadNorms, Mixer, Plan, Turn},
    weights::{check_matrix, read_numbers},
};
use crate::{error::Result, gguf::Gguf};
use kernels::ShortConv;
use std::{collections::BTreeSet, ops::Range};

/// Reads tensors, or only looks whether they can be read.
pub(super) trait Reader {
    /// What becomes of a matrix.
    type Matrix;

    fn file(&self) -> &Gguf;

    /// Some rows of a matrix of these dimensions, inputs first.
    fn rows(&mut self, name: &str, dims: &[usize], rows: Range<usize>) -> Result<Self::Matrix>;

    /// Plain numbers.
    fn vector(&mut self, name: &str, dims: &[usize]) -> Result<Vec<f32>>;

    fn has(&self, name: &str) -> bool {
        self.file().tensors().contains_key(name)
    }

    /// A matrix from `from` inputs to `to` outputs.
    fn matrix(&mut self, name: &str, from: usize, to: usize) -> Result<Self::Matrix> {
        self.rows(name, &[from, to], 0..to)
    }

    fn optional_vector(&mut self, name: &str, length: usize) -> Result<Option<Vec<f32>>> {
        if self.has(name) { self.vector(name, &[length]).map(Some) } else { Ok(None) }
    }

    /// The matrix `NAME.weight` with `NAME.bias` if the file has it.
    fn linear(&mut self, name: &str, from: usize, to: usize) -> Result<Linear<Self::Matrix>> {
        let matrix = self.matrix(&format!("{name}.weight"), from, to)?;
        Ok(Linear { matrix, bias: self.optional_vector(&format!("{name}.bias"), to)? })
    }

    /// Matrices that lie one after the other in `NAME.weight`, `parts` outputs each.
    fn fused<const N: usize>(
        &mut self,
        name: &str,
        from: usize,
        parts: [usize; N],
    ) -> Result<[Linear<Self::Matrix>; N]> {
        let to = parts.iter().sum();
        let bias = self.optional_vector(&format!("{name}.bias"), to)?;
        let mut linears = Vec::with_capacity(N);
        let mut start = 0;
        for part in parts {
            let rows = start..start + part;
            let matrix = self.rows(&format!("{name}.weight"), &[from, to], rows.clone())?;
            linears.push(Linear { matrix, bias: bias.as_ref().map(|bias| bias[rows].to_vec()) });
            start += part;
        }
        let wrong = || self.file().malformed(format!("{name} has parts that cannot be"));
        linears.try_into().map_err(|_| wrong())
    }
}

/// A matrix and the bias that some models add to its outputs.
pub(super) struct Linear<M> {
    pub matrix: M,
    pub bias: Option<Vec<f32>>,
}

/// A model's tensors.
pub(super) struct Model<M> {
    pub embedding: M,
    pub layers: Vec<Layer<M>>,
    pub norm: Vec<f32>,
    /// None where the embedding is also the output.
    pub output: Option<M>,
    pub output_bias: Option<Vec<f32>>,
}

pub(super) struct Layer<M> {
    pub norm: Option<Vec<f32>>,
    pub mixing: Mixing<M>,
    pub norm_after: Option<Vec<f32>>,
    pub feed_norm: Option<Vec<f32>>,
    pub feed: Feed<M>,
    pub feed_norm_after: Option<Vec<f32>>,
}

pub(super) enum Mixing<M> {
    Attention(Box<Heads<M>>),
    Convolution(Box<Conv<M>>),
}

pub(super) struct Heads<M> {
    /// As in the plan's [`Mixer::Attention`].
    pub window: Option<usize>,
    pub turn: Turn,
    pub query: Linear<M>,
    pub key: Linear<M>,
    pub value: Linear<M>,
    pub out: Linear<M>,
    pub query_norm: Option<Vec<f32>>,
    pub key_norm: Option<Vec<f32>>,
}

/// A convolution between two gates.
pub(super) struct Conv<M> {
    /// The gate before, the gate behind and the value.
    pub into: [Linear<M>; 3],
    pub conv: ShortConv,
    pub out: Linear<M>,
}

pub(super) enum Feed<M> {
    One(Box<Expert<M>>),
    Routed { router: M, experts: Vec<Expert<M>> },
}

/// A feed-forward part.
pub(super) struct Expert<M> {
    pub gate: Option<Linear<M>>,
    pub up: Linear<M>,
    pub down: Linear<M>,
}

impl<M> Model<M> {
    /// Reads all tensors of a model.
    pub fn read<R: Reader<Matrix = M>>(reader: &mut R, plan: &Plan) -> Result<Self> {
        let (width, vocab) = (plan.shape.width, plan.shape.vocab);
        let embedding = reader.matrix("token_embd.weight", width, vocab)?;
        let layers = (0..plan.shape.layers).map(|at| Layer::read(reader, plan, at)).collect::<Result<_>>()?;
        let norm = reader.vector(plan.last_norm, &[width])?;
        let output =
            if reader.has("output.weight") { Some(reader.matrix("output.weight", width, vocab)?) } else { None };
        Ok(Self { embedding, layers, norm, output, output_bias: reader.optional_vector("output.bias", vocab)? })
    }
}

impl<M> Layer<M> {
    fn read<R: Reader<Matrix = M>>(reader: &mut R, plan: &Plan, at: usize) -> Result<Self> {
        let name = |part: &str| format!("blk.{at}.{part}");
        let width = plan.shape.width;
        let norm = |reader: &mut R, wanted: bool, part: &str| {
            if wanted { reader.vector(&name(&format!("{part}.weight")), &[width]).map(Some) } else { Ok(None) }
        };
        Ok(Self {
            norm: norm(reader, plan.norms_before, "attn_norm")?,
            mixing: match plan.mixers[at] {
                Mixer::Attention { window, turn } => {
                    Mixing::Attention(Box::new(Heads { window, turn, ..Heads::read(reader, plan, &name)? }))
                }
                Mixer::Convolution => Mixing::Convolution(Box::new(Conv {
                    into: reader.fused(&name("shortconv.in_proj"), width, [width; 3])?,
                    conv: ShortConv::new(
                        plan.taps,
                        &reader.vector(&name("shortconv.conv.weight"), &[plan.taps, width])?,
                    ),
                    out: reader.linear(&name("shortconv.out_proj"), width, width)?,
                })),
            },
            norm_after: norm(reader, plan.norms_after, "post_attention_norm")?,
            feed_norm: norm(reader, plan.norms_before, "ffn_norm")?,
            feed: Feed::read(reader, plan, &name)?,
            feed_norm_after: norm(reader, plan.norms_after, "post_ffw_norm")?,
        })
    }
}

impl<M> Heads<M> {
    fn read<R: Reader<Matrix = M>>(reader: &mut R, plan: &Plan, name: &dyn Fn(&str) -> String) -> Result<Self> {
        let width = plan.shape.width;
        let (queries, keys) = plan.widths();
        let [query, key, value] = if reader.has(&name("attn_qkv.weight")) {
            reader.fused(&name("attn_qkv"), width, [queries, keys, keys])?
        } else {
            let mut linear = |part: &str, to| reader.linear(&name(part), width, to);
            [linear("attn_q", queries)?, linear("attn_k", keys)?, linear("attn_v", keys)?]
        };
        let mut norm = |part: &str, whole| match plan.head_norms {
            HeadNorms::None => Ok(None),
            HeadNorms::Each => reader.vector(&name(part), &[plan.shape.head_width]).map(Some),
            HeadNorms::Whole => reader.vector(&name(part), &[whole]).map(Some),
        };
        let (query_norm, key_norm) = (norm("attn_q_norm.weight", queries)?, norm("attn_k_norm.weight", keys)?);
        let out = reader.linear(&name("attn_output"), queries, width)?;
        Ok(Self { window: None, turn: Turn::Main, query, key, value, out, query_norm, key_norm })
    }
}

impl<M> Feed<M> {
    fn read<R: Reader<Matrix = M>>(reader: &mut R, plan: &Plan, name: &dyn Fn(&str) -> String) -> Result<Self> {
        let (width, inner) = (plan.shape.width, plan.shape.feed_forward);
        if plan.shape.experts > 0 {
            let count = plan.shape.experts;
            let router = reader.matrix(&name("ffn_gate_inp.weight"), width, count)?;
            let mut matrices = |part: &str, from, to| -> Result<Vec<M>> {
                let name = name(part);
                (0..count).map(|at| reader.rows(&name, &[from, to, count], at * to..(at + 1) * to)).collect()
            };
            let plain = |matrix| Linear { matrix, bias: None };
            let gates = matrices("ffn_gate_exps.weight", width, inner)?;
            let ups = matrices("ffn_up_exps.weight", width, inner)?;
            let downs = matrices("ffn_down_exps.weight", inner, width)?;
            let experts = gates.into_iter().zip(ups).zip(downs);
            let experts =
                experts.map(|((gate, up), down)| Expert { gate: Some(plain(gate)), up: plain(up), down: plain(down) });
            return Ok(Self::Routed { router, experts: experts.collect() });
        }
        let (gate, up) = match plan.gate {
            Gate::Silu | Gate::Gelu => {
                (Some(reader.linear(&name("ffn_gate"), width, inner)?), reader.linear(&name("ffn_up"), width, inner)?)
            }
            Gate::FusedSilu => {
                let [gate, up] = reader.fused(&name("ffn_up"), width, [inner; 2])?;
                (Some(gate), up)
            }
            Gate::Xielu(_) => (None, reader.linear(&name("ffn_up"), width, inner)?),
        };
        Ok(Self::One(Box::new(Expert { gate, up, down: reader.linear(&name("ffn_down"), inner, width)? })))
    }
}

/// Looks whether tensors can be read. Plain numbers, which are few, it does read.
struct Checker<'a> {
    file: &'a Gguf,
    seen: BTreeSet<String>,
}

impl Reader for Checker<'_> {
    type Matrix = ();

    fn file(&self) -> &Gguf {
        self.file
    }

    fn rows(&mut self, name: &str, dims: &[usize], _: Range<usize>) -> Result<()> {
        check_matrix(self.file, name, self.file.tensor_of(name, dims)?)?;
        self.seen.insert(name.to_owned());
        Ok(())
    }

    fn vector(&mut self, name: &str, dims: &[usize]) -> Result<Vec<f32>> {
        self.seen.insert(name.to_owned());
        read_numbers(self.file, name, dims)
    }
}

/// Whether a file holds what a plan asks for, and in its layers nothing else: what would be left out is part of
/// what the model computes.
pub(super) fn check_tensors(file: &Gguf, plan: &Plan) -> Result<()> {
    let mut checker = Checker { file, seen: BTreeSet::new() };
    Model::read(&mut checker, plan)?;
    let layer = |name: &str| name.strip_prefix("blk.")?.split('.').next()?.parse::<usize>().ok();
    let left = file.tensors().keys().filter(|name| layer(name).is_some_and(|layer| layer < plan.shape.layers));
    // Some converters write the speeds of the rotation, which follow from its base, into each layer.
    let left = left.filter(|name| !name.contains("rot_embd") && !name.contains("rope_"));
    match left.into_iter().find(|name| !checker.seen.contains(*name)) {
        Some(name) => Err(file.unsupported(format!("the tensor {name} in a {} model", plan.shape.architecture))),
        None => Ok(()),
    }
}
