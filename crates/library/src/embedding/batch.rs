//! How a batch of passages becomes vectors, where the model cannot read all of them.

use super::{ANY_TEXT, BETWEEN_TRIES, TRIES};
use crate::{chunk, library::Embed, vectors::normalise};
use store::{StoredVector, Unembedded};

/// What became of a batch.
#[derive(Default)]
pub struct Batch {
    /// The vectors.
    pub vectors: Vec<StoredVector>,
    /// Passages that the model cannot read.
    pub refused: Vec<i64>,
}

/// Embeds what can be embedded of some passages: where the model answers but not for all of them, the
/// one that it cannot read is found by halving. None: the model does not answer at all.
pub async fn embed(embedder: &dyn Embed, some: &[Unembedded]) -> Option<Batch> {
    let mut batch = Batch::default();
    for attempt in 1..=TRIES {
        if ask(embedder, some, &mut batch).await {
            return Some(batch);
        }
        if attempt < TRIES {
            tokio::time::sleep(BETWEEN_TRIES).await;
        }
    }
    if embedder.embed(vec![ANY_TEXT.to_owned()]).await.is_err() {
        return None;
    }
    // The whole has just failed. Each turn takes a part away or makes two smaller ones of it.
    let mut parts = halves(some, &mut batch);
    while let Some(part) = parts.pop() {
        if !ask(embedder, part, &mut batch).await {
            parts.extend(halves(part, &mut batch));
        }
    }
    Some(batch)
}

/// The two halves of passages that failed together; a single one is refused.
fn halves<'a>(part: &'a [Unembedded], batch: &mut Batch) -> Vec<&'a [Unembedded]> {
    match part {
        [] => Vec::new(),
        [one] => {
            batch.refused.push(one.id);
            Vec::new()
        }
        more => {
            let (first, second) = more.split_at(more.len() / 2);
            vec![second, first]
        }
    }
}

/// Asks the model once; false where it gave no answer or not one for each.
async fn ask(embedder: &dyn Embed, some: &[Unembedded], batch: &mut Batch) -> bool {
    let vectors = match embedder.embed(some.iter().map(text).collect()).await {
        Ok(vectors) if vectors.len() == some.len() => vectors,
        Ok(vectors) => {
            tracing::warn!(asked = some.len(), got = vectors.len(), "the embedding model left some out");
            return false;
        }
        Err(error) => {
            tracing::warn!(%error, passages = some.len(), "the embedding model failed");
            return false;
        }
    };
    for (passage, mut vector) in some.iter().zip(vectors) {
        if normalise(&mut vector) {
            batch.vectors.push(StoredVector { id: passage.id, document: passage.document, vector });
        } else {
            batch.refused.push(passage.id);
        }
    }
    true
}

/// What the model reads of a passage: its heading too, where the passage does not begin with it, and the
/// header row of the table that it begins in the middle of.
fn text(passage: &Unembedded) -> String {
    chunk::whole(passage.section.as_deref(), passage.header.as_deref(), &passage.text)
}
