//! What was asked for, and what was found.

use super::query::{by_date, only_conditions};
use crate::client::Client;
use protocol::{DocumentId, Fault, MoreLikeThis, Search, SearchMode, SearchReply, WorkspaceId};

/// The most that a search gives.
const MOST: u32 = 200;

/// What was asked for.
#[derive(Clone, PartialEq)]
pub(super) enum Asked {
    /// What is typed.
    Query {
        /// The words and the conditions.
        text: String,
        /// How.
        mode: SearchMode,
        /// In which other workspace; None: in this one.
        within: Option<WorkspaceId>,
    },
    /// Passages like one.
    Like {
        /// Its document.
        document: DocumentId,
        /// Its page.
        page: u32,
        /// Where it starts.
        start: u32,
        /// What it is called: where it stands, and the document.
        label: String,
    },
}

impl Asked {
    /// Searches.
    ///
    /// # Errors
    /// What the backend says.
    pub(super) async fn find(&self, client: Client, limit: u32) -> Result<SearchReply, Fault> {
        match self {
            Self::Query { text, mode, within } => {
                client.call(Search { query: text.clone(), mode: *mode, limit, within: *within }).await
            }
            Self::Like { document, page, start, .. } => {
                client.call(MoreLikeThis { document: *document, page: *page, start: *start, limit }).await
            }
        }
    }
}

/// What a search found, and what was asked for.
#[derive(Clone, PartialEq)]
pub(super) struct Found {
    /// What was asked for.
    pub asked: Asked,
    /// The most passages that were asked for.
    pub limit: u32,
    /// What was found.
    pub reply: SearchReply,
}

impl Found {
    /// Whether there are passages that are not on the screen.
    pub(super) fn is_cut(&self) -> bool {
        let all: u32 = self.reply.facets.formats.iter().map(|one| one.count).sum();
        let shown = self.reply.hits.len() as u32;
        shown >= self.limit && all > shown
    }

    /// Whether the same was typed for both.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        match (&self.asked, &other.asked) {
            (Asked::Query { text, within, .. }, Asked::Query { text: other, within: there, .. }) => {
                text == other && within == there
            }
            (Asked::Query { .. } | Asked::Like { .. }, _) => false,
        }
    }

    /// How many to ask for next; None: there are none, or a search gives no more.
    pub(super) fn next_limit(&self) -> Option<u32> {
        (self.is_cut() && self.limit < MOST).then(|| (self.limit * 2).min(MOST))
    }

    /// Whether it was searched by words though meaning was asked for, and a query has words that mean something.
    pub(super) fn lacks_meaning(&self) -> bool {
        match &self.asked {
            Asked::Query { text, mode, .. } => {
                self.reply.mode == SearchMode::Text
                    && *mode != SearchMode::Text
                    && !only_conditions(text)
                    && !by_date(text)
            }
            Asked::Like { .. } => false,
        }
    }
}
