//! A person's message: its words, attached documents, editing, and the branches it began.

use super::{ChatScreen, feet::Branches};
use crate::{
    client::use_client,
    dom, i18n,
    parts::icon::{Avatar, Glyph, Icon},
    state::WorkspaceStoreFields,
};
use leptos::{html, prelude::*};
use protocol::{DocumentId, EditMessage, ItemId};
use web_sys::KeyboardEvent;

/// The question.
#[component]
pub fn Question(here: ChatScreen, id: ItemId) -> impl IntoView {
    let store = use_client().store;
    let row = store.items().at_key(id);
    let text = Memo::new(move |_| row.try_read().map(|item| item.text.clone()).unwrap_or_default());
    let attached = Memo::new(move |_| row.try_read().map(|item| item.attached.clone()).unwrap_or_default());
    let (author, at) = row.try_read_untracked().map(|item| (i18n::own(&item.author), item.at)).unwrap_or_default();
    let editing = Memo::new(move |_| here.editing.get() == Some(id));
    view! {
        <article class="msg question" data-item=id.to_string()>
            <Avatar name=author.clone()/>
            <div>
                <div class="who">
                    {author} <time title=i18n::date_time(at)>{i18n::time(at)}</time> <span class="grow"></span>
                    <span class="msg-acts">
                        <Branches here id/>
                        <button
                            class="btn icon ghost sm"
                            aria-label=t!("question.edit")
                            title=t!("question.edit")
                            on:click=move |_| here.edit(id, text.get_untracked())
                        >
                            <Glyph icon=Icon::Pencil size=14/>
                        </button>
                    </span>
                </div>
                <Show when=move || editing.get() fallback=move || view! { <div class="read asked">{text}</div> }>
                    <Edit here id/>
                </Show>
                {move || {
                    let attached = attached.get();
                    (!attached.is_empty())
                        .then(|| {
                            view! {
                                <div class="chips">
                                    {attached.into_iter().map(|id| view! { <DocumentChip id/> }).collect_view()}
                                </div>
                            }
                        })
                }}
            </div>
        </article>
    }
}

/// A document by its name.
#[component]
fn DocumentChip(id: DocumentId) -> impl IntoView {
    let document = use_client().store.documents().at_key(id);
    let words = move || {
        document.try_read().map_or_else(
            || (String::new(), t!("question.removed"), String::new()),
            |document| {
                (document.format.to_uppercase(), document.name.clone(), t!("question.pages", n = document.pages))
            },
        )
    };
    view! {
        {move || {
            let (format, name, pages) = words();
            view! {
                <span class="chip">
                    <span class="fmt">{format}</span>
                    <span class="cut">{name}</span>
                    <span class="faint">{pages}</span>
                </span>
            }
        }}
    }
}

/// Other words for the same question; sending them begins a branch.
#[component]
fn Edit(here: ChatScreen, id: ItemId) -> impl IntoView {
    let client = use_client();
    let field = NodeRef::<html::Textarea>::new();
    let draft = here.edited;
    let sending = RwSignal::new(false);
    Effect::new(move || {
        if let Some(field) = field.get() {
            // Not where the row comes back to the page: the hand is somewhere else by then.
            if here.takes_focus.get_untracked() {
                here.takes_focus.set(false);
                let _ = field.focus();
            }
            super::composer::fit(&field);
        }
    });
    let close = move || {
        here.editing.set(None);
        dom::focus_soon(super::MESSAGE_ID);
    };
    let send = move || {
        let text = draft.get_untracked().trim().to_owned();
        if !text.is_empty() {
            here.following.set(true);
            client.once(sending, EditMessage { item: id, text }, move |_| close());
        }
    };
    let keydown = move |event: KeyboardEvent| match event.key().as_str() {
        _ if event.is_composing() => {}
        "Enter" if !event.shift_key() => {
            event.prevent_default();
            // A key held down is one press.
            if !event.repeat() {
                send();
            }
        }
        "Escape" => {
            event.stop_propagation();
            close();
        }
        _ => {}
    };
    view! {
        <div class="composer edit" aria-busy=move || sending.get().to_string()>
            <textarea
                node_ref=field
                rows="1"
                aria-label=t!("question.edit")
                prop:value=move || draft.get()
                on:input=move |event| {
                    draft.set(event_target_value(&event));
                    if let Some(field) = field.get_untracked() {
                        super::composer::fit(&field);
                    }
                }
                on:keydown=keydown
            ></textarea>
            <div class="tools">
                <span class="hint">{t!("question.edit_hint")}</span>
                <span class="grow"></span>
                <button type="button" class="btn sm ghost" on:click=move |_| close()>
                    {t!("act.cancel")}
                </button>
                <button
                    type="button"
                    class="btn sm primary"
                    aria-busy=move || sending.get().to_string()
                    on:click=move |_| send()
                >
                    {t!("question.ask_again")}
                </button>
            </div>
        </div>
    }
}
