//! What are many tokens times a matrix, with all that follows the product?

use super::level::Level;
use super::matrix::{DenseMatrix, Store};
use super::tile::{self, COLS, CodePanel, CodeTile, Line, NO_CODES, NO_COUNTS, NO_SUMS, Panel, ROWS, Sums, Tile};
use crate::cpu::Cpu;
use std::cell::Cell;
use std::ops::Range;

/// Bytes of tokens that a thread lays out at once: they are read again for every panel, so they should stay
/// in the second cache, beside a panel.
const BLOCK_BYTES: usize = 384 << 10;
/// Pieces for each thread, so that one can help another.
const PIECES: usize = 4;

/// A function of one number, applied to every value of a product.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Curve {
    /// None.
    #[default]
    Straight,
    /// x times the normal distribution's function of x, by the error function.
    Gelu,
    /// The same by the hyperbolic tangent, as some models were trained with.
    GeluTanh,
    /// x, or zero if it is negative.
    Relu,
    /// x / (1 + e^-x).
    Silu,
    /// The hyperbolic tangent.
    Tanh,
}

/// What follows a product, in this order. The default is nothing.
#[derive(Clone, Copy, Default)]
pub struct Finish<'a> {
    /// Added to each token's values; empty for none.
    pub bias: &'a [f32],
    /// Then applied to each value.
    pub curve: Curve,
    /// Then added: as many values as there are outputs.
    pub residual: Option<&'a [f32]>,
}

/// What a thread works with; kept, so that it is not allocated for each piece.
#[derive(Default)]
pub(super) struct Scratch {
    pub(super) tiles: Vec<Tile>,
    codes: Vec<CodeTile>,
    /// Scale and sum of codes of each row.
    scales: Vec<(f32, i32)>,
    panel: Vec<Panel>,
    pub(super) keys: Vec<Panel>,
    pub(super) values: Vec<Panel>,
    pub(super) scores: Vec<Tile>,
}

thread_local! {
    static SCRATCH: Cell<Scratch> = const { Cell::new(Scratch::new()) };
}

impl Scratch {
    const fn new() -> Self {
        Self {
            tiles: Vec::new(),
            codes: Vec::new(),
            scales: Vec::new(),
            panel: Vec::new(),
            keys: Vec::new(),
            values: Vec::new(),
            scores: Vec::new(),
        }
    }

    /// Runs `work` with this thread's scratch.
    pub(super) fn with(work: impl FnOnce(&mut Self)) {
        let mut scratch = SCRATCH.take();
        work(&mut scratch);
        SCRATCH.set(scratch);
    }
}

/// A matrix that several threads write to, each its own cells.
pub(super) struct Grid {
    start: *mut f32,
    len: usize,
}

// SAFETY: `write` is unsafe, and its callers touch disjoint cells.
unsafe impl Sync for Grid {}

impl Grid {
    pub(super) fn new(out: &mut [f32]) -> Self {
        Self { start: out.as_mut_ptr(), len: out.len() }
    }

    /// # Panics
    /// If the cells lie outside.
    ///
    /// # Safety
    /// While it runs nobody else reads or writes these cells, and the slice that the grid was made of is still
    /// mutably borrowed.
    #[allow(clippy::mut_from_ref, reason = "the caller promises that nobody else has these cells")]
    pub(super) unsafe fn cells(&self, from: usize, count: usize) -> &mut [f32] {
        assert!(count <= self.len && from <= self.len - count, "cells inside the output");
        // SAFETY: inside the slice, by the check above; exclusive, by the caller's promise.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(from), count) }
    }
}

impl Cpu {
    /// `out = curve(input * matrix + bias) + residual` for each row of `input`.
    ///
    /// # Panics
    /// If the sizes do not fit together.
    pub fn dense(&self, input: &[f32], matrix: &DenseMatrix, finish: Finish<'_>, out: &mut [f32]) {
        self.dense_on(Level::of(self.isa()), input, matrix, finish, out);
    }

    pub(super) fn dense_on(
        &self,
        level: Level,
        input: &[f32],
        matrix: &DenseMatrix,
        finish: Finish<'_>,
        out: &mut [f32],
    ) {
        let (inputs, outputs) = (matrix.inputs(), matrix.outputs());
        assert!(input.len().is_multiple_of(inputs), "whole rows of {inputs}");
        let rows = input.len() / inputs;
        assert_eq!(out.len(), rows * outputs, "an output for each token");
        assert!(finish.bias.is_empty() || finish.bias.len() == outputs, "a bias for each output");
        assert!(finish.residual.is_none_or(|residual| residual.len() == out.len()), "a residual for each output");
        if rows == 0 {
            return;
        }
        // Blocks of tokens, each with all outputs; with few tokens the outputs are shared out too.
        let tile_bytes = matrix.chunks() * size_of::<Tile>();
        let tiles = rows.div_ceil(ROWS);
        let pieces = PIECES * self.threads();
        let even = tiles.div_ceil(pieces).max(1);
        // Half precision is widened once for each block: there, fewer and larger ones are better.
        let least = if matches!(matrix.store, Store::Halves { .. }) { 8 } else { 4 };
        let block = (BLOCK_BYTES / tile_bytes).clamp(least, 16).min(even) * ROWS;
        let blocks = rows.div_ceil(block);
        let panels = matrix.panels();
        let groups = if self.threads() == 1 { 1 } else { pieces.div_ceil(blocks).min(panels) };
        let group = panels.div_ceil(groups);
        let groups = panels.div_ceil(group);
        let grid = Grid::new(out);
        self.pool().claim(blocks * groups, 1, |items| {
            Scratch::with(|scratch| {
                for item in items {
                    let (first, panel) = (item / groups * block, item % groups * group);
                    let some = first..rows.min(first + block);
                    let few = panel..panels.min(panel + group);
                    let work = Work { level, matrix, finish, grid: &grid };
                    let input = &input[some.start * inputs..some.end * inputs];
                    match &matrix.store {
                        Store::Floats(_) | Store::Halves { .. } => work.floats(input, some, few, scratch),
                        Store::Codes { panels, scales } => work.codes(input, some, few, (panels, scales), scratch),
                    }
                }
            });
        });
    }
}

