//! The button that shows a document's file where the person has it; in the window only, since a browser may
//! be on another machine.

use super::icon::{Glyph, Icon};
use crate::client::Client;
use leptos::prelude::*;
use protocol::{DocumentId, RevealDocument};

/// The button.
#[component]
pub fn ShowInFolder(
    /// The connection.
    client: Client,
    /// The document.
    #[prop(into)]
    document: Signal<Option<DocumentId>>,
) -> impl IntoView {
    let show = move |_| {
        if let Some(document) = document.get_untracked() {
            client.tell(RevealDocument { document });
        }
    };
    client.in_window().then(|| {
        view! {
            <button
                class="btn icon ghost sm"
                aria-label=t!("viewer.in_folder")
                title=t!("viewer.in_folder")
                data-testid="show-in-folder"
                on:click=show
            >
                <Glyph icon=Icon::FolderOpen size=14/>
            </button>
        }
    })
}
