//! The search screen: passages while typing, by words, by meaning, or both, each with its page.

mod groups;
mod hit;
mod list;
mod notes;
mod nothing;

use crate::{
    client::{Client, use_client},
    dom, i18n,
    parts::{
        bar::SideButton,
        icon::{Glyph, Icon},
        viewer::{Shown, Viewer},
    },
    state::WorkspaceStoreFields,
};
use leptos::{html, prelude::*};
use protocol::{DocumentId, ModelUse, ModelView, MoreLikeThis, Search as Find, SearchMode, SearchReply, Span};
use std::collections::BTreeSet;

/// A pause in typing this long starts a search; shorter than a person notices.
const PAUSE_MS: u32 = 40;
/// What is found by words alone is shown where meaning takes longer than this.
const WORDS_FIRST_MS: u32 = 60;
/// A pause this long after a search has the reranker order what was found: it takes longer than a letter.
const RERANK_MS: u32 = 350;
/// The most passages on the screen.
const LIMIT: u32 = 40;

/// What can be typed beside words, under the field.
const HINT_ID: &str = "search-hint";

/// The screen.
#[component]
pub fn Search() -> impl IntoView {
    let client = use_client();
    let query = client.screen.query;
    let mode = RwSignal::new(SearchMode::Hybrid);
    let reply = RwSignal::new(None::<Found>);
    let current = RwSignal::new(0_usize);
    // Documents of which every passage is shown, not only the best.
    let unfolded = RwSignal::new(BTreeSet::<DocumentId>::new());
    // Where the page would lie over the passages it is shown on demand only.
    let narrow = client.screen.narrow;
    let opened = RwSignal::new(false);
    let node = NodeRef::<html::Input>::new();
    Effect::new(move || {
        if let Some(input) = node.get() {
            let _ = input.focus();
        }
    });
    let (asked, answered) = (StoredValue::new(0_u32), StoredValue::new(0_u32));
    Effect::new(move || {
        let (text, mode) = (query.get().trim().to_owned(), mode.get());
        let number = asked.get_value().wrapping_add(1);
        asked.set_value(number);
        if text.is_empty() {
            reply.set(None);
            opened.set(false);
            return;
        }
        leptos::task::spawn_local(async move {
            dom::sleep(PAUSE_MS).await;
            // Typing went on, or the screen is gone.
            if asked.try_get_value() != Some(number) {
                return;
            }
            if mode == SearchMode::Hybrid {
                by_words_first(client, text.clone(), number, asked, answered, reply);
            }
            let found = client.call(Find { query: text.clone(), mode, limit: LIMIT }).await;
            if asked.try_get_value() != Some(number) {
                return;
            }
            answered.set_value(number);
            match found {
                Ok(found) => {
                    current.set(0);
                    unfolded.update(BTreeSet::clear);
                    opened.set(false);
                    reply.set(Some(Found { words: text.clone(), mode, reply: found }));
                }
                Err(fault) => return client.screen.fault.set(Some(fault)),
            }
            if mode != SearchMode::Hybrid || !has_reranker(client) {
                return;
            }
            dom::sleep(RERANK_MS).await;
            let rests = move || {
                asked.try_get_value() == Some(number) && current.get_untracked() == 0 && !opened.get_untracked()
            };
            // Typing went on, or a passage is being read: the list stays as it is.
            if !rests() {
                return;
            }
            let mode = SearchMode::Reranked;
            if let Ok(found) = client.call(Find { query: text.clone(), mode, limit: LIMIT }).await
                && rests()
            {
                reply.set(Some(Found { words: text, mode, reply: found }));
            }
        });
    });
    let count = Memo::new(move |_| reply.with(|reply| reply.as_ref().map_or(0, |found| found.reply.hits.len())));
    let shown = Signal::derive(move || {
        if narrow.get() && !opened.get() {
            return None;
        }
        reply.with(|reply| {
            let hit = reply.as_ref()?.reply.hits.get(current.get())?;
            let passage = Some(Span { start: hit.start, end: hit.end });
            Some(Shown { document: hit.document, page: hit.page, passage, page_hash: None, quote: None })
        })
    });
    let move_by = move |by: isize| {
        let hits = reply.with_untracked(|reply| reply.as_ref().map(|found| groups::groups(&found.reply.hits)));
        let visible = unfolded.with_untracked(|open| groups::visible(&hits.unwrap_or_default(), open));
        if let Some(next) = groups::step(&visible, current.get_untracked(), by) {
            current.set(next);
            dom::show_soon("hit-current");
        }
    };
    let show = Callback::new(move |at: usize| {
        current.set(at);
        opened.set(true);
    });
    let like = Callback::new(move |at: usize| {
        let hit = reply.with_untracked(|reply| reply.as_ref()?.reply.hits.get(at).cloned());
        let Some(hit) = hit else { return };
        let number = asked.get_value();
        leptos::task::spawn_local(async move {
            let call = MoreLikeThis { document: hit.document, page: hit.page, start: hit.start, limit: LIMIT };
            let found = client.call(call).await;
            // Typing went on meanwhile.
            if asked.try_get_value() != Some(number) {
                return;
            }
            match found {
                Ok(found) => {
                    current.set(0);
                    unfolded.update(BTreeSet::clear);
                    opened.set(false);
                    reply.set(Some(Found { words: hit.name, mode: found.mode, reply: found }));
                }
                Err(fault) => client.screen.fault.set(Some(fault)),
            }
        });
    });
    let name = move || {
        reply.with(|reply| Some(reply.as_ref()?.reply.hits.get(current.get())?.name.clone())).unwrap_or_default()
    };
    let close = move || {
        opened.set(false);
        if let Some(input) = node.get_untracked() {
            let _ = input.focus();
        }
    };
    view! {
        <section class="pane" data-testid="search">
            <h1 class="vh">{t!("side.search")}</h1>
            <div class="search-top">
                <div class="row">
                    <SideButton/>
                    <label class="input search-in">
                        <Glyph icon=Icon::Search/>
                        <input
                            node_ref=node
                            type="search"
                            data-testid="search-input"
                            aria-label=t!("documents.search")
                            aria-describedby=HINT_ID
                            placeholder=t!("documents.search")
                            prop:value=move || query.get()
                            on:input=move |event| query.set(event_target_value(&event))
                            on:keydown=move |event| match event.key().as_str() {
                                "ArrowDown" => {
                                    event.prevent_default();
                                    move_by(1);
                                }
                                "ArrowUp" => {
                                    event.prevent_default();
                                    move_by(-1);
                                }
                                "Enter" if count.get_untracked() > 0 => {
                                    event.prevent_default();
                                    opened.set(true);
                                }
                                "Escape" if narrow.get_untracked() && opened.get_untracked() => {
                                    event.prevent_default();
                                    opened.set(false);
                                }
                                _ => {}
                            }
                        />
                    </label>
                </div>
                <p class="small faint search-hint" id=HINT_ID>{t!("search.operators")}</p>
                <div class="row search-line">
                    <span class="dim num small" role="status">{move || reply.with(|reply| summary(reply.as_ref()))}</span>
                    <span class="grow"></span>
                    <Modes mode/>
                </div>
            </div>
            <div class="scroll">
                {move || match reply.get() {
                    None => ().into_any(),
                    Some(found) if found.reply.hits.is_empty() => view! { <nothing::Nothing found mode/> }.into_any(),
                    Some(found) => {
                        view! {
                            <notes::Notes asked=found.mode reply=found.reply.clone() query/>
                            <list::Hits hits=found.reply.hits unfolded current show like/>
                        }
                            .into_any()
                    }
                }}
                <Show when=move || query.with(|query| query.trim().is_empty())>
                    <p class="body dim">{t!("search.about")}</p>
                </Show>
                <Show when=move || client.store.documents().read().is_empty()>
                    <p class="body dim">{t!("search.no_documents")}</p>
                </Show>
            </div>
        </section>
        <Show when=move || shown.get().is_some()>
            <aside
                class="panel search-panel"
                aria-label=t!("documents.preview")
                on:keydown=move |event| {
                    if event.key() == "Escape" && narrow.get_untracked() {
                        event.prevent_default();
                        close();
                    }
                }
            >
                <Show when=move || narrow.get()>
                    <div class="bar">
                        <h2 class="h3 cut">{name}</h2>
                        <span class="grow"></span>
                        <button
                            class="btn icon ghost"
                            aria-label=t!("act.close")
                            title=t!("act.close")
                            data-testid="search-close"
                            on:click=move |_| close()
                        >
                            <Glyph icon=Icon::X/>
                        </button>
                    </div>
                </Show>
                <Viewer shown/>
            </aside>
        </Show>
    }
}

