//! What can happen in a workspace: the closed list of changes, and their form in the log.

use crate::StoreError;
use protocol::*;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A change to a workspace. Its JSON is the body of a record: a promise to every later version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
#[allow(missing_docs)] // a field's name and type, and its variant's doc, say it
pub enum Change {
    /// The workspace begins.
    WorkspaceStarted { workspace: WorkspaceId, name: String },
    /// A person joins.
    MemberJoined { member: MemberId, name: String },
    /// A device may write; its public key is hex.
    DeviceAdded { device: DeviceId, member: MemberId, name: String, public_key: String },
    /// An agent joins, or its role file says something else from now on.
    AgentAdded { agent: AgentId, role: String, name: String, about: String, mark: u8 },
    /// A chat begins.
    ChatStarted { chat: ChatId, agent: AgentId, title: String },
    /// A chat gets a title.
    ChatRenamed { chat: ChatId, title: String },
    /// A chat goes out of sight.
    ChatRemoved { chat: ChatId },
    /// A removed chat comes back.
    ChatRestored { chat: ChatId },
    /// A chat is erased: its bodies go from the log, its rows from the tables.
    ChatPurged { chat: ChatId },
    /// The branch that an item is on is the one to show.
    BranchChosen { chat: ChatId, item: ItemId },
    /// A person says something.
    MessageAdded {
        item: ItemId,
        chat: ChatId,
        parent: Option<ItemId>,
        author: String,
        text: String,
        attached: Vec<DocumentId>,
    },
    /// An agent begins an answer; for an item that is there already, it goes on writing it.
    AnswerStarted { item: ItemId, chat: ChatId, parent: ItemId, agent: AgentId, turn: TurnId },
    /// An answer ends, with all that is known about it.
    AnswerEnded {
        item: ItemId,
        text: String,
        status: ItemStatus,
        steps: Vec<StepView>,
        citations: Vec<CitationView>,
        unsupported: Vec<Span>,
        supported: Option<Support>,
        made: Option<Made>,
        explanation: Option<Box<Explanation>>,
    },
    /// A tool call waits for a person.
    ApprovalAsked {
        asked: CallId,
        chat: ChatId,
        agent: String,
        tool: String,
        reach: Reach,
        summary: Summary,
        may_always: bool,
    },
    /// A person, or time, has decided. The first decision stands.
    ApprovalSettled { asked: CallId, decision: Decision },
    /// A document is in the library; its bytes are the blob of this hash.
    DocumentAdded { document: DocumentId, name: String, origin: String, format: String, bytes: u64, hash: String },
    /// A document came inside another one, a message or an archive, and goes with it. None: it came by
    /// itself too, and stays when the other goes.
    DocumentCameIn { document: DocumentId, container: Option<DocumentId> },
    /// A document goes out of sight and out of every search.
    DocumentRemoved { document: DocumentId },
    /// A removed document comes back.
    DocumentRestored { document: DocumentId },
    /// A document is erased.
    DocumentPurged { document: DocumentId },
    /// A document's file has other content: the blob of this hash from now on. The one before is an
    /// earlier version of it, kept for what was quoted of it.
    DocumentRevised { document: DocumentId, format: String, bytes: u64, hash: String },
    /// A document's file has another name or place.
    DocumentMoved { document: DocumentId, name: String, origin: String },
    /// A document's file is gone from its watched folder: it goes out of sight and search as one that
    /// was removed, and comes back the same way.
    DocumentGone { document: DocumentId, folder: FolderId },
    /// A document gets a label, or loses it.
    DocumentLabelled { document: DocumentId, label: String, held: bool },
    /// A person has a folder of the device that records this watched.
    FolderWatched { folder: FolderId, member: MemberId, path: String },
    /// A watched folder is paused, or watched again.
    FolderPaused { folder: FolderId, paused: bool },
    /// A folder is no longer watched.
    FolderForgotten { folder: FolderId },
    /// A policy rule holds.
    RuleSet { rule: RuleId, subject: RuleSubject, verdict: Verdict },
    /// A policy rule no longer holds.
    RuleRemoved { rule: RuleId },
    /// An endpoint is configured. Its key, if any, is kept elsewhere.
    EndpointSet { name: String, url: String, model: String, has_key: bool },
    /// An endpoint is forgotten.
    EndpointRemoved { name: String },
    /// The settings are these.
    SettingsChanged { settings: Settings },
    /// Something went outside or wanted to; a later record with the entry's id has the final counts.
    WentOut { entry: LedgerEntry },
    /// The workspace is sealed or no longer sealed.
    Sealed { sealed: bool },
    /// A record's body is erased: it held words of a purged document, and a later record has the rest.
    RecordErased { record: RecordId },
}

