//! `atelier eval`: how good and how fast it is, measured on sets with known answers.

mod answers;
mod picture;
mod retrieval;
mod scale;

use crate::{
    cli::{Cache, EvalCommand},
    door::Door,
    out::Out,
};
use app::Config;
use protocol::{Fault, FaultKind};
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

pub(super) async fn eval(config: Config, command: EvalCommand, out: &Out) -> Result<ExitCode, Fault> {
    match command {
        EvalCommand::Answers(asked) => answers::answers(config, asked, out).await,
        EvalCommand::Scale(asked) => scale::scale(config, asked, out).await,
        EvalCommand::Retrieval(asked) => retrieval::retrieval(config, asked, out).await,
    }
}

/// Opens an empty workspace of its own, keys and all, and closes it at the end: measuring leaves no
/// trace in a real one. Its folder has a `files` for what is imported.
async fn in_scratch<T>(
    mut config: Config,
    cache: Option<&Cache>,
    out: &Out,
    measure: impl AsyncFnOnce(&Door, &Path) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let scratch = tempfile::Builder::new().prefix("atelier-eval-").tempdir().map_err(|error| no_scratch(&error))?;
    config.keychain = false;
    let door = Door::open(config.with_data(&scratch.path().join("workspace")), out).await?;
    if let Some(folder) = cache.and_then(|cache| cache.folder.clone().or_else(cache_home)) {
        door.app.keep_vectors(folder.join("eval"));
    }
    let measured = measure(&door, &scratch.path().join("files")).await;
    door.close().await;
    measured
}

/// This user's cache folder, where there is one.
fn cache_home() -> Option<PathBuf> {
    let named = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    named("ATELIER_CACHE")
        .or_else(|| named("XDG_CACHE_HOME").map(|cache| cache.join("atelier")))
        .or_else(|| named("LOCALAPPDATA").map(|local| local.join("Atelier/cache")))
        .or_else(|| named("HOME").map(|home| home.join(".cache/atelier")))
}

fn no_scratch(error: &std::io::Error) -> Fault {
    Fault::new(FaultKind::Unavailable, "bench.no_scratch", format!("No temporary folder can be made: {error}."))
        .with("detail", error)
        .hint("Check that the temporary folder is not full, or name another with TMPDIR.")
}

/// A table for the terminal and for Markdown.
fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let head: Vec<String> = head.iter().map(|cell| (*cell).to_owned()).collect();
    let rule = vec!["---".to_owned(); head.len()];
    let all = [line(&head), line(&rule)].into_iter().chain(rows.iter().map(|row| line(row)));
    all.collect::<String>().trim_end().to_owned()
}
