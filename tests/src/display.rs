//! A display of its own for a window under test.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
};

/// A running Xvfb; it ends when this goes.
pub struct Display {
    child: Child,
    /// Its name, like `:7`.
    pub name: String,
}

impl Display {
    /// Starts one on the next free number.
    pub fn start() -> Self {
        let mut child = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "1280x800x24", "-nolisten", "tcp"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("Xvfb is installed");
        let mut number = String::new();
        BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut number).expect("Xvfb names its display");
        let number = number.trim();
        assert!(!number.is_empty(), "Xvfb ended at once");
        Self { name: format!(":{number}"), child }
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
