//! Weights times activations: a panel has two sides of 8 rows; 8 rows by 4 tokens or 16 by 2 are in registers.

#![allow(
    clippy::needless_range_loop,
    reason = "an index stands for the same row or token in several arrays of registers"
)]

use super::{load, load_bytes, load_halves, load_signed, store};
use crate::activations::Block;
use crate::matrix::Panels;
use crate::product::Task;
use crate::tile::{Brains, COLUMNS, GROUP, Halves, ROWS, Tile4, Tile5, Tile6, Tile8};
use std::arch::x86_64::*;
use std::array;

/// Rows of a side: what a register holds.
const SIDE: usize = 8;
/// Sides of a panel.
const SIDES: usize = ROWS / SIDE;

/// Computes one task.
#[target_feature(enable = "avx2,fma,f16c")]
pub(crate) fn multiply(task: &Task<'_>) {
    match &task.matrix.panels {
        Panels::Four(tiles) => panels(tiles, COLUMNS, task),
        Panels::Five(tiles) => panels(tiles, COLUMNS, task),
        Panels::Six(tiles) => panels(tiles, COLUMNS, task),
        Panels::Eight(tiles) => panels(tiles, COLUMNS, task),
        Panels::Half(columns) => panels(columns, 1, task),
        Panels::Brain(columns) => panels(columns, 1, task),
        Panels::Single(columns) => panels(columns, 1, task),
    }
}

/// One part of a panel: a tile of codes or a column of numbers.
trait Dot: Sized {
    /// The products of `S` sides of a panel, 8 rows each, from `side` on, with the inputs of `T` tokens, from
    /// `token` on.
    ///
    /// # Safety
    /// The processor has AVX2, FMA and F16C.
    unsafe fn dot<const T: usize, const S: usize>(
        panel: &[Self],
        task: &Task<'_>,
        token: usize,
        side: usize,
    ) -> [[__m256; S]; T];
}

#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn panels<D: Dot>(parts: &[D], columns: usize, task: &Task<'_>) {
    let width = task.matrix.columns() / columns;
    for at in task.panels.clone() {
        let panel = &parts[at * width..][..width];
        let mut token = task.tokens.start;
        while token < task.tokens.end {
            // Four tokens of one side, or two of both, share each unpacked weight: what the registers hold.
            token += match task.tokens.end - token {
                1 => some::<D, 1, 2>(panel, task, at, token),
                2 => some::<D, 2, 2>(panel, task, at, token),
                3 => some::<D, 3, 1>(panel, task, at, token),
                _ => some::<D, 4, 1>(panel, task, at, token),
            };
        }
    }
}

#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn some<D: Dot, const T: usize, const S: usize>(panel: &[D], task: &Task<'_>, at: usize, token: usize) -> usize {
    for side in (0..SIDES).step_by(S) {
        // SAFETY: this function has the same features.
        let registers = unsafe { D::dot::<T, S>(panel, task, token, side) };
        for (t, registers) in registers.into_iter().enumerate() {
            for (s, register) in registers.into_iter().enumerate() {
                let mut sums = [0.0; SIDE];
                store(&mut sums, register);
                // SAFETY: `multiply` in `product` gives each panel of each token to one task.
                unsafe { task.out.put(token + t, at * ROWS + (side + s) * SIDE, &sums, task.add) };
            }
        }
    }
    T
}

/// The bytes of one side of a group of codes.
#[inline(always)]
fn side_of(group: &[u8; GROUP], side: usize) -> &[u8; 32] {
    &group.as_chunks().0[side]
}

/// The numbers of one side.
#[inline(always)]
fn eight<N>(numbers: &[N; ROWS], side: usize) -> &[N; SIDE] {
    &numbers.as_chunks().0[side]
}

/// The coded inputs of `T` tokens, each as long as the panel.
#[inline(always)]
fn blocks<'a, const T: usize>(task: &Task<'a>, token: usize, count: usize) -> [&'a [Block]; T] {
    array::from_fn(|t| &task.input.blocks_of(token + t)[..count])
}

