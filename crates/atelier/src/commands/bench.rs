//! `atelier bench`: what this installation does here, as JSON.

mod memory;
mod sizes;

use super::listen;
use crate::{door::Door, out::Out};
use app::Config;
use memory::Watch;
use protocol::*;
use serde_json::{Value, json};
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    time::{Duration, Instant},
};

/// Log appends that are measured.
const APPENDS: usize = 300;
/// Notes that are imported where no corpus is named.
const NOTES: usize = 20;

pub(super) async fn bench(mut config: Config, corpus: Option<PathBuf>, out: &Out) -> Result<ExitCode, Fault> {
    // A workspace of its own, keys and all: measuring leaves no trace in a real one.
    let scratch = tempfile::Builder::new().prefix("atelier-bench-").tempdir().map_err(|error| no_scratch(&error))?;
    config.keychain = false;
    let config = config.with_data(&scratch.path().join("workspace"));
    let corpus = match corpus {
        Some(corpus) => corpus,
        None => notes(scratch.path()).map_err(|error| no_scratch(&error))?,
    };
    let measured = measure(config, corpus, out).await?;
    out.text(&format!("{}\n", serde_json::to_string_pretty(&measured).unwrap_or_default()));
    Ok(ExitCode::SUCCESS)
}

async fn measure(config: Config, corpus: PathBuf, out: &Out) -> Result<Value, Fault> {
    let watch = Watch::start();
    let started = Instant::now();
    let door = Door::open(config.clone(), out).await?;
    door.call(Open {}).await?;
    let cold_start_ms = ms(started.elapsed());
    door.close().await;
    // Once more: a workspace that is there, on a disk that is warm.
    let started = Instant::now();
    let door = Door::open(config, out).await?;
    let opened = door.call(Open {}).await?;
    let warm_start_ms = ms(started.elapsed());

    let log_append_ms = log_append(&door, &opened).await?;
    let started = Instant::now();
    let import = match super::documents::import_and_wait(&door, &[corpus], out).await {
        Ok(imported) => json!({ "files": imported.files, "failed": imported.failed, "ms": ms(started.elapsed()) }),
        Err(fault) => json!({ "fault": fault }),
    };
    let answer = match answers(&door, &opened, out).await {
        Ok(answers) => answers,
        Err(fault) => json!({ "fault": fault }),
    };
    let memory = watch.stop();
    door.close().await;
    Ok(json!({
        "version": opened.version,
        "cold_start_ms": cold_start_ms,
        "warm_start_ms": warm_start_ms,
        "log_append_ms": log_append_ms,
        "import": import,
        "answer": answer,
        "memory": memory,
        "wasm": sizes::wasm(),
        "bundle": sizes::bundle(),
    }))
}

/// Renames a chat again and again: one record, one transaction, and the wait until it is on the disk.
async fn log_append(door: &Door, opened: &Snapshot) -> Result<Value, Fault> {
    let agent = opened.agents.first().ok_or_else(no_agent)?.id;
    let chat = door.call(StartChat { agent }).await?.id;
    let mut times = Vec::with_capacity(APPENDS);
    for n in 0..APPENDS {
        let started = Instant::now();
        door.call(RenameChat { chat, title: format!("measured {n}") }).await?;
        times.push(ms(started.elapsed()));
    }
    times.sort_by(f64::total_cmp);
    Ok(json!({ "median": times[APPENDS / 2], "p99": times[APPENDS * 99 / 100], "count": APPENDS }))
}

/// Asks the assistant once with a cold engine and once with a warm one: time to the first token
/// (`ttft_ms`), `tokens_per_second`, and the rest of how each answer was made.
async fn answers(door: &Door, opened: &Snapshot, out: &Out) -> Result<Value, Fault> {
    let agent = opened.agents.iter().find(|agent| agent.role == "assistant").ok_or_else(no_agent)?.id;
    let mut answers = serde_json::Map::new();
    for name in ["cold", "warm"] {
        let chat = door.call(StartChat { agent }).await?.id;
        let events = door.app.events(&door.person, door.call(Open {}).await?.seq);
        let text = "Name three uses of paper.".to_owned();
        let turn = door.call(SendMessage { chat, text, attached: vec![] }).await?;
        let item = listen::answer(door, events, chat, turn, out, |_| {}).await?;
        if let ItemStatus::Failed { fault } = item.status {
            return Err(fault);
        }
        answers.insert(name.to_owned(), json!(item.made));
    }
    Ok(answers.into())
}

/// A folder of short notes to import.
fn notes(scratch: &Path) -> std::io::Result<PathBuf> {
    let folder = scratch.join("notes");
    std::fs::create_dir_all(&folder)?;
    for n in 0..NOTES {
        let text = format!("# Note {n}\n\nThe spare key of house {n} hangs behind the blue door.\n\n").repeat(5);
        std::fs::write(folder.join(format!("note-{n}.md")), text)?;
    }
    Ok(folder)
}

fn no_agent() -> Fault {
    Fault::new(FaultKind::Internal, "bench.no_agent", "The workspace has no agent.")
}

fn no_scratch(error: &std::io::Error) -> Fault {
    Fault::new(FaultKind::Unavailable, "bench.no_scratch", format!("No temporary folder can be made: {error}."))
        .with("detail", error)
        .hint("Check that the temporary folder is not full, or name another with TMPDIR.")
}

fn ms(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_figure_has_its_key() {
        let scratch = tempfile::tempdir().unwrap();
        // No engine and no worker: their figures are faults, everything else is measured.
        let config = Config {
            data: scratch.path().join("workspace"),
            models: scratch.path().join("models"),
            engine: scratch.path().join("no-engine"),
            worker: vec![scratch.path().join("no-worker").into()],
            model: None,
            max_tokens: None,
            keychain: false,
        };
        let measured = measure(config, notes(scratch.path()).unwrap(), &Out::new(true, false)).await.unwrap();
        let keys: Vec<&str> = measured.as_object().unwrap().keys().map(String::as_str).collect();
        let mut wanted = vec![
            "version",
            "cold_start_ms",
            "warm_start_ms",
            "log_append_ms",
            "import",
            "answer",
            "memory",
            "wasm",
            "bundle",
        ];
        wanted.sort_unstable();
        let mut found = keys.clone();
        found.sort_unstable();
        assert_eq!(found, wanted);
        assert!(measured["log_append_ms"]["median"].as_f64().unwrap() > 0.0, "{measured}");
        assert_eq!(measured["import"]["fault"]["code"], "document.no_worker", "{measured}");
        assert!(scratch.path().join("workspace/device.key").is_file(), "the key was not kept in the scratch folder");
        if cfg!(target_os = "linux") {
            let me = &measured["memory"][0];
            assert_eq!((me["role"].as_str(), me["pid"].as_u64()), (Some("atelier"), Some(std::process::id().into())));
            assert!(me["peak_bytes"].as_u64() >= me["idle_bytes"].as_u64() && me["idle_bytes"].as_u64() > Some(0));
        }
    }
}
