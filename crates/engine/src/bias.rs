//! Which tokens are made likelier or less likely before one is drawn? Those that a request names, and those that the
//! text has already.
//!
//! `frequency` and `presence` count the tokens of the answer, as OpenAI has it. `repeat` looks at the last tokens of
//! prompt and answer, as llama.cpp has it, and goes back to Keskar et al., "CTRL" (2019).

use crate::error::{EngineError, Result};
use std::{collections::HashMap, sync::Arc};

/// Tokens that one request may name.
pub const MAX_NAMED: usize = 4096;

/// What is added to and taken from logits.
#[derive(Clone, Debug, PartialEq)]
pub struct Bias {
    /// Added to these tokens' logits; minus infinity forbids one.
    pub named: Arc<[(u32, f32)]>,
    /// Taken from a token's logit for each time that the answer has it.
    pub frequency: f32,
    /// Taken from a token's logit once the answer has it.
    pub presence: f32,
    /// Divides positive logits of tokens that the text has, and multiplies negative ones; 1 changes nothing.
    pub repeat: f32,
    /// The tokens at the end of the text that `repeat` looks at.
    pub last: usize,
}

impl Default for Bias {
    fn default() -> Self {
        Self { named: Arc::from([]), frequency: 0.0, presence: 0.0, repeat: 1.0, last: 64 }
    }
}

impl Bias {
    /// Checks the ranges.
    pub fn check(&self) -> Result<()> {
        let wrong = |param, range: &str| {
            Err(EngineError::Invalid { param, message: format!("{param} must be between {range}") })
        };
        if !(-2.0..=2.0).contains(&self.frequency) {
            return wrong("frequency_penalty", "-2 and 2");
        }
        if !(-2.0..=2.0).contains(&self.presence) {
            return wrong("presence_penalty", "-2 and 2");
        }
        if !(0.1..=10.0).contains(&self.repeat) {
            return wrong("repeat_penalty", "0.1 and 10");
        }
        Ok(())
    }

    /// Whether it changes nothing.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.named.is_empty() && self.frequency == 0.0 && self.presence == 0.0 && !self.repeats()
    }

    fn repeats(&self) -> bool {
        self.repeat != 1.0 && self.last > 0
    }

    /// Changes the logits of the token that follows on `text`, whose first `prompt` tokens are the prompt.
    #[allow(clippy::cast_precision_loss, reason = "an answer has fewer tokens than f32 can count")]
    pub fn apply(&self, logits: &mut [f32], text: &[u32], prompt: usize) {
        if self.repeats() {
            let mut last = text[text.len().saturating_sub(self.last)..].to_vec();
            last.sort_unstable();
            last.dedup();
            for token in last {
                if let Some(logit) = logits.get_mut(token as usize) {
                    *logit = if *logit > 0.0 { *logit / self.repeat } else { *logit * self.repeat };
                }
            }
        }
        if self.frequency != 0.0 || self.presence != 0.0 {
            let mut counts: HashMap<u32, usize> = HashMap::new();
            text.iter().skip(prompt).for_each(|token| *counts.entry(*token).or_default() += 1);
            for (token, count) in counts {
                if let Some(logit) = logits.get_mut(token as usize) {
                    *logit -= self.frequency * count as f32 + self.presence;
                }
            }
        }
        for (token, more) in self.named.iter() {
            if let Some(logit) = logits.get_mut(*token as usize) {
                *logit += more;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_weighed_by_what_was_asked() {
        // The prompt is 0 0 1, the answer 2 2 3.
        let text = [0, 0, 1, 2, 2, 3];
        let none = Bias::default();
        let named = |all: &[(u32, f32)]| Bias { named: Arc::from(all), ..none.clone() };
        for (bias, expected) in [
            (none.clone(), [1.0, -1.0, 4.0, 0.5, 2.0]),
            (Bias { frequency: 0.5, ..none.clone() }, [1.0, -1.0, 3.0, 0.0, 2.0]),
            (Bias { presence: -1.0, ..none.clone() }, [1.0, -1.0, 5.0, 1.5, 2.0]),
            (Bias { repeat: 2.0, ..none.clone() }, [0.5, -2.0, 2.0, 0.25, 2.0]),
            (Bias { repeat: 2.0, last: 2, ..none.clone() }, [1.0, -1.0, 2.0, 0.25, 2.0]),
            (Bias { repeat: 2.0, last: 0, ..none.clone() }, [1.0, -1.0, 4.0, 0.5, 2.0]),
            (named(&[(4, f32::NEG_INFINITY), (0, 3.0), (99, 1.0)]), [4.0, -1.0, 4.0, 0.5, f32::NEG_INFINITY]),
        ] {
            let mut logits = [1.0, -1.0, 4.0, 0.5, 2.0];
            bias.apply(&mut logits, &text, 3);
            assert_eq!(logits, expected, "{bias:?}");
        }
        assert!(none.is_none() && Bias { repeat: 2.0, last: 0, ..none.clone() }.is_none());
        assert!(!named(&[(1, 0.0)]).is_none() && none.check().is_ok());
        for wrong in [
            Bias { frequency: 2.1, ..none.clone() },
            Bias { presence: f32::NAN, ..none.clone() },
            Bias { repeat: 0.0, ..none.clone() },
        ] {
            assert!(wrong.check().is_err(), "{wrong:?}");
        }
    }
}
