//! Weights times activations: 8 rows by 1 to 4 tokens in registers.

use super::{load, load_bytes, load_halves, load_signed, store};
use crate::activations::Block;
use crate::matrix::Panels;
use crate::product::Task;
use crate::tile::{Brains, COLUMNS, Halves, ROWS, Tile4, Tile5, Tile6, Tile8};
use std::arch::x86_64::*;
use std::array;

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
    /// The products of a panel with the inputs of `T` tokens, from `token` on.
    ///
    /// # Safety
    /// The processor has AVX2, FMA and F16C.
    unsafe fn dot<const T: usize>(panel: &[Self], task: &Task<'_>, token: usize) -> [__m256; T];
}

#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn panels<D: Dot>(parts: &[D], columns: usize, task: &Task<'_>) {
    let width = task.matrix.columns() / columns;
    for at in task.panels.clone() {
        let panel = &parts[at * width..][..width];
        let mut token = task.tokens.start;
        while token < task.tokens.end {
            // Four tokens share each unpacked weight; more would not fit into the registers.
            token += match task.tokens.end - token {
                1 => some::<D, 1>(panel, task, at, token),
                2 => some::<D, 2>(panel, task, at, token),
                3 => some::<D, 3>(panel, task, at, token),
                _ => some::<D, 4>(panel, task, at, token),
            };
        }
    }
}

#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn some<D: Dot, const T: usize>(panel: &[D], task: &Task<'_>, at: usize, token: usize) -> usize {
    // SAFETY: this function has the same features.
    let registers = unsafe { D::dot::<T>(panel, task, token) };
    for (t, register) in registers.into_iter().enumerate() {
        let mut sums = [0.0; ROWS];
        store(&mut sums, register);
        // SAFETY: `multiply` in `product` gives each panel of each token to one task.
        unsafe { task.out.put(token + t, at, &sums, task.add) };
    }
    T
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

impl Dot for Tile4 {
    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn dot<const T: usize>(panel: &[Self], task: &Task<'_>, token: usize) -> [__m256; T] {
        let inputs = blocks::<T>(task, token, panel.len());
        let mut sums = [_mm256_setzero_ps(); T];
        for (at, tile) in panel.iter().enumerate() {
            // Eight products of at most 2 * 15 * 127 fit into 16 bits.
            let mut integers = [_mm256_setzero_si256(); T];
            for (group, codes) in tile.codes.iter().enumerate() {
                let (low, high) = low_high(load_bytes(codes));
                for t in 0..T {
                    integers[t] = _mm256_add_epi16(integers[t], pairs(low, high, &inputs[t][at], group));
                }
            }
            let (scales, offsets) = (load_halves(&tile.scales), load_halves(&tile.offsets));
            for t in 0..T {
                let block = &inputs[t][at];
                let scales = _mm256_mul_ps(scales, _mm256_set1_ps(block.scale));
                sums[t] = _mm256_fmadd_ps(widen(integers[t]), scales, sums[t]);
                sums[t] = _mm256_fmadd_ps(offsets, _mm256_set1_ps(block.sum), sums[t]);
            }
        }
        sums
    }
}

impl Dot for Tile5 {
    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn dot<const T: usize>(panel: &[Self], task: &Task<'_>, token: usize) -> [__m256; T] {
        let inputs = blocks::<T>(task, token, panel.len());
        let bit = _mm256_set1_epi8(16);
        let mut sums = [_mm256_setzero_ps(); T];
        for (at, tile) in panel.iter().enumerate() {
            let fifth = load_bytes(&tile.fifth);
            // Bit 2 * group of each byte, moved to bit 4, and the bit above it.
            let fifths = [
                (_mm256_slli_epi16::<4>(fifth), _mm256_slli_epi16::<3>(fifth)),
                (_mm256_slli_epi16::<2>(fifth), _mm256_slli_epi16::<1>(fifth)),
                (fifth, _mm256_srli_epi16::<1>(fifth)),
                (_mm256_srli_epi16::<2>(fifth), _mm256_srli_epi16::<3>(fifth)),
            ];
            let mut integers = [_mm256_setzero_si256(); T];
            for (group, codes) in tile.codes.iter().enumerate() {
                let (low, high) = low_high(load_bytes(codes));
                let low = _mm256_or_si256(low, _mm256_and_si256(fifths[group].0, bit));
                let high = _mm256_or_si256(high, _mm256_and_si256(fifths[group].1, bit));
                for t in 0..T {
                    // Only four products of 2 * 31 * 127 fit into 16 bits, so each group is widened.
                    let pairs = pairs(low, high, &inputs[t][at], group);
                    integers[t] = _mm256_add_epi32(integers[t], _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
                }
            }
            let (scales, offsets) = (load_halves(&tile.scales), load_halves(&tile.offsets));
            for t in 0..T {
                let block = &inputs[t][at];
                let scales = _mm256_mul_ps(scales, _mm256_set1_ps(block.scale));
                sums[t] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(integers[t]), scales, sums[t]);
                sums[t] = _mm256_fmadd_ps(offsets, _mm256_set1_ps(block.sum), sums[t]);
            }
        }
        sums
    }
}