/// One product.
struct Work<'a> {
    level: Level,
    matrix: &'a DenseMatrix,
    finish: Finish<'a>,
    grid: &'a Grid,
}

impl Work<'_> {
    /// The outputs of some panels for some rows.
    fn floats(&self, input: &[f32], rows: Range<usize>, panels: Range<usize>, scratch: &mut Scratch) {
        let (chunks, inputs) = (self.matrix.chunks(), self.matrix.inputs());
        tile::lay(input, inputs, inputs, 1.0, &mut scratch.tiles);
        let mut sums = NO_SUMS;
        for panel in panels {
            let range = panel * chunks..(panel + 1) * chunks;
            let weights = self.matrix.store.widened(range, self.level, &mut scratch.panel);
            for (at, tile) in scratch.tiles.chunks_exact(chunks).enumerate() {
                self.level.floats(tile, weights, &mut sums);
                let first = rows.start + at * ROWS;
                self.write(&mut sums, first..rows.end.min(first + ROWS), panel);
            }
        }
    }

    /// The same in codes.
    fn codes(
        &self,
        input: &[f32],
        rows: Range<usize>,
        few: Range<usize>,
        (panels, scales): (&[CodePanel], &[f32]),
        scratch: &mut Scratch,
    ) {
        let (chunks, inputs) = (self.matrix.chunks(), self.matrix.inputs());
        let tiles = rows.len().div_ceil(ROWS);
        scratch.codes.clear();
        scratch.codes.resize(tiles * chunks, NO_CODES);
        scratch.scales.clear();
        scratch.scales.resize(tiles * ROWS, (0.0, 0));
        for (row, values) in input.chunks_exact(inputs).enumerate() {
            let tile = &mut scratch.codes[row / ROWS * chunks..][..chunks];
            self.level.code(values, row % ROWS, tile, &mut scratch.scales[row]);
        }
        let (mut sums, mut counts) = (NO_SUMS, NO_COUNTS);
        for panel in few {
            let weights = &panels[panel * chunks..][..chunks];
            let outputs = lines(&scales[panel * COLS..]);
            let tiles = scratch.codes.chunks_exact(chunks).zip(scratch.scales.as_chunks::<ROWS>().0);
            for (at, (tile, scales)) in tiles.enumerate() {
                self.level.codes(tile, weights, &scales.map(|(_, total)| total), &mut counts);
                self.level.scale(&counts, &scales.map(|(scale, _)| scale), &outputs, &mut sums);
                let first = rows.start + at * ROWS;
                self.write(&mut sums, first..rows.end.min(first + ROWS), panel);
            }
        }
    }

    /// Finishes the sums of a tile and writes those of tokens and outputs that there are.
    fn write(&self, sums: &mut Sums, rows: Range<usize>, panel: usize) {
        let outputs = self.matrix.outputs();
        let from = panel * COLS;
        let count = COLS.min(outputs - from);
        let bias = self.finish.bias.get(from..).map_or([Line::default(); 2], lines);
        self.level.finish(sums, rows.len(), &bias, self.finish.curve);
        for (row, token) in rows.enumerate() {
            let at = token * outputs + from;
            // SAFETY: each item of `dense` has rows and panels of its own, and `out` is borrowed until all end.
            let out = unsafe { self.grid.cells(at, count) };
            let halves = out.chunks_mut(16).zip(sums.iter());
            match self.finish.residual {
                Some(residual) => {
                    for ((out, half), residual) in halves.zip(residual[at..at + count].chunks(16)) {
                        let each = half[row].0.iter().zip(residual);
                        out.iter_mut().zip(each).for_each(|(out, (sum, residual))| *out = sum + residual);
                    }
                }
                None => halves.for_each(|(out, half)| out.copy_from_slice(&half[row].0[..out.len()])),
            }
        }
    }
}

/// The first 32 values; what is missing is zero.
fn lines(values: &[f32]) -> [Line; 2] {
    let mut lines = [Line::default(); 2];
    lines.iter_mut().flat_map(|line| &mut line.0).zip(values).for_each(|(to, from)| *to = *from);
    lines
}
