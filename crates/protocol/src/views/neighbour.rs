//! Other workspaces on this machine that are searched from one.

use crate::*;
use serde::{Deserialize, Serialize};

/// Another workspace on this machine that is searched from here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NeighbourView {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// Its name.
    pub name: String,
    /// Its data folder.
    pub folder: String,
}

/// What a search found in another workspace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NeighbourFound {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// Its name.
    pub name: String,
    /// What was found, or why it could not be searched.
    pub outcome: NeighbourOutcome,
}

/// How a search in another workspace ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NeighbourOutcome {
    /// It was searched.
    Found(SearchReply),
    /// It could not be searched.
    Failed(Fault),
}
