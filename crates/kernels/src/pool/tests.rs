//! Is every piece done once, whoever comes to help?

use super::*;

fn count(total: &AtomicUsize) {
    total.fetch_add(1, Ordering::Relaxed);
}

#[test]
fn every_row_is_visited_once_whatever_the_threads() {
    for threads in [1, 2, 5] {
        let pool = Pool::new(threads);
        for rows in [0, 1, 2, 3, 64] {
            let mut data = vec![0usize; rows * 3];
            pool.rows(&mut data, 3, |first, part| {
                for (at, row) in part.chunks_mut(3).enumerate() {
                    row.iter_mut().for_each(|value| *value += first + at + 1);
                }
            });
            let expected: Vec<usize> = (0..rows).flat_map(|row| [row + 1; 3]).collect();
            assert_eq!(data, expected, "{threads} threads, {rows} rows");
        }
    }
}

#[test]
fn claimed_items_are_visited_once() {
    let pool = Pool::new(3);
    for _ in 0..200 {
        let seen: Vec<AtomicUsize> = (0..50).map(|_| AtomicUsize::new(0)).collect();
        pool.claim(50, 4, |range| range.for_each(|item| count(&seen[item])));
        assert!(seen.iter().all(|seen| seen.load(Ordering::Relaxed) == 1));
    }
    let pieces = pool.pieces();
    assert_eq!((pieces.len(), pieces.iter().sum::<u64>()), (3, 200 * 13), "every piece is counted");
}

/// A pool whose regions always wait for all, for tests that need them to come.
fn patient(threads: usize) -> Pool {
    let mut pool = Pool::new(threads);
    pool.region = Mutex::new(Pace::patient());
    pool
}

/// A region in which each thread that comes does one item and then waits for `others` to come too.
fn meet(pool: &Pool, others: usize) -> usize {
    let came = AtomicUsize::new(0);
    pool.claim(pool.threads(), 1, |_| {
        count(&came);
        while came.load(Ordering::Relaxed) < others {
            thread::yield_now();
        }
    });
    came.into_inner()
}

#[test]
fn workers_wake_after_they_slept() {
    let pool = patient(3);
    for _ in 0..20 {
        // Ends only when all three threads are inside at once.
        assert_eq!(meet(&pool, 3), 3);
        thread::sleep(std::time::Duration::from_millis(2));
    }
}

#[test]
fn a_region_inside_a_region_runs_alone() {
    let pool = Pool::new(2);
    let total = AtomicUsize::new(0);
    pool.claim(4, 1, |_| pool.claim(5, 1, |_| count(&total)));
    assert_eq!(total.into_inner(), 20);
}

#[test]
fn two_threads_may_use_one_pool() {
    let pool = Pool::new(2);
    let total = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| (0..500).for_each(|_| pool.split(10, |items| items.for_each(|_| count(&total)))));
        }
    });
    assert_eq!(total.into_inner(), 10_000);
}

#[test]
fn a_panic_reaches_the_caller_and_the_pool_lives_on() {
    let pool = patient(3);
    for culprit in 0..3 {
        let result = catch_unwind(AssertUnwindSafe(|| pool.claim(3, 1, |item| assert_ne!(item.start, culprit))));
        assert!(result.is_err(), "item {culprit}");
    }
    assert_eq!(meet(&pool, 3), 3);
}

#[test]
fn work_that_is_done_once_is_shared_whatever_was_measured() {
    let pool = Pool::new(2);
    // Both threads come to it even where the pace says that one is faster alone.
    pool.region.lock().unwrap().only_alone();
    let mut data = vec![0u8; 64];
    let threads = Mutex::new(std::collections::HashSet::new());
    for _ in 0..200 {
        pool.rows_once(&mut data, 1, |_, part| {
            threads.lock().unwrap().insert(thread::current().id());
            thread::sleep(std::time::Duration::from_micros(50));
            part.fill(1);
        });
    }
    assert_eq!(data, [1; 64]);
    assert_eq!(threads.into_inner().unwrap().len(), 2);
    let before = pool.pieces();
    pool.rows(&mut data, 1, |_, part| part.fill(2));
    let after = pool.pieces();
    assert_eq!(after[1], before[1], "what is measured stays alone");
}
