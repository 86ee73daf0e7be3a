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

/// Values of a part of a block: each part has codes, and scales and offsets of its own.
pub(crate) const PART: usize = 32;

/// The codes of a part: eight neighbouring ones in a word, the first in its lowest byte.
pub(crate) type Codes = [u64; 4];

/// What makes values of the codes of a block of `PARTS` parts: value = code * scale + offset. The first of each
/// two is of the first 16 values of every part, the second of the last 16. All parts together, so that
/// reckoning them is vector code.
pub(crate) struct Scales<const PARTS: usize> {
    pub scales: [[f32; PARTS]; 2],
    pub offsets: [[f32; PARTS]; 2],
}

/// A block of a row, as the file has it.
pub(crate) struct Block<'a> {
    format: Format,
    bytes: &'a [u8],
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
                    if values == PART { block.values::<1>(out) } else { block.values::<8>(out) }
                }
            }
        }
    }

    /// Looks into a block. Only for the formats that have codes.
    // Always inlined, as all below: packing calls it with a known format, and nothing is left of the choice. Loops
    // rather than `map` and `from_fn`, which the compiler does not always take in.
    #[inline(always)]
    pub(crate) fn open(self, bytes: &[u8]) -> Block<'_> {
        Block { format: self, bytes }
    }
}

impl Block<'_> {
    /// The codes of a part.
    #[inline(always)]
    pub(crate) fn codes(&self, part: usize) -> Codes {
        let bytes = self.bytes;
        match self.format {
            Format::F32 | Format::F16 | Format::BF16 => unreachable!("floats have no codes"),
            Format::Q4_0 => nibbles(&bytes[2..18]),
            Format::Q4_1 => nibbles(&bytes[4..20]),
            Format::Q5_0 => with_fifth(nibbles(&bytes[6..22]), &bytes[2..6]),
            Format::Q5_1 => with_fifth(nibbles(&bytes[8..24]), &bytes[4..8]),
            Format::Q8_0 => words(&bytes[2..34]),
            Format::Q4K => k_nibbles(&bytes[16..144], part),
            Format::Q5K => {
                let mut codes = k_nibbles(&bytes[48..176], part);
                for (code, high) in codes.iter_mut().zip(words::<4>(&bytes[16..48])) {
                    *code |= (high >> part & BITS) << 4;
                }
                codes
            }
            Format::Q6K => six_bit(bytes, part),
        }
    }

    /// The scales and offsets of its parts, of which it has `PARTS`.
    #[inline(always)]
    pub(crate) fn scales<const PARTS: usize>(&self) -> Scales<PARTS> {
        let bytes = self.bytes;
        match self.format {
            Format::F32 | Format::F16 | Format::BF16 => unreachable!("floats have no codes"),
            Format::Q4_0 => uniform([half(bytes, 0); PARTS], [-8.0 * half(bytes, 0); PARTS]),
            Format::Q5_0 => uniform([half(bytes, 0); PARTS], [-16.0 * half(bytes, 0); PARTS]),
            Format::Q4_1 | Format::Q5_1 => uniform([half(bytes, 0); PARTS], [half(bytes, 2); PARTS]),
            Format::Q8_0 => uniform([half(bytes, 0); PARTS], [0.0; PARTS]),
            Format::Q4K | Format::Q5K => {
                let (scale, offset) = (half(bytes, 0), half(bytes, 2));
                let (steps, minima) = k_scales(&bytes[4..16]);
                let (mut scales, mut offsets) = ([0.0; PARTS], [0.0; PARTS]);
                for (part, (of_scale, of_offset)) in scales.iter_mut().zip(&mut offsets).enumerate() {
                    *of_scale = scale * f32::from(steps[part]);
                    *of_offset = -(offset * f32::from(minima[part]));
                }
                uniform(scales, offsets)
            }
            Format::Q6K => {
                let scale = half(bytes, 208);
                let (mut scales, mut offsets) = ([[0.0; PARTS]; 2], [[0.0; PARTS]; 2]);
                for (at, step) in bytes[192..208].iter().enumerate() {
                    scales[at % 2][at / 2] = scale * f32::from(step.cast_signed());
                    offsets[at % 2][at / 2] = -32.0 * scales[at % 2][at / 2];
                }
                Scales { scales, offsets }
            }
        }
    }

    /// The values, of which there are as many as `out` has room for: those of `PARTS` parts.
    fn values<const PARTS: usize>(&self, out: &mut [f32]) {
        let Scales { scales, offsets } = self.scales::<PARTS>();
        for (part, out) in out.chunks_exact_mut(PART).enumerate() {
            for ((at, out), word) in out.chunks_exact_mut(8).enumerate().zip(self.codes(part)) {
                let (scale, offset) = (scales[at / 2][part], offsets[at / 2][part]);
                for (value, code) in out.iter_mut().zip(word.to_le_bytes()) {
                    *value = scale * f32::from(code.cast_signed()) + offset;
                }
            }
        }
    }
}

