//! What the backend knows, as far as this screen needs it: one store, changed only by `fold`.

use crate::fold::Touch;
use leptos::prelude::*;
use protocol::*;
use reactive_stores::{KeyedSubfield, Store, StoreField};
use std::{fmt::Debug, hash::Hash};

/// The connection to the backend.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Link {
    /// The first snapshot is on its way.
    #[default]
    Opening,
    /// Events arrive.
    Live,
    /// Events stopped; it is being tried again.
    Lost,
    /// The workspace could not be opened.
    Failed(Fault),
}

/// The workspace as this client sees it. Of the chats, only the open one has its items here.
#[derive(Clone, Debug, Default, PartialEq, Store)]
pub struct Workspace {
    /// The connection.
    pub link: Link,
    /// The last event folded in.
    pub seq: u64,
    /// Atelier's version.
    pub version: String,
    /// The workspace, its person and its device.
    pub home: Option<WorkspaceView>,
    /// Its agents.
    pub agents: Vec<AgentView>,
    /// Its chats, newest first.
    #[store(key: ChatId = |chat| chat.id)]
    pub chats: Vec<ChatView>,
    /// Its documents, newest first.
    #[store(key: DocumentId = |document| document.id)]
    pub documents: Vec<DocumentView>,
    /// Where the import is.
    pub import: ImportProgress,
    /// The models on disk.
    pub models: ModelsView,
    /// The engine process.
    pub engine: EngineState,
    /// What left this machine today.
    pub egress: EgressTotals,
    /// Approvals that wait, oldest first.
    pub approvals: Vec<ApprovalView>,
    /// Turns that run or wait.
    pub turns: Vec<RunningTurn>,
    /// The settings.
    pub settings: Settings,
    /// The policy rules, once a change of them was told.
    pub rules: Vec<RuleView>,
    /// What a person should know.
    pub notices: Vec<Fault>,
    /// The open chat.
    pub open: Option<ChatId>,
    /// Whether the open chat has items before the first one here.
    pub older: bool,
    /// The items of the open chat's chosen branch, oldest first; the newest are always here.
    #[store(key: ItemId = |item| item.id)]
    pub items: Vec<ItemView>,
}

impl Workspace {
    /// The agent of a chat.
    pub fn agent(&self, id: AgentId) -> Option<&AgentView> {
        self.agents.iter().find(|agent| agent.id == id)
    }
    /// The model that answers: the chosen one, else the first that can.
    pub fn chat_model(&self) -> Option<&ModelView> {
        let mut chats = self.models.models.iter().filter(|model| model.purpose == ModelUse::Chat);
        chats.clone().find(|model| model.chosen).or_else(|| chats.next())
    }
}

/// Tells the readers of exactly those parts that changed.
pub fn notify(store: Store<Workspace>, touched: &[Touch]) {
    for touch in touched {
        match *touch {
            Touch::Everything => {
                store.chats().update_keys();
                store.documents().update_keys();
                store.items().update_keys();
                store.notify();
            }
            Touch::Link => store.link().notify(),
            Touch::Chats => list_changed(store.chats()),
            Touch::Chat(id) => store.chats().at_key(id).notify(),
            Touch::Documents => list_changed(store.documents()),
            Touch::Document(id) => store.documents().at_key(id).notify(),
            Touch::Import => store.import().notify(),
            Touch::Models => store.models().notify(),
            Touch::Engine => store.engine().notify(),
            Touch::Egress => store.egress().notify(),
            Touch::Approvals => store.approvals().notify(),
            Touch::Turns => store.turns().notify(),
            Touch::Settings => store.settings().notify(),
            Touch::Rules => store.rules().notify(),
            Touch::Notices => store.notices().notify(),
            Touch::Open => {
                store.open().notify();
                store.older().notify();
            }
            Touch::Items => list_changed(store.items()),
            Touch::Item(id) => store.items().at_key(id).notify(),
        }
    }
}

/// Wakes those who read the list as a list. Rows read their own key, so that a long list is not
/// drawn again because one row was added.
fn list_changed<K, T>(list: KeyedSubfield<Store<Workspace>, Workspace, K, Vec<T>>)
where
    K: Copy + Debug + Eq + Hash + Send + Sync + 'static,
    T: 'static,
{
    list.update_keys();
    // From the root down; the last is the list itself, which every row below it reads.
    let triggers = list.triggers_for_current_path();
    for trigger in triggers.iter().rev().skip(1) {
        trigger.notify();
    }
}
