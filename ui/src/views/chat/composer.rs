//! Where a person writes: Enter sends, Esc stops, Up edits the last message; documents, agent and
//! model below.

use super::{ChatScreen, MESSAGE_ID, attach::Attach, meter::Meter};
use crate::{
    client::{Client, use_client},
    dom,
    fold::News,
    i18n,
    parts::{
        icon::{AgentMark, Glyph, Icon, PlaceMark},
        menu::{Menu, MenuItem},
    },
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
    let slot = format!("atelier.draft.{}", chat.map(|here| here.chat.to_string()).unwrap_or_default());
    let slot = StoredValue::new(slot);
    let begun = match chat {
        None => Some(screen.draft.get_untracked()).filter(|draft| !draft.is_empty()),
        Some(_) => None,
    };
    screen.draft.set(String::new());
    let draft = RwSignal::new(begun.or_else(|| dom::remembered(&slot.get_value())).unwrap_or_default());
    let attached = RwSignal::new(match chat {
        None => screen.attach.try_update(std::mem::take).unwrap_or_default(),
        Some(_) => Vec::new(),
    });
    let sending = RwSignal::new(false);
    let agent = RwSignal::new(None::<AgentId>);
    let field = NodeRef::<html::Textarea>::new();
    let write = move |text: String| {
        dom::remember(&slot.get_value(), &text);
        draft.set(text);
        request_animation_frame(move || {
            if let Some(field) = field.get_untracked() {
                fit(&field);
            }
        });
    };
    Effect::new(move || {
        if let Some(field) = field.get() {
            fit(&field);
        }
    });
    let running = Memo::new(move |_| {
        let here = chat?;
        store.turns().read().iter().find(|turn| turn.chat == here.chat).cloned()
    });
    let can_send = Memo::new(move |_| !sending.get() && draft.with(|draft| !draft.trim().is_empty()));
    let send = move || {
        if !can_send.get_untracked() {
            return;
        }
        let (text, documents) = (draft.get_untracked(), attached.get_untracked());
        write(String::new());
        attached.set(Vec::new());
        sending.set(true);
        if let Some(here) = chat {
            here.following.set(true);
            super::to_newest();
        }
        spawn_local(async move {
            let sent = deliver(client, chat, agent.get_untracked(), text.clone(), documents.clone()).await;
            sending.try_set(false);
            if let Err(fault) = sent {
                // What was written comes back, and a notice says why.
                screen.fault.set(Some(fault));
                draft.try_set(text);
                attached.try_set(documents);
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
                send();
            }
            "Escape" if running.with_untracked(Option::is_some) => {
                event.prevent_default();
                stop();
            }
            "ArrowUp" if draft.with_untracked(String::is_empty) => {
                if let Some(here) = chat {
                    event.prevent_default();
                    here.editing.set(store.with_untracked(|space| {
                        space.items.iter().rev().find(|item| item.kind == ItemKind::Question).map(|item| item.id)
                    }));
                }
            }
            _ => {}
        }
    };
    let hint = if chat.is_some() { t!("composer.reply") } else { t!("composer.ask") };
    view! {
        <form
            class="composer"
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
                prop:value=move || draft.get()
                on:input=move |event| write(event_target_value(&event))
                on:keydown=keydown
            ></textarea>
            <div class="tools">
                <Attach attached/>
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
        <StarterLine/>
    }
}

/// Sends to a chat, or to a new one that it goes to.
async fn deliver(
    client: Client,
    chat: Option<ChatScreen>,
    agent: Option<AgentId>,
    text: String,
    attached: Vec<DocumentId>,
) -> Result<(), Fault> {
    match chat {
        Some(here) => {
            client.call(SendMessage { chat: here.chat, text, attached }).await?;
        }
        None => {
            let Some(agent) = agent.or_else(|| default_agent(client)) else {
                return Err(Fault::new(FaultKind::Unavailable, "client.no_agent", "There is no agent to answer."));
            };
            let chat = client.call(StartChat { agent }).await?;
            let id = chat.id;
            client.fold(News::Chat(chat));
            client.call(SendMessage { chat: id, text, attached }).await?;
            client.screen.go(Route::Chat(id));
        }
    }
    Ok(())
}

/// The agent of the role in the settings, else the first.
fn default_agent(client: Client) -> Option<AgentId> {
    client.store.with_untracked(|space| {
        let role = &space.settings.role;
        space.agents.iter().find(|agent| agent.role == *role).or(space.agents.first()).map(|agent| agent.id)
    })
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

/// Who answers: chosen for a new chat, then it stays.
#[component]
fn AgentPick(chat: Option<ChatScreen>, agent: RwSignal<Option<AgentId>>) -> impl IntoView {
    let client = use_client();
    let store = client.store;
    let current = Memo::new(move |_| {
        let chosen = match chat {
            Some(here) => store.chats().at_key(here.chat).try_read().map(|chat| chat.agent),
            None => agent.get(),
        };
        let chosen = chosen.or_else(|| default_agent(client));
        store.agents().read().iter().find(|agent| Some(agent.id) == chosen).cloned()
    });
    let content =
        move || current.get().map(|agent| view! { <AgentMark mark=agent.mark/> <span class="cut">{agent.name}</span> });
    let items = Signal::derive(move || {
        let now = current.with(|agent| agent.as_ref().map(|agent| agent.id));
        let agents = store.agents().get();
        agents
            .into_iter()
            .map(|choice| {
                let AgentView { id, name, about, mark, .. } = choice;
                MenuItem {
                    lead: ViewFn::from(move || view! { <AgentMark mark/> }),
                    text: format!("{name}. {about}"),
                    note: String::new(),
                    checked: Some(Some(id) == now),
                    run: Callback::new(move |()| agent.set(Some(id))),
                }
            })
            .collect::<Vec<_>>()
    });
    match chat {
        Some(_) => view! { <span class="pick fixed" title=t!("composer.agent")>{content}</span> }.into_any(),
        None => view! {
            <Menu items up=true name=t!("composer.choose_agent")>
                {content}
                <Glyph icon=Icon::ChevronDown size=13/>
            </Menu>
        }
        .into_any(),
    }
}

/// Which model answers, and where it runs.
#[component]
fn ModelPick() -> impl IntoView {
    let client = use_client();
    let store = client.store;
    let current = Memo::new(move |_| {
        store.models().track();
        store.settings().track();
        store.with_untracked(|space| {
            let endpoint = space.settings.chat_model.as_deref().and_then(|id| id.strip_prefix("endpoint:"));
            match endpoint {
                Some(name) => (Place::Outside, Some(name.to_owned())),
                None => (Place::Here, space.chat_model().map(|model| model.name.clone())),
            }
        })
    });
    let items = Signal::derive(move || {
        let models = store.models().get();
        let chosen = current.get();
        let local = models.models.into_iter().filter(|model| model.purpose == ModelUse::Chat).map(|model| {
            let ModelView { id, name, tokens_per_second, .. } = model;
            MenuItem {
                lead: ViewFn::from(|| view! { <PlaceMark place=Place::Here size=13/> }),
                checked: Some(chosen == (Place::Here, Some(name.clone()))),
                text: name,
                note: tokens_per_second.map(i18n::rate).unwrap_or_default(),
                run: Callback::new(move |()| client.tell(ChooseModel { model: id.clone() })),
            }
        });
        let mut lines: Vec<MenuItem> = local.collect();
        lines.extend(models.endpoints.into_iter().filter(|endpoint| endpoint.verdict == Verdict::Allow).map(
            |endpoint| {
                let id = format!("endpoint:{}", endpoint.name);
                MenuItem {
                    lead: ViewFn::from(|| view! { <PlaceMark place=Place::Outside size=13/> }),
                    checked: Some(chosen == (Place::Outside, Some(endpoint.name.clone()))),
                    text: endpoint.name,
                    note: t!("place.outside"),
                    run: Callback::new(move |()| client.tell(ChooseModel { model: id.clone() })),
                }
            },
        ));
        lines.push(MenuItem::new(Icon::Gauge, t!("composer.manage_models"), move || client.screen.go(Route::Models)));
        lines
    });
    view! {
        <Menu items up=true name=t!("composer.choose_model")>
            {move || {
                let (place, name) = current.get();
                view! {
                    <PlaceMark place size=12/>
                    <span class="cut">{name.unwrap_or_else(|| t!("boundary.no_model"))}</span>
                }
            }}
            <Glyph icon=Icon::ChevronDown size=13/>
        </Menu>
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
            match space.chat_model() {
                None => Some(t!("composer.no_model")),
                Some(model) if model.starter => Some(t!("composer.starter", model = &model.name)),
                Some(_) => None,
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
