//! What happens to each token's row between the products. Norms are a small part of the time and run as with AVX2.

use super::{exp, load, store};
use crate::activations::Block;
use crate::avx2::rows as narrow;
use crate::eight::{Codes, Halves};
use crate::portable::rows as portable;
use std::arch::x86_64::*;

/// Codes rows of activations in blocks of 32: the largest magnitude of a block becomes 127.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
pub(crate) fn quantise(values: &[f32], blocks: &mut [Block]) {
    for (values, block) in values.as_chunks::<32>().0.iter().zip(blocks) {
        let (halves, _) = values.as_chunks::<16>();
        let (a, b) = (load(&halves[0]), load(&halves[1]));
        let largest = _mm512_reduce_max_ps(_mm512_max_ps(_mm512_abs_ps(a), _mm512_abs_ps(b)));
        let inverse = _mm512_set1_ps(if largest > 0.0 { 127.0 / largest } else { 0.0 });
        let code = |v| _mm512_cvtps_epi32(_mm512_mul_ps(v, inverse));
        let (a, b) = (code(a), code(b));
        let (low, high) = (_mm512_cvtsepi32_epi8(a), _mm512_cvtsepi32_epi8(b));
        // SAFETY: the block's codes are 32 writable bytes; the stores need no alignment.
        unsafe {
            _mm_storeu_si128(block.codes.as_mut_ptr().cast(), low);
            _mm_storeu_si128(block.codes[16..].as_mut_ptr().cast(), high);
        }
        block.scale = largest / 127.0;
        block.set_sums([_mm512_reduce_add_epi32(a), _mm512_reduce_add_epi32(b)]);
    }
}

/// `out = values / rms(values) * weight`.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
pub(crate) fn rms_norm(values: &[f32], weight: &[f32], epsilon: f32, out: &mut [f32]) {
    narrow::rms_norm(values, weight, epsilon, out);
}

/// `gate = silu(gate) * up`.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
pub(crate) fn silu_multiply(gate: &mut [f32], up: &[f32]) {
    let (gates, gate_rest) = gate.as_chunks_mut::<16>();
    let (ups, up_rest) = up.as_chunks::<16>();
    for (gate, up) in gates.iter_mut().zip(ups) {
        let g = load(gate);
        let divisor = _mm512_add_ps(_mm512_set1_ps(1.0), exp(_mm512_sub_ps(_mm512_setzero_ps(), g)));
        store(gate, _mm512_mul_ps(_mm512_div_ps(g, divisor), load(up)));
    }
    portable::silu_multiply(gate_rest, up_rest);
}

/// `out = codes * scales` in half precision.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
pub(crate) fn widen(codes: &[Codes], scales: &Halves, out: &mut [Halves]) {
    // SAFETY: 16 readable halves; the load needs no alignment.
    let scales = _mm512_cvtph_ps(unsafe { _mm256_loadu_si256(scales.as_ptr().cast()) });
    for (codes, out) in codes.iter().zip(out) {
        // SAFETY: 16 readable bytes; the load needs no alignment.
        let codes = _mm512_cvtepi8_epi32(unsafe { _mm_loadu_si128(codes.as_ptr().cast()) });
        let wide = _mm512_mul_ps(_mm512_cvtepi32_ps(codes), scales);
        let halves = _mm512_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(wide);
        // SAFETY: 16 writable halves; the store needs no alignment.
        unsafe { _mm256_storeu_si256(out.as_mut_ptr().cast(), halves) };
    }
}

/// Rounds to half precision; always finite.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
pub(crate) fn halve(values: &[f32], out: &mut [u16]) {
    narrow::halve(values, out);
}
