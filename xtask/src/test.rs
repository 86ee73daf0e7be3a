//! The second command of the README: every check, counted, closing with `N passed, N failed`.

use crate::{
    count::{self, Counts},
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
}

/// Runs everything; a step that fails does not keep the next from running.
pub fn test(places: &Places, options: &Options) -> Result<ExitCode> {
    setup::setup(places, &setup::Options { yes: options.yes, tests: true })?;
    let mut report = Report { counts: Counts::default(), steps: Vec::new() };
    let cargo = |args: &[&str]| {
        let mut cargo = command("cargo", places);
        cargo.args(args);
        cargo
    };
    if options.filter.is_none() {
        report.check("Format", "seconds", || shell::run(&mut cargo(&["fmt", "--all", "--check"])));
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
    // The same packages with their tests as below, so that the programs which the scenarios start
    // are built once, with the same features. (`cargo test` alone does not build every program.)
    let build = ["build", "--locked", "--workspace", "--lib", "--bins", "--tests"];
    let built =
        report.check("Building programs and tests", "15 minutes cold", || shell::run(&mut cargo(&build))) && built;
    if built {
        let mut tests = cargo(&["test", "--locked", "--workspace", "--no-fail-fast"]);
        if let Some(filter) = &options.filter {
            tests.args(["--", filter]);
        }
        report.tests("Tests: unit, tidy, scenario, browser, window", "10 minutes", tests, places)?;
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
    fn tests(&mut self, name: &str, time: &str, mut cargo: Command, places: &Places) -> Result<()> {
        let step = shell::step(name, time);
        cargo.env("ATELIER_UI", places.dist()).env("ATELIER_CACHE", &places.cache).stdout(Stdio::piped());
        let mut child = cargo.spawn().context("cannot start cargo")?;
        let mut counts = Counts::default();
        if let Some(out) = child.stdout.take() {
            for text in BufReader::new(out).split(b'\n') {
                let text = text?;
                let text = String::from_utf8_lossy(&text);
                println!("{text}");
                if let Some(more) = count::line(&text) {
                    counts += more;
                }
            }
        }
        let passed = child.wait()?.success();
        if !passed && counts.failed == 0 {
            counts.failed = 1; // it did not compile, or a test program died without a closing line
        }
        let took = step.done(if passed { "passed" } else { "FAILED" });
        self.counts += counts;
        self.steps.push((name.to_owned(), took, passed));
        Ok(())
    }

    fn close(self) -> ExitCode {
        println!("\nTime of each step:");
        for (name, took, passed) in &self.steps {
            println!("  {:>12}  {}  {name}", shell::seconds(*took), if *passed { "ok    " } else { "FAILED" });
        }
        if self.counts.ignored > 0 {
            println!("{} tests are marked to be ignored and did not run.", self.counts.ignored);
        }
        println!("{} passed, {} failed", self.counts.passed, self.counts.failed);
        if self.counts.failed == 0 && self.counts.passed > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}
