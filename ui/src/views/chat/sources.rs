//! The sources of an answer, and the page of the one that is looked at.

use super::ChatScreen;
use crate::{
    client::{Client, use_client},
    dom,
    parts::{
        citation,
        icon::{Glyph, Icon},
        place::short_place,
        splitter::Splitter,
        viewer::{Shown, Viewer},
    },
    screen::Cited,
    state::WorkspaceStoreFields,
};
use leptos::{ev, prelude::*};
use protocol::*;
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, KeyboardEvent};

/// The panel.
#[component]
pub fn Sources(here: ChatScreen) -> impl IntoView {
    let client = use_client();
    let (store, screen) = (client.store, client.screen);
    let answer = Memo::new(move |_| looked_at(client));
    let citations = Memo::new(move |_| {
        let Some(item) = answer.get() else { return vec![] };
        store.items().at_key(item).try_read().map(|item| distinct(&item.citations)).unwrap_or_default()
    });
    let number = Memo::new(move |_| {
        let first = citations.with(|all| all.first().map(|cite| cite.number));
        screen.cited.get().map(|cited| cited.number).or(first)
    });
    let shown = Memo::new(move |_| {
        let number = number.get()?;
        citations.with(|all| {
            all.iter().find(|cite| cite.number == number).map(|cite| Shown {
                document: cite.document,
                page: cite.page,
                passage: Some(Span { start: cite.start, end: cite.end }),
                page_hash: Some(cite.page_hash.clone()),
                quote: Some(cite.quote.clone()).filter(|quote| !quote.is_empty()),
                words: Vec::new(),
            })
        })
    });
    let writing = Memo::new(move |_| {
        answer.get().is_some_and(|item| {
            store.items().at_key(item).try_read().is_some_and(|item| item.status == ItemStatus::Writing)
        })
    });
    let close = move || {
        // The number that was pressed, else the message field.
        let cite = document().query_selector(".thread a.cite[aria-current]").ok().flatten();
        screen.sources.set(false);
        match cite.and_then(|cite| cite.dyn_into::<HtmlElement>().ok()) {
            Some(cite) => drop(cite.focus()),
            None => dom::focus_soon(super::MESSAGE_ID),
        }
    };
    // Where the panel lies over the chat it is a layer, and Esc closes it from beside it too.
    let escape = window_event_listener(ev::keydown, move |event| {
        let busy = dom::inside(event.target(), "textarea, input, dialog, [role=menu], .panel");
        if event.key() == "Escape" && screen.narrow.get_untracked() && !busy && !event.default_prevented() {
            event.prevent_default();
            close();
        }
    });
    on_cleanup(move || escape.remove());
    let _ = here;
    view! {
        <aside
            class="panel"
            aria-label=t!("sources.name")
            style=move || format!("--panel:{}px", screen.panel.get())
            on:keydown=move |event| {
                if event.key() == "Escape" {
                    event.prevent_default();
                    close();
                }
            }
        >
            <Splitter width=screen.panel/>
            <header class="bar">
                <h2 class="h3">{t!("sources.name")}</h2>
                <span class="faint num">{move || citations.with(|all| (!all.is_empty()).then_some(all.len()))}</span>
                <span class="grow"></span>
                <button class="btn icon ghost" aria-label=t!("sources.close") title=t!("sources.close") on:click=move |_| close()>
                    <Glyph icon=Icon::X/>
                </button>
            </header>
            <Show when=move || !citations.with(Vec::is_empty) fallback=move || view! { <NoSources answer writing/> }>
                <div class="src-list" role="listbox" aria-label=t!("sources.passages") on:keydown=move_in_list>
                    <For
                        each=move || citations.get()
                        key=|cite| (cite.document, cite.page, cite.start, cite.number, cite.now.is_as_cited())
                        let:cite
                    >
                        <Source cite answer number/>
                    </For>
                </div>
                <Viewer shown/>
            </Show>
        </aside>
    }
}

/// The answer that was looked at, else the newest one.
fn looked_at(client: Client) -> Option<ItemId> {
    let store = client.store;
    if let Some(cited) = client.screen.cited.get() {
        return Some(cited.item);
    }
    let ids: Vec<ItemId> = store.items().into_iter().map(|item| item.key()).collect();
    let row = |id: &ItemId| store.items().at_key(*id);
    let newest = ids.iter().rev().find(|id| row(id).try_read().is_some_and(|item| item.kind == ItemKind::Answer));
    newest.copied()
}

