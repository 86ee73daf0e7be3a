//! Weights times activations: the 16 rows of a panel, four to a register, by 1, 2 or 4 tokens.

#![allow(
    clippy::needless_range_loop,
    reason = "an index stands for the same row or token in several arrays of registers"
)]

use super::{load, load_halves, store};
use crate::activations::Block;
use crate::matrix::Panels;
use crate::product::Task;
use crate::tile::{Brains, COLUMNS, GROUP, Halves, ROWS, Tile4, Tile5, Tile6, Tile8};
use std::arch::aarch64::*;
use std::arch::asm;
use std::array;

/// Registers that the rows of a panel fill.
const PARTS: usize = ROWS / 4;

/// Sums of a panel for `T` tokens.
type Sums<const T: usize> = [[float32x4_t; PARTS]; T];

/// Computes one task.
#[target_feature(enable = "neon,dotprod")]
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
    /// The processor has NEON and dotprod.
    unsafe fn dot<const T: usize>(panel: &[Self], task: &Task<'_>, token: usize) -> Sums<T>;
}

#[inline]
#[target_feature(enable = "neon,dotprod")]
fn panels<D: Dot>(parts: &[D], columns: usize, task: &Task<'_>) {
    let width = task.matrix.columns() / columns;
    for at in task.panels.clone() {
        let panel = &parts[at * width..][..width];
        let mut token = task.tokens.start;
        while token < task.tokens.end {
            token += match task.tokens.end - token {
                1 => some::<D, 1>(panel, task, at, token),
                2 | 3 => some::<D, 2>(panel, task, at, token),
                _ => some::<D, 4>(panel, task, at, token),
            };
        }
    }
}

#[inline]
#[target_feature(enable = "neon,dotprod")]
fn some<D: Dot, const T: usize>(panel: &[D], task: &Task<'_>, at: usize, token: usize) -> usize {
    // SAFETY: this function has the same features.
    let registers = unsafe { D::dot::<T>(panel, task, token) };
    for (t, registers) in registers.into_iter().enumerate() {
        let mut sums = [0.0; ROWS];
        for (sums, register) in sums.as_chunks_mut().0.iter_mut().zip(registers) {
            store(sums, register);
        }
        // SAFETY: `multiply` in `product` gives each panel of each token to one task.
        unsafe { task.out.put(token + t, at * ROWS, &sums, task.add) };
    }
    T
}

