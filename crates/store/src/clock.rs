//! When something happened: a hybrid logical clock, so that order survives wrong wall clocks.

use protocol::DeviceId;
use std::time::{SystemTime, UNIX_EPOCH};

/// A reading of the clock: wall time, and a counter for readings within (or behind) one millisecond.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stamp {
    /// Milliseconds since the Unix epoch.
    pub ms: i64,
    /// Counts readings that share `ms`.
    pub counter: u32,
}

impl Stamp {
    /// The reading after this one: never earlier, even where the wall clock went back.
    #[must_use]
    pub fn next(self, now: i64) -> Self {
        if now > self.ms { Self { ms: now, counter: 0 } } else { Self { ms: self.ms, counter: self.counter + 1 } }
    }

    /// As the tables keep it: big-endian, so that bytes compare as (time, counter, device) do.
    pub(crate) fn key(self, device: DeviceId) -> Vec<u8> {
        let mut key = Vec::with_capacity(28);
        key.extend(self.ms.max(0).to_be_bytes());
        key.extend(self.counter.to_be_bytes());
        key.extend(device.0.as_bytes());
        key
    }
}

/// The wall clock, in milliseconds since the Unix epoch.
pub(crate) fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_never_goes_back() {
        let at = |ms, counter| Stamp { ms, counter };
        for (last, now, next) in
            [(at(5, 0), 9, at(9, 0)), (at(5, 0), 5, at(5, 1)), (at(5, 7), 3, at(5, 8)), (at(5, 7), 6, at(6, 0))]
        {
            assert_eq!(last.next(now), next);
            assert!(next > last);
        }
    }

    #[test]
    fn keys_sort_as_stamps_do() {
        let (a, b) = (DeviceId(uuid::Uuid::from_u128(1)), DeviceId(uuid::Uuid::from_u128(2)));
        let keys = [
            Stamp { ms: 1, counter: 9 }.key(b),
            Stamp { ms: 2, counter: 0 }.key(a),
            Stamp { ms: 2, counter: 0 }.key(b),
            Stamp { ms: 2, counter: 300 }.key(a),
            Stamp { ms: 256, counter: 0 }.key(a),
        ];
        assert!(keys.is_sorted());
    }
}