impl Dot for Tile6 {
    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn dot<const T: usize>(panel: &[Self], task: &Task<'_>, token: usize) -> [__m256; T] {
        let inputs = blocks::<T>(task, token, panel.len());
        let (bits, minus_32) = (_mm256_set1_epi8(0x30), _mm256_set1_ps(-32.0));
        let mut sums = [_mm256_setzero_ps(); T];
        for (at, tile) in panel.iter().enumerate() {
            for side in 0..2 {
                let upper = load_bytes(&tile.upper[side]);
                let uppers = [
                    (_mm256_slli_epi16::<4>(upper), _mm256_slli_epi16::<2>(upper)),
                    (upper, _mm256_srli_epi16::<2>(upper)),
                ];
                let mut integers = [_mm256_setzero_si256(); T];
                for (of_side, (upper_low, upper_high)) in uppers.into_iter().enumerate() {
                    let group = side * 2 + of_side;
                    let (low, high) = low_high(load_bytes(&tile.codes[group]));
                    let low = _mm256_or_si256(low, _mm256_and_si256(upper_low, bits));
                    let high = _mm256_or_si256(high, _mm256_and_si256(upper_high, bits));
                    for t in 0..T {
                        // Two products of 2 * 63 * 127 fit into 16 bits, four do not.
                        let pairs = pairs(low, high, &inputs[t][at], group);
                        integers[t] = _mm256_add_epi32(integers[t], _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
                    }
                }
                let scales = load_halves(&tile.scales[side]);
                for t in 0..T {
                    let block = &inputs[t][at];
                    // scale * (activation scale * integers - 32 * sum of activations)
                    let offset = _mm256_mul_ps(_mm256_set1_ps(block.half_sums[side]), minus_32);
                    let of_codes =
                        _mm256_fmadd_ps(_mm256_cvtepi32_ps(integers[t]), _mm256_set1_ps(block.scale), offset);
                    sums[t] = _mm256_fmadd_ps(of_codes, scales, sums[t]);
                }
            }
        }
        sums
    }
}

impl Dot for Tile8 {
    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn dot<const T: usize>(panel: &[Self], task: &Task<'_>, token: usize) -> [__m256; T] {
        let inputs = blocks::<T>(task, token, panel.len());
        let ones = _mm256_set1_epi16(1);
        let mut sums = [_mm256_setzero_ps(); T];
        for (at, tile) in panel.iter().enumerate() {
            let mut integers = [_mm256_setzero_si256(); T];
            for (part, codes) in tile.codes.iter().enumerate() {
                let codes = load_signed(codes);
                // One factor must be unsigned: the weight's sign goes to the activation.
                let magnitude = _mm256_abs_epi8(codes);
                for t in 0..T {
                    let signed = _mm256_sign_epi8(four(&inputs[t][at], part), codes);
                    let pairs = _mm256_maddubs_epi16(magnitude, signed);
                    integers[t] = _mm256_add_epi32(integers[t], _mm256_madd_epi16(pairs, ones));
                }
            }
            let scales = load_halves(&tile.scales);
            for t in 0..T {
                let scales = _mm256_mul_ps(scales, _mm256_set1_ps(inputs[t][at].scale));
                sums[t] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(integers[t]), scales, sums[t]);
            }
        }
        sums
    }
}

/// A column of plain numbers as eight floats.
trait Widen {
    /// # Safety
    /// The processor has AVX2, FMA and F16C.
    unsafe fn widen(&self) -> __m256;
}

impl Widen for Halves {
    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn widen(&self) -> __m256 {
        load_halves(&self.0)
    }
}

impl Widen for Brains {
    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn widen(&self) -> __m256 {
        // SAFETY: 16 readable bytes; the load needs no alignment.
        let halves = unsafe { _mm_loadu_si128(self.0.as_ptr().cast()) };
        _mm256_castsi256_ps(_mm256_slli_epi32::<16>(_mm256_cvtepu16_epi32(halves)))
    }
}

impl Widen for [f32; ROWS] {
    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn widen(&self) -> __m256 {
        load(self)
    }
}

impl<W: Widen> Dot for W {
    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn dot<const T: usize>(panel: &[Self], task: &Task<'_>, token: usize) -> [__m256; T] {
        let inputs: [&[f32]; T] = array::from_fn(|t| &task.input.floats_of(token + t)[..panel.len()]);
        // Two sums, for even and odd columns: one alone would wait for itself.
        let (mut even, mut odd) = ([_mm256_setzero_ps(); T], [_mm256_setzero_ps(); T]);
        let (twos, rest) = panel.as_chunks::<2>();
        for (at, [first, second]) in twos.iter().enumerate() {
            // SAFETY: this function has the same features.
            let (first, second) = unsafe { (first.widen(), second.widen()) };
            for t in 0..T {
                even[t] = _mm256_fmadd_ps(first, _mm256_set1_ps(inputs[t][2 * at]), even[t]);
                odd[t] = _mm256_fmadd_ps(second, _mm256_set1_ps(inputs[t][2 * at + 1]), odd[t]);
            }
        }
        if let [last] = rest {
            // SAFETY: this function has the same features.
            let last = unsafe { last.widen() };
            for t in 0..T {
                even[t] = _mm256_fmadd_ps(last, _mm256_set1_ps(inputs[t][panel.len() - 1]), even[t]);
            }
        }
        array::from_fn(|t| _mm256_add_ps(even[t], odd[t]))
    }
}
