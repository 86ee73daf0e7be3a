//! How do weights lie in memory, so that one pass over them is one sequential stream?
//!
//! A tile holds 16 rows x 32 columns with its scales, a panel the tiles of 16 rows from left to right. Within a
//! tile, four neighbouring values of one row fill 32 bits and the 16 rows fill 512 bits: one register of
//! AVX-512, two of AVX2, four of NEON. One multiplication with four broadcast activations gives each row's
//! partial sum, with no sum across lanes.

use crate::arena::Plain;
use crate::format::{Codes, Format};
use half::f16;

/// Rows of a tile and of a panel.
pub(crate) const ROWS: usize = 16;
/// Columns of a tile.
pub(crate) const COLUMNS: usize = 32;
/// Bytes of four columns of codes: four of each row, row after row.
pub(crate) const GROUP: usize = ROWS * 4;

/// 4-bit codes. Byte `row * 4 + i` of group `g` holds column `8g + i` low and column `8g + 4 + i` high.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(crate) struct Tile4 {
    pub codes: [[u8; GROUP]; 4],
    pub scales: [u16; ROWS],
    pub offsets: [u16; ROWS],
}

/// 5-bit codes: as [`Tile4`], and bit `2g` and `2g + 1` of byte `row * 4 + i` of `fifth` top the two codes.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(crate) struct Tile5 {
    pub codes: [[u8; GROUP]; 4],
    pub fifth: [u8; GROUP],
    pub scales: [u16; ROWS],
    pub offsets: [u16; ROWS],
}

/// 6-bit codes, offset by 32, with one scale for each half of 16 columns. Byte `row * 4 + i` of `upper[half]`
/// holds the two high bits of, from the lowest: group 2 * half low, high, group 2 * half + 1 low, high.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(crate) struct Tile6 {
    pub codes: [[u8; GROUP]; 4],
    pub upper: [[u8; GROUP]; 2],
    pub scales: [[u16; ROWS]; 2],
}

/// Signed 8-bit codes. Byte `row * 4 + i` of group `g` holds column `4g + i`.
#[derive(Clone, Copy)]
#[repr(C, align(32))]
pub(crate) struct Tile8 {
    pub codes: [[i8; GROUP]; 8],
    pub scales: [u16; ROWS],
}

// SAFETY: made of integers only, without padding; all zero is a tile of zeros.
unsafe impl Plain for Tile4 {}
// SAFETY: as above.
unsafe impl Plain for Tile5 {}
// SAFETY: as above.
unsafe impl Plain for Tile6 {}
// SAFETY: as above.
unsafe impl Plain for Tile8 {}

/// What packing and reading back a tile of codes needs.
pub(crate) trait CodeTile: Plain {
    /// Writes 32 values of one row.
    fn set(&mut self, row: usize, block: &Codes);
    /// The values of one row, as the kernels use them.
    fn row(&self, row: usize) -> [f32; COLUMNS];
}

fn half_bits(value: f32) -> u16 {
    f16::from_f32(value).to_bits()
}

fn from_bits(bits: u16) -> f32 {
    f16::from_bits(bits).to_f32()
}

/// Puts the low four bits of 32 codes where [`Tile4`] wants them.
fn set_nibbles(codes: &mut [[u8; GROUP]; 4], row: usize, block: &Codes) {
    for (group, of_group) in codes.iter_mut().zip(block.codes.chunks_exact(8)) {
        for i in 0..4 {
            let (low, high) = (of_group[i].cast_unsigned() & 15, of_group[i + 4].cast_unsigned() & 15);
            group[row * 4 + i] = low | high << 4;
        }
    }
}

fn get_nibble(codes: &[[u8; GROUP]; 4], row: usize, column: usize) -> u8 {
    codes[column / 8][row * 4 + column % 4] >> (column / 4 % 2 * 4) & 15
}

impl CodeTile for Tile4 {
    fn set(&mut self, row: usize, block: &Codes) {
        set_nibbles(&mut self.codes, row, block);
        self.scales[row] = half_bits(block.scales[0]);
        self.offsets[row] = half_bits(block.offsets[0]);
    }

    fn row(&self, row: usize) -> [f32; COLUMNS] {
        let (scale, offset) = (from_bits(self.scales[row]), from_bits(self.offsets[row]));
        std::array::from_fn(|column| scale * f32::from(get_nibble(&self.codes, row, column)) + offset)
    }
}

