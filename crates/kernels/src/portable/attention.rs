//! One segment of attention, and how segments are joined.

use crate::attention::{Segment, Stride};
use crate::kv::{GROUP, SEGMENT};
use half::f16;

/// Computes the segment's share for each query row.
pub(crate) fn segment(task: &mut Segment<'_>) {
    let Stride { width, padded } = task.stride;
    let places = task.seen.iter().zip(task.hidden);
    for ((query, (&seen, &hidden)), part) in task.queries.iter().zip(places).zip(task.out.chunks_exact_mut(padded + 2))
    {
        let mut scores = [0f32; SEGMENT];
        for (position, score) in scores.iter_mut().enumerate().take(seen).skip(hidden) {
            let group = &task.keys[position / GROUP * width * GROUP..];
            let dot: f32 = (0..width).map(|d| query[d] * half(group[d * GROUP + position % GROUP])).sum();
            *score = dot * task.scale;
        }
        let scores = &mut scores[hidden.min(seen)..seen];
        cap(scores, task.cap);
        let largest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        scores.iter_mut().for_each(|score| *score = (*score - largest).exp());
        let (mixed, tail) = part.split_at_mut(padded);
        mixed.fill(0.0);
        for (weight, row) in scores.iter().zip(task.values.chunks_exact(padded).skip(hidden)) {
            for (mixed, &value) in mixed.iter_mut().zip(row) {
                *mixed += weight * half(value);
            }
        }
        tail.copy_from_slice(&[largest, scores.iter().sum()]);
    }
}

/// Presses scores together so that none is larger than `cap`.
#[inline(always)]
pub(crate) fn cap(scores: &mut [f32], cap: Option<f32>) {
    if let Some(cap) = cap {
        scores.iter_mut().for_each(|score| *score = cap * (*score / cap).tanh());
    }
}

/// Joins a later segment's share into `total`. A row is the weighted values, the largest score and the sum of
/// weights, both weights relative to their own largest score.
#[inline(always)]
pub(crate) fn join(total: &mut [f32], part: &[f32], padded: usize) {
    let (mixed, tail) = total.split_at_mut(padded);
    let (part_mixed, part_tail) = part.split_at(padded);
    let largest = tail[0].max(part_tail[0]);
    let (keep, add) = ((tail[0] - largest).exp(), (part_tail[0] - largest).exp());
    for (mixed, part) in mixed.iter_mut().zip(part_mixed) {
        *mixed = *mixed * keep + part * add;
    }
    tail[1] = tail[1] * keep + part_tail[1] * add;
    tail[0] = largest;
}

fn half(bits: u16) -> f32 {
    f16::from_bits(bits).to_f32()
}
