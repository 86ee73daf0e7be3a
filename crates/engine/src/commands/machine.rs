//! `atelier-engine machine`: what this machine offers a model.

use serde::Serialize;
use std::time::Instant;

/// What was found and measured.
#[derive(Debug, Serialize)]
pub struct Machine {
    /// The kernels for this processor.
    pub kernels: &'static str,
    /// Threads to compute with.
    pub threads: usize,
    /// Bytes per second that as many threads read from memory when they do nothing else.
    pub memory_per_second: u64,
}

/// Measures the machine, in about a second.
#[must_use]
pub fn machine(threads: usize) -> Machine {
    Machine { kernels: kernels::Isa::detect().name(), threads, memory_per_second: memory_per_second(threads) as u64 }
}

/// How fast `threads` threads read memory, one stream each, in bytes per second: the best of a few times.
pub(super) fn memory_per_second(threads: usize) -> f64 {
    /// Far more than any cache holds.
    const EACH: usize = 256 << 20;
    const TIMES: usize = 5;
    let streams: Vec<Vec<u64>> = (0..threads.max(1) as u64).map(|n| vec![n + 1; EACH / size_of::<u64>()]).collect();
    let all = (streams.len() * EACH) as f64;
    let time = || {
        let began = Instant::now();
        std::thread::scope(|scope| {
            for stream in &streams {
                scope.spawn(|| std::hint::black_box(stream.iter().fold(0u64, |sum, word| sum.wrapping_add(*word))));
            }
        });
        all / began.elapsed().as_secs_f64()
    };
    (0..TIMES).map(|_| time()).fold(0.0, f64::max)
}

impl Machine {
    /// For a terminal.
    #[must_use]
    pub fn table(&self) -> String {
        format!(
            "kernels  {}\nthreads  {}\nmemory   {:.1} GB/s\n",
            self.kernels,
            self.threads,
            self.memory_per_second as f64 / 1e9
        )
    }
}
