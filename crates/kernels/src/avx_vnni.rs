//! Products of codes for x86-64 with AVX-VNNI: AVX2, and `vpdpbusd` in 256 bits.
//!
//! Intel's laptops have it since 2021 and most of them no AVX-512. Whatever is not a product of codes is done as
//! with AVX2. Each sum of products is the one of AVX-512, operation by operation.

#![allow(
    clippy::needless_range_loop,
    reason = "an index stands for the same row or token in several arrays of registers"
)]

use crate::activations::Block;
use crate::avx2::{self, load_bytes, load_halves, store};
use crate::matrix::Panels;
use crate::product::Task;
use crate::tile::{COLUMNS, GROUP, ROWS, Tile4, Tile5, Tile6, Tile8};
use crate::unsigned::Unsigned;
use std::arch::x86_64::*;
use std::{
    array,
    cell::RefCell,
    sync::atomic::{Ordering, compiler_fence},
};

/// Rows of a side: what a register holds.
const SIDE: usize = 8;
/// Sides of a panel.
const SIDES: usize = ROWS / SIDE;

/// Computes one task.
#[target_feature(enable = "avx2,fma,f16c,avxvnni")]
pub(crate) fn multiply(task: &Task<'_>) {
    match &task.matrix.panels {
        Panels::Four(tiles) => panels(tiles, task),
        Panels::Five(tiles) => panels(tiles, task),
        Panels::Six(tiles) => panels(tiles, task),
        Panels::Eight(tiles) => panels(tiles, task),
        Panels::Half(_) | Panels::Brain(_) | Panels::Single(_) => avx2::product::multiply(task),
    }
}

/// Sums of both sides of a panel for `T` tokens.
type Sums<const T: usize> = [[__m256; SIDES]; T];

/// Parts of a tile: four columns of each row.
const PARTS: usize = 8;
/// So many tokens are computed at once where there are enough: eight chains of sums, and what the registers hold.
const MANY: usize = 4;

/// A part of a tile, unpacked: four bytes of each row, of both sides.
type Unpacked = [[u8; 32]; SIDES];

thread_local! {
    /// The codes of a panel, unpacked: once for many tokens.
    static UNPACKED: RefCell<Vec<Unpacked>> = const { RefCell::new(Vec::new()) };
}

#[inline]
#[target_feature(enable = "avx2,fma,f16c,avxvnni")]
fn panels<C: Codes>(tiles: &[C], task: &Task<'_>) {
    let width = task.matrix.columns() / COLUMNS;
    UNPACKED.with_borrow_mut(|unpacked| {
        for at in task.panels.clone() {
            let panel = &tiles[at * width..][..width];
            let mut token = task.tokens.start;
            if task.tokens.len() >= MANY {
                unpack(panel, unpacked);
            }
            while token < task.tokens.end {
                token += match task.tokens.end - token {
                    1 => put(dot::<C, 1, false>(panel, &[], task, token), task, at, token),
                    2 | 3 => put(dot::<C, 2, false>(panel, &[], task, token), task, at, token),
                    _ => put(dot::<C, MANY, true>(panel, unpacked, task, token), task, at, token),
                };
            }
        }
    });
}

/// Unpacks the codes of a panel.
#[target_feature(enable = "avx2,fma,f16c,avxvnni")]
fn unpack<C: Codes>(panel: &[C], unpacked: &mut Vec<Unpacked>) {
    unpacked.clear();
    for tile in panel {
        for part in 0..PARTS {
            let mut bytes = [[0; 32]; SIDES];
            for side in 0..SIDES {
                // SAFETY: this function has the same features; 32 writable bytes, which need no alignment.
                unsafe { _mm256_storeu_si256(bytes[side].as_mut_ptr().cast(), tile.part(side, part)) };
            }
            unpacked.push(bytes);
        }
    }
}

/// Writes sums where they belong, and says of how many tokens they are.
#[inline]
#[target_feature(enable = "avx2,fma,f16c,avxvnni")]
fn put<const T: usize>(sums: Sums<T>, task: &Task<'_>, at: usize, token: usize) -> usize {
    for (t, sides) in sums.into_iter().enumerate() {
        for (side, register) in sides.into_iter().enumerate() {
            let mut sums = [0.0; SIDE];
            store(&mut sums, register);
            // SAFETY: `multiply` in `product` gives each panel of each token to one task.
            unsafe { task.out.put(token + t, at * ROWS + side * SIDE, &sums, task.add) };
        }
    }
    T
}