/// Four neighbouring codes of a token in every lane.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn four(block: &Block, part: usize) -> __m256i {
    let codes: &[i8; 4] = &block.codes.as_chunks().0[part];
    // SAFETY: four readable bytes; the load needs no alignment. (Built up byte by byte it stays four loads.)
    _mm256_set1_epi32(unsafe { codes.as_ptr().cast::<i32>().read_unaligned() })
}

/// 16-bit pair sums of unsigned weights times signed activations, for the eight columns of a group.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn pairs(low: __m256i, high: __m256i, block: &Block, group: usize) -> __m256i {
    _mm256_add_epi16(
        _mm256_maddubs_epi16(low, four(block, 2 * group)),
        _mm256_maddubs_epi16(high, four(block, 2 * group + 1)),
    )
}

/// Neighbouring 16-bit sums added up, as floats.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn widen(pairs: __m256i) -> __m256 {
    _mm256_cvtepi32_ps(_mm256_madd_epi16(pairs, _mm256_set1_epi16(1)))
}

#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn low_high(bytes: __m256i) -> (__m256i, __m256i) {
    let mask = _mm256_set1_epi8(15);
    (_mm256_and_si256(bytes, mask), _mm256_and_si256(_mm256_srli_epi16::<4>(bytes), mask))
}

/// The bytes with bit `bit` of each moved to where `mask` has its bits, and all others cleared.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn moved<const LEFT: i32, const RIGHT: i32>(bytes: __m256i, mask: __m256i) -> __m256i {
    _mm256_and_si256(_mm256_srli_epi16::<RIGHT>(_mm256_slli_epi16::<LEFT>(bytes)), mask)
}

/// Adds what a tile gives: sums of products of codes, times both scales, and the offsets times the sum of inputs.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn finish(sum: __m256, integers: __m256, scales: __m256, offsets: __m256, block: &Block) -> __m256 {
    let sum = _mm256_fmadd_ps(integers, _mm256_mul_ps(scales, _mm256_set1_ps(block.scale)), sum);
    _mm256_fmadd_ps(offsets, _mm256_set1_ps(block.sum), sum)
}

impl Dot for Tile4 {
    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn dot<const T: usize, const S: usize>(
        panel: &[Self],
        task: &Task<'_>,
        token: usize,
        side: usize,
    ) -> [[__m256; S]; T] {
        let inputs = blocks::<T>(task, token, panel.len());
        let mut sums = [[_mm256_setzero_ps(); S]; T];
        for (at, tile) in panel.iter().enumerate() {
            // Eight products of at most 2 * 15 * 127 fit into 16 bits.
            let mut integers = [[_mm256_setzero_si256(); S]; T];
            for (group, codes) in tile.codes.iter().enumerate() {
                for s in 0..S {
                    let (low, high) = low_high(load_bytes(side_of(codes, side + s)));
                    for t in 0..T {
                        integers[t][s] = _mm256_add_epi16(integers[t][s], pairs(low, high, &inputs[t][at], group));
                    }
                }
            }
            for s in 0..S {
                let scales = load_halves(eight(&tile.scales, side + s));
                let offsets = load_halves(eight(&tile.offsets, side + s));
                for t in 0..T {
                    sums[t][s] = finish(sums[t][s], widen(integers[t][s]), scales, offsets, &inputs[t][at]);
                }
            }
        }
        sums
    }
}

