//! The first command of the README: from a fresh clone to an open window.

use crate::{
    build,
    places::Places,
    setup,
    shell::{self, command},
    ui,
};
use anyhow::Result;
use clap::Args;
use std::process::ExitCode;

/// How to run.
#[derive(Args)]
pub struct Options {
    /// Install system packages without asking.
    #[arg(long, short)]
    yes: bool,
    /// Serve the interface to a browser even where there is a display.
    #[arg(long)]
    serve: bool,
    /// The workspace's folder; else the one of this user.
    #[arg(long, value_name = "DIR")]
    data: Option<std::path::PathBuf>,
}

/// Sets up, builds, and opens the window, or serves.
pub fn run(places: &Places, options: &Options) -> Result<ExitCode> {
    let window = !options.serve && display();
    if !window && !options.serve {
        println!("==> There is no display here, so the same interface is served on this machine.");
    }
    setup::setup(places, &setup::Options { yes: options.yes, tests: false, window })?;
    ui::build(places)?;
    if window {
        build::programs(places)?;
    } else {
        build::terminal(places)?;
    }
    let mut program = if !window {
        println!("==> Starting atelier serve (open the address below in a browser; Ctrl C ends it)");
        let mut serve = command(places.program("atelier"), places);
        serve.arg("serve").env("ATELIER_UI", places.dist());
        serve
    } else {
        println!("==> Opening the window (close it to end)");
        command(places.program("atelier-desktop"), places)
    };
    if let Some(data) = &options.data {
        program.env("ATELIER_DATA", std::path::absolute(data)?);
    }
    program.env_remove("CARGO_TARGET_DIR");
    shell::become_it(&mut program)
}

/// Whether a window can be shown.
fn display() -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    !cfg!(target_os = "linux") || set("DISPLAY") || set("WAYLAND_DISPLAY")
}
