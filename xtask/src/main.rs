//! `cargo xtask`: what is done to the source from outside: set-up, run, test, demo, bundle.
//!
//! Every command can be interrupted and run again. Each step says what it does and how long it may
//! take. What xtask fetches itself must match a SHA-256 that stands in the repository: models, the PDF
//! renderer and test files in `xtask/assets.lock.json`, Python packages in `tests/python`. What apt,
//! rustup, cargo and npm fetch is checked by them.

mod assets;
mod bench;
mod bench_engine;
mod build;
mod bundle;
mod count;
mod demo;
mod fuzz;
mod multilingual;
mod notices;
mod packages;
mod peer;
mod places;
mod run;
mod setup;
mod shell;
mod sqlx;
mod test;
mod ui;

use anyhow::Result;
use clap::{Parser, Subcommand};
use places::Places;
use std::process::ExitCode;

/// Set up, run, test and bundle Atelier.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Install what is missing: system packages, the wasm target, starter models, the PDF renderer.
    Setup(setup::Options),
    /// Build the interface into ui/dist.
    Ui,
    /// Set up, build, and open the window; without a display, serve the interface to a browser.
    Run(run::Options),
    /// Set up, then run every check; ends with the line `N passed, N failed`.
    Test(test::Options),
    /// Do the main job in the terminal: import the sample documents and ask three questions.
    Demo(demo::Options),
    /// Measure the terminal program, the browser and the window; print the figures as JSON.
    Bench(bench::Options),
    /// Measure the engine beside llama.cpp, which is built from its source package for that.
    BenchEngine(bench_engine::Options),
    /// Feed the engine with what strangers may write, and see whether it stands: each fuzz target for a while.
    Fuzz(fuzz::Options),
    /// Check the store's SQL against the migrations and renew the `.sqlx` folder.
    Sqlx,
    /// Build the packages that people install (deb and rpm on Linux).
    Bundle(bundle::Options),
    /// Write the licence texts of every dependency to THIRD-PARTY-NOTICES.md in the target folder.
    Notices,
    /// List the licences of every dependency, for the native and the wasm tree.
    Licences,
}

fn main() -> ExitCode {
    match go(Cli::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("\nxtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn go(command: Command) -> Result<ExitCode> {
    let places = Places::find()?;
    match command {
        Command::Setup(options) => setup::setup(&places, &options)?,
        Command::Ui => {
            setup::wasm_target(&places)?;
            ui::build(&places)?;
        }
        Command::Run(options) => return run::run(&places, &options),
        Command::Test(options) => return test::test(&places, &options),
        Command::Demo(options) => return demo::demo(&places, &options),
        Command::Bench(options) => bench::bench(&places, &options)?,
        Command::BenchEngine(options) => bench_engine::bench(&places, &options)?,
        Command::Fuzz(options) => fuzz::fuzz(&places, &options)?,
        Command::Sqlx => sqlx::prepare()?,
        Command::Bundle(options) => bundle::bundle(&places, &options)?,
        Command::Notices => {
            let file = notices::write(&places)?;
            println!("{}", file.display());
        }
        Command::Licences => notices::list(&places)?,
    }
    Ok(ExitCode::SUCCESS)
}
