//! The desktop shell: one window, two commands. It carries requests in and events out.

mod commands;
mod look;
mod shell;

pub use shell::run;
