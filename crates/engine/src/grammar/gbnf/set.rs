//! Which characters does a place in a grammar take? Ranges of code points.

/// The largest code point.
const LAST: u32 = 0x10_FFFF;
/// Code points that are no characters.
const SURROGATES: (u32, u32) = (0xD800, 0xDFFF);

/// A set of characters: ranges with both ends in them, in order, apart from each other.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Set(Vec<(u32, u32)>);

impl Set {
    /// The characters of these ranges, in any order. Surrogates are left out.
    pub(super) fn new(ranges: impl IntoIterator<Item = (u32, u32)>) -> Self {
        let mut all: Vec<(u32, u32)> = Vec::new();
        for (from, to) in ranges {
            for (from, to) in [(from, to.min(SURROGATES.0 - 1)), (from.max(SURROGATES.1 + 1), to.min(LAST))] {
                if from <= to {
                    all.push((from, to));
                }
            }
        }
        all.sort_unstable();
        let mut merged: Vec<(u32, u32)> = Vec::with_capacity(all.len());
        for (from, to) in all {
            match merged.last_mut() {
                Some(last) if from <= last.1.saturating_add(1) => last.1 = last.1.max(to),
                _ => merged.push((from, to)),
            }
        }
        Self(merged)
    }

    /// One character.
    pub(super) fn one(c: char) -> Self {
        Self(vec![(c.into(), c.into())])
    }

    /// Every character.
    pub(super) fn all() -> Self {
        Self::new([(0, LAST)])
    }

    /// The characters that are not in it.
    pub(super) fn others(&self) -> Self {
        let mut next = 0;
        let mut out = Vec::with_capacity(self.0.len() + 1);
        for (from, to) in &self.0 {
            if next < *from {
                out.push((next, from - 1));
            }
            next = to + 1;
        }
        if next <= LAST {
            out.push((next, LAST));
        }
        Self::new(out)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn ranges(&self) -> &[(u32, u32)] {
        &self.0
    }

    /// Adds what is in another one; whether that was more.
    pub(super) fn add(&mut self, other: &Self) -> bool {
        if other.0.iter().all(|range| self.holds(*range)) {
            return false;
        }
        *self = Self::new(self.0.iter().chain(&other.0).copied());
        true
    }

    fn holds(&self, (from, to): (u32, u32)) -> bool {
        let at = self.0.partition_point(|(_, last)| *last < from);
        self.0.get(at).is_some_and(|(first, last)| *first <= from && to <= *last)
    }

    /// Whether the two share a character.
    pub(super) fn meets(&self, other: &Self) -> bool {
        let (mut ours, mut theirs) = (self.0.iter().peekable(), other.0.iter().peekable());
        while let (Some(a), Some(b)) = (ours.peek(), theirs.peek()) {
            if a.0 <= b.1 && b.0 <= a.1 {
                return true;
            }
            if a.1 < b.1 {
                ours.next()
            } else {
                theirs.next()
            };
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_what_their_ranges_say() {
        let set = |ranges: &[(u32, u32)]| Set::new(ranges.iter().copied());
        assert_eq!(set(&[(5, 9), (1, 3), (4, 4), (8, 12)]), set(&[(1, 12)]));
        assert_eq!(set(&[(9, 5)]), Set::default());
        assert_eq!(set(&[(0xD7FF, 0xE000)]).ranges(), [(0xD7FF, 0xD7FF), (0xE000, 0xE000)]);
        assert_eq!(set(&[(0, 0x11_0000)]), Set::all());
        for ranges in [&[][..], &[(0, 5)], &[(3, 4), (9, 200)], &[(0, LAST)], &[(7, LAST)]] {
            let set = set(ranges);
            assert_eq!(set.others().others(), set, "{ranges:?}");
            assert!(!set.meets(&set.others()), "{ranges:?}");
            let mut both = set.clone();
            both.add(&set.others());
            assert_eq!(both, Set::all(), "{ranges:?}");
            assert!(!both.add(&set));
        }
        assert!(set(&[(1, 3), (7, 9)]).meets(&set(&[(4, 7)])));
        assert!(!set(&[(1, 3), (7, 9)]).meets(&set(&[(4, 6), (10, 11)])));
    }
}
