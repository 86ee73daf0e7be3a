//! Which thing is meant: one newtype per kind of thing, UUIDv7, so that ids sort by creation.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A fresh id: 48 bits of milliseconds, then random bits.
            #[cfg(not(target_arch = "wasm32"))]
            #[allow(clippy::new_without_default)] // two defaults would differ: say `new`
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }
        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(s: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(s).map(Self)
            }
        }
    )*};
}

ids! {
    /// A workspace: one log, one library, its people and agents.
    WorkspaceId,
    /// A person in a workspace.
    MemberId,
    /// A device that writes its own sequence of the log.
    DeviceId,
    /// An agent: a role with a name.
    AgentId,
    /// A chat: a tree of items.
    ChatId,
    /// An item of a chat: a question or an answer.
    ItemId,
    /// One run of an agent that produces an answer.
    TurnId,
    /// A document of the library.
    DocumentId,
    /// A folder of this machine that is watched.
    FolderId,
    /// A tool call that may need a decision.
    CallId,
    /// A policy rule.
    RuleId,
    /// A record of the log.
    RecordId,
    /// A line of the outbound ledger.
    EntryId,
}
