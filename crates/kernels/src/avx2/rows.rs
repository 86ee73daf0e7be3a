//! What happens to each token's row between the products.

use super::{exp, largest, load, load_halves, store, sum};
use crate::activations::Block;
use crate::eight::{Codes, Halves};
use crate::portable::rows as portable;
use std::arch::x86_64::*;

/// Codes rows of activations in blocks of 32: the largest magnitude of a block becomes 127.
#[target_feature(enable = "avx2,fma,f16c")]
pub(crate) fn quantise(values: &[f32], blocks: &mut [Block]) {
    let sign = _mm256_set1_ps(-0.0);
    // Packing works within halves of a register; this puts the words back in order.
    let order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    for (values, block) in values.as_chunks::<32>().0.iter().zip(blocks) {
        let (eights, _) = values.as_chunks::<8>();
        let [a, b, c, d] = [load(&eights[0]), load(&eights[1]), load(&eights[2]), load(&eights[3])];
        let magnitude = |v| _mm256_andnot_ps(sign, v);
        let ab = _mm256_max_ps(magnitude(a), magnitude(b));
        let cd = _mm256_max_ps(magnitude(c), magnitude(d));
        let largest = largest(_mm256_max_ps(ab, cd));
        let inverse = _mm256_set1_ps(if largest > 0.0 { 127.0 / largest } else { 0.0 });
        let code = |v| _mm256_cvtps_epi32(_mm256_mul_ps(v, inverse));
        let [a, b, c, d] = [code(a), code(b), code(c), code(d)];
        let packed = _mm256_packs_epi16(_mm256_packs_epi32(a, b), _mm256_packs_epi32(c, d));
        let packed = _mm256_permutevar8x32_epi32(packed, order);
        // SAFETY: the block's codes are 32 writable bytes; the store needs no alignment.
        unsafe { _mm256_storeu_si256(block.codes.as_mut_ptr().cast(), packed) };
        block.scale = largest / 127.0;
        block.set_sums([count(_mm256_add_epi32(a, b)), count(_mm256_add_epi32(c, d))]);
    }
}

/// The sum of eight integers.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn count(register: __m256i) -> i32 {
    let four = _mm_add_epi32(_mm256_castsi256_si128(register), _mm256_extracti128_si256::<1>(register));
    let two = _mm_add_epi32(four, _mm_shuffle_epi32::<0b01_00_11_10>(four));
    _mm_cvtsi128_si32(_mm_add_epi32(two, _mm_shuffle_epi32::<0b10_11_00_01>(two)))
}

/// `out = values / rms(values) * weight`.
#[target_feature(enable = "avx2,fma,f16c")]
pub(crate) fn rms_norm(values: &[f32], weight: &[f32], epsilon: f32, out: &mut [f32]) {
    let (eights, rest) = values.as_chunks::<8>();
    let (fours, single) = eights.as_chunks::<4>();
    let mut sums = [_mm256_setzero_ps(); 4];
    for four in fours {
        for (sum, values) in sums.iter_mut().zip(four) {
            let values = load(values);
            *sum = _mm256_fmadd_ps(values, values, *sum);
        }
    }
    for values in single {
        let values = load(values);
        sums[0] = _mm256_fmadd_ps(values, values, sums[0]);
    }
    let squares = sum(_mm256_add_ps(_mm256_add_ps(sums[0], sums[1]), _mm256_add_ps(sums[2], sums[3])));
    let squares = rest.iter().fold(squares, |squares, value| squares + value * value);
    let scale = portable::inverse_rms(squares, values.len(), epsilon);
    // Plain loops: the compiler turns them into the same instructions.
    for ((out, value), weight) in out.iter_mut().zip(values).zip(weight) {
        *out = value * scale * weight;
    }
}

/// `gate = silu(gate) * up`.
#[target_feature(enable = "avx2,fma,f16c")]
pub(crate) fn silu_multiply(gate: &mut [f32], up: &[f32]) {
    let (gates, gate_rest) = gate.as_chunks_mut::<8>();
    let (ups, up_rest) = up.as_chunks::<8>();
    for (gate, up) in gates.iter_mut().zip(ups) {
        let g = load(gate);
        let divisor = _mm256_add_ps(_mm256_set1_ps(1.0), exp(_mm256_sub_ps(_mm256_setzero_ps(), g)));
        store(gate, _mm256_mul_ps(_mm256_div_ps(g, divisor), load(up)));
    }
    portable::silu_multiply(gate_rest, up_rest);
}

/// `out = codes * scales` in half precision.
#[target_feature(enable = "avx2,fma,f16c")]
pub(crate) fn widen(codes: &[Codes], scales: &Halves, out: &mut [Halves]) {
    let (scales, _) = scales.as_chunks::<8>();
    let scales = [load_halves(&scales[0]), load_halves(&scales[1])];
    for (codes, out) in codes.iter().zip(out) {
        // SAFETY: 16 readable bytes; the load needs no alignment.
        let codes = unsafe { _mm_loadu_si128(codes.as_ptr().cast()) };
        let sides = [_mm256_cvtepi8_epi32(codes), _mm256_cvtepi8_epi32(_mm_unpackhi_epi64(codes, codes))];
        for ((side, scale), out) in sides.into_iter().zip(scales).zip(out.as_chunks_mut::<8>().0) {
            let halves = _mm256_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(_mm256_mul_ps(_mm256_cvtepi32_ps(side), scale));
            // SAFETY: eight writable halves; the store needs no alignment.
            unsafe { _mm_storeu_si128(out.as_mut_ptr().cast(), halves) };
        }
    }
}

/// Rounds to half precision; always finite: of a pair with what is no number, the second is taken.
#[target_feature(enable = "avx2,fma,f16c")]
pub(crate) fn halve(values: &[f32], out: &mut [u16]) {
    let (eights, rest) = values.as_chunks::<8>();
    let (outs, out_rest) = out.as_chunks_mut::<8>();
    let limit = _mm256_set1_ps(portable::LARGEST_HALF);
    let low = _mm256_sub_ps(_mm256_setzero_ps(), limit);
    for (values, out) in eights.iter().zip(outs) {
        let clamped = _mm256_max_ps(low, _mm256_min_ps(load(values), limit));
        let halves = _mm256_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(clamped);
        // SAFETY: eight writable halves; the store needs no alignment.
        unsafe { _mm_storeu_si128(out.as_mut_ptr().cast(), halves) };
    }
    portable::halve(rest, out_rest);
}
