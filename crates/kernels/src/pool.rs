//! How is one piece of work spread over threads thousands of times a second?
//!
//! Writing one token is some 150 parallel regions of 10 to 30 microseconds each, so a region must start and
//! end in well under a microsecond. Workers therefore spin for a short while after a region and sleep only
//! when nothing comes. Work-stealing pools wake too slowly for this and scatter a thread's memory accesses,
//! which halves the speed of writing: here every thread gets one sequential stretch.

use crate::pace::Pace;
use crate::stretch::{Stretch, share};
use std::any::Any;
use std::cell::Cell;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, TryLockError};
use std::thread::{self, JoinHandle, Thread};
use std::time::Instant;

/// Rounds a worker spins before it sleeps: about 50 microseconds, longer than the serial stretch between
/// two regions of a token and far shorter than a pause a person would notice in the fan.
const SPINS_BEFORE_SLEEP: u32 = 4_000;
/// Rounds the caller spins before it offers its core to a worker that may not be running.
const SPINS_BEFORE_YIELD: u32 = 2_000;
/// More threads than any laptop has cores; a larger wish is a mistake.
const MOST_THREADS: usize = 256;
/// Set in `Shared::inside` while no region runs.
const CLOSED: usize = 1 << (usize::BITS - 1);

/// A few threads that run one region of work together and wait for each other.
///
/// A region never waits for a worker that has not begun: on a core that another program uses, the others do
/// its share; and where all go slower together than the caller alone, it runs alone. Regions do not nest and do not overlap: one that is started while another runs (from a worker
/// or from a second thread) runs on the calling thread alone, which is correct and merely slower.
pub struct Pool {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
    sleepers: Vec<Thread>,
    /// Held for the length of a region.
    region: Mutex<Pace>,
}

/// Whether a region is shared with the other threads.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Help {
    /// Where that is measured to be faster.
    Measured,
    /// Always; nothing is learned from it.
    Always,
}

/// The work of a region, with its lifetime erased. `run` waits for all workers inside before it returns, so
/// the closure outlives every use.
type Work = *const (dyn Fn(usize) + Sync);

struct Shared {
    /// Goes up by one for each region; workers wait for it to change.
    generation: AtomicU32,
    work: WorkCell,
    /// Workers inside the current region, and whether it is closed to others.
    inside: AtomicUsize,
    /// Workers that are asleep or about to be.
    asleep: Vec<AtomicBool>,
    ending: AtomicBool,
    panic: Mutex<Option<Box<dyn Any + Send>>>,
    /// Pieces that each thread has done, the caller's first.
    done: Vec<Counter>,
}

/// A count on a cache line of its own: only its thread adds to it.
#[derive(Default)]
#[repr(align(64))]
struct Counter(AtomicU64);

struct WorkCell(Cell<Option<Work>>);

// SAFETY: the cell is written only by the thread that holds `Pool::region`, and only while `inside` is closed
// and empty. A worker reads it only after it has entered, and the release store that opens `inside` orders the
// write before that read.
unsafe impl Sync for WorkCell {}
// SAFETY: the pointer in the cell is to a `Sync` closure, which may be used from any thread.
unsafe impl Send for WorkCell {}

impl Pool {
    /// A pool of `threads`, the caller's own included. At least one and at most 256. If the system grants
    /// fewer threads, the pool has fewer.
    #[must_use]
    pub fn new(threads: usize) -> Self {
        let workers = threads.clamp(1, MOST_THREADS) - 1;
        let shared = Arc::new(Shared {
            generation: AtomicU32::new(0),
            work: WorkCell(Cell::new(None)),
            inside: AtomicUsize::new(CLOSED),
            asleep: (0..workers).map(|_| AtomicBool::new(false)).collect(),
            ending: AtomicBool::new(false),
            panic: Mutex::new(None),
            done: (0..=workers).map(|_| Counter::default()).collect(),
        });
        let workers: Vec<_> = (0..workers)
            .map_while(|index| {
                let shared = Arc::clone(&shared);
                thread::Builder::new().name(format!("kernel-{index}")).spawn(move || shared.serve(index)).ok()
            })
            .collect();
        let sleepers = workers.iter().map(|worker| worker.thread().clone()).collect();
        Self { shared, workers, sleepers, region: Mutex::new(Pace::default()) }
    }

