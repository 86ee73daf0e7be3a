//! What people call documents by: giving labels, taking them off, and showing only what has one.

use crate::{
    client::{Client, use_client},
    parts::{
        dialog::Dialog,
        icon::{Glyph, Icon},
    },
    state::WorkspaceStoreFields,
};
use leptos::prelude::*;
use protocol::{DocumentId, LabelDocuments};
use std::collections::{BTreeMap, BTreeSet};

/// The most labels that are offered as chips.
const MOST: usize = 24;
/// A label has at most so many chars.
const LONGEST: &str = "60";

/// The labels of the workspace, each with the documents that have it.
fn known(client: Client) -> BTreeMap<String, BTreeSet<DocumentId>> {
    let documents = client.store.documents();
    let documents = documents.read();
    let mut all: BTreeMap<String, BTreeSet<DocumentId>> = BTreeMap::new();
    for document in documents.iter() {
        for label in &document.labels {
            all.entry(label.clone()).or_default().insert(document.id);
        }
    }
    all
}

/// Chips that show only the documents with a label. Pressed again, all are shown.
#[component]
pub(super) fn Chips(
    /// The label that is asked for.
    only: RwSignal<Option<String>>,
) -> impl IntoView {
    let client = use_client();
    let labels = Memo::new(move |_| known(client).into_keys().take(MOST).collect::<Vec<_>>());
    // The last document with it may have lost it.
    Effect::new(move || {
        if only.with_untracked(|only| only.as_ref().is_some_and(|only| !labels.read().contains(only))) {
            only.set(None);
        }
        labels.track();
    });
    let chip = move |label: String| {
        let (mine, pressed) = (label.clone(), label.clone());
        let on = Memo::new(move |_| only.with(|only| only.as_ref() == Some(&mine)));
        view! {
            <button
                class="filter"
                class:on=on
                aria-pressed=move || on.get().to_string()
                data-testid="label-chip"
                on:click=move |_| only.set((!on.get_untracked()).then(|| pressed.clone()))
            >
                <Glyph icon=Icon::Tag size=12/>
                <span class="cut">{label}</span>
            </button>
        }
    };
    view! { <For each=move || labels.get() key=String::clone let:label>{chip(label)}</For> }
}

/// A button that gives labels to the selected documents, or takes them off.
#[component]
pub(super) fn Give(
    /// Which are selected.
    selected: RwSignal<BTreeSet<DocumentId>>,
) -> impl IntoView {
    let client = use_client();
    let open = RwSignal::new(false);
    let typed = RwSignal::new(String::new());
    let close = move || {
        typed.set(String::new());
        open.set(false);
    };
    let give = move |label: String, on: bool| {
        let documents = selected.get_untracked().into_iter().collect();
        client.tell(LabelDocuments { documents, label, on });
    };
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let label = typed.try_update(std::mem::take).unwrap_or_default();
        if label.trim().is_empty() { close() } else { give(label, true) }
    };
    let labels = Memo::new(move |_| known(client).into_keys().take(MOST).collect::<Vec<_>>());
    let chip = move |label: String| {
        let mine = label.clone();
        // All of the selected documents have it, or a press gives it to those that do not.
        let on = Memo::new(move |_| {
            let all = known(client);
            all.get(&mine).is_some_and(|having| selected.with(|selected| selected.is_subset(having)))
        });
        let pressed = label.clone();
        view! {
            <button
                class="filter"
                class:on=on
                type="button"
                aria-pressed=move || on.get().to_string()
                data-testid="label-toggle"
                on:click=move |_| give(pressed.clone(), !on.get_untracked())
            >
                <span class="cut">{label}</span>
            </button>
        }
    };
    view! {
        <button class="btn ghost sm" data-testid="label" on:click=move |_| open.set(true)>
            <Glyph icon=Icon::Tag/>
            {t!("documents.label")}
        </button>
        <Dialog open close=move |()| close() title=Signal::derive(move || t!("documents.label_title", n = selected.read().len() as f64))>
            <form on:submit=submit>
                <div class="dialog-body">
                    <label class="field">
                        <span class="label">{t!("documents.label_new")}</span>
                        <input
                            class="input"
                            autocomplete="off"
                            autofocus
                            maxlength=LONGEST
                            data-testid="label-field"
                            prop:value=move || typed.get()
                            on:input=move |event| typed.set(event_target_value(&event))
                        />
                    </label>
                    <Show when=move || labels.with(|labels| !labels.is_empty())>
                        <div class="row label-chips" role="group" aria-label=t!("documents.label_known")>
                            <For each=move || labels.get() key=String::clone let:label>{chip(label)}</For>
                        </div>
                    </Show>
                    <p class="hint">{t!("documents.label_about")}</p>
                </div>
                <div class="dialog-foot">
                    <span class="grow"></span>
                    <button class="btn" type="button" on:click=move |_| close()>
                        {t!("act.done")}
                    </button>
                    <button class="btn primary" type="submit" disabled=move || typed.with(|typed| typed.trim().is_empty())>
                        {t!("documents.label_add")}
                    </button>
                </div>
            </form>
        </Dialog>
    }
}
