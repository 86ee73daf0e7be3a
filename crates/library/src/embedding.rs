//! The task that gives passages their vectors, in the background and in batches.

mod batch;
pub(crate) mod nearness;
mod next;

use crate::{
    LibraryError, faults,
    index::IndexError,
    library::{Embed, Inner, blocking},
    setback::Setback,
    vectors::{Vectors, dot},
};
use batch::embed;
use nearness::Nearness;
use next::Next;
use std::{
    collections::HashSet,
    path::Path,
    sync::{Arc, PoisonError},
    time::{Duration, Instant},
};
use store::StoredVector;

/// Passages that the model gets at once.
const BATCH: u32 = 16;
/// Documents whose passages are looked for at once.
const DOCUMENTS: u32 = 32;
/// Vectors that are loaded at once.
const LOADED_AT_ONCE: u32 = 2_000;
/// A batch that failed is tried again so often.
const TRIES: u32 = 3;
/// The wait before it is tried again, each time.
const BETWEEN_TRIES: Duration = Duration::from_secs(2);
/// How long it may take to measure how a model's cosines lie: some seventy short texts.
const MEASURING: Duration = Duration::from_secs(60);
/// What every model can read: tells a model that is away from a passage that it cannot read.
const ANY_TEXT: &str = "page";
/// A model that does not answer is tried again so often, then left until something changes; so often it is asked
/// for its scale.
const MOST_SETBACKS: u32 = 12;
/// How often it is looked whether the battery is still low.
const LOOK_EVERY: Duration = Duration::from_secs(20);
/// How often what is left is counted again.
const COUNT_EVERY: Duration = Duration::from_secs(2);

/// Whether vectors are at hand to compare a query with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Loaded {
    /// They are still being looked through.
    #[default]
    Not,
    /// Those of this model.
    Model(String),
    /// They cannot be: nobody should wait for them.
    Failed,
}

/// What the task knows from one time to the next.
#[derive(Default)]
struct Known {
    /// The model whose vectors are loaded.
    loaded: Option<String>,
    /// How the scale of the model that is loaded stands.
    scale: Scale,
    /// Passages that this model cannot read: not asked again before the next start.
    refused: HashSet<i64>,
}

/// Whether it is known how a model's cosines are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scale {
    /// Not yet; it was asked so often in vain.
    Unknown(u32),
    /// It is, or it is taken for the usual one until the next start.
    Settled,
}

impl Default for Scale {
    fn default() -> Self {
        Self::Unknown(0)
    }
}

/// How catching up ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// No passage waits.
    Done,
    /// A person paused it.
    Paused,
    /// The model does not answer.
    Away,
    /// The battery is low.
    Saving,
}

/// Embeds what has no vector yet, until the library is closed.
pub(crate) async fn run(inner: Arc<Inner>) {
    let (mut known, mut setback) = (Known::default(), Setback::default());
    let (mut pause, mut left) = (None, MOST_SETBACKS);
    loop {
        tokio::select! {
            () = inner.stop.cancelled() => return,
            () = inner.wake_embedder.notified() => left = MOST_SETBACKS,
            () = tokio::time::sleep(pause.unwrap_or(Duration::MAX)), if pause.is_some() => {}
        }
        let asked = inner.busy.borrow().to_embed;
        let end = tokio::select! {
            () = inner.stop.cancelled() => return,
            end = catch_up(&inner, &mut known) => end,
        };
        let fault = match end {
            // Who waits for it waits until it goes on.
            Ok(End::Paused) => {
                pause = None;
                continue;
            }
            Ok(End::Saving) => {
                pause = Some(LOOK_EVERY);
                // Nobody should wait for that.
                inner.busy.send_modify(|busy| busy.embedded = busy.embedded.max(asked));
                continue;
            }
            Ok(End::Done) => None,
            Ok(End::Away) => Some(faults::no_meaning()),
            Err(error) => Some(error.fault()),
        };
        pause = match fault {
            None => {
                setback.over();
                left = MOST_SETBACKS;
                None
            }
            Some(fault) => {
                let wait = setback.wait();
                if setback.is_new() {
                    inner.tell_trouble(fault);
                }
                left = left.saturating_sub(1);
                (left > 0).then_some(wait)
            }
        };
        inner.busy.send_modify(|busy| busy.embedded = busy.embedded.max(asked));
    }
}

