//! Other workspaces on this machine: which are searched from here, and what is found in them.

use super::trust::by_a_person;
use crate::App;
use futures::future::join_all;
use library::SearchQuery;
use protocol::*;
use std::path::{Path, PathBuf};
use store::Neighbour;

/// The most passages that are asked of each.
const MOST: u32 = 200;

pub(crate) async fn list(app: &App, actor: &Actor, _: ListNeighbours) -> Result<Vec<NeighbourView>, Fault> {
    by_a_person(actor)?;
    views(app).await
}

/// The neighbours, as clients see them.
pub(crate) async fn views(app: &App) -> Result<Vec<NeighbourView>, Fault> {
    Ok(app.store().neighbours().await?.iter().map(view).collect())
}

pub(crate) async fn add(
    app: &App,
    actor: &Actor,
    AddNeighbour { folder }: AddNeighbour,
) -> Result<NeighbourView, Fault> {
    by_a_person(actor)?;
    let folder = folder_of(folder).await?;
    let visited = store::Store::visit(&folder).await?;
    let (workspace, name) = (visited.home().workspace, visited.home().name.clone());
    visited.close().await;
    if workspace == app.store().home().workspace {
        return Err(Fault::new(FaultKind::Invalid, "neighbour.own", "That is this workspace, or a copy of it.")
            .hint("Name the data folder of another workspace."));
    }
    let name = told_apart(name, &folder);
    let neighbour = Neighbour { workspace, name, folder };
    app.store().add_neighbour(&neighbour).await?;
    // What was open may be another place of the same.
    app.neighbours().forget();
    tell(app).await?;
    Ok(view(&neighbour))
}

pub(crate) async fn remove(
    app: &App,
    actor: &Actor,
    RemoveNeighbour { workspace }: RemoveNeighbour,
) -> Result<(), Fault> {
    by_a_person(actor)?;
    if !app.store().remove_neighbour(workspace).await? {
        return Err(unknown(workspace));
    }
    app.neighbours().forget();
    tell(app).await
}

pub(crate) async fn search(
    app: &App,
    actor: &Actor,
    SearchNeighbours { query, mode, limit }: SearchNeighbours,
) -> Result<Vec<NeighbourFound>, Fault> {
    by_a_person(actor)?;
    let query = SearchQuery { text: query, mode, limit: limit.clamp(1, MOST) as usize, documents: Vec::new() };
    let neighbours = app.store().neighbours().await?;
    let searches = neighbours.iter().map(async |neighbour| NeighbourFound {
        workspace: neighbour.workspace,
        name: neighbour.name.clone(),
        outcome: match app.search_neighbour(neighbour, &query).await {
            Ok(reply) => NeighbourOutcome::Found(reply),
            Err(fault) => NeighbourOutcome::Failed(fault),
        },
    });
    Ok(join_all(searches).await)
}

/// Searches one neighbour.
pub(super) async fn search_one(
    app: &App,
    actor: &Actor,
    workspace: WorkspaceId,
    query: &SearchQuery,
) -> Result<SearchReply, Fault> {
    by_a_person(actor)?;
    let neighbours = app.store().neighbours().await?;
    let neighbour = neighbours.iter().find(|neighbour| neighbour.workspace == workspace);
    app.search_neighbour(neighbour.ok_or_else(|| unknown(workspace))?, query).await
}

/// The data folder that a person has named, whole. It asks a disk, which may be far away.
async fn folder_of(typed: String) -> Result<PathBuf, Fault> {
    let typed = PathBuf::from(typed);
    let asked = typed.clone();
    let found = tokio::task::spawn_blocking(move || {
        // A person may have named the database in it.
        let folder = if asked.is_file() { asked.parent().map(PathBuf::from).unwrap_or(asked) } else { asked };
        folder.canonicalize()
    });
    let found = found.await.ok().and_then(Result::ok);
    Ok(found.ok_or(store::StoreError::NoWorkspace { dir: typed })?)
}

/// What a neighbour is called: workspaces that nobody has named are all called alike, their folders are not.
fn told_apart(name: String, folder: &Path) -> String {
    let last =
        folder.file_name().and_then(|last| last.to_str()).filter(|_| name == store::Options::default().workspace);
    last.map_or(name, str::to_owned)
}

async fn tell(app: &App) -> Result<(), Fault> {
    app.bus().send(Event::NeighboursChanged(views(app).await?));
    Ok(())
}

fn view(neighbour: &Neighbour) -> NeighbourView {
    NeighbourView {
        workspace: neighbour.workspace,
        name: neighbour.name.clone(),
        folder: neighbour.folder.display().to_string(),
    }
}

fn unknown(workspace: WorkspaceId) -> Fault {
    Fault::new(FaultKind::NotFound, "neighbour.unknown", "That workspace is not searched from here.")
        .with("workspace", workspace)
        .hint("Add its folder in the settings.")
}
