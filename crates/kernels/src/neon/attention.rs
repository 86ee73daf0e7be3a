//! One segment of attention: scores, weights and the mix of values for up to four query rows.

#![allow(
    clippy::needless_range_loop,
    reason = "an index stands for the same row or token in several arrays of registers"
)]

use super::{exp, load, load_halves, store};
use crate::attention::{Segment, Stride};
use crate::kv::{GROUP, SEGMENT};
use crate::portable::attention as portable;
use crate::segment::segment_with;
use std::arch::aarch64::*;
use std::array;

/// Registers of a group of 16 columns.
const QUADS: usize = GROUP / 4;

segment_with!("neon,dotprod", 4, 2, 1, 1);

/// `left * right` for `R` rows and `P` times 16 columns. Each result is one sum over `depth` in order,
/// whatever `R` and `P` are.
///
/// # Safety
/// Each row of `left` has `depth` values, and `right` has 16 values at `row * row_step + p * column_step` for
/// every row below `depth` and every p below `P`.
#[inline]
#[target_feature(enable = "neon,dotprod")]
unsafe fn multiply<const R: usize, const P: usize>(
    left: [&[f32]; R],
    right: &[u16],
    row_step: usize,
    column_step: usize,
    depth: usize,
) -> [[[float32x4_t; QUADS]; P]; R] {
    debug_assert!(depth == 0 || right.len() >= (depth - 1) * row_step + (P - 1) * column_step + 16);
    let mut sums = [[[vdupq_n_f32(0.0); QUADS]; P]; R];
    for row in 0..depth {
        for p in 0..P {
            // SAFETY: the caller vouches for 16 values here.
            let halves = unsafe { &*right.as_ptr().add(row * row_step + p * column_step).cast::<[[u16; 4]; QUADS]>() };
            let columns: [float32x4_t; QUADS] = array::from_fn(|at| load_halves(&halves[at]));
            for r in 0..R {
                // SAFETY: the caller vouches for `depth` values in each row.
                let value = unsafe { *left[r].get_unchecked(row) };
                for (sum, column) in sums[r][p].iter_mut().zip(columns) {
                    *sum = vfmaq_n_f32(*sum, column, value);
                }
            }
        }
    }
    sums
}

#[inline]
#[target_feature(enable = "neon,dotprod")]
fn put<const R: usize, const P: usize>(
    scores: &mut [[f32; SEGMENT]; R],
    first: usize,
    sums: [[[float32x4_t; QUADS]; P]; R],
    scale: f32,
) {
    let scale = vdupq_n_f32(scale);
    for (scores, sums) in scores.iter_mut().zip(sums) {
        let (fours, _) = scores[first..].as_chunks_mut::<4>();
        for (four, sum) in fours.iter_mut().zip(sums.as_flattened()) {
            store(four, vmulq_f32(*sum, scale));
        }
    }
}

#[inline]
#[target_feature(enable = "neon,dotprod")]
fn mix<const R: usize, const P: usize>(
    out: &mut [f32],
    padded: usize,
    first: usize,
    sums: [[[float32x4_t; QUADS]; P]; R],
) {
    for (row, sums) in out.chunks_exact_mut(padded + 2).zip(sums) {
        let (fours, _) = row[first..padded].as_chunks_mut::<4>();
        for (four, sum) in fours.iter_mut().zip(sums.as_flattened()) {
            store(four, *sum);
        }
    }
}

/// Turns the scores from `hidden` to `seen` into weights relative to the largest, the others into zeros.
/// Returns the largest score and the sum of the weights.
#[inline]
#[target_feature(enable = "neon,dotprod")]
fn softmax(scores: &mut [f32], hidden: usize, seen: usize) -> (f32, f32) {
    if seen <= hidden {
        scores.fill(0.0);
        return (f32::NEG_INFINITY, 0.0);
    }
    scores[..hidden].fill(f32::NEG_INFINITY);
    scores[seen..].fill(f32::NEG_INFINITY);
    let (fours, _) = scores.as_chunks_mut::<4>();
    let mut most = vdupq_n_f32(f32::NEG_INFINITY);
    for four in fours.iter() {
        most = vmaxq_f32(most, load(four));
    }
    let most = vmaxvq_f32(most);
    let (offset, floor) = (vdupq_n_f32(most), vdupq_n_f32(-80.0));
    let mut total = vdupq_n_f32(0.0);
    for four in fours {
        let x = vsubq_f32(load(four), offset);
        // `exp` stops at the smallest normal number; what lies far below the largest weighs nothing.
        let weight = vbslq_f32(vcgtq_f32(x, floor), exp(x), vdupq_n_f32(0.0));
        total = vaddq_f32(total, weight);
        store(four, weight);
    }
    (most, vaddvq_f32(total))
}
