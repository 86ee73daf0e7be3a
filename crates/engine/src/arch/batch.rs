//! Which tokens are computed together? Runs of several texts, cut into batches.

use super::Run;
use crate::error::Result;
use kernels::KvStore;

/// Tokens computed together: enough to use each weight many times, few enough for the second-level cache
/// and for a bounded working memory.
pub(super) const BATCH: usize = 256;

/// Neighbouring tokens of a run in a batch.
pub(super) struct Part {
    pub run: usize,
    /// The first of them within the run, and its position in the text.
    pub start: usize,
    pub position: usize,
    pub count: usize,
}

/// Cuts the runs into batches of at most [`BATCH`] tokens.
pub(super) fn batches(runs: &[Run<'_>]) -> Vec<Vec<Part>> {
    let mut batches = vec![Vec::new()];
    let mut room = BATCH;
    for (run, Run { tokens, cache, .. }) in runs.iter().enumerate() {
        let mut start = 0;
        while start < tokens.len() {
            if room == 0 {
                batches.push(Vec::new());
                room = BATCH;
            }
            let count = room.min(tokens.len() - start);
            if let Some(batch) = batches.last_mut() {
                batch.push(Part { run, start, position: cache.len() + start, count });
            }
            (start, room) = (start + count, room - count);
        }
    }
    batches
}

/// The keys and values of each part's text. A batch holds at most one part of a run, in the runs' order.
pub(super) fn stores<'a>(parts: &[Part], runs: &'a mut [Run<'_>]) -> Result<Vec<&'a mut KvStore>> {
    let of_parts = runs.iter_mut().enumerate().filter(|(at, _)| parts.iter().any(|part| part.run == *at));
    of_parts.map(|(_, run)| run.cache.store::<KvStore>(run.tokens.len())).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{KvCache, Wanted};
    use super::*;

    #[test]
    fn runs_fill_batches_in_their_order() {
        let tokens = vec![0; 600];
        let mut caches: Vec<KvCache> = (0..3).map(|_| KvCache::new(1000, KvStore::new(1, 1, 16).unwrap())).collect();
        caches[1].advance(40);
        let lengths = [100, 1, 500];
        let runs: Vec<Run<'_>> = caches
            .iter_mut()
            .zip(lengths)
            .map(|(cache, length)| Run { tokens: &tokens[..length], cache, wanted: Wanted::Last })
            .collect();
        let cut: Vec<Vec<(usize, usize, usize, usize)>> = batches(&runs)
            .iter()
            .map(|batch| batch.iter().map(|part| (part.run, part.start, part.position, part.count)).collect())
            .collect();
        assert_eq!(
            cut,
            [vec![(0, 0, 0, 100), (1, 0, 40, 1), (2, 0, 0, 155)], vec![(2, 155, 155, 256)], vec![(2, 411, 411, 89)],]
        );
    }
}