async fn catch_up(inner: &Inner, known: &mut Known) -> Result<End, LibraryError> {
    let Some(embedder) = inner.embedder() else { return Ok(End::Done) };
    let loaded = load(inner, &*embedder, known).await;
    let at_hand = loaded.as_ref().map_or(Loaded::Failed, |()| Loaded::Model(embedder.id().to_owned()));
    inner.loaded.send_if_modified(|now| std::mem::replace(now, at_hand.clone()) != at_hand);
    loaded?;
    // Whoever searches meanwhile (a second, once for each model) has the usual scale.
    inner.settle_scale(&*embedder, &mut known.scale).await?;
    let before = known.refused.len();
    let mut end = embed_missing(inner, &*embedder, &mut known.refused).await;
    if matches!(end, Ok(End::Done)) && matches!(known.scale, Scale::Unknown(1..)) {
        end = Ok(End::Away);
    }
    let refused = known.refused.len() - before;
    if refused > 0 {
        inner.tell_trouble(faults::passages_without_meaning(refused));
    }
    if let Ok(End::Done) = end {
        inner.count().embedding_rests();
    }
    inner.tell_progress();
    end
}

/// Opens the file with the vectors that a model has made before, and makes it hold what SQLite holds.
async fn load(inner: &Inner, embedder: &dyn Embed, known: &mut Known) -> Result<(), LibraryError> {
    if known.loaded.as_deref() == Some(embedder.id()) {
        return Ok(());
    }
    known.refused.clear();
    known.scale = Scale::default();
    inner.derived.keep_only_vectors_of(embedder.id()).await?;
    let (dir, model, dims) = (inner.config.dir.clone(), embedder.id().to_owned(), embedder.dims());
    let opened = blocking(move || Vectors::open(&dir, &model, dims).map_err(|error| file_error(&dir, error))).await?;
    *inner.vectors.write().unwrap_or_else(PoisonError::into_inner) = opened;
    inner.mend_vectors(false, true).await?;
    known.loaded = Some(embedder.id().to_owned());
    Ok(())
}

/// How many vectors of the file were not as SQLite has them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Drift {
    /// Not there, or another one.
    pub missing: u32,
    /// There, and nobody's.
    pub extra: u32,
    /// What SQLite has, and of that the vectors that are none: not of this length, or not of length one.
    pub stored: u32,
    pub odd: u32,
}

impl Inner {
    /// Finds out how a model's cosines are read, where that is not known and nothing is to be saved. A model that
    /// does not answer is asked again, but not for ever: then its cosines are read as the starter model's.
    async fn settle_scale(&self, embedder: &dyn Embed, scale: &mut Scale) -> Result<(), LibraryError> {
        let Scale::Unknown(tries) = *scale else { return Ok(()) };
        if self.derived.nearness(embedder.id(), nearness::TEXTS).await?.is_some() {
            *scale = Scale::Settled;
            return Ok(());
        }
        // An empty workspace needs no scale: the model is not loaded for it.
        let empty = self.vectors.read().unwrap_or_else(PoisonError::into_inner).len() == 0
            && self.derived.count_unembedded().await? == 0;
        if empty || *self.paused.borrow() || self.saves_power() {
            return Ok(());
        }
        match tokio::time::timeout(MEASURING, nearness::measure(embedder)).await {
            Ok(Some(measured)) => {
                self.derived.set_nearness(embedder.id(), nearness::TEXTS, measured).await?;
                *scale = Scale::Settled;
            }
            Ok(None) | Err(_) => {
                tracing::warn!(model = embedder.id(), tries, "how its cosines lie could not be measured");
                *scale = if tries + 1 < MOST_SETBACKS { Scale::Unknown(tries + 1) } else { Scale::Settled };
            }
        }
        Ok(())
    }

    /// How a model's cosines are read.
    pub(crate) async fn nearness(&self, model: &str) -> Result<Nearness, LibraryError> {
        let stored = self.derived.nearness(model, nearness::TEXTS).await?;
        Ok(stored.map_or(Nearness::USUAL, Nearness::of))
    }