/// Shows what is found by words while meaning takes its time: a model may have to be loaded first.
fn by_words_first(
    client: Client,
    query: String,
    number: u32,
    asked: StoredValue<u32>,
    answered: StoredValue<u32>,
    reply: RwSignal<Option<Found>>,
) {
    leptos::task::spawn_local(async move {
        dom::sleep(WORDS_FIRST_MS).await;
        let waits = move || asked.try_get_value() == Some(number) && answered.try_get_value() != Some(number);
        if !waits() {
            return;
        }
        let mode = SearchMode::Text;
        // That it fails is told by the search that it goes before.
        if let Ok(found) = client.call(Find { query: query.clone(), mode, limit: LIMIT }).await
            && waits()
        {
            reply.set(Some(Found { words: query, mode, reply: found }));
        }
    });
}

/// Whether a reranker is here and wanted.
fn has_reranker(client: Client) -> bool {
    let here = |model: &ModelView| model.purpose == ModelUse::Reranking && model.fault.is_none();
    let wanted = client.store.settings().read_untracked().rerank;
    wanted && client.store.models().read_untracked().models.iter().any(here)
}

/// What a search found, and what was asked for.
#[derive(Clone, PartialEq)]
pub(super) struct Found {
    words: String,
    mode: SearchMode,
    reply: SearchReply,
}

/// How much was found, in how long, and by what, where that is not what was asked for.
fn summary(found: Option<&Found>) -> String {
    let Some(Found { mode, reply, .. }) = found else { return String::new() };
    let by_words = reply.mode == SearchMode::Text && *mode != SearchMode::Text;
    if reply.hits.is_empty() {
        return if by_words { t!("search.nothing_by_words") } else { t!("search.nothing") };
    }
    let (n, documents) = (reply.hits.len() as f64, f64::from(reply.documents));
    let time = i18n::milliseconds(reply.ms);
    if by_words {
        t!("search.found_by_words", n = n, documents = documents, time = time)
    } else {
        t!("search.found", n = n, documents = documents, time = time)
    }
}

/// By words, by meaning, or both.
#[component]
fn Modes(mode: RwSignal<SearchMode>) -> impl IntoView {
    let modes = [
        (SearchMode::Hybrid, t!("search.both")),
        (SearchMode::Text, t!("search.words")),
        (SearchMode::Vector, t!("search.meaning")),
    ];
    view! {
        <div class="segs" role="group" aria-label=t!("search.mode")>
            {modes
                .into_iter()
                .map(|(value, words)| {
                    view! {
                        <button
                            aria-pressed=move || (mode.get() == value).to_string()
                            on:click=move |_| mode.set(value)
                        >
                            {words}
                        </button>
                    }
                })
                .collect_view()}
        </div>
    }
}
