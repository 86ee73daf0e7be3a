//! What happens to each token's row between the products.

use super::{exp, load, load_halves, store};
use crate::activations::Block;
use crate::eight::{Codes, Halves};
use crate::portable::rows as portable;
use std::arch::aarch64::*;

/// Codes rows of activations in blocks of 32: the largest magnitude of a block becomes 127.
#[target_feature(enable = "neon,dotprod")]
pub(crate) fn quantise(values: &[f32], blocks: &mut [Block]) {
    for (values, block) in values.as_chunks::<32>().0.iter().zip(blocks) {
        let mut most = vdupq_n_f32(0.0);
        for four in values.as_chunks().0 {
            most = vmaxq_f32(most, vabsq_f32(load(four)));
        }
        let largest = vmaxvq_f32(most);
        let inverse = if largest > 0.0 { 127.0 / largest } else { 0.0 };
        let mut sums = [0; 2];
        for ((values, codes), sum) in
            values.as_chunks::<16>().0.iter().zip(block.codes.as_chunks_mut::<16>().0).zip(&mut sums)
        {
            let (fours, _) = values.as_chunks();
            let code = |at: usize| vcvtnq_s32_f32(vmulq_n_f32(load(&fours[at]), inverse));
            let [a, b, c, d] = [code(0), code(1), code(2), code(3)];
            *sum = vaddvq_s32(vaddq_s32(vaddq_s32(a, b), vaddq_s32(c, d)));
            let low = vqmovn_s16(vcombine_s16(vqmovn_s32(a), vqmovn_s32(b)));
            let high = vqmovn_s16(vcombine_s16(vqmovn_s32(c), vqmovn_s32(d)));
            // SAFETY: 16 writable bytes.
            unsafe { vst1q_s8(codes.as_mut_ptr(), vcombine_s8(low, high)) };
        }
        block.scale = largest / 127.0;
        block.set_sums(sums);
    }
}

/// `out = values / rms(values) * weight`.
#[target_feature(enable = "neon,dotprod")]
pub(crate) fn rms_norm(values: &[f32], weight: &[f32], epsilon: f32, out: &mut [f32]) {
    let (sixteens, rest) = values.as_chunks::<16>();
    let mut sums = [vdupq_n_f32(0.0); 4];
    for sixteen in sixteens {
        for (sum, values) in sums.iter_mut().zip(sixteen.as_chunks().0) {
            let values = load(values);
            *sum = vfmaq_f32(*sum, values, values);
        }
    }
    let squares = vaddvq_f32(vaddq_f32(vaddq_f32(sums[0], sums[1]), vaddq_f32(sums[2], sums[3])));
    let squares = rest.iter().fold(squares, |squares, value| squares + value * value);
    let scale = portable::inverse_rms(squares, values.len(), epsilon);
    // Plain loops: the compiler turns them into the same instructions.
    for ((out, value), weight) in out.iter_mut().zip(values).zip(weight) {
        *out = value * scale * weight;
    }
}

/// `gate = silu(gate) * up`.
#[target_feature(enable = "neon,dotprod")]
pub(crate) fn silu_multiply(gate: &mut [f32], up: &[f32]) {
    let (gates, gate_rest) = gate.as_chunks_mut::<4>();
    let (ups, up_rest) = up.as_chunks::<4>();
    for (gate, up) in gates.iter_mut().zip(ups) {
        let g = load(gate);
        let divisor = vaddq_f32(vdupq_n_f32(1.0), exp(vnegq_f32(g)));
        store(gate, vmulq_f32(vdivq_f32(g, divisor), load(up)));
    }
    portable::silu_multiply(gate_rest, up_rest);
}

/// `out = codes * scales` in half precision.
#[target_feature(enable = "neon,dotprod")]
pub(crate) fn widen(codes: &[Codes], scales: &Halves, out: &mut [Halves]) {
    let (scales, _) = scales.as_chunks::<4>();
    for (codes, out) in codes.iter().zip(out) {
        // SAFETY: 16 readable bytes.
        let codes = unsafe { vld1q_s8(codes.as_ptr()) };
        let (low, high) = (vmovl_s8(vget_low_s8(codes)), vmovl_high_s8(codes));
        let fours = [vget_low_s16(low), vget_high_s16(low), vget_low_s16(high), vget_high_s16(high)];
        for ((four, scale), out) in fours.into_iter().zip(scales).zip(out.as_chunks_mut::<4>().0) {
            let wide = vmulq_f32(vcvtq_f32_s32(vmovl_s16(four)), load_halves(scale));
            // SAFETY: four writable halves.
            unsafe { vst1_u16(out.as_mut_ptr(), vreinterpret_u16_f16(vcvt_f16_f32(wide))) };
        }
    }
}

/// Rounds to half precision; always finite: of a pair with what is no number, the other is taken.
#[target_feature(enable = "neon,dotprod")]
pub(crate) fn halve(values: &[f32], out: &mut [u16]) {
    let (fours, rest) = values.as_chunks::<4>();
    let (outs, out_rest) = out.as_chunks_mut::<4>();
    let limit = vdupq_n_f32(portable::LARGEST_HALF);
    for (values, out) in fours.iter().zip(outs) {
        let clamped = vmaxq_f32(vnegq_f32(limit), vminnmq_f32(limit, load(values)));
        // SAFETY: four writable halves.
        unsafe { vst1_u16(out.as_mut_ptr(), vreinterpret_u16_f16(vcvt_f16_f32(clamped))) };
    }
    portable::halve(rest, out_rest);
}
