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
use std::cmp::Reverse;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

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
    /// The last positions that a token sees, its own among them; all where it is the largest number.
    window: usize,
    /// Scores go through `cap * tanh(score / cap)`.
    cap: Option<f32>,
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
    /// Positions of the segment that each row may see: those below `seen` that are not below `hidden`.
    pub seen: &'a [usize],
    pub hidden: &'a [usize],
    pub keys: &'a [u16],
    pub values: &'a [u16],
    pub stride: Stride,
    pub scale: f32,
    pub cap: Option<f32>,
    /// For each row the weighted values, the largest score and the sum of the weights.
    pub out: &'a mut [f32],
}

impl Isa {
    fn segment(self, task: &mut Segment<'_>) {
        match self.kind() {
            Kind::Portable => portable::attention::segment(task),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: an `Isa` of this kind exists only where the instructions were detected.
            Kind::Avx2 | Kind::AvxVnni => unsafe { avx2::attention::segment(task) },
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
        Ok(Self { heads, shared: heads / kv_heads, scale, window: usize::MAX, cap: None })
    }

    /// The same, where a token sees only the last `window` positions, its own among them. At least one.
    #[must_use]
    pub fn windowed(self, window: usize) -> Self {
        Self { window: window.max(1), ..self }
    }

    /// The same, where scores go through `cap * tanh(score / cap)`, so that none is larger than `cap`.
    #[must_use]
    pub fn capped(self, cap: f32) -> Self {
        Self { cap: Some(cap), ..self }
    }

    /// The positions that a token at `position` sees.
    fn sight(&self, position: usize) -> Range<usize> {
        (position + 1).saturating_sub(self.window)..position + 1
    }
}

/// What of `positions` lies in a segment, counted within it.
fn within(positions: &Range<usize>, segment: usize) -> Range<usize> {
    let place = |position: usize| position.saturating_sub(segment * SEGMENT).min(SEGMENT);
    place(positions.start)..place(positions.end)
}

/// Some tokens of one text whose attention is wanted.
#[derive(Clone, Copy)]
pub struct Text<'a> {
    /// The keys and values of the text, the tokens' own among them.
    pub store: &'a KvStore,
    /// The position of the first token.
    pub first: usize,
    /// How many tokens follow each other from there.
    pub tokens: usize,
}

/// A piece of the attention of many tokens that one thread computes.
struct Piece<'a> {
    text: Text<'a>,
    /// The first of the tokens, counted within the text's, and how many follow it: up to [`ROWS`].
    token: usize,
    count: usize,
    /// Their query heads.
    heads: Range<usize>,
    /// Rows of these heads, and where they go.
    queries: &'a [f32],
    out: Mutex<&'a mut [f32]>,
}

