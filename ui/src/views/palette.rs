//! The palette: go anywhere, open anything, ask anything, from one line.

mod found;

use super::settings;
use crate::{
    app::perform,
    client::{Client, use_client},
    dom, files, i18n, keys,
    parts::{
        icon::{Glyph, Icon},
        marked::pieces,
        unread::why_of,
        viewer::Shown,
    },
    route::Route,
};
use found::{Entry, Goal, Lead, Machine, entries};
use leptos::{html, prelude::*};
use protocol::{Seal, Search, SearchHit, SearchMode};
use wasm_bindgen_futures::spawn_local;

/// From so many letters on passages are looked for, after a pause in typing, a few of them.
const LETTERS: usize = 2;
const PAUSE_MS: u32 = 80;
const PASSAGES: u32 = 4;

/// The layer. It is built when it opens, so that a closed one costs nothing.
#[component]
pub fn Palette() -> impl IntoView {
    let client = use_client();
    let open = client.screen.palette;
    view! {
        <Show when=move || open.get()>
            <Layer/>
        </Show>
    }
}

#[component]
fn Layer() -> impl IntoView {
    let client = use_client();
    let open = client.screen.palette;
    let typed = RwSignal::new(String::new());
    let current = RwSignal::new(0_usize);
    let passages = passages(client, typed);
    let on = Machine { in_window: client.in_window(), mac: dom::is_mac() };
    let list = Memo::new(move |_| {
        let (typed, passages) = (typed.read(), passages.read());
        client.store.with(|space| entries(space, &typed, &passages, on))
    });
    let before = StoredValue::new_local(dom::focused());
    let node = NodeRef::<html::Dialog>::new();
    Effect::new(move || {
        if let Some(dialog) = node.get() {
            let _ = dialog.show_modal();
        }
    });
    let close = move || open.set(false);
    on_cleanup(move || {
        if let Some(before) = before.try_get_value().flatten() {
            let _ = before.focus();
        }
    });
    let run = move |at: usize| {
        let Some(entry) = list.with_untracked(|list| list.get(at).cloned()) else { return };
        close();
        reach(client, entry.goal);
    };
    let ask_about = move |at: usize| {
        let goal = list.with_untracked(|list| list.get(at).map(|entry| entry.goal.clone()));
        if let Some(Goal::Open(Shown { document, .. })) = goal {
            // No answer can rest on a document whose text is not read: it says why instead.
            if untrack(|| why_of(client, document)).is_some() {
                return run(at);
            }
            close();
            client.screen.attach.set(vec![document]);
            client.screen.go(Route::NewChat);
        }
    };
    let move_by = move |by: isize| {
        let count = list.with_untracked(Vec::len).max(1);
        current.update(|at| *at = at.wrapping_add_signed(by).wrapping_add(count) % count);
        dom::show_soon("palette-current");
    };
    view! {
        <dialog
            node_ref=node
            class="palette"
            aria-label=t!("side.find")
            data-testid="palette"
            on:close=move |_| close()
            on:click=move |event| if dom::is_itself(&event) { close() }
        >
            <div class="palette-in">
                <Glyph icon=Icon::Search/>
                <input
                    class="grow"
                    role="combobox"
                    aria-expanded="true"
                    aria-controls="palette-list"
                    aria-activedescendant=move || (!list.read().is_empty()).then_some("palette-current")
                    aria-label=t!("side.find")
                    placeholder=t!("side.find")
                    autofocus
                    autocomplete="off"
                    spellcheck="false"
                    on:input=move |event| {
                        current.set(0);
                        typed.set(event_target_value(&event));
                    }
                    on:keydown=move |event| {
                        match event.key().as_str() {
                            "ArrowDown" => move_by(1),
                            "ArrowUp" => move_by(-1),
                            "Enter" if event.ctrl_key() || event.meta_key() => ask_about(current.get_untracked()),
                            "Enter" => run(current.get_untracked()),
                            _ => return,
                        }
                        event.prevent_default();
                    }
                />
            </div>
            <div class="palette-list" id="palette-list" role="listbox" aria-label=t!("palette.results")>
                {move || {
                    let mut group = "";
                    list.get()
                        .into_iter()
                        .enumerate()
                        .map(|(at, entry)| {
                            let head = (entry.group != group).then_some(entry.group);
                            group = entry.group;
                            view! {
                                {head.map(|head| view! { <div class="pgroup" role="presentation">{i18n::text(head, &[])}</div> })}
                                <Line at entry current run=Callback::new(run)/>
                            }
                        })
                        .collect_view()
                }}
            </div>
            <div class="palette-foot" aria-hidden="true">
                <span class="row"><kbd class="kbd">"↑"</kbd><kbd class="kbd">"↓"</kbd>{t!("palette.move")}</span>
                <span class="row"><kbd class="kbd">"↵"</kbd>{t!("palette.open")}</span>
                <span class="row">
                    {keys::caps("Mod+Enter", dom::is_mac())
                        .into_iter()
                        .map(|cap| view! { <kbd class="kbd">{cap}</kbd> })
                        .collect_view()}
                    {t!("palette.ask_about")}
                </span>
            </div>
        </dialog>
    }
}

