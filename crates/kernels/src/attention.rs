//! What does each token take from the tokens before it?
//!
//! Softmax attention, computed segment by segment and joined in order (as in FlashAttention): the scores of a
//! segment stay in the first-level cache, the working memory does not grow with the context, and for one
//! token different threads can take different segments of the same head.

use crate::cpu::Cpu;
use crate::error::ShapeError;
use crate::isa::{Isa, Kind};
use crate::kv::{KvStore, SEGMENT};
use crate::portable;

#[cfg(target_arch = "aarch64")]
use crate::neon;
#[cfg(target_arch = "x86_64")]
use crate::{avx2, avx512};

/// Query rows computed together: they share each key and value that is read.
const ROWS: usize = 4;

/// How queries meet the keys and values of a [`KvStore`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Attention {
    heads: usize,
    shared: usize,
    scale: f32,
}

/// The sizes of a head: its values, and the same rounded up as they lie in memory.
#[derive(Clone, Copy)]
pub(crate) struct Stride {
    pub width: usize,
    pub padded: usize,
}

/// The attention of up to four query rows over one segment of one head.
pub(crate) struct Segment<'a> {
    pub queries: &'a [&'a [f32]],
    /// Positions of the segment that each row may see.
    pub seen: &'a [usize],
    pub keys: &'a [u16],
    pub values: &'a [u16],
    pub stride: Stride,
    pub scale: f32,
    /// For each row the weighted values, the largest score and the sum of the weights.
    pub out: &'a mut [f32],
}

impl Isa {
    fn segment(self, task: &mut Segment<'_>) {
        match self.kind() {
            Kind::Portable => portable::attention::segment(task),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: an `Isa` of this kind exists only where the instructions were detected.
            Kind::Avx2 => unsafe { avx2::attention::segment(task) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: an `Isa` of this kind exists only where the instructions were detected.
            Kind::Avx512 => unsafe { avx512::attention::segment(task) },
            #[cfg(target_arch = "aarch64")]
            // SAFETY: an `Isa` of this kind exists only where the instructions were detected.
            Kind::Neon => unsafe { neon::attention::segment(task) },
        }
    }
}

impl Attention {
    /// `heads` query heads over `kv_heads` key-value heads of `width` values; scores are multiplied with `scale`.
    pub fn new(heads: usize, kv_heads: usize, width: usize, scale: f32) -> Result<Self, ShapeError> {
        if heads == 0 || kv_heads == 0 || width == 0 || !heads.is_multiple_of(kv_heads) {
            return Err(ShapeError::Heads { heads, kv_heads, width });
        }
        Ok(Self { heads, shared: heads / kv_heads, scale })
    }
}

impl Cpu {
    /// The attention of some tokens, the first of them at position `first`, over all positions up to their own.
    /// `queries` and `out` are rows of `heads * width` values. The tokens' own keys and values must be in `store`.
    ///
    /// # Panics
    /// If the sizes do not fit together.
    pub fn attend(
        &self,
        attention: &Attention,
        store: &KvStore,
        layer: usize,
        first: usize,
        queries: &[f32],
        out: &mut [f32],
    ) {
        let row = attention.heads * store.width();
        assert_eq!(attention.heads, attention.shared * store.heads(), "the store's heads");
        assert!(queries.len() == out.len() && queries.len().is_multiple_of(row), "whole rows of {row}");
        let tokens = queries.len() / row;
        assert!(first + tokens <= store.capacity(), "room for {} positions", first + tokens);
        if tokens == 1 {
            self.attend_one(attention, store, layer, first, queries, out);
        } else {
            self.attend_many(attention, store, layer, first, queries, out);
        }
    }

