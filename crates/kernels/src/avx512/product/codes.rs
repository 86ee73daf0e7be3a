//! Tiles of codes: `vpdpbusd` adds four products of bytes to 32 bits, so nothing is widened on the way.

use super::Dot;
use crate::activations::Block;
use crate::avx512::{load_bytes, load_halves};
use crate::product::Task;
use crate::tile::{GROUP, Tile4, Tile5, Tile6, Tile8};
use std::arch::x86_64::*;
use std::array;

/// How far ahead weights are asked for, in bytes. Measured: less or more is slower.
const AHEAD: usize = 12 << 10;

/// Asks for the weights some tiles ahead when each is used once. Unpacking takes so many instructions that what
/// the processor looks ahead by itself does not cover the memory's delay: 6-bit codes are read twice as fast.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn fetch<D, const T: usize>(tile: &D) {
    if T == 1 {
        for line in (0..size_of::<D>()).step_by(64) {
            _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(tile).cast::<i8>().wrapping_add(AHEAD + line));
        }
    }
}

/// The coded inputs of `T` tokens, each as long as the panel.
#[inline(always)]
fn blocks<'a, const T: usize>(task: &Task<'a>, token: usize, count: usize) -> [&'a [Block]; T] {
    array::from_fn(|t| &task.input.blocks_of(token + t)[..count])
}

/// Four neighbouring codes of a token in every lane: an operand that the multiplication reads from memory.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn four(block: &Block, part: usize) -> __m512i {
    let codes: &[i8; 4] = &block.codes.as_chunks().0[part];
    // SAFETY: four readable bytes; the load needs no alignment. (Built up byte by byte it stays four loads.)
    _mm512_set1_epi32(unsafe { codes.as_ptr().cast::<i32>().read_unaligned() })
}

/// The low and the high codes of a group.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn low_high(group: &[u8; GROUP]) -> (__m512i, __m512i) {
    let (bytes, mask) = (load_bytes(group), _mm512_set1_epi8(15));
    (_mm512_and_si512(bytes, mask), _mm512_and_si512(_mm512_srli_epi16::<4>(bytes), mask))
}

/// Adds the products of a group, eight columns, to the sums of each token.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn add<const T: usize>(
    sums: &mut [__m512i; T],
    (low, high): (__m512i, __m512i),
    inputs: &[&[Block]; T],
    at: usize,
    group: usize,
) {
    for t in 0..T {
        sums[t] = _mm512_dpbusd_epi32(sums[t], low, four(&inputs[t][at], 2 * group));
    }
    for t in 0..T {
        sums[t] = _mm512_dpbusd_epi32(sums[t], high, four(&inputs[t][at], 2 * group + 1));
    }
}

/// Adds a tile's integers times both scales.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn scaled(sum: __m512, integers: __m512i, scales: __m512, block: &Block) -> __m512 {
    let scales = _mm512_mul_ps(scales, _mm512_set1_ps(block.scale));
    _mm512_fmadd_ps(_mm512_cvtepi32_ps(integers), scales, sum)
}

/// `bits` with, where `mask` has ones, the bits of `bytes` moved by `LEFT` or `RIGHT`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn with<const LEFT: u32, const RIGHT: u32>(bits: __m512i, bytes: __m512i, mask: __m512i) -> __m512i {
    let moved = _mm512_srli_epi16::<RIGHT>(_mm512_slli_epi16::<LEFT>(bytes));
    // bits | (moved & mask)
    _mm512_ternarylogic_epi64::<0b1111_1000>(bits, moved, mask)
}

impl Dot for Tile4 {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    unsafe fn dot<const T: usize>(panel: &[Self], task: &Task<'_>, token: usize) -> [__m512; T] {
        let inputs = blocks::<T>(task, token, panel.len());
        let mut sums = [_mm512_setzero_ps(); T];
        for (at, tile) in panel.iter().enumerate() {
            fetch::<Self, T>(tile);
            let mut integers = [_mm512_setzero_si512(); T];
            for (group, codes) in tile.codes.iter().enumerate() {
                add(&mut integers, low_high(codes), &inputs, at, group);
            }
            let (scales, offsets) = (load_halves(&tile.scales), load_halves(&tile.offsets));
            for t in 0..T {
                sums[t] = scaled(sums[t], integers[t], scales, &inputs[t][at]);
                sums[t] = _mm512_fmadd_ps(offsets, _mm512_set1_ps(inputs[t][at].sum), sums[t]);
            }
        }
        sums
    }
}