    /// The threads a region runs on, the caller's included.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.workers.len() + 1
    }

    /// Pieces of work that each thread has done since the beginning, the caller's first: whether the others
    /// come in time to help.
    #[must_use]
    pub fn pieces(&self) -> Vec<u64> {
        self.shared.done.iter().take(self.threads()).map(|done| done.0.load(Ordering::Relaxed)).collect()
    }

    /// Pieces that all threads together have done.
    fn done(&self) -> u64 {
        self.shared.done.iter().map(|done| done.0.load(Ordering::Relaxed)).sum()
    }

    fn count(&self, thread: usize, pieces: u64) {
        self.shared.done[thread].0.fetch_add(pieces, Ordering::Relaxed);
    }

    /// Gives each thread one stretch of `0..items`, as even as possible, in a few pieces in order; a thread that
    /// has done its own helps the others.
    pub fn split(&self, items: usize, work: impl Fn(Range<usize>) + Sync) {
        self.split_with(Help::Measured, items, work);
    }

    fn split_with(&self, help: Help, items: usize, work: impl Fn(Range<usize>) + Sync) {
        let threads = self.threads().min(items);
        if threads <= 1 {
            if items > 0 {
                work(0..items);
                self.count(0, 1);
            }
            return;
        }
        let stretches: Vec<Stretch> = (0..threads).map(|thread| Stretch::new(share(items, threads, thread))).collect();
        self.run(help, &|thread| {
            let mut pieces = 0;
            for other in 0..threads {
                while let Some(piece) = stretches[(thread + other) % threads].next() {
                    work(piece);
                    pieces += 1;
                }
            }
            self.count(thread, pieces);
        });
    }

    /// Lets threads claim `step` items at a time, in order, until none is left: for work of uneven size.
    pub fn claim(&self, items: usize, step: usize, work: impl Fn(Range<usize>) + Sync) {
        let step = step.max(1);
        if self.workers.is_empty() || items <= step {
            if items > 0 {
                work(0..items);
                self.count(0, 1);
            }
            return;
        }
        let all = Stretch::in_steps(items, step);
        self.run(Help::Measured, &|thread| {
            let mut pieces = 0;
            while let Some(piece) = all.next() {
                work(piece);
                pieces += 1;
            }
            self.count(thread, pieces);
        });
    }

    /// Splits `data`, rows of `width`, among the threads, which get the index of a first row and some rows.
    ///
    /// # Panics
    /// If `data` is not a whole number of rows.
    pub fn rows<T: Send>(&self, data: &mut [T], width: usize, work: impl Fn(usize, &mut [T]) + Sync) {
        self.rows_with(Help::Measured, data, width, work);
    }

    /// The same for work that is done once and takes long, as packing weights does: each region is of another kind,
    /// so that their paces say nothing about the next, and it is always shared.
    ///
    /// # Panics
    /// As [`Pool::rows`].
    pub fn rows_once<T: Send>(&self, data: &mut [T], width: usize, work: impl Fn(usize, &mut [T]) + Sync) {
        self.rows_with(Help::Always, data, width, work);
    }

    fn rows_with<T: Send>(&self, help: Help, data: &mut [T], width: usize, work: impl Fn(usize, &mut [T]) + Sync) {
        assert!(width > 0 && data.len().is_multiple_of(width), "whole rows");
        let start = Exclusive(data.as_mut_ptr());
        self.split_with(help, data.len() / width, |rows| {
            let start = &start;
            // SAFETY: `split` hands every row to exactly one thread, the rows lie inside `data`, which is
            // borrowed mutably until the region ends, and `T: Send` lets another thread use them.
            let part = unsafe { std::slice::from_raw_parts_mut(start.0.add(rows.start * width), rows.len() * width) };
            work(rows.start, part);
        });
    }

    /// Calls `work` on this thread with 0 and on each worker that comes in time with its number, perhaps more
    /// than once, and returns when all calls have ended. The work must be claimed piece by piece: a worker that
    /// is late does nothing. A panic in one of them is raised again here, after all have ended.
    fn run(&self, help: Help, work: &(dyn Fn(usize) + Sync)) {
        let mut pace = match self.region.try_lock() {
            Ok(region) => region,
            // A panic went through an earlier region; it had ended by then, so there is nothing to repair.
            Err(TryLockError::Poisoned(region)) => region.into_inner(),
            Err(TryLockError::WouldBlock) => return work(0),
        };
        let before = self.done();
        if help == Help::Measured && pace.is_alone(Instant::now()) {
            work(0);
            return pace.settle(Instant::now(), self.done() - before);
        }
        // SAFETY: only the lifetime changes. The pointer is used by workers that are inside, and `close` below
        // returns only when none is and none can enter, also when the caller's own share panics.
        let erased: Work = unsafe { std::mem::transmute::<*const (dyn Fn(usize) + Sync + '_), Work>(work) };
        self.shared.work.0.set(Some(erased));
        self.shared.inside.store(0, Ordering::Release);
        // Sequentially consistent with the worker's store of `asleep`: either it sees the new generation or
        // we see that it sleeps.
        self.shared.generation.fetch_add(1, Ordering::SeqCst);
        for (asleep, thread) in self.shared.asleep.iter().zip(&self.sleepers) {
            if asleep.load(Ordering::SeqCst) {
                thread.unpark();
            }
        }
        let own = catch_unwind(AssertUnwindSafe(|| work(0)));
        self.close();
        if help == Help::Measured {
            pace.settle(Instant::now(), self.done() - before);
        }
        self.shared.work.0.set(None);
        let theirs = self.shared.panic.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(panic) = own.err().or(theirs) {
            resume_unwind(panic);
        }
    }

    /// Lets no more workers in and waits for those inside.
    fn close(&self) {
        let mut inside = self.shared.inside.fetch_or(CLOSED, Ordering::AcqRel) | CLOSED;
        let mut spins = 0u32;
        while inside != CLOSED {
            spins += 1;
            if spins < SPINS_BEFORE_YIELD {
                std::hint::spin_loop();
            } else {
                thread::yield_now();
            }
            inside = self.shared.inside.load(Ordering::Acquire);
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.ending.store(true, Ordering::SeqCst);
        self.shared.generation.fetch_add(1, Ordering::SeqCst);
        for worker in self.workers.drain(..) {
            worker.thread().unpark();
            // A worker catches every panic of its work, so there is nothing to learn from the result.
            let _ = worker.join();
        }
    }
}

impl Shared {
    fn serve(&self, index: usize) {
        let mut seen = 0;
        loop {
            seen = self.next(index, seen);
            if self.ending.load(Ordering::SeqCst) {
                return;
            }
            let enter = |inside| if inside & CLOSED == 0 { Some(inside + 1) } else { None };
            if self.inside.fetch_update(Ordering::AcqRel, Ordering::Relaxed, enter).is_err() {
                continue;
            }
            if let Some(work) = self.work.0.get() {
                // SAFETY: `run` keeps the closure alive until nobody is inside, and this worker leaves only
                // after the call has returned.
                let result = catch_unwind(AssertUnwindSafe(|| unsafe { (*work)(index + 1) }));
                if let Err(panic) = result {
                    self.panic.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(panic);
                }
            }
            self.inside.fetch_sub(1, Ordering::Release);
        }
    }

    /// Waits for a generation other than `seen`: spinning first, then asleep.
    fn next(&self, index: usize, seen: u32) -> u32 {
        for _ in 0..SPINS_BEFORE_SLEEP {
            let generation = self.generation.load(Ordering::Acquire);
            if generation != seen {
                return generation;
            }
            std::hint::spin_loop();
        }
        self.asleep[index].store(true, Ordering::SeqCst);
        let generation = loop {
            let generation = self.generation.load(Ordering::SeqCst);
            if generation != seen {
                break generation;
            }
            thread::park();
        };
        self.asleep[index].store(false, Ordering::SeqCst);
        generation
    }
}

/// A pointer whose users promise to touch disjoint parts.
struct Exclusive<T>(*mut T);

// SAFETY: `Pool::rows` is its only user and derives disjoint slices from it, one per thread.
unsafe impl<T: Send> Sync for Exclusive<T> {}

#[cfg(test)]
mod tests;
