//! One document in the table: its name, its state, and what can be done about it.

use crate::{
    client::use_client,
    faults, i18n,
    parts::icon::{Glyph, Icon},
    state::WorkspaceStoreFields,
};
use leptos::prelude::*;
use protocol::{DocumentId, DocumentState, DocumentView, Fault, RetryDocument};
use std::collections::BTreeSet;

/// A row.
#[component]
pub(super) fn Row(
    /// The document.
    id: DocumentId,
    /// Which are selected.
    selected: RwSignal<BTreeSet<DocumentId>>,
    /// Which is shown beside the table.
    opened: RwSignal<Option<DocumentId>>,
) -> impl IntoView {
    let client = use_client();
    let row = client.store.documents().at_key(id);
    let document = Memo::new(move |_| row.try_read().map(|document| (*document).clone()));
    let on = Memo::new(move |_| selected.read().contains(&id));
    let name = move || document.get().map(|document| document.name).unwrap_or_default();
    let mark = move || document.get().map(|document| document.format.to_uppercase()).unwrap_or_default();
    let toggle = move || {
        selected.update(|selected| {
            if !selected.remove(&id) {
                selected.insert(id);
            }
        });
    };
    view! {
        <tr aria-selected=move || (on.get() || opened.get() == Some(id)).to_string() data-testid="document">
            <td>
                <span class="name">
                    <button
                        class="check"
                        role="checkbox"
                        aria-checked=move || on.get().to_string()
                        aria-label=move || t!("documents.select", name = name())
                        on:click=move |_| toggle()
                    >
                        <Glyph icon=Icon::Check size=12/>
                    </button>
                    <span class="fmt">{mark}</span>
                    <button class="med cut doc-open" title=name on:click=move |_| opened.set(Some(id))>
                        {name}
                    </button>
                </span>
            </td>
            <td class="dim">{move || document.get().and_then(|document| document.language).map(|code| language(&code))}</td>
            <td class="r">{move || document.with(|document| document.as_ref().map_or_else(String::new, pages))}</td>
            <td class="r dim">{move || document.get().map(|document| i18n::bytes(document.bytes))}</td>
            <td>
                {move || {
                    document
                        .get()
                        .map(|document| view! { <State id state=document.state/> <Notes notes=document.notes/> })
                }}
            </td>
            <td class="r dim num">{move || document.get().map(|document| i18n::date(document.added_at))}</td>
        </tr>
    }
}

fn pages(document: &DocumentView) -> String {
    if document.pages == 0 { "–".to_owned() } else { i18n::number(document.pages) }
}

/// The name of a language that the library knows; its code where it knows no name.
fn language(code: &str) -> String {
    match code {
        "en" => t!("language.en"),
        "fr" => t!("language.fr"),
        "de" => t!("language.de"),
        "es" => t!("language.es"),
        "it" => t!("language.it"),
        "nl" => t!("language.nl"),
        other => other.to_owned(),
    }
}

#[component]
fn State(id: DocumentId, state: DocumentState) -> impl IntoView {
    let client = use_client();
    match state {
        DocumentState::Waiting => view! {
            <span class="status wait">
                <Glyph icon=Icon::Clock size=14/>
                {t!("documents.waiting")}
            </span>
        }
        .into_any(),
        DocumentState::Reading => view! {
            <span class="status run">
                <span class="spin"></span>
                {t!("documents.reading")}
            </span>
        }
        .into_any(),
        DocumentState::Indexing { done, total } => {
            let share = f64::from(done) / f64::from(total.max(1)) * 100.0;
            view! {
                <span class="status run num">
                    <span class="progress doc-bar" aria-hidden="true">
                        <i style=format!("inline-size:{share:.1}%")></i>
                    </span>
                    {t!("documents.passages_of", done = f64::from(done), total = f64::from(total))}
                </span>
            }
            .into_any()
        }
        DocumentState::Ready { meaning: true } => view! {
            <span class="status ok">
                <Glyph icon=Icon::Check size=14/>
                {t!("documents.ready")}
            </span>
        }
        .into_any(),
        DocumentState::Ready { meaning: false } => view! {
            <span class="status ok" title=t!("documents.words_only_about")>
                <Glyph icon=Icon::Check size=14/>
                {t!("documents.words_only")}
            </span>
        }
        .into_any(),
        DocumentState::Failed { fault } => {
            let (message, about) = what(&fault);
            view! {
                <span class="status bad">
                    <Glyph icon=Icon::CircleAlert size=14/>
                    <span class="cut doc-why" title=about>{message}</span>
                    <button class="btn sm" on:click=move |_| client.tell(RetryDocument { document: id })>
                        {t!("documents.retry")}
                    </button>
                </span>
            }
            .into_any()
        }
    }
}

/// What a person should know of how it was read: pages without text, pages left out.
#[component]
fn Notes(notes: Vec<Fault>) -> impl IntoView {
    notes
        .iter()
        .map(|note| {
            let (message, about) = what(note);
            view! {
                <span class="status warn" data-testid="document-note">
                    <Glyph icon=Icon::CircleAlert size=14/>
                    <span class="cut doc-why" title=about>{message}</span>
                </span>
            }
        })
        .collect_view()
}

/// What a fault says in one line, and all of it.
fn what(fault: &Fault) -> (String, String) {
    let words = faults::words(fault);
    let about = [Some(words.message.clone()), words.safe, words.hint];
    (words.message, about.into_iter().flatten().collect::<Vec<_>>().join(" "))
}