impl Dot for Tile5 {
    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn dot<const T: usize, const S: usize>(
        panel: &[Self],
        task: &Task<'_>,
        token: usize,
        side: usize,
    ) -> [[__m256; S]; T] {
        let inputs = blocks::<T>(task, token, panel.len());
        let (bit, ones) = (_mm256_set1_epi8(16), _mm256_set1_epi16(1));
        let mut sums = [[_mm256_setzero_ps(); S]; T];
        for (at, tile) in panel.iter().enumerate() {
            for s in 0..S {
                let fifth = load_bytes(side_of(&tile.fifth, side + s));
                // Bit 2 * group of each byte, moved to bit 4, and the bit above it.
                let fifths = [
                    (moved::<4, 0>(fifth, bit), moved::<3, 0>(fifth, bit)),
                    (moved::<2, 0>(fifth, bit), moved::<1, 0>(fifth, bit)),
                    (moved::<0, 0>(fifth, bit), moved::<0, 1>(fifth, bit)),
                    (moved::<0, 2>(fifth, bit), moved::<0, 3>(fifth, bit)),
                ];
                let mut integers = [_mm256_setzero_si256(); T];
                for (group, codes) in tile.codes.iter().enumerate() {
                    let (low, high) = low_high(load_bytes(side_of(codes, side + s)));
                    let (low, high) = (_mm256_or_si256(low, fifths[group].0), _mm256_or_si256(high, fifths[group].1));
                    for t in 0..T {
                        // Only four products of 2 * 31 * 127 fit into 16 bits, so each group is widened.
                        let pairs = pairs(low, high, &inputs[t][at], group);
                        integers[t] = _mm256_add_epi32(integers[t], _mm256_madd_epi16(pairs, ones));
                    }
                }
                let scales = load_halves(eight(&tile.scales, side + s));
                let offsets = load_halves(eight(&tile.offsets, side + s));
                for t in 0..T {
                    let integers = _mm256_cvtepi32_ps(integers[t]);
                    sums[t][s] = finish(sums[t][s], integers, scales, offsets, &inputs[t][at]);
                }
            }
        }
        sums
    }
}

impl Dot for Tile6 {
    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn dot<const T: usize, const S: usize>(
        panel: &[Self],
        task: &Task<'_>,
        token: usize,
        side: usize,
    ) -> [[__m256; S]; T] {
        let inputs = blocks::<T>(task, token, panel.len());
        let (bits, ones) = (_mm256_set1_epi8(0x30), _mm256_set1_epi16(1));
        let mut sums = [[_mm256_setzero_ps(); S]; T];
        for (at, tile) in panel.iter().enumerate() {
            for half in 0..2 {
                for s in 0..S {
                    let upper = load_bytes(side_of(&tile.upper[half], side + s));
                    let uppers = [
                        (moved::<4, 0>(upper, bits), moved::<2, 0>(upper, bits)),
                        (moved::<0, 0>(upper, bits), moved::<0, 2>(upper, bits)),
                    ];
                    // The codes are stored with 32 added; beginning here takes it away again.
                    let mut integers: [__m256i; T] =
                        array::from_fn(|t| _mm256_set1_epi32(inputs[t][at].minus_32[half]));
                    for (of_half, (upper_low, upper_high)) in uppers.into_iter().enumerate() {
                        let group = half * 2 + of_half;
                        let (low, high) = low_high(load_bytes(side_of(&tile.codes[group], side + s)));
                        let (low, high) = (_mm256_or_si256(low, upper_low), _mm256_or_si256(high, upper_high));
                        for t in 0..T {
                            // Two products of 2 * 63 * 127 fit into 16 bits, four do not.
                            let pairs = pairs(low, high, &inputs[t][at], group);
                            integers[t] = _mm256_add_epi32(integers[t], _mm256_madd_epi16(pairs, ones));
                        }
                    }
                    let scales = load_halves(eight(&tile.scales[half], side + s));
                    for t in 0..T {
                        let scales = _mm256_mul_ps(scales, _mm256_set1_ps(inputs[t][at].scale));
                        sums[t][s] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(integers[t]), scales, sums[t][s]);
                    }
                }
            }
        }
        sums
    }
}

