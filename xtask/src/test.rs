//! The second command of the README: every check, counted, closing with `N passed, N failed`.

use crate::{
    build,
    count::{self, Counts},
    fuzz,
    places::Places,
    setup,
    shell::{self, command},
    ui,
};
use anyhow::{Context as _, Result};
use clap::Args;
use std::{
    io::{BufRead as _, BufReader},
    process::{Command, ExitCode, Stdio},
    time::Duration,
};

/// What to test.
#[derive(Args)]
pub struct Options {
    /// Install system packages without asking.
    #[arg(long, short)]
    yes: bool,
    /// Only tests whose name contains this; leaves out format and lints.
    filter: Option<String>,
}

/// What ran, how it went and how long it took.
struct Report {
    counts: Counts,
    steps: Vec<(String, Duration, bool)>,
    /// Why tests did not run here; under `CI=true` they fail instead.
    skipped: Vec<String>,
}

/// Runs everything; a step that fails does not keep the next from running.
pub fn test(places: &Places, options: &Options) -> Result<ExitCode> {
    let mut report = Report { counts: Counts::default(), steps: Vec::new(), skipped: Vec::new() };
    let wanted = setup::Options { yes: options.yes, tests: true, window: true };
    if !report.check("Set-up", "minutes the first time", || setup::setup(places, &wanted)) {
        return Ok(report.close());
    }
    let cargo = |args: &[&str]| {
        let mut cargo = command("cargo", places);
        cargo.args(args);
        cargo
    };
    if options.filter.is_none() {
        report.check("Format", "seconds", || {
            shell::run(&mut cargo(&["fmt", "--all", "--check"]))?;
            shell::run(&mut cargo(&["fmt", "--check", "--manifest-path", "fuzz/Cargo.toml"]))
        });
    }
    // The window embeds ui/dist at compile time, so it comes before everything native.
    let built = report.check("The interface", "5 minutes cold", || ui::build(places));
    if options.filter.is_none() {
        let lints = ["clippy", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"];
        report.check("Lints", "8 minutes cold", || shell::run(&mut cargo(&lints)));
        let wasm = "wasm32-unknown-unknown";
        let lints = ["clippy", "--locked", "-p", "ui", "--target", wasm, "--", "-D", "warnings"];
        report.check("Lints of the interface as wasm", "2 minutes cold", || shell::run(&mut cargo(&lints)));
    }
    let built = report.check("Building programs and tests", "15 minutes cold", || build::everything(places)) && built;
    if options.filter.is_none() {
        report.check("Fuzzing what the engine reads", "2 minutes, 6 cold", || fuzz::all(places));
    }
    if built {
        let mut tests = cargo(&["test", "--locked", "--workspace", "--no-fail-fast"]);
        if let Some(filter) = &options.filter {
            tests.args(["--", filter]);
        }
        report.tests("Tests: unit, tidy, scenario, browser, window", "10 minutes", tests, places);
    }
    Ok(report.close())
}

impl Report {
    fn check(&mut self, name: &str, time: &str, check: impl FnOnce() -> Result<()>) -> bool {
        let step = shell::step(name, time);
        let outcome = check();
        let passed = outcome.is_ok();
        let took = step.done(if passed { "passed" } else { "FAILED" });
        if let Err(error) = outcome {
            println!("    {error:#}");
        }
        self.counts += Counts::one(passed);
        self.steps.push((name.to_owned(), took, passed));
        passed
    }

    /// Runs `cargo test`, shows its output as it comes, and counts its closing lines.
    fn tests(&mut self, name: &str, time: &str, cargo: Command, places: &Places) {
        let step = shell::step(name, time);
        let mut counts = Counts::default();
        let passed = self.count(cargo, places, &mut counts).unwrap_or_else(|error| {
            println!("    {error:#}");
            false
        });
        if !passed && counts.failed == 0 {
            counts.failed = 1; // it did not compile, or a test program died without a closing line
        }
        let took = step.done(if passed { "passed" } else { "FAILED" });
        self.counts += counts;
        self.steps.push((name.to_owned(), took, passed));
    }

    fn count(&mut self, mut cargo: Command, places: &Places, counts: &mut Counts) -> Result<bool> {
        cargo.env("ATELIER_UI", places.dist()).env("ATELIER_CACHE", &places.cache).stdout(Stdio::piped());
        // Tests that take the real engine, the real models or the official client where they are named.
        for (name, path) in [
            ("ATELIER_ENGINE", places.program("atelier-engine")),
            ("ATELIER_MODELS", places.data.join("models")),
            ("ATELIER_PYTHON", setup::python_of(places)),
        ] {
            if std::env::var_os(name).is_none() {
                cargo.env(name, path);
            }
        }
        let mut child = cargo.spawn().context("cannot start cargo")?;
        if let Some(out) = child.stdout.take() {
            for text in BufReader::new(out).split(b'\n') {
                let text = text?;
                let text = String::from_utf8_lossy(&text);
                println!("{text}");
                if let Some(more) = count::line(&text) {
                    *counts += more;
                }
                self.skipped.extend(count::skipped(&text).map(str::to_owned));
            }
        }
        Ok(child.wait()?.success())
    }

    fn close(self) -> ExitCode {
        println!("\nTime of each step:");
        for (name, took, passed) in &self.steps {
            println!("  {:>12}  {}  {name}", shell::seconds(*took), if *passed { "ok    " } else { "FAILED" });
        }
        if self.counts.ignored > 0 {
            println!("{} tests are marked to be ignored and did not run.", self.counts.ignored);
        }
        if !self.skipped.is_empty() {
            println!("{} tests could not run here:", self.skipped.len());
            self.skipped.iter().for_each(|why| println!("  {why}"));
        }
        println!("{} passed, {} failed", self.counts.passed, self.counts.failed);
        if self.counts.failed == 0 && self.counts.passed > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}
