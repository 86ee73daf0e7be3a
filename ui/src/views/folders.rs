//! The screen of watched folders: which there are, how far each is, and what is gone from them.

mod gone;
mod one;

pub(crate) use gone::GoneNotice;

use crate::{
    client::use_client,
    parts::{
        bar::Head,
        folder_line::{FolderLine, choose_folders},
        icon::{Glyph, Icon},
    },
    state::WorkspaceStoreFields,
};
use leptos::prelude::*;
use protocol::{Fault, FolderId, WatchFolder};

/// The screen.
#[component]
pub fn Folders() -> impl IntoView {
    let client = use_client();
    let ids =
        Memo::new(move |_| client.store.folders().read().iter().map(|folder| folder.id).collect::<Vec<FolderId>>());
    let wrong = RwSignal::new(None::<Fault>);
    view! {
        <section class="pane" data-testid="folders">
            <Head title=t!("folders.title") line=Signal::derive(|| t!("folders.line"))>
                {client
                    .in_window()
                    .then(|| {
                        view! {
                            <button class="btn primary" on:click=move |_| choose_folders(client, watched, wrong)>
                                <Glyph icon=Icon::Plus/>
                                {t!("folders.add")}
                            </button>
                        }
                    })}
            </Head>
            <div class="scroll">
                <div class="set folders">
                    <Show when=move || ids.read().is_empty()>
                        <p class="dim">{t!("folders.none")}</p>
                    </Show>
                    <For each=move || ids.get() key=|id| *id children=|id| view! { <one::One id/> }/>
                    <FolderLine
                        make=watched
                        name=t!("folders.path")
                        act=t!("folders.watch")
                        field_id="watch-path"
                        button_id="watch-add"
                        error_id="watch-path-error"
                        wrong
                    />
                    <p class="small dim">{t!("folders.rules")}</p>
                    <gone::Gone/>
                </div>
            </div>
        </section>
    }
}

fn watched(path: String) -> WatchFolder {
    WatchFolder { path }
}
