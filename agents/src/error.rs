//! What can go wrong with a turn before it runs, and how a person is told.

use library::LibraryError;
use models::ModelError;
use protocol::{CallId, Fault, FaultKind, ItemId};
use store::StoreError;

/// Everything the agents can fail with.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// A question without words.
    #[error("the question is empty")]
    Empty,
    /// A question, or its attachments, beyond the limit.
    #[error("{what} may be {limit} at most")]
    TooMuch {
        /// What.
        what: &'static str,
        /// How much.
        limit: usize,
    },
    /// Too many turns wait in this chat.
    #[error("{waiting} questions wait in this chat already")]
    QueueFull {
        /// How many.
        waiting: usize,
    },
    /// The item is not what the call needs.
    #[error("{item} {reason}")]
    WrongItem {
        /// Which.
        item: ItemId,
        /// What it is not.
        reason: &'static str,
    },
    /// The chat's agent has a role that this version does not know.
    #[error("there is no role {0}")]
    UnknownRole(String),
    /// Nothing waits for this decision any more.
    #[error("nothing waits for a decision on {0}")]
    NotWaiting(CallId),
    /// Only a person decides.
    #[error("only a person can decide")]
    NotAPerson,
    /// "Always" is not offered for this tool.
    #[error("this cannot be allowed for good")]
    NeverAlways,
    /// The answer cannot be repeated.
    #[error("this answer cannot be repeated: {0}")]
    NoReplay(&'static str),
    /// The app is closing.
    #[error("Atelier is closing")]
    Closing,
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The library.
    #[error(transparent)]
    Library(Box<LibraryError>),
    /// The model.
    #[error(transparent)]
    Model(#[from] ModelError),
}

impl AgentError {
    /// As a person is told.
    pub fn fault(&self) -> Fault {
        use FaultKind::{Busy, Invalid, NotFound, Refused, Unavailable};
        let new = |kind, code: &str, message: &str| Fault::new(kind, code, message);
        match self {
            Self::Empty => new(Invalid, "question.empty", "The question is empty.").hint("Write a question first."),
            Self::TooMuch { what, limit } => {
                Fault::new(Invalid, "question.too_long", format!("{what} may be {limit} at most."))
                    .hint("Add long texts as documents: they are searched and quoted.")
                    .with("limit", limit)
            }
            Self::QueueFull { waiting } => {
                Fault::new(Busy, "turn.queue_full", format!("{waiting} questions wait in this chat already."))
                    .hint("Wait for an answer, or stop one.")
                    .with("waiting", waiting)
            }
            Self::WrongItem { reason, .. } => Fault::new(Invalid, "item.wrong", format!("This item {reason}.")),
            Self::UnknownRole(role) => {
                Fault::new(NotFound, "agent.role", format!("This version of Atelier has no role “{role}”."))
                    .hint("Start a new chat with another agent, or update Atelier.")
                    .with("role", role)
            }
            Self::NotWaiting(_) => {
                new(NotFound, "approval.gone", "Nothing waits for this decision any more.").safe("Nothing was done.")
            }
            Self::NotAPerson => {
                new(Refused, "approval.person", "Only a person can decide this.").safe("Nothing was done.")
            }
            Self::NeverAlways => new(Refused, "approval.never_always", "This cannot be allowed for good.")
                .safe("Nothing was done.")
                .hint("Allow it once."),
            Self::NoReplay(reason) => {
                Fault::new(Invalid, "replay.impossible", format!("This answer cannot be repeated: {reason}."))
            }
            Self::Closing => new(Unavailable, "app.closing", "Atelier is closing."),
            Self::Store(error) => error.fault(),
            Self::Library(error) => error.fault(),
            Self::Model(error) => error.fault(),
        }
    }
}

impl From<LibraryError> for AgentError {
    fn from(error: LibraryError) -> Self {
        Self::Library(Box::new(error))
    }
}

impl From<AgentError> for Fault {
    fn from(error: AgentError) -> Self {
        error.fault()
    }
}
