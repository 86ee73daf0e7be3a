//! Who answers, and which model: chosen under the message field.

use super::ChatScreen;
use crate::{
    client::{Client, use_client},
    i18n,
    parts::{
        icon::{AgentMark, Glyph, Icon, PlaceMark},
        menu::{Menu, MenuItem},
    },
    route::Route,
    state::WorkspaceStoreFields,
};
use leptos::prelude::*;
use protocol::*;

/// The agent of the role in the settings, else the first.
pub fn default_agent(client: Client) -> Option<AgentId> {
    client.store.with_untracked(|space| {
        let role = &space.settings.role;
        space.agents.iter().find(|agent| agent.role == *role).or(space.agents.first()).map(|agent| agent.id)
    })
}

/// Who answers: chosen for a new chat, then it stays.
#[component]
pub fn AgentPick(
    /// The chat; None: a new one.
    chat: Option<ChatScreen>,
    /// Who was chosen for the new one.
    agent: RwSignal<Option<AgentId>>,
) -> impl IntoView {
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
    let content = move || {
        current
            .get()
            .map(|agent| view! { <AgentMark mark=agent.mark/> <span class="cut">{i18n::own(&agent.name)}</span> })
    };
    let items = Signal::derive(move || {
        let now = current.with(|agent| agent.as_ref().map(|agent| agent.id));
        let agents = store.agents().get();
        agents
            .into_iter()
            .map(|choice| {
                let AgentView { id, name, about, mark, .. } = choice;
                MenuItem {
                    lead: ViewFn::from(move || view! { <AgentMark mark/> }),
                    text: format!("{}. {}", i18n::own(&name), i18n::own(&about)),
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
pub fn ModelPick() -> impl IntoView {
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
