//! What feeds this machine: work that nobody waits for is left while the battery runs low.
//!
//! Reading what was imported goes on, so that it is found by its words; the vectors of a whole library are
//! an hour of all cores, and wait until there is power or a person says to go on.

use starship_battery::{Manager, State, units::ratio};
use std::sync::atomic::{AtomicBool, Ordering};

/// Below this, in percent, a battery is low.
const LOW: u8 = 30;

/// What feeds the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Supply {
    /// The mains, or nobody knows.
    Mains,
    /// A battery.
    Battery {
        /// How much is left, of 100.
        percent: u8,
    },
}

/// What feeds this machine now. Where that cannot be told it counts as the mains: work that waits for ever
/// is worse than an empty battery.
pub fn supply() -> Supply {
    let batteries = Manager::new().and_then(|manager| manager.batteries());
    let all: Vec<_> = batteries.into_iter().flatten().flatten().collect();
    if !all.iter().any(|battery| battery.state() == State::Discharging) {
        return Supply::Mains;
    }
    // Of two batteries one is emptied first: what counts is what is left in all.
    let shares: f32 = all.iter().map(|battery| battery.state_of_charge().get::<ratio::percent>()).sum();
    Supply::Battery { percent: (shares / all.len() as f32).clamp(0.0, 100.0) as u8 }
}

/// Whether power is saved, and whether a person has said not to.
#[derive(Debug, Default)]
pub(crate) struct Saving {
    spend: AtomicBool,
}

impl Saving {
    /// A person wants it done now: until there is power again it is not saved.
    pub fn spend(&self) {
        self.spend.store(true, Ordering::Relaxed);
    }

    /// How much is left, in percent, where power is to be saved.
    pub fn look(&self, supply: Supply) -> Option<u8> {
        match supply {
            Supply::Mains => {
                self.spend.store(false, Ordering::Relaxed);
                None
            }
            Supply::Battery { percent } => {
                Some(percent).filter(|left| *left < LOW && !self.spend.load(Ordering::Relaxed))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_low_battery_is_saved_until_a_person_says_not_to_and_again_after_the_mains() {
        let (saving, low) = (Saving::default(), Supply::Battery { percent: 12 });
        assert_eq!(saving.look(Supply::Battery { percent: LOW }), None);
        assert_eq!(saving.look(low), Some(12));
        saving.spend();
        assert_eq!(saving.look(low), None);
        assert_eq!(saving.look(Supply::Mains), None);
        assert_eq!(saving.look(low), Some(12));
    }
}