impl CodeTile for Tile5 {
    fn set(&mut self, row: usize, block: &Codes) {
        set_nibbles(&mut self.codes, row, block);
        for i in 0..4 {
            let bits = (0..8).map(|part| (block.codes[part * 4 + i].cast_unsigned() >> 4 & 1) << part);
            self.fifth[row * 4 + i] = bits.fold(0, |all, bit| all | bit);
        }
        self.scales[row] = half_bits(block.scales[0]);
        self.offsets[row] = half_bits(block.offsets[0]);
    }

    fn row(&self, row: usize) -> [f32; COLUMNS] {
        let (scale, offset) = (from_bits(self.scales[row]), from_bits(self.offsets[row]));
        std::array::from_fn(|column| {
            let fifth = self.fifth[row * 4 + column % 4] >> (column / 4) & 1;
            scale * f32::from(get_nibble(&self.codes, row, column) | fifth << 4) + offset
        })
    }
}

impl CodeTile for Tile6 {
    fn set(&mut self, row: usize, block: &Codes) {
        set_nibbles(&mut self.codes, row, block);
        for (half, upper) in self.upper.iter_mut().enumerate() {
            for i in 0..4 {
                let code = |part: usize| block.codes[half * 16 + part * 4 + i].cast_unsigned() >> 4 & 3;
                upper[row * 4 + i] = (0..4).fold(0, |all, part| all | code(part) << (2 * part));
            }
            self.scales[half][row] = half_bits(block.scales[half]);
        }
    }

    fn row(&self, row: usize) -> [f32; COLUMNS] {
        std::array::from_fn(|column| {
            let upper = self.upper[column / 16][row * 4 + column % 4] >> (column / 4 % 4 * 2) & 3;
            let code = get_nibble(&self.codes, row, column) | upper << 4;
            from_bits(self.scales[column / 16][row]) * (f32::from(code) - 32.0)
        })
    }
}

impl CodeTile for Tile8 {
    fn set(&mut self, row: usize, block: &Codes) {
        for (group, of_group) in self.codes.iter_mut().zip(block.codes.chunks_exact(4)) {
            group[row * 4..row * 4 + 4].copy_from_slice(of_group);
        }
        self.scales[row] = half_bits(block.scales[0]);
    }

    fn row(&self, row: usize) -> [f32; COLUMNS] {
        let scale = from_bits(self.scales[row]);
        std::array::from_fn(|column| scale * f32::from(self.codes[column / 4][row * 4 + column % 4]))
    }
}

/// One column of 16 rows of plain numbers.
pub(crate) trait FloatColumn: Plain {
    /// Writes one number, given as the file has it.
    fn set(&mut self, row: usize, bytes: &[u8]);
    /// The number of one row.
    fn get(&self, row: usize) -> f32;
}

impl FloatColumn for [f32; ROWS] {
    fn set(&mut self, row: usize, bytes: &[u8]) {
        self[row] = f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    }
    fn get(&self, row: usize) -> f32 {
        self[row]
    }
}

/// Half-precision numbers of 16 rows.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct Halves(pub [u16; ROWS]);

/// bfloat16 numbers of 16 rows.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct Brains(pub [u16; ROWS]);

// SAFETY: an array of integers.
unsafe impl Plain for Halves {}
// SAFETY: an array of integers.
unsafe impl Plain for Brains {}

impl FloatColumn for Halves {
    fn set(&mut self, row: usize, bytes: &[u8]) {
        self.0[row] = u16::from_le_bytes([bytes[0], bytes[1]]);
    }
    fn get(&self, row: usize) -> f32 {
        from_bits(self.0[row])
    }
}

impl FloatColumn for Brains {
    fn set(&mut self, row: usize, bytes: &[u8]) {
        self.0[row] = u16::from_le_bytes([bytes[0], bytes[1]]);
    }
    fn get(&self, row: usize) -> f32 {
        half::bf16::from_bits(self.0[row]).to_f32()
    }
}

/// Fills one panel of codes from the bytes of up to 16 rows.
pub(crate) fn pack_codes<T: CodeTile>(format: Format, rows: &[&[u8]], panel: &mut [T]) {
    for (row, bytes) in rows.iter().enumerate() {
        for (at, tile) in panel.iter_mut().enumerate() {
            tile.set(row, &format.codes(bytes, at));
        }
    }
}

/// Fills one panel of plain numbers from the bytes of up to 16 rows.
pub(crate) fn pack_floats<T: FloatColumn>(width: usize, rows: &[&[u8]], panel: &mut [T]) {
    for (row, bytes) in rows.iter().enumerate() {
        for (column, number) in panel.iter_mut().zip(bytes.chunks_exact(width)) {
            column.set(row, number);
        }
    }
}