/// The products of a panel with the inputs of `T` tokens, from `token` on; `READY`: its codes stand in `unpacked`.
#[target_feature(enable = "avx2,fma,f16c,avxvnni")]
fn dot<C: Codes, const T: usize, const READY: bool>(
    panel: &[C],
    unpacked: &[Unpacked],
    task: &Task<'_>,
    token: usize,
) -> Sums<T> {
    let inputs: [&[Block]; T] = array::from_fn(|t| &task.input.blocks_of(token + t)[..panel.len()]);
    let mut sums = [[_mm256_setzero_ps(); SIDES]; T];
    for (at, tile) in panel.iter().enumerate() {
        let blocks: [&Block; T] = array::from_fn(|t| &inputs[t][at]);
        for run in 0..C::RUNS {
            let mut integers: [[__m256i; SIDES]; T] =
                array::from_fn(|t| [_mm256_set1_epi32(C::start(blocks[t], run)); SIDES]);
            for part in run * PARTS / C::RUNS..(run + 1) * PARTS / C::RUNS {
                let codes: [__m256i; SIDES] = if READY {
                    // Keeps the compiler from mixing the parts, for which there are too few registers.
                    compiler_fence(Ordering::SeqCst);
                    array::from_fn(|side| load_bytes(&unpacked[at * PARTS + part][side]))
                } else {
                    // SAFETY: this function has the same features.
                    array::from_fn(|side| unsafe { tile.part(side, part) })
                };
                for t in 0..T {
                    let four = four(blocks[t], part);
                    for side in 0..SIDES {
                        integers[t][side] = _mm256_dpbusd_avx_epi32(integers[t][side], codes[side], four);
                    }
                }
            }
            for side in 0..SIDES {
                let scales = load_halves(eight(tile.scales(run), side));
                for t in 0..T {
                    let scales = _mm256_mul_ps(scales, _mm256_set1_ps(blocks[t].scale));
                    sums[t][side] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(integers[t][side]), scales, sums[t][side]);
                }
            }
        }
        if let Some(offsets) = tile.offsets() {
            for side in 0..SIDES {
                let offsets = load_halves(eight(offsets, side));
                for t in 0..T {
                    sums[t][side] = _mm256_fmadd_ps(offsets, _mm256_set1_ps(blocks[t].sum), sums[t][side]);
                }
            }
        }
    }
    sums
}

/// The numbers of one side.
#[inline(always)]
fn eight<N>(numbers: &[N; ROWS], side: usize) -> &[N; SIDE] {
    &numbers.as_chunks().0[side]
}

/// Four neighbouring codes of a token in every lane.
#[inline]
#[target_feature(enable = "avx2,fma,f16c,avxvnni")]
fn four(block: &Block, part: usize) -> __m256i {
    let codes: &[i8; 4] = &block.codes.as_chunks().0[part];
    // SAFETY: four readable bytes; the load needs no alignment. (Built up byte by byte it stays four loads.)
    _mm256_set1_epi32(unsafe { codes.as_ptr().cast::<i32>().read_unaligned() })
}

/// The bytes of one side of a group.
#[inline]
#[target_feature(enable = "avx2,fma,f16c,avxvnni")]
fn bytes(group: &[u8; GROUP], side: usize) -> __m256i {
    load_bytes(&group.as_chunks().0[side])
}

/// The low (even) or the high (odd) four bits of a group's bytes.
#[inline]
#[target_feature(enable = "avx2,fma,f16c,avxvnni")]
fn nibbles(codes: &[[u8; GROUP]; 4], side: usize, part: usize) -> __m256i {
    let (bytes, mask) = (bytes(&codes[part / 2], side), _mm256_set1_epi8(15));
    _mm256_and_si256(if part.is_multiple_of(2) { bytes } else { _mm256_srli_epi16::<4>(bytes) }, mask)
}

/// `bits` with, where `mask` has ones, the bits of `bytes` moved to the left, or to the right if negative.
#[inline]
#[target_feature(enable = "avx2,fma,f16c,avxvnni")]
fn with(bits: __m256i, bytes: __m256i, left: i32, mask: u8) -> __m256i {
    let moved = match left {
        4 => _mm256_slli_epi16::<4>(bytes),
        3 => _mm256_slli_epi16::<3>(bytes),
        2 => _mm256_slli_epi16::<2>(bytes),
        1 => _mm256_slli_epi16::<1>(bytes),
        0 => bytes,
        -1 => _mm256_srli_epi16::<1>(bytes),
        -2 => _mm256_srli_epi16::<2>(bytes),
        _ => _mm256_srli_epi16::<3>(bytes),
    };
    _mm256_or_si256(bits, _mm256_and_si256(moved, _mm256_set1_epi8(mask.cast_signed())))
}

/// A tile of codes.
trait Codes: Unsigned {
    /// Four columns of each row of a side, unsigned.
    ///
    /// # Safety
    /// The processor has the instructions of this module.
    unsafe fn part(&self, side: usize, part: usize) -> __m256i;
}

impl Codes for Tile4 {
    #[inline]
    #[target_feature(enable = "avx2,fma,f16c,avxvnni")]
    unsafe fn part(&self, side: usize, part: usize) -> __m256i {
        nibbles(&self.codes, side, part)
    }
}

impl Codes for Tile5 {
    #[inline]
    #[target_feature(enable = "avx2,fma,f16c,avxvnni")]
    unsafe fn part(&self, side: usize, part: usize) -> __m256i {
        // Bit `part` of each byte, moved to bit 4.
        with(nibbles(&self.codes, side, part), bytes(&self.fifth, side), 4 - part as i32, 16)
    }
}

impl Codes for Tile6 {
    #[inline]
    #[target_feature(enable = "avx2,fma,f16c,avxvnni")]
    unsafe fn part(&self, side: usize, part: usize) -> __m256i {
        // Two bits from bit `2 * (part % 4)` of each byte, moved to bits 4 and 5.
        let upper = bytes(&self.upper[part / 4], side);
        with(nibbles(&self.codes, side, part), upper, 4 - 2 * (part % 4) as i32, 0x30)
    }
}

impl Codes for Tile8 {
    #[inline]
    #[target_feature(enable = "avx2,fma,f16c,avxvnni")]
    unsafe fn part(&self, side: usize, part: usize) -> __m256i {
        let codes: &[i8; 32] = &self.codes[part].as_chunks().0[side];
        // 128 added.
        _mm256_xor_si256(avx2::load_signed(codes), _mm256_set1_epi8(-128))
    }
}
