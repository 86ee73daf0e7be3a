//! The documents screen: what is in the library, how far each one is, and how more gets in.

mod add;
mod drop;
mod progress;
mod row;
mod selection;

pub(crate) use add::PathLine;
pub(crate) use drop::follow_window;

use crate::{
    client::use_client,
    files::{self, Wanted},
    i18n,
    parts::{
        bar::Head,
        icon::{Glyph, Icon},
        viewer::{Shown, Viewer},
    },
    route::Route,
    state::WorkspaceStoreFields,
};
use leptos::prelude::*;
use protocol::{DocumentId, DocumentState};
use std::collections::BTreeSet;

/// So many rows are drawn at once; more are drawn on demand, so that a large library opens at once.
const DRAWN: usize = 200;

/// The screen.
#[component]
pub fn Documents() -> impl IntoView {
    let client = use_client();
    let store = client.store;
    let opened = RwSignal::new(None::<DocumentId>);
    let selected = RwSignal::new(BTreeSet::<DocumentId>::new());
    let attention = RwSignal::new(false);
    let drawn = RwSignal::new(DRAWN);
    let ids = Memo::new(move |_| {
        let only = attention.get();
        let documents = store.documents();
        let documents = documents.read();
        let shown = documents.iter().filter(|document| !only || failed(&document.state));
        shown.map(|document| document.id).collect::<Vec<_>>()
    });
    let failures =
        Memo::new(move |_| store.documents().read().iter().filter(|document| failed(&document.state)).count());
    let line = Signal::derive(move || {
        let documents = store.documents();
        let documents = documents.read();
        let pages: u32 = documents.iter().map(|document| document.pages).sum();
        t!("documents.line", n = documents.len() as f64, pages = i18n::number(pages))
    });
    let shown = Signal::derive(move || {
        opened.get().map(|document| Shown { document, page: 1, passage: None, page_hash: None })
    });
    view! {
        <section class="pane" data-testid="documents">
            <Head title=t!("side.documents") line=line>
                <AddButtons/>
            </Head>
            <div class="filters">
                <a class="find docs-find" href=Route::Search.href()>
                    <Glyph icon=Icon::Search size=14/>
                    <span class="grow">{t!("documents.search")}</span>
                </a>
                <Show when=move || failures.get() != 0>
                    <button
                        class="filter"
                        class:on=move || attention.get()
                        aria-pressed=move || attention.get().to_string()
                        on:click=move |_| attention.update(|only| *only = !*only)
                    >
                        {move || t!("documents.attention", n = failures.get() as f64)}
                    </button>
                </Show>
                <a class="link" href=Route::Removed.href()>{t!("removed.title")}</a>
            </div>
            <progress::Progress/>
            <div class="scroll">
                <Show when=move || !ids.read().is_empty() fallback=|| view! { <add::Empty/> }>
                    <div class="table-scroll">
                        <table class="grid">
                            <thead>
                                <tr>
                                    <th scope="col">{t!("documents.name")}</th>
                                    <th scope="col">{t!("documents.language")}</th>
                                    <th scope="col" class="r">{t!("documents.pages")}</th>
                                    <th scope="col" class="r">{t!("documents.size")}</th>
                                    <th scope="col">{t!("documents.state")}</th>
                                    <th scope="col" class="r">{t!("documents.added")}</th>
                                </tr>
                            </thead>
                            <tbody>
                                <For
                                    each=move || ids.get().into_iter().take(drawn.get())
                                    key=|id| *id
                                    children=move |id| view! { <row::Row id selected opened/> }
                                />
                            </tbody>
                        </table>
                    </div>
                    <Show when=move || { ids.read().len() > drawn.get() }>
                        <div class="body">
                            <button class="btn" on:click=move |_| drawn.update(|drawn| *drawn += DRAWN)>
                                {t!("documents.more")}
                            </button>
                        </div>
                    </Show>
                </Show>
            </div>
            <selection::Bar selected/>
            <drop::Target/>
        </section>
        <Show when=move || opened.get().is_some()>
            <aside class="panel" aria-label=t!("documents.preview")>
                <div class="bar">
                    <h2 class="cut">{t!("documents.preview")}</h2>
                    <span class="grow"></span>
                    <button class="btn icon ghost" aria-label=t!("act.close") on:click=move |_| opened.set(None)>
                        <Glyph icon=Icon::X/>
                    </button>
                </div>
                <Viewer shown/>
            </aside>
        </Show>
    }
}

fn failed(state: &DocumentState) -> bool {
    matches!(state, DocumentState::Failed { .. })
}

/// A folder or files, through the system's dialog or the browser's chooser.
#[component]
fn AddButtons() -> impl IntoView {
    let client = use_client();
    view! {
        {client
            .in_window()
            .then(|| {
                view! {
                    <button class="btn" on:click=move |_| files::choose_and_import(client, Wanted::Folder)>
                        <Glyph icon=Icon::FolderInput/>
                        {t!("documents.import_folder")}
                    </button>
                }
            })}
        <button class="btn primary" on:click=move |_| files::choose_and_import(client, Wanted::Documents)>
            <Glyph icon=Icon::Plus/>
            {t!("documents.add_files")}
        </button>
    }
}
