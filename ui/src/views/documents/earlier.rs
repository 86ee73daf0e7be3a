//! The documents that an earlier version of Atelier read, and reading them again.

use crate::{
    client::use_client,
    parts::icon::{Glyph, Icon},
    state::WorkspaceStoreFields,
};
use leptos::prelude::*;
use protocol::{DocumentState, ReadEarlierAgain};

/// How many there are, and a button that reads them again; nothing where there are none.
#[component]
pub(super) fn Earlier() -> impl IntoView {
    let client = use_client();
    let store = client.store;
    let dismissed = client.screen.earlier_dismissed;
    let count = Memo::new(move |_| {
        let settled = |state: &DocumentState| !matches!(state, DocumentState::Waiting | DocumentState::Reading);
        store.documents().read().iter().filter(|document| document.earlier && settled(&document.state)).count()
    });
    view! {
        <Show when=move || count.get() != 0 && !dismissed.get()>
            <div class="notice left-out" role="status" data-testid="earlier">
                <Glyph icon=Icon::RefreshCw/>
                <div class="grow">
                    <b>{move || t!("documents.earlier", n = count.get() as f64)}</b>
                    <div class="dim">{t!("documents.earlier_about")}</div>
                </div>
                <button class="btn sm" on:click=move |_| client.ask(ReadEarlierAgain {}, |_| ())>
                    {t!("documents.earlier_again")}
                </button>
                <button class="btn icon ghost sm" aria-label=t!("act.close") on:click=move |_| dismissed.set(true)>
                    <Glyph icon=Icon::X size=14/>
                </button>
            </div>
        </Show>
    }
}
