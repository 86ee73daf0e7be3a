//! `atelier neighbours`: other workspaces on this machine that are searched from this one.

use crate::{
    cli::NeighboursCommand,
    door::{Door, absolute},
    out::Out,
};
use protocol::*;
use std::{path::Path, process::ExitCode};

pub(super) async fn neighbours(door: &Door, command: NeighboursCommand, out: &Out) -> Result<ExitCode, Fault> {
    match command {
        NeighboursCommand::Add { folder } => {
            let added = door.call(AddNeighbour { folder: absolute(&folder)? }).await?;
            out.value(&added, |added| format!("“{}” is searched with `atelier search … --everywhere`", added.name));
        }
        NeighboursCommand::List => {
            let all = door.call(ListNeighbours {}).await?;
            out.value(&all, |all| {
                if all.is_empty() {
                    return "no other workspace is searched from this one".to_owned();
                }
                let rows = all.iter().map(|one| format!("{}  {}  {}", one.workspace, one.name, one.folder));
                rows.collect::<Vec<_>>().join("\n")
            });
        }
        NeighboursCommand::Remove { workspace } => {
            let known = find(door, &workspace).await?;
            door.call(RemoveNeighbour { workspace: known.workspace }).await?;
            out.value(&serde_json::json!({ "removed": known.workspace }), |_| {
                format!("“{}” is no longer searched from this workspace; nothing in it was changed", known.name)
            });
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The neighbour with this id, name or folder.
async fn find(door: &Door, named: &str) -> Result<NeighbourView, Fault> {
    let all = door.call(ListNeighbours {}).await?;
    let is = |one: &NeighbourView| {
        one.workspace.to_string() == named || one.name == named || Path::new(&one.folder) == Path::new(named)
    };
    all.into_iter().find(is).ok_or_else(|| {
        Fault::new(
            FaultKind::NotFound,
            "cli.no_neighbour",
            format!("No workspace “{named}” is searched from this one."),
        )
        .with("named", named)
        .hint("`atelier neighbours list` says which are.")
    })
}
