//! How other programs are started and how progress is told.
#![allow(clippy::disallowed_methods)] // xtask is one of the owners of child processes

use anyhow::{Context as _, Result, bail};
use std::{
    ffi::OsStr,
    io::{IsTerminal as _, Write as _},
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

/// A command that runs in the repository with the one target folder.
pub fn command(program: impl AsRef<OsStr>, places: &crate::places::Places) -> Command {
    let mut command = Command::new(program);
    command.current_dir(&places.root).env("CARGO_TARGET_DIR", &places.target);
    command
}

/// Says what begins and how long it may take.
pub fn step(what: &str, time: &str) -> Step {
    println!("==> {what} ({time})");
    let _ = std::io::stdout().flush();
    Step { since: Instant::now() }
}

/// A step that was announced.
pub struct Step {
    since: Instant,
}

impl Step {
    /// Says how it ended and how long it took.
    pub fn done(self, how: &str) -> Duration {
        let took = self.since.elapsed();
        println!("    {how} in {}", seconds(took));
        took
    }
}

/// `12.3 s` or `4 min 05 s`.
pub fn seconds(took: Duration) -> String {
    let whole = took.as_secs();
    if whole >= 60 { format!("{} min {:02} s", whole / 60, whole % 60) } else { format!("{:.1} s", took.as_secs_f64()) }
}

/// Runs it with its output shown; an error names the command and its exit.
pub fn run(command: &mut Command) -> Result<()> {
    let line = show(command);
    let status = command.status().with_context(|| format!("cannot start `{line}`"))?;
    if !status.success() {
        bail!("`{line}` ended with {status}");
    }
    Ok(())
}

/// Runs it and returns what it printed; its errors are shown only when it fails.
pub fn output(command: &mut Command) -> Result<String> {
    let line = show(command);
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("cannot start `{line}`"))?;
    if !output.status.success() {
        bail!("`{line}` ended with {}:\n{}", output.status, String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Whether a program can be found.
pub fn found(program: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| {
        std::env::split_paths(&path).any(|folder| {
            let file = folder.join(program);
            file.is_file() || file.with_extension("exe").is_file()
        })
    })
}

/// A question that is answered with y or n; without a terminal the answer is no.
pub fn ask(question: &str) -> Result<bool> {
    if !std::io::stdin().is_terminal() {
        return Ok(false);
    }
    print!("    {question} [y/N] ");
    std::io::stdout().flush()?;
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    Ok(matches!(line.trim().to_lowercase().as_str(), "y" | "yes" | "o" | "oui" | "j" | "ja"))
}

/// Writes a file so that it is there whole or not at all.
pub fn place(from: &Path, to: &Path) -> Result<()> {
    let folder = to.parent().with_context(|| format!("{} has no folder", to.display()))?;
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let mut beside = to.as_os_str().to_owned();
    beside.push(".part");
    let beside = Path::new(&beside);
    std::fs::copy(from, beside).with_context(|| format!("cannot write {}", beside.display()))?;
    std::fs::File::open(beside)?.sync_all()?;
    std::fs::rename(beside, to).with_context(|| format!("cannot write {}", to.display()))
}

/// The command as one would type it.
pub fn show(command: &Command) -> String {
    let mut line = command.get_program().to_string_lossy().into_owned();
    for arg in command.get_args() {
        line.push(' ');
        line.push_str(&arg.to_string_lossy());
    }
    line
}

/// Becomes another program, so that Ctrl C reaches it and nobody is left behind; where the system
/// knows no such thing, starts it and ends as it does.
pub fn become_it(command: &mut Command) -> Result<std::process::ExitCode> {
    let line = show(command);
    #[cfg(unix)]
    let status = {
        use std::os::unix::process::CommandExt as _;
        // Returns only where it fails.
        Err(command.exec())
    };
    #[cfg(not(unix))]
    let status = command.status();
    let status: std::process::ExitStatus = status.with_context(|| format!("cannot start `{line}`"))?;
    Ok(std::process::ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1)))
}
