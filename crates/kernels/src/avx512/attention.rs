//! One segment of attention: scores, weights and the mix of values for up to four query rows.

use super::{exp, load, load_halves, store};
use crate::attention::{Segment, Stride};
use crate::kv::{GROUP, SEGMENT};
use crate::portable::attention as portable;
use std::arch::x86_64::*;
use std::array;

/// Computes the segment's share for each query row.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
pub(crate) fn segment(task: &mut Segment<'_>) {
    match task.queries.len() {
        1 => rows::<1, 8>(task),
        2 => rows::<2, 8>(task),
        3 => rows::<3, 4>(task),
        4 => rows::<4, 4>(task),
        _ => portable::segment(task),
    }
}

/// `R` rows, of which `P` registers of columns are computed at a time: what the registers hold.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn rows<const R: usize, const P: usize>(task: &mut Segment<'_>) {
    let Stride { width, padded } = task.stride;
    let seen: [usize; R] = array::from_fn(|r| task.seen[r]);
    let most = seen.into_iter().max().unwrap_or(0);
    assert!(most <= SEGMENT && task.keys.len() == width * SEGMENT && task.values.len() == padded * SEGMENT);
    assert!(task.out.len() == R * (padded + 2) && padded.is_multiple_of(GROUP));

    let queries: [&[f32]; R] = array::from_fn(|r| &task.queries[r][..width]);
    let mut scores = [[0f32; SEGMENT]; R];
    let groups = most.div_ceil(GROUP);
    let scale = _mm512_set1_ps(task.scale);
    let mut at = 0;
    while at < groups {
        let keys = &task.keys[at * width * GROUP..];
        if at + P <= groups {
            // SAFETY: `at + P` groups of `width` rows of 16 keys lie in `keys`, whose length was checked.
            let sums = unsafe { multiply::<R, P>(queries, keys, GROUP, width * GROUP, width) };
            put(&mut scores, at * GROUP, sums, scale);
            at += P;
        } else {
            // SAFETY: as above, for one group.
            let sums = unsafe { multiply::<R, 1>(queries, keys, GROUP, 0, width) };
            put(&mut scores, at * GROUP, sums, scale);
            at += 1;
        }
    }
    for (r, scores) in scores.iter_mut().enumerate() {
        let tail = &mut task.out[r * (padded + 2) + padded..][..2];
        let scores = &mut scores[..groups * GROUP];
        portable::cap(scores, task.cap);
        let (largest, sum) = softmax(scores, task.hidden[r], seen[r]);
        tail.copy_from_slice(&[largest, sum]);
    }

    let weights: [&[f32]; R] = array::from_fn(|r| &scores[r][..most]);
    let columns = padded / GROUP;
    let mut at = 0;
    while at < columns {
        let values = &task.values[at * GROUP..];
        let step = if at + P <= columns { P } else { 1 };
        if step == P {
            // SAFETY: `most` rows of `padded` values lie in `values`, of which `at + P` columns of 16 are read.
            let sums = unsafe { multiply::<R, P>(weights, values, padded, GROUP, most) };
            mix(task.out, padded, at * GROUP, sums);
        } else {
            // SAFETY: as above, for one column of 16.
            let sums = unsafe { multiply::<R, 1>(weights, values, padded, 0, most) };
            mix(task.out, padded, at * GROUP, sums);
        }
        at += step;
    }
}

/// `left * right` for `R` rows and `P` times 16 columns. Each result is one sum over `depth` in order,
/// whatever `R` and `P` are.
///
/// # Safety
/// Each row of `left` has `depth` values, and `right` has 16 values at `row * row_step + p * column_step` for
/// every row below `depth` and every p below `P`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
unsafe fn multiply<const R: usize, const P: usize>(
    left: [&[f32]; R],
    right: &[u16],
    row_step: usize,
    column_step: usize,
    depth: usize,
) -> [[__m512; P]; R] {
    debug_assert!(depth == 0 || right.len() >= (depth - 1) * row_step + (P - 1) * column_step + 16);
    let mut sums = [[_mm512_setzero_ps(); P]; R];
    for row in 0..depth {
        let columns: [__m512; P] = array::from_fn(|p| {
            // SAFETY: the caller vouches for 16 values here.
            load_halves(unsafe { &*right.as_ptr().add(row * row_step + p * column_step).cast::<[u16; GROUP]>() })
        });
        for r in 0..R {
            // SAFETY: the caller vouches for `depth` values in each row.
            let value = _mm512_set1_ps(unsafe { *left[r].get_unchecked(row) });
            for p in 0..P {
                sums[r][p] = _mm512_fmadd_ps(value, columns[p], sums[r][p]);
            }
        }
    }
    sums
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn put<const R: usize, const P: usize>(
    scores: &mut [[f32; SEGMENT]; R],
    first: usize,
    sums: [[__m512; P]; R],
    scale: __m512,
) {
    for (scores, sums) in scores.iter_mut().zip(sums) {
        let (groups, _) = scores[first..].as_chunks_mut::<GROUP>();
        for (group, sum) in groups.iter_mut().zip(sums) {
            store(group, _mm512_mul_ps(sum, scale));
        }
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn mix<const R: usize, const P: usize>(out: &mut [f32], padded: usize, first: usize, sums: [[__m512; P]; R]) {
    for (row, sums) in out.chunks_exact_mut(padded + 2).zip(sums) {
        let (groups, _) = row[first..padded].as_chunks_mut::<GROUP>();
        for (group, sum) in groups.iter_mut().zip(sums) {
            store(group, sum);
        }
    }
}

/// Turns the scores from `hidden` to `seen` into weights relative to the largest, the others into zeros.
/// Returns the largest score and the sum of the weights.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn softmax(scores: &mut [f32], hidden: usize, seen: usize) -> (f32, f32) {
    if seen <= hidden {
        scores.fill(0.0);
        return (f32::NEG_INFINITY, 0.0);
    }
    scores[..hidden].fill(f32::NEG_INFINITY);
    scores[seen..].fill(f32::NEG_INFINITY);
    let (groups, _) = scores.as_chunks_mut::<GROUP>();
    let mut most = _mm512_set1_ps(f32::NEG_INFINITY);
    for group in groups.iter() {
        most = _mm512_max_ps(most, load(group));
    }
    let most = _mm512_reduce_max_ps(most);
    let (offset, floor) = (_mm512_set1_ps(most), _mm512_set1_ps(-80.0));
    let mut total = _mm512_setzero_ps();
    for group in groups {
        let x = _mm512_sub_ps(load(group), offset);
        // `exp` stops at the smallest normal number; what lies far below the largest weighs nothing.
        let weight = _mm512_maskz_mov_ps(_mm512_cmp_ps_mask::<_CMP_GT_OQ>(x, floor), exp(x));
        total = _mm512_add_ps(total, weight);
        store(group, weight);
    }
    (most, _mm512_reduce_add_ps(total))
}
