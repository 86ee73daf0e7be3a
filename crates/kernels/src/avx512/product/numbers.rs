//! Columns of plain numbers: F32, F16, BF16.

use super::Dot;
use crate::avx512::{load, load_halves};
use crate::product::Task;
use crate::tile::{Brains, Halves, ROWS};
use std::arch::x86_64::*;
use std::array;

/// A column of plain numbers as 16 floats.
trait Widen {
    /// # Safety
    /// The processor has the instructions of this module.
    unsafe fn widen(&self) -> __m512;
}

impl Widen for Halves {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    unsafe fn widen(&self) -> __m512 {
        load_halves(&self.0)
    }
}

impl Widen for Brains {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    unsafe fn widen(&self) -> __m512 {
        // SAFETY: 32 readable bytes; the load needs no alignment.
        let halves = unsafe { _mm256_loadu_si256(self.0.as_ptr().cast()) };
        _mm512_castsi512_ps(_mm512_slli_epi32::<16>(_mm512_cvtepu16_epi32(halves)))
    }
}

impl Widen for [f32; ROWS] {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    unsafe fn widen(&self) -> __m512 {
        load(self)
    }
}

impl<W: Widen> Dot for W {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    unsafe fn dot<const T: usize>(panel: &[Self], task: &Task<'_>, token: usize) -> [__m512; T] {
        let inputs: [&[f32]; T] = array::from_fn(|t| &task.input.floats_of(token + t)[..panel.len()]);
        // Two sums, for even and odd columns: one alone would wait for itself.
        let mut sums = [[_mm512_setzero_ps(); T]; 2];
        let (twos, rest) = panel.as_chunks::<2>();
        for (at, two) in twos.iter().enumerate() {
            for (odd, column) in two.iter().enumerate() {
                // SAFETY: this function has the same features.
                let weights = unsafe { column.widen() };
                for t in 0..T {
                    sums[odd][t] = _mm512_fmadd_ps(weights, _mm512_set1_ps(inputs[t][2 * at + odd]), sums[odd][t]);
                }
            }
        }
        if let [last] = rest {
            // SAFETY: this function has the same features.
            let weights = unsafe { last.widen() };
            for t in 0..T {
                sums[0][t] = _mm512_fmadd_ps(weights, _mm512_set1_ps(inputs[t][panel.len() - 1]), sums[0][t]);
            }
        }
        array::from_fn(|t| _mm512_add_ps(sums[0][t], sums[1][t]))
    }
}
