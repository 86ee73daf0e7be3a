//! `atelier models get`: asks for models, shows how far they are, and ends when all have ended.

use crate::{
    door::Door,
    out::{EXIT_STOPPED, Out, bytes, exit_code},
};
use futures::StreamExt;
use protocol::*;
use std::{
    collections::BTreeSet,
    process::ExitCode,
    time::{Duration, Instant},
};

/// How often progress is printed.
const OFTEN: Duration = Duration::from_secs(1);

pub(super) async fn get(
    door: &Door,
    models: Vec<String>,
    sha256: Option<String>,
    mirror: Option<String>,
    out: &Out,
) -> Result<ExitCode, Fault> {
    if sha256.is_some() && models.len() > 1 {
        return Err(Fault::new(
            FaultKind::Invalid,
            "cli.one_hash",
            "One SHA-256 is of one file: give one address with it.",
        ));
    }
    if let Some(mirror) = mirror {
        let settings = Settings { model_hub: Some(mirror), ..door.call(Open {}).await?.settings };
        door.call(ChangeSettings { settings }).await?;
    }
    let mut waited = BTreeSet::new();
    for model in models {
        let download = if model.contains("://") {
            door.call(GetModelFrom { url: model, sha256: sha256.clone() }).await?
        } else {
            door.call(GetModel { model }).await?
        };
        waited.insert(download.id);
    }
    let asked = waited.clone();
    // Only now: what was told before one was asked for would say that it has ended.
    let snapshot = door.call(Open {}).await?;
    let mut events = door.app.events(&door.person, snapshot.seq);
    let mut told = Some(snapshot.models.downloads);
    let (mut printed, mut failed) = (None::<Instant>, Vec::new());
    while !waited.is_empty() {
        let downloads = match told.take() {
            Some(downloads) => downloads,
            None => {
                let envelope = tokio::select! {
                    () = out.gone() => return Ok(ExitCode::from(EXIT_STOPPED)),
                    envelope = events.next() => envelope,
                };
                let Some(envelope) = envelope else { break };
                if let Event::DownloadsMoved(downloads) = envelope.event {
                    downloads
                } else if envelope.event == Event::Resync {
                    // Something was missed: look again.
                    door.call(ListModels {}).await?.downloads
                } else {
                    continue;
                }
            }
        };
        let due = printed.is_none_or(|at| at.elapsed() >= OFTEN);
        if due {
            printed = Some(Instant::now());
        }
        for id in waited.clone() {
            match downloads.iter().find(|download| download.id == id) {
                None => {
                    waited.remove(&id);
                }
                Some(DownloadView { state: DownloadState::Failed { fault }, .. }) => {
                    waited.remove(&id);
                    failed.push(fault.clone());
                }
                Some(DownloadView { state: DownloadState::Paused, .. }) => {
                    waited.remove(&id);
                }
                Some(download) if due => out.note(&row(download)),
                Some(_) => {}
            }
        }
    }
    let view = door.call(ListModels {}).await?;
    let here: Vec<ModelView> = view.models.into_iter().filter(|model| asked.contains(&model.id)).collect();
    out.value(&here, |here| here.iter().map(super::row).collect::<Vec<_>>().join("\n"));
    match failed.as_slice() {
        [] => Ok(ExitCode::SUCCESS),
        [.., last] => {
            for fault in &failed {
                let _ = out.fault(fault);
                if let Some(host) = fault.values.get("host").filter(|_| fault.code == "egress.denied") {
                    out.note(&format!("  atelier egress --allow {}", host.strip_suffix(":443").unwrap_or(host)));
                }
            }
            Ok(ExitCode::from(exit_code(last.kind)))
        }
    }
}

/// How far a download is.
pub(super) fn row(download: &DownloadView) -> String {
    let of = match download.total {
        Some(total) => format!("{} of {}", bytes(download.done), bytes(total)),
        None => bytes(download.done),
    };
    let state = match &download.state {
        DownloadState::Waiting => "waits for its turn".to_owned(),
        DownloadState::Checking => "being checked".to_owned(),
        DownloadState::Paused => "stopped; `atelier models get` goes on".to_owned(),
        DownloadState::Failed { fault } => fault.to_string(),
        DownloadState::Running => match (download.bytes_per_second, download.left_ms) {
            (Some(rate), Some(left)) => format!("{}/s, {} left", bytes(rate), time(left)),
            (Some(rate), None) => format!("{}/s", bytes(rate)),
            (None, _) => format!("from {}", download.host),
        },
    };
    format!("{}  {of}  {state}", download.id)
}

/// Milliseconds for people.
fn time(ms: u64) -> String {
    match ms.div_ceil(1000) {
        seconds @ 0..=99 => format!("{seconds} s"),
        seconds => format!("{} min", seconds.div_ceil(60)),
    }
}
