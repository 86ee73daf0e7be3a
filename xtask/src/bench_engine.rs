//! The engine beside llama.cpp: the same files, the same number of threads, runs that take turns.

use crate::{
    build, peer,
    places::Places,
    setup,
    shell::{self, command},
};
use anyhow::{Context as _, Result};
use clap::Args;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

/// What to measure.
#[derive(Args)]
pub struct Options {
    /// Install system packages without asking.
    #[arg(long, short)]
    yes: bool,
    /// GGUF files; else the starter model, and random weights in the shapes and kinds named below.
    files: Vec<PathBuf>,
    /// Shapes of the random weights: qwen3-0.6b, llama-1b, qwen3-4b.
    #[arg(long, value_delimiter = ',', default_value = "qwen3-0.6b")]
    shapes: Vec<String>,
    /// Their kinds: Q4_0, Q4_1, Q4_K_M, Q5_K, Q6_K, Q8_0.
    #[arg(long, value_delimiter = ',', default_value = "Q4_K_M")]
    kinds: Vec<String>,
    /// Tokens to read.
    #[arg(long, default_value_t = 512)]
    prompt: u32,
    /// Tokens to write.
    #[arg(long, default_value_t = 128)]
    write: u32,
    /// Turns that each takes; the median counts.
    #[arg(long, default_value_t = 5)]
    runs: usize,
}

/// One file with one number of threads. Rates in tokens per second, memory in bytes; medians.
#[derive(Serialize)]
struct Pair {
    file: String,
    threads: usize,
    read: [f64; 2],
    write: [f64; 2],
    peak: [u64; 2],
    /// Milliseconds until the engine is ready, the file in the system's cache.
    load: f64,
    /// The share of the memory's measured bandwidth that writing reaches.
    share_of_memory: f64,
}

/// The engine's own measurement.
#[derive(Deserialize)]
struct Own {
    load_ms: f64,
    prompt_per_second: f64,
    write_per_second: f64,
    share_of_memory: f64,
    /// Before the memory itself is measured, which takes some.
    peak_bytes: Option<u64>,
}

/// Builds both, measures in turns, and prints a table as it stands in docs/benchmarks.md.
pub fn bench(places: &Places, options: &Options) -> Result<()> {
    setup::setup(places, &setup::Options { yes: options.yes, tests: false, window: false })?;
    let program = build::release_engine(places)?;
    let peer = peer::llama_bench(places)?;
    let files = if options.files.is_empty() { files(places, options)? } else { options.files.clone() };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut pairs = Vec::new();
    for file in &files {
        for threads in [1, cores] {
            let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let step = shell::step(&format!("Measuring {name} with {threads} threads"), "some minutes");
            pairs.push(pair(places, options, (&program, &peer), file, threads).with_context(|| name.clone())?);
            step.done("measured");
        }
    }
    print!("{}", table(&pairs));
    Ok(())
}

/// The starter model, and files that are written if they are not there yet.
fn files(places: &Places, options: &Options) -> Result<Vec<PathBuf>> {
    let mut files = vec![places.data.join("models/SmolLM2-135M-Instruct.Q4_1.gguf")];
    let folder = places.cache.join("peer/models");
    std::fs::create_dir_all(&folder)?;
    for shape in &options.shapes {
        for kind in &options.kinds {
            let file = folder.join(format!("{shape}-random.{kind}.gguf"));
            if !file.exists() {
                let step = shell::step(&format!("Writing random weights, {shape} in {kind}"), "some seconds");
                // Under another name first: a file that was cut short is written again.
                let half = file.with_extension("half");
                let mut write = command(build::release_example(places, "synthetic"), places);
                shell::run(write.args([shape, kind]).arg(&half))?;
                std::fs::rename(half, &file)?;
                step.done("written");
            }
            files.push(file);
        }
    }
    Ok(files)
}