/// Adds four products of bytes to each of four sums. (The intrinsic is not in stable Rust yet.)
#[inline]
#[target_feature(enable = "neon,dotprod")]
fn add_products(sums: int32x4_t, left: int8x16_t, right: int8x16_t) -> int32x4_t {
    let mut sums = sums;
    // SAFETY: the instruction is there (dotprod), and it only computes with registers.
    unsafe {
        asm!(
            "sdot {sums:v}.4s, {left:v}.16b, {right:v}.16b",
            sums = inout(vreg) sums,
            left = in(vreg) left,
            right = in(vreg) right,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    sums
}

/// Four neighbouring codes of a token in every lane.
#[inline]
#[target_feature(enable = "neon,dotprod")]
fn four(block: &Block, part: usize) -> int8x16_t {
    let codes: &[i8; 4] = &block.codes.as_chunks().0[part];
    // SAFETY: four readable bytes; the read needs no alignment.
    vreinterpretq_s8_s32(vdupq_n_s32(unsafe { codes.as_ptr().cast::<i32>().read_unaligned() }))
}

/// The products of 16 columns of a tile with half a block.
#[inline]
#[target_feature(enable = "neon,dotprod")]
fn half_tile(codes: &[int8x16_t], block: &Block, half: usize) -> int32x4_t {
    let mut sums = vdupq_n_s32(0);
    for (part, codes) in codes.iter().enumerate() {
        sums = add_products(sums, *codes, four(block, half * 4 + part));
    }
    sums
}

/// A tile of codes, four rows at a time.
trait Codes: Sized {
    /// The signed codes of part `part` of the rows: four columns in each of eight registers.
    ///
    /// # Safety
    /// The processor has NEON and dotprod.
    unsafe fn codes(&self, part: usize) -> [int8x16_t; 8];
    /// The scales of the first and the second 16 columns; None if they are the same.
    fn scales(&self) -> (&[u16; ROWS], Option<&[u16; ROWS]>);
    /// What is added to code times scale.
    fn offsets(&self) -> Option<&[u16; ROWS]>;
}

impl<C: Codes> Dot for C {
    #[inline]
    #[target_feature(enable = "neon,dotprod")]
    unsafe fn dot<const T: usize>(panel: &[Self], task: &Task<'_>, token: usize) -> Sums<T> {
        let inputs: [&[Block]; T] = array::from_fn(|t| &task.input.blocks_of(token + t)[..panel.len()]);
        let mut sums = [[vdupq_n_f32(0.0); PARTS]; T];
        for (at, tile) in panel.iter().enumerate() {
            let (first, second) = tile.scales();
            for part in 0..PARTS {
                // SAFETY: this function has the same features.
                let codes = unsafe { tile.codes(part) };
                let of = |halves: &[u16; ROWS]| load_halves(&halves.as_chunks().0[part]);
                let (first, second, offsets) = (of(first), second.map(of), tile.offsets().map(of));
                for t in 0..T {
                    let block = &inputs[t][at];
                    let [left, right] = [half_tile(&codes[..4], block, 0), half_tile(&codes[4..], block, 1)];
                    let mut sum = sums[t][part];
                    if let Some(second) = second {
                        sum = vfmaq_f32(sum, vcvtq_f32_s32(left), vmulq_n_f32(first, block.scale));
                        sum = vfmaq_f32(sum, vcvtq_f32_s32(right), vmulq_n_f32(second, block.scale));
                    } else {
                        let both = vcvtq_f32_s32(vaddq_s32(left, right));
                        sum = vfmaq_f32(sum, both, vmulq_n_f32(first, block.scale));
                    }
                    if let Some(offsets) = offsets {
                        sum = vfmaq_n_f32(sum, offsets, block.sum);
                    }
                    sums[t][part] = sum;
                }
            }
        }
        sums
    }
}

/// The 16 bytes of part `part` of a group.
#[inline]
#[target_feature(enable = "neon,dotprod")]
fn part_of(group: &[u8; GROUP], part: usize) -> uint8x16_t {
    let bytes: &[u8; 16] = &group.as_chunks().0[part];
    // SAFETY: 16 readable bytes.
    unsafe { vld1q_u8(bytes.as_ptr()) }
}

/// The low four bits of each code, four columns to a register.
#[inline]
#[target_feature(enable = "neon,dotprod")]
fn nibbles(codes: &[[u8; GROUP]; 4], part: usize) -> [uint8x16_t; 8] {
    let bytes: [uint8x16_t; 4] = array::from_fn(|group| part_of(&codes[group], part));
    array::from_fn(|at| {
        let bytes = bytes[at / 2];
        if at.is_multiple_of(2) { vandq_u8(bytes, vdupq_n_u8(15)) } else { vshrq_n_u8::<4>(bytes) }
    })
}

impl Codes for Tile4 {
    #[inline]
    #[target_feature(enable = "neon,dotprod")]
    unsafe fn codes(&self, part: usize) -> [int8x16_t; 8] {
        nibbles(&self.codes, part).map(|codes| vreinterpretq_s8_u8(codes))
    }
    fn scales(&self) -> (&[u16; ROWS], Option<&[u16; ROWS]>) {
        (&self.scales, None)
    }
    fn offsets(&self) -> Option<&[u16; ROWS]> {
        Some(&self.offsets)
    }
}

impl Codes for Tile5 {
    #[inline]
    #[target_feature(enable = "neon,dotprod")]
    unsafe fn codes(&self, part: usize) -> [int8x16_t; 8] {
        let (low, fifth) = (nibbles(&self.codes, part), part_of(&self.fifth, part));
        // Bit `at` of each byte is the fifth of column group `at`; shifts to the left are positive.
        array::from_fn(|at| {
            let moved = vshlq_u8(fifth, vdupq_n_s8(4 - at as i8));
            vreinterpretq_s8_u8(vorrq_u8(low[at], vandq_u8(moved, vdupq_n_u8(16))))
        })
    }
    fn scales(&self) -> (&[u16; ROWS], Option<&[u16; ROWS]>) {
        (&self.scales, None)
    }
    fn offsets(&self) -> Option<&[u16; ROWS]> {
        Some(&self.offsets)
    }
}

impl Codes for Tile6 {
    #[inline]
    #[target_feature(enable = "neon,dotprod")]
    unsafe fn codes(&self, part: usize) -> [int8x16_t; 8] {
        let low = nibbles(&self.codes, part);
        let upper = [part_of(&self.upper[0], part), part_of(&self.upper[1], part)];
        array::from_fn(|at| {
            let moved = vshlq_u8(upper[at / 4], vdupq_n_s8(4 - 2 * (at % 4) as i8));
            let code = vorrq_u8(low[at], vandq_u8(moved, vdupq_n_u8(0x30)));
            // Stored with 32 added.
            vsubq_s8(vreinterpretq_s8_u8(code), vdupq_n_s8(32))
        })
    }
    fn scales(&self) -> (&[u16; ROWS], Option<&[u16; ROWS]>) {
        (&self.scales[0], Some(&self.scales[1]))
    }
    fn offsets(&self) -> Option<&[u16; ROWS]> {
        None
    }
}

impl Codes for Tile8 {
    #[inline]
    #[target_feature(enable = "neon,dotprod")]
    unsafe fn codes(&self, part: usize) -> [int8x16_t; 8] {
        array::from_fn(|at| {
            let codes: &[i8; 16] = &self.codes[at].as_chunks().0[part];
            // SAFETY: 16 readable bytes.
            unsafe { vld1q_s8(codes.as_ptr()) }
        })
    }
    fn scales(&self) -> (&[u16; ROWS], Option<&[u16; ROWS]>) {
        (&self.scales, None)
    }
    fn offsets(&self) -> Option<&[u16; ROWS]> {
        None
    }
}

/// The products of a panel of plain numbers, each column widened by `widen`.
#[inline]
#[target_feature(enable = "neon,dotprod")]
fn numbers<N, const T: usize>(
    panel: &[N],
    task: &Task<'_>,
    token: usize,
    widen: impl Fn(&N, usize) -> float32x4_t,
) -> Sums<T> {
    let inputs: [&[f32]; T] = array::from_fn(|t| &task.input.floats_of(token + t)[..panel.len()]);
    let mut sums = [[vdupq_n_f32(0.0); PARTS]; T];
    for (at, column) in panel.iter().enumerate() {
        for part in 0..PARTS {
            let weights = widen(column, part);
            for t in 0..T {
                sums[t][part] = vfmaq_n_f32(sums[t][part], weights, inputs[t][at]);
            }
        }
    }
    sums
}

impl Dot for Halves {
    #[inline]
    #[target_feature(enable = "neon,dotprod")]
    unsafe fn dot<const T: usize>(panel: &[Self], task: &Task<'_>, token: usize) -> Sums<T> {
        numbers(panel, task, token, |column, part| load_halves(&column.0.as_chunks().0[part]))
    }
}

impl Dot for Brains {
    #[inline]
    #[target_feature(enable = "neon,dotprod")]
    unsafe fn dot<const T: usize>(panel: &[Self], task: &Task<'_>, token: usize) -> Sums<T> {
        numbers(panel, task, token, |column, part| {
            let four: &[u16; 4] = &column.0.as_chunks().0[part];
            // SAFETY: four readable halves.
            vreinterpretq_f32_u32(vshll_n_u16::<16>(unsafe { vld1_u16(four.as_ptr()) }))
        })
    }
}

impl Dot for [f32; ROWS] {
    #[inline]
    #[target_feature(enable = "neon,dotprod")]
    unsafe fn dot<const T: usize>(panel: &[Self], task: &Task<'_>, token: usize) -> Sums<T> {
        numbers(panel, task, token, |column, part| load(&column.as_chunks().0[part]))
    }
}
