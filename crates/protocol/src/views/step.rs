//! What an agent did before and while it answered: steps, approvals, and what can be taken back.
//!
//! Whatever a person reads is a closed set here, and the clients have the words for it. Earlier
//! versions wrote sentences into the log: they are still read, as they are.

use crate::*;
use serde::{Deserialize, Serialize};
use std::fmt;

/// One row of work above an answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepView {
    /// What kind of work.
    pub kind: StepKind,
    /// How it stands.
    pub state: StepState,
    /// More about it.
    pub detail: Detail,
    /// How many passages or results.
    pub count: Option<u32>,
    /// How long it took, milliseconds.
    pub ms: Option<u64>,
    /// What a person, or the time that was up, decided on it; None where nobody was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided: Option<Decision>,
    /// How what it did can be taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undo: Option<Undo>,
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

/// What there is to read about a step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Detail {
    /// A person's or a model's own words: the query, the reasoning. Empty: nothing.
    Text(String),
    /// What did not get into the prompt.
    LeftOut(Vec<LeftOut>),
    /// What a tool call would do, or did.
    Does(Summary),
    /// Why a tool call came to nothing.
    Failed {
        /// Why.
        failed: ToolTrouble,
    },
}

impl Default for Detail {
    fn default() -> Self {
        Self::Text(String::new())
    }
}

/// Exactly what a tool call would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Summary {
    /// Something that the clients have words for.
    Known(Doing),
    /// Words: a query, or a sentence of an earlier version.
    Text(String),
}

/// What tools can do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "does", rename_all = "snake_case")]
pub enum Doing {
    /// Gives the chat another title.
    RenameChat {
        /// The new one.
        title: String,
    },
}

/// In English, for terminals.
impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(Doing::RenameChat { title }) => write!(f, "Rename this chat to “{title}”"),
            Self::Text(words) => f.write_str(words),
        }
    }
}

/// How something can be taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "does", rename_all = "snake_case")]
pub enum Undo {
    /// The chat gets its old title back, as long as it has the new one.
    RenameChat {
        /// The title before.
        from: String,
        /// The title that the call gave it.
        to: String,
    },
}

/// Why a tool call came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolTrouble {
    /// There is no such tool.
    Unknown,
    /// The model gave it arguments that it does not take.
    Arguments,
    /// It took too long and was stopped.
    TooSlow,
    /// It broke; a notice says how.
    Broke,
}

/// Something that did not get into a prompt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum LeftOut {
    /// How many of what.
    Part {
        /// What.
        what: Part,
        /// How many.
        count: u32,
    },
    /// A sentence of an earlier version.
    Text(String),
}

/// What can be left out of a prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The oldest questions of the chat with their answers.
    OldestExchanges,
    /// The weakest passages.
    WeakestPassages,
    /// Passages beyond what a very small model can keep apart.
    PassagesForSmallModel,
    /// The middle of a long earlier message.
    MiddleOfMessage,
    /// The middle of a long passage.
    MiddleOfPassage,
    /// The middle of a long tool result.
    MiddleOfToolResult,
    /// The middle of the question.
    MiddleOfQuestion,
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
    /// Exactly what it would do.
    pub summary: Summary,
    /// Whether the policy permits "always".
    pub may_always: bool,
    /// When it was asked.
    pub at: i64,
}
