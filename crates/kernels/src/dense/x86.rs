//! The products for x86-64: AVX2 with FMA, with or without VNNI, and AVX-512 with VNNI.
//!
//! Every function here needs those instructions; they are called through [`super::level::Level`], of which a
//! value for them exists only after they were detected.

#![allow(clippy::needless_range_loop, reason = "bounds known here let the compiler unroll these loops into registers")]

use super::tile::{Bytes, CodePanel, CodeTile, Counts, HalfPanel, Line, Panel, ROWS, STEPS, Sums, Tile};
use std::arch::x86_64::*;

/// 12 tokens x 32 outputs: 24 registers of sums, 2 of weights, the tokens' values broadcast from memory.
#[target_feature(enable = "avx512f")]
pub(crate) fn floats_512(tile: &[Tile], panel: &[Panel], sums: &mut Sums) {
    let mut all = [[_mm512_setzero_ps(); 2]; ROWS];
    for (tile, panel) in tile.iter().zip(panel) {
        for step in 0..STEPS {
            let weights = [line_512(&panel[step][0]), line_512(&panel[step][1])];
            for row in 0..ROWS {
                let value = _mm512_set1_ps(tile[row].0[step]);
                all[row][0] = _mm512_fmadd_ps(value, weights[0], all[row][0]);
                all[row][1] = _mm512_fmadd_ps(value, weights[1], all[row][1]);
            }
        }
    }
    let [first, second] = sums;
    for (all, (first, second)) in all.iter().zip(first.iter_mut().zip(second)) {
        // SAFETY: sixteen writable floats each.
        unsafe {
            _mm512_storeu_ps(first.0.as_mut_ptr(), all[0]);
            _mm512_storeu_ps(second.0.as_mut_ptr(), all[1]);
        }
    }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn line_512(line: &Line) -> __m512 {
    // SAFETY: sixteen readable floats.
    unsafe { _mm512_loadu_ps(line.0.as_ptr()) }
}

/// As [`floats_512`], six tokens x 16 outputs at a time: 12 of 16 registers hold sums.
#[target_feature(enable = "avx2,fma,f16c")]
pub(crate) fn floats_256(tile: &[Tile], panel: &[Panel], sums: &mut Sums) {
    for half in 0..2 {
        for first in [0, 6] {
            let mut all = [[_mm256_setzero_ps(); 2]; 6];
            for (tile, panel) in tile.iter().zip(panel) {
                for step in 0..STEPS {
                    let (eights, _) = panel[step][half].0.as_chunks::<8>();
                    // SAFETY: eight readable floats each.
                    let weights = unsafe { [_mm256_loadu_ps(eights[0].as_ptr()), _mm256_loadu_ps(eights[1].as_ptr())] };
                    for row in 0..6 {
                        let value = _mm256_set1_ps(tile[first + row].0[step]);
                        all[row][0] = _mm256_fmadd_ps(value, weights[0], all[row][0]);
                        all[row][1] = _mm256_fmadd_ps(value, weights[1], all[row][1]);
                    }
                }
            }
            for (all, line) in all.iter().zip(&mut sums[half][first..]) {
                for (register, eight) in all.iter().zip(line.0.as_chunks_mut::<8>().0) {
                    // SAFETY: eight writable floats.
                    unsafe { _mm256_storeu_ps(eight.as_mut_ptr(), *register) };
                }
            }
        }
    }
}

/// 12 tokens x 32 outputs in codes: VNNI adds four products of an unsigned weight and a signed value at once.
/// The sums begin with what the 128 too many of each weight will add, taken away.
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
pub(crate) fn codes_512(tile: &[CodeTile], panel: &[CodePanel], totals: &[i32; ROWS], counts: &mut Counts) {
    let mut all = [[_mm512_setzero_si512(); 2]; ROWS];
    for (all, total) in all.iter_mut().zip(totals) {
        *all = [_mm512_set1_epi32(-128 * total); 2];
    }
    for (tile, panel) in tile.iter().zip(panel) {
        for step in 0..STEPS {
            let weights = [bytes_512(&panel[step][0]), bytes_512(&panel[step][1])];
            for row in 0..ROWS {
                let value = _mm512_set1_epi32(four(&tile[row].0, step));
                all[row][0] = _mm512_dpbusd_epi32(all[row][0], weights[0], value);
                all[row][1] = _mm512_dpbusd_epi32(all[row][1], weights[1], value);
            }
        }
    }
    let [first, second] = counts;
    for (all, (first, second)) in all.iter().zip(first.iter_mut().zip(second)) {
        // SAFETY: sixteen writable integers each.
        unsafe {
            _mm512_storeu_si512(first.0.as_mut_ptr().cast(), all[0]);
            _mm512_storeu_si512(second.0.as_mut_ptr().cast(), all[1]);
        }
    }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn bytes_512(bytes: &Bytes) -> __m512i {
    // SAFETY: 64 readable bytes.
    unsafe { _mm512_loadu_si512(bytes.0.as_ptr().cast()) }
}

/// As [`codes_512`]. An unsigned weight of up to 255 times two signed values passes 16 bits, so the weight is
/// made signed, its sign is given to the value, and its magnitude is multiplied: at most 2 * 128 * 127.
#[target_feature(enable = "avx2,fma,f16c")]
pub(crate) fn codes_256(tile: &[CodeTile], panel: &[CodePanel], counts: &mut Counts) {
    let (ones, offset) = (_mm256_set1_epi16(1), _mm256_set1_epi8(-128));
    for quarter in 0..4 {
        for first in [0, 4, 8] {
            let mut all = [_mm256_setzero_si256(); 4];
            for (tile, panel) in tile.iter().zip(panel) {
                for step in 0..STEPS {
                    let bytes: &[u8; 32] = &panel[step][quarter / 2].0.as_chunks::<32>().0[quarter % 2];
                    // SAFETY: 32 readable bytes.
                    let raw = unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) };
                    let weights = _mm256_xor_si256(raw, offset);
                    let magnitudes = _mm256_abs_epi8(weights);
                    for row in 0..4 {
                        let value = _mm256_set1_epi32(four(&tile[first + row].0, step));
                        let pairs = _mm256_maddubs_epi16(magnitudes, _mm256_sign_epi8(value, weights));
                        all[row] = _mm256_add_epi32(all[row], _mm256_madd_epi16(pairs, ones));
                    }
                }
            }
            for (register, counts) in all.iter().zip(&mut counts[quarter / 2][first..]) {
                let eight = &mut counts.0.as_chunks_mut::<8>().0[quarter % 2];
                // SAFETY: eight writable integers.
                unsafe { _mm256_storeu_si256(eight.as_mut_ptr().cast(), *register) };
            }
        }
    }
}

