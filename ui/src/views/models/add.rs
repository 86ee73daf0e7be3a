//! How a model file of this disk gets in: it is checked first, and what is wrong is said at the field.

use crate::{
    client::use_client,
    files,
    parts::{
        dialog::Dialog,
        field::FieldError,
        icon::{Glyph, Icon},
    },
};
use leptos::prelude::*;
use protocol::{AddModel, Fault};
use wasm_bindgen_futures::spawn_local;

/// The field's id, so that other places can lead to it.
pub(super) const PATH_ID: &str = "model-path";
const ERROR_ID: &str = "model-path-error";

/// Adds a model file from this disk.
#[component]
pub(crate) fn AddFile() -> impl IntoView {
    let client = use_client();
    let path = RwSignal::new(String::new());
    let busy = RwSignal::new(false);
    let wrong = RwSignal::new(None::<Fault>);
    // A pack from a device that is not known here: what it was, and whose.
    let stranger = RwSignal::new(None::<(String, Fault)>);
    let add = move |chosen: String, signer: Option<String>| {
        let chosen = chosen.trim().to_owned();
        // The screen may be gone since the dialog was opened: then nothing here is there to be asked.
        if chosen.is_empty() || busy.try_get_untracked() == Some(true) {
            return;
        }
        busy.try_set(true);
        wrong.try_set(None);
        spawn_local(async move {
            match client.call(AddModel { path: chosen.clone(), signer }).await {
                Ok(model) => {
                    path.try_set(String::new());
                    client.screen.toast(t!("models.added", name = model.name), None);
                }
                Err(fault) if fault.code == "model.signer" => drop(stranger.try_set(Some((chosen, fault)))),
                Err(fault) => {
                    if let Some(Some(fault)) = wrong.try_set(Some(fault)) {
                        client.screen.fault.set(Some(fault));
                    }
                }
            }
            busy.try_set(false);
        });
    };
    view! {
        <form
            class="row add-line"
            on:submit=move |event| {
                event.prevent_default();
                add(path.get_untracked(), None);
            }
        >
            <input
                class="input mono"
                class:bad=move || wrong.read().is_some()
                id=PATH_ID
                aria-label=t!("models.path")
                aria-describedby=ERROR_ID
                aria-invalid=move || wrong.read().is_some().to_string()
                placeholder=t!("models.path")
                autocomplete="off"
                spellcheck="false"
                prop:value=move || path.get()
                on:input=move |event| {
                    wrong.set(None);
                    path.set(event_target_value(&event));
                }
            />
            {client
                .in_window()
                .then(|| {
                    view! {
                        <button
                            class="btn"
                            type="button"
                            on:click=move |_| {
                                spawn_local(async move {
                                    if let Some(chosen) = files::choose(files::Wanted::Model).await.into_iter().next() {
                                        path.try_set(chosen.clone());
                                        add(chosen, None);
                                    }
                                });
                            }
                        >
                            <Glyph icon=Icon::FolderInput/>
                            {t!("models.choose_file")}
                        </button>
                        <button
                            class="btn"
                            type="button"
                            on:click=move |_| {
                                spawn_local(async move {
                                    if let Some(chosen) = files::choose(files::Wanted::Folder).await.into_iter().next() {
                                        path.try_set(chosen.clone());
                                        add(chosen, None);
                                    }
                                });
                            }
                        >
                            {t!("models.choose_folder")}
                        </button>
                    }
                })}
            <button class="btn" type="submit" aria-busy=move || busy.get().to_string()>
                {move || if busy.get() { t!("models.adding") } else { t!("models.add") }}
            </button>
        </form>
        <FieldError id=ERROR_ID fault=wrong/>
        <Dialog
            open=Signal::derive(move || stranger.with(Option::is_some))
            close=move |()| stranger.set(None)
            title=Signal::derive(|| t!("models.signer"))
        >
            <div class="dialog-body">
                <p>
                    {move || {
                        let by = stranger.get().and_then(|(_, fault)| fault.values.get("by").cloned());
                        t!("models.signer_about", by = by.unwrap_or_default())
                    }}
                </p>
                <p class="mono fingerprint">{move || stranger.get().and_then(|(_, fault)| print_of(&fault))}</p>
            </div>
            <div class="dialog-foot">
                <button class="btn" autofocus on:click=move |_| stranger.set(None)>
                    {t!("models.signer_keep_out")}
                </button>
                <span class="grow"></span>
                <button
                    class="btn primary"
                    on:click=move |_| {
                        if let Some((chosen, fault)) = stranger.get_untracked() {
                            stranger.set(None);
                            add(chosen, print_of(&fault));
                        }
                    }
                >
                    {t!("models.signer_same")}
                </button>
            </div>
        </Dialog>
    }
}

/// The fingerprint of the key that signed a pack.
fn print_of(fault: &Fault) -> Option<String> {
    fault.values.get("signer").cloned()
}
