//! The `atelier` command: the terminal, the server for browsers, and the extract worker.

mod cli;
mod commands;
mod door;
mod out;
mod serve;

use clap::Parser;
use std::{io::IsTerminal, process::ExitCode};

fn main() -> ExitCode {
    let cli = match cli::Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return misused(&error),
    };
    // The worker reads untrusted files in a process of its own: no runtime, no app, no network.
    if matches!(cli.command, cli::Command::ExtractWorker) {
        return app::run_extract_worker();
    }
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::try_from_env("ATELIER_LOG").unwrap_or_else(|_| "warn".into()))
        .with_writer(std::io::stderr)
        // In a file or a pipe the codes of colours are noise.
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("atelier: the runtime cannot start: {error}");
            return ExitCode::from(out::EXIT_INTERNAL);
        }
    };
    let out = out::Out::new(cli.json, cli.lines()).speaking(cli.lang());
    let ended = runtime.block_on(commands::run(cli, &out));
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    match ended {
        Ok(code) => code,
        Err(fault) => out.fault(&fault),
    }
}

/// What was typed is no command. Programs that asked for JSON get that, too.
fn misused(error: &clap::Error) -> ExitCode {
    // Help and the version come this way as well.
    if !error.use_stderr() || !std::env::args_os().any(|arg| arg == "--json") {
        error.exit();
    }
    let text = error.render().to_string();
    let said: Vec<&str> = text.lines().map(str::trim).take_while(|line| !line.is_empty()).collect();
    let said = said.join(" ");
    let message = said.trim_start_matches("error: ");
    let fault = protocol::Fault::new(protocol::FaultKind::Invalid, "cli.usage", protocol::Fault::sentence(message))
        .hint("See `atelier --help`, or --help after a command.")
        .with("detail", message);
    out::Out::new(true, false).fault(&fault)
}