impl Cpu {
    /// The attention of tokens of some texts, over all positions up to their own. `queries` and `out` are rows of
    /// `heads * width` values, the tokens of one text after those of the one before.
    ///
    /// # Panics
    /// If the sizes do not fit together.
    pub fn attend(&self, attention: &Attention, layer: usize, texts: &[Text<'_>], queries: &[f32], out: &mut [f32]) {
        let Some(Text { store, first, .. }) = texts.first() else { return };
        let row = attention.heads * store.width();
        for text in texts {
            assert_eq!(attention.heads, attention.shared * text.store.heads(), "the store's heads");
            assert_eq!(text.store.width(), store.width(), "the stores' heads are equally wide");
            assert!(text.first + text.tokens <= text.store.capacity(), "room for the text's positions");
        }
        let tokens: usize = texts.iter().map(|text| text.tokens).sum();
        assert!(queries.len() == out.len() && queries.len() == tokens * row, "{tokens} rows of {row}");
        match texts {
            [Text { tokens: 1, .. }] => self.attend_one(attention, store, layer, *first, queries, out),
            _ => self.attend_many(attention, layer, texts, queries, out),
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
        let sight = attention.sight(position);
        let begin = sight.start / SEGMENT;
        let segments = position / SEGMENT + 1 - begin;
        let size = stride.padded + 2;
        let sets = attention.shared.div_ceil(ROWS);
        let mut parts = vec![0f32; store.heads() * segments * sets * ROWS * size];
        self.pool().rows(&mut parts, ROWS * size, |item, parts| {
            let mut space = Vec::new();
            for (item, out) in (item..).zip(parts.chunks_exact_mut(ROWS * size)) {
                let (segment, set) = (begin + item % segments, item / segments);
                let (kv_head, start) = (set / sets, set % sets * ROWS);
                let count = ROWS.min(attention.shared - start);
                let places = within(&sight, segment);
                let (keys, values) = store.head(self.isa(), (layer, kv_head, segment), places.end, &mut space);
                let rows: [&[f32]; ROWS] = std::array::from_fn(|at| {
                    let head = kv_head * attention.shared + start + at.min(count - 1);
                    &queries[head * stride.width..][..stride.width]
                });
                self.isa().segment(&mut Segment {
                    queries: &rows[..count],
                    seen: &[places.end; ROWS][..count],
                    hidden: &[places.start; ROWS][..count],
                    keys,
                    values,
                    stride,
                    scale: attention.scale,
                    cap: attention.cap,
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

    /// Many tokens: threads claim four neighbouring tokens of a text with all their heads, or where a text has
    /// only one token, the heads that share keys. Those with most to look at go first.
    fn attend_many(&self, attention: &Attention, layer: usize, texts: &[Text<'_>], queries: &[f32], out: &mut [f32]) {
        let mut pieces = pieces(attention, texts, queries, out);
        pieces.sort_by_key(|piece| Reverse((piece.text.first + piece.token + piece.count) * piece.queries.len()));
        self.pool().claim(pieces.len(), 1, |claimed| {
            for at in claimed {
                self.attend_piece(attention, layer, &pieces[at]);
            }
        });
    }

    fn attend_piece(&self, attention: &Attention, layer: usize, piece: &Piece<'_>) {
        // Each piece is claimed once, so the lock is free: it only shows the compiler that.
        let mut out = piece.out.lock().unwrap_or_else(PoisonError::into_inner);
        let store = piece.text.store;
        let stride = Stride { width: store.width(), padded: store.padded() };
        let (size, row) = (stride.padded + 2, piece.heads.len() * stride.width);
        // The rows that share keys: the tokens of one head, or the heads of one token.
        let sets: Vec<Vec<(usize, usize)>> = if piece.count > 1 {
            piece.heads.clone().map(|head| (0..piece.count).map(|token| (token, head)).collect()).collect()
        } else {
            let heads: Vec<(usize, usize)> = piece.heads.clone().map(|head| (0, head)).collect();
            heads
                .chunk_by(|a, b| a.1 / attention.shared == b.1 / attention.shared)
                .flat_map(|of| of.chunks(ROWS))
                .map(<[_]>::to_vec)
                .collect()
        };
        let (mut totals, mut parts) = (vec![0f32; ROWS * size], vec![0f32; ROWS * size]);
        let mut space = Vec::new();
        let first = piece.text.first + piece.token;
        let segments = attention.sight(first).start / SEGMENT..=(first + piece.count - 1) / SEGMENT;
        for set in sets {
            totals.chunks_exact_mut(size).for_each(clear);
            let place = |(token, head): (usize, usize)| token * row + (head - piece.heads.start) * stride.width;
            let rows: [&[f32]; ROWS] =
                std::array::from_fn(|at| &piece.queries[place(set[at.min(set.len() - 1)])..][..stride.width]);
            for segment in segments.clone() {
                let places: [Range<usize>; ROWS] =
                    std::array::from_fn(|at| within(&attention.sight(first + set[at.min(set.len() - 1)].0), segment));
                let (hidden, seen) = (places.each_ref().map(|of| of.start), places.each_ref().map(|of| of.end));
                let (head, most) = (set[0].1 / attention.shared, seen.iter().copied().max().unwrap_or(0));
                let (keys, values) = store.head(self.isa(), (layer, head, segment), most, &mut space);
                self.isa().segment(&mut Segment {
                    queries: &rows[..set.len()],
                    seen: &seen[..set.len()],
                    hidden: &hidden[..set.len()],
                    keys,
                    values,
                    stride,
                    scale: attention.scale,
                    cap: attention.cap,
                    out: &mut parts[..set.len() * size],
                });
                let rows = totals.chunks_exact_mut(size).zip(parts.chunks_exact(size)).zip(&places).take(set.len());
                // A row that sees nothing of a segment has nothing to join.
                for ((total, part), _) in rows.filter(|(_, places)| !places.is_empty()) {
                    portable::attention::join(total, part, stride.padded);
                }
            }
            for (of, total) in set.iter().zip(totals.chunks_exact(size)) {
                finish(total, stride.padded, &mut out[place(*of)..][..stride.width]);
            }
        }
    }
}

/// Cuts the rows of all texts into pieces.
fn pieces<'a>(
    attention: &Attention,
    texts: &[Text<'a>],
    mut queries: &'a [f32],
    mut out: &'a mut [f32],
) -> Vec<Piece<'a>> {
    let mut pieces = Vec::new();
    for &text in texts {
        // One token's heads are shared out by their keys; of more tokens, all heads stay together.
        let heads = if text.tokens == 1 { attention.shared } else { attention.heads };
        for token in (0..text.tokens).step_by(ROWS) {
            let count = ROWS.min(text.tokens - token);
            for first in (0..attention.heads).step_by(heads) {
                let size = count * heads * text.store.width();
                let (query, rest) = queries.split_at(size);
                let (place, left) = std::mem::take(&mut out).split_at_mut(size);
                (queries, out) = (rest, left);
                let heads = first..first + heads;
                pieces.push(Piece { text, token, count, heads, queries: query, out: Mutex::new(place) });
            }
        }
    }
    pieces
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
