//! Under a finished answer: how it was made, what can be done with it, and its other versions.

use super::ChatScreen;
use crate::{
    client::use_client,
    dom, i18n,
    parts::{
        icon::{Glyph, Icon, PlaceMark},
        place::place,
    },
    state::WorkspaceStoreFields,
};
use leptos::prelude::*;
use protocol::*;
use wasm_bindgen_futures::spawn_local;

/// The line under an answer.
#[component]
pub fn Feet(here: ChatScreen, id: ItemId) -> impl IntoView {
    let client = use_client();
    let row = client.store.items().at_key(id);
    let done = Memo::new(move |_| row.try_read().is_some_and(|item| item.status != ItemStatus::Writing));
    let made = Memo::new(move |_| row.try_read().and_then(|item| item.made.clone()));
    let copied = RwSignal::new(false);
    let copy = move |_| {
        let Some(text) = row.try_read_untracked().map(|item| with_sources(&item)) else { return };
        spawn_local(async move {
            if dom::copy(&text).await {
                client.screen.say(t!("act.copied"));
                copied.set(true);
                dom::sleep(1_500).await;
                copied.try_set(false);
            }
        });
    };
    let asking = RwSignal::new(false);
    let again = move |_| {
        here.following.set(true);
        client.once(asking, Regenerate { item: id }, |_| ());
    };
    let sources = Memo::new(move |_| {
        row.try_read().map(|item| item.citations.iter().map(|cite| cite.number).max().unwrap_or(0)).unwrap_or(0)
    });
    view! {
        <Show when=move || done.get()>
            <div class="prov">
                {move || made.get().map(|made| view! { <Provenance made/> })}
                <span class="grow"></span>
                <Branches here id/>
                <Show when=move || sources.get() != 0>
                    <button
                        class="btn ghost sm"
                        on:click=move |_| {
                            client.screen.cited.set(Some(crate::screen::Cited { item: id, number: 1 }));
                            client.screen.sources.set(true);
                        }
                    >
                        {move || t!("answer.sources", n = sources.get())}
                    </button>
                </Show>
                <Show when=move || row.try_read().is_some_and(|item| !item.text.is_empty())>
                <button
                    class="btn icon ghost sm"
                    aria-label=t!("answer.copy")
                    title=t!("answer.copy")
                    on:click=copy
                >
                    {move || view! { <Glyph icon=if copied.get() { Icon::Check } else { Icon::Copy } size=14/> }}
                </button>
                </Show>
                <button
                    class="btn icon ghost sm"
                    aria-label=t!("answer.explain")
                    title=t!("answer.explain")
                    on:click=move |_| here.explaining.set(Some(id))
                >
                    <Glyph icon=Icon::Info size=14/>
                </button>
                <button
                    class="btn icon ghost sm"
                    aria-label=t!("answer.again")
                    title=t!("answer.again")
                    aria-busy=move || asking.get().to_string()
                    on:click=again
                >
                    <Glyph icon=Icon::RotateCw size=14/>
                </button>
            </div>
        </Show>
    }
}

/// Place mark, model, place, speed, bytes outside.
#[component]
fn Provenance(made: Made) -> impl IntoView {
    let place = match made.place {
        Place::Here => t!("made.here"),
        Place::Team => t!("made.team"),
        Place::Outside => t!("made.outside"),
    };
    let outside = i18n::bytes(made.egress_bytes);
    let words = if made.model.is_empty() {
        t!("made.without_model", outside = outside)
    } else if made.tokens_per_second > 0.0 {
        t!("made.line", model = made.model, place = place, rate = i18n::rate(made.tokens_per_second), outside = outside)
    } else {
        t!("made.line_no_rate", model = made.model, place = place, outside = outside)
    };
    view! {
        <PlaceMark place=made.place size=11/>
        <span class="num cut">{words}</span>
    }
}

