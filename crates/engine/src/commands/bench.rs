//! `atelier-engine bench FILE`: how fast a model reads and writes here.

use super::machine::memory_per_second;
use crate::{
    arch::{Decoder, Opening, Processor, Shape},
    error::{EngineError, Result},
    gguf::Gguf,
};
use kernels::KvKind;
use serde::Serialize;
use std::{path::Path, time::Instant};

/// What to measure.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Tokens to read.
    pub prompt: usize,
    /// Tokens to write.
    pub write: usize,
    /// Times each is done.
    pub runs: usize,
    /// Threads.
    pub threads: usize,
    /// What computes.
    pub processor: Processor,
    /// How keys and values are remembered.
    pub kv: KvKind,
}

/// What was measured: rates in tokens per second.
#[derive(Debug, Serialize)]
pub struct Measured {
    /// The architecture.
    pub architecture: String,
    /// Threads.
    pub threads: usize,
    /// Time to open the file and prepare the weights.
    pub load_ms: f64,
    /// Name such as `pp512`.
    pub prompt_test: String,
    /// Median rate of reading.
    pub prompt_per_second: f64,
    /// Each run.
    pub prompt_runs: Vec<f64>,
    /// The share of the pieces of work that each thread did while reading, the first one's first.
    pub prompt_shares: Vec<f64>,
    /// Name such as `tg128`.
    pub write_test: String,
    /// Median rate of writing.
    pub write_per_second: f64,
    /// Each run.
    pub write_runs: Vec<f64>,
    /// The share of the pieces of work that each thread did while writing.
    pub write_shares: Vec<f64>,
    /// Bytes per second that as many threads read from memory when they do nothing else.
    pub memory_per_second: f64,
    /// The share of that which writing reaches: each token reads the whole file once.
    pub share_of_memory: f64,
    /// The most memory that the process has had, where the system says so.
    pub peak_bytes: Option<u64>,
}

/// Measures a file.
pub fn bench(path: &Path, plan: Plan) -> Result<Measured> {
    if !(1..=1_000_000).contains(&plan.prompt) || !(1..=1_000_000).contains(&plan.write) || plan.runs == 0 {
        return Err(EngineError::Invalid { param: "bench", message: "nothing to measure".to_owned() });
    }
    let began = Instant::now();
    let file = Gguf::open(path)?;
    let positions = plan.prompt.max(plan.write);
    let mut opening = Opening { threads: plan.threads, positions, kv: plan.kv, progress: &mut |_, _| {} };
    let mut decoder = plan.processor.open(&file, &mut opening)?;
    let load_ms = began.elapsed().as_secs_f64() * 1000.0;
    let tokens = tokens(decoder.shape().vocab, positions);
    // The first run warms caches and page tables and is not counted.
    let mut prompt_runs = Vec::new();
    let mut write_runs = Vec::new();
    let (mut read_pieces, mut written_pieces) = (Vec::new(), Vec::new());
    for run in 0..=plan.runs {
        let begun = decoder.pieces();
        let read = rate(decoder.as_mut(), &tokens[..plan.prompt], plan.prompt)?;
        let between = decoder.pieces();
        let written = rate(decoder.as_mut(), &tokens[..plan.write], 1)?;
        if run > 0 {
            prompt_runs.push(read);
            write_runs.push(written);
            add(&mut read_pieces, &begun, &between);
            add(&mut written_pieces, &between, &decoder.pieces());
        }
    }
    let (peak_bytes, memory_per_second) = (peak(), memory_per_second(plan.threads));
    let write_per_second = median(&write_runs);
    Ok(Measured {
        architecture: decoder.shape().architecture.clone(),
        threads: plan.threads,
        load_ms,
        prompt_test: format!("pp{}", plan.prompt),
        prompt_per_second: median(&prompt_runs),
        prompt_runs,
        prompt_shares: shares(&read_pieces),
        write_test: format!("tg{}", plan.write),
        write_per_second,
        write_runs,
        write_shares: shares(&written_pieces),
        memory_per_second,
        share_of_memory: write_per_second * read_per_token(&file, decoder.shape()) / memory_per_second,
        peak_bytes,
    })
}

/// The bytes of the file that writing a token reads: all but those of the experts that it is not sent to.
pub(super) fn read_per_token(file: &Gguf, shape: &Shape) -> f64 {
    let experts = file.tensors().values().filter(|tensor| tensor.dims.len() == 3).map(|tensor| tensor.bytes);
    let unused = shape.experts.saturating_sub(shape.experts_used) as f64 / shape.experts.max(1) as f64;
    file.file_bytes() as f64 - unused * experts.sum::<usize>() as f64
}

/// Adds to `all` what was done between two counts.
fn add(all: &mut Vec<u64>, before: &[u64], after: &[u64]) {
    all.resize(after.len(), 0);
    for (all, (before, after)) in all.iter_mut().zip(before.iter().zip(after)) {
        *all += after - before;
    }
}

fn shares(pieces: &[u64]) -> Vec<f64> {
    let all = pieces.iter().sum::<u64>().max(1) as f64;
    pieces.iter().map(|pieces| *pieces as f64 / all).collect()
}

/// The most memory that this process has had.
#[cfg(target_os = "linux")]
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse::<u64>().ok().map(|kb| kb * 1024)
}

/// The most memory that this process has had: not asked elsewhere.
#[cfg(not(target_os = "linux"))]
fn peak() -> Option<u64> {
    None
}

/// Tokens per second when `tokens` are read `step` at a time into an empty cache.
fn rate(decoder: &mut dyn Decoder, tokens: &[u32], step: usize) -> Result<f64> {
    let mut cache = decoder.new_cache(tokens.len())?;
    let began = Instant::now();
    for chunk in tokens.chunks(step) {
        decoder.read(chunk, &mut cache)?;
    }
    Ok(tokens.len() as f64 / began.elapsed().as_secs_f64())
}

/// Always the same mixed tokens: which they are does not change the work.
fn tokens(vocab: usize, count: usize) -> Vec<u32> {
    (0..count).map(|i| u32::try_from(i.wrapping_mul(7919) % vocab).unwrap_or(0)).collect()
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(0.0)
}

impl Measured {
    /// For a terminal.
    #[must_use]
    pub fn table(&self) -> String {
        let row = |test: &str, rate: f64, shares: &[f64]| {
            let share = shares.iter().map(|share| format!("{:.0}%", share * 100.0)).collect::<Vec<_>>().join(" ");
            format!(
                "| {:<12} | {:>7} | {:>8} | {:>12.1} | {:<12} |\n",
                self.architecture, self.threads, test, rate, share
            )
        };
        format!(
            "| architecture | threads |     test | tokens/s     | share        |\n| --- | --- | --- | --- | --- |\n{}{}load {:.0} ms, writing reads {:.1} of {:.1} GB/s\n",
            row(&self.prompt_test, self.prompt_per_second, &self.prompt_shares),
            row(&self.write_test, self.write_per_second, &self.write_shares),
            self.load_ms,
            self.share_of_memory * self.memory_per_second / 1e9,
            self.memory_per_second / 1e9
        )
    }
}
