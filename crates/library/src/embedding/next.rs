//! Which passages get their vectors next.

use super::{BATCH, COUNT_EVERY, DOCUMENTS};
use crate::{LibraryError, library::Inner};
use protocol::DocumentId;
use std::{
    collections::{HashSet, VecDeque},
    time::Instant,
};
use store::Unembedded;

/// The passages that are embedded next, what was imported last first.
#[derive(Default)]
pub struct Next {
    documents: VecDeque<(DocumentId, i64)>,
    asked: Option<Instant>,
    /// Documents of which nothing waits but passages that the model cannot read.
    done: HashSet<DocumentId>,
}

impl Next {
    /// The next batch; empty where nothing waits.
    pub async fn batch(
        &mut self,
        inner: &Inner,
        model: &str,
        refused: &HashSet<i64>,
    ) -> Result<Vec<Unembedded>, LibraryError> {
        let mut batch = Vec::new();
        // What has come meanwhile goes before what waits.
        if self.asked.is_none_or(|at| at.elapsed() >= COUNT_EVERY) {
            self.documents.clear();
        }
        while batch.len() < BATCH as usize {
            let Some((document, after)) = self.documents.front().copied() else {
                if !self.ask(inner).await? {
                    break;
                }
                continue;
            };
            let room = BATCH - batch.len() as u32;
            let mut some = inner.derived.unembedded(model, document, after, room).await?;
            match some.last() {
                Some(last) if some.len() as u32 == room => self.documents[0] = (document, last.id),
                Some(_) | None => {
                    self.documents.pop_front();
                    if some.iter().all(|passage| refused.contains(&passage.id)) {
                        self.done.insert(document);
                    }
                }
            }
            some.retain(|passage| !refused.contains(&passage.id));
            batch.append(&mut some);
        }
        Ok(batch)
    }

    /// Asks which documents wait; false where none does.
    async fn ask(&mut self, inner: &Inner) -> Result<bool, LibraryError> {
        self.asked = Some(Instant::now());
        let limit = DOCUMENTS + u32::try_from(self.done.len()).unwrap_or(u32::MAX);
        let waiting = inner.derived.to_embed(limit).await?;
        self.documents = waiting.into_iter().filter(|document| !self.done.contains(document)).map(|d| (d, 0)).collect();
        Ok(!self.documents.is_empty())
    }
}
