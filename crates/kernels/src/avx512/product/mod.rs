//! Weights times activations: two panels of 16 rows by 4 tokens are in registers.

mod codes;
mod numbers;

use super::store;
use crate::matrix::Panels;
use crate::product::Task;
use crate::tile::{COLUMNS, ROWS};
use std::arch::x86_64::*;

/// Computes one task.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
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

/// Sums of `P` panels for `T` tokens.
type Sums<const T: usize, const P: usize> = [[__m512; P]; T];

/// One part of a panel: a tile of codes or a column of numbers.
trait Dot: Sized {
    /// The products of some panels of the same length with the inputs of `T` tokens, from `token` on.
    ///
    /// # Safety
    /// The processor has the instructions of this module.
    unsafe fn dot<const T: usize, const P: usize>(panels: [&[Self]; P], task: &Task<'_>, token: usize) -> Sums<T, P>;
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn panels<D: Dot>(parts: &[D], columns: usize, task: &Task<'_>) {
    let width = task.matrix.columns() / columns;
    let mut token = task.tokens.start;
    while token < task.tokens.end {
        // The inputs of these tokens stay in the first-level cache while the panels stream by.
        let tokens = match task.tokens.end - token {
            1 => 1,
            2 | 3 => 2,
            _ => 4,
        };
        let mut at = task.panels.start;
        while at < task.panels.end {
            let two = task.panels.end - at > 1;
            at += match tokens {
                1 => some::<D, 1, 1>(parts, width, task, at, token),
                2 if two => some::<D, 2, 2>(parts, width, task, at, token),
                2 => some::<D, 2, 1>(parts, width, task, at, token),
                _ if two => some::<D, 4, 2>(parts, width, task, at, token),
                _ => some::<D, 4, 1>(parts, width, task, at, token),
            };
        }
        token += tokens;
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn some<D: Dot, const T: usize, const P: usize>(
    parts: &[D],
    width: usize,
    task: &Task<'_>,
    at: usize,
    token: usize,
) -> usize {
    let panels: [&[D]; P] = std::array::from_fn(|p| &parts[(at + p) * width..][..width]);
    // SAFETY: this function has the same features.
    let registers = unsafe { D::dot::<T, P>(panels, task, token) };
    for (t, registers) in registers.into_iter().enumerate() {
        for (p, register) in registers.into_iter().enumerate() {
            let mut sums = [0.0; ROWS];
            store(&mut sums, register);
            // SAFETY: `multiply` in `product` gives each panel of each token to one task.
            unsafe { task.out.put(token + t, (at + p) * ROWS, &sums, task.add) };
        }
    }
    P
}

/// How far ahead weights are asked for, in bytes. Measured: less or more is slower.
const AHEAD: usize = 12 << 10;

/// Asks for the weights [`AHEAD`] when each is used once. Unpacking takes so many instructions that what
/// the processor looks ahead by itself does not cover the memory's delay: 6-bit codes are read twice as fast.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn fetch<D>(weights: &D) {
    for line in (0..size_of::<D>()).step_by(64) {
        _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(weights).cast::<i8>().wrapping_add(AHEAD + line));
    }
}
