//! Which texts are in memory? What is known of a new one, and who has to go when room is short.

use super::{
    job::Event,
    shelf::common,
    stream::Stream,
    worker::{Part, Worker},
};
use crate::{
    arch::KvCache,
    error::{EngineError, Result},
};
use kernels::SEGMENT;
use std::{collections::HashMap, sync::atomic::Ordering};

/// Tokens for which it is worth to wait for another text that begins alike, or to read from the disk.
const WORTH: usize = 64;

impl Worker {
    /// Looks up what is known of each text that was not begun.
    pub(super) fn begin(&mut self) {
        let mut failed = Vec::new();
        for at in 0..self.streams.len() {
            if self.streams[at].begun || !self.fits(at) {
                continue;
            }
            // The last token is always read: its logits are what the answer goes on with.
            let text = &self.streams[at].text[..self.streams[at].text.len() - 1];
            let others = self.streams.iter().filter(|other| other.begun);
            let (mut there, mut coming) = (0, 0);
            for other in others {
                let shared = common(&other.text, text);
                there = there.max(shared.min(other.cache.len()));
                coming = coming.max(shared);
            }
            let shelved = self.shelf.longest(text);
            if coming >= there.max(shelved) + WORTH {
                // Another one is reading the same right now.
                continue;
            }
            let known = there.max(shelved);
            let slept = self.sleeping.as_ref().map_or(0, |sleeping| sleeping.longest(text));
            let cache = if slept >= known + WORTH { self.wake(text, slept) } else { Ok(None) };
            let cache = match cache {
                Ok(None) if known == 0 => self.decoder.new_cache(self.limits.context),
                Ok(None) if shelved >= there => self.shelf.take(text, shelved).and_then(|found| self.or_empty(found)),
                Ok(None) => {
                    let holds =
                        |other: &&Stream| other.begun && common(&other.text, text).min(other.cache.len()) == known;
                    let fork = self.streams.iter().find(holds).map(|other| other.cache.fork(known)).transpose();
                    fork.and_then(|found| self.or_empty(found))
                }
                Ok(Some(cache)) => Ok(cache),
                Err(error) => Err(error),
            };
            match cache {
                Ok(cache) => {
                    if self.streams[at].counts().0 == 0 {
                        self.counters.cached.fetch_add(cache.len() as u64, Ordering::Relaxed);
                    }
                    self.streams[at].begin(cache);
                }
                Err(error) => failed.push((self.streams[at].arrived, error)),
            }
        }
        for (arrived, error) in failed {
            for stream in self.streams.extract_if(.., |stream| stream.arrived == arrived) {
                tracing::error!(%error, "an answer cannot be begun");
                let _ = stream.job.events.send(Event::Failed(EngineError::Compute(error.to_string())));
            }
        }
    }

    fn or_empty(&self, found: Option<KvCache>) -> Result<KvCache> {
        found.map_or_else(|| self.decoder.new_cache(self.limits.context), Ok)
    }

    /// Takes a text from the disk; one that cannot be read is no longer there.
    fn wake(&self, text: &[u32], length: usize) -> Result<Option<KvCache>> {
        let Some(sleeping) = &self.sleeping else { return Ok(None) };
        let mut cache = self.decoder.new_cache(self.limits.context)?;
        Ok(sleeping.wake(text, length, &mut cache).then_some(cache))
    }

    /// Whether a text may be begun beside those that are: its tokens must find room without stopping another.
    fn fits(&self, at: usize) -> bool {
        let begun = self.streams.iter().filter(|stream| stream.begun);
        let mut pieces: Vec<usize> = begun.flat_map(|stream| stream.cache.pieces()).collect();
        pieces.sort_unstable();
        pieces.dedup();
        pieces.is_empty() || pieces.len() + self.streams[at].text.len().div_ceil(SEGMENT) < self.budget()
    }

    fn budget(&self) -> usize {
        self.limits.kept.max(self.limits.context).div_ceil(SEGMENT)
    }

    /// Makes room for what the step will keep: texts that nobody writes on go first, then the youngest answer has
    /// to wait and be read again.
    pub(super) fn make_room(&mut self, parts: &mut Vec<Part>) {
        loop {
            let mut held: HashMap<usize, usize> = HashMap::new();
            let caches = self.streams.iter().map(|stream| &stream.cache);
            for piece in caches.chain(self.shelf.texts().map(|text| &text.cache)).flat_map(KvCache::pieces) {
                *held.entry(piece).or_default() += 1;
            }
            let more: usize = parts
                .iter()
                .map(|part| {
                    let cache = &self.streams[part.stream].cache;
                    let (from, pieces) = (cache.len(), cache.pieces());
                    let begun = pieces.get(from / SEGMENT).filter(|_| !from.is_multiple_of(SEGMENT));
                    let copied = begun.is_some_and(|piece| held[piece] > 1);
                    (from + part.tokens.len()).div_ceil(SEGMENT).saturating_sub(pieces.len()) + usize::from(copied)
                })
                .sum();
            if held.len() + more <= self.budget() {
                self.counters.kept.store((held.len() + more) * SEGMENT, Ordering::Relaxed);
                return;
            }
            if self.shelf.forget_one() {
                continue;
            }
            let begun = (0..self.streams.len()).filter(|at| self.streams[*at].begun);
            let (Some(youngest), true) = (begun.clone().max_by_key(|at| self.streams[*at].arrived), begun.count() > 1)
            else {
                return;
            };
            let Ok(empty) = self.decoder.new_cache(self.limits.context) else { return };
            self.streams[youngest].pause(empty);
            parts.retain(|part| part.stream != youngest);
        }
    }

    /// Counts what is kept after texts were forgotten; else it is counted where room is made.
    pub(super) fn count_kept(&self) {
        let caches = self.streams.iter().map(|stream| &stream.cache);
        let mut pieces: Vec<usize> =
            caches.chain(self.shelf.texts().map(|text| &text.cache)).flat_map(KvCache::pieces).collect();
        pieces.sort_unstable();
        pieces.dedup();
        self.counters.kept.store(pieces.len() * SEGMENT, Ordering::Relaxed);
    }
}
