//! Every figure of this installation as one JSON value: the terminal's own, and those that only a
//! screen can show.

use crate::{
    build,
    places::Places,
    setup,
    shell::{self, command},
    ui,
};
use anyhow::{Context as _, Result};
use clap::Args;
use serde_json::Value;

/// What to measure.
#[derive(Args)]
pub struct Options {
    /// Install system packages without asking.
    #[arg(long, short)]
    yes: bool,
    /// Leave out the browser and the window.
    #[arg(long)]
    no_screen: bool,
}

/// Builds, measures, and prints one JSON value on standard output; progress goes there before it.
pub fn bench(places: &Places, options: &Options) -> Result<()> {
    let screen = !options.no_screen;
    setup::setup(places, &setup::Options { yes: options.yes, tests: screen, window: screen })?;
    ui::build(places)?;
    if screen {
        let step = shell::step("Building the programs, and the tests that measure", "15 minutes the first time");
        build::everything(places)?;
        step.done("built");
    } else {
        build::terminal(places)?;
    }
    let step = shell::step("Measuring the terminal program", "a minute");
    let mut atelier = command(places.program("atelier"), places);
    atelier.args(["--json", "bench"]).env("ATELIER_UI", places.dist());
    let mut figures: Value = serde_json::from_str(&shell::output(&mut atelier)?).context("atelier bench")?;
    step.done("measured");
    figures["peer"] = peer(places, screen)?;
    if screen {
        figures["screen"] = on_screen(places)?;
    }
    println!("{}", serde_json::to_string_pretty(&figures)?);
    Ok(())
}

/// How fast the engine runs the starter model beside candle's own quantised Llama, in one call.
fn peer(places: &Places, screen: bool) -> Result<Value> {
    let step = shell::step("Measuring the engine beside candle", "2 minutes");
    if !screen {
        // With the packages that were built before: the same features, so that nothing is built twice.
        let build = ["build", "--locked", "-p", "atelier", "-p", "engine", "--example", "peer"];
        shell::run(command("cargo", places).args(build))?;
    }
    let mut run = command(places.program("examples/peer"), places);
    run.arg(places.data.join("models/SmolLM2-135M-Instruct.Q4_1.gguf"));
    let figures = serde_json::from_str(&shell::output(&mut run)?).context("the example peer")?;
    step.done("measured");
    Ok(figures)
}

/// What the tests of long chats and of the window's start measure on their way.
fn on_screen(places: &Places) -> Result<Value> {
    let file = places.root.join("test-output/measured.json");
    let _ = std::fs::remove_file(&file);
    let step = shell::step("Measuring the browser and the window", "3 minutes");
    let mut tests = command("cargo", places);
    tests.args(["test", "--locked", "--workspace", "--test", "screen", "--", "--test-threads=1", "long_chat::"]);
    tests.env("ATELIER_UI", places.dist()).env("ATELIER_CACHE", &places.cache);
    shell::run(&mut tests)?;
    step.done("measured");
    let measured = std::fs::read(&file).with_context(|| format!("nothing was measured: no {}", file.display()))?;
    serde_json::from_slice(&measured).context("measured.json")
}
