//! The task that gives passages their vectors, in the background and in batches.

use crate::{
    LibraryError,
    library::{Embed, Inner},
    vectors::{Vectors, normalise},
};
use std::{
    collections::HashSet,
    sync::{Arc, PoisonError},
    time::Duration,
};
use store::{StoredVector, Unembedded};

/// Passages that the model gets at once.
const BATCH: u32 = 16;
/// Vectors that are loaded at once.
const LOADED_AT_ONCE: u32 = 2_000;
/// A batch that failed is tried again so often, then left until something changes.
const TRIES: u32 = 3;
/// The wait before it is tried again, each time.
const BETWEEN_TRIES: Duration = Duration::from_secs(2);

/// Embeds what has no vector yet, until the library is closed.
pub(crate) async fn run(inner: Arc<Inner>) {
    let mut loaded: Option<String> = None;
    loop {
        tokio::select! {
            () = inner.stop.cancelled() => return,
            () = inner.wake_embedder.notified() => {}
        }
        let work = catch_up(&inner, &mut loaded);
        tokio::select! {
            () = inner.stop.cancelled() => return,
            done = work => if let Err(error) = done {
                tracing::error!(%error, "embedding passages");
            }
        }
    }
}

async fn catch_up(inner: &Inner, loaded: &mut Option<String>) -> Result<(), LibraryError> {
    let asked = inner.busy.borrow().to_embed;
    let done = match inner.embedder() {
        Some(embedder) => {
            let known = load(inner, &*embedder, loaded).await;
            match known {
                Ok(()) => embed_missing(inner, &*embedder).await,
                Err(error) => Err(error),
            }
        }
        None => Ok(()),
    };
    inner.busy.send_modify(|busy| busy.embedded = busy.embedded.max(asked));
    done
}

/// Loads the vectors that a model has made before.
async fn load(inner: &Inner, embedder: &dyn Embed, loaded: &mut Option<String>) -> Result<(), LibraryError> {
    if loaded.as_deref() == Some(embedder.id()) {
        return Ok(());
    }
    *inner.vectors.write().unwrap_or_else(PoisonError::into_inner) = Vectors::new(embedder.dims());
    inner.derived.keep_only_vectors_of(embedder.id()).await?;
    let mut after = 0;
    loop {
        let some = inner.derived.vectors(embedder.id(), after, LOADED_AT_ONCE).await?;
        let Some(last) = some.last() else { break };
        after = last.id;
        put(inner, &some);
    }
    *loaded = Some(embedder.id().to_owned());
    Ok(())
}

fn put(inner: &Inner, some: &[StoredVector]) {
    let mut vectors = inner.vectors.write().unwrap_or_else(PoisonError::into_inner);
    for one in some {
        vectors.put(one.id, one.document, &one.vector);
    }
}

async fn embed_missing(inner: &Inner, embedder: &dyn Embed) -> Result<(), LibraryError> {
    let mut after = 0;
    loop {
        if *inner.paused.borrow() {
            return Ok(());
        }
        let some = inner.derived.unembedded(embedder.id(), after, BATCH).await?;
        let Some(last) = some.last() else { return Ok(()) };
        after = last.id;
        let Some(new) = embed(embedder, &some).await else { return Ok(()) };
        let complete = inner.derived.add_vectors(embedder.id(), &new).await?;
        // A document that was removed meanwhile has no chunks, so SQLite kept none of its vectors;
        // nor must this copy.
        let ids: Vec<i64> = some.iter().map(|p| p.id).collect();
        let kept: HashSet<i64> = inner.derived.passages(&ids).await?.iter().map(|p| p.id).collect();
        put(inner, &new.into_iter().filter(|v| kept.contains(&v.id)).collect::<Vec<_>>());
        for document in complete {
            inner.tell(document).await;
        }
    }
}

/// The vectors of some passages; None when the model does not answer.
async fn embed(embedder: &dyn Embed, some: &[Unembedded]) -> Option<Vec<StoredVector>> {
    let texts: Vec<String> = some.iter().map(text).collect();
    for attempt in 1..=TRIES {
        match embedder.embed(texts.clone()).await {
            Ok(vectors) if vectors.len() == some.len() => {
                let each = some.iter().zip(vectors).filter_map(|(passage, mut vector)| {
                    normalise(&mut vector).then_some(StoredVector {
                        id: passage.id,
                        document: passage.document,
                        vector,
                    })
                });
                return Some(each.collect());
            }
            Ok(vectors) => tracing::warn!(asked = some.len(), got = vectors.len(), "the embedding model left some out"),
            Err(error) => tracing::warn!(%error, attempt, "the embedding model failed"),
        }
        tokio::time::sleep(BETWEEN_TRIES).await;
    }
    None
}

/// What the model reads of a passage: its heading too, where the passage does not begin with it.
fn text(passage: &Unembedded) -> String {
    match &passage.section {
        Some(section) if !passage.text.starts_with(section.as_str()) => format!("{section}\n{}", passage.text),
        Some(_) | None => passage.text.clone(),
    }
}
