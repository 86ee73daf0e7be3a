//! Where a person writes: Enter sends, Esc stops, Up edits the last message; documents, agent and
//! model below.

use super::{
    ChatScreen, MESSAGE_ID,
    attach::{AttachButton, AttachDialog, MOST},
    draft::{Draft, slot},
    meter::Meter,
    picks::{AgentPick, ModelPick, default_agent},
};
use crate::{
    client::{Client, use_client},
    dom,
    fold::News,
    parts::icon::{Glyph, Icon},
    route::Route,
    state::WorkspaceStoreFields,
};
use leptos::{html, prelude::*};
use protocol::*;
use wasm_bindgen_futures::spawn_local;
use web_sys::{HtmlTextAreaElement, KeyboardEvent};

/// The field grows to this height, then scrolls.
const TALLEST: i32 = 240;

/// Makes the field as tall as its text.
pub fn fit(field: &HtmlTextAreaElement) {
    let style = web_sys::HtmlElement::style(field);
    let _ = style.set_property("height", "auto");
    let _ = style.set_property("height", &format!("{}px", field.scroll_height().min(TALLEST)));
}

/// The composer of a chat, or of one that begins with what is sent.
#[component]
pub fn Composer(
    /// The chat; None: a new one.
    chat: Option<ChatScreen>,
    /// Lines to begin with.
    #[prop(default = 1)]
    rows: u8,
) -> impl IntoView {
    let client = use_client();
    let (store, screen) = (client.store, client.screen);
    let slot = StoredValue::new(slot(chat.map(|here| here.chat)));
    let draft = RwSignal::new(Draft::new(dom::remembered(&slot.get_value()).unwrap_or_default()));
    let attached = RwSignal::new(Vec::<DocumentId>::new());
    let attaching = RwSignal::new(false);
    let sending = RwSignal::new(false);
    let agent = RwSignal::new(None::<AgentId>);
    let field = NodeRef::<html::Textarea>::new();
    let keep = move || {
        // A composer that is gone has remembered what it was sending.
        let Some(unsent) = draft.try_with_untracked(Draft::unsent) else { return };
        dom::remember(&slot.get_value(), &unsent);
        request_animation_frame(move || {
            if let Some(field) = field.try_get_untracked().flatten() {
                fit(&field);
            }
        });
    };
    let write = move |change: &dyn Fn(&mut Draft)| {
        draft.try_update(change);
        keep();
    };
    Effect::new(move || {
        if let Some(field) = field.get() {
            fit(&field);
        }
    });
    if chat.is_none() {
        // A question or documents from the palette, the search or the documents, also while this is shown.
        Effect::new(move || {
            let given = screen.draft.get();
            if !given.is_empty() {
                screen.draft.set(String::new());
                write(&|draft| draft.add(&given));
            }
        });
        Effect::new(move || {
            let given = screen.attach.get();
            if !given.is_empty() {
                screen.attach.set(Vec::new());
                attached.update(|all| add_new(all, given));
            }
        });
    }
    let running = Memo::new(move |_| {
        let here = chat?;
        store.turns().read().iter().find(|turn| turn.chat == here.chat).cloned()
    });
    let can_send = Memo::new(move |_| !sending.get() && draft.with(|draft| !draft.text.trim().is_empty()));
    // A new chat whose first question could not be sent: the next try goes to it.
    let begun = StoredValue::new(None::<(AgentId, ChatId)>);
    let send = move || {
        if !can_send.get_untracked() {
            return;
        }
        let text = draft.try_update(Draft::send).unwrap_or_default();
        let documents = attached.try_update(std::mem::take).unwrap_or_default();
        keep();
        sending.set(true);
        let (slot, agent) = (slot.get_value(), agent.get_untracked());
        if let Some(here) = chat {
            here.following.set(true);
            super::to_newest();
            dom::focus_soon(MESSAGE_ID);
        }
        spawn_local(async move {
            let to = match chat {
                Some(here) => Ok(here.chat),
                None => begin(client, agent, begun).await,
            };
            let sent = match to {
                Ok(to) => {
                    let message = SendMessage { chat: to, text: text.clone(), attached: documents.clone() };
                    client.call(message).await.map(|_| to)
                }
                Err(fault) => Err(fault),
            };
            sending.try_set(false);
            match sent {
                Ok(to) => {
                    if draft.is_disposed() && dom::remembered(&slot).as_ref() == Some(&text) {
                        dom::remember(&slot, "");
                    }
                    write(&Draft::arrived);
                    if chat.is_none() {
                        screen.go(Route::Chat(to));
                    }
                }
                Err(fault) => {
                    // What was written comes back, and a notice says why.
                    write(&Draft::came_back);
                    attached.try_update(|all| add_new(all, documents));
                    screen.fault.set(Some(fault));
                }
            }
        });
    };
    let stop = move || {
        if let Some(turn) = running.get_untracked() {
            let now = turn.state == TurnState::Stopping;
            client.tell(StopTurn { turn: turn.turn, now });
        }
    };
    let keydown = move |event: KeyboardEvent| {
        if event.is_composing() {
            return;
        }
        match event.key().as_str() {
            "Enter" if !event.shift_key() && !event.alt_key() => {
                event.prevent_default();
                // A key held down is one press.
                if !event.repeat() {
                    send();
                }
            }
            "Escape" if running.with_untracked(Option::is_some) => {
                event.prevent_default();
                if !event.repeat() {
                    stop();
                }
            }
            "ArrowUp" if draft.with_untracked(|draft| draft.text.is_empty()) => {
                if let Some(here) = chat {
                    event.prevent_default();
                    let last = store.with_untracked(|space| {
                        let last = space.items.iter().rev().find(|item| item.kind == ItemKind::Question);
                        last.map(|item| (item.id, item.text.clone()))
                    });
                    if let Some((id, text)) = last {
                        here.edit(id, text);
                    }
                }
            }
            _ => {}
        }
    };
    let hint = if chat.is_some() { t!("composer.reply") } else { t!("composer.ask") };
    view! {
        <form
            class="composer"
            aria-busy=move || sending.get().to_string()
            on:submit=move |event| {
                event.prevent_default();
                send();
            }
        >
            <AttachedChips attached/>
            <textarea
                id=MESSAGE_ID
                node_ref=field
                rows=rows.to_string()
                aria-label=t!("composer.name")
                placeholder=hint
                prop:value=move || draft.with(|draft| draft.text.clone())
                on:input=move |event| write(&|draft| draft.text = event_target_value(&event))
                on:keydown=keydown
            ></textarea>
            <div class="tools">
                <AttachButton open=attaching/>
                <AgentPick chat agent/>
                <ModelPick/>
                <span class="grow"></span>
                {chat.map(|here| view! { <Meter here/> })}
                <Show when=move || running.with(Option::is_some)>
                    <button type="button" class="btn sm stop" on:click=move |_| stop()>
                        <span class="stop-glyph"></span>
                        {move || {
                            let stopping = running
                                .with(|turn| turn.as_ref().is_some_and(|turn| turn.state == TurnState::Stopping));
                            if stopping { t!("composer.stop_now") } else { t!("composer.stop") }
                        }}
                    </button>
                </Show>
                <Show when=move || running.with(Option::is_none) || can_send.get()>
                    <button
                        type="submit"
                        class="btn primary icon send"
                        aria-label=move || {
                            if running.with(Option::is_some) { t!("composer.queue") } else { t!("composer.send") }
                        }
                        title=move || {
                            if running.with(Option::is_some) { t!("composer.queue") } else { t!("composer.send") }
                        }
                        disabled=move || !can_send.get()
                    >
                        <Glyph icon=Icon::ArrowUp/>
                    </button>
                </Show>
            </div>
        </form>
        // Not in the form: what is pressed in the dialog must not send.
        <AttachDialog open=attaching attached/>
        <StarterLine/>
    }
}

