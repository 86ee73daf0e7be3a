//! Watched folders: which there are, and how far the library is in step with each.

use crate::*;
use serde::{Deserialize, Serialize};

/// A folder of this machine that the library is kept in step with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FolderView {
    /// The id.
    pub id: FolderId,
    /// Where it lies.
    pub path: String,
    /// When it was added.
    pub added_at: i64,
    /// How many of its files are documents.
    pub files: u32,
    /// How many documents are out of sight because their files are gone from it.
    #[serde(default)]
    pub gone: u32,
    /// When all of it was looked through last.
    pub looked_at: Option<i64>,
    /// What goes on with it.
    pub state: FolderState,
    /// What a person should know of how it is watched: not every change is told at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Fault>,
    /// Files of the last look that are no documents, with the reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<LeftOutFile>,
    /// How many more were left out than are listed.
    #[serde(default)]
    pub more_left_out: u32,
    /// What the last look passed over by design.
    #[serde(default)]
    pub passed_over: PassedOver,
}

/// What goes on with a watched folder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum FolderState {
    /// It is to be looked through.
    Waiting,
    /// It is being looked through.
    Looking {
        /// Files that were new or changed and are dealt with.
        done: u32,
        /// Files that are new or changed, as far as is known.
        total: u32,
    },
    /// The library is in step with it, and changes are noticed.
    Watching,
    /// A person paused it.
    Paused,
    /// It cannot be looked through now; nothing was removed, and it is tried again.
    Unreachable {
        /// Why.
        fault: Fault,
    },
}