    /// Compares the file of vectors with SQLite and, with `mend`, makes it hold the same. `whole`: every
    /// number is compared, else only which passages have a row.
    pub(crate) async fn mend_vectors(&self, whole: bool, mend: bool) -> Result<Drift, LibraryError> {
        let mut drift = Drift::default();
        let (model, dims, mut extra) = {
            let vectors = self.vectors.read().unwrap_or_else(PoisonError::into_inner);
            (vectors.model().to_owned(), vectors.dims(), vectors.chunks())
        };
        if model.is_empty() {
            return Ok(drift);
        }
        let (mut after, mut odd) = (0, Vec::new());
        loop {
            let some = self.derived.vector_ids(&model, after, LOADED_AT_ONCE).await?;
            let Some((last, _)) = some.last() else { break };
            after = *last;
            drift.stored += some.len() as u32;
            let wanted = some.iter().filter(|(id, document)| extra.remove(id) != Some(*document) || whole);
            let ids: Vec<i64> = wanted.map(|(id, _)| *id).collect();
            if ids.is_empty() {
                continue;
            }
            let (stored, none): (Vec<_>, Vec<_>) = self
                .derived
                .vectors_of(&model, &ids)
                .await?
                .into_iter()
                .partition(|one| one.vector.len() == dims && is_unit(&one.vector));
            odd.extend(none.iter().map(|one| one.id));
            let differing: Vec<StoredVector> = {
                let vectors = self.vectors.read().unwrap_or_else(PoisonError::into_inner);
                stored.into_iter().filter(|one| !vectors.holds(one.id, one.document, &one.vector)).collect()
            };
            drift.missing += differing.len() as u32;
            if mend {
                put(self, &differing)?;
            }
        }
        (drift.extra, drift.odd) = (extra.len() as u32, odd.len() as u32);
        if !mend {
            return Ok(drift);
        }
        if !odd.is_empty() {
            // Passages without a vector get one.
            self.derived.drop_vectors(&model, &odd).await?;
            self.busy.send_modify(|busy| busy.to_embed += 1);
            self.wake_embedder.notify_one();
        }
        let mut vectors = self.vectors.write().unwrap_or_else(PoisonError::into_inner);
        extra.into_keys().chain(odd).for_each(|chunk| vectors.remove_chunk(chunk));
        vectors.flush().map_err(|error| file_error(&self.config.dir, error))?;
        Ok(drift)
    }

    /// Empties the file of vectors and fills it from SQLite.
    pub(crate) async fn rebuild_vectors(&self) -> Result<Drift, LibraryError> {
        {
            let mut vectors = self.vectors.write().unwrap_or_else(PoisonError::into_inner);
            vectors.chunks().into_keys().for_each(|chunk| vectors.remove_chunk(chunk));
        }
        self.mend_vectors(true, true).await
    }
}

/// Whether a vector has the length that all have.
fn is_unit(vector: &[f32]) -> bool {
    let length = dot(vector, vector);
    length.is_finite() && (length - 1.0).abs() < 1e-3
}

fn file_error(dir: &Path, source: std::io::Error) -> LibraryError {
    IndexError::Io { path: dir.to_owned(), source }.into()
}

fn put(inner: &Inner, some: &[StoredVector]) -> Result<(), LibraryError> {
    let mut vectors = inner.vectors.write().unwrap_or_else(PoisonError::into_inner);
    for one in some {
        vectors.put(one.id, one.document, &one.vector).map_err(|error| file_error(&inner.config.dir, error))?;
    }
    Ok(())
}

async fn embed_missing(inner: &Inner, embedder: &dyn Embed, refused: &mut HashSet<i64>) -> Result<End, LibraryError> {
    let (mut next, mut counted) = (Next::default(), None::<Instant>);
    loop {
        if counted.is_none_or(|at| at.elapsed() >= COUNT_EVERY) {
            let all = inner.derived.count_unembedded().await?;
            inner.count().unembedded(all.saturating_sub(u32::try_from(refused.len()).unwrap_or(u32::MAX)));
            counted = Some(Instant::now());
        }
        inner.tell_progress();
        // Counted before it is paused: what waits is shown, and with it the way to go on.
        if *inner.paused.borrow() {
            return Ok(End::Paused);
        }
        // Another model was chosen: its vectors are looked for, and not those of this one for hours.
        if inner.embedder().is_none_or(|now| now.id() != embedder.id()) {
            return Ok(End::Done);
        }
        if inner.saves_power() {
            return Ok(End::Saving);
        }
        let some = next.batch(inner, embedder.id(), refused).await?;
        if some.is_empty() {
            inner
                .vectors
                .read()
                .unwrap_or_else(PoisonError::into_inner)
                .flush()
                .map_err(|error| file_error(&inner.config.dir, error))?;
            return Ok(End::Done);
        }
        let began = Instant::now();
        let Some(batch) = embed(embedder, &some).await else { return Ok(End::Away) };
        refused.extend(batch.refused);
        let complete = inner.derived.add_vectors(embedder.id(), &batch.vectors).await?;
        // A document that was removed meanwhile has no chunks, so SQLite kept none of its vectors;
        // nor must this copy.
        let ids: Vec<i64> = some.iter().map(|p| p.id).collect();
        let kept: HashSet<i64> = inner.derived.passages(&ids).await?.iter().map(|p| p.id).collect();
        put(inner, &batch.vectors.into_iter().filter(|v| kept.contains(&v.id)).collect::<Vec<_>>())?;
        inner.count().embedded(u32::try_from(some.len()).unwrap_or(u32::MAX), began.elapsed());
        for document in complete {
            inner.tell(document).await;
        }
    }
}
