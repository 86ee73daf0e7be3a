//! Weights times activations: the 16 rows of a panel by 1, 2, 4 or 8 tokens in registers.

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

/// One part of a panel: a tile of codes or a column of numbers.
trait Dot: Sized {
    /// The products of a panel with the inputs of `T` tokens, from `token` on.
    ///
    /// # Safety
    /// The processor has the instructions of this module.
    unsafe fn dot<const T: usize>(panel: &[Self], task: &Task<'_>, token: usize) -> [__m512; T];
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
            4..8 => 4,
            _ => 8,
        };
        for at in task.panels.clone() {
            let panel = &parts[at * width..][..width];
            match tokens {
                1 => some::<D, 1>(panel, task, at, token),
                2 => some::<D, 2>(panel, task, at, token),
                4 => some::<D, 4>(panel, task, at, token),
                _ => some::<D, 8>(panel, task, at, token),
            }
        }
        token += tokens;
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn some<D: Dot, const T: usize>(panel: &[D], task: &Task<'_>, at: usize, token: usize) {
    // SAFETY: this function has the same features.
    let registers = unsafe { D::dot::<T>(panel, task, token) };
    for (t, register) in registers.into_iter().enumerate() {
        let mut sums = [0.0; ROWS];
        store(&mut sums, register);
        // SAFETY: `multiply` in `product` gives each panel of each token to one task.
        unsafe { task.out.put(token + t, at * ROWS, &sums, task.add) };
    }
}
