//! Which command does what: one function per command, one file per area.

mod ask;
mod bench;
mod chats;
mod documents;
mod egress;
mod eval;
mod index;
mod labels;
mod listen;
mod log;
mod models;
mod neighbours;
mod removed;
mod search;
mod watch;

use crate::{
    cli::{Cli, Command},
    door::Door,
    out::{EXIT_ENDED, EXIT_STOPPED, Out},
    serve,
};
use app::Config;
use clap::CommandFactory;
use protocol::Fault;
use std::process::ExitCode;

/// Runs one command.
pub(crate) async fn run(cli: Cli, out: &Out) -> Result<ExitCode, Fault> {
    if let Command::Completions { shell } = cli.command {
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut Cli::command(), "atelier", &mut script);
        out.text(&String::from_utf8_lossy(&script));
        return Ok(ExitCode::SUCCESS);
    }
    let mut config = Config::from_env(cli.data.as_deref())?;
    match cli.command {
        Command::Ask(ask) => {
            config.model.clone_from(&ask.model);
            config.max_tokens = ask.max_tokens;
            within(config, out, async |door| ask::ask(door, ask, out).await).await
        }
        Command::Import { paths, plan } => {
            within(config, out, async |door| documents::import(door, &paths, plan, out).await).await
        }
        // As `restore` and `erase` do it; whoever typed --purge never was asked again.
        Command::Documents { restore: Some(id), .. } => {
            within(config, out, async |door| removed::restore(door, &id, out).await).await
        }
        Command::Documents { purge: Some(id), .. } => {
            within(config, out, async |door| removed::erase(door, &id, false, true, out).await).await
        }
        Command::Documents { remove, retry, retry_earlier, .. } => {
            let change = documents::Change { remove, retry, retry_earlier };
            within(config, out, async |door| documents::documents(door, change, out).await).await
        }
        Command::Label { label, documents, remove } => {
            within(config, out, async |door| labels::label(door, label, &documents, remove, out).await).await
        }
        Command::Labels => within(config, out, async |door| labels::labels(door, out).await).await,
        Command::Watch { command } => within(config, out, async |door| watch::watch(door, command, out).await).await,
        Command::Removed => within(config, out, async |door| removed::removed(door, out).await).await,
        Command::Restore { id } => within(config, out, async |door| removed::restore(door, &id, out).await).await,
        Command::Erase { id, answers, yes } => {
            within(config, out, async |door| removed::erase(door, &id, answers, yes, out).await).await
        }
        Command::Search { query, mode, limit, everywhere } => {
            let asked = search::Asked { query, mode, limit, everywhere };
            within(config, out, async |door| search::search(door, asked, out).await).await
        }
        Command::Neighbours { command } => {
            within(config, out, async |door| neighbours::neighbours(door, command, out).await).await
        }
        Command::Chats { remove } => within(config, out, async |door| chats::chats(door, remove, out).await).await,
        Command::Export { chat } => within(config, out, async |door| chats::export(door, &chat, out).await).await,
        Command::Replay { item } => within(config, out, async |door| chats::replay(door, &item, out).await).await,
        Command::Log { command } => within(config, out, async |door| log::log(door, command, out).await).await,
        Command::Models { command } => within(config, out, async |door| models::models(door, command, out).await).await,
        Command::Egress(egress) => within(config, out, async |door| egress::egress(door, egress, out).await).await,
        Command::Bench { corpus } => bench::bench(config, corpus, out).await,
        Command::Eval { command } => eval::eval(config, command, out).await,
        Command::Index { command } => within(config, out, async |door| index::index(door, command, out).await).await,
        Command::Serve(options) => within(config, out, async |door| serve::serve(door, options, out).await).await,
        // Answered above, and in `main` before there is a runtime.
        Command::Completions { .. } | Command::ExtractWorker => Ok(ExitCode::SUCCESS),
    }
}

/// Opens the workspace for one command and closes it however the command ends.
async fn within(
    config: Config,
    out: &Out,
    command: impl AsyncFnOnce(&Door) -> Result<ExitCode, Fault>,
) -> Result<ExitCode, Fault> {
    let door = Door::open(config, out).await?;
    let ended = tokio::select! {
        ended = command(&door) => ended,
        _ = tokio::signal::ctrl_c() => {
            out.note("stopped");
            Ok(ExitCode::from(EXIT_STOPPED))
        }
        () = asked_to_end() => Ok(ExitCode::from(EXIT_ENDED)),
        () = out.gone() => Ok(ExitCode::SUCCESS),
    };
    door.close().await;
    ended
}

/// Returns when the system asks this program to end, as at a shutdown.
async fn asked_to_end() {
    #[cfg(unix)]
    if let Ok(mut asked) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        asked.recv().await;
        return;
    }
    std::future::pending().await
}
