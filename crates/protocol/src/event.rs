//! What happened: the closed list of events, each in an envelope with a gap-free number.

use crate::*;
use serde::{Deserialize, Serialize};

/// An event and its number. A client that reconnects asks for what came after its last number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Envelope {
    /// Gap-free within one run of the app, from 1.
    pub seq: u64,
    /// What happened.
    pub event: Event,
}

/// Everything the backend tells its clients.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", content = "with")]
pub enum Event {
    /// Numbers that the client asked for are gone (or the app was restarted): call `Open` again.
    Resync,
    /// A chat was added or changed.
    ChatChanged(ChatView),
    /// A chat was removed.
    ChatRemoved(ChatId),
    /// An item was added at the end of the chosen branch.
    ItemAdded(ItemView),
    /// An item changed: its status, text, citations or steps.
    ItemChanged(ItemView),
    /// More text of an answer that is being written. `at` is the length in chars before it.
    Delta {
        /// The chat.
        chat: ChatId,
        /// The answer.
        item: ItemId,
        /// The answer's length in chars before this text; a client that differs re-reads.
        at: u64,
        /// The new text.
        text: String,
    },
    /// A turn moved to another state.
    TurnMoved {
        /// The chat.
        chat: ChatId,
        /// The turn.
        turn: TurnId,
        /// The answer being written, once there is one.
        item: Option<ItemId>,
        /// Where the turn is.
        state: TurnState,
    },
    /// A step of a running answer was added (`index` = count) or changed.
    StepChanged {
        /// The chat.
        chat: ChatId,
        /// The answer.
        item: ItemId,
        /// Its place among the answer's steps, from 0.
        index: u32,
        /// The step.
        step: StepView,
    },
    /// A turn ended; the final item came before.
    TurnEnded {
        /// The chat.
        chat: ChatId,
        /// The turn.
        turn: TurnId,
    },
    /// A tool call waits for a person.
    ApprovalAsked(ApprovalView),
    /// An approval was answered or expired.
    ApprovalSettled {
        /// The call.
        asked: CallId,
        /// What was decided.
        decision: Decision,
    },
    /// A document was added or changed.
    DocumentChanged(DocumentView),
    /// A document was removed.
    DocumentRemoved(DocumentId),
    /// A watched folder was added, or it or what is known of it changed.
    FolderChanged(FolderView),
    /// A folder is no longer watched.
    FolderRemoved(FolderId),
    /// Other workspaces are searched from here, or no longer: all that are.
    NeighboursChanged(Vec<NeighbourView>),
    /// The import moved on.
    ImportMoved(ImportProgress),
    /// Models were added, chosen, loaded or failed.
    ModelsChanged(ModelsView),
    /// Downloads of models moved on, began or ended: all there are.
    DownloadsMoved(Vec<DownloadView>),
    /// The engine process started, loads, is ready, crashed or stopped.
    EngineMoved(EngineState),
    /// Bytes went out or a request was refused.
    EgressMoved(EgressTotals),
    /// The settings changed.
    SettingsChanged(Settings),
    /// The rules or the seal changed.
    RulesChanged(Vec<RuleView>),
    /// Something a person should know that belongs to no single thing on the screen.
    Notice(Fault),
}
