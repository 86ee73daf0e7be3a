//! `cargo xtask fuzz`: does anything that a stranger wrote bring the engine down? Each target of `fuzz/` for a while.
//!
//! The targets are libFuzzer's, built with the stable compiler and LLVM's counters of coverage. `cargo fuzz` runs
//! the same ones for longer, with sanitizers; docs/decisions/0017-fuzzing.md says how.

use crate::{
    places::Places,
    shell::{self, command},
};
use anyhow::{Context as _, Result, bail};
use clap::Args;
use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

/// What to fuzz.
#[derive(Args)]
pub struct Options {
    /// Targets; all of them where none is named.
    targets: Vec<String>,
    /// Seconds for each target.
    #[arg(long, default_value_t = SECONDS)]
    seconds: u64,
    /// Where the chances begin; other ones each time unless given.
    #[arg(long, default_value_t = 0)]
    seed: u32,
    /// Keep what was found to be new in the corpus, to be committed.
    #[arg(long)]
    keep: bool,
}

/// Seconds for each target where nobody says how many.
const SECONDS: u64 = 12;
/// Seconds that one input may take. The slowest that is meant to be stopped, a template with all of its fuel, takes
/// a quarter of that here.
const SLOWEST: u64 = 40;
/// Megabytes of the whole process; what one input may hold is counted by the targets themselves.
const MEMORY: u64 = 2048;
/// The longest input that is made, in bytes. Long ones make few runs.
const LONGEST: u64 = 8192;

/// What makes the compiler count which branches an input takes and which numbers it compares, as `cargo fuzz` asks.
const FLAGS: &[&str] = &[
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Cllvm-args=-simplifycfg-branch-fold-threshold=0",
    "--cfg=fuzzing",
];

/// All targets for the usual time: a part of `cargo xtask test`. From the same seed, so that a change is judged by what
/// it changes and not by luck.
pub fn all(places: &Places) -> Result<()> {
    fuzz(places, &Options { targets: Vec::new(), seconds: SECONDS, seed: 1, keep: false })
}

/// Builds the targets and runs as many at a time as there are processors.
pub fn fuzz(places: &Places, options: &Options) -> Result<()> {
    if cfg!(windows) {
        println!("    skipped: the fuzz targets are built with LLVM's counters, which the linker here does not know");
        return Ok(());
    }
    let known = targets(places)?;
    if let Some(name) = options.targets.iter().find(|name| !known.contains(name)) {
        bail!("there is no target `{name}`; there are {}", known.join(", "));
    }
    let wanted = if options.targets.is_empty() { known } else { options.targets.clone() };
    let programs = build(places)?;
    let next = AtomicUsize::new(0);
    let failures = Mutex::new(Vec::new());
    let workers = thread::available_parallelism().map_or(1, usize::from).min(wanted.len());
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some(target) = wanted.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(error) = run(places, options, &programs, target) {
                        println!("    {target}: FAILED\n{error:#}");
                        failures.lock().unwrap_or_else(PoisonError::into_inner).push(target.clone());
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap_or_else(PoisonError::into_inner);
    if !failures.is_empty() {
        bail!("found something: {}", failures.join(", "));
    }
    Ok(())
}

/// The targets by the names of their files.
fn targets(places: &Places) -> Result<Vec<String>> {
    let folder = places.root.join("fuzz/fuzz_targets");
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))? {
        if let Some(name) = entry?.file_name().to_str().and_then(|name| name.strip_suffix(".rs")) {
            names.push(name.to_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// Builds them into a folder of their own, since every library is compiled with the counters, and says where they are.
fn build(places: &Places) -> Result<PathBuf> {
    let version = shell::output(command("rustc", places).arg("-vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc names no host")?;
    let target = places.target.join("fuzz");
    let mut cargo = command("cargo", places);
    // A target named, so that build scripts and macros do without the flags.
    cargo.args(["build", "--release", "--locked", "--bins", "--target", host]).arg("--manifest-path");
    cargo.arg(places.root.join("fuzz/Cargo.toml"));
    shell::run(cargo.env("CARGO_TARGET_DIR", &target).env("RUSTFLAGS", FLAGS.join(" ")))?;
    Ok(target.join(host).join("release"))
}

/// One target, from the committed inputs on.
fn run(places: &Places, options: &Options, programs: &Path, target: &str) -> Result<()> {
    let corpus = places.root.join("fuzz/corpus").join(target);
    let work = places.target.join("fuzz/work").join(target);
    let (fresh, found, temporary) = (work.join("fresh"), work.join("found"), work.join("temporary"));
    // What an earlier run found is kept; what it only tried is not.
    for folder in [&fresh, &temporary] {
        let _ = fs::remove_dir_all(folder);
    }
    for folder in [&fresh, &found, &temporary, &corpus] {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    let mut program = command(programs.join(target), places);
    program
        .env("TMPDIR", &temporary)
        .arg(if options.keep { &corpus } else { &fresh })
        .args([
            format!("-max_total_time={}", options.seconds),
            format!("-seed={}", options.seed),
            format!("-timeout={SLOWEST}"),
            format!("-rss_limit_mb={MEMORY}"),
            format!("-max_len={LONGEST}"),
            format!("-artifact_prefix={}/", found.display()),
            "-print_final_stats=1".to_owned(),
        ])
        .arg(&corpus);
    let began = std::time::Instant::now();
    let output = program.output().with_context(|| format!("cannot start the target {target}"))?;
    let told = String::from_utf8_lossy(&output.stderr);
    let _ = fs::remove_dir_all(&temporary);
    if !output.status.success() {
        let end: Vec<&str> = told.lines().rev().take(40).collect();
        let end: Vec<&str> = end.into_iter().rev().collect();
        bail!("{}\n(the input is in {}; a copy in fuzz/corpus/{target} keeps it)", end.join("\n"), found.display());
    }
    let count = told.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
    let count: u64 = count.and_then(|count| count.trim().parse().ok()).unwrap_or(0);
    if count < 2 {
        bail!("it ran no inputs:\n{told}");
    }
    println!("    {target}: {count} inputs in {}", shell::seconds(Duration::from_secs(began.elapsed().as_secs())));
    Ok(())
}
