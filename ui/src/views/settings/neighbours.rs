//! Which other workspaces on this machine are searched from this one.

use crate::{
    client::use_client,
    parts::{
        folder_line::{FolderLine, choose_folders},
        icon::{Glyph, Icon},
    },
    state::WorkspaceStoreFields,
};
use leptos::prelude::*;
use protocol::{AddNeighbour, Fault, NeighbourView, RemoveNeighbour};

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
        <FolderLine
            make=searched
            name=t!("neighbours.path")
            act=t!("neighbours.add")
            field_id="neighbour-path"
            button_id="neighbour-add"
            error_id="neighbour-path-error"
            wrong
        />
        {client
            .in_window()
            .then(|| {
                view! {
                    <button class="btn" on:click=move |_| choose_folders(client, searched, wrong)>
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
    view! {
        <div class="set-row" data-testid="neighbour">
            <div>
                <b>{name.clone()}</b>
                <small class="mono set-path" title=folder.clone()>{folder.clone()}</small>
            </div>
            <button class="btn sm" aria-label=t!("neighbours.remove_one", name = name) on:click=move |_| client.tell(RemoveNeighbour { workspace })>
                {t!("neighbours.remove")}
            </button>
        </div>
    }
}

fn searched(folder: String) -> AddNeighbour {
    AddNeighbour { folder }
}
