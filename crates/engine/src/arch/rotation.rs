//! By how much does each position rotate the pairs of a head? The file's base, factors and scaling.

use super::{Shape, keys::Keys, plan::Plan, weights::read_vector};
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

/// The divisors of the speeds: for all contexts (that is how Llama 3.1's scaling is written down), or for those
/// within the original one and for longer ones (LongRoPE).
pub(super) const FACTORS: [&str; 3] = ["rope_freqs.weight", "rope_factors_short.weight", "rope_factors_long.weight"];

impl Rotation {
    /// The rotation that a file asks for in contexts of up to `positions`.
    pub fn read(file: &Gguf, plan: &Plan, positions: usize) -> Result<Self> {
        let keys = Keys::new(file)?;
        let shape = &plan.shape;
        let original = keys.count("rope.scaling.original_context_length").unwrap_or(shape.context);
        let [always, short, long] = FACTORS.map(|name| factors(file, shape, name));
        let (always, short, long) = (always?, short?, long?);
        let factors = always.or(if positions > original { long } else { short });
        let mut speeds = Rope::speeds(shape.rope_width, f64::from(shape.rope_base));
        for (speed, factor) in speeds.iter_mut().zip(factors.iter().flatten()) {
            *speed /= f64::from(*factor);
        }
        let magnitude = keys.scale("rope.scaling.attn_factor")?.map_or(1.0, f64::from);
        let plain = Self { speeds, magnitude };
        let stretch = keys.scale("rope.scaling.factor")?.or(keys.scale("rope.scale_linear")?).map_or(1.0, f64::from);
        match keys.text("rope.scaling.type") {
            Some("none") => Ok(plain),
            // LongRoPE is in the factors.
            None | Some("linear" | "longrope") => Ok(plain.linear(stretch)),
            Some("yarn") => {
                if original == 0 {
                    return Err(file.malformed("its rope scaling cannot be"));
                }
                let bound = |key: &str, usual| keys.scale(key).map(|found| found.map_or(usual, f64::from));
                let bounds = (bound("rope.scaling.yarn_beta_fast", FAST)?, bound("rope.scaling.yarn_beta_slow", SLOW)?);
                let damp = bound("rope.scaling.yarn_log_multiplier", 0.0)?;
                Ok(plain.yarn(stretch, original, bounds, damp, f64::from(shape.rope_base)))
            }
            Some(other) => Err(file.unsupported(format!("'{other}' rope scaling"))),
        }
    }

    /// The rotation of layers that turn locally.
    pub fn local(plan: &Plan) -> Self {
        Self { speeds: Rope::speeds(plan.shape.rope_width, f64::from(plan.local_base)), magnitude: 1.0 }
    }

    /// All pairs slower by the same factor.
    fn linear(mut self, stretch: f64) -> Self {
        self.speeds.iter_mut().for_each(|speed| *speed /= stretch);
        self
    }

    /// YaRN: fast pairs as they are, slow ones by the factor, those between blended. What sines and cosines gain
    /// in magnitude is divided by what they would with `damp` times the logarithm.
    #[allow(clippy::cast_precision_loss, reason = "a context has fewer than 2^52 positions")]
    fn yarn(mut self, stretch: f64, context: usize, (fast, slow): (f64, f64), damp: f64, base: f64) -> Self {
        let width = self.speeds.len() as f64 * 2.0;
        let pair_of =
            |rotations: f64| width * (context as f64 / (rotations * std::f64::consts::TAU)).ln() / (2.0 * base.ln());
        let low = pair_of(fast).floor().max(0.0);
        let high = pair_of(slow).ceil().min(width - 1.0);
        for (pair, speed) in self.speeds.iter_mut().enumerate() {
            let slowed = ((pair as f64 - low) / (high - low).max(0.001)).clamp(0.0, 1.0);
            *speed = *speed / stretch * slowed + *speed * (1.0 - slowed);
        }
        let gain = |times: f64| 1.0 + 0.1 * times * stretch.max(1.0).ln();
        self.magnitude *= gain(1.0) / gain(damp);
        self
    }
}

/// A tensor of factors, if the file has it.
fn factors(file: &Gguf, shape: &Shape, name: &str) -> Result<Option<Vec<f32>>> {
    if !file.tensors().contains_key(name) {
        return Ok(None);
    }
    let factors = read_vector(file, name, shape.rope_width / 2)?;
    match factors.iter().find(|factor| !factor.is_finite() || **factor <= 0.0) {
        Some(factor) => Err(file.malformed(format!("a rope factor is {factor}"))),
        None => Ok(Some(factors)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yarn_keeps_the_fast_pairs_and_slows_the_slow_ones() {
        let plain = Rotation { speeds: Rope::speeds(128, 10_000.0), magnitude: 1.0 };
        let yarn = plain.clone().yarn(4.0, 4096, (FAST, SLOW), 0.0, 10_000.0);
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
