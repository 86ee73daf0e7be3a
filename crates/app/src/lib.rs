//! The composition root: one door for window, browser and terminal.
//!
//! `App::open` puts the parts together, `App::answer` takes every request, `App::events` tells what
//! happened. Rights follow from the `Actor` that a shell names, never from what a text says.

mod answer;
mod app;
mod bridge;
mod bus;
mod config;
pub mod eval;
mod export;
mod handlers;
mod neighbours;
mod told;
mod words;

pub use app::App;
pub use config::Config;
pub use handlers::reveal::Reveal;
pub use told::{Told, can_go_on, slice};
pub use words::Lang;

/// The extract worker's main: reads untrusted files in a process of its own.
pub fn run_extract_worker() -> std::process::ExitCode {
    library::run_worker()
}
