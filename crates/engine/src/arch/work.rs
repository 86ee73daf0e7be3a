//! The buffers of one batch, kept between batches.

use super::{Shape, batch::BATCH};
use kernels::Activations;

#[derive(Default)]
pub(super) struct Work {
    /// The residual stream.
    pub stream: Vec<f32>,
    pub normed: Vec<f32>,
    /// What a part gives to the stream, where it is normed or scaled first.
    pub branch: Vec<f32>,
    /// Queries, or the gate before a convolution.
    pub query: Vec<f32>,
    /// Keys, or the gate behind a convolution.
    pub key: Vec<f32>,
    /// Values, or what a convolution is given.
    pub value: Vec<f32>,
    pub mixed: Vec<f32>,
    pub gate: Vec<f32>,
    pub up: Vec<f32>,
    pub input: Activations,
    /// The inputs of the experts' last products, for one token.
    pub inputs: Vec<Activations>,
}

/// Makes a buffer as long as `tokens` rows of `width`, and gives it. What is in it is of no use.
pub(super) fn size(buffer: &mut Vec<f32>, tokens: usize, width: usize) -> &mut [f32] {
    buffer.resize(tokens * width, 0.0);
    buffer
}

/// What the buffers of a batch take.
pub(super) fn bytes(shape: &Shape) -> usize {
    let (queries, keys) = (shape.heads * shape.head_width, shape.kv_heads * shape.head_width);
    // A convolution uses the buffers of queries, keys and values.
    let conv = if shape.convolutions > 0 { shape.width } else { 0 };
    let inner = shape.feed_forward.saturating_mul(2);
    let heads = 2 * queries.max(conv) + 2 * keys.max(conv);
    let rows = (3 * shape.width + heads).saturating_add(inner).saturating_add(shape.experts);
    // The input of a product is kept as floats and as codes, which are a little over a byte each.
    let input = shape.width.max(queries).max(shape.feed_forward);
    let each = rows.saturating_add(input.saturating_mul(2)).saturating_mul(size_of::<f32>());
    // One token sent to several experts has a row for each.
    let routed = shape.experts_used.saturating_mul(inner + input.saturating_mul(2)).saturating_mul(size_of::<f32>());
    each.saturating_mul(BATCH).saturating_add(routed).saturating_add(shape.vocab.saturating_mul(size_of::<f32>()))
}
