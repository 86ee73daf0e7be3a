//! The sizes of a model, read from its metadata and checked against each other.

use super::keys::{Keys, MOST};
use crate::{error::Result, gguf::Gguf};
use serde::Serialize;

/// The sizes of a decoder.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Shape {
    /// The architecture's name in the file.
    pub architecture: String,
    /// Tokens in the vocabulary: the length of the logits.
    pub vocab: usize,
    /// Positions the model was trained for.
    pub context: usize,
    /// Layers.
    pub layers: usize,
    /// Layers with a short convolution in place of attention.
    pub convolutions: usize,
    /// Width of the residual stream.
    pub width: usize,
    /// Width of the feed-forward part; with experts, of one of them.
    pub feed_forward: usize,
    /// Experts of a layer; 0 where the feed-forward part is one.
    pub experts: usize,
    /// Experts that each token is sent to.
    pub experts_used: usize,
    /// Query heads.
    pub heads: usize,
    /// Key and value heads.
    pub kv_heads: usize,
    /// Width of one head.
    pub head_width: usize,
    /// Leading values of a head that are rotated.
    pub rope_width: usize,
    /// Base of the rotation's frequencies.
    pub rope_base: f32,
    /// Epsilon of the norms.
    pub epsilon: f32,
}

impl Shape {
    /// Reads the sizes that architectures keep under their own name.
    pub fn read(file: &Gguf) -> Result<Self> {
        let keys = Keys::new(file)?;
        // Layers that guess further tokens come last, and are not run.
        let layers = keys.size("block_count")?.saturating_sub(keys.count("nextn_predict_layers").unwrap_or(0));
        if !(1..=1024).contains(&layers) {
            return Err(file.malformed(format!("it has {layers} layers")));
        }
        let width = keys.size("embedding_length")?;
        let whole = keys.count("block_count").unwrap_or(layers);
        let heads = match keys.uniform("attention.head_count", whole)? {
            None => return Err(file.missing(&keys.name("attention.head_count"))),
            Some(0) => return Err(file.malformed(format!("{} is 0", keys.name("attention.head_count")))),
            Some(heads) => heads,
        };
        // A layer without key heads is a convolution.
        let kv_heads = keys.each("attention.head_count_kv", whole)?.unwrap_or_else(|| vec![heads; whole]);
        let attending: Vec<usize> = kv_heads.iter().take(layers).copied().filter(|heads| *heads > 0).collect();
        let first = attending.first().copied().unwrap_or(0);
        if attending.iter().any(|heads| *heads != first) {
            return Err(file.unsupported("layers that differ in their key heads"));
        }
        let experts = keys.count("expert_count").unwrap_or(0);
        let expert_width = keys.uniform("expert_feed_forward_length", whole)?.filter(|_| experts > 0);
        let feed_forward = match expert_width.filter(|width| *width > 0) {
            Some(width) => width,
            None => match keys.uniform("feed_forward_length", whole)? {
                None => return Err(file.missing(&keys.name("feed_forward_length"))),
                Some(width) => width,
            },
        };
        let head_width = keys.count("attention.key_length").unwrap_or(width / heads);
        let embedding = file.tensor("token_embd.weight")?;
        let epsilon = "attention.layer_norm_rms_epsilon";
        let shape = Self {
            architecture: keys.architecture().to_owned(),
            vocab: embedding.rows(),
            context: match keys.count("context_length") {
                Some(n) if n > 0 => n.min(MOST),
                _ => keys.size("context_length")?,
            },
            layers,
            convolutions: layers - attending.len(),
            width,
            feed_forward,
            experts,
            experts_used: if experts == 0 { 0 } else { keys.uniform("expert_used_count", whole)?.unwrap_or(0) },
            heads,
            kv_heads: first,
            head_width,
            rope_width: keys.count("rope.dimension_count").unwrap_or(head_width),
            rope_base: file.fraction(&keys.name("rope.freq_base")).unwrap_or(10_000.0),
            epsilon: file.fraction(&keys.name(epsilon)).ok_or_else(|| file.missing(&keys.name(epsilon)))?,
        };
        shape.check(file, embedding.columns())?;
        Ok(shape)
    }

    /// Layers with attention: those that keep keys and values.
    #[must_use]
    pub fn attention_layers(&self) -> usize {
        self.layers - self.convolutions
    }

    fn check(&self, file: &Gguf, embedding: usize) -> Result<()> {
        let sound = embedding == self.width
            && (1..=MOST).contains(&self.vocab)
            && (1..=MOST).contains(&self.feed_forward)
            && (1..=self.heads).contains(&self.kv_heads)
            && self.heads.is_multiple_of(self.kv_heads)
            && (2..=4096).contains(&self.head_width)
            && self.head_width.is_multiple_of(2)
            && self.heads.saturating_mul(self.head_width) <= MOST
            && self.rope_width.is_multiple_of(2)
            && (2..=self.head_width).contains(&self.rope_width)
            && self.rope_base.is_finite()
            && self.rope_base > 1.0
            && self.epsilon.is_finite()
            && (0.0..1.0).contains(&self.epsilon)
            && self.experts <= 4096
            && (self.experts == 0 || (1..=self.experts).contains(&self.experts_used));
        if sound { Ok(()) } else { Err(file.malformed(format!("its sizes contradict each other: {self:?}"))) }
    }
}
