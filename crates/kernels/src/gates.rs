//! What else happens to rows: gates other than silu, soft caps, scales and sums.
//!
//! Plain loops without branches, which the compiler turns into vector instructions. None of them takes a
//! noticeable share of a token's time, so none is written for each instruction set.

use crate::cpu::Cpu;

/// The numbers of an xIELU: see [`Cpu::xielu`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Xielu {
    /// Multiplies the square of positive values.
    pub square: f32,
    /// Multiplies what lies below zero of `e^x - 1 - x`.
    pub tail: f32,
    /// Multiplies the value itself.
    pub line: f32,
    /// Below zero the exponential is of this number at most, which is a little below zero.
    pub edge: f32,
}

/// e^x to about two units in the last place, for x between -87 and 88; beyond, as at the border. The same
/// method as in the vector code: x = n ln 2 + r, the Cephes polynomial for e^r, n put into the exponent.
#[inline(always)]
fn exp(x: f32) -> f32 {
    // Added to a number below 2^22, it leaves the nearest whole number in the lowest bits.
    const ROUND: f32 = 12_582_912.0;
    let x = x.clamp(-87.0, 88.0);
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = x - n * 0.693_359_4 + n * 2.121_944_4e-4;
    let mut p = 1.987_569_1e-4;
    for coefficient in [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5] {
        p = p * r + coefficient;
    }
    let p = p * r * r + r + 1.0;
    p * f32::from_bits(shifted.to_bits().wrapping_add(127) << 23)
}

impl Cpu {
    /// `gate = gelu(gate) * up` in rows of `width`, with the approximation by tanh that models are trained with:
    /// gelu(x) = x / (1 + e^-2u), where u = sqrt(2 / pi) (x + 0.044715 x^3) (Hendrycks and Gimpel).
    ///
    /// # Panics
    /// If the sizes do not fit together.
    pub fn gelu_multiply(&self, gate: &mut [f32], up: &[f32], width: usize) {
        assert_eq!(gate.len(), up.len(), "as many gates as values");
        let factor = -2.0 * (2.0 / std::f32::consts::PI).sqrt();
        self.each_row(gate, width, |first, gate| {
            for (gate, up) in gate.iter_mut().zip(&up[first * width..]) {
                let x = *gate;
                *gate = x / (1.0 + exp(factor * (x + 0.044_715 * x * x * x))) * up;
            }
        });
    }

    /// The activation of Apertus (Huang and Schlag, "Deriving activation functions using integration"):
    /// `square x^2 + line x` above zero, `tail (e^min(x, edge) - 1 - x) + line x` below, in rows of `width`.
    ///
    /// # Panics
    /// If the sizes do not fit together.
    pub fn xielu(&self, values: &mut [f32], width: usize, numbers: Xielu) {
        let Xielu { square, tail, line, edge } = numbers;
        self.each_row(values, width, |_, values| {
            for value in values {
                let x = *value;
                let bent = if x > 0.0 { square * x * x } else { tail * (exp(x.min(edge)) - 1.0 - x) };
                *value = bent + line * x;
            }
        });
    }

    /// `sum = sum + factor * values`, in rows of `width`.
    ///
    /// # Panics
    /// If the sizes do not fit together.
    pub fn add_scaled(&self, sum: &mut [f32], values: &[f32], width: usize, factor: f32) {
        assert_eq!(sum.len(), values.len(), "as many values as sums");
        self.each_row(sum, width, |first, sum| {
            for (sum, value) in sum.iter_mut().zip(&values[first * width..]) {
                *sum += factor * value;
            }
        });
    }

    /// `left = left * right`, in rows of `width`.
    ///
    /// # Panics
    /// If the sizes do not fit together.
    pub fn multiply_rows(&self, left: &mut [f32], right: &[f32], width: usize) {
        assert_eq!(left.len(), right.len(), "as many values on both sides");
        self.each_row(left, width, |first, left| {
            for (left, right) in left.iter_mut().zip(&right[first * width..]) {
                *left *= right;
            }
        });
    }

    /// `values = values * factor`, in rows of `width`.
    ///
    /// # Panics
    /// If `values` is not a whole number of rows.
    pub fn scale(&self, values: &mut [f32], width: usize, factor: f32) {
        self.each_row(values, width, |_, values| values.iter_mut().for_each(|value| *value *= factor));
    }

    /// `values = cap * tanh(values / cap)`, in rows of `width`.
    ///
    /// # Panics
    /// If `values` is not a whole number of rows.
    pub fn soft_cap(&self, values: &mut [f32], width: usize, cap: f32) {
        self.each_row(values, width, |_, values| {
            values.iter_mut().for_each(|value| *value = cap * (*value / cap).tanh());
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exponential_is_right() {
        for step in -870..=880 {
            let x = step as f32 / 10.0;
            let exact = f64::from(x).exp();
            assert!((f64::from(exp(x)) - exact).abs() <= exact * 3e-7, "{x}: {} {exact}", exp(x));
        }
        assert!(exp(-1e9) > 0.0 && exp(1e9).is_finite());
    }
}
