//! How a background task goes on after a trouble that is not a document's: later each time, up to a limit.

use std::time::Duration;

/// The first wait.
const FIRST: Duration = Duration::from_secs(2);
/// The longest one.
const LONGEST: Duration = Duration::from_secs(300);
/// After so many in a row nobody should wait for the task any more.
const LASTING: u32 = 3;

/// Setbacks in a row.
#[derive(Debug, Default)]
pub(crate) struct Setback {
    times: u32,
}

impl Setback {
    /// Something worked.
    pub fn over(&mut self) {
        self.times = 0;
    }

    /// Nothing worked: how long to wait before the next try.
    pub fn wait(&mut self) -> Duration {
        let wait = FIRST.saturating_mul(1 << self.times.min(16)).min(LONGEST);
        self.times = self.times.saturating_add(1);
        wait
    }

    /// Whether it was only the first in a row.
    pub fn is_new(&self) -> bool {
        self.times == 1
    }

    /// Whether it does not pass by itself, as far as can be seen.
    pub fn lasts(&self) -> bool {
        self.times >= LASTING
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_wait_is_longer_up_to_a_limit() {
        let mut setback = Setback::default();
        let seconds: Vec<u64> = (0..10).map(|_| setback.wait().as_secs()).collect();
        assert_eq!(seconds, [2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
        assert!(setback.lasts() && !setback.is_new());
        setback.over();
        assert_eq!(setback.wait(), FIRST);
        assert!(setback.is_new() && !setback.lasts());
    }
}
