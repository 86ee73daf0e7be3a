//! How are items shared out, so that each thread has a run of its own and can still help the others?

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Pieces a thread's stretch is cut into, so that others can help a thread whose core is taken.
const PIECES: usize = 8;

/// Items that are claimed piece by piece, in order. On a cache line of its own.
#[repr(align(64))]
pub(crate) struct Stretch {
    next: AtomicUsize,
    end: usize,
    step: usize,
}

impl Stretch {
    /// A thread's stretch, in a few pieces.
    pub(crate) fn new(items: Range<usize>) -> Self {
        Self { step: items.len().div_ceil(PIECES).max(1), next: AtomicUsize::new(items.start), end: items.end }
    }

    /// `0..items`, `step` at a time.
    pub(crate) fn in_steps(items: usize, step: usize) -> Self {
        Self { next: AtomicUsize::new(0), end: items, step }
    }

    /// The next piece, if one is left.
    pub(crate) fn next(&self) -> Option<Range<usize>> {
        let start = self.next.fetch_add(self.step, Ordering::Relaxed);
        (start < self.end).then(|| start..self.end.min(start + self.step))
    }
}

/// The stretch of `0..items` that belongs to `part` of `parts`; the first ones are longer by at most one.
pub(crate) fn share(items: usize, parts: usize, part: usize) -> Range<usize> {
    let (each, left) = (items / parts, items % parts);
    let start = part * each + part.min(left);
    start..start + each + usize::from(part < left)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_cover_every_item_once() {
        for (items, parts) in [(1, 1), (7, 2), (8, 3), (2, 2), (100, 7)] {
            let joined: Vec<usize> = (0..parts).flat_map(|part| share(items, parts, part)).collect();
            assert_eq!(joined, (0..items).collect::<Vec<_>>(), "{items} over {parts}");
        }
    }
}