    /// One token: threads share the segments of the key-value heads; query heads with the same keys go together.
    fn attend_one(
        &self,
        attention: &Attention,
        store: &KvStore,
        layer: usize,
        position: usize,
        queries: &[f32],
        out: &mut [f32],
    ) {
        let stride = Stride { width: store.width(), padded: store.padded() };
        let segments = position / SEGMENT + 1;
        let size = stride.padded + 2;
        let sets = attention.shared.div_ceil(ROWS);
        let mut parts = vec![0f32; store.heads() * segments * sets * ROWS * size];
        self.pool().rows(&mut parts, ROWS * size, |item, parts| {
            for (item, out) in (item..).zip(parts.chunks_exact_mut(ROWS * size)) {
                let (segment, set) = (item % segments, item / segments);
                let (kv_head, start) = (set / sets, set % sets * ROWS);
                let count = ROWS.min(attention.shared - start);
                let (keys, values) = store.head(layer, kv_head, segment);
                let rows: [&[f32]; ROWS] = std::array::from_fn(|at| {
                    let head = kv_head * attention.shared + start + at.min(count - 1);
                    &queries[head * stride.width..][..stride.width]
                });
                self.isa().segment(&mut Segment {
                    queries: &rows[..count],
                    seen: &[SEGMENT.min(position + 1 - segment * SEGMENT); ROWS][..count],
                    keys,
                    values,
                    stride,
                    scale: attention.scale,
                    out: &mut out[..count * size],
                });
            }
        });
        let mut total = vec![0f32; size];
        for (head, out) in out.chunks_exact_mut(stride.width).enumerate() {
            let (kv_head, at) = (head / attention.shared, head % attention.shared);
            let first = (kv_head * sets + at / ROWS) * segments;
            clear(&mut total);
            for item in first..first + segments {
                let part = &parts[(item * ROWS + at % ROWS) * size..][..size];
                portable::attention::join(&mut total, part, stride.padded);
            }
            finish(&total, stride.padded, out);
        }
    }

    /// Many tokens: threads claim four neighbouring tokens of all heads; the last ones have most to look at and
    /// go first.
    fn attend_many(
        &self,
        attention: &Attention,
        store: &KvStore,
        layer: usize,
        first: usize,
        queries: &[f32],
        out: &mut [f32],
    ) {
        let stride = Stride { width: store.width(), padded: store.padded() };
        let (row, size) = (attention.heads * stride.width, stride.padded + 2);
        let sets: Vec<std::sync::Mutex<&mut [f32]>> = out.chunks_mut(ROWS * row).map(std::sync::Mutex::new).collect();
        self.pool().claim(sets.len(), 1, |claimed| {
            let mut totals = vec![0f32; ROWS * size];
            let mut parts = vec![0f32; ROWS * size];
            for set in claimed.map(|at| sets.len() - 1 - at) {
                // Each set is claimed once, so the lock is free: it only shows the compiler that.
                let mut out = sets[set].lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                let (token, count) = (set * ROWS, out.len() / row);
                let last = first + token + count - 1;
                for head in 0..attention.heads {
                    totals.chunks_exact_mut(size).for_each(clear);
                    let rows: [&[f32]; ROWS] = std::array::from_fn(|at| {
                        let token = token + at.min(count - 1);
                        &queries[token * row + head * stride.width..][..stride.width]
                    });
                    for segment in 0..=last / SEGMENT {
                        let seen: [usize; ROWS] = std::array::from_fn(|at| {
                            SEGMENT.min((first + token + at + 1).saturating_sub(segment * SEGMENT))
                        });
                        let (keys, values) = store.head(layer, head / attention.shared, segment);
                        self.isa().segment(&mut Segment {
                            queries: &rows[..count],
                            seen: &seen[..count],
                            keys,
                            values,
                            stride,
                            scale: attention.scale,
                            out: &mut parts[..count * size],
                        });
                        for (total, part) in totals.chunks_exact_mut(size).zip(parts.chunks_exact(size)).take(count) {
                            portable::attention::join(total, part, stride.padded);
                        }
                    }
                    for (at, total) in totals.chunks_exact(size).take(count).enumerate() {
                        finish(total, stride.padded, &mut out[at * row + head * stride.width..][..stride.width]);
                    }
                }
            }
        });
    }
}

/// Nothing joined yet.
fn clear(total: &mut [f32]) {
    total.fill(0.0);
    if let [.., largest, _] = total {
        *largest = f32::NEG_INFINITY;
    }
}

/// Divides by the sum of the weights.
fn finish(total: &[f32], padded: usize, out: &mut [f32]) {
    let inverse = 1.0 / total[padded + 1];
    for (out, value) in out.iter_mut().zip(total) {
        *out = value * inverse;
    }
}
