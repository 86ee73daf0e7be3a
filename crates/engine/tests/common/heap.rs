//! How much memory does a piece of work take at its peak? An allocator that counts, for tests and fuzz targets.
//!
//! It counts what this thread asks for, in bytes; what other threads do meanwhile is not mixed in. Memory that
//! is mapped past the allocator (files, packed weights, keys and values) is not seen.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    ptr::null_mut,
};

thread_local! {
    static LIVE: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
    static MOST: Cell<isize> = const { Cell::new(isize::MAX) };
}

/// The system's allocator with a count for each thread. To be named as the `#[global_allocator]`.
pub struct Counting;

/// Counts `change` bytes; false if the thread would then hold more than it may.
fn count(change: isize) -> bool {
    // A thread that is ending has no counters any more: what it frees then is not counted.
    LIVE.try_with(|live| {
        let now = live.get().saturating_add(change);
        // A thread that panics may take what its report needs; so may the report of a refusal.
        if change > 0 && now > MOST.get() && !std::thread::panicking() {
            MOST.set(isize::MAX);
            return false;
        }
        live.set(now);
        PEAK.set(PEAK.get().max(now));
        true
    })
    .unwrap_or(true)
}

// SAFETY: every call goes to the system's allocator with the arguments it came with, or is refused with null, which
// the trait allows; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are those that the system's allocator asks for.
        if count(layout.size().cast_signed()) { unsafe { System.alloc(layout) } } else { null_mut() }
    }
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        if count(layout.size().cast_signed()) { unsafe { System.alloc_zeroed(layout) } } else { null_mut() }
    }
    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        count(-layout.size().cast_signed());
        // SAFETY: as above.
        unsafe { System.dealloc(place, layout) }
    }
    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if !count(size.cast_signed() - layout.size().cast_signed()) {
            return null_mut();
        }
        // SAFETY: as above.
        unsafe { System.realloc(place, layout, size) }
    }
}

/// Does some work that may hold at most `most` bytes beside what is held already, and says how many it held at its
/// peak. Work that asks for more is refused, which ends the process.
pub fn peak_within<T>(most: usize, work: impl FnOnce() -> T) -> (T, usize) {
    let before = LIVE.get();
    PEAK.set(before);
    MOST.set(before.saturating_add_unsigned(most));
    let done = work();
    MOST.set(isize::MAX);
    (done, PEAK.get().saturating_sub(before).max(0).unsigned_abs())
}
