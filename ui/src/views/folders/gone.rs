//! Documents whose files are gone from a watched folder: shown, with the way back.

use crate::{
    client::use_client,
    i18n,
    parts::icon::{Glyph, Icon},
    route::Route,
    state::WorkspaceStoreFields,
};
use leptos::prelude::*;
use protocol::{ListRemoved, RemovedDocument, RestoreDocument, RestoreGone};

/// So many are listed here; all are under what was removed.
const LISTED: usize = 100;

/// Over the documents: how many are gone, and the way back.
#[component]
pub(crate) fn GoneNotice() -> impl IntoView {
    let client = use_client();
    let count = Memo::new(move |_| client.store.folders().read().iter().map(|folder| folder.gone).sum::<u32>());
    view! {
        <Show when=move || count.get() != 0>
            <div class="notice warn left-out" role="status" data-testid="gone-notice">
                <Glyph icon=Icon::FileX/>
                <div class="grow">
                    <b>{move || t!("folders.gone", n = f64::from(count.get()))}</b>
                    <div class="dim">{t!("folders.gone_about")}</div>
                </div>
                <a class="btn sm" href=Route::Folders.href()>{t!("folders.gone_see")}</a>
                <button class="btn sm" on:click=move |_| client.ask(RestoreGone { folder: None }, |_| ())>
                    {t!("act.undo")}
                </button>
            </div>
        </Show>
    }
}

/// The list of them.
#[component]
pub(super) fn Gone() -> impl IntoView {
    let client = use_client();
    let gone = RwSignal::new(Vec::<RemovedDocument>::new());
    let count = Memo::new(move |_| client.store.folders().read().iter().map(|folder| folder.gone).sum::<u32>());
    Effect::new(move || {
        // Whatever goes or comes back changes the number.
        // Read, not only tracked: a memo that nobody reads follows nothing.
        let _ = count.get();
        client.ask(ListRemoved {}, move |removed| {
            let mut documents = removed.documents;
            documents.retain(|document| document.gone_from.is_some());
            // The screen may be gone by now.
            gone.try_set(documents);
        });
    });
    let listed = move || gone.get().into_iter().take(LISTED).collect::<Vec<_>>();
    let more = move || gone.read().len().saturating_sub(LISTED);
    view! {
        <Show when=move || !gone.read().is_empty()>
            <h2 class="h2 row">
                <span class="grow">{move || t!("folders.gone", n = gone.read().len() as f64)}</span>
                <button
                    class="btn sm"
                    data-testid="gone-undo-all"
                    on:click=move |_| client.ask(RestoreGone { folder: None }, |_| ())
                >
                    {t!("folders.undo_all")}
                </button>
            </h2>
            <p class="dim small">{t!("folders.gone_about")}</p>
            <For
                each=listed
                key=|document| document.document
                let:document
            >
                <One document/>
            </For>
            <Show when=move || { more() > 0 }>
                <p class="dim">
                    {move || t!("folders.gone_more", n = more() as f64)} " "
                    <a class="link" href=Route::Removed.href()>{t!("removed.title")}</a>
                </p>
            </Show>
        </Show>
    }
}

#[component]
fn One(document: RemovedDocument) -> impl IntoView {
    let client = use_client();
    let id = document.document;
    let undo = t!("folders.undo_name", name = &document.name);
    let about = t!(
        "folders.gone_from",
        path = document.gone_from.unwrap_or_default(),
        when = i18n::date_time(document.removed_at)
    );
    view! {
        <div class="set-row" data-testid="gone">
            <div>
                <b>{document.name}</b>
                <small class="set-path">{about}</small>
            </div>
            <button class="btn sm" aria-label=undo on:click=move |_| client.tell(RestoreDocument { document: id })>
                {t!("act.undo")}
            </button>
        </div>
    }
}
