//! Which other workspaces on this machine are searched from this one.

use crate::{
    client::{Client, use_client},
    files::{self, Wanted},
    parts::{
        icon::{Glyph, Icon},
        path_field::PathField,
    },
    state::WorkspaceStoreFields,
};
use leptos::prelude::*;
use protocol::{AddNeighbour, Fault, NeighbourView, RemoveNeighbour};
use wasm_bindgen_futures::spawn_local;

/// The part of the settings.
#[component]
pub(super) fn Neighbours() -> impl IntoView {
    let client = use_client();
    let wrong = RwSignal::new(None::<Fault>);
    let all = Memo::new(move |_| client.store.neighbours().get());
    view! {
        <h2 class="h2">{t!("neighbours.title")}</h2>
        <p class="small dim neighbours-about">{t!("neighbours.about")}</p>
        <For each=move || all.get() key=|one| (one.workspace, one.name.clone(), one.folder.clone()) children=|one| view! { <One one/> }/>
        <PathLine wrong/>
        {client
            .in_window()
            .then(|| {
                view! {
                    <button class="btn" on:click=move |_| choose(client, wrong)>
                        <Glyph icon=Icon::FolderOpen/>
                        {t!("neighbours.choose")}
                    </button>
                }
            })}
    }
}

/// One of them, and the way to let it go.
#[component]
fn One(one: NeighbourView) -> impl IntoView {
    let client = use_client();
    let NeighbourView { workspace, name, folder } = one;
    let remove = move |_| {
        spawn_local(async move {
            if let Err(fault) = client.call(RemoveNeighbour { workspace }).await {
                client.screen.fault.set(Some(fault));
            }
        });
    };
    view! {
        <div class="set-row" data-testid="neighbour">
            <div>
                <b>{name.clone()}</b>
                <small class="mono set-path" title=folder.clone()>{folder.clone()}</small>
            </div>
            <button class="btn sm" aria-label=t!("neighbours.remove_one", name = name) on:click=remove>
                {t!("neighbours.remove")}
            </button>
        </div>
    }
}

/// Lets the person choose a folder in the system's dialog.
fn choose(client: Client, wrong: RwSignal<Option<Fault>>) {
    wrong.set(None);
    spawn_local(async move {
        for folder in files::choose(Wanted::Folder).await {
            if let Err(fault) = client.call(AddNeighbour { folder }).await {
                wrong.try_set(Some(fault));
                return;
            }
        }
    });
}

/// Adds one by its folder's path.
#[component]
fn PathLine(wrong: RwSignal<Option<Fault>>) -> impl IntoView {
    let client = use_client();
    let path = RwSignal::new(String::new());
    let busy = RwSignal::new(false);
    let add = move || {
        let folder = path.get_untracked().trim().to_owned();
        if folder.is_empty() || busy.get_untracked() {
            return;
        }
        busy.set(true);
        spawn_local(async move {
            let added = client.call(AddNeighbour { folder }).await;
            busy.try_set(false);
            match added {
                Ok(_) => drop(path.try_set(String::new())),
                Err(fault) => drop(wrong.try_set(Some(fault))),
            }
        });
    };
    view! {
        <PathField
            name=t!("neighbours.path")
            act=t!("neighbours.add")
            field_id="neighbour-path"
            button_id="neighbour-add"
            error_id="neighbour-path-error"
            path
            wrong
            go=move |()| add()
        />
    }
}
