//! How fast does the engine run a model beside candle's own quantised Llama, the nearest program of its
//! kind in Rust? The same file, the same number of tokens, the same threads, in one call, one after the
//! other: `peer FILE.gguf`.
//!
//! candle takes its threads from `RAYON_NUM_THREADS`, which has to be set before a program starts: this
//! one starts itself again with it.

use candle_core::{Device, Tensor, quantized::gguf_file};
use candle_transformers::models::quantized_llama::ModelWeights;
use clap::Parser;
use engine::{
    arch::Processor,
    commands::bench::{Plan, bench},
};
use serde_json::{Value, json};
use std::{
    env,
    error::Error,
    fs::File,
    io::BufReader,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
    time::Instant,
};

/// Compare the engine with candle.
#[derive(Parser)]
struct Arguments {
    /// A GGUF file of the Llama family.
    file: PathBuf,
    /// Tokens to read.
    #[arg(long, default_value_t = 256)]
    prompt: usize,
    /// Tokens to write.
    #[arg(long, default_value_t = 64)]
    write: usize,
    /// Times each is measured, after one that is not counted.
    #[arg(long, default_value_t = 3)]
    runs: usize,
    /// Threads of both; all cores unless given.
    #[arg(long)]
    threads: Option<usize>,
}

const THREADS: &str = "RAYON_NUM_THREADS";

fn main() -> ExitCode {
    let Arguments { file, prompt, write, runs, threads } = Arguments::parse();
    let threads = threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
    if env::var(THREADS).ok() != Some(threads.to_string()) {
        return again(threads);
    }
    match compare(&file, Plan { prompt, write, runs, threads, processor: Processor::Cpu, kv: kernels::KvKind::F16 }) {
        Ok(figures) => {
            println!("{figures:#}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("peer: {error}");
            ExitCode::FAILURE
        }
    }
}

/// This program once more, with so many threads for candle.
#[allow(clippy::disallowed_methods, reason = "it starts nothing but itself")]
fn again(threads: usize) -> ExitCode {
    let started = env::current_exe()
        .and_then(|me| Command::new(me).args(env::args_os().skip(1)).env(THREADS, threads.to_string()).status());
    let code = started.ok().and_then(|ended| u8::try_from(ended.code()?).ok());
    ExitCode::from(code.unwrap_or(1))
}

fn compare(file: &Path, plan: Plan) -> Result<Value, Box<dyn Error>> {
    let ours = bench(file, plan)?;
    let (read, written) = candle(file, plan)?;
    let two = |ratio: f64| (ratio * 100.0).round() / 100.0;
    let one = |rate: f64| (rate * 10.0).round() / 10.0;
    Ok(json!({
        "file": file.file_name().map(|name| name.to_string_lossy()),
        "threads": plan.threads,
        "tests": [ours.prompt_test, ours.write_test],
        "engine": { "prompt_per_second": one(ours.prompt_per_second), "write_per_second": one(ours.write_per_second) },
        "candle": { "prompt_per_second": one(read), "write_per_second": one(written) },
        "ratio": { "prompt": two(ours.prompt_per_second / read), "write": two(ours.write_per_second / written) },
    }))
}

/// The median rates of reading and of writing.
fn candle(file: &Path, plan: Plan) -> Result<(f64, f64), Box<dyn Error>> {
    let mut reader = BufReader::new(File::open(file)?);
    let content = gguf_file::Content::read(&mut reader)?;
    let mut model = ModelWeights::from_gguf(content, &mut reader, &Device::Cpu)?;
    let (mut reads, mut writes) = (Vec::new(), Vec::new());
    for run in 0..=plan.runs {
        let read = rate(&mut model, plan.prompt, plan.prompt)?;
        let written = rate(&mut model, plan.write, 1)?;
        if run > 0 {
            reads.push(read);
            writes.push(written);
        }
    }
    Ok((median(reads), median(writes)))
}

/// Tokens per second when so many are read `step` at a time into an empty cache.
fn rate(model: &mut ModelWeights, count: usize, step: usize) -> Result<f64, Box<dyn Error>> {
    model.clear_kv_cache();
    // Small numbers are tokens of every vocabulary; which they are does not change the work.
    let tokens: Vec<u32> = (0..count).map(|at| u32::try_from(at % 200).unwrap_or(0)).collect();
    let began = Instant::now();
    for (at, some) in tokens.chunks(step).enumerate() {
        let input = Tensor::new(some, &Device::Cpu)?.unsqueeze(0)?;
        model.forward(&input, at * step)?;
    }
    Ok(count as f64 / began.elapsed().as_secs_f64())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}
