//! The search screen: passages while typing, by words, by meaning, or both, each with its page.

mod asking;
mod elsewhere;
mod filters;
mod found;
mod groups;
mod hit;
mod list;
mod notes;
mod nothing;
mod query;

use crate::{
    client::use_client,
    i18n,
    parts::{
        bar::SideButton,
        icon::{Glyph, Icon},
        viewer::{Shown, Viewer},
    },
    state::WorkspaceStoreFields,
};
use asking::{Asking, hit_id};
use found::{Asked, Found};
use leptos::{html, prelude::*};
use protocol::SearchMode;

/// The field.
const FIELD_ID: &str = "search-field";
/// What can be typed beside words, under the field.
const HINT_ID: &str = "search-hint";
/// The passages, which the arrow keys move over while the focus stays in the field.
const RESULTS_ID: &str = "search-results";
/// What the passages scroll in.
const SCROLL_ID: &str = "search-scroll";
/// The way back from passages like one.
const BACK_ID: &str = "search-back";

/// The screen.
#[component]
pub fn Search() -> impl IntoView {
    let client = use_client();
    let asking = Asking::new(client);
    let Asking { query, mode, within, reply, current, opened, .. } = asking;
    // Where the page would lie over the passages it is shown on demand only.
    let narrow = client.screen.narrow;
    let node = NodeRef::<html::Input>::new();
    Effect::new(move || {
        if let Some(input) = node.get() {
            let _ = input.focus();
        }
    });
    let count = Memo::new(move |_| reply.with(|reply| reply.as_ref().map_or(0, |found| found.reply.hits.len())));
    let like = Memo::new(move |_| {
        reply.with(|reply| match &reply.as_ref()?.asked {
            Asked::Like { label, .. } => Some(label.clone()),
            Asked::Query { .. } => None,
        })
    });
    let shown = Signal::derive(move || {
        if narrow.get() && !opened.get() {
            return None;
        }
        reply.with(|reply| {
            let hit = reply.as_ref()?.reply.hits.get(current.get())?;
            Some(Shown::found(hit))
        })
    });
    // The page of the marked passage, with the keys on it.
    let open = move || asking.open();
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
                            id=FIELD_ID
                            type="search"
                            role="combobox"
                            autocomplete="off"
                            data-testid="search-input"
                            aria-label=t!("documents.search")
                            aria-describedby=HINT_ID
                            aria-haspopup="grid"
                            aria-expanded=move || (count.get() > 0).to_string()
                            aria-controls=move || (count.get() > 0).then_some(RESULTS_ID)
                            aria-activedescendant=move || (count.get() > 0).then(|| hit_id(current.get()))
                            placeholder=t!("documents.search")
                            prop:value=move || query.get()
                            on:input=move |event| query.set(event_target_value(&event))
                            on:keydown=move |event| match event.key().as_str() {
                                "ArrowDown" => {
                                    event.prevent_default();
                                    asking.step(1);
                                }
                                "ArrowUp" => {
                                    event.prevent_default();
                                    asking.step(-1);
                                }
                                "Enter" if count.get_untracked() > 0 => {
                                    event.prevent_default();
                                    open();
                                }
                                "Escape" if narrow.get_untracked() && opened.get_untracked() => {
                                    event.prevent_default();
                                    opened.set(false);
                                }
                                "Escape" if like.with_untracked(Option::is_some) => {
                                    event.prevent_default();
                                    asking.back();
                                }
                                "Escape" if within.with_untracked(Option::is_some) => {
                                    event.prevent_default();
                                    asking.come_home();
                                }
                                _ => {}
                            }
                        />
                    </label>
                </div>
                <p class="small faint search-hint" id=HINT_ID>{t!("search.operators")}</p>
                <Show when=move || like.with(Option::is_none)>
                    <elsewhere::Within asking/>
                </Show>
                <Show
                    when=move || like.with(Option::is_some)
                    fallback=move || view! { <filters::Chosen query/> }
                >
                    <div class="row search-like" data-testid="search-like">
                        <span class="cut med" role="status">
                            {move || like.get().map(|label| t!("search.like_of", label = label))}
                        </span>
                        <button class="btn sm" id=BACK_ID on:click=move |_| asking.back()>
                            <Glyph icon=Icon::ArrowLeft size=14/>
                            {t!("search.back")}
                        </button>
                    </div>
                </Show>
                <div class="row search-line">
                    <span class="dim num small" role="status">{move || reply.with(|reply| summary(reply.as_ref()))}</span>
                    <elsewhere::Also asking/>
                    <span class="grow"></span>
                    <Show when=move || like.with(Option::is_none)>
                        <Modes mode/>
                    </Show>
                </div>
            </div>
            <div class="scroll" id=SCROLL_ID>
                {move || match reply.get() {
                    None => ().into_any(),
                    Some(found) if found.reply.hits.is_empty() => {
                        view! { <nothing::Nothing found mode within=within.get_untracked()/> }.into_any()
                    }
                    Some(found) => {
                        view! {
                            <notes::Notes found=found.clone() query/>
                            <list::Hits found asking open=Callback::new(move |()| open())/>
                        }
                            .into_any()
                    }
                }}
                <elsewhere::Elsewhere asking/>
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
                    if event.key() == "Escape" && !event.default_prevented() {
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

/// How much was found, and in how long.
fn summary(found: Option<&Found>) -> String {
    let Some(found) = found else { return String::new() };
    let reply = &found.reply;
    if reply.hits.is_empty() {
        return t!("search.nothing");
    }
    let (n, documents) = (reply.hits.len() as f64, f64::from(reply.documents));
    let time = i18n::milliseconds(reply.ms);
    if found.is_cut() {
        t!("search.first", n = n, documents = documents, time = time)
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
