//! One segment of attention: scores, weights and the mix of values for up to four query rows.

use super::{exp, load, load_halves, store};
use crate::attention::{Segment, Stride};
use crate::kv::{GROUP, SEGMENT};
use crate::portable::attention as portable;
use crate::segment::segment_with;
use std::arch::x86_64::*;
use std::array;

segment_with!("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni", 8, 8, 4, 4);

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
    scale: f32,
) {
    let scale = _mm512_set1_ps(scale);
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