impl Dot for Tile8 {
    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn dot<const T: usize, const S: usize>(
        panel: &[Self],
        task: &Task<'_>,
        token: usize,
        side: usize,
    ) -> [[__m256; S]; T] {
        let inputs = blocks::<T>(task, token, panel.len());
        let ones = _mm256_set1_epi16(1);
        let mut sums = [[_mm256_setzero_ps(); S]; T];
        for (at, tile) in panel.iter().enumerate() {
            let mut integers = [[_mm256_setzero_si256(); S]; T];
            for (part, codes) in tile.codes.iter().enumerate() {
                for s in 0..S {
                    let codes = load_signed(&codes.as_chunks().0[side + s]);
                    // One factor must be unsigned: the weight's sign goes to the activation.
                    let magnitude = _mm256_abs_epi8(codes);
                    for t in 0..T {
                        let signed = _mm256_sign_epi8(four(&inputs[t][at], part), codes);
                        let pairs = _mm256_maddubs_epi16(magnitude, signed);
                        integers[t][s] = _mm256_add_epi32(integers[t][s], _mm256_madd_epi16(pairs, ones));
                    }
                }
            }
            for s in 0..S {
                let scales = load_halves(eight(&tile.scales, side + s));
                for t in 0..T {
                    let scales = _mm256_mul_ps(scales, _mm256_set1_ps(inputs[t][at].scale));
                    sums[t][s] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(integers[t][s]), scales, sums[t][s]);
                }
            }
        }
        sums
    }
}

/// One side of a column of plain numbers as eight floats.
trait Widen {
    /// # Safety
    /// The processor has AVX2, FMA and F16C.
    unsafe fn widen(&self, side: usize) -> __m256;
}

impl Widen for Halves {
    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn widen(&self, side: usize) -> __m256 {
        load_halves(eight(&self.0, side))
    }
}

impl Widen for Brains {
    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn widen(&self, side: usize) -> __m256 {
        // SAFETY: 16 readable bytes; the load needs no alignment.
        let halves = unsafe { _mm_loadu_si128(eight(&self.0, side).as_ptr().cast()) };
        _mm256_castsi256_ps(_mm256_slli_epi32::<16>(_mm256_cvtepu16_epi32(halves)))
    }
}

impl Widen for [f32; ROWS] {
    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn widen(&self, side: usize) -> __m256 {
        load(eight(self, side))
    }
}

impl<W: Widen> Dot for W {
    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn dot<const T: usize, const S: usize>(
        panel: &[Self],
        task: &Task<'_>,
        token: usize,
        side: usize,
    ) -> [[__m256; S]; T] {
        let inputs: [&[f32]; T] = array::from_fn(|t| &task.input.floats_of(token + t)[..panel.len()]);
        // Two sums, for even and odd columns: one alone would wait for itself.
        let mut sums = [[[_mm256_setzero_ps(); S]; T]; 2];
        let (twos, rest) = panel.as_chunks::<2>();
        for (at, two) in twos.iter().enumerate() {
            for (odd, column) in two.iter().enumerate() {
                add(&mut sums[odd], column, side, array::from_fn(|t| inputs[t][2 * at + odd]));
            }
        }
        if let [last] = rest {
            add(&mut sums[0], last, side, array::from_fn(|t| inputs[t][panel.len() - 1]));
        }
        array::from_fn(|t| array::from_fn(|s| _mm256_add_ps(sums[0][t][s], sums[1][t][s])))
    }
}

/// Adds the products of a column of numbers with one number of each token.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn add<W: Widen, const T: usize, const S: usize>(
    sums: &mut [[__m256; S]; T],
    column: &W,
    side: usize,
    numbers: [f32; T],
) {
    for s in 0..S {
        // SAFETY: this function has the same features.
        let weights = unsafe { column.widen(side + s) };
        for t in 0..T {
            sums[t][s] = _mm256_fmadd_ps(weights, _mm256_set1_ps(numbers[t]), sums[t][s]);
        }
    }
}
