//! Other workspaces on this machine: which are searched from here, and what is found in them.

use super::trust::by_a_person;
use crate::App;
use futures::future::join_all;
use library::SearchQuery;
use protocol::*;
use std::{
    path::{Path, PathBuf},
    time::Duration,
};
use store::Neighbour;

/// The most passages that are asked of each.
const MOST: u32 = 20;
/// How long one may take: its disk may be far away, and the others are waiting.
const PATIENCE: Duration = Duration::from_secs(10);

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
    let typed = PathBuf::from(&folder);
    // A person may have named the database in it.
    let typed = if typed.is_file() { typed.parent().map(PathBuf::from).unwrap_or(typed) } else { typed };
    let folder = typed.canonicalize().map_err(|_| store::StoreError::NoWorkspace { dir: typed.clone() })?;
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
    app.neighbours().close().await;
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
    app.neighbours().close().await;
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
        outcome: match in_one(app, neighbour, &query).await {
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
    in_one(app, neighbour.ok_or_else(|| unknown(workspace))?, query).await
}

async fn in_one(app: &App, neighbour: &Neighbour, query: &SearchQuery) -> Result<SearchReply, Fault> {
    let search = async {
        let library = app.look_into(neighbour).await?;
        match library.search(query).await {
            Ok(reply) => Ok(reply),
            Err(error) => {
                // An upgrade may have made another form of it: the next look opens it anew.
                app.neighbours().forget(&neighbour.folder).await;
                Err(error.into())
            }
        }
    };
    tokio::time::timeout(PATIENCE, search).await.unwrap_or_else(|_| Err(slow(neighbour)))
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

fn slow(neighbour: &Neighbour) -> Fault {
    let name = &neighbour.name;
    Fault::new(FaultKind::Unavailable, "neighbour.slow", format!("“{name}” did not answer in time."))
        .with("name", name)
        .hint("Its disk may be slow or away. Search again in a moment.")
}
