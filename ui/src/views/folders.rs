//! The screen of watched folders: which there are, how far each is, and what is gone from them.

mod gone;
mod one;

pub(crate) use gone::GoneNotice;

use crate::{
    client::{Client, use_client},
    files::{self, Wanted},
    parts::{
        bar::Head,
        icon::{Glyph, Icon},
        path_field::PathField,
    },
    state::WorkspaceStoreFields,
};
use leptos::prelude::*;
use protocol::{Fault, FolderId, WatchFolder};
use wasm_bindgen_futures::spawn_local;

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
                            <button class="btn primary" on:click=move |_| choose(client, wrong)>
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
                    <PathLine wrong/>
                    <p class="small dim">{t!("folders.rules")}</p>
                    <gone::Gone/>
                </div>
            </div>
        </section>
    }
}

/// Lets the person choose folders in the system's dialog.
fn choose(client: Client, wrong: RwSignal<Option<Fault>>) {
    wrong.set(None);
    spawn_local(async move {
        for path in files::choose(Wanted::Folder).await {
            if let Err(fault) = client.call(WatchFolder { path }).await {
                wrong.try_set(Some(fault));
                return;
            }
        }
    });
}

/// Adds a folder by its path.
#[component]
fn PathLine(wrong: RwSignal<Option<Fault>>) -> impl IntoView {
    let client = use_client();
    let path = RwSignal::new(String::new());
    let busy = RwSignal::new(false);
    let add = move || {
        let typed = path.get_untracked().trim().to_owned();
        if typed.is_empty() || busy.get_untracked() {
            return;
        }
        busy.set(true);
        spawn_local(async move {
            let added = client.call(WatchFolder { path: typed }).await;
            busy.try_set(false);
            match added {
                Ok(_) => drop(path.try_set(String::new())),
                Err(fault) => drop(wrong.try_set(Some(fault))),
            }
        });
    };
    view! {
        <PathField
            name=t!("folders.path")
            act=t!("folders.watch")
            field_id="watch-path"
            button_id="watch-add"
            error_id="watch-path-error"
            path
            wrong
            go=move |()| add()
        />
    }
}
