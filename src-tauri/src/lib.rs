//! The desktop shell: one window, two commands. It carries requests in and events out.

mod commands;
mod shell;

pub use shell::run;
