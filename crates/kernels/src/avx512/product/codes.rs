//! Tiles of codes: `vpdpbusd` adds four products of bytes to 32 bits, so nothing is widened on the way.

use super::{Dot, Sums, fetch};
use crate::activations::Block;
use crate::avx512::{load_bytes, load_halves};
use crate::product::Task;
use crate::tile::{GROUP, Tile4, Tile5, Tile6, Tile8};
use crate::unsigned::Unsigned;
use std::arch::x86_64::*;
use std::array;

/// Four neighbouring codes of a token in every lane: an operand that the multiplication reads from memory.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn four(block: &Block, part: usize) -> __m512i {
    let codes: &[i8; 4] = &block.codes.as_chunks().0[part];
    // SAFETY: four readable bytes; the load needs no alignment. (Built up byte by byte it stays four loads.)
    _mm512_set1_epi32(unsafe { codes.as_ptr().cast::<i32>().read_unaligned() })
}

/// The low (even) or the high (odd) four bits of a group's bytes.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn nibbles(codes: &[[u8; GROUP]; 4], part: usize) -> __m512i {
    let (bytes, mask) = (load_bytes(&codes[part / 2]), _mm512_set1_epi8(15));
    _mm512_and_si512(if part.is_multiple_of(2) { bytes } else { _mm512_srli_epi16::<4>(bytes) }, mask)
}

/// `bits` with, where `mask` has ones, the bits of `bytes` moved to the left, or to the right if negative.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn with(bits: __m512i, bytes: __m512i, left: i32, mask: u8) -> __m512i {
    let moved = match left {
        4 => _mm512_slli_epi16::<4>(bytes),
        3 => _mm512_slli_epi16::<3>(bytes),
        2 => _mm512_slli_epi16::<2>(bytes),
        1 => _mm512_slli_epi16::<1>(bytes),
        0 => bytes,
        -1 => _mm512_srli_epi16::<1>(bytes),
        -2 => _mm512_srli_epi16::<2>(bytes),
        _ => _mm512_srli_epi16::<3>(bytes),
    };
    // bits | (moved & mask)
    _mm512_ternarylogic_epi64::<0b1111_1000>(bits, moved, _mm512_set1_epi8(mask.cast_signed()))
}

/// A tile of codes.
trait Codes: Unsigned {
    /// Four columns of each row, unsigned.
    ///
    /// # Safety
    /// The processor has the instructions of this module.
    unsafe fn part(&self, part: usize) -> __m512i;
}

impl<C: Codes> Dot for C {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    unsafe fn dot<const T: usize, const P: usize>(panels: [&[C]; P], task: &Task<'_>, token: usize) -> Sums<T, P> {
        let count = panels[0].len();
        let inputs: [&[Block]; T] = array::from_fn(|t| &task.input.blocks_of(token + t)[..count]);
        let mut sums = [[_mm512_setzero_ps(); P]; T];
        for at in 0..count {
            let tiles: [&C; P] = array::from_fn(|p| &panels[p][at]);
            if T == 1 {
                fetch(tiles[0]);
            }
            for run in 0..C::RUNS {
                let mut integers: [[__m512i; P]; T] =
                    array::from_fn(|t| [_mm512_set1_epi32(C::start(&inputs[t][at], run)); P]);
                for part in run * 8 / C::RUNS..(run + 1) * 8 / C::RUNS {
                    // SAFETY: this function has the same features.
                    let codes: [__m512i; P] = array::from_fn(|p| unsafe { tiles[p].part(part) });
                    for t in 0..T {
                        let four = four(&inputs[t][at], part);
                        for p in 0..P {
                            integers[t][p] = _mm512_dpbusd_epi32(integers[t][p], codes[p], four);
                        }
                    }
                }
                for p in 0..P {
                    let scales = load_halves(tiles[p].scales(run));
                    for t in 0..T {
                        let scales = _mm512_mul_ps(scales, _mm512_set1_ps(inputs[t][at].scale));
                        sums[t][p] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(integers[t][p]), scales, sums[t][p]);
                    }
                }
            }
            for p in 0..P {
                if let Some(offsets) = tiles[p].offsets().map(|offsets| load_halves(offsets)) {
                    for t in 0..T {
                        sums[t][p] = _mm512_fmadd_ps(offsets, _mm512_set1_ps(inputs[t][at].sum), sums[t][p]);
                    }
                }
            }
        }
        sums
    }
}

impl Codes for Tile4 {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    unsafe fn part(&self, part: usize) -> __m512i {
        nibbles(&self.codes, part)
    }
}

impl Codes for Tile5 {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    unsafe fn part(&self, part: usize) -> __m512i {
        // Bit `part` of each byte, moved to bit 4.
        with(nibbles(&self.codes, part), load_bytes(&self.fifth), 4 - part as i32, 16)
    }
}

impl Codes for Tile6 {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    unsafe fn part(&self, part: usize) -> __m512i {
        // Two bits from bit `2 * (part % 4)` of each byte, moved to bits 4 and 5.
        with(nibbles(&self.codes, part), load_bytes(&self.upper[part / 4]), 4 - 2 * (part % 4) as i32, 0x30)
    }
}

impl Codes for Tile8 {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    unsafe fn part(&self, part: usize) -> __m512i {
        // SAFETY: 64 readable bytes; the load needs no alignment.
        let codes = unsafe { _mm512_loadu_si512(self.codes[part].as_ptr().cast()) };
        // 128 added.
        _mm512_xor_si512(codes, _mm512_set1_epi8(-128))
    }
}
