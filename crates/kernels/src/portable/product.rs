//! Weights times activations, one tile at a time.

use crate::activations::Block;
use crate::matrix::Panels;
use crate::product::Task;
use crate::tile::{COLUMNS, FloatColumn, GROUP, ROWS, Tile4, Tile5, Tile6, Tile8};
use half::f16;

/// Computes one task.
pub(crate) fn multiply(task: &Task<'_>) {
    match &task.matrix.panels {
        Panels::Four(tiles) => codes(tiles, task),
        Panels::Five(tiles) => codes(tiles, task),
        Panels::Six(tiles) => codes(tiles, task),
        Panels::Eight(tiles) => codes(tiles, task),
        Panels::Half(columns) => floats(columns, task),
        Panels::Brain(columns) => floats(columns, task),
        Panels::Single(columns) => floats(columns, task),
    }
}

fn codes<T: Dot>(tiles: &[T], task: &Task<'_>) {
    let width = task.matrix.columns() / COLUMNS;
    for panel in task.panels.clone() {
        let tiles = &tiles[panel * width..][..width];
        for token in task.tokens.clone() {
            let mut sums = [0.0; ROWS];
            for (tile, block) in tiles.iter().zip(task.input.blocks_of(token)) {
                tile.add(block, &mut sums);
            }
            // SAFETY: `multiply` in `product` gives each panel of each token to one task.
            unsafe { task.out.put(token, panel * ROWS, &sums, task.add) };
        }
    }
}

fn floats<T: FloatColumn>(columns: &[T], task: &Task<'_>) {
    let width = task.matrix.columns();
    for panel in task.panels.clone() {
        let columns = &columns[panel * width..][..width];
        for token in task.tokens.clone() {
            let mut sums = [0.0; ROWS];
            for (column, &value) in columns.iter().zip(task.input.floats_of(token)) {
                for (row, sum) in sums.iter_mut().enumerate() {
                    *sum += column.get(row) * value;
                }
            }
            // SAFETY: `multiply` in `product` gives each panel of each token to one task.
            unsafe { task.out.put(token, panel * ROWS, &sums, task.add) };
        }
    }
}

/// A tile that can be multiplied with a block of activations.
trait Dot {
    /// Adds the products of the tile's 16 rows with the block.
    fn add(&self, block: &Block, sums: &mut [f32; ROWS]);
}

/// The sum over `parts` groups of four columns of code times activation, for each row.
fn integers(block: &Block, parts: std::ops::Range<usize>, code: impl Fn(usize, usize) -> i32) -> [i32; ROWS] {
    std::array::from_fn(|row| {
        let columns = parts.start * 4..parts.end * 4;
        columns.map(|column| code(row, column) * i32::from(block.codes[column])).sum()
    })
}

fn nibble(codes: &[[u8; GROUP]; 4], row: usize, column: usize) -> i32 {
    i32::from(codes[column / 8][row * 4 + column % 4] >> (column / 4 % 2 * 4) & 15)
}

fn half(bits: u16) -> f32 {
    f16::from_bits(bits).to_f32()
}

#[allow(clippy::cast_precision_loss, reason = "the sums stay far below 2^24")]
fn scale(integer: i32, scale: f32) -> f32 {
    integer as f32 * scale
}

impl Dot for Tile4 {
    fn add(&self, block: &Block, sums: &mut [f32; ROWS]) {
        let integers = integers(block, 0..8, |row, column| nibble(&self.codes, row, column));
        for (row, sum) in sums.iter_mut().enumerate() {
            *sum += scale(integers[row], half(self.scales[row]) * block.scale) + half(self.offsets[row]) * block.sum;
        }
    }
}

impl Dot for Tile5 {
    fn add(&self, block: &Block, sums: &mut [f32; ROWS]) {
        let integers = integers(block, 0..8, |row, column| {
            let fifth = self.fifth[row * 4 + column % 4] >> (column / 4) & 1;
            nibble(&self.codes, row, column) | i32::from(fifth) << 4
        });
        for (row, sum) in sums.iter_mut().enumerate() {
            *sum += scale(integers[row], half(self.scales[row]) * block.scale) + half(self.offsets[row]) * block.sum;
        }
    }
}

impl Dot for Tile6 {
    fn add(&self, block: &Block, sums: &mut [f32; ROWS]) {
        for side in 0..2 {
            let integers = integers(block, side * 4..side * 4 + 4, |row, column| {
                let upper = self.upper[side][row * 4 + column % 4] >> (column / 4 % 4 * 2) & 3;
                nibble(&self.codes, row, column) | i32::from(upper) << 4
            });
            for (row, sum) in sums.iter_mut().enumerate() {
                *sum += scale(integers[row] + block.minus_32[side], half(self.scales[side][row]) * block.scale);
            }
        }
    }
}

impl Dot for Tile8 {
    fn add(&self, block: &Block, sums: &mut [f32; ROWS]) {
        let integers = integers(block, 0..8, |row, column| i32::from(self.codes[column / 4][row * 4 + column % 4]));
        for (row, sum) in sums.iter_mut().enumerate() {
            *sum += scale(integers[row], half(self.scales[row]) * block.scale);
        }
    }
}
