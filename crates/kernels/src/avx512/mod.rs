//! The inner loops for x86-64 with AVX-512 (F, BW, DQ, VL) and its products of bytes (VNNI).
//!
//! Every function here needs those instructions. They are called through [`crate::Isa`], of which a value for
//! them exists only after they were detected. Sums over a block run in the same order for one token and for
//! several, so that a token's result does not depend on its company.

pub(crate) mod attention;
pub(crate) mod product;
pub(crate) mod rows;

use std::arch::x86_64::*;

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn load(values: &[f32; 16]) -> __m512 {
    // SAFETY: 16 readable floats; the load needs no alignment.
    unsafe { _mm512_loadu_ps(values.as_ptr()) }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn store(values: &mut [f32; 16], register: __m512) {
    // SAFETY: 16 writable floats; the store needs no alignment.
    unsafe { _mm512_storeu_ps(values.as_mut_ptr(), register) }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn load_bytes(bytes: &[u8; 64]) -> __m512i {
    // SAFETY: 64 readable bytes; the load needs no alignment.
    unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn load_halves(halves: &[u16; 16]) -> __m512 {
    // SAFETY: 32 readable bytes; the load needs no alignment.
    _mm512_cvtph_ps(unsafe { _mm256_loadu_si256(halves.as_ptr().cast()) })
}

/// The exponential of each lane, to about two units in the last place: x = n ln 2 + r, a polynomial for e^r
/// and n put into the exponent. Clamped to where the result is a normal number.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn exp(x: __m512) -> __m512 {
    let constant = |value: f32| _mm512_set1_ps(value);
    let x = _mm512_max_ps(_mm512_min_ps(x, constant(88.0)), constant(-87.0));
    let scaled = _mm512_mul_ps(x, constant(std::f32::consts::LOG2_E));
    let n = _mm512_roundscale_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(scaled);
    // ln 2 in two parts, the first exact in few bits, so that n times it is exact.
    let r = _mm512_fnmadd_ps(n, constant(0.693_359_4), x);
    let r = _mm512_fnmadd_ps(n, constant(-2.121_944_4e-4), r);
    // The minimax polynomial of the Cephes library.
    let mut p = constant(1.987_569_1e-4);
    for coefficient in [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5] {
        p = _mm512_fmadd_ps(p, r, constant(coefficient));
    }
    let p = _mm512_fmadd_ps(p, _mm512_mul_ps(r, r), _mm512_add_ps(r, constant(1.0)));
    _mm512_scalef_ps(p, n)
}