/// ‹ 2/3 ›: the other versions of this item.
#[component]
pub fn Branches(here: ChatScreen, id: ItemId) -> impl IntoView {
    let client = use_client();
    let row = client.store.items().at_key(id);
    let branches = Memo::new(move |_| row.try_read().map(|item| item.branches.clone()).unwrap_or_default());
    let at = Memo::new(move |_| branches.with(|all| all.iter().position(|other| *other == id)).unwrap_or(0));
    let turn = move |by: i32| {
        let to = branches.with_untracked(|all| all.get((at.get_untracked() as i32 + by) as usize).copied());
        if let Some(item) = to {
            here.following.set(false);
            client.choose_branch(item);
        }
    };
    view! {
        <Show when=move || branches.with(|all| all.len() > 1)>
            <span class="branches" role="group" aria-label=t!("branch.name")>
                <button
                    class="btn icon ghost sm"
                    aria-label=t!("branch.previous")
                    aria-disabled=move || (at.get() == 0).to_string()
                    on:click=move |_| turn(-1)
                >
                    <Glyph icon=Icon::ArrowLeft size=13/>
                </button>
                <span class="num">
                    {move || t!("branch.of", at = at.get() + 1, count = branches.with(Vec::len))}
                </span>
                <button
                    class="btn icon ghost sm"
                    aria-label=t!("branch.next")
                    aria-disabled=move || branches.with(|all| at.get() + 1 >= all.len()).to_string()
                    on:click=move |_| turn(1)
                >
                    <Glyph icon=Icon::ArrowRight size=13/>
                </button>
            </span>
        </Show>
    }
}

/// The answer as Markdown with its marks, and its sources below.
fn with_sources(item: &ItemView) -> String {
    let mut out = String::with_capacity(item.text.len() + 200);
    let mut cites = item.citations.iter().peekable();
    for (at, char) in item.text.chars().enumerate() {
        while let Some(cite) = cites.next_if(|cite| cite.at as usize <= at) {
            out.push_str(&format!("[{}]", cite.number));
        }
        out.push(char);
    }
    for cite in cites {
        out.push_str(&format!("[{}]", cite.number));
    }
    let mut listed = Vec::new();
    for cite in &item.citations {
        if !listed.contains(&cite.number) {
            if listed.is_empty() {
                out.push_str("\n\n");
                out.push_str(&t!("answer.sources_head"));
                out.push('\n');
            }
            listed.push(cite.number);
            let line = t!(
                "answer.source_line",
                number = cite.number,
                document = &cite.name,
                place = place(cite.place.as_deref(), cite.page),
                quote = &cite.quote
            );
            out.push_str(&line);
            out.push('\n');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_carries_its_sources_once_each() {
        let id = || "00000000-0000-7000-8000-000000000001".to_owned();
        let cite = |number: u32, at: u32| CitationView {
            number,
            at,
            document: id().parse().unwrap(),
            name: "msa.pdf".into(),
            page: 23,
            start: 0,
            end: 1,
            quote: format!("quote {number}"),
            page_hash: String::new(),
            place: None,
            now: Default::default(),
            now_called: None,
        };
        let item = ItemView {
            id: id().parse().unwrap(),
            chat: id().parse().unwrap(),
            parent: None,
            kind: ItemKind::Answer,
            author: "Researcher".into(),
            at: 0,
            text: "Été. Un.".into(),
            status: ItemStatus::Complete,
            attached: vec![],
            steps: vec![],
            citations: vec![cite(1, 4), cite(2, 8), cite(1, 8)],
            unsupported: vec![],
            supported: None,
            made: None,
            branches: vec![],
        };
        let text = with_sources(&item);
        assert!(text.starts_with("Été.[1] Un.[2][1]\n\n"), "{text}");
        assert_eq!(text.matches("msa.pdf").count(), 2);
        // Each mark leads to its own quote.
        let line = |number: u32| text.lines().find(|line| line.starts_with(&format!("[{number}] "))).unwrap();
        assert!(line(1).contains("quote 1") && line(2).contains("quote 2"), "{text}");
    }
}
