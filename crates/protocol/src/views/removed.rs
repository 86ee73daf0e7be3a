//! What was removed and can come back.

use crate::{ChatId, DocumentId};
use serde::{Deserialize, Serialize};

/// What was removed and not erased, the last first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Removed {
    /// The chats.
    pub chats: Vec<RemovedChat>,
    /// The documents.
    pub documents: Vec<RemovedDocument>,
}

/// A chat that is out of sight.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RemovedChat {
    /// The chat.
    pub chat: ChatId,
    /// Its title; empty until the first question.
    pub title: String,
    /// How many items it has.
    pub items: u32,
    /// When it was removed.
    pub removed_at: i64,
}

/// A document that is out of sight.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RemovedDocument {
    /// The document.
    pub document: DocumentId,
    /// Its name.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// How many answers quote it.
    pub answers: u32,
    /// When it was removed.
    pub removed_at: i64,
    /// The watched folder that its file is gone from, where that is why it was removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gone_from: Option<String>,
}
