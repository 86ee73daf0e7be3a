//! The sizes of a model, read from its metadata and checked against each other.

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
    /// Width of the residual stream.
    pub width: usize,
    /// Width of the feed-forward part.
    pub feed_forward: usize,
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

/// No model on a laptop passes these; a file that does is damaged.
const MOST: usize = 1 << 20;

impl Shape {
    /// Reads the sizes that `llama`-like architectures keep under their own name.
    pub fn read(file: &Gguf) -> Result<Self> {
        let architecture = file.architecture()?.to_owned();
        let key = |name: &str| format!("{architecture}.{name}");
        let optional = |name: &str| file.count(&key(name));
        let needed = |name: &str| match optional(name) {
            None => Err(file.missing(&key(name))),
            Some(n) if n == 0 || n > MOST => Err(file.malformed(format!("{} is {n}", key(name)))),
            Some(n) => Ok(n),
        };
        let width = needed("embedding_length")?;
        let heads = needed("attention.head_count")?;
        let kv_heads = optional("attention.head_count_kv").unwrap_or(heads);
        let head_width = optional("attention.key_length").unwrap_or(width / heads);
        let rope_width = optional("rope.dimension_count").unwrap_or(head_width);
        let embedding = file.tensor("token_embd.weight")?;
        let shape = Self {
            vocab: embedding.rows(),
            context: needed("context_length")
                .or_else(|e| optional("context_length").map_or(Err(e), |n| Ok(n.min(MOST))))?,
            layers: needed("block_count")?,
            width,
            feed_forward: needed("feed_forward_length")?,
            heads,
            kv_heads,
            head_width,
            rope_width,
            rope_base: file.fraction(&key("rope.freq_base")).unwrap_or(10_000.0),
            epsilon: file
                .fraction(&key("attention.layer_norm_rms_epsilon"))
                .ok_or_else(|| file.missing(&key("attention.layer_norm_rms_epsilon")))?,
            architecture,
        };
        shape.check(file, embedding.columns())?;
        Ok(shape)
    }

    fn check(&self, file: &Gguf, embedding: usize) -> Result<()> {
        let sound = embedding == self.width
            && (1..=MOST).contains(&self.vocab)
            && self.layers <= 1024
            && (1..=self.heads).contains(&self.kv_heads)
            && self.heads.is_multiple_of(self.kv_heads)
            && (2..=4096).contains(&self.head_width)
            && self.head_width.is_multiple_of(2)
            && self.rope_width.is_multiple_of(2)
            && (2..=self.head_width).contains(&self.rope_width)
            && self.rope_base.is_finite()
            && self.rope_base > 1.0
            && self.epsilon.is_finite()
            && (0.0..1.0).contains(&self.epsilon);
        if sound { Ok(()) } else { Err(file.malformed(format!("its sizes contradict each other: {self:?}"))) }
    }
}
