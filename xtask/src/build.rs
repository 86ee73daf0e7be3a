//! The native build: one profile, the same choice of packages everywhere, so that nothing is built twice.

use crate::{
    places::Places,
    shell::{self, command},
};
use anyhow::Result;

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
