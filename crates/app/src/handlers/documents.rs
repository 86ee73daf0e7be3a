//! Documents: import, list, remove, bring back, search, read a page.

use crate::App;
use base64::{Engine, engine::general_purpose::STANDARD};
use library::SearchQuery;
use protocol::*;
use std::path::PathBuf;

/// The widest page picture, in pixels.
const MAX_WIDTH: u32 = 3000;
/// The most places in one document that are told at once.
const MOST_FINDS: u32 = 2_000;

pub(crate) async fn plan(app: &App, _: &Actor, PlanImport { paths }: PlanImport) -> Result<ImportPlan, Fault> {
    app.library().plan(&to_paths(paths)).await.map_err(Fault::from)
}

pub(crate) async fn import(app: &App, actor: &Actor, ImportPaths { paths }: ImportPaths) -> Result<ImportPlan, Fault> {
    app.library().import(actor, &to_paths(paths)).await.map_err(Fault::from)
}

pub(crate) async fn import_bytes(
    app: &App,
    actor: &Actor,
    ImportBytes { name, base64 }: ImportBytes,
) -> Result<DocumentView, Fault> {
    let bytes = STANDARD.decode(base64).map_err(|error| {
        Fault::new(FaultKind::Invalid, "import.base64", format!("“{name}” did not arrive whole: {error}."))
            .with("name", &name)
            .with("detail", error)
            .hint("Send it again.")
    })?;
    app.library().import_bytes(actor, &name, bytes).await.map_err(Fault::from)
}

pub(crate) async fn list(app: &App, _: &Actor, _: ListDocuments) -> Result<Vec<DocumentView>, Fault> {
    app.store().documents().await.map_err(Fault::from)
}

pub(crate) async fn remove(app: &App, actor: &Actor, RemoveDocument { document }: RemoveDocument) -> Result<(), Fault> {
    app.library().remove(actor, document).await.map_err(Fault::from)
}

pub(crate) async fn restore(
    app: &App,
    actor: &Actor,
    RestoreDocument { document }: RestoreDocument,
) -> Result<(), Fault> {
    app.library().restore(actor, document).await.map_err(Fault::from)
}

pub(crate) async fn purge(
    app: &App,
    actor: &Actor,
    PurgeDocument { document, answers }: PurgeDocument,
) -> Result<(), Fault> {
    let purged = app.library().purge(actor, document, answers).await;
    // The kept events may hold its quotes, whatever step it came to.
    app.bus().forget();
    app.models().forget().await;
    purged.map_err(Fault::from)
}

pub(crate) async fn removed(app: &App, _: &Actor, _: ListRemoved) -> Result<Removed, Fault> {
    app.store().removed().await.map_err(Fault::from)
}

pub(crate) async fn label(
    app: &App,
    actor: &Actor,
    LabelDocuments { documents, label, on }: LabelDocuments,
) -> Result<(), Fault> {
    app.library().label(actor, &documents, &label, on).await.map_err(Fault::from)
}

pub(crate) async fn retry(app: &App, actor: &Actor, RetryDocument { document }: RetryDocument) -> Result<(), Fault> {
    app.library().retry(actor, document).await.map_err(Fault::from)
}

pub(crate) async fn read_earlier_again(app: &App, actor: &Actor, _: ReadEarlierAgain) -> Result<u32, Fault> {
    app.library().read_earlier_again(actor).await.map_err(Fault::from)
}

pub(crate) async fn unlock(
    app: &App,
    actor: &Actor,
    UnlockDocument { document, password }: UnlockDocument,
) -> Result<(), Fault> {
    app.library().unlock(actor, document, &password).await.map_err(Fault::from)
}

pub(crate) async fn pause(app: &App, _: &Actor, PauseImport { paused }: PauseImport) -> Result<(), Fault> {
    app.library().pause(paused);
    Ok(())
}

pub(crate) async fn search(
    app: &App,
    actor: &Actor,
    Search { query, mode, limit, within }: Search,
) -> Result<SearchReply, Fault> {
    let query = SearchQuery { text: query, mode, limit: limit.clamp(1, 200) as usize, documents: Vec::new() };
    match within.filter(|within| *within != app.store().home().workspace) {
        Some(within) => super::neighbours::search_one(app, actor, within, &query).await,
        None => app.library().search(&query).await.map_err(Fault::from),
    }
}

pub(crate) async fn more_like(
    app: &App,
    actor: &Actor,
    MoreLikeThis { document, page, start, limit }: MoreLikeThis,
) -> Result<SearchReply, Fault> {
    let library = app.holder(actor, document).await?;
    library.more_like(document, page, start, limit.clamp(1, 200) as usize).await.map_err(Fault::from)
}

pub(crate) async fn read_page(
    app: &App,
    actor: &Actor,
    ReadPage { document, page, passage, width }: ReadPage,
) -> Result<PageView, Fault> {
    app.holder(actor, document)
        .await?
        .page(document, page, passage, width.clamp(100, MAX_WIDTH))
        .await
        .map_err(Fault::from)
}

pub(crate) async fn list_pages(
    app: &App,
    actor: &Actor,
    ListPages { document }: ListPages,
) -> Result<Vec<PageEntry>, Fault> {
    app.holder(actor, document).await?.pages(document).await.map_err(Fault::from)
}

pub(crate) async fn find(
    app: &App,
    actor: &Actor,
    FindInDocument { document, words, limit }: FindInDocument,
) -> Result<Found, Fault> {
    app.holder(actor, document)
        .await?
        .find(document, &words, limit.clamp(1, MOST_FINDS) as usize)
        .await
        .map_err(Fault::from)
}

pub(crate) async fn check_index(app: &App, _: &Actor, CheckIndex { mend }: CheckIndex) -> Result<IndexReport, Fault> {
    app.library().check_index(mend).await.map_err(Fault::from)
}

pub(crate) async fn rebuild_index(app: &App, _: &Actor, _: RebuildIndex) -> Result<IndexReport, Fault> {
    app.library().rebuild_index().await.map_err(Fault::from)
}

fn to_paths(paths: Vec<String>) -> Vec<PathBuf> {
    paths.into_iter().map(PathBuf::from).collect()
}
