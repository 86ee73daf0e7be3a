//! The number formats a GGUF tensor may have, and how many bytes they take.

use candle_core::quantized::GgmlDType;

/// The format of a tensor's numbers.
#[allow(missing_docs, reason = "the names are those of the format")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(non_camel_case_types, reason = "written as people know them")]
pub enum Kind {
    F32,
    F16,
    BF16,
    Q4_0,
    Q4_1,
    Q5_0,
    Q5_1,
    Q8_0,
    Q2_K,
    Q3_K,
    Q4_K,
    Q5_K,
    Q6_K,
}

/// Every kind with its number in the file, values per block, bytes per block and name.
const KINDS: &[(Kind, u32, usize, usize, &str)] = &[
    (Kind::F32, 0, 1, 4, "F32"),
    (Kind::F16, 1, 1, 2, "F16"),
    (Kind::Q4_0, 2, 32, 18, "Q4_0"),
    (Kind::Q4_1, 3, 32, 20, "Q4_1"),
    (Kind::Q5_0, 6, 32, 22, "Q5_0"),
    (Kind::Q5_1, 7, 32, 24, "Q5_1"),
    (Kind::Q8_0, 8, 32, 34, "Q8_0"),
    (Kind::Q2_K, 10, 256, 84, "Q2_K"),
    (Kind::Q3_K, 11, 256, 110, "Q3_K"),
    (Kind::Q4_K, 12, 256, 144, "Q4_K"),
    (Kind::Q5_K, 13, 256, 176, "Q5_K"),
    (Kind::Q6_K, 14, 256, 210, "Q6_K"),
    (Kind::BF16, 30, 1, 2, "BF16"),
];

impl Kind {
    /// The kind with this number in the file, if this engine knows it.
    #[must_use]
    pub fn from_number(number: u32) -> Option<Self> {
        KINDS.iter().find(|k| k.1 == number).map(|k| k.0)
    }

    fn line(self) -> &'static (Kind, u32, usize, usize, &'static str) {
        KINDS.iter().find(|k| k.0 == self).unwrap_or(&KINDS[0])
    }

    /// Its number in the file.
    #[must_use]
    pub fn number(self) -> u32 {
        self.line().1
    }

    /// Values in one block.
    #[must_use]
    pub fn block(self) -> usize {
        self.line().2
    }

    /// Bytes of one block.
    #[must_use]
    pub fn block_bytes(self) -> usize {
        self.line().3
    }

    /// The name as people write it, such as `Q4_K`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.line().4
    }

    /// Candle's name for the same format.
    #[must_use]
    pub fn candle(self) -> GgmlDType {
        match self {
            Self::F32 => GgmlDType::F32,
            Self::F16 => GgmlDType::F16,
            Self::BF16 => GgmlDType::BF16,
            Self::Q4_0 => GgmlDType::Q4_0,
            Self::Q4_1 => GgmlDType::Q4_1,
            Self::Q5_0 => GgmlDType::Q5_0,
            Self::Q5_1 => GgmlDType::Q5_1,
            Self::Q8_0 => GgmlDType::Q8_0,
            Self::Q2_K => GgmlDType::Q2K,
            Self::Q3_K => GgmlDType::Q3K,
            Self::Q4_K => GgmlDType::Q4K,
            Self::Q5_K => GgmlDType::Q5K,
            Self::Q6_K => GgmlDType::Q6K,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_agree_with_candle() {
        for &(kind, number, block, bytes, name) in KINDS {
            assert_eq!(Kind::from_number(number), Some(kind));
            assert_eq!(kind.candle().block_size(), block, "{name}");
            assert_eq!(kind.candle().type_size(), bytes, "{name}");
        }
    }
}
