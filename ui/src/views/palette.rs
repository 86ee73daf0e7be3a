//! The palette: go anywhere, open anything, ask anything, from one line.

mod found;

use crate::{
    app::perform,
    client::{Client, use_client},
    dom, i18n,
    parts::icon::{Glyph, Icon},
    route::Route,
};
use found::{Entry, Goal, entries};
use leptos::{html, prelude::*};

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
    let list = Memo::new(move |_| client.store.with(|space| entries(space, &typed.get())));
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
            </div>
        </dialog>
    }
}

#[component]
fn Line(at: usize, entry: Entry, current: RwSignal<usize>, run: Callback<usize>) -> impl IntoView {
    let on = Memo::new(move |_| current.get() == at);
    view! {
        <div
            class="pi"
            role="option"
            id=move || on.get().then_some("palette-current")
            aria-selected=move || on.get().to_string()
            on:pointermove=move |_| current.set(at)
            on:click=move |_| run.run(at)
        >
            <Glyph icon=entry.icon/>
            <span class="cut">{entry.words}</span>
            <span class="faint grow cut">{entry.note}</span>
            {(!entry.keys.is_empty()).then(|| view! { <kbd class="kbd">{entry.keys}</kbd> })}
        </div>
    }
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
        Goal::AskAbout(document) => {
            screen.attach.set(vec![document]);
            screen.go(Route::NewChat);
        }
    }
}
