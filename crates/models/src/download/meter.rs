//! How fast do bytes arrive lately, and is it time to tell?

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

/// The stretch of time whose bytes count.
const LATELY: Duration = Duration::from_secs(5);
/// A rate over less time says nothing.
const LEAST: Duration = Duration::from_millis(500);
/// How often it is told.
const OFTEN: Duration = Duration::from_millis(250);

/// Measures one download.
#[derive(Debug, Default)]
pub(super) struct Meter {
    marks: VecDeque<(Instant, u64)>,
    told: Option<Instant>,
}

impl Meter {
    /// So many bytes are here now. Whether it is time to tell.
    pub(super) fn mark(&mut self, now: Instant, done: u64) -> bool {
        if self.marks.back().is_some_and(|(_, before)| *before > done) {
            // It began anew.
            self.marks.clear();
        }
        let fresh = self.marks.back().is_none_or(|(at, _)| now.duration_since(*at) >= Duration::from_millis(50));
        if fresh {
            self.marks.push_back((now, done));
        }
        while self.marks.get(1).is_some_and(|(at, _)| now.duration_since(*at) > LATELY) {
            self.marks.pop_front();
        }
        let due = self.told.is_none_or(|told| now.duration_since(told) >= OFTEN);
        if due {
            self.told = Some(now);
        }
        due
    }

    /// Bytes per second lately; `None` while that is not known.
    pub(super) fn rate(&self, now: Instant) -> Option<u64> {
        let (from, before) = self.marks.front()?;
        let (_, after) = self.marks.back()?;
        let time = now.duration_since(*from);
        (time >= LEAST).then(|| ((after - before) as f64 / time.as_secs_f64()) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_of_the_last_seconds() {
        let (mut meter, start) = (Meter::default(), Instant::now());
        let at = |ms: u64| start + Duration::from_millis(ms);
        assert!(meter.mark(at(0), 0), "the first is told");
        assert!(!meter.mark(at(100), 10_000));
        assert_eq!(meter.rate(at(100)), None, "too soon to say");
        for ms in (200..=20_000).step_by(100) {
            meter.mark(at(ms), ms * 100);
        }
        assert_eq!(meter.rate(at(20_000)), Some(100_000));
        // Nothing arrives any more: the rate falls.
        assert!(meter.rate(at(30_000)).is_some_and(|rate| rate < 40_000));
        meter.mark(at(30_100), 5);
        assert_eq!(meter.rate(at(30_200)), None, "it began anew");
    }
}
