//! `atelier bench`: what this installation does here, as JSON.

use crate::{door::Door, out::Out};
use app::Config;
use futures::StreamExt;
use protocol::*;
use serde_json::json;
use std::{
    path::PathBuf,
    process::ExitCode,
    time::{Duration, Instant},
};

/// Log appends that are measured.
const APPENDS: usize = 300;

pub(super) async fn bench(config: Config, corpus: Option<PathBuf>, out: &Out) -> Result<ExitCode, Fault> {
    // A workspace of its own: measuring must leave no trace in a real one.
    let scratch = std::env::temp_dir().join(format!("atelier-bench-{}", std::process::id()));
    let config = config.with_data(&scratch);
    let measured = measure(config, corpus, out).await;
    if let Err(error) = std::fs::remove_dir_all(&scratch) {
        out.note(&format!("{} could not be removed: {error}", scratch.display()));
    }
    println!("{}", serde_json::to_string_pretty(&measured?).unwrap_or_default());
    Ok(ExitCode::SUCCESS)
}

async fn measure(config: Config, corpus: Option<PathBuf>, out: &Out) -> Result<serde_json::Value, Fault> {
    let started = Instant::now();
    let door = Door::open(config, out).await?;
    let opened = door.call(Open {}).await?;
    let cold_open_ms = ms(started.elapsed());
    let import = match corpus {
        None => None,
        Some(corpus) => {
            let started = Instant::now();
            let imported = super::documents::import_and_wait(&door, &[corpus], out).await?;
            Some(json!({ "documents": imported, "ms": ms(started.elapsed()) }))
        }
    };
    let append = log_append(&door, &opened).await?;
    let answer = first_answer(&door, &opened).await;
    let memory = memory_now();
    door.close().await;
    Ok(json!({
        "version": opened.version,
        "open_ms": cold_open_ms,
        "log_append_ms": append,
        "import": import,
        "answer": match answer { Ok(answer) => answer, Err(fault) => json!({ "fault": fault }) },
        "memory_bytes": memory,
    }))
}

/// Renames a chat again and again: one record, one transaction, one fsync policy each.
async fn log_append(door: &Door, opened: &Snapshot) -> Result<serde_json::Value, Fault> {
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

/// Asks the assistant once with a cold engine and once with a warm one.
async fn first_answer(door: &Door, opened: &Snapshot) -> Result<serde_json::Value, Fault> {
    let agent = opened.agents.iter().find(|agent| agent.role == "assistant").ok_or_else(no_agent)?.id;
    let mut answers = Vec::new();
    for name in ["cold", "warm"] {
        let chat = door.call(StartChat { agent }).await?.id;
        let mut events = door.app.events(&door.person, door.call(Open {}).await?.seq);
        let turn = door.call(SendMessage { chat, text: "Name three uses of paper.".into(), attached: vec![] }).await?;
        let mut made = None;
        while let Some(envelope) = events.next().await {
            match envelope.event {
                Event::ItemChanged(item) if item.chat == chat => {
                    if let ItemStatus::Failed { fault } = item.status {
                        return Err(fault);
                    }
                    made = item.made.or(made);
                }
                Event::TurnEnded { turn: ended, .. } if ended == turn => break,
                _ => {}
            }
        }
        answers.push((name, made));
    }
    Ok(answers
        .into_iter()
        .map(|(name, made)| (name.to_owned(), serde_json::to_value(made).unwrap_or_default()))
        .collect::<serde_json::Map<_, _>>()
        .into())
}

fn no_agent() -> Fault {
    Fault::new(FaultKind::Internal, "bench.no_agent", "The workspace has no agent.")
}

/// Resident memory of this process and of its children (engine, extract worker), where the system
/// tells it.
fn memory_now() -> serde_json::Value {
    let mut sizes = serde_json::Map::new();
    let me = std::process::id();
    let Ok(processes) = std::fs::read_dir("/proc") else { return serde_json::Value::Null };
    for process in processes.flatten() {
        let Some(pid) = process.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        let Ok(status) = std::fs::read_to_string(process.path().join("status")) else { continue };
        let field =
            |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).map(|value| value.trim().to_owned());
        let parent = field("PPid:").and_then(|parent| parent.parse::<u32>().ok());
        if pid != me && parent != Some(me) {
            continue;
        }
        let bytes = |name: &str| {
            field(name).and_then(|size| size.split_whitespace().next()?.parse::<u64>().ok()).map(|kib| kib * 1024)
        };
        let name = field("Name:").unwrap_or_else(|| pid.to_string());
        sizes.insert(name, json!({ "now": bytes("VmRSS:"), "peak": bytes("VmHWM:") }));
    }
    sizes.into()
}

fn ms(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}
