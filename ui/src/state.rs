//! What the backend knows, as far as this screen needs it: one store, changed only by `fold`.

use crate::{fold::Touch, transport::NO_SESSION};
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

impl Link {
    /// What the link is after a fault: a workspace that is `open` comes back by itself, unless this
    /// browser has to be let in anew.
    pub fn without(fault: Fault, open: bool) -> Self {
        if open && fault.code != NO_SESSION { Link::Lost } else { Link::Failed(fault) }
    }
}

/// The chat that this screen shows, as far as it is being read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shown {
    /// Which: pages of any other come too late.
    pub chat: Option<ChatId>,
    /// Why it is not here.
    pub missing: Option<Missing>,
    /// What happened in it since its items were asked for; None: nothing is asked for.
    pub meanwhile: Option<Vec<Event>>,
    /// Items of its other branches that are being written.
    pub elsewhere: Vec<ItemId>,
}

/// Why a chat is not here.
#[derive(Clone, Debug, PartialEq)]
pub enum Missing {
    /// It could not be read.
    Unread(Fault),
    /// It was removed.
    Removed,
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
    /// The watched folders, the first first.
    pub folders: Vec<FolderView>,
    /// The other workspaces on this machine that are searched from here.
    pub neighbours: Vec<NeighbourView>,
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
    /// Notices that a person has read: told again, they stay away.
    pub read: Vec<Fault>,
    /// The chat that this screen shows.
    pub shown: Shown,
    /// The same once its items are here.
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
    /// The model that answers: the chosen one, else the first that can. None answers in the place of one
    /// that was chosen in the settings and is not there.
    pub fn chat_model(&self) -> Option<&ModelView> {
        let mut chats = self.models.models.iter().filter(|model| model.purpose == ModelUse::Chat);
        let chosen = chats.clone().find(|model| model.chosen);
        chosen.or_else(|| chats.next().filter(|_| self.settings.chat_model.is_none()))
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
            Touch::Folders => store.folders().notify(),
            Touch::Neighbours => store.neighbours().notify(),
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
                store.shown().notify();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_comes_back_by_itself_is_waited_for() {
        let fault = |code: &str| Fault::new(FaultKind::Unavailable, code, "x");
        let table = [
            ("client.unreachable", true, Link::Lost),
            ("client.unreachable", false, Link::Failed(fault("client.unreachable"))),
            (NO_SESSION, true, Link::Failed(fault(NO_SESSION))),
            (NO_SESSION, false, Link::Failed(fault(NO_SESSION))),
        ];
        for (code, open, link) in table {
            assert_eq!(Link::without(fault(code), open), link, "{code} {open}");
        }
    }
}
