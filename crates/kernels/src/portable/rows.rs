//! What happens to each token's row between the products.

use crate::activations::Block;
use crate::eight::{Codes, Halves};
use half::f16;

/// The largest half-precision number: beyond it a value becomes infinite, and one infinite value would turn
/// masked positions, which are multiplied with zero, into NaN. So would one that is no number.
pub(crate) const LARGEST_HALF: f32 = 65504.0;

/// Codes rows of activations in blocks of 32: the largest magnitude of a block becomes 127.
pub(crate) fn quantise(values: &[f32], blocks: &mut [Block]) {
    for (values, block) in values.chunks_exact(32).zip(blocks) {
        let largest = values.iter().fold(0f32, |largest, value| largest.max(value.abs()));
        let inverse = if largest > 0.0 { 127.0 / largest } else { 0.0 };
        block.scale = largest / 127.0;
        let mut sums = [0; 2];
        for (at, (code, value)) in block.codes.iter_mut().zip(values).enumerate() {
            #[allow(clippy::cast_possible_truncation, reason = "the magnitude is at most 127")]
            let rounded = (value * inverse).round_ties_even() as i8;
            *code = rounded;
            sums[at / 16] += i32::from(rounded);
        }
        block.set_sums(sums);
    }
}

/// `out = values / rms(values) * weight`.
pub(crate) fn rms_norm(values: &[f32], weight: &[f32], epsilon: f32, out: &mut [f32]) {
    let squares: f32 = values.iter().map(|value| value * value).sum();
    let scale = inverse_rms(squares, values.len(), epsilon);
    for ((out, value), weight) in out.iter_mut().zip(values).zip(weight) {
        *out = value * scale * weight;
    }
}

#[allow(clippy::cast_precision_loss, reason = "a row has fewer than 2^24 values")]
pub(crate) fn inverse_rms(squares: f32, count: usize, epsilon: f32) -> f32 {
    1.0 / (squares / count as f32 + epsilon).sqrt()
}

/// `gate = silu(gate) * up`.
pub(crate) fn silu_multiply(gate: &mut [f32], up: &[f32]) {
    for (gate, up) in gate.iter_mut().zip(up) {
        *gate = *gate / (1.0 + (-*gate).exp()) * up;
    }
}

/// `out = codes * scales` in half precision.
pub(crate) fn widen(codes: &[Codes], scales: &Halves, out: &mut [Halves]) {
    let scales = scales.map(|scale| f16::from_bits(scale).to_f32());
    for (codes, out) in codes.iter().zip(out) {
        for ((out, code), scale) in out.iter_mut().zip(codes).zip(scales) {
            *out = f16::from_f32(f32::from(*code) * scale).to_bits();
        }
    }
}

/// Rounds to half precision; always finite, also what is no number.
#[allow(clippy::manual_clamp, reason = "a clamp keeps what is no number")]
pub(crate) fn halve(values: &[f32], out: &mut [u16]) {
    for (out, value) in out.iter_mut().zip(values) {
        *out = f16::from_f32(value.min(LARGEST_HALF).max(-LARGEST_HALF)).to_bits();
    }
}
