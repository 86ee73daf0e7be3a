//! What does an architecture ask of the forward pass? All that differs between families, in one description.
//!
//! A family's file fills it in; the pass in `pass.rs` and `feed.rs` and the plain one in `reference` follow it.
//! Formulas and the names of metadata and tensors are those that GGUF files are written for; where a model's
//! paper or its authors' code says more, the family's file names it.

use super::{Shape, keys::Keys};
use crate::{error::Result, gguf::Gguf};
use kernels::{Pairs, Xielu};

/// How a model computes.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub shape: Shape,
    /// Which values of a head are rotated together.
    pub pairs: Pairs,
    /// Whether attention and the feed-forward part see normed inputs.
    pub norms_before: bool,
    /// Whether their outputs are normed before they join the stream.
    pub norms_after: bool,
    pub head_norms: HeadNorms,
    pub gate: Gate,
    /// What each layer does before its feed-forward part.
    pub mixers: Vec<Mixer>,
    /// Positions that a convolution sees; 0 where there is none.
    pub taps: usize,
    /// The name of the last norm.
    pub last_norm: &'static str,
    pub scales: Scales,
    /// No attention score is larger than this.
    pub attention_cap: Option<f32>,
    /// No logit is larger than this.
    pub logit_cap: Option<f32>,
    /// How queries grow with their position.
    pub heat: Option<Heat>,
    /// The base of the rotation in layers that turn locally, without scaling.
    pub local_base: f32,
}

/// Whether queries and keys are normed before they are rotated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HeadNorms {
    None,
    /// Each head by itself.
    Each,
    /// All heads of a token together.
    Whole,
}

/// The feed-forward part's activation, and where its tensors are.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Gate {
    /// silu(gate) * up.
    Silu,
    /// The same, with gate and up in one tensor, gate first.
    FusedSilu,
    /// gelu(gate) * up.
    Gelu,
    /// xIELU(up), with numbers for each layer, and no gate.
    Xielu(Vec<Xielu>),
}

/// How tokens take from those before them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mixer {
    Attention {
        /// The last positions that are seen; None: all.
        window: Option<usize>,
        turn: Turn,
    },
    Convolution,
}

/// How queries and keys are rotated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Not at all.
    None,
    /// As the file's base, factors and scaling say.
    Main,
    /// With [`Plan::local_base`].
    Local,
}

/// Numbers that rows are multiplied with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Scales {
    pub embedding: f32,
    /// What attention and the feed-forward part give to the stream.
    pub residual: f32,
    /// Attention scores.
    pub attention: f32,
    pub logits: f32,
}

/// Queries are multiplied with `1 + scale * ln(1 + floor(position / length))`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Heat {
    pub scale: f32,
    pub length: usize,
}

impl Heat {
    /// The factor at a position.
    #[allow(clippy::cast_precision_loss, reason = "a context has fewer than 2^24 lengths")]
    pub fn at(self, position: usize) -> f32 {
        1.0 + self.scale * ((position / self.length) as f32 + 1.0).ln()
    }
}

impl Plan {
    /// A plain decoder: norms before, silu, every layer attends to all and rotates its halves. What a family does
    /// otherwise its file says.
    pub fn plain(keys: Keys<'_>) -> Result<Self> {
        let shape = Shape::read(keys.file)?;
        if keys.count("attention.value_length").is_some_and(|length| length != shape.head_width) {
            return Err(keys.file.unsupported("values of another width than keys"));
        }
        if let Some(sections) = keys.get("rope.dimension_sections")
            && sections.as_counts().is_none_or(|sections| sections.iter().skip(1).any(|section| *section != 0))
        {
            return Err(keys.file.unsupported("positions of several dimensions"));
        }
        #[allow(clippy::cast_precision_loss, reason = "a head is at most 4096 wide")]
        let attention = keys.scale("attention.scale")?.unwrap_or(1.0 / (shape.head_width as f32).sqrt());
        Ok(Self {
            pairs: Pairs::Halves,
            norms_before: true,
            norms_after: false,
            head_norms: HeadNorms::None,
            gate: Gate::Silu,
            mixers: vec![Mixer::Attention { window: None, turn: Turn::Main }; shape.layers],
            taps: 0,
            last_norm: "output_norm.weight",
            scales: Scales { embedding: 1.0, residual: 1.0, attention, logits: 1.0 },
            attention_cap: None,
            logit_cap: None,
            heat: None,
            local_base: shape.rope_base,
            shape,
        })
    }

    /// The same, after a look whether the file asks for what only other families have.
    pub fn sound(self, file: &Gguf) -> Result<Self> {
        let convolutions = self.mixers.iter().filter(|mixer| **mixer == Mixer::Convolution).count();
        if convolutions != self.shape.convolutions {
            return Err(file.malformed("some of its layers have no key heads"));
        }
        Ok(self)
    }

    /// The mixers of layers with a window where `windowed` says so.
    pub fn windows(windowed: &[bool], window: usize, inside: Turn, outside: Turn) -> Vec<Mixer> {
        let mixer = |inner: bool| match inner {
            true => Mixer::Attention { window: Some(window), turn: inside },
            false => Mixer::Attention { window: None, turn: outside },
        };
        windowed.iter().map(|inner| mixer(*inner)).collect()
    }

    /// The width of all queries of a token, and of all its keys.
    pub fn widths(&self) -> (usize, usize) {
        (self.shape.heads * self.shape.head_width, self.shape.kv_heads * self.shape.head_width)
    }
}
