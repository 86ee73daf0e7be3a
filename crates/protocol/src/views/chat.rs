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
    /// Whether the documents support the answer; None where that was not asked.
    pub supported: Option<Support>,
    /// How it was made; None for questions and while it runs.
    pub made: Option<Made>,
    /// All items that follow the same parent, this one included, oldest first.
    pub branches: Vec<ItemId>,
}

/// Whether the documents support an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", from = "StoredSupport")]
pub enum Support {
    /// The part of the answer that answers the question stands in a document.
    Yes,
    /// It does not; the sentence of a document that comes closest to the question is quoted after it.
    Quoted,
    /// Neither: the documents do not answer, or the answer is not what they say.
    No,
    /// The check was given up or failed.
    Unchecked,
}

/// As it may stand in the log: earlier versions wrote a yes or no.
#[derive(Deserialize)]
#[serde(untagged)]
enum StoredSupport {
    Old(bool),
    Now(SupportWord),
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum SupportWord {
    Yes,
    Quoted,
    No,
    Unchecked,
}

impl From<StoredSupport> for Support {
    fn from(stored: StoredSupport) -> Self {
        match stored {
            StoredSupport::Old(true) | StoredSupport::Now(SupportWord::Yes) => Self::Yes,
            StoredSupport::Old(false) | StoredSupport::Now(SupportWord::No) => Self::No,
            StoredSupport::Now(SupportWord::Quoted) => Self::Quoted,
            StoredSupport::Now(SupportWord::Unchecked) => Self::Unchecked,
        }
    }
}

/// A citation: a verbatim quote that code has found in the stored page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CitationView {
    /// Its number in the answer, from 1, by first appearance: one number is one quote, and the same
    /// quote keeps its number.
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
    /// What people call the place: `Rent!B4:D4`, `Slide 3`, a chapter; None where it is the page's number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// What became of the source since; looked up when a chat is read, and never recorded.
    #[serde(default, skip_serializing_if = "SourceNow::is_as_cited")]
    pub now: SourceNow,
    /// What the document is called now, where that is another name; looked up like `now`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub now_called: Option<String>,
}

/// What became of a citation's source since the answer was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceNow {
    /// Its page says what it said.
    #[default]
    AsCited,
    /// Its page says something else, or is not there any more.
    Changed,
    /// The document was removed.
    Removed,
}

impl SourceNow {
    /// Whether the quote can still be looked up where it stood.
    pub fn is_as_cited(&self) -> bool {
        *self == Self::AsCited
    }
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