#[component]
fn Line(at: usize, entry: Entry, current: RwSignal<usize>, run: Callback<usize>) -> impl IntoView {
    let on = Memo::new(move |_| current.get() == at);
    // Words of a document are set in the face of documents.
    let from_document = entry.lead == Lead::Icon(Icon::TextQuote);
    view! {
        <div
            class="pi"
            role="option"
            id=move || on.get().then_some("palette-current")
            aria-selected=move || on.get().to_string()
            on:pointermove=move |_| current.set(at)
            on:click=move |_| run.run(at)
        >
            {match entry.lead {
                Lead::Icon(icon) => view! { <Glyph icon/> }.into_any(),
                Lead::Format(format) => view! { <span class="fmt">{format}</span> }.into_any(),
            }}
            <span class="cut" class:serif=from_document>
                {pieces(&entry.words, &entry.marks)
                    .into_iter()
                    .map(|(piece, mark)| {
                        if mark { view! { <em>{piece}</em> }.into_any() } else { piece.into_any() }
                    })
                    .collect_view()}
            </span>
            <span class="faint grow cut note">{entry.note}</span>
            {(!entry.keys.is_empty()).then(|| view! { <kbd class="kbd">{entry.keys}</kbd> })}
        </div>
    }
}

/// Passages with what was typed. Those of earlier words stay until the new ones are there.
fn passages(client: Client, typed: RwSignal<String>) -> RwSignal<Vec<SearchHit>> {
    let passages = RwSignal::new(Vec::new());
    let asked = StoredValue::new(0_u32);
    Effect::new(move || {
        let query = typed.get().trim().to_owned();
        let number = asked.get_value().wrapping_add(1);
        asked.set_value(number);
        if query.chars().count() < LETTERS {
            passages.set(Vec::new());
            return;
        }
        spawn_local(async move {
            dom::sleep(PAUSE_MS).await;
            if asked.try_get_value() != Some(number) {
                return;
            }
            // A search that fails is said by the search screen; here the rest still serves.
            let found = client.call(Search { query, mode: SearchMode::Hybrid, limit: PASSAGES, within: None }).await;
            if asked.try_get_value() == Some(number) {
                passages.set(found.map(|found| found.hits).unwrap_or_default());
            }
        });
    });
    passages
}

/// Does what an entry stands for.
fn reach(client: Client, goal: Goal) {
    let screen = client.screen;
    match goal {
        Goal::Do(action) => perform(client, action),
        Goal::Go(route) => screen.go(route),
        Goal::Ask(question) => {
            screen.draft.set(question);
            screen.go(Route::NewChat);
        }
        Goal::Find(words) => {
            screen.query.set(words);
            screen.go(Route::Search);
        }
        Goal::Open(shown) => {
            screen.page.set(Some(shown));
            screen.go(Route::Documents);
        }
        Goal::Theme(theme) => settings::change(client, |settings| settings.theme = theme),
        Goal::Language(language) => settings::change(client, |settings| settings.language = language.to_owned()),
        Goal::Seal(sealed) => client.tell(Seal { sealed }),
        Goal::Import(wanted) => files::choose_and_import(client, wanted),
    }
}
