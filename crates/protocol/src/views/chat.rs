//! Chats, their items, and the turns that write them.

use crate::*;
use serde::{Deserialize, Serialize};

/// A chat, without its items.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChatView {
    /// The id.
    pub id: ChatId,
    /// Who answers.
    pub agent: AgentId,
    /// The title; empty until the first question.
    pub title: String,
    /// When it was started.
    pub started_at: i64,
    /// When something was last said.
    pub changed_at: i64,
    /// How many items all branches have.
    pub items: u32,
}

/// A stretch of the chosen branch, oldest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChatPage {
    /// The chat.
    pub chat: ChatView,
    /// Items, oldest first.
    pub items: Vec<ItemView>,
    /// Whether older items exist.
    pub more: bool,
}

/// What an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemKind {
    /// A person's message.
    Question,
    /// An agent's answer.
    Answer,
}

/// How far an item is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum ItemStatus {
    /// Finished.
    Complete,
    /// Being written now.
    Writing,
    /// A person stopped it; what was written is kept and can be continued.
    Stopped,
    /// The app or the engine went away in the middle; can be continued.
    Interrupted,
    /// It hit the length limit; can be continued.
    CutShort,
    /// It failed.
    Failed {
        /// Why.
        fault: Fault,
    },
}

/// An item of a chat.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ItemView {
    /// The id.
    pub id: ItemId,
    /// Its chat.
    pub chat: ChatId,
    /// The item it follows.
    pub parent: Option<ItemId>,
    /// Question or answer.
    pub kind: ItemKind,
    /// The name of who said it.
    pub author: String,
    /// When.
    pub at: i64,
    /// The text: plain for questions, Markdown for answers.
    pub text: String,
    /// How far it is.
    pub status: ItemStatus,
    /// Documents attached to a question.
    pub attached: Vec<DocumentId>,
    /// What the agent did before and while it answered.
    pub steps: Vec<StepView>,
    /// Evidence found by code, in order of first appearance.
    pub citations: Vec<CitationView>,
    /// Parts of the answer that no passage supports.
    pub unsupported: Vec<Span>,
    /// Whether the documents answer the question; None where that was not asked.
    pub supported: Option<bool>,
    /// How it was made; None for questions and while it runs.
    pub made: Option<Made>,
    /// All items that follow the same parent, this one included, oldest first.
    pub branches: Vec<ItemId>,
}

/// A citation: a verbatim quote that code has found in the stored page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CitationView {
    /// Its number in the answer, from 1; the same passage keeps its number.
    pub number: u32,
    /// Where in the answer the mark stands: after this many chars.
    pub at: u32,
    /// The document.
    pub document: DocumentId,
    /// The document's name when the answer was written.
    pub name: String,
    /// The page, from 1.
    pub page: u32,
    /// Where the quote starts in the page's text, in chars.
    pub start: u32,
    /// Where it ends.
    pub end: u32,
    /// The quote, exactly as it stands on the page.
    pub quote: String,
    /// BLAKE3 of the page's text at the time, hex, so that a change is noticed.
    pub page_hash: String,
}

/// One row of work above an answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepView {
    /// What kind of work.
    pub kind: StepKind,
    /// How it stands.
    pub state: StepState,
    /// The query, the tool's summary or the reasoning's text.
    pub detail: String,
    /// How many passages or results.
    pub count: Option<u32>,
    /// How long it took, milliseconds.
    pub ms: Option<u64>,
}

/// What kind of work a step is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum StepKind {
    /// Searched the documents.
    Searched,
    /// Reasoned before answering.
    Reasoned,
    /// Called a tool.
    Tool {
        /// The tool's name.
        name: String,
    },
    /// Left parts out of the prompt because the model's context is full.
    LeftOut,
    /// Checked the answer against the passages.
    Checked,
}

/// How a step stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    /// Goes on.
    Running,
    /// Done.
    Done,
    /// Failed; the agent was told.
    Failed,
    /// Stopped by a person or the policy; the agent was told.
    Refused,
}

/// How an answer was made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Made {
    /// The model's name.
    pub model: String,
    /// Where it ran.
    pub place: Place,
    /// Tokens of the prompt.
    pub prompt_tokens: u32,
    /// Tokens written.
    pub completion_tokens: u32,
    /// Milliseconds from the question to the first word.
    pub ttft_ms: u64,
    /// Tokens per second while writing.
    pub tokens_per_second: f32,
    /// Bytes that left this machine for this answer.
    pub egress_bytes: u64,
}

/// Where a turn is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum TurnState {
    /// Waits for `ahead` other turns.
    Queued {
        /// How many.
        ahead: u32,
    },
    /// Searches the documents.
    Searching,
    /// The engine loads the model: bytes.
    Loading {
        /// Bytes loaded.
        done: u64,
        /// Bytes in all; 0 where not known.
        total: u64,
    },
    /// The model reads the prompt: tokens.
    Reading {
        /// Tokens read.
        done: u32,
        /// Tokens in all.
        total: u32,
    },
    /// The model writes.
    Writing,
    /// A tool runs.
    Working,
    /// A person must decide.
    Asking,
    /// Code checks the answer against the passages.
    Checking,
    /// Stopping after the current token.
    Stopping,
}

/// A turn that runs or waits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunningTurn {
    /// The turn.
    pub turn: TurnId,
    /// Its chat.
    pub chat: ChatId,
    /// The answer being written, once there is one.
    pub item: Option<ItemId>,
    /// Where it is.
    pub state: TurnState,
}

/// What a person decides on an approval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// This once.
    AllowOnce,
    /// Always in this workspace: becomes a rule.
    AllowAlways,
    /// No; the agent is told and may go on.
    Deny,
    /// Nobody answered in time: nothing was done.
    Expired,
}

/// A tool call that waits for a person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ApprovalView {
    /// The call.
    pub asked: CallId,
    /// Its chat.
    pub chat: ChatId,
    /// Who asks.
    pub agent: String,
    /// The tool.
    pub tool: String,
    /// How far the tool reaches.
    pub reach: Reach,
    /// Exactly what it would do, for a person.
    pub summary: String,
    /// Whether the policy permits "always".
    pub may_always: bool,
    /// When it was asked.
    pub at: i64,
}

/// How an answer came about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// The answer.
    pub item: ItemId,
    /// The model's name.
    pub model: String,
    /// SHA-256 of the model file, hex; empty for endpoints.
    pub model_hash: String,
    /// The engine's name and version.
    pub engine: String,
    /// Sampling temperature.
    pub temperature: f32,
    /// Sampling top-p.
    pub top_p: f32,
    /// Random seed.
    pub seed: u64,
    /// The longest answer allowed, in tokens.
    pub max_tokens: u32,
    /// The messages as sent, in order: role and content.
    pub prompt: Vec<(String, String)>,
    /// The passages the model saw.
    pub passages: Vec<PassageView>,
    /// What was left out of the prompt, in words.
    pub left_out: Vec<String>,
}

/// A passage that a model saw.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PassageView {
    /// The document.
    pub document: DocumentId,
    /// Its name.
    pub name: String,
    /// The page, from 1.
    pub page: u32,
    /// Where it starts in the page's text.
    pub start: u32,
    /// Where it ends.
    pub end: u32,
    /// BLAKE3 of the passage, hex.
    pub hash: String,
    /// The fused score.
    pub score: f32,
}

/// What a repeated answer showed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReplayReport {
    /// The answer.
    pub item: ItemId,
    /// Whether the same text came out.
    pub same: bool,
    /// What differs, one sentence each: model file, engine, passages, text.
    pub differences: Vec<String>,
    /// The repeated text.
    pub text: String,
}
