//! An agent's answer: its work, its words with citations, how it ended and how it was made.

use super::{ChatScreen, feet::Feet, status::TurnRow, work::Work};
use crate::{
    client::use_client,
    i18n,
    parts::{
        icon::{AgentMark, Glyph, Icon},
        notice::FaultNotice,
        prose::{Prose, Written},
    },
    route::Route,
    state::WorkspaceStoreFields,
};
use leptos::prelude::*;
use protocol::*;

/// The answer.
#[component]
pub fn Answer(here: ChatScreen, id: ItemId) -> impl IntoView {
    let store = use_client().store;
    let row = store.items().at_key(id);
    let (author, at) = row.try_read_untracked().map(|item| (item.author.clone(), item.at)).unwrap_or_default();
    let mark = store.with_untracked(|space| {
        space.agents.iter().find(|agent| agent.name == author).map(|agent| agent.mark).unwrap_or_default()
    });
    let written = Memo::new(move |_| {
        row.try_read()
            .map(|item| Written {
                text: item.text.clone(),
                citations: item.citations.clone(),
                unsupported: item.unsupported.clone(),
                writing: item.status == ItemStatus::Writing,
            })
            .unwrap_or_default()
    });
    let status = Memo::new(move |_| row.try_read().map_or(ItemStatus::Complete, |item| item.status.clone()));
    let supported = Memo::new(move |_| row.try_read().and_then(|item| item.supported));
    let asked_model = Memo::new(move |_| row.try_read().is_some_and(|item| item.made.is_some()));
    let has_words = Memo::new(move |_| written.with(|written| !written.text.is_empty()));
    view! {
        <article
            class="msg answer"
            data-item=id.to_string()
            aria-busy=move || (status.get() == ItemStatus::Writing).to_string()
        >
            <AgentMark mark size=24/>
            <div>
                <div class="who">{i18n::own(&author)} <time title=i18n::date_time(at)>{i18n::time(at)}</time></div>
                <Work here id/>
                <TurnRow id/>
                {move || notice(supported.get(), &status.get(), asked_model.get())}
                <Show when=move || has_words.get()>
                    <Prose item=id written/>
                </Show>
                <Unsupported written/>
                <Ended here id status/>
                <Feet here id/>
            </div>
        </article>
    }
}

/// What a person must know about the evidence before reading the answer.
fn notice(supported: Option<Support>, status: &ItemStatus, asked_model: bool) -> Option<AnyView> {
    let complete = matches!(status, ItemStatus::Complete | ItemStatus::CutShort);
    match supported? {
        Support::Yes => None,
        // Code found a sentence that is near and no answer, and asked no model.
        Support::Quoted if !asked_model => Some(view! { <NotAnswered/> }.into_any()),
        Support::Quoted => {
            let (words, more) = (t!("answer.quoted"), t!("answer.quoted_more"));
            Some(view! { <Doubt words more/> }.into_any())
        }
        Support::No if !complete => None,
        Support::No if asked_model => {
            let (words, more) = (t!("answer.not_supported"), t!("answer.not_supported_more"));
            Some(view! { <Doubt words more/> }.into_any())
        }
        Support::No => Some(view! { <NotAnswered/> }.into_any()),
        Support::Unchecked => {
            let (words, more) = (t!("answer.unchecked"), t!("answer.unchecked_more"));
            Some(view! { <Doubt words more/> }.into_any())
        }
    }
}

/// The answer's words are not the documents'.
#[component]
fn Doubt(words: String, more: String) -> impl IntoView {
    view! {
        <div class="notice warn doubt" role="status">
            <Glyph icon=Icon::CircleAlert/>
            <div class="grow">
                <b>{words}</b>
                <div class="dim">{more}</div>
            </div>
        </div>
    }
}

/// The documents say nothing about it.
#[component]
fn NotAnswered() -> impl IntoView {
    view! {
        <div class="notice not-answered" role="status">
            <Glyph icon=Icon::TextSearch/>
            <div class="grow">
                <b>{t!("answer.not_in_documents")}</b>
                <div class="dim">{t!("answer.not_in_documents_more")}</div>
                <div class="notice-acts">
                    <a class="btn sm" href=Route::Search.href()>
                        {t!("answer.search")}
                    </a>
                    <a class="btn sm ghost" href=Route::Documents.href()>
                        {t!("answer.add_documents")}
                    </a>
                </div>
            </div>
        </div>
    }
}

/// Says in words what the dotted lines mean.
#[component]
fn Unsupported(#[prop(into)] written: Signal<Written>) -> impl IntoView {
    let count = Memo::new(move |_| written.with(|written| if written.writing { 0 } else { written.unsupported.len() }));
    view! {
        <Show when=move || count.get() != 0>
            <p class="unsupported-note">
                <Glyph icon=Icon::CircleAlert size=13/>
                {move || t!("answer.unsupported", n = count.get())}
            </p>
        </Show>
    }
}

/// How it ended, where that needs words, and how to go on.
#[component]
fn Ended(here: ChatScreen, id: ItemId, status: Memo<ItemStatus>) -> impl IntoView {
    let client = use_client();
    let busy = RwSignal::new(false);
    let go_on = move |_| {
        here.following.set(true);
        client.once(busy, ContinueAnswer { item: id }, |_| ());
    };
    let again = move |_| {
        here.following.set(true);
        client.once(busy, Regenerate { item: id }, |_| ());
    };
    let is_busy = move || busy.get().to_string();
    let paused = move |words: String| {
        view! {
            <div class="ended">
                <span class="dim">{words}</span>
                <button class="btn sm" aria-busy=is_busy on:click=go_on>
                    <Glyph icon=Icon::Play size=13/>
                    {t!("answer.continue")}
                </button>
            </div>
        }
        .into_any()
    };
    view! {
        {move || match status.get() {
            ItemStatus::Complete | ItemStatus::Writing => ().into_any(),
            ItemStatus::Stopped => paused(t!("answer.stopped")),
            ItemStatus::Interrupted => paused(t!("answer.interrupted")),
            ItemStatus::CutShort => paused(t!("answer.cut_short")),
            ItemStatus::Failed { fault } => {
                view! {
                    <FaultNotice fault stopped=true>
                        <button class="btn sm primary" aria-busy=is_busy on:click=again>
                            {t!("answer.try_again")}
                        </button>
                        <a class="btn sm" href=Route::Models.href()>
                            {t!("answer.see_models")}
                        </a>
                    </FaultNotice>
                }
                    .into_any()
            }
        }}
    }
}
