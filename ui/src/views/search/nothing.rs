//! A search that found nothing: where was looked, what may change that, and what else can be done.

use super::{
    asking::has_model,
    found::{Asked, Found},
    notes::NoMeaning,
};
use crate::{client::use_client, route::Route, state::WorkspaceStoreFields};
use leptos::prelude::*;
use protocol::{DocumentState, ModelUse, NeighbourView, SearchMode};

/// The words in place of the passages.
#[component]
pub(super) fn Nothing(
    /// What was asked for.
    found: Found,
    /// How it is searched.
    mode: RwSignal<SearchMode>,
    /// The other workspace that was searched; None: this one.
    within: Option<NeighbourView>,
) -> impl IntoView {
    let client = use_client();
    let counts = Memo::new(move |_| {
        let documents = client.store.documents();
        let documents = documents.read();
        let waiting = |state: &DocumentState| match state {
            DocumentState::Waiting | DocumentState::Reading | DocumentState::Indexing { .. } => true,
            DocumentState::Ready { .. } | DocumentState::Failed { .. } => false,
        };
        (documents.len(), documents.iter().filter(|document| waiting(&document.state)).count())
    });
    let used = found.reply.mode;
    let there = within.as_ref().map(|there| there.name.clone());
    let at_home = within.is_none();
    let looked = move || {
        if let Some(name) = &there {
            return t!("search.looked_there", name = name);
        }
        let n = counts.get().0 as f64;
        match used {
            SearchMode::Hybrid | SearchMode::Reranked => t!("search.looked_both", n = n),
            SearchMode::Text => t!("search.looked_words", n = n),
            SearchMode::Vector => t!("search.looked_meaning", n = n),
        }
    };
    let waiting = move || {
        let n = counts.get().1;
        (n > 0 && at_home).then(|| t!("search.not_indexed", n = n as f64))
    };
    let lacks = found.lacks_meaning();
    let (words, wanted) = match found.asked {
        Asked::Query { text, mode, .. } => (text, Some(mode)),
        Asked::Like { label, .. } => (label, None),
    };
    let question = words.clone();
    // A way that is not there is not offered: without a model, both is by words only.
    let try_both = move || {
        let other = wanted.is_some_and(|mode| mode != SearchMode::Hybrid && mode != SearchMode::Reranked);
        (other && !lacks && has_model(client, ModelUse::Embedding)).then(|| {
            view! {
                <li>
                    <button class="link" on:click=move |_| mode.set(SearchMode::Hybrid)>
                        {t!("search.try_both")}
                    </button>
                </li>
            }
        })
    };
    view! {
        <div class="empty left search-nothing" data-testid="search-nothing">
            <h2 class="h2">{t!("search.nothing_for", words = words)}</h2>
            <p>{looked} " " {waiting}</p>
            {wanted.filter(|_| lacks).map(|wanted| view! { <NoMeaning wanted/> })}
            <ul>
                {try_both}
                <li>
                    <button
                        class="link"
                        on:click=move |_| {
                            client.screen.draft.set(question.clone());
                            client.screen.go(Route::NewChat);
                        }
                    >
                        {t!("search.ask_instead")}
                    </button>
                </li>
            </ul>
        </div>
    }
}
