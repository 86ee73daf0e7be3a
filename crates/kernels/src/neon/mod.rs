//! The inner loops for 64-bit ARM with NEON and its products of bytes (dotprod: Apple's M, Snapdragon X, Cortex-A76
//! and later).
//!
//! Every function here needs those instructions. They are called through [`crate::Isa`], of which a value for
//! them exists only after they were detected. Sums over a block run in the same order for one token and for
//! several, so that a token's result does not depend on its company.

pub(crate) mod attention;
pub(crate) mod product;
pub(crate) mod rows;

use std::arch::aarch64::*;

#[inline]
#[target_feature(enable = "neon,dotprod")]
fn load(values: &[f32; 4]) -> float32x4_t {
    // SAFETY: four readable floats.
    unsafe { vld1q_f32(values.as_ptr()) }
}

#[inline]
#[target_feature(enable = "neon,dotprod")]
fn store(values: &mut [f32; 4], register: float32x4_t) {
    // SAFETY: four writable floats.
    unsafe { vst1q_f32(values.as_mut_ptr(), register) }
}

#[inline]
#[target_feature(enable = "neon,dotprod")]
fn load_halves(halves: &[u16; 4]) -> float32x4_t {
    // SAFETY: four readable halves.
    vcvt_f32_f16(vreinterpret_f16_u16(unsafe { vld1_u16(halves.as_ptr()) }))
}

/// The exponential of each lane, to about two units in the last place: x = n ln 2 + r, a polynomial for e^r
/// and n put into the exponent. Clamped to where the result is a normal number.
#[inline]
#[target_feature(enable = "neon,dotprod")]
fn exp(x: float32x4_t) -> float32x4_t {
    let constant = |value: f32| vdupq_n_f32(value);
    let x = vmaxq_f32(vminq_f32(x, constant(88.0)), constant(-87.0));
    let n = vrndnq_f32(vmulq_f32(x, constant(std::f32::consts::LOG2_E)));
    // ln 2 in two parts, the first exact in few bits, so that n times it is exact.
    let r = vfmsq_f32(x, n, constant(0.693_359_4));
    let r = vfmsq_f32(r, n, constant(-2.121_944_4e-4));
    // The minimax polynomial of the Cephes library.
    let mut p = constant(1.987_569_1e-4);
    for coefficient in [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5] {
        p = vfmaq_f32(constant(coefficient), p, r);
    }
    let p = vfmaq_f32(vaddq_f32(r, constant(1.0)), p, vmulq_f32(r, r));
    let exponent = vshlq_n_s32::<23>(vaddq_s32(vcvtq_s32_f32(n), vdupq_n_s32(127)));
    vmulq_f32(p, vreinterpretq_f32_s32(exponent))
}
