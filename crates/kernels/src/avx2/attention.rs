//! One segment of attention: scores, weights and the mix of values for up to four query rows.

use super::{exp, largest, load_halves, store, sum};
use crate::attention::{Segment, Stride};
use crate::kv::{GROUP, SEGMENT};
use crate::portable::attention as portable;
use crate::segment::segment_with;
use std::arch::x86_64::*;
use std::array;

segment_with!("avx2,fma,f16c", 4, 2, 1, 1);

/// `left * right` for `R` rows and `P` times 16 columns. Each result is one sum over `depth` in order,
/// whatever `R` and `P` are.
///
/// # Safety
/// Each row of `left` has `depth` values, and `right` has 16 values at `row * row_step + p * pair_step` for
/// every row below `depth` and every p below `P`.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn multiply<const R: usize, const P: usize>(
    left: [&[f32]; R],
    right: &[u16],
    row_step: usize,
    pair_step: usize,
    depth: usize,
) -> [[[__m256; 2]; P]; R] {
    debug_assert!(depth == 0 || right.len() >= (depth - 1) * row_step + (P - 1) * pair_step + 16);
    let mut sums = [[[_mm256_setzero_ps(); 2]; P]; R];
    for row in 0..depth {
        let mut pairs = [[_mm256_setzero_ps(); 2]; P];
        for (p, pair) in pairs.iter_mut().enumerate() {
            // SAFETY: the caller vouches for 16 values here.
            let halves = unsafe { &*right.as_ptr().add(row * row_step + p * pair_step).cast::<[[u16; 8]; 2]>() };
            *pair = [load_halves(&halves[0]), load_halves(&halves[1])];
        }
        for r in 0..R {
            // SAFETY: the caller vouches for `depth` values in each row.
            let value = _mm256_set1_ps(unsafe { *left[r].get_unchecked(row) });
            for p in 0..P {
                for side in 0..2 {
                    sums[r][p][side] = _mm256_fmadd_ps(value, pairs[p][side], sums[r][p][side]);
                }
            }
        }
    }
    sums
}

#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn put<const R: usize, const P: usize>(
    scores: &mut [[f32; SEGMENT]; R],
    first: usize,
    sums: [[[__m256; 2]; P]; R],
    scale: f32,
) {
    let scale = _mm256_set1_ps(scale);
    for (scores, sums) in scores.iter_mut().zip(sums) {
        let (eights, _) = scores[first..].as_chunks_mut::<8>();
        for (eight, sum) in eights.iter_mut().zip(sums.as_flattened()) {
            store(eight, _mm256_mul_ps(*sum, scale));
        }
    }
}

#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn mix<const R: usize, const P: usize>(out: &mut [f32], padded: usize, first: usize, sums: [[[__m256; 2]; P]; R]) {
    for (row, sums) in out.chunks_exact_mut(padded + 2).zip(sums) {
        let (eights, _) = row[first..padded].as_chunks_mut::<8>();
        for (eight, sum) in eights.iter_mut().zip(sums.as_flattened()) {
            store(eight, *sum);
        }
    }
}

/// Turns the scores from `hidden` to `seen` into weights relative to the largest, the others into zeros.
/// Returns the largest score and the sum of the weights.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn softmax(scores: &mut [f32], hidden: usize, seen: usize) -> (f32, f32) {
    if seen <= hidden {
        scores.fill(0.0);
        return (f32::NEG_INFINITY, 0.0);
    }
    scores[..hidden].fill(f32::NEG_INFINITY);
    scores[seen..].fill(f32::NEG_INFINITY);
    let (eights, _) = scores.as_chunks_mut::<8>();
    let mut most = _mm256_set1_ps(f32::NEG_INFINITY);
    for eight in eights.iter() {
        most = _mm256_max_ps(most, super::load(eight));
    }
    let most = largest(most);
    let (offset, floor) = (_mm256_set1_ps(most), _mm256_set1_ps(-80.0));
    let mut total = _mm256_setzero_ps();
    for eight in eights {
        let x = _mm256_sub_ps(super::load(eight), offset);
        // `exp` stops at the smallest normal number; what lies far below the largest weighs nothing.
        let weight = _mm256_and_ps(exp(x), _mm256_cmp_ps::<_CMP_GT_OQ>(x, floor));
        total = _mm256_add_ps(total, weight);
        store(eight, weight);
    }
    (most, sum(total))
}