/// The chat that a first question goes to: a new one, or that of an earlier try.
async fn begin(
    client: Client,
    agent: Option<AgentId>,
    begun: StoredValue<Option<(AgentId, ChatId)>>,
) -> Result<ChatId, Fault> {
    let Some(agent) = agent.or_else(|| default_agent(client)) else {
        return Err(Fault::new(FaultKind::Unavailable, "client.no_agent", "There is no agent to answer."));
    };
    if let Some((_, chat)) = begun.try_get_value().flatten().filter(|(of, _)| *of == agent) {
        return Ok(chat);
    }
    let chat = client.call(StartChat { agent }).await?;
    let id = chat.id;
    begun.try_set_value(Some((agent, id)));
    client.fold(News::Chat(chat));
    Ok(id)
}

/// Adds what is not there yet, as far as it may be attached.
fn add_new(all: &mut Vec<DocumentId>, more: Vec<DocumentId>) {
    for id in more {
        if all.len() < MOST && !all.contains(&id) {
            all.push(id);
        }
    }
}

/// Documents that go with the message.
#[component]
fn AttachedChips(attached: RwSignal<Vec<DocumentId>>) -> impl IntoView {
    let store = use_client().store;
    view! {
        <Show when=move || !attached.with(Vec::is_empty)>
            <div class="files">
                <For each=move || attached.get() key=|id| *id let:id>
                    {
                        let document = store.documents().at_key(id).try_read_untracked().map(|d| (*d).clone());
                        let name = document.as_ref().map(|d| d.name.clone()).unwrap_or_default();
                        view! {
                            <span class="chip">
                                <span class="fmt">{document.map(|d| d.format.to_uppercase())}</span>
                                <span class="cut">{name.clone()}</span>
                                <button
                                    type="button"
                                    class="btn icon ghost sm"
                                    aria-label=t!("composer.detach", name = name)
                                    on:click=move |_| attached.update(|all| all.retain(|other| *other != id))
                                >
                                    <Glyph icon=Icon::X size=13/>
                                </button>
                            </span>
                        }
                    }
                </For>
            </div>
        </Show>
    }
}

/// Says that the model is missing, or that it is the tiny one to begin with.
#[component]
fn StarterLine() -> impl IntoView {
    let store = use_client().store;
    let line = Memo::new(move |_| {
        store.models().track();
        store.settings().track();
        store.with_untracked(|space| {
            if space.settings.chat_model.as_deref().is_some_and(|id| id.starts_with("endpoint:")) {
                return None;
            }
            match (space.chat_model(), &space.settings.chat_model) {
                (None, Some(id)) => Some(t!("composer.model_gone", model = id)),
                (None, None) => Some(t!("composer.no_model")),
                (Some(model), _) if model.starter => Some(t!("composer.starter", model = &model.name)),
                (Some(_), _) => None,
            }
        })
    });
    view! {
        {move || {
            line.get()
                .map(|line| {
                    view! {
                        <p class="starter">
                            {line} " "
                            <a class="link" href=Route::Models.href()>
                                {t!("composer.see_models")}
                            </a>
                        </p>
                    }
                })
        }}
    }
}
