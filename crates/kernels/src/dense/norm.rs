//! What happens to each token's row between an encoder's products?

use super::level::Level;
use super::product::Curve;
use crate::cpu::Cpu;

impl Cpu {
    /// `row = (row - mean) / sqrt(variance + epsilon) * weight + bias` for each row of `weight.len()` values.
    ///
    /// # Panics
    /// If the sizes do not fit together.
    pub fn layer_norm(&self, values: &mut [f32], weight: &[f32], bias: &[f32], epsilon: f32) {
        assert_eq!(weight.len(), bias.len(), "a bias for each weight");
        let (level, width) = (Level::of(self.isa()), weight.len());
        self.each_row(values, width, |_, rows| {
            rows.chunks_exact_mut(width).for_each(|row| level.layer_norm(row, weight, bias, epsilon));
        });
    }

    /// The curve of each value.
    pub fn bend(&self, curve: Curve, values: &mut [f32]) {
        Level::of(self.isa()).bend(curve, values);
    }
}
