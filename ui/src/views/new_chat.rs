//! A chat that has no question yet: the composer, and what to begin with.

use super::chat::{Composer, MESSAGE_ID};
use crate::{
    client::use_client,
    dom, i18n,
    parts::{
        bar::SideButton,
        icon::{Glyph, Icon},
    },
    route::Route,
    state::WorkspaceStoreFields,
};
use leptos::prelude::*;
use protocol::{DocumentState, DocumentView};

/// So many documents are named.
const NAMED: usize = 4;

/// The screen.
#[component]
pub fn NewChat() -> impl IntoView {
    dom::focus_soon(MESSAGE_ID);
    view! {
        <section class="pane" aria-label=t!("side.new_chat")>
            <header class="bar bare" id="area-bar">
                <SideButton/>
            </header>
            <div class="scroll">
                <div class="home">
                    <h1 class="h1">{t!("side.new_chat")}</h1>
                    <div class="dock">
                        <Composer chat=None rows=3/>
                    </div>
                    <Starts/>
                </div>
            </div>
        </section>
    }
}

/// The newest documents, or how to add some.
#[component]
fn Starts() -> impl IntoView {
    let store = use_client().store;
    let newest = Memo::new(move |_| {
        let documents = store.documents();
        let ready = |document: &&DocumentView| matches!(document.state, DocumentState::Ready { .. });
        documents.read().iter().filter(ready).take(NAMED).cloned().collect::<Vec<_>>()
    });
    let import = Memo::new(move |_| {
        let import = store.import().get();
        (import.done < import.total).then_some((import.done, import.total))
    });
    view! {
        <div class="starts">
            <Show
                when=move || !newest.with(Vec::is_empty)
                fallback=move || {
                    view! {
                        <div class="empty left">
                            <h2 class="h3">{t!("home.no_documents")}</h2>
                            <p>{t!("home.no_documents_more")}</p>
                            <div class="btn-group">
                                <a class="btn" href=Route::Documents.href()>
                                    {t!("answer.add_documents")}
                                </a>
                            </div>
                        </div>
                    }
                }
            >
                <div>
                    <h2 class="h3">{t!("home.newest")}</h2>
                    <For each=move || newest.get() key=|document| document.id let:document>
                        <a href=Route::Documents.href()>
                            <Glyph icon=Icon::FileText/>
                            <span class="grow">
                                <b class="cut">{document.name}</b>
                                <small>
                                    {t!(
                                        "home.added",
                                        day = i18n::date(document.added_at),
                                        n = document.pages
                                    )}
                                </small>
                            </span>
                        </a>
                    </For>
                </div>
            </Show>
            {move || {
                import
                    .get()
                    .map(|(done, total)| {
                        view! { <p class="dim num">{t!("home.reading", done = done, total = total)}</p> }
                    })
            }}
        </div>
    }
}
