//! How are weights written in a GGUF file, and what values do the bytes mean?

use half::{bf16, f16};

/// A storage format of GGUF tensors that this crate can pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are GGML's own")]
pub enum Format {
    F32,
    F16,
    BF16,
    Q4_0,
    Q4_1,
    Q5_0,
    Q5_1,
    Q8_0,
    Q4K,
    Q5K,
    Q6K,
}

/// 32 consecutive values of one row, as codes: value = code * scale + offset, with one scale and offset for
/// each half of 16.
pub(crate) struct Codes {
    pub codes: [i8; 32],
    pub scales: [f32; 2],
    pub offsets: [f32; 2],
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 11] = [
        Self::F32,
        Self::F16,
        Self::BF16,
        Self::Q4_0,
        Self::Q4_1,
        Self::Q5_0,
        Self::Q5_1,
        Self::Q8_0,
        Self::Q4K,
        Self::Q5K,
        Self::Q6K,
    ];

    /// How many values a block holds, and in how many bytes.
    pub const fn block(self) -> (usize, usize) {
        match self {
            Self::F32 => (1, 4),
            Self::F16 | Self::BF16 => (1, 2),
            Self::Q4_0 => (32, 18),
            Self::Q4_1 => (32, 20),
            Self::Q5_0 => (32, 22),
            Self::Q5_1 => (32, 24),
            Self::Q8_0 => (32, 34),
            Self::Q4K => (256, 144),
            Self::Q5K => (256, 176),
            Self::Q6K => (256, 210),
        }
    }

    /// The bytes of a row of `columns` values, if that is a whole number of blocks and fits in memory.
    pub const fn row_bytes(self, columns: usize) -> Option<usize> {
        let (values, bytes) = self.block();
        if columns.is_multiple_of(values) { (columns / values).checked_mul(bytes) } else { None }
    }

    /// Whether the values are stored as plain numbers rather than in blocks of codes.
    pub const fn is_float(self) -> bool {
        matches!(self, Self::F32 | Self::F16 | Self::BF16)
    }

    /// The values of one row.
    ///
    /// # Panics
    /// If `row` is not the [`Format::row_bytes`] of `out.len()` values.
    pub fn dequantise(self, row: &[u8], out: &mut [f32]) {
        assert_eq!(self.row_bytes(out.len()), Some(row.len()), "the bytes of one row");
        match self {
            Self::F32 => fill(out, row.chunks_exact(4), |b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])),
            Self::F16 => fill(out, row.chunks_exact(2), |b| f16::from_le_bytes([b[0], b[1]]).to_f32()),
            Self::BF16 => fill(out, row.chunks_exact(2), |b| bf16::from_le_bytes([b[0], b[1]]).to_f32()),
            Self::Q4_0 | Self::Q4_1 | Self::Q5_0 | Self::Q5_1 | Self::Q8_0 | Self::Q4K | Self::Q5K | Self::Q6K => {
                for (at, out) in out.chunks_exact_mut(32).enumerate() {
                    let block = self.codes(row, at);
                    for (half, out) in out.chunks_exact_mut(16).enumerate() {
                        for (value, &code) in out.iter_mut().zip(&block.codes[half * 16..]) {
                            *value = block.scales[half] * f32::from(code) + block.offsets[half];
                        }
                    }
                }
            }
        }
    }

    /// The 32 values from `at * 32` of a row, as codes. Only for the formats that have codes.
    #[inline]
    pub(crate) fn codes(self, row: &[u8], at: usize) -> Codes {
        let (values, bytes) = self.block();
        let block = &row[at * 32 / values * bytes..][..bytes];
        let part = at % (values / 32).max(1);
        match self {
            Self::F32 | Self::F16 | Self::BF16 => unreachable!("floats have no codes"),
            Self::Q4_0 => {
                let d = half(block, 0);
                uniform(nibbles(&block[2..18]), d, -8.0 * d)
            }
            Self::Q4_1 => uniform(nibbles(&block[4..20]), half(block, 0), half(block, 2)),
            Self::Q5_0 => {
                let d = half(block, 0);
                uniform(with_fifth(nibbles(&block[6..22]), &block[2..6]), d, -16.0 * d)
            }
            Self::Q5_1 => uniform(with_fifth(nibbles(&block[8..24]), &block[4..8]), half(block, 0), half(block, 2)),
            Self::Q8_0 => {
                let mut codes = [0; 32];
                for (code, &byte) in codes.iter_mut().zip(&block[2..34]) {
                    *code = byte.cast_signed();
                }
                uniform(codes, half(block, 0), 0.0)
            }
            Self::Q4K => {
                let (scale, min) = k_scale(&block[4..16], part);
                let codes = k_nibbles(&block[16..144], part);
                uniform(codes, half(block, 0) * scale, -(half(block, 2) * min))
            }
            Self::Q5K => {
                let (scale, min) = k_scale(&block[4..16], part);
                let mut codes = k_nibbles(&block[48..176], part);
                for (code, &high) in codes.iter_mut().zip(&block[16..48]) {
                    *code |= ((high >> part & 1) << 4).cast_signed();
                }
                uniform(codes, half(block, 0) * scale, -(half(block, 2) * min))
            }
            Self::Q6K => six_bit(block, part),
        }
    }
}

