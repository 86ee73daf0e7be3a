//! Which token comes next, given the logits.

use crate::error::{EngineError, Result};

/// How a token is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampling {
    /// 0 takes the likeliest token; higher is more varied.
    pub temperature: f32,
    /// Only the likeliest tokens that together reach this probability.
    pub top_p: f32,
    /// Only this many of the likeliest tokens; 0 for all.
    pub top_k: usize,
    /// Only tokens at least this likely relative to the likeliest.
    pub min_p: f32,
    /// The same seed draws the same tokens from the same logits.
    pub seed: u64,
}

impl Sampling {
    /// Checks the ranges.
    pub fn check(&self) -> Result<()> {
        let wrong =
            |param, range: &str| Err(EngineError::Invalid { param, message: format!("{param} must be {range}") });
        if !(0.0..=10.0).contains(&self.temperature) {
            return wrong("temperature", "between 0 and 10");
        }
        if !(0.0..=1.0).contains(&self.top_p) {
            return wrong("top_p", "between 0 and 1");
        }
        if !(0.0..=1.0).contains(&self.min_p) {
            return wrong("min_p", "between 0 and 1");
        }
        Ok(())
    }
}

/// Draws tokens.
pub struct Sampler {
    how: Sampling,
    random: Random,
    kept: Vec<(u32, f32)>,
}

impl Sampler {
    /// A sampler at the start of its seed's sequence.
    #[must_use]
    pub fn new(how: Sampling) -> Self {
        Self { how, random: Random(how.seed), kept: Vec::new() }
    }

    /// The next token. Of equally likely ones, the greedy choice is the first.
    pub fn draw(&mut self, logits: &[f32]) -> Result<u32> {
        let mut best = (0, f32::NEG_INFINITY);
        for (id, logit) in (0u32..).zip(logits) {
            if *logit > best.1 {
                best = (id, *logit);
            }
        }
        if !best.1.is_finite() {
            return Err(EngineError::Compute("the logits hold no number".to_owned()));
        }
        // A single random number per token keeps the sequence in step whatever the filters do.
        let point = self.random.unit();
        if self.how.temperature <= 0.0 || self.how.top_k == 1 {
            return Ok(best.0);
        }
        let weight = |logit: f32| ((logit - best.1) / self.how.temperature).exp();
        // The likeliest token weighs 1. What weighs less than a billionth of it, or than min_p, is out.
        let least = self.how.min_p.max(1e-9);
        self.kept.clear();
        self.kept.extend((0u32..).zip(logits).map(|(id, l)| (id, weight(*l))).filter(|(_, w)| *w >= least));
        self.kept.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        if self.how.top_k > 0 {
            self.kept.truncate(self.how.top_k);
        }
        let total: f64 = self.kept.iter().map(|(_, w)| f64::from(*w)).sum();
        let nucleus = f64::from(self.how.top_p) * total;
        let mut sum = 0.0;
        let enough = self.kept.iter().position(|(_, w)| {
            sum += f64::from(*w);
            sum >= nucleus
        });
        if let Some(last) = enough {
            self.kept.truncate(last + 1);
        }
        let total: f64 = self.kept.iter().map(|(_, w)| f64::from(*w)).sum();
        let mut left = point * total;
        for (id, weight) in &self.kept {
            left -= f64::from(*weight);
            if left < 0.0 {
                return Ok(*id);
            }
        }
        Ok(self.kept.last().map_or(best.0, |(id, _)| *id))
    }
}

/// `SplitMix64`. Written out because an answer replayed with a later version of the engine must draw
/// the same numbers, which no library promises.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
    /// A number in `0.0..1.0`.
    #[allow(clippy::cast_precision_loss, reason = "53 bits fit")]
    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Sampling = Sampling { temperature: 1.0, top_p: 1.0, top_k: 0, min_p: 0.0, seed: 7 };
    const LOGITS: &[f32] = &[0.0, 3.0, 1.0, 3.0, 2.0, f32::NEG_INFINITY];

    fn drawn(how: Sampling) -> Vec<usize> {
        let mut counts = vec![0; LOGITS.len()];
        let mut sampler = Sampler::new(how);
        for _ in 0..4000 {
            counts[sampler.draw(LOGITS).unwrap() as usize] += 1;
        }
        counts
    }

    #[test]
    fn filters_leave_the_tokens_they_should() {
        let cases = [
            ("greedy", Sampling { temperature: 0.0, ..PLAIN }, &[1][..]),
            ("top_k 1", Sampling { top_k: 1, ..PLAIN }, &[1]),
            ("top_k 3", Sampling { top_k: 3, ..PLAIN }, &[1, 3, 4]),
            ("top_p", Sampling { top_p: 0.5, ..PLAIN }, &[1, 3]),
            ("top_p 0", Sampling { top_p: 0.0, ..PLAIN }, &[1]),
            ("min_p", Sampling { min_p: 0.3, ..PLAIN }, &[1, 3, 4]),
            ("all", PLAIN, &[0, 1, 2, 3, 4]),
        ];
        for (name, how, expected) in cases {
            let counts = drawn(how);
            let seen: Vec<usize> = (0..counts.len()).filter(|i| counts[*i] > 0).collect();
            assert_eq!(seen, expected, "{name}");
        }
    }

    #[test]
    fn frequencies_follow_the_probabilities() {
        let counts = drawn(PLAIN);
        let sum: f32 = LOGITS.iter().map(|l| l.exp()).sum();
        for (count, logit) in counts.iter().zip(LOGITS) {
            let (share, expected) = (*count as f32 / 4000.0, logit.exp() / sum);
            assert!((share - expected).abs() < 0.03, "{share} for {expected}");
        }
    }

    #[test]
    fn the_sequence_of_a_seed_never_changes() {
        let mut random = Random(42);
        assert_eq!([random.next(), random.next()], [13_679_457_532_755_275_413, 2_949_826_092_126_892_291]);
    }

    #[test]
    fn logits_without_a_number_are_an_error() {
        assert!(Sampler::new(PLAIN).draw(&[f32::NAN, f32::NEG_INFINITY]).is_err());
    }
}
