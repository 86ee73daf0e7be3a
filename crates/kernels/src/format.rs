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
    /// Four neighbouring codes each, the first in the lowest byte.
    pub words: [u32; 8],
    pub scales: [f32; 2],
    pub offsets: [f32; 2],
}

/// A block of a row, with the numbers in half precision that all its parts share.
pub(crate) struct Block<'a> {
    format: Format,
    bytes: &'a [u8],
    scale: f32,
    offset: f32,
}

impl Codes {
    fn values(&self, out: &mut [f32]) {
        for (at, out) in out.chunks_exact_mut(4).enumerate() {
            let (scale, offset) = (self.scales[at / 4], self.offsets[at / 4]);
            for (value, code) in out.iter_mut().zip(self.words[at].to_le_bytes()) {
                *value = scale * f32::from(code.cast_signed()) + offset;
            }
        }
    }
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
                let (values, bytes) = self.block();
                for (block, out) in row.chunks_exact(bytes).zip(out.chunks_exact_mut(values)) {
                    let block = self.open(block);
                    for (part, out) in out.chunks_exact_mut(32).enumerate() {
                        block.codes(part).values(out);
                    }
                }
            }
        }
    }

    /// Looks into a block. Only for the formats that have codes.
    // Always inlined, as all below: packing calls it with a known format, and nothing is left of the choice.
    #[inline(always)]
    pub(crate) fn open(self, bytes: &[u8]) -> Block<'_> {
        let (scale, offset) = match self {
            Self::F32 | Self::F16 | Self::BF16 => unreachable!("floats have no codes"),
            Self::Q4_0 => (half(bytes, 0), -8.0 * half(bytes, 0)),
            Self::Q5_0 => (half(bytes, 0), -16.0 * half(bytes, 0)),
            Self::Q4_1 | Self::Q5_1 | Self::Q4K | Self::Q5K => (half(bytes, 0), half(bytes, 2)),
            Self::Q8_0 => (half(bytes, 0), 0.0),
            Self::Q6K => (half(bytes, 208), 0.0),
        };
        Block { format: self, bytes, scale, offset }
    }
}

impl Block<'_> {
    /// The 32 values from `part * 32` of the block, as codes.
    #[inline(always)]
    pub(crate) fn codes(&self, part: usize) -> Codes {
        let Self { format, bytes, scale, offset } = *self;
        match format {
            Format::F32 | Format::F16 | Format::BF16 => unreachable!("floats have no codes"),
            Format::Q4_0 => uniform(nibbles(&bytes[2..18]), scale, offset),
            Format::Q4_1 => uniform(nibbles(&bytes[4..20]), scale, offset),
            Format::Q5_0 => uniform(with_fifth(nibbles(&bytes[6..22]), &bytes[2..6]), scale, offset),
            Format::Q5_1 => uniform(with_fifth(nibbles(&bytes[8..24]), &bytes[4..8]), scale, offset),
            Format::Q8_0 => uniform(words(&bytes[2..34]), scale, offset),
            Format::Q4K => {
                let (step, min) = k_scale(&bytes[4..16], part);
                uniform(k_nibbles(&bytes[16..144], part), scale * step, -(offset * min))
            }
            Format::Q5K => {
                let (step, min) = k_scale(&bytes[4..16], part);
                let mut codes = k_nibbles(&bytes[48..176], part);
                for (code, high) in codes.iter_mut().zip(words::<8>(&bytes[16..48])) {
                    *code |= (high >> part & BITS) << 4;
                }
                uniform(codes, scale * step, -(offset * min))
            }
            Format::Q6K => six_bit(bytes, scale, part),
        }
    }
}

/// The lowest four bits of each byte of a word.
pub(crate) const NIBBLES: u32 = 0x0f0f_0f0f;
/// The lowest two.
pub(crate) const PAIRS: u32 = 0x0303_0303;
/// The lowest one.
pub(crate) const BITS: u32 = 0x0101_0101;

fn fill<'a>(out: &mut [f32], bytes: impl Iterator<Item = &'a [u8]>, read: impl Fn(&[u8]) -> f32) {
    for (value, bytes) in out.iter_mut().zip(bytes) {
        *value = read(bytes);
    }
}

#[inline(always)]
fn half(block: &[u8], at: usize) -> f32 {
    from_half(u16::from_le_bytes([block[at], block[at + 1]]))
}

/// A half-precision number as f32, exact. Unlike `half`'s it is inlined and has no branch, so that loops over it
/// become vector code; the idea is Fabian Giesen's.
#[inline(always)]
pub(crate) fn from_half(bits: u16) -> f32 {
    let (sign, rest) = (u32::from(bits & 0x8000) << 16, u32::from(bits & 0x7fff) << 13);
    // As f32 the exponent is 112 too small; multiplying makes subnormal numbers right as well.
    let finite = (f32::from_bits(rest) * f32::from_bits(0x7780_0000)).to_bits();
    let value = if rest >= 0x0f80_0000 { rest | 0x7f80_0000 } else { finite };
    f32::from_bits(value | sign)
}