fn pair(places: &Places, options: &Options, (own, peer): (&Path, &Path), file: &Path, threads: usize) -> Result<Pair> {
    let [prompt, write, threads_text] = [options.prompt, options.write, threads as u32].map(|n| n.to_string());
    let (mut read, mut written, mut shares, mut loads) = ([vec![], vec![]], [vec![], vec![]], vec![], vec![]);
    let mut peak = [0, 0];
    for _ in 0..options.runs.max(1) {
        let mut engine = command(own, places);
        engine.arg("bench").arg(file).args(["--json", "--runs", "1", "--threads", &threads_text]);
        engine.args(["--prompt", &prompt, "--write", &write]);
        let text = shell::output(&mut engine)?;
        let own: Own = serde_json::from_str(&text).context("atelier-engine bench")?;
        read[0].push(own.prompt_per_second);
        written[0].push(own.write_per_second);
        shares.push(own.share_of_memory);
        loads.push(own.load_ms);
        peak[0] = own.peak_bytes.unwrap_or(0).max(peak[0]);

        let mut llama = command(peer, places);
        llama.arg("-m").arg(file).args(["-o", "json", "-r", "1", "-t", &threads_text, "-p", &prompt, "-n", &write]);
        let (text, most) = watched(&mut llama)?;
        let tests: Vec<Value> = serde_json::from_str(&text).context("llama-bench")?;
        for test in &tests {
            let rate = test["avg_ts"].as_f64().context("llama-bench gives no rate")?;
            if test["n_gen"] == 0 { &mut read[1] } else { &mut written[1] }.push(rate);
        }
        peak[1] = most.max(peak[1]);
    }
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let medians = |all: [Vec<f64>; 2]| all.map(median);
    let (read, write) = (medians(read), medians(written));
    Ok(Pair { file: name, threads, read, write, peak, load: median(loads), share_of_memory: median(shares) })
}

/// What a program prints, and the most memory that it has had while it ran.
fn watched(program: &mut Command) -> Result<(String, u64)> {
    let mut child = program.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let status = PathBuf::from(format!("/proc/{}/status", child.id()));
    let watch = std::thread::spawn(move || {
        let mut most = 0;
        // The system keeps the highest; it is gone with the process.
        while let Some(now) = high_water(&status) {
            most = most.max(now);
            std::thread::sleep(Duration::from_millis(25));
        }
        most
    });
    let mut text = String::new();
    if let Some(out) = child.stdout.as_mut() {
        std::io::Read::read_to_string(out, &mut text)?;
    }
    let ended = child.wait()?;
    anyhow::ensure!(ended.success(), "it ended with {ended}: {text}");
    Ok((text, watch.join().unwrap_or(0)))
}

/// The most memory of a process, in bytes; None when it is gone, or the system does not say.
fn high_water(status: &Path) -> Option<u64> {
    let text = std::fs::read_to_string(status).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse::<u64>().ok().map(|kb| kb * 1024)
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_unstable_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or(0.0)
}

fn table(pairs: &[Pair]) -> String {
    let mut text = String::from(
        "\n| file | threads | reads: engine / llama.cpp | ratio | writes: engine / llama.cpp | ratio | of the memory's \
         bandwidth | peak memory, MB | loads in, ms |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for pair in pairs {
        let mb = pair.peak.map(|bytes| bytes / 1_000_000);
        text.push_str(&format!(
            "| {} | {} | {:.0} / {:.0} | {:.2} | {:.1} / {:.1} | {:.2} | {:.0} % | {} / {} | {:.0} |\n",
            pair.file,
            pair.threads,
            pair.read[0],
            pair.read[1],
            pair.read[0] / pair.read[1],
            pair.write[0],
            pair.write[1],
            pair.write[0] / pair.write[1],
            pair.share_of_memory * 100.0,
            mb[0],
            mb[1],
            pair.load
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_gives_both_and_their_ratio() {
        let pair = Pair {
            file: "a.gguf".into(),
            threads: 2,
            read: [400.0, 100.0],
            write: [60.0, 20.0],
            peak: [210_000_000, 200_000_000],
            load: 123.4,
            share_of_memory: 0.5,
        };
        let row = table(&[pair]).lines().last().unwrap().to_owned();
        assert_eq!(row, "| a.gguf | 2 | 400 / 100 | 4.00 | 60.0 / 20.0 | 3.00 | 50 % | 210 / 200 | 123 |");
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
    }
}