impl Dot for Tile5 {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    unsafe fn dot<const T: usize>(panel: &[Self], task: &Task<'_>, token: usize) -> [__m512; T] {
        let inputs = blocks::<T>(task, token, panel.len());
        let bit = _mm512_set1_epi8(16);
        let mut sums = [_mm512_setzero_ps(); T];
        for (at, tile) in panel.iter().enumerate() {
            fetch::<Self, T>(tile);
            let fifth = load_bytes(&tile.fifth);
            let groups = tile.codes.each_ref().map(|codes| low_high(codes));
            // Bit 2 * group of each byte, moved to bit 4, and the bit above it.
            let groups = [
                (with::<4, 0>(groups[0].0, fifth, bit), with::<3, 0>(groups[0].1, fifth, bit)),
                (with::<2, 0>(groups[1].0, fifth, bit), with::<1, 0>(groups[1].1, fifth, bit)),
                (with::<0, 0>(groups[2].0, fifth, bit), with::<0, 1>(groups[2].1, fifth, bit)),
                (with::<0, 2>(groups[3].0, fifth, bit), with::<0, 3>(groups[3].1, fifth, bit)),
            ];
            let mut integers = [_mm512_setzero_si512(); T];
            for (group, codes) in groups.into_iter().enumerate() {
                add(&mut integers, codes, &inputs, at, group);
            }
            let (scales, offsets) = (load_halves(&tile.scales), load_halves(&tile.offsets));
            for t in 0..T {
                sums[t] = scaled(sums[t], integers[t], scales, &inputs[t][at]);
                sums[t] = _mm512_fmadd_ps(offsets, _mm512_set1_ps(inputs[t][at].sum), sums[t]);
            }
        }
        sums
    }
}

impl Dot for Tile6 {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    unsafe fn dot<const T: usize>(panel: &[Self], task: &Task<'_>, token: usize) -> [__m512; T] {
        let inputs = blocks::<T>(task, token, panel.len());
        let bits = _mm512_set1_epi8(0x30);
        let mut sums = [_mm512_setzero_ps(); T];
        for (at, tile) in panel.iter().enumerate() {
            fetch::<Self, T>(tile);
            for half in 0..2 {
                let upper = load_bytes(&tile.upper[half]);
                let first = low_high(&tile.codes[2 * half]);
                let second = low_high(&tile.codes[2 * half + 1]);
                let first = (with::<4, 0>(first.0, upper, bits), with::<2, 0>(first.1, upper, bits));
                let second = (with::<0, 0>(second.0, upper, bits), with::<0, 2>(second.1, upper, bits));
                // The codes are stored with 32 added; beginning here takes it away again.
                let mut integers: [__m512i; T] = array::from_fn(|t| _mm512_set1_epi32(inputs[t][at].minus_32[half]));
                add(&mut integers, first, &inputs, at, 2 * half);
                add(&mut integers, second, &inputs, at, 2 * half + 1);
                let scales = load_halves(&tile.scales[half]);
                for t in 0..T {
                    sums[t] = scaled(sums[t], integers[t], scales, &inputs[t][at]);
                }
            }
        }
        sums
    }
}

impl Dot for Tile8 {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    unsafe fn dot<const T: usize>(panel: &[Self], task: &Task<'_>, token: usize) -> [__m512; T] {
        let inputs = blocks::<T>(task, token, panel.len());
        let top = _mm512_set1_epi8(-128);
        let mut sums = [_mm512_setzero_ps(); T];
        for (at, tile) in panel.iter().enumerate() {
            fetch::<Self, T>(tile);
            // One factor must be unsigned: the codes get 128 added, and beginning here takes it away again.
            let mut integers: [__m512i; T] = array::from_fn(|t| _mm512_set1_epi32(inputs[t][at].minus_128));
            for (part, codes) in tile.codes.iter().enumerate() {
                // SAFETY: 64 readable bytes; the load needs no alignment.
                let codes = _mm512_xor_si512(unsafe { _mm512_loadu_si512(codes.as_ptr().cast()) }, top);
                for t in 0..T {
                    integers[t] = _mm512_dpbusd_epi32(integers[t], codes, four(&inputs[t][at], part));
                }
            }
            let scales = load_halves(&tile.scales);
            for t in 0..T {
                sums[t] = scaled(sums[t], integers[t], scales, &inputs[t][at]);
            }
        }
        sums
    }
}