fn fill<'a>(out: &mut [f32], bytes: impl Iterator<Item = &'a [u8]>, read: impl Fn(&[u8]) -> f32) {
    for (value, bytes) in out.iter_mut().zip(bytes) {
        *value = read(bytes);
    }
}

fn half(block: &[u8], at: usize) -> f32 {
    f16::from_le_bytes([block[at], block[at + 1]]).to_f32()
}

fn uniform(codes: [i8; 32], scale: f32, offset: f32) -> Codes {
    Codes { codes, scales: [scale; 2], offsets: [offset; 2] }
}

/// 16 bytes: the low halves are the first 16 codes, the high halves the next.
fn nibbles(bytes: &[u8]) -> [i8; 32] {
    let mut codes = [0; 32];
    let (low, high) = codes.split_at_mut(16);
    for ((low, high), &byte) in low.iter_mut().zip(high).zip(bytes) {
        *low = (byte & 15).cast_signed();
        *high = (byte >> 4).cast_signed();
    }
    codes
}

/// Adds the fifth bits, one of 32 for each code.
fn with_fifth(mut codes: [i8; 32], bits: &[u8]) -> [i8; 32] {
    let bits = u32::from_le_bytes([bits[0], bits[1], bits[2], bits[3]]);
    for (at, code) in codes.iter_mut().enumerate() {
        *code |= if bits >> at & 1 == 1 { 16 } else { 0 };
    }
    codes
}

/// The codes of sub-block `part`: sub-blocks share 32 bytes in pairs, low halves first.
fn k_nibbles(bytes: &[u8], part: usize) -> [i8; 32] {
    let mut codes = [0; 32];
    let shift = part % 2 * 4;
    for (code, &byte) in codes.iter_mut().zip(&bytes[part / 2 * 32..]) {
        *code = (byte >> shift & 15).cast_signed();
    }
    codes
}

/// The 6-bit scale and minimum of sub-block `part` out of the 12 bytes that hold eight of each.
fn k_scale(bytes: &[u8], part: usize) -> (f32, f32) {
    let (scale, min) = if part < 4 {
        (bytes[part] & 63, bytes[part + 4] & 63)
    } else {
        let (both, low, high) = (bytes[part + 4], bytes[part - 4], bytes[part]);
        ((both & 15) | (low >> 6 << 4), (both >> 4) | (high >> 6 << 4))
    };
    (f32::from(scale), f32::from(min))
}

/// Q6_K: 256 values in two halves of four runs of 32; 4 low bits, 2 high bits, a signed scale for each 16.
fn six_bit(block: &[u8], part: usize) -> Codes {
    let (half_of, run) = (part / 4, part % 4);
    let low = &block[half_of * 64 + run % 2 * 32..][..32];
    let high = &block[128 + half_of * 32..][..32];
    let mut codes = [0; 32];
    for ((code, &low), &high) in codes.iter_mut().zip(low).zip(high) {
        *code = ((low >> (run / 2 * 4) & 15) | ((high >> (run * 2) & 3) << 4)).cast_signed();
    }
    let d = half(block, 208);
    let scales = [0, 1].map(|side| d * f32::from(block[192 + part * 2 + side].cast_signed()));
    Codes { codes, scales, offsets: scales.map(|scale| -32.0 * scale) }
}
