//! What can be done with a model of this disk: check it, measure it, copy it to a stick, remove it.

use crate::{
    client::{Client, use_client},
    files,
    parts::{
        dialog::Dialog,
        icon::{Glyph, Icon},
        menu::{Menu, MenuItem},
    },
};
use leptos::prelude::*;
use protocol::{MeasureModel, ModelUse, ModelView, PackModels, PackView, RemoveModel, RestoreModel, VerifyModel};
use wasm_bindgen_futures::spawn_local;

/// The menu at the end of a model's row.
#[component]
pub(super) fn RowMenu(
    /// The model; None while it goes.
    model: Memo<Option<ModelView>>,
) -> impl IntoView {
    let client = use_client();
    let busy = RwSignal::new(None::<String>);
    let asking = RwSignal::new(false);
    let packed = RwSignal::new(None::<PackView>);
    let id = move || model.read_untracked().as_ref().map(|model| model.id.clone()).unwrap_or_default();
    let name = move || model.read().as_ref().map(|model| model.name.clone()).unwrap_or_default();
    let items = Signal::derive(move || {
        let mut items = vec![MenuItem::new(Icon::ShieldCheck, t!("models.verify"), move || verify(client, id(), busy))];
        let chat = model.read().as_ref().is_some_and(|one| one.purpose == ModelUse::Chat && one.fault.is_none());
        if chat {
            items.push(MenuItem::new(Icon::Gauge, t!("models.measure"), move || measure(client, id(), busy)));
        }
        if client.in_window() {
            items.push(MenuItem::new(Icon::FolderInput, t!("models.pack"), move || pack(client, id(), busy, packed)));
        }
        items.push(MenuItem::new(Icon::Trash2, t!("models.remove"), move || asking.set(true)));
        items
    });
    view! {
        {move || busy.get().map(|words| view! { <span class="small dim" role="status">{words}</span> })}
        <Menu name=t!("models.actions") class="btn icon ghost sm" end=true items>
            <Glyph icon=Icon::Ellipsis/>
        </Menu>
        <Dialog open=asking close=move |()| asking.set(false) title=Signal::derive(move || t!("models.remove_ask", name = name()))>
            <div class="dialog-body">
                <p>
                    {move || match model.read().as_ref().map(|model| model.purpose) {
                        Some(ModelUse::Embedding) => t!("models.remove_search"),
                        Some(ModelUse::Reranking) => t!("models.remove_order"),
                        Some(ModelUse::Chat) | None => t!("models.remove_about"),
                    }}
                </p>
                <Show when=move || model.read().as_ref().is_some_and(|model| model.chosen)>
                    <p>{t!("models.remove_chosen")}</p>
                </Show>
            </div>
            <div class="dialog-foot">
                <button class="btn" autofocus on:click=move |_| asking.set(false)>{t!("models.remove_keep")}</button>
                <span class="grow"></span>
                <button
                    class="btn danger-fill"
                    on:click=move |_| {
                        asking.set(false);
                        remove(client, id(), name());
                    }
                >
                    {t!("models.remove")}
                </button>
            </div>
        </Dialog>
        <Dialog
            open=Signal::derive(move || packed.with(Option::is_some))
            close=move |()| packed.set(None)
            title=Signal::derive(|| t!("models.packed"))
            cross=true
        >
            <div class="dialog-body">
                <p>{t!("models.packed_about")}</p>
                <p class="mono fingerprint">{move || packed.get().map(|pack| pack.signer)}</p>
                <p class="small dim mono cut-none">{move || packed.get().map(|pack| pack.folder)}</p>
            </div>
        </Dialog>
    }
}

/// Says what is under way, and is free again when it has ended.
fn work<F: Future<Output = ()> + 'static>(busy: RwSignal<Option<String>>, words: String, work: F) {
    if busy.with_untracked(Option::is_some) {
        return;
    }
    busy.set(Some(words));
    spawn_local(async move {
        work.await;
        busy.try_set(None);
    });
}

fn verify(client: Client, model: String, busy: RwSignal<Option<String>>) {
    work(busy, t!("models.verifying"), async move {
        match client.call(VerifyModel { model }).await {
            Ok(model) if model.fault.is_none() => client.screen.toast(t!("models.verified", name = model.name), None),
            Ok(_) => {}
            Err(fault) => client.screen.fault.set(Some(fault)),
        }
    });
}

fn measure(client: Client, model: String, busy: RwSignal<Option<String>>) {
    work(busy, t!("models.measuring"), async move {
        if let Err(fault) = client.call(MeasureModel { model }).await {
            client.screen.fault.set(Some(fault));
        }
    });
}

fn pack(client: Client, model: String, busy: RwSignal<Option<String>>, packed: RwSignal<Option<PackView>>) {
    spawn_local(async move {
        let Some(folder) = files::choose(files::Wanted::Folder).await.into_iter().next() else { return };
        work(busy, t!("models.packing"), async move {
            match client.call(PackModels { models: vec![model], folder }).await {
                Ok(pack) => drop(packed.try_set(Some(pack))),
                Err(fault) => client.screen.fault.set(Some(fault)),
            }
        });
    });
}

fn remove(client: Client, model: String, name: String) {
    client.ask(RemoveModel { model: model.clone() }, move |()| {
        let back = Callback::new(move |()| client.tell(RestoreModel { model: model.clone() }));
        client.screen.toast(t!("models.removed", name = name), Some((t!("act.undo"), back)));
    });
}
