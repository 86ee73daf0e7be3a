//! Watched folders: add, list, pause, look again, stop; and what is gone from them.

use crate::App;
use protocol::*;
use std::path::Path;

pub(crate) async fn watch(app: &App, actor: &Actor, WatchFolder { path }: WatchFolder) -> Result<FolderView, Fault> {
    app.library().watch_folder(actor, Path::new(&path)).await.map_err(Fault::from)
}

pub(crate) async fn list(app: &App, _: &Actor, _: ListFolders) -> Result<Vec<FolderView>, Fault> {
    app.library().folders().await.map_err(Fault::from)
}

pub(crate) async fn pause(app: &App, actor: &Actor, PauseFolder { folder, paused }: PauseFolder) -> Result<(), Fault> {
    app.library().pause_folder(actor, folder, paused).await.map_err(Fault::from)
}

pub(crate) async fn look_again(app: &App, _: &Actor, LookAgain { folder }: LookAgain) -> Result<(), Fault> {
    app.library().look_again(folder).await.map_err(Fault::from)
}

pub(crate) async fn unwatch(
    app: &App,
    actor: &Actor,
    UnwatchFolder { folder, documents }: UnwatchFolder,
) -> Result<(), Fault> {
    app.library().unwatch(actor, folder, documents).await.map_err(Fault::from)
}

pub(crate) async fn restore_gone(app: &App, actor: &Actor, RestoreGone { folder }: RestoreGone) -> Result<u32, Fault> {
    app.library().restore_gone(actor, folder).await.map_err(Fault::from)
}
