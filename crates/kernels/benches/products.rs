//! How near are the products to what the machine can do?
//!
//! `cargo bench -p kernels [-- THREADS]` measures the fastest instruction set and prints, for each format, how fast weights are read when one token is
//! computed (bytes of weights per second, to be held against the speed of memory) and how many multiplications
//! and additions run when many are. The weights are more than any cache holds.

#[path = "../tests/support/mod.rs"]
mod support;

use kernels::{Activations, Arena, Cpu, Format, Product, QuantMatrix};
use std::time::{Duration, Instant};
use support::{Random, raw};

const COLUMNS: usize = 2048;
const ROWS: usize = 8192;
const MATRICES: usize = 4;
const TOKENS: usize = 64;

fn main() {
    let threads = std::env::args().filter_map(|argument| argument.parse().ok()).next().unwrap_or(2);
    let cpu = Cpu::new(threads);
    println!("{} on {} threads", cpu.isa().name(), cpu.threads());
    for format in Format::ALL {
        measure(&cpu, format);
    }
}

#[allow(clippy::unwrap_used, reason = "a measurement that cannot be made ends here")]
fn measure(cpu: &Cpu, format: Format) {
    let mut random = Random(1);
    let bytes = raw(format, ROWS, COLUMNS, &mut random);
    let mut arena = Arena::new(MATRICES * QuantMatrix::packed_bytes(format, ROWS, COLUMNS));
    let packing = Instant::now();
    let matrices: Vec<QuantMatrix> =
        (0..MATRICES).map(|_| QuantMatrix::pack(format, ROWS, COLUMNS, &bytes, &mut arena, cpu).unwrap()).collect();
    let packing = packing.elapsed();
    let size: usize = matrices.iter().map(QuantMatrix::bytes).sum();

    let mut rates = [1, TOKENS].map(|tokens| {
        let values = random.floats(tokens * COLUMNS);
        let mut input = Activations::new();
        let mut out = vec![0.0; tokens * ROWS];
        best(|| {
            for matrix in &matrices {
                cpu.load(&mut input, &values, COLUMNS, matrix.form());
                cpu.multiply(&input, &mut [Product::into(matrix, &mut out)]);
            }
        })
    });
    let operations = 2.0 * (MATRICES * ROWS * COLUMNS * TOKENS) as f64;
    rates[1] *= operations / 1e9;
    println!(
        "  {:<5} one token {:6.1} GB/s, {TOKENS} tokens {:7.1} Gop/s, packing {:5.2} GB/s",
        format!("{format:?}"),
        size as f64 / 1e9 * rates[0],
        rates[1],
        (bytes.len() * MATRICES) as f64 / 1e9 / packing.as_secs_f64(),
    );
}

/// How often per second, in the best of some runs: other programs only ever make it slower.
fn best(mut work: impl FnMut()) -> f64 {
    work();
    let mut best = Duration::MAX;
    let all = Instant::now();
    let mut runs = 0;
    while runs < 3 || (all.elapsed() < Duration::from_millis(300) && runs < 20) {
        let start = Instant::now();
        work();
        best = best.min(start.elapsed());
        runs += 1;
    }
    1.0 / best.as_secs_f64()
}
