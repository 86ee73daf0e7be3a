//! Is the work done sooner with the other threads, or without?
//!
//! On a machine that is busy with other things, help costs: a worker that is woken may take the caller's own
//! core, one that has begun loses its core in mid-piece, and what all of them burn while they wait is taken from
//! the same share of the processor. No single region shows that. So now and then the pace with help and the
//! pace without are measured one after the other, and the faster way is kept for a while.

use std::time::{Duration, Instant};

/// How long each of the two is measured: several turns of the scheduler.
const WINDOW: Duration = Duration::from_millis(60);
/// How long what was found is kept: at first, and at most. The same finding twice doubles it.
const KEPT: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(4));
/// After a pause between regions as long as this, a measurement begins anew: it was no work.
const PAUSE: Duration = Duration::from_millis(5);
/// By how much the pace without help must be better.
const BETTER: f64 = 1.1;

/// What was found, and the measurement that runs.
pub(crate) struct Pace {
    state: State,
    /// Whether help was worse the last time.
    alone: bool,
    kept: Duration,
    began: Option<Instant>,
    ended: Option<Instant>,
    pieces: u64,
}

#[derive(Clone, Copy)]
enum State {
    /// What was found is kept until then.
    Kept(Instant),
    /// The pace with help is measured.
    Helped,
    /// The pace without is measured; with help it was this, in pieces a second.
    Alone(f64),
    /// Nothing is ever measured.
    #[cfg(test)]
    Patient,
}

impl Default for Pace {
    fn default() -> Self {
        Self { state: State::Helped, alone: false, kept: KEPT.0, began: None, ended: None, pieces: 0 }
    }
}

impl Pace {
    /// One that has found help to be worse, for longer than any test.
    #[cfg(test)]
    pub(crate) fn only_alone(&mut self) {
        self.state = State::Kept(Instant::now() + Duration::from_secs(3_600));
        self.alone = true;
    }

    /// One that takes all the help there is, always.
    #[cfg(test)]
    pub(crate) fn patient() -> Self {
        Self { state: State::Patient, ..Self::default() }
    }

    /// Whether the region that begins now is to run without help.
    pub(crate) fn is_alone(&mut self, now: Instant) -> bool {
        if let State::Kept(until) = self.state
            && now >= until
        {
            self.measure(State::Helped);
        }
        if self.ended.is_some_and(|ended| now.saturating_duration_since(ended) > PAUSE) {
            self.measure(self.state);
        }
        self.began.get_or_insert(now);
        match self.state {
            State::Kept(_) => self.alone,
            State::Helped => false,
            State::Alone(_) => true,
            #[cfg(test)]
            State::Patient => false,
        }
    }

    /// A region has ended, in which so many pieces were done.
    #[allow(clippy::cast_precision_loss, reason = "a pace needs no more than a few digits")]
    pub(crate) fn settle(&mut self, now: Instant, pieces: u64) {
        self.ended = Some(now);
        self.pieces += pieces;
        let elapsed = self.began.map_or(Duration::ZERO, |began| now.saturating_duration_since(began));
        if elapsed < WINDOW {
            return;
        }
        let pace = self.pieces as f64 / elapsed.as_secs_f64();
        match self.state {
            State::Helped => self.measure(State::Alone(pace)),
            State::Alone(helped) => {
                let alone = pace > helped * BETTER;
                self.kept = if alone == self.alone { (self.kept * 2).min(KEPT.1) } else { KEPT.0 };
                self.alone = alone;
                self.measure(State::Kept(now + self.kept));
            }
            State::Kept(_) => {}
            #[cfg(test)]
            State::Patient => {}
        }
    }

    fn measure(&mut self, state: State) {
        (self.state, self.began, self.pieces) = (state, None, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Regions one after the other until `until`: how much of the time ran alone, if a region takes so long
    /// with help and without.
    fn share_alone(pace: &mut Pace, now: &mut Instant, until: Duration, helped: u64, alone: u64) -> f64 {
        let (begun, mut without) = (*now, Duration::ZERO);
        while *now - begun < until {
            let is_alone = pace.is_alone(*now);
            let took = Duration::from_micros(if is_alone { alone } else { helped });
            *now += took;
            without += if is_alone { took } else { Duration::ZERO };
            pace.settle(*now, 16);
        }
        without.as_secs_f64() / (*now - begun).as_secs_f64()
    }

    #[test]
    fn the_faster_way_is_found_and_found_again() {
        let (mut pace, mut now) = (Pace::default(), Instant::now());
        let mut share =
            |seconds, helped, alone| share_alone(&mut pace, &mut now, Duration::from_secs(seconds), helped, alone);
        assert!(share(20, 20, 36) < 0.05, "help that helps is taken");
        share(6, 60, 36);
        assert!(share(20, 60, 36) > 0.95, "help that costs is done without");
        share(6, 20, 36);
        assert!(share(20, 20, 36) < 0.05, "and taken again when it helps");
        assert!(share(20, 36, 36) < 0.05, "where it makes no difference, too");
    }

    #[test]
    fn a_pause_is_no_work() {
        let (mut pace, mut now) = (Pace::default(), Instant::now());
        // With help a region takes half as long; every tenth comes after a pause of a person's thinking.
        for region in 0..50_000 {
            now += if region % 1000 == 0 { Duration::from_secs(3) } else { Duration::ZERO };
            now += Duration::from_micros(if pace.is_alone(now) { 40 } else { 20 });
            pace.settle(now, 16);
        }
        assert!(!pace.alone);
    }
}