/// The lowest four bits of each byte of a word.
pub(crate) const NIBBLES: u64 = 0x0f0f_0f0f_0f0f_0f0f;
/// The lowest two.
pub(crate) const PAIRS: u64 = 0x0303_0303_0303_0303;
/// The lowest one.
pub(crate) const BITS: u64 = 0x0101_0101_0101_0101;

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

/// The same for both halves of every part.
#[inline(always)]
fn uniform<const PARTS: usize>(scales: [f32; PARTS], offsets: [f32; PARTS]) -> Scales<PARTS> {
    Scales { scales: [scales; 2], offsets: [offsets; 2] }
}

/// 8 bytes for each word.
#[inline(always)]
fn words<const N: usize>(bytes: &[u8]) -> [u64; N] {
    let mut words = [0; N];
    for (word, eight) in words.iter_mut().zip(bytes.as_chunks().0) {
        *word = u64::from_le_bytes(*eight);
    }
    words
}

/// 16 bytes: the low halves are the first 16 codes, the high halves the next.
#[inline(always)]
fn nibbles(bytes: &[u8]) -> Codes {
    let [a, b] = words(bytes);
    [a & NIBBLES, b & NIBBLES, a >> 4 & NIBBLES, b >> 4 & NIBBLES]
}

/// Adds the fifth bits, one of 32 for each code.
#[inline(always)]
fn with_fifth(mut codes: Codes, bits: &[u8]) -> Codes {
    for (code, bits) in codes.iter_mut().zip(bits) {
        // Eight bits, one to each byte: copies of all eight, of each of which another is kept, and moved to bit 4.
        let one_each = (u64::from(*bits) * BITS) & 0x8040_2010_0804_0201;
        *code |= ((one_each + 0x7f7f_7f7f_7f7f_7f7f) & (BITS << 7)) >> 3;
    }
    codes
}

/// The codes of sub-block `part`: sub-blocks share 32 bytes in pairs, low halves first.
#[inline(always)]
fn k_nibbles(bytes: &[u8], part: usize) -> Codes {
    let mut codes = words(&bytes[part / 2 * 32..][..32]);
    for code in &mut codes {
        *code = *code >> (part % 2 * 4) & NIBBLES;
    }
    codes
}

/// The 6-bit scales and minima of the sub-blocks out of the 12 bytes that hold eight of each: those of the first
/// four whole, those of the last four with their two high bits above the first four.
#[inline(always)]
fn k_scales(bytes: &[u8]) -> ([u8; 8], [u8; 8]) {
    let word = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    let (first, second, third) = (word(0), word(4), word(8));
    let (low, pairs) = (NIBBLES as u32, PAIRS as u32);
    let together = |whole: u32, low: u32| {
        let (whole, low) = (u64::from(whole & 0x3f3f_3f3f), u64::from(low | (whole >> 6 & pairs) << 4));
        (whole | low << 32).to_le_bytes()
    };
    (together(first, third & low), together(second, third >> 4 & low))
}

/// Q6_K: 256 values in two halves of four runs of 32; 4 low bits, 2 high bits.
#[inline(always)]
fn six_bit(block: &[u8], part: usize) -> Codes {
    let (half_of, run) = (part / 4, part % 4);
    let mut codes = words(&block[half_of * 64 + run % 2 * 32..][..32]);
    for (code, high) in codes.iter_mut().zip(words::<4>(&block[128 + half_of * 32..][..32])) {
        *code = (*code >> (run / 2 * 4) & NIBBLES) | (high >> (run * 2) & PAIRS) << 4;
    }
    codes
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
