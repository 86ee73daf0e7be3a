//! What must be there before anything can be built: packages, the wasm target, fetched files.

use crate::{
    assets, multilingual, packages, peer,
    places::Places,
    shell::{self, command},
};
use anyhow::{Context as _, Result};
use clap::Args;

/// What to set up.
#[derive(Args, Clone, Copy)]
pub struct Options {
    /// Install system packages without asking.
    #[arg(long, short)]
    pub yes: bool,
    /// Also what the tests need: browsers, drivers, the accessibility checker, a multilingual embedding model, Python
    /// packages, llama.cpp's sources.
    #[arg(long)]
    pub tests: bool,
    /// Leave out what only the window needs (WebKitGTK).
    #[arg(long = "no-window", action = clap::ArgAction::SetFalse)]
    pub window: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { yes: false, tests: false, window: true }
    }
}

/// Does all of it; what is there already is left alone.
pub fn setup(places: &Places, options: &Options) -> Result<()> {
    packages::install(places, options)?;
    wasm_target(places)?;
    assets::install(places, options.tests)?;
    if options.tests {
        multilingual::unpack(places)?;
        components(places)?;
        python(places)?;
        peer::fetch(places)?;
    }
    Ok(())
}

/// Formatter and lints, which a minimal installation of Rust leaves out.
fn components(places: &Places) -> Result<()> {
    // rustup puts a `cargo-fmt` into the path whether or not there is one behind it: only running tells.
    let runs = |name: &str| shell::output(command("cargo", places).args([name, "--version"])).is_ok();
    if runs("fmt") && runs("clippy") {
        return Ok(());
    }
    let step = shell::step("Adding the formatter and the lints to Rust", "half a minute, 10 MB");
    shell::run(command("rustup", places).args(["component", "add", "rustfmt", "clippy"]))
        .context("rustfmt or clippy is missing: install Rust with rustup, or add them your way")?;
    step.done("added");
    Ok(())
}

/// The target that the interface is compiled for.
pub fn wasm_target(places: &Places) -> Result<()> {
    const TARGET: &str = "wasm32-unknown-unknown";
    let sysroot = shell::output(command("rustc", places).args(["--print", "sysroot"]))?;
    if std::path::Path::new(sysroot.trim()).join("lib/rustlib").join(TARGET).is_dir() {
        return Ok(());
    }
    let step = shell::step("Adding the wasm target to Rust", "half a minute, 25 MB");
    shell::run(command("rustup", places).args(["target", "add", TARGET])).with_context(|| {
        format!("the target {TARGET} is missing: install Rust with rustup, or add the target your way")
    })?;
    step.done("added");
    Ok(())
}

/// The Python that has the clients of OpenAI and Anthropic.
pub fn python_of(places: &Places) -> std::path::PathBuf {
    places.cache.join("venv").join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" })
}

/// The official clients in an environment of their own: a test drives the engine with them.
fn python(places: &Places) -> Result<()> {
    let wanted = std::fs::read_to_string(places.root.join("tests/python/requirements.txt"))?;
    let venv = places.cache.join("venv");
    let stamp = venv.join("requirements.txt");
    if std::fs::read_to_string(&stamp).is_ok_and(|there| there == wanted) {
        return Ok(());
    }
    let step =
        shell::step("Installing the clients of OpenAI and Anthropic for Python, for one test", "a minute, 15 MB");
    shell::run(command("python3", places).args(["-m", "venv", "--clear"]).arg(&venv))?;
    let mut pip = command(python_of(places), places);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary=:all:"])
        .args(["--require-hashes", "-r"]);
    shell::run(pip.arg(places.root.join("tests/python/requirements.txt")))?;
    std::fs::write(stamp, wanted)?;
    step.done("installed");
    Ok(())
}
