//! What does a short convolution take from the tokens before?
//!
//! A layer of this kind keeps its inputs, not keys and values. They are remembered for every position, beside
//! the keys and values of the other layers, so that a text can be cut back, forked and saved anywhere. What is
//! remembered is in half precision, and a token's own input is taken from there too: so the result does not
//! depend on how a prompt was cut.

use crate::cpu::Cpu;
use crate::kv::KvStore;
use half::f16;

/// A convolution over the last `taps` positions, each of `width` values with weights of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct ShortConv {
    taps: usize,
    /// For each tap, from the oldest position to the token's own, a weight for each value.
    weights: Vec<f32>,
}

impl ShortConv {
    /// From weights as files have them: `taps` for each value, the oldest position first.
    ///
    /// # Panics
    /// If there is no tap, or `weights` is not a whole number of them.
    #[must_use]
    pub fn new(taps: usize, weights: &[f32]) -> Self {
        assert!(taps > 0 && weights.len().is_multiple_of(taps), "{taps} weights for each value");
        let each = |tap| weights.iter().skip(tap).step_by(taps).copied();
        Self { taps, weights: (0..taps).flat_map(each).collect() }
    }

    /// Values of a position.
    #[must_use]
    pub fn width(&self) -> usize {
        self.weights.len() / self.taps
    }
}

impl Cpu {
    /// Remembers the inputs of some tokens, the first of them at position `first`, and convolves them with those
    /// before: `inputs` and `out` are rows of the convolution's width.
    ///
    /// # Panics
    /// If the sizes do not fit together, or [`KvStore::reserve`] was not called for these positions.
    pub fn convolve(
        &self,
        store: &mut KvStore,
        layer: usize,
        conv: &ShortConv,
        first: usize,
        inputs: &[f32],
        out: &mut [f32],
    ) {
        let width = conv.width();
        assert!(inputs.len() == out.len() && inputs.len().is_multiple_of(width), "whole rows of {width}");
        for (at, input) in inputs.chunks_exact(width).enumerate() {
            self.isa().halve(input, store.input_mut(layer, first + at));
        }
        let store = &*store;
        self.each_row(out, width, |row, out| {
            for (position, out) in (first + row..).zip(out.chunks_exact_mut(width)) {
                out.fill(0.0);
                // Before the text there are zeros.
                for tap in (conv.taps - 1).saturating_sub(position)..conv.taps {
                    let input = store.input(layer, position + tap + 1 - conv.taps);
                    let weights = &conv.weights[tap * width..][..width];
                    for ((out, weight), input) in out.iter_mut().zip(weights).zip(input) {
                        *out += weight * f16::from_bits(*input).to_f32();
                    }
                }
            }
        });
    }
}