/// As [`codes_512`], 12 tokens x 8 outputs at a time, with AVX-VNNI.
#[target_feature(enable = "avx2,fma,f16c,avxvnni")]
pub(crate) fn codes_vnni_256(tile: &[CodeTile], panel: &[CodePanel], totals: &[i32; ROWS], counts: &mut Counts) {
    for quarter in 0..4 {
        let mut all = [_mm256_setzero_si256(); ROWS];
        for (all, total) in all.iter_mut().zip(totals) {
            *all = _mm256_set1_epi32(-128 * total);
        }
        for (tile, panel) in tile.iter().zip(panel) {
            for step in 0..STEPS {
                let bytes: &[u8; 32] = &panel[step][quarter / 2].0.as_chunks::<32>().0[quarter % 2];
                // SAFETY: 32 readable bytes.
                let weights = unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) };
                for row in 0..ROWS {
                    let value = _mm256_set1_epi32(four(&tile[row].0, step));
                    all[row] = _mm256_dpbusd_avx_epi32(all[row], weights, value);
                }
            }
        }
        for (register, counts) in all.iter().zip(&mut counts[quarter / 2]) {
            let eight = &mut counts.0.as_chunks_mut::<8>().0[quarter % 2];
            // SAFETY: eight writable integers.
            unsafe { _mm256_storeu_si256(eight.as_mut_ptr().cast(), *register) };
        }
    }
}

/// Four codes as the bits of one integer.
#[inline(always)]
fn four(codes: &[i8; 64], step: usize) -> i32 {
    let [a, b, c, d] = codes.as_chunks::<4>().0[step];
    i32::from_le_bytes([a.cast_unsigned(), b.cast_unsigned(), c.cast_unsigned(), d.cast_unsigned()])
}

/// Half precision to single.
#[target_feature(enable = "avx2,fma,f16c")]
pub(crate) fn widen(halves: &[HalfPanel], panels: &mut [Panel]) {
    for (halves, lines) in halves.as_flattened().iter().zip(panels.as_flattened_mut()) {
        let (halves, _) = halves.as_chunks::<8>();
        for at in 0..4 {
            let eight = &mut lines[at / 2].0.as_chunks_mut::<8>().0[at % 2];
            // SAFETY: 16 readable bytes and eight writable floats.
            unsafe {
                let wide = _mm256_cvtph_ps(_mm_loadu_si128(halves[at].as_ptr().cast()));
                _mm256_storeu_ps(eight.as_mut_ptr(), wide);
            }
        }
    }
}
