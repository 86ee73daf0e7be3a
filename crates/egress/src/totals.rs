//! How much went out today?

use protocol::EgressTotals;

const DAY_MS: i64 = 86_400_000;

/// Totals of one day. A day begins at midnight UTC: the same on every device of a team, and free of
/// the traps of local clocks.
#[derive(Debug, Default)]
pub(crate) struct Today {
    day: i64,
    totals: EgressTotals,
}

impl Today {
    /// The totals as of `now`, in which a new day has emptied the counters.
    pub(crate) fn at(&mut self, now: i64) -> &mut EgressTotals {
        let day = now.div_euclid(DAY_MS);
        if day != self.day {
            self.day = day;
            self.totals.sent_today = 0;
            self.totals.received_today = 0;
            self.totals.refused_today = 0;
        }
        &mut self.totals
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_day_empties_the_counters_but_not_what_is_open() {
        let mut today = Today::default();
        *today.at(DAY_MS) = EgressTotals { sent_today: 5, received_today: 6, refused_today: 7, open: 2, sealed: true };
        assert_eq!(today.at(2 * DAY_MS - 1).sent_today, 5);
        let next = EgressTotals { open: 2, sealed: true, ..EgressTotals::default() };
        assert_eq!(*today.at(2 * DAY_MS), next);
    }
}
