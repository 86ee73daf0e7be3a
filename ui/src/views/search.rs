//! The search screen: passages while typing, by words, by meaning, or both, each with its page.

mod hit;

use crate::{
    client::use_client,
    dom, i18n,
    parts::{
        bar::SideButton,
        icon::{Glyph, Icon},
        viewer::{Shown, Viewer},
    },
    state::WorkspaceStoreFields,
};
use leptos::{html, prelude::*};
use protocol::{Search as Find, SearchMode, SearchReply, Span};

/// A pause in typing this long starts a search; shorter than a person notices.
const PAUSE_MS: u32 = 40;
/// The most passages on the screen.
const LIMIT: u32 = 40;

/// The screen.
#[component]
pub fn Search() -> impl IntoView {
    let client = use_client();
    let query = client.screen.query;
    let mode = RwSignal::new(SearchMode::Hybrid);
    let reply = RwSignal::new(None::<SearchReply>);
    let current = RwSignal::new(0_usize);
    let node = NodeRef::<html::Input>::new();
    Effect::new(move || {
        if let Some(input) = node.get() {
            let _ = input.focus();
        }
    });
    let asked = StoredValue::new(0_u32);
    Effect::new(move || {
        let (text, mode) = (query.get().trim().to_owned(), mode.get());
        let number = asked.get_value().wrapping_add(1);
        asked.set_value(number);
        if text.is_empty() {
            reply.set(None);
            return;
        }
        leptos::task::spawn_local(async move {
            dom::sleep(PAUSE_MS).await;
            // Typing went on, or the screen is gone.
            if asked.try_get_value() != Some(number) {
                return;
            }
            let found = client.call(Find { query: text, mode, limit: LIMIT }).await;
            if asked.try_get_value() != Some(number) {
                return;
            }
            match found {
                Ok(found) => {
                    current.set(0);
                    reply.set(Some(found));
                }
                Err(fault) => client.screen.fault.set(Some(fault)),
            }
        });
    });
    let count = Memo::new(move |_| reply.with(|reply| reply.as_ref().map_or(0, |reply| reply.hits.len())));
    let shown = Signal::derive(move || {
        reply.with(|reply| {
            let hit = reply.as_ref()?.hits.get(current.get())?;
            let passage = Some(Span { start: hit.start, end: hit.end });
            Some(Shown { document: hit.document, page: hit.page, passage, page_hash: None })
        })
    });
    let move_by = move |by: isize| {
        let last = count.get_untracked().saturating_sub(1);
        current.update(|at| *at = at.saturating_add_signed(by).min(last));
        dom::show_soon("hit-current");
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
                                _ => {}
                            }
                        />
                    </label>
                </div>
                <div class="row search-line">
                    <span class="dim num small" role="status">{move || reply.with(|reply| summary(reply.as_ref()))}</span>
                    <span class="grow"></span>
                    <Modes mode/>
                </div>
            </div>
            <div class="scroll">
                {move || {
                    reply
                        .get()
                        .map(|reply| {
                            view! {
                                <ol class="hits" aria-label=t!("search.results")>
                                    {reply
                                        .hits
                                        .into_iter()
                                        .enumerate()
                                        .map(|(at, found)| view! { <hit::Hit at found current/> })
                                        .collect_view()}
                                </ol>
                            }
                        })
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
            <aside class="panel search-panel" aria-label=t!("documents.preview")>
                <Viewer shown/>
            </aside>
        </Show>
    }
}

/// How much was found, in how long, and by what.
fn summary(reply: Option<&SearchReply>) -> String {
    let Some(reply) = reply else { return String::new() };
    if reply.hits.is_empty() {
        return t!("search.nothing");
    }
    let time = i18n::milliseconds(reply.ms);
    t!("search.found", n = reply.hits.len() as f64, documents = f64::from(reply.documents), time = time)
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