/// The nearest half-precision number, ties to even; beyond the largest it is infinite. Without a branch, as above.
#[inline(always)]
pub(crate) fn to_half(value: f32) -> u16 {
    let bits = value.to_bits();
    let (sign, rest) = (bits & 0x8000_0000, bits & 0x7fff_ffff);
    let beyond = if rest > 0x7f80_0000 { 0x7e00 } else { 0x7c00 };
    // Adding a half lets the processor round where the last bit of a subnormal result is.
    let small = (f32::from_bits(rest) + 0.5).to_bits().wrapping_sub(0x3f00_0000);
    let usual = rest.wrapping_add(0xc800_0fff).wrapping_add(rest >> 13 & 1) >> 13;
    let half = if rest >= 0x4780_0000 {
        beyond
    } else if rest < 0x3880_0000 {
        small
    } else {
        usual
    };
    (half | sign >> 16) as u16
}

#[inline(always)]
fn uniform(words: [u32; 8], scale: f32, offset: f32) -> Codes {
    Codes { words, scales: [scale; 2], offsets: [offset; 2] }
}

/// 4 bytes for each word.
#[inline(always)]
fn words<const N: usize>(bytes: &[u8]) -> [u32; N] {
    let mut words = [0; N];
    for (word, four) in words.iter_mut().zip(bytes.as_chunks().0) {
        *word = u32::from_le_bytes(*four);
    }
    words
}

/// 16 bytes: the low halves are the first 16 codes, the high halves the next.
#[inline(always)]
fn nibbles(bytes: &[u8]) -> [u32; 8] {
    let [a, b, c, d] = words(bytes);
    [a, b, c, d, a >> 4, b >> 4, c >> 4, d >> 4].map(|word| word & NIBBLES)
}

/// Adds the fifth bits, one of 32 for each code.
#[inline(always)]
fn with_fifth(mut codes: [u32; 8], bits: &[u8]) -> [u32; 8] {
    let bits = u32::from_le_bytes([bits[0], bits[1], bits[2], bits[3]]);
    for (at, code) in codes.iter_mut().enumerate() {
        // Four bits, one to each byte: the product has each of them at the bottom of its own.
        let spread = (bits >> (at * 4) & 15) * 0x0020_4081;
        *code |= (spread & BITS) << 4;
    }
    codes
}

/// The codes of sub-block `part`: sub-blocks share 32 bytes in pairs, low halves first.
#[inline(always)]
fn k_nibbles(bytes: &[u8], part: usize) -> [u32; 8] {
    words(&bytes[part / 2 * 32..][..32]).map(|word| word >> (part % 2 * 4) & NIBBLES)
}

/// The 6-bit scale and minimum of sub-block `part` out of the 12 bytes that hold eight of each.
#[inline(always)]
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
#[inline(always)]
fn six_bit(block: &[u8], scale: f32, part: usize) -> Codes {
    let (half_of, run) = (part / 4, part % 4);
    let mut codes: [u32; 8] = words(&block[half_of * 64 + run % 2 * 32..][..32]);
    for (code, high) in codes.iter_mut().zip(words::<8>(&block[128 + half_of * 32..][..32])) {
        *code = (*code >> (run / 2 * 4) & NIBBLES) | (high >> (run * 2) & PAIRS) << 4;
    }
    let scales = [0, 1].map(|side| scale * f32::from(block[192 + part * 2 + side].cast_signed()));
    Codes { words: codes, scales, offsets: scales.map(|scale| -32.0 * scale) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_those_of_the_half_crate() {
        for bits in 0..=u16::MAX {
            let (ours, theirs) = (from_half(bits), f16::from_bits(bits).to_f32());
            assert!(ours.to_bits() == theirs.to_bits() || (ours.is_nan() && theirs.is_nan()), "{bits:#06x}");
        }
        // Every half, the halfway points beside it and what lies next to those.
        for bits in 0..0x7c00u32 {
            let low = f16::from_bits(bits as u16).to_f32();
            let high = f16::from_bits(bits as u16 + 1).to_f32();
            let middle = if high.is_finite() { (low + high) / 2.0 } else { 65_520.0 };
            for value in [low, middle, middle.next_down(), middle.next_up(), -middle, -low] {
                assert_eq!(to_half(value), f16::from_f32(value).to_bits(), "{value:e}");
            }
        }
        assert_eq!([to_half(f32::INFINITY), to_half(-1e9)], [0x7c00, 0xfc00]);
        assert!(f16::from_bits(to_half(f32::NAN)).is_nan());
    }
}
