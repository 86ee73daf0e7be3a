//! In what pieces do tokens meet weights?

use crate::arena::Plain;

/// Tokens of a tile: with 32 outputs their sums fill 24 of the 32 registers of AVX-512.
pub(crate) const ROWS: usize = 12;
/// Outputs of a panel.
pub(crate) const COLS: usize = 32;
/// Steps of a chunk; a step is one column in floats, four in codes.
pub(crate) const STEPS: usize = 16;
/// Columns in a chunk of codes.
pub(crate) const CODES: usize = 4 * STEPS;

/// A cache line of floats.
#[derive(Clone, Copy, Default)]
#[repr(C, align(64))]
pub(crate) struct Line(pub [f32; 16]);

/// A cache line of signed codes: 64 columns of a token.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(crate) struct Codes(pub [i8; CODES]);

/// A cache line of weights in 8 bits, each 128 too high: four columns of 16 outputs.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(crate) struct Bytes(pub [u8; 64]);

/// A cache line of whole numbers.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(crate) struct Whole(pub [i32; 16]);

/// 16 columns of 12 tokens.
pub(crate) type Tile = [Line; ROWS];
/// 16 columns of 32 outputs, column by column.
pub(crate) type Panel = [[Line; 2]; STEPS];
/// The same in half precision.
pub(crate) type HalfPanel = [[u16; COLS]; STEPS];
/// 64 columns of 12 tokens in 8 bits.
pub(crate) type CodeTile = [Codes; ROWS];
/// 64 columns of 32 outputs in 8 bits, four columns at a time.
pub(crate) type CodePanel = [[Bytes; 2]; STEPS];
/// The sums of 12 tokens and 32 outputs: two tiles, so that they can be the input of another product.
pub(crate) type Sums = [Tile; 2];
/// The same in whole numbers.
pub(crate) type Counts = [[Whole; ROWS]; 2];

pub(crate) const NO_TILE: Tile = [Line([0.0; 16]); ROWS];
pub(crate) const NO_PANEL: Panel = [[Line([0.0; 16]); 2]; STEPS];
pub(crate) const NO_CODES: CodeTile = [Codes([0; CODES]); ROWS];
pub(crate) const NO_COUNTS: Counts = [[Whole([0; 16]); ROWS]; 2];
pub(crate) const NO_SUMS: Sums = [NO_TILE; 2];

// SAFETY: zero is a number, and an array of numbers needs no drop.
unsafe impl Plain for Line {}
// SAFETY: as above.
unsafe impl Plain for Bytes {}

/// Puts the rows of `values`, each of `width`, into tiles: `width / 16` chunks, rounded up, of each 12 rows.
/// Columns that are missing in the last chunk are zero; rows that are missing hold anything finite or not, since
/// a row's sums do not meet another's.
pub(crate) fn lay(values: &[f32], width: usize, stride: usize, scale: f32, tiles: &mut Vec<Tile>) {
    let (rows, chunks) = (values.len().div_ceil(stride), width.div_ceil(16));
    tiles.resize(rows.div_ceil(ROWS) * chunks, NO_TILE);
    for (row, values) in values.chunks(stride).enumerate() {
        let tile = &mut tiles[row / ROWS * chunks..][..chunks];
        let (lines, rest) = values[..width].as_chunks::<16>();
        for (chunk, line) in tile.iter_mut().zip(lines) {
            for (to, from) in chunk[row % ROWS].0.iter_mut().zip(line) {
                *to = from * scale;
            }
        }
        if let Some(last) = tile.last_mut().filter(|_| !rest.is_empty()) {
            last[row % ROWS] = Line::default();
            last[row % ROWS].0.iter_mut().zip(rest).for_each(|(to, from)| *to = from * scale);
        }
    }
}
