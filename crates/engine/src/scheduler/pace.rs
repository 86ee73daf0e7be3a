//! How much may one step compute? As much as the other answers can wait for.

use std::time::Duration;

/// A step that reads prompts while others write takes about this long: with what it may be wrong by, nobody
/// waits longer than 200 ms for a token.
const BESIDE_OTHERS: Duration = Duration::from_millis(100);
/// And where nobody writes: new jobs wait for the end of a step.
const ALONE: Duration = Duration::from_millis(500);
/// Tokens that are worth a step: four share each weight that is read.
const FEWEST: usize = 4;
/// Before anything was measured.
const FIRST: usize = 32;
/// The most: a step is then one batch of the decoder.
const MOST: usize = 256;
/// What a guess costs before that was measured, as a share of a step.
const UNKNOWN: f64 = 0.4;
/// The weight of the newest measurement.
const NEWEST: f64 = 0.3;

/// What steps took.
#[derive(Default)]
pub(super) struct Pace {
    /// Seconds for each token of a prompt.
    reading: Option<f64>,
    /// Seconds for a step of one token.
    single: Option<f64>,
    /// Seconds for each further token of one text in a step.
    further: Option<f64>,
}

/// What a step computed.
#[derive(Clone, Copy)]
pub(super) struct Step {
    /// Prompt tokens.
    pub read: usize,
    /// Answers that got a token.
    pub writing: usize,
    /// Tokens guessed for them.
    pub drafted: usize,
}

impl Pace {
    /// Prompt tokens for the next step.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a duration over a time, clamped")]
    pub(super) fn chunk(&self, others_write: bool) -> usize {
        let time = if others_write { BESIDE_OTHERS } else { ALONE };
        self.reading.map_or(FIRST, |each| (time.as_secs_f64() / each) as usize).clamp(FEWEST, MOST)
    }

    /// How likely a guessed token must be to be worth computing.
    pub(super) fn worth(&self) -> f64 {
        match (self.single, self.further) {
            (Some(single), Some(further)) => further / single.max(f64::MIN_POSITIVE),
            _ => UNKNOWN,
        }
    }

    /// Takes note of a step.
    #[allow(clippy::cast_precision_loss, reason = "counts of tokens are small")]
    pub(super) fn took(&mut self, step: Step, time: Duration) {
        let time = time.as_secs_f64();
        if step.read >= FEWEST {
            // With others beside it, reading seems a little slower than it is: on the safe side.
            average(&mut self.reading, time / step.read as f64);
        }
        if step.read == 0 && step.writing == 1 {
            match self.single {
                Some(single) if step.drafted > 0 => {
                    average(&mut self.further, ((time - single) / step.drafted as f64).max(0.0));
                }
                _ if step.drafted == 0 => average(&mut self.single, time),
                _ => {}
            }
        }
    }
}

fn average(value: &mut Option<f64>, newest: f64) {
    *value = Some(value.map_or(newest, |old| old + (newest - old) * NEWEST));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_as_long_as_others_can_wait() {
        let mut pace = Pace::default();
        assert_eq!(pace.chunk(true), FIRST);
        for (each_ms, beside, alone) in [(1, 100, MOST), (10, 10, 50), (1000, FEWEST, FEWEST)] {
            for _ in 0..50 {
                pace.took(Step { read: 64, writing: 0, drafted: 0 }, Duration::from_millis(64 * each_ms));
            }
            assert_eq!((pace.chunk(true), pace.chunk(false)), (beside, alone), "{each_ms} ms a token");
        }
    }

    #[test]
    fn a_guess_is_worth_what_it_costs() {
        let mut pace = Pace::default();
        let write = |drafted| Step { read: 0, writing: 1, drafted };
        assert_eq!(pace.worth(), UNKNOWN);
        pace.took(write(0), Duration::from_millis(20));
        pace.took(write(4), Duration::from_millis(40));
        assert!((pace.worth() - 0.25).abs() < 1e-9, "{}", pace.worth());
        pace.took(Step { read: 0, writing: 2, drafted: 0 }, Duration::from_secs(9));
        assert!((pace.worth() - 0.25).abs() < 1e-9, "steps of several answers say nothing");
    }
}
