//! How things look from outside: plain data for windows, browsers and terminals.

mod block;
mod chat;
mod document;
mod explanation;
mod folder;
mod model;
mod neighbour;
mod page;
mod removed;
mod search;
mod step;
mod trust;

pub use block::*;
pub use chat::*;
pub use document::*;
pub use explanation::*;
pub use folder::*;
pub use model::*;
pub use neighbour::*;
pub use page::*;
pub use removed::*;
pub use search::*;
pub use step::*;
pub use trust::*;

use crate::*;
use serde::{Deserialize, Serialize};

/// A half-open range of chars: `start..end`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Span {
    /// The first char.
    pub start: u32,
    /// One past the last char.
    pub end: u32,
}

/// Who does something. Rights follow from this, never from what a text says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "who", rename_all = "snake_case")]
pub enum Actor {
    /// A person at this device.
    Person {
        /// Which member.
        member: MemberId,
    },
    /// An agent, on behalf of a person.
    Agent {
        /// Which agent.
        agent: AgentId,
        /// For whom.
        member: MemberId,
    },
    /// Atelier itself: recovery, indexing, housekeeping.
    System,
}

/// Where something ran or went. Anything that is neither here nor a team device is outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// This machine.
    Here,
    /// A device of a member.
    Team,
    /// Anything else.
    Outside,
}

/// The first screen's data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Events after this number are not in the snapshot.
    pub seq: u64,
    /// Atelier's version.
    pub version: String,
    /// The workspace.
    pub workspace: WorkspaceView,
    /// Its agents.
    pub agents: Vec<AgentView>,
    /// Its chats, newest first.
    pub chats: Vec<ChatView>,
    /// Its documents, newest first.
    pub documents: Vec<DocumentView>,
    /// The folders that are watched.
    #[serde(default)]
    pub folders: Vec<FolderView>,
    /// The other workspaces on this machine that are searched from here.
    #[serde(default)]
    pub neighbours: Vec<NeighbourView>,
    /// Where the import is.
    pub import: ImportProgress,
    /// The models on disk.
    pub models: ModelsView,
    /// The engine process.
    pub engine: EngineState,
    /// What left this machine.
    pub egress: EgressTotals,
    /// Approvals that wait.
    pub approvals: Vec<ApprovalView>,
    /// Turns that run or wait.
    pub turns: Vec<RunningTurn>,
    /// The settings.
    pub settings: Settings,
    /// What a person should know from the start (a restored backup, a key in a file, …).
    pub notices: Vec<Fault>,
}

/// The workspace, its person and its device.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorkspaceView {
    /// The id.
    pub id: WorkspaceId,
    /// The name.
    pub name: String,
    /// You.
    pub member: MemberId,
    /// Your name.
    pub member_name: String,
    /// This device.
    pub device: DeviceId,
    /// Where the device's private key is kept.
    pub key_place: KeyPlace,
    /// The device's public key, hex.
    pub public_key: String,
    /// The data folder.
    pub data_dir: String,
}

/// Where a device key is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyPlace {
    /// The operating system's keychain.
    Keychain,
    /// A file that only this user can read, since no keychain answered.
    File,
    /// Memory only (tests).
    Memory,
}

/// An agent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AgentView {
    /// The id.
    pub id: AgentId,
    /// The role's key: `assistant` or `researcher`.
    pub role: String,
    /// Its name.
    pub name: String,
    /// One line on what it does.
    pub about: String,
    /// Its maker's mark, an index into the fixed set.
    pub mark: u8,
}

/// What a person can set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Light, dark or as the system says.
    pub theme: Theme,
    /// The interface's language: `system`, `en` or `fr`.
    pub language: String,
    /// Text size in percent, 90 to 200.
    pub text_size: u32,
    /// The person's name.
    pub name: String,
    /// The model for answers: a model's id, or `endpoint:NAME`. None: the only or the first one.
    pub chat_model: Option<String>,
    /// The role for new chats.
    pub role: String,
    /// Sampling temperature, 0 (greedy) to 2.
    pub temperature: f32,
    /// The longest answer in tokens.
    pub max_tokens: u32,
    /// Minutes without a question after which the engine gives its memory back; 0: never.
    pub unload_after_min: u32,
    /// A reranker orders what is found, where one is installed.
    pub rerank: bool,
    /// The first-run screens were finished or skipped.
    pub welcomed: bool,
    /// The address of a mirror that models are fetched from; None: the catalogue's hub.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model_hub: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            theme: Theme::System,
            language: "system".into(),
            text_size: 100,
            name: String::new(),
            chat_model: None,
            role: "researcher".into(),
            temperature: 0.0,
            max_tokens: 512,
            unload_after_min: 10,
            rerank: true,
            welcomed: false,
            model_hub: None,
        }
    }
}

/// Light, dark or as the system says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// As the system says.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}