/// How many sources the panel would show.
pub(super) fn count(client: Client) -> Memo<usize> {
    Memo::new(move |_| {
        let Some(item) = looked_at(client) else { return 0 };
        client.store.items().at_key(item).try_read().map_or(0, |item| distinct(&item.citations).len())
    })
}

/// Each number once, in order.
fn distinct(citations: &[CitationView]) -> Vec<CitationView> {
    let mut seen = Vec::new();
    let mut all: Vec<CitationView> = citations
        .iter()
        .filter(|cite| {
            let fresh = !seen.contains(&cite.number);
            seen.push(cite.number);
            fresh
        })
        .cloned()
        .collect();
    all.sort_by_key(|cite| cite.number);
    all
}

#[component]
fn Source(cite: CitationView, answer: Memo<Option<ItemId>>, number: Memo<Option<u32>>) -> impl IntoView {
    let screen = use_client().screen;
    let mine = cite.number;
    let selected = Memo::new(move |_| number.get() == Some(mine));
    let name = citation::cited(&cite);
    let short: String = cite.quote.chars().take(60).collect();
    let since = citation::since(&cite);
    view! {
        <button
            class="src"
            role="option"
            tabindex=move || if selected.get() { "0" } else { "-1" }
            aria-selected=move || selected.get().to_string()
            on:click=move |_| {
                if let Some(item) = answer.get_untracked() {
                    screen.cited.set(Some(Cited { item, number: mine }));
                }
            }
        >
            <span class="cite">{mine}</span>
            <span class="cut">
                <span class="t">{name}</span>
                " "
                <span class="faint serif">{short}</span>
            </span>
            <span class="faint small num">{short_place(cite.place.as_deref(), cite.page)}</span>
            {since.map(|since| view! { <span class="src-since small">{since}</span> })}
        </button>
    }
}

/// Up and down choose; Space and Enter are the button's own.
fn move_in_list(event: KeyboardEvent) {
    let by = match event.key().as_str() {
        "ArrowDown" => 1,
        "ArrowUp" => -1,
        _ => return,
    };
    event.prevent_default();
    let Ok(all) = document().query_selector_all(".src-list [role=option]") else { return };
    let all: Vec<HtmlElement> = (0..all.length()).filter_map(|at| all.item(at)?.dyn_into().ok()).collect();
    let Some(at) = all.iter().position(|row| Some(row) == dom::focused().as_ref()) else { return };
    let next = (at as i32 + by).clamp(0, all.len() as i32 - 1) as usize;
    let _ = all[next].focus();
    all[next].click();
}

/// What an answer without sources means.
#[component]
fn NoSources(answer: Memo<Option<ItemId>>, writing: Memo<bool>) -> impl IntoView {
    let client = use_client();
    let why = move || {
        let supported =
            answer.get().and_then(|item| client.store.items().at_key(item).try_read().and_then(|item| item.supported));
        match supported {
            Some(Support::Yes | Support::Quoted | Support::No) => t!("sources.none_found"),
            Some(Support::Unchecked) => t!("sources.unchecked"),
            None => t!("sources.model_alone"),
        }
    };
    view! {
        <div class="panel-empty">
            {move || match (answer.get(), writing.get()) {
                (None, _) => {
                    view! {
                        <div class="empty left">
                            <h3>{t!("sources.none_yet")}</h3>
                            <p>{t!("sources.none_yet_more")}</p>
                        </div>
                    }
                        .into_any()
                }
                (Some(_), true) => {
                    view! { <p class="dim">{t!("sources.after_answer")}</p> }.into_any()
                }
                (Some(_), false) => {
                    view! {
                        <div class="empty left">
                            <h3>{t!("sources.none")}</h3>
                            <p>
                                {why()}
                            </p>
                        </div>
                    }
                        .into_any()
                }
            }}
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_is_listed_once_and_two_quotes_of_a_passage_are_two() {
        let cite = |number: u32| CitationView {
            number,
            at: 0,
            document: "00000000-0000-7000-8000-000000000001".parse().unwrap(),
            name: String::new(),
            page: 1,
            start: number * 10,
            end: number * 10 + 5,
            quote: format!("quote {number}"),
            page_hash: String::new(),
            place: None,
            now: Default::default(),
            now_called: None,
        };
        let listed: Vec<(u32, u32, String)> = distinct(&[cite(1), cite(2), cite(1), cite(3)])
            .into_iter()
            .map(|cite| (cite.number, cite.start, cite.quote))
            .collect();
        assert_eq!(listed, [1, 2, 3].map(|n| (n, n * 10, format!("quote {n}"))));
    }
}
