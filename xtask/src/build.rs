//! The native build: one profile, the same choice of packages everywhere, so that nothing is built twice.

use crate::{
    places::Places,
    shell::{self, command},
};
use anyhow::Result;
use std::path::PathBuf;

/// Builds the three programs that a person runs.
pub fn programs(places: &Places) -> Result<()> {
    let step = shell::step("Building atelier-desktop, atelier and atelier-engine", "10 to 20 minutes the first time");
    let mut cargo = command("cargo", places);
    cargo.args(["build", "--locked", "-p", "atelier-desktop", "-p", "atelier", "-p", "engine"]);
    shell::run(&mut cargo)?;
    step.done("built");
    Ok(())
}

/// Builds the two programs that need no window. Where the window was built before, it is built with
/// them: cargo would otherwise choose other features of what they share, and compile it a second time.
pub fn terminal(places: &Places) -> Result<()> {
    if places.program("atelier-desktop").exists() {
        return programs(places);
    }
    let step = shell::step("Building atelier and atelier-engine", "5 to 10 minutes the first time");
    shell::run(command("cargo", places).args(["build", "--locked", "-p", "atelier", "-p", "engine"]))?;
    step.done("built");
    Ok(())
}

/// Builds what people run in the end, optimised as a whole.
pub fn release(places: &Places) -> Result<()> {
    let step = shell::step("Building optimised programs", "20 to 40 minutes the first time");
    let mut cargo = command("cargo", places);
    cargo.args(["build", "--locked", "--release", "-p", "atelier-desktop", "-p", "atelier", "-p", "engine"]);
    shell::run(&mut cargo)?;
    step.done("built");
    Ok(())
}

/// The optimised engine alone, with its examples.
pub fn release_engine(places: &Places) -> Result<PathBuf> {
    let step = shell::step("Building the optimised engine", "10 minutes the first time");
    let build = ["build", "--locked", "--release", "-p", "engine", "--bins", "--examples"];
    shell::run(command("cargo", places).args(build))?;
    step.done("built");
    Ok(released(places, "atelier-engine"))
}

/// An example that was built with it.
pub fn release_example(places: &Places, name: &str) -> PathBuf {
    released(places, &format!("examples/{name}"))
}

fn released(places: &Places, name: &str) -> PathBuf {
    places.target.join("release").join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

/// Builds all of it, with tests and examples: what `cargo xtask test` runs and `cargo xtask bench` measures.
pub fn everything(places: &Places) -> Result<()> {
    shell::run(command("cargo", places).args(EVERYTHING))
}

/// The same packages with their tests, so that the programs which the scenarios start are built once,
/// with the same features. (`cargo test` alone does not build every program.)
const EVERYTHING: [&str; 7] = ["build", "--locked", "--workspace", "--lib", "--bins", "--tests", "--examples"];
