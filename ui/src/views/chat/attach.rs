//! Picking documents of the workspace to go with a message.

use crate::{
    client::use_client,
    dom,
    parts::{
        dialog::Dialog,
        icon::{Glyph, Icon},
    },
    route::Route,
    state::WorkspaceStoreFields,
};
use leptos::prelude::*;
use protocol::{DocumentId, DocumentState, DocumentView};

/// So many are listed; the filter narrows them.
const LISTED: usize = 100;
/// So many can go with one message.
pub const MOST: usize = 10;

/// The button that opens the dialog.
#[component]
pub fn AttachButton(open: RwSignal<bool>) -> impl IntoView {
    view! {
        <button
            type="button"
            class="btn icon ghost"
            aria-label=t!("composer.attach")
            title=t!("composer.attach")
            on:click=move |_| open.set(true)
        >
            <Glyph icon=Icon::Paperclip/>
        </button>
    }
}

/// The dialog.
#[component]
pub fn AttachDialog(open: RwSignal<bool>, attached: RwSignal<Vec<DocumentId>>) -> impl IntoView {
    let store = use_client().store;
    let filter = RwSignal::new(String::new());
    let close = move || {
        open.set(false);
        filter.set(String::new());
        dom::focus_soon(super::MESSAGE_ID);
    };
    let rows = Memo::new(move |_| {
        let filter = filter.get().to_lowercase();
        let documents = store.documents();
        let documents = documents.read();
        let fits = |document: &&DocumentView| usable(&document.state) && document.name.to_lowercase().contains(&filter);
        documents.iter().filter(fits).take(LISTED).cloned().collect::<Vec<_>>()
    });
    view! {
        <Dialog open close=move |()| close() title=Signal::derive(|| t!("attach.title"))>
            <div class="dialog-body attach">
                <p>{t!("attach.what")}</p>
                <label class="input">
                    <Glyph icon=Icon::Search size=14/>
                    <input
                        autofocus
                        aria-label=t!("attach.filter")
                        placeholder=t!("attach.filter")
                        on:input=move |event| filter.set(event_target_value(&event))
                        on:keydown=|event| {
                            if event.key() == "Enter" {
                                event.prevent_default();
                            }
                        }
                    />
                </label>
                <Show
                    when=move || rows.with(|rows| !rows.is_empty())
                    fallback=move || {
                        view! {
                            <p class="dim attach-none">
                                {t!("attach.none")} " "
                                <a class="link" href=Route::Documents.href() on:click=move |_| close()>
                                    {t!("answer.add_documents")}
                                </a>
                            </p>
                        }
                    }
                >
                    <ul class="attach-list">
                        <For each=move || rows.get() key=|document| document.id let:document>
                            <Choice document attached/>
                        </For>
                    </ul>
                </Show>
            </div>
            <div class="dialog-foot">
                <span class="small faint">{move || t!("attach.chosen", n = attached.with(Vec::len), most = MOST)}</span>
                <span class="grow"></span>
                <button type="button" class="btn primary" on:click=move |_| close()>
                    {t!("act.done")}
                </button>
            </div>
        </Dialog>
    }
}

/// Whether a document has text to answer from.
fn usable(state: &DocumentState) -> bool {
    match state {
        DocumentState::Ready { .. } | DocumentState::Indexing { .. } => true,
        DocumentState::Waiting | DocumentState::Reading | DocumentState::Failed { .. } => false,
    }
}

#[component]
fn Choice(document: DocumentView, attached: RwSignal<Vec<DocumentId>>) -> impl IntoView {
    let id = document.id;
    let on = Memo::new(move |_| attached.with(|all| all.contains(&id)));
    let full = Memo::new(move |_| attached.with(|all| all.len() >= MOST));
    view! {
        <li>
            <label class="attach-row">
                <input
                    type="checkbox"
                    prop:checked=move || on.get()
                    disabled=move || full.get() && !on.get()
                    on:change=move |_| {
                        attached
                            .update(|all| {
                                if let Some(at) = all.iter().position(|other| *other == id) {
                                    all.remove(at);
                                } else if all.len() < MOST {
                                    all.push(id);
                                }
                            });
                    }
                />
                <span class="fmt">{document.format.to_uppercase()}</span>
                <span class="grow cut">{document.name}</span>
                <span class="faint small num">{t!("question.pages", n = document.pages)}</span>
            </label>
        </li>
    }
}