/// What the purge of which thing erases a record's body.
pub(crate) enum Scope {
    /// Nothing does.
    Never,
    /// The purge of this chat or document.
    Of(Uuid),
    /// The purge of the chat that this item is in.
    OfItem(ItemId),
    /// The purge of the chat that this approval is in.
    OfApproval(CallId),
}

impl Change {
    /// The kind, as it stands in the log.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::WorkspaceStarted { .. } => "workspace_started",
            Self::MemberJoined { .. } => "member_joined",
            Self::DeviceAdded { .. } => "device_added",
            Self::AgentAdded { .. } => "agent_added",
            Self::ChatStarted { .. } => "chat_started",
            Self::ChatRenamed { .. } => "chat_renamed",
            Self::ChatRemoved { .. } => "chat_removed",
            Self::ChatRestored { .. } => "chat_restored",
            Self::ChatPurged { .. } => "chat_purged",
            Self::BranchChosen { .. } => "branch_chosen",
            Self::MessageAdded { .. } => "message_added",
            Self::AnswerStarted { .. } => "answer_started",
            Self::AnswerEnded { .. } => "answer_ended",
            Self::ApprovalAsked { .. } => "approval_asked",
            Self::ApprovalSettled { .. } => "approval_settled",
            Self::DocumentAdded { .. } => "document_added",
            Self::DocumentCameIn { .. } => "document_came_in",
            Self::DocumentRemoved { .. } => "document_removed",
            Self::DocumentRestored { .. } => "document_restored",
            Self::DocumentPurged { .. } => "document_purged",
            Self::DocumentRevised { .. } => "document_revised",
            Self::DocumentMoved { .. } => "document_moved",
            Self::DocumentGone { .. } => "document_gone",
            Self::DocumentLabelled { .. } => "document_labelled",
            Self::FolderWatched { .. } => "folder_watched",
            Self::FolderPaused { .. } => "folder_paused",
            Self::FolderForgotten { .. } => "folder_forgotten",
            Self::RuleSet { .. } => "rule_set",
            Self::RuleRemoved { .. } => "rule_removed",
            Self::EndpointSet { .. } => "endpoint_set",
            Self::EndpointRemoved { .. } => "endpoint_removed",
            Self::SettingsChanged { .. } => "settings_changed",
            Self::WentOut { .. } => "went_out",
            Self::Sealed { .. } => "sealed",
            Self::RecordErased { .. } => "record_erased",
        }
    }

    /// What it is about: an id, or a name for things that have none.
    pub fn subject(&self) -> String {
        match self {
            Self::WorkspaceStarted { workspace, .. } => workspace.to_string(),
            Self::MemberJoined { member, .. } => member.to_string(),
            Self::DeviceAdded { device, .. } => device.to_string(),
            Self::AgentAdded { agent, .. } => agent.to_string(),
            Self::ChatStarted { chat, .. }
            | Self::ChatRenamed { chat, .. }
            | Self::ChatRemoved { chat }
            | Self::ChatRestored { chat }
            | Self::ChatPurged { chat } => chat.to_string(),
            Self::BranchChosen { item, .. }
            | Self::MessageAdded { item, .. }
            | Self::AnswerStarted { item, .. }
            | Self::AnswerEnded { item, .. } => item.to_string(),
            Self::ApprovalAsked { asked, .. } | Self::ApprovalSettled { asked, .. } => asked.to_string(),
            Self::DocumentAdded { document, .. }
            | Self::DocumentCameIn { document, .. }
            | Self::DocumentRemoved { document }
            | Self::DocumentRestored { document }
            | Self::DocumentPurged { document }
            | Self::DocumentRevised { document, .. }
            | Self::DocumentMoved { document, .. }
            | Self::DocumentGone { document, .. }
            | Self::DocumentLabelled { document, .. } => document.to_string(),
            Self::FolderWatched { folder, .. }
            | Self::FolderPaused { folder, .. }
            | Self::FolderForgotten { folder } => folder.to_string(),
            Self::RuleSet { rule, .. } | Self::RuleRemoved { rule } => rule.to_string(),
            Self::EndpointSet { name, .. } | Self::EndpointRemoved { name } => name.clone(),
            Self::WentOut { entry } => entry.id.to_string(),
            Self::RecordErased { record } => record.to_string(),
            Self::SettingsChanged { .. } | Self::Sealed { .. } => String::new(),
        }
    }

    pub(crate) fn scope(&self) -> Scope {
        match self {
            Self::ChatStarted { chat, .. }
            | Self::ChatRenamed { chat, .. }
            | Self::ChatRemoved { chat }
            | Self::ChatRestored { chat }
            | Self::BranchChosen { chat, .. }
            | Self::MessageAdded { chat, .. }
            | Self::AnswerStarted { chat, .. }
            | Self::ApprovalAsked { chat, .. } => Scope::Of(chat.0),
            Self::AnswerEnded { item, .. } => Scope::OfItem(*item),
            Self::ApprovalSettled { asked, .. } => Scope::OfApproval(*asked),
            Self::DocumentAdded { document, .. }
            | Self::DocumentCameIn { document, .. }
            | Self::DocumentRemoved { document }
            | Self::DocumentRestored { document }
            | Self::DocumentRevised { document, .. }
            | Self::DocumentMoved { document, .. }
            | Self::DocumentGone { document, .. }
            | Self::DocumentLabelled { document, .. } => Scope::Of(document.0),
            Self::WorkspaceStarted { .. }
            | Self::MemberJoined { .. }
            | Self::DeviceAdded { .. }
            | Self::AgentAdded { .. }
            | Self::ChatPurged { .. }
            | Self::DocumentPurged { .. }
            | Self::FolderWatched { .. }
            | Self::FolderPaused { .. }
            | Self::FolderForgotten { .. }
            | Self::RuleSet { .. }
            | Self::RuleRemoved { .. }
            | Self::EndpointSet { .. }
            | Self::EndpointRemoved { .. }
            | Self::SettingsChanged { .. }
            | Self::WentOut { .. }
            | Self::Sealed { .. }
            | Self::RecordErased { .. } => Scope::Never,
        }
    }
}

/// The form of a body in the log. A later form gets the next number and its own branch in `decode`.
const FORM: u32 = 1;

#[derive(Serialize)]
struct Wire<'a> {
    v: u32,
    #[serde(flatten)]
    change: &'a Change,
}

#[derive(Deserialize)]
struct Form {
    v: u32,
}

/// The body of a record.
pub(crate) fn encode(change: &Change) -> Result<Vec<u8>, StoreError> {
    Ok(serde_json::to_vec(&Wire { v: FORM, change })?)
}

/// The change in a body.
pub(crate) fn decode(number: i64, body: &[u8]) -> Result<Change, StoreError> {
    let unreadable = |reason: String| StoreError::Unreadable { number, reason };
    match serde_json::from_slice::<Form>(body).map_err(|error| unreadable(error.to_string()))?.v {
        FORM => serde_json::from_slice(body).map_err(|error| unreadable(error.to_string())),
        other => Err(unreadable(format!("its form {other} is not known here"))),
    }
}

#[cfg(test)]
mod tests;
