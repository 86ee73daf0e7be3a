//! What can be done with the selected documents.

use super::labels;
use crate::{
    client::{Client, use_client},
    parts::{
        icon::{Glyph, Icon},
        unread::why_of,
    },
    route::Route,
};
use leptos::prelude::*;
use protocol::{DocumentId, RemoveDocument, RestoreDocument, RetryDocument};
use std::collections::BTreeSet;

/// The bar at the bottom of the sheet, while something is selected.
#[component]
pub(super) fn Bar(
    /// Which are selected.
    selected: RwSignal<BTreeSet<DocumentId>>,
) -> impl IntoView {
    let client = use_client();
    let count = Memo::new(move |_| selected.read().len());
    // No answer can rest on a document whose text is not read.
    let readable = Memo::new(move |_| selected.read().iter().any(|id| why_of(client, *id).is_none()));
    let take = move || selected.try_update(std::mem::take).unwrap_or_default();
    view! {
        <Show when=move || count.get() != 0>
            <div class="selbar" role="toolbar" aria-label=move || t!("documents.selected", n = count.get() as f64)>
                <b class="num">{move || t!("documents.selected", n = count.get() as f64)}</b>
                <span class="sep"></span>
                <Show when=move || readable.get()>
                    <button
                        class="btn ghost sm"
                        on:click=move |_| {
                            let readable = |id: &DocumentId| untrack(|| why_of(client, *id)).is_none();
                            client.screen.attach.set(take().into_iter().filter(readable).collect());
                            client.screen.go(Route::NewChat);
                        }
                    >
                        <Glyph icon=Icon::MessageSquare/>
                        {t!("documents.ask")}
                    </button>
                </Show>
                <labels::Give selected/>
                <button
                    class="btn ghost sm"
                    on:click=move |_| {
                        for document in take() {
                            client.tell(RetryDocument { document });
                        }
                    }
                >
                    <Glyph icon=Icon::RefreshCw/>
                    {t!("documents.again")}
                </button>
                <button class="btn ghost sm" on:click=move |_| remove(client, take())>
                    <Glyph icon=Icon::Trash2/>
                    {t!("documents.remove")}
                </button>
                <span class="sep"></span>
                <button class="btn icon ghost sm" aria-label=t!("documents.clear") on:click=move |_| drop(take())>
                    <Glyph icon=Icon::X size=14/>
                </button>
            </div>
        </Show>
    }
}

/// Removes documents at once; the toast brings them back.
pub(super) fn remove(client: Client, documents: BTreeSet<DocumentId>) {
    let count = documents.len();
    for document in documents.iter().copied() {
        client.tell(RemoveDocument { document });
    }
    let undo = Callback::new(move |()| {
        for document in documents.iter().copied() {
            client.tell(RestoreDocument { document });
        }
    });
    client.screen.toast(t!("documents.removed", n = count as f64), Some((t!("act.undo"), undo)));
}
