//! `atelier watch`: folders that the documents are kept in step with.

use crate::{
    cli::WatchCommand,
    door::{Door, absolute},
    out::{EXIT_PARTIAL, Out, counted, when},
};
use app::Lang;
use protocol::*;
use std::{path::Path, process::ExitCode};

pub(super) async fn watch(door: &Door, command: WatchCommand, out: &Out) -> Result<ExitCode, Fault> {
    match command {
        WatchCommand::Add { path } => {
            let added = door.call(WatchFolder { path: absolute(&path)? }).await?;
            look(door, Some(added.id), out).await
        }
        WatchCommand::List => {
            let folders = door.call(ListFolders {}).await?;
            out.value(&folders, |folders| text(folders, out.lang()));
            Ok(ExitCode::SUCCESS)
        }
        WatchCommand::Pause { folder } => pause(door, &folder, true, out).await,
        WatchCommand::Resume { folder } => pause(door, &folder, false, out).await,
        WatchCommand::Remove { folder, documents } => {
            let folder = find(door, &folder).await?;
            door.call(UnwatchFolder { folder: folder.id, documents }).await?;
            let also = if documents { "its documents are removed" } else { "its documents stay" };
            out.value(&serde_json::json!({ "unwatched": folder.id }), |_| {
                format!("{} is no longer watched; {also}", folder.path)
            });
            Ok(ExitCode::SUCCESS)
        }
        WatchCommand::Sweep { folder } => {
            let folder = of(door, folder).await?;
            look(door, folder, out).await
        }
        WatchCommand::Undo { folder } => {
            let folder = of(door, folder).await?;
            let back = door.call(RestoreGone { folder }).await?;
            door.app.settled().await;
            out.value(&serde_json::json!({ "restored": back }), |_| {
                format!("{} back", counted(u64::from(back), "document"))
            });
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Looks through folders and waits until what was found is read.
async fn look(door: &Door, folder: Option<FolderId>, out: &Out) -> Result<ExitCode, Fault> {
    door.app.watch_folders();
    door.call(LookAgain { folder }).await?;
    door.app.looked().await;
    door.app.settled().await;
    let mut folders = door.call(ListFolders {}).await?;
    folders.retain(|known| folder.is_none_or(|folder| known.id == folder));
    out.value(&folders, |folders| text(folders, out.lang()));
    let unreachable = |folder: &FolderView| matches!(folder.state, FolderState::Unreachable { .. });
    let part = folders.iter().any(|folder| unreachable(folder) || !folder.left_out.is_empty());
    Ok(if part { ExitCode::from(EXIT_PARTIAL) } else { ExitCode::SUCCESS })
}

async fn pause(door: &Door, folder: &str, paused: bool, out: &Out) -> Result<ExitCode, Fault> {
    let folder = find(door, folder).await?;
    door.call(PauseFolder { folder: folder.id, paused }).await?;
    out.value(&serde_json::json!({ "folder": folder.id, "paused": paused }), |_| {
        format!("{} is {}", folder.path, if paused { "paused" } else { "watched again" })
    });
    Ok(ExitCode::SUCCESS)
}

async fn of(door: &Door, named: Option<String>) -> Result<Option<FolderId>, Fault> {
    match named {
        Some(named) => find(door, &named).await.map(|folder| Some(folder.id)),
        None => Ok(None),
    }
}

/// The folder with this id or path.
async fn find(door: &Door, named: &str) -> Result<FolderView, Fault> {
    // A folder is watched under its real path.
    let path = Path::new(named).canonicalize().ok().and_then(|path| path.into_os_string().into_string().ok());
    let path = path.unwrap_or(absolute(Path::new(named))?);
    let folders = door.call(ListFolders {}).await?;
    let found = folders.into_iter().find(|folder| folder.path == path || folder.id.to_string() == named);
    found.ok_or_else(|| {
        Fault::new(FaultKind::NotFound, "cli.no_folder", format!("The folder “{named}” is not watched."))
            .with("name", named)
            .hint("List the watched folders with `atelier watch list`.")
    })
}

fn text(folders: &[FolderView], lang: Lang) -> String {
    if folders.is_empty() {
        return "no folder is watched; add one with `atelier watch add PATH`".to_owned();
    }
    let rows: Vec<String> = folders.iter().map(|folder| one(folder, lang)).collect();
    rows.join("\n")
}

fn one(folder: &FolderView, lang: Lang) -> String {
    let state = match &folder.state {
        FolderState::Waiting => "waiting".to_owned(),
        FolderState::Looking { done, total } => format!("looking, {done} of {total}"),
        FolderState::Watching => "in step".to_owned(),
        FolderState::Paused => "paused".to_owned(),
        FolderState::Unreachable { fault } => lang.fault(fault).message,
    };
    let looked = folder.looked_at.map_or("never".to_owned(), when);
    let files = counted(u64::from(folder.files), "file");
    let mut text = format!("{}  {}\n    {state}; {files}, looked through {looked}", folder.id, folder.path);
    if folder.gone > 0 {
        let gone = counted(u64::from(folder.gone), "document");
        text.push_str(&format!("\n    {gone} gone from it; bring back with `atelier watch undo`"));
    }
    if let Some(note) = &folder.note {
        text.push_str(&format!("\n    {}", lang.fault(note)));
    }
    for file in &folder.left_out {
        text.push_str(&format!("\n    left out: {}: {}", file.path, lang.fault(&file.fault)));
    }
    if folder.more_left_out > 0 {
        text.push_str(&format!("\n    left out: {} more", folder.more_left_out));
    }
    text
}
