//! One document in the table: its name, its state, and what can be done about it.

use super::{
    selection,
    table::Grid,
    unlock::{Unlock, asks_password},
};
use crate::{
    client::use_client,
    faults, i18n,
    parts::{
        icon::{Glyph, Icon},
        viewer::Shown,
    },
    state::WorkspaceStoreFields,
};
use leptos::prelude::*;
use protocol::{DocumentId, DocumentState, DocumentView, Fault, RetryDocument};
use std::collections::BTreeSet;

/// The id of a document's row on the page.
pub(super) fn element_id(id: DocumentId) -> String {
    format!("doc-{id}")
}

/// A row.
#[component]
pub(super) fn Row(
    /// The document.
    id: DocumentId,
    /// What the rows share.
    grid: Grid,
    /// Its number in the table; the head is 1.
    index: Signal<usize>,
) -> impl IntoView {
    let client = use_client();
    let row = client.store.documents().at_key(id);
    let document = Memo::new(move |_| row.try_read().map(|document| (*document).clone()));
    let on = Memo::new(move |_| grid.selected.read().contains(&id));
    let opened = client.screen.page;
    let shown = Memo::new(move |_| opened.read().as_ref().is_some_and(|page| page.document == id));
    let stop = Memo::new(move |_| if grid.stop() == Some(id) { "0" } else { "-1" });
    let name = move || document.get().map(|document| document.name).unwrap_or_default();
    let mark = move || document.get().map(|document| document.format.to_uppercase()).unwrap_or_default();
    // The message or the archive that it came in.
    let parent = Memo::new(move |_| document.with(|document| document.as_ref()?.parent));
    let within = move || {
        let parent = client.store.documents().at_key(parent.get()?);
        let name = parent.try_read()?.name.clone();
        Some(t!("search.within", name = name))
    };
    let labels = move || {
        let labels = document.with(|document| document.as_ref().map(|one| one.labels.clone())).unwrap_or_default();
        let tag = |label: String| {
            view! { <span class="tag" title=label.clone() data-testid="document-label"><span class="cut">{label.clone()}</span></span> }
        };
        labels.into_iter().map(tag).collect_view()
    };
    let toggle = move || {
        grid.anchor.set_value(Some(id));
        grid.selected.update(|selected| {
            if !selected.remove(&id) {
                selected.insert(id);
            }
        });
    };
    view! {
        <tr
            id=element_id(id)
            tabindex=stop
            aria-rowindex=index
            aria-selected=move || on.get().to_string()
            class:shown=shown
            on:focusin=move |_| grid.active.set(Some(id))
            data-testid="document"
        >
            <td>
                <span class="name">
                    <button
                        class="check"
                        role="checkbox"
                        tabindex=stop
                        aria-checked=move || on.get().to_string()
                        aria-label=move || t!("documents.select", name = name())
                        on:click=move |_| toggle()
                    >
                        <Glyph icon=Icon::Check size=12/>
                    </button>
                    <span class="fmt">{mark}</span>
                    <span class="col doc-name">
                        <span class="row doc-line">
                            <button
                                class="med cut doc-open"
                                tabindex="-1"
                                title=name
                                on:click=move |_| opened.set(Some(Shown::start(id)))
                            >
                                {name}
                            </button>
                            {labels}
                        </span>
                        {move || {
                            within()
                                .map(|said| {
                                    view! { <span class="small faint cut" title=said.clone() data-testid="document-within">{said.clone()}</span> }
                                })
                        }}
                    </span>
                </span>
            </td>
            <td class="dim lang">
                {move || document.get().and_then(|document| document.language).map(|code| i18n::language(&code))}
            </td>
            <td class="r pages">{move || document.with(|document| document.as_ref().map_or_else(String::new, pages))}</td>
            <td class="r dim size">{move || document.get().map(|document| i18n::bytes(document.bytes))}</td>
            <td class="wrap">
                {move || {
                    document
                        .get()
                        .map(|document| {
                            view! { <State id state=document.state stop/> <Notes notes=document.notes/> }
                        })
                }}
            </td>
            <td class="r dim num added">{move || document.get().map(|document| i18n::date(document.added_at))}</td>
        </tr>
    }
}

fn pages(document: &DocumentView) -> String {
    if document.pages == 0 { "–".to_owned() } else { i18n::number(document.pages) }
}

#[component]
fn State(id: DocumentId, state: DocumentState, stop: Memo<&'static str>) -> impl IntoView {
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
            let protected = asks_password(&fault);
            let words = faults::words(&fault);
            let more = [words.safe, words.hint].into_iter().flatten().collect::<Vec<_>>().join(" ");
            view! {
                <span class="status bad doc-failed">
                    <Glyph icon=Icon::CircleAlert size=14/>
                    <span class="grow">
                        {words.message}
                        <span class="sub">{more}</span>
                    </span>
                    <span class="btn-group">
                        {protected.then(|| view! { <Unlock id stop/> })}
                        <button
                            class="btn sm"
                            tabindex=stop
                            on:click=move |_| client.tell(RetryDocument { document: id })
                        >
                            {t!("documents.retry")}
                        </button>
                        <button
                            class="btn ghost sm"
                            tabindex=stop
                            on:click=move |_| selection::remove(client, BTreeSet::from([id]))
                        >
                            {t!("documents.remove")}
                        </button>
                    </span>
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
