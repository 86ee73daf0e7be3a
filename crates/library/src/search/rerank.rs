//! The best passages in the order that a reranker gives them, where one is here and is quick enough.

use crate::{
    Library, chunk,
    library::{Inner, Rank},
};
use std::{
    sync::{Arc, PoisonError},
    time::Duration,
};
use store::StoredPassage;

/// How many passages a reranker reads: the best by words and meaning. What is not among these is hardly
/// ever the answer, and each costs what a passage costs to embed.
pub const READ: usize = 20;

impl Library {
    /// Uses this reranker from now on. None: what is found is ordered without one.
    pub fn set_ranker(&self, ranker: Option<Arc<dyn Rank>>) {
        *self.inner.ranker.write().unwrap_or_else(PoisonError::into_inner) = ranker;
    }
}

impl Inner {
    pub(super) fn ranker(&self) -> Option<Arc<dyn Rank>> {
        self.ranker.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts the first passages in a reranker's order, the rest after them as they were. Returns whether it
    /// did: without a reranker, or with one that fails or takes longer than `patience`, nothing changes.
    pub(super) async fn rerank(&self, query: &str, ordered: &mut [(StoredPassage, f32)], patience: Duration) -> bool {
        let Some(ranker) = self.ranker() else { return false };
        let read = ordered.len().min(READ);
        let first = &mut ordered[..read];
        if first.is_empty() || query.trim().is_empty() {
            return false;
        }
        let texts: Vec<String> = first.iter().map(|(passage, _)| text(passage)).collect();
        match tokio::time::timeout(patience, ranker.rank(query, &texts)).await {
            Ok(Ok(scores)) if scores.len() == texts.len() => {
                reorder(first, &scores);
                true
            }
            Ok(Ok(scores)) => {
                tracing::warn!(asked = texts.len(), got = scores.len(), "the reranker left some out");
                false
            }
            Ok(Err(error)) => {
                tracing::warn!(%error, "the reranker failed; the order is without it");
                false
            }
            Err(_) => {
                tracing::warn!("the reranker takes too long; the order is without it");
                false
            }
        }
    }
}

/// What a reranker reads of a passage: what the embedding model reads of it.
fn text(passage: &StoredPassage) -> String {
    chunk::whole(passage.section.as_deref(), passage.header.as_deref(), &passage.text)
}

/// Puts passages in the order of `scores`, best first; equals stay as they were. Each place keeps the fused
/// score that it had, so that what is shown goes down the list and is comparable with other searches'.
fn reorder(passages: &mut [(StoredPassage, f32)], scores: &[f32]) {
    let places: Vec<f32> = passages.iter().map(|(_, score)| *score).collect();
    let mut order: Vec<usize> = (0..passages.len()).collect();
    order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
    let taken: Vec<StoredPassage> = order.into_iter().map(|at| passages[at].0.clone()).collect();
    for ((place, passage), score) in passages.iter_mut().zip(taken).zip(places) {
        *place = (passage, score);
    }
}
