//! The documents screen: what is in the library, how far each one is, and how more gets in.

mod add;
mod earlier;
mod labels;
mod left_out;
mod order;
mod progress;
mod row;
mod selection;
mod table;
mod unlock;

pub(crate) use add::{PathLine, passed_over_words};
pub(crate) use left_out::{LeftOut, reason};

use crate::{
    client::use_client,
    files::{self, Wanted},
    parts::{
        bar::Head,
        icon::{Glyph, Icon},
        viewer::Viewer,
    },
    route::Route,
    state::WorkspaceStoreFields,
    views::folders::GoneNotice,
};
use leptos::prelude::*;
use order::Order;
use protocol::{DocumentState, DocumentView};
use table::Grid;

/// The screen.
#[component]
pub fn Documents() -> impl IntoView {
    let client = use_client();
    let store = client.store;
    let page = client.screen.page;
    let attention = RwSignal::new(false);
    let label = RwSignal::new(None::<String>);
    let order = RwSignal::new(Order::FIRST);
    let ids = Memo::new(move |_| {
        let only = attention.get();
        let documents = store.documents();
        let documents = documents.read();
        let label = label.get();
        let has = |document: &DocumentView| label.as_ref().is_none_or(|label| document.labels.contains(label));
        let fits = |document: &&DocumentView| (!only || failed(&document.state)) && has(document);
        let mut shown = documents.iter().filter(fits).collect::<Vec<_>>();
        order.get().sort(&mut shown);
        shown.iter().map(|document| document.id).collect::<Vec<_>>()
    });
    let grid = Grid::new(ids, order);
    let close = move || {
        let shown = page.try_update(Option::take).flatten();
        if let Some(shown) = shown {
            grid.focus(shown.document);
        }
    };
    on_cleanup(move || page.set(None));
    let failures =
        Memo::new(move |_| store.documents().read().iter().filter(|document| failed(&document.state)).count());
    let line = Signal::derive(move || {
        let documents = store.documents();
        let documents = documents.read();
        let pages: u32 = documents.iter().map(|document| document.pages).sum();
        t!("documents.line", n = documents.len() as f64, pages = f64::from(pages))
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
                <labels::Chips only=label/>
                <a class="link" href=Route::Folders.href()>{t!("folders.title")}</a>
                <a class="link" href=Route::Removed.href()>{t!("removed.title")}</a>
            </div>
            <progress::Progress/>
            <GoneNotice/>
            <earlier::Earlier/>
            <LeftOut/>
            <Show
                when=move || !ids.read().is_empty()
                fallback=|| view! { <div class="scroll"><add::Empty/></div> }
            >
                <table::Table grid/>
            </Show>
            <selection::Bar selected=grid.selected/>
        </section>
        <Show when=move || page.read().is_some()>
            <aside
                class="panel"
                aria-label=t!("documents.preview")
                on:keydown=move |event| {
                    if event.key() == "Escape" && !event.default_prevented() {
                        event.prevent_default();
                        close();
                    }
                }
            >
                <div class="bar">
                    <h2 class="h3 cut">{t!("documents.preview")}</h2>
                    <span class="grow"></span>
                    <button
                        class="btn icon ghost"
                        aria-label=t!("act.close")
                        title=t!("act.close")
                        on:click=move |_| close()
                    >
                        <Glyph icon=Icon::X/>
                    </button>
                </div>
                <Viewer shown=page/>
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
