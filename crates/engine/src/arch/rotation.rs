//! By how much does each position rotate the pairs of a head? The file's base, factors and scaling.

use super::Shape;
use crate::{error::Result, gguf::Gguf};
use kernels::Rope;

/// Radians per position for each pair, and what sines and cosines are multiplied with.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Rotation {
    pub speeds: Vec<f64>,
    pub magnitude: f64,
}

/// YaRN's bounds, in rotations over the original context: pairs that turn more often keep their speed, pairs
/// that turn less often are slowed by the whole factor.
const FAST: f64 = 32.0;
const SLOW: f64 = 1.0;

impl Rotation {
    /// The rotation a file asks for; `factors` are the divisors of its `rope_freqs.weight`, if it has them
    /// (that is how Llama 3.1's scaling is written down).
    pub fn read(file: &Gguf, shape: &Shape, factors: Option<&[f32]>) -> Result<Self> {
        let key = |name: &str| format!("{}.rope.scaling.{name}", shape.architecture);
        let mut speeds = Rope::speeds(shape.rope_width, f64::from(shape.rope_base));
        for (speed, factor) in speeds.iter_mut().zip(factors.unwrap_or(&[])) {
            if !factor.is_finite() || *factor <= 0.0 {
                return Err(file.malformed(format!("a rope factor is {factor}")));
            }
            *speed /= f64::from(*factor);
        }
        let plain = Self { speeds, magnitude: 1.0 };
        let stretch = || match file.fraction(&key("factor")).map_or(1.0, f64::from) {
            stretch if stretch.is_finite() && stretch > 0.0 => Ok(stretch),
            stretch => Err(file.malformed(format!("its rope scaling factor is {stretch}"))),
        };
        match file.text(&key("type")) {
            None | Some("none") => Ok(plain),
            Some("linear") => Ok(plain.linear(stretch()?)),
            Some("yarn") => {
                let context = file.count(&key("original_context_length")).unwrap_or(shape.context);
                let magnitude = file.fraction(&key("attn_factor")).map_or(1.0, f64::from);
                if context == 0 || !magnitude.is_finite() {
                    return Err(file.malformed("its rope scaling cannot be"));
                }
                Ok(plain.yarn(stretch()?, context, magnitude, f64::from(shape.rope_base)))
            }
            Some(other) => Err(file.unsupported(format!("'{other}' rope scaling"))),
        }
    }

    /// All pairs slower by the same factor.
    fn linear(mut self, stretch: f64) -> Self {
        self.speeds.iter_mut().for_each(|speed| *speed /= stretch);
        self
    }

    /// YaRN: fast pairs as they are, slow ones by the factor, those between blended.
    #[allow(clippy::cast_precision_loss, reason = "a context has fewer than 2^52 positions")]
    fn yarn(mut self, stretch: f64, context: usize, magnitude: f64, base: f64) -> Self {
        let width = self.speeds.len() as f64 * 2.0;
        let pair_of =
            |rotations: f64| width * (context as f64 / (rotations * std::f64::consts::TAU)).ln() / (2.0 * base.ln());
        let low = pair_of(FAST).floor().max(0.0);
        let high = pair_of(SLOW).ceil().min(width - 1.0);
        for (pair, speed) in self.speeds.iter_mut().enumerate() {
            let slowed = ((pair as f64 - low) / (high - low).max(0.001)).clamp(0.0, 1.0);
            *speed = *speed / stretch * slowed + *speed * (1.0 - slowed);
        }
        self.magnitude = magnitude * (1.0 + 0.1 * stretch.max(1.0).ln());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yarn_keeps_the_fast_pairs_and_slows_the_slow_ones() {
        let plain = Rotation { speeds: Rope::speeds(128, 10_000.0), magnitude: 1.0 };
        let yarn = plain.clone().yarn(4.0, 4096, 1.0, 10_000.0);
        let ratios: Vec<f64> = plain.speeds.iter().zip(&yarn.speeds).map(|(plain, yarn)| plain / yarn).collect();
        assert_eq!(ratios[0], 1.0);
        assert!((ratios[63] - 4.0).abs() < 1e-9);
        assert!(ratios.windows(2).all(|pair| pair[0] <= pair[1] + 1e-9), "{ratios:?}");
        assert!((yarn.magnitude - 1.138_629).abs() < 1e-6);
    }

    #[test]
    fn linear_scaling_slows_all_pairs() {
        let plain = Rotation { speeds: Rope::speeds(4, 100.0), magnitude: 1.0 };
        assert_eq!(plain.linear(2.0).speeds, [0.5, 0.05]);
    }
}
