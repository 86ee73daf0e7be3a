//! Columns of plain numbers: F32, F16, BF16.

use super::{Dot, Sums, fetch};
use crate::avx512::{load, load_halves};
use crate::product::Task;
use crate::tile::{Brains, Halves, ROWS};
use std::arch::x86_64::*;
use std::array;

/// The products of some panels of plain numbers, each column widened by `widen`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn numbers<N, const T: usize, const P: usize>(
    panels: [&[N]; P],
    task: &Task<'_>,
    token: usize,
    widen: impl Fn(&N) -> __m512,
) -> Sums<T, P> {
    let count = panels[0].len();
    let inputs: [&[f32]; T] = array::from_fn(|t| &task.input.floats_of(token + t)[..count]);
    // Two sums, for even and odd columns: one alone would wait for itself.
    let mut sums = [[[_mm512_setzero_ps(); P]; T]; 2];
    let twos: [&[[N; 2]]; P] = array::from_fn(|p| &panels[p].as_chunks().0[..count / 2]);
    for at in 0..count / 2 {
        if T == 1 {
            fetch(&twos[0][at]);
        }
        for (odd, sums) in sums.iter_mut().enumerate() {
            let weights = array::from_fn(|p| widen(&twos[p][at][odd]));
            add(sums, weights, array::from_fn(|t| inputs[t][2 * at + odd]));
        }
    }
    if count % 2 == 1 {
        let weights = array::from_fn(|p| widen(&panels[p][count - 1]));
        add(&mut sums[0], weights, array::from_fn(|t| inputs[t][count - 1]));
    }
    array::from_fn(|t| array::from_fn(|p| _mm512_add_ps(sums[0][t][p], sums[1][t][p])))
}

/// Adds the products of a column of each panel with one number of each token.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn add<const T: usize, const P: usize>(sums: &mut Sums<T, P>, weights: [__m512; P], numbers: [f32; T]) {
    for (sums, number) in sums.iter_mut().zip(numbers) {
        let number = _mm512_set1_ps(number);
        for (sum, weights) in sums.iter_mut().zip(weights) {
            *sum = _mm512_fmadd_ps(weights, number, *sum);
        }
    }
}

impl Dot for Halves {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    unsafe fn dot<const T: usize, const P: usize>(panels: [&[Self]; P], task: &Task<'_>, token: usize) -> Sums<T, P> {
        numbers(panels, task, token, |column| load_halves(&column.0))
    }
}

impl Dot for Brains {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    unsafe fn dot<const T: usize, const P: usize>(panels: [&[Self]; P], task: &Task<'_>, token: usize) -> Sums<T, P> {
        numbers(panels, task, token, |column| {
            // SAFETY: 32 readable bytes; the load needs no alignment.
            let halves = unsafe { _mm256_loadu_si256(column.0.as_ptr().cast()) };
            _mm512_castsi512_ps(_mm512_slli_epi32::<16>(_mm512_cvtepu16_epi32(halves)))
        })
    }
}

impl Dot for [f32; ROWS] {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    unsafe fn dot<const T: usize, const P: usize>(panels: [&[Self]; P], task: &Task<'_>, token: usize) -> Sums<T, P> {
        numbers(panels, task, token, |column| load(column))
    }
}
