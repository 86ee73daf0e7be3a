//! How much memory does a model take? The one estimate, for `inspect` and for who decides before loading.

use super::{Shape, decoder, weights, work};
use crate::gguf::Gguf;
use kernels::{KvKind, SEGMENT};
use serde::Serialize;

/// The program itself and what the system gives it: measured, rounded up.
const PROGRAM: usize = 32 << 20;
/// What the tokenizer takes for each byte of the file's header, most of which is vocabulary: measured
/// on byte-level vocabularies with merges, which take the most, rounded up.
const TOKENIZER: usize = 20;
/// Huge pages that are begun and not full.
const BEGUN: usize = 8 << 20;

/// An estimate of a model's memory, in bytes. It errs on the high side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Memory {
    /// The weights, as the kernels hold them.
    pub weights: u64,
    /// Each begun segment of the context, with keys and values in half precision.
    pub segment: u64,
    /// The same with keys and values in 8 bits.
    pub segment_q8: u64,
    /// Tokens in a segment.
    pub segment_tokens: u64,
    /// Everything else: the program, the tokenizer, buffers, and what loading needs for a moment.
    pub work: u64,
}

impl Memory {
    /// The estimate for a file of these sizes.
    #[must_use]
    pub fn of(file: &Gguf, shape: &Shape) -> Self {
        let weights = weights::footprint(file);
        let segment = |kind| {
            let kept = decoder::store(shape, kind).map_or(0, |store| store.bytes(1));
            // The sines and cosines of each position, in a list that doubles as it grows; some models have two.
            kept.saturating_add(SEGMENT * shape.rope_width * size_of::<f32>() * 4) as u64
        };
        let work = [PROGRAM, BEGUN, file.header_bytes().saturating_mul(TOKENIZER), work::bytes(shape), weights.loading];
        Self {
            weights: weights.packed as u64,
            segment: segment(KvKind::F16),
            segment_q8: segment(KvKind::Q8_0),
            segment_tokens: SEGMENT as u64,
            work: work.into_iter().fold(0usize, usize::saturating_add) as u64,
        }
    }

    /// All of it for a context of `tokens`.
    #[must_use]
    pub fn total(&self, tokens: usize, kind: KvKind) -> u64 {
        let segment = match kind {
            KvKind::F16 => self.segment,
            KvKind::Q8_0 => self.segment_q8,
        };
        let cache = segment.saturating_mul((tokens as u64).div_ceil(self.segment_tokens));
        self.weights.saturating_add(cache).saturating_add(self.work)
    }
}
