//! Naming a folder of this machine: by the system's dialog in the window, by its path anywhere.

use super::path_field::PathField;
use crate::{
    client::{Client, use_client},
    files::{self, Wanted},
};
use leptos::prelude::*;
use protocol::{Call, Fault};
use wasm_bindgen_futures::spawn_local;

/// Lets the person choose folders in the system's dialog, and asks for each what `make` makes of its path, up to the
/// first that is refused.
pub fn choose_folders<C: Call + 'static>(client: Client, make: fn(String) -> C, wrong: RwSignal<Option<Fault>>) {
    wrong.set(None);
    spawn_local(async move {
        for path in files::choose(Wanted::Folder).await {
            if let Err(fault) = client.call(make(path)).await {
                wrong.try_set(Some(fault));
                return;
            }
        }
    });
}

/// A line to type a folder's path into. What was taken is away from the line, what was refused stays in it.
#[component]
pub fn FolderLine<C: Call + 'static>(
    /// What is asked for with a path.
    make: fn(String) -> C,
    /// The words that name the field.
    name: String,
    /// The words of the button.
    act: String,
    /// What tests find the field by.
    field_id: &'static str,
    /// What tests find the button by.
    button_id: &'static str,
    /// The id of the words under it.
    error_id: &'static str,
    /// What is wrong with it.
    wrong: RwSignal<Option<Fault>>,
) -> impl IntoView {
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
            let added = client.call(make(typed)).await;
            busy.try_set(false);
            match added {
                Ok(_) => drop(path.try_set(String::new())),
                Err(fault) => drop(wrong.try_set(Some(fault))),
            }
        });
    };
    view! { <PathField name act field_id button_id error_id path wrong go=move |()| add()/> }
}
