//! How do weights lie in memory, so that one pass over them is one sequential stream?
//!
//! A tile holds 16 rows x 32 columns with its scales, a panel the tiles of 16 rows from left to right. Within a
//! tile, four neighbouring values of one row fill 32 bits and the 16 rows fill 512 bits: one register of
//! AVX-512, two of AVX2, four of NEON. One multiplication with four broadcast activations gives each row's
//! partial sum, with no sum across lanes.

use crate::arena::Plain;
use crate::format::{BITS, Codes, NIBBLES, PAIRS, from_half};

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
    /// Writes 32 values of one row: their codes, the scales of both halves, and the offset, all in half precision.
    fn set(&mut self, row: usize, codes: Codes, scales: [u16; 2], offset: u16);
    /// The values of one row, as the kernels use them.
    fn row(&self, row: usize) -> [f32; COLUMNS];
}

/// Puts four bytes where a group has those of one row.
#[inline(always)]
fn set_word(group: &mut [u8; GROUP], row: usize, word: u64) {
    group.as_chunks_mut().0[row] = (word as u32).to_le_bytes();
}

/// The low four bytes of a word with the high four put `bits` above them.
#[inline(always)]
fn folded(word: u64, bits: u32) -> u64 {
    (word | word >> (32 - bits)) & u64::from(u32::MAX)
}

/// Puts the low four bits of 32 codes where [`Tile4`] wants them.
#[inline(always)]
fn set_nibbles(groups: &mut [[u8; GROUP]; 4], row: usize, codes: Codes) {
    for (group, word) in groups.iter_mut().zip(codes) {
        set_word(group, row, folded(word & NIBBLES, 4));
    }
}

fn get_nibble(codes: &[[u8; GROUP]; 4], row: usize, column: usize) -> u8 {
    codes[column / 8][row * 4 + column % 4] >> (column / 4 % 2 * 4) & 15
}

impl CodeTile for Tile4 {
    #[inline(always)]
    fn set(&mut self, row: usize, codes: Codes, scales: [u16; 2], offset: u16) {
        set_nibbles(&mut self.codes, row, codes);
        (self.scales[row], self.offsets[row]) = (scales[0], offset);
    }

    fn row(&self, row: usize) -> [f32; COLUMNS] {
        let (scale, offset) = (from_half(self.scales[row]), from_half(self.offsets[row]));
        std::array::from_fn(|column| scale * f32::from(get_nibble(&self.codes, row, column)) + offset)
    }
}

impl CodeTile for Tile5 {
    #[inline(always)]
    fn set(&mut self, row: usize, codes: Codes, scales: [u16; 2], offset: u16) {
        set_nibbles(&mut self.codes, row, codes);
        let mut fifth = 0;
        for (at, word) in codes.iter().enumerate() {
            fifth |= folded(word >> 4 & BITS, 1) << (2 * at);
        }
        set_word(&mut self.fifth, row, fifth);
        (self.scales[row], self.offsets[row]) = (scales[0], offset);
    }

    fn row(&self, row: usize) -> [f32; COLUMNS] {
        let (scale, offset) = (from_half(self.scales[row]), from_half(self.offsets[row]));
        std::array::from_fn(|column| {
            let fifth = self.fifth[row * 4 + column % 4] >> (column / 4) & 1;
            scale * f32::from(get_nibble(&self.codes, row, column) | fifth << 4) + offset
        })
    }
}

impl CodeTile for Tile6 {
    #[inline(always)]
    fn set(&mut self, row: usize, codes: Codes, scales: [u16; 2], _: u16) {
        set_nibbles(&mut self.codes, row, codes);
        for (half, upper) in self.upper.iter_mut().enumerate() {
            let (low, high) = (codes[half * 2] >> 4 & PAIRS, codes[half * 2 + 1] >> 4 & PAIRS);
            set_word(upper, row, folded(low, 2) | folded(high, 2) << 4);
            self.scales[half][row] = scales[half];
        }
    }

    fn row(&self, row: usize) -> [f32; COLUMNS] {
        std::array::from_fn(|column| {
            let upper = self.upper[column / 16][row * 4 + column % 4] >> (column / 4 % 4 * 2) & 3;
            let code = get_nibble(&self.codes, row, column) | upper << 4;
            from_half(self.scales[column / 16][row]) * (f32::from(code) - 32.0)
        })
    }
}

impl CodeTile for Tile8 {
    #[inline(always)]
    fn set(&mut self, row: usize, codes: Codes, scales: [u16; 2], _: u16) {
        for (groups, word) in self.codes.as_chunks_mut::<2>().0.iter_mut().zip(codes) {
            for (group, word) in groups.iter_mut().zip([word, word >> 32]) {
                group.as_chunks_mut().0[row] = (word as u32).to_le_bytes().map(u8::cast_signed);
            }
        }
        self.scales[row] = scales[0];
    }

    fn row(&self, row: usize) -> [f32; COLUMNS] {
        let scale = from_half(self.scales[row]);
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
        from_half(self.0[row])
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
