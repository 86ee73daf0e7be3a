//! The tensor formats of GGUF: their names and how many bytes a block of values takes.

/// A tensor format.
#[derive(Clone, Copy, Debug)]
pub(super) struct Format {
    pub(super) name: &'static str,
    /// Values per block.
    pub(super) block: u64,
    /// Bytes per block.
    pub(super) bytes: u64,
    /// The numbers of a block that all its values hang on.
    pub(super) reals: Reals,
}

/// Real numbers in a block: where they stand, in bytes. Of a quantised block these are its scales; of
/// formats that are not listed nothing is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reals {
    None,
    F16(&'static [usize]),
    Bf16,
    F32,
    F64,
}

/// Where the numbers of a format's block stand.
fn reals(name: &str) -> Reals {
    match name {
        "F32" | "Q8_K" => Reals::F32,
        "F64" => Reals::F64,
        "BF16" => Reals::Bf16,
        "Q4_1" | "Q5_1" | "Q8_1" | "Q4_K" | "Q5_K" => Reals::F16(&[0, 2]),
        "F16" | "Q4_0" | "Q5_0" | "Q8_0" | "IQ2_XXS" | "IQ2_XS" | "IQ2_S" | "IQ3_XXS" | "IQ3_S" | "IQ1_S"
        | "IQ4_NL" | "IQ4_XS" => Reals::F16(&[0]),
        "Q2_K" => Reals::F16(&[80, 82]),
        "Q3_K" => Reals::F16(&[108]),
        "Q6_K" => Reals::F16(&[208]),
        "TQ1_0" => Reals::F16(&[52]),
        "TQ2_0" => Reals::F16(&[64]),
        _ => Reals::None,
    }
}

/// Code, name, values per block, bytes per block.
const FORMATS: &[(u32, &str, u64, u64)] = &[
    (0, "F32", 1, 4),
    (1, "F16", 1, 2),
    (2, "Q4_0", 32, 18),
    (3, "Q4_1", 32, 20),
    (6, "Q5_0", 32, 22),
    (7, "Q5_1", 32, 24),
    (8, "Q8_0", 32, 34),
    (9, "Q8_1", 32, 36),
    (10, "Q2_K", 256, 84),
    (11, "Q3_K", 256, 110),
    (12, "Q4_K", 256, 144),
    (13, "Q5_K", 256, 176),
    (14, "Q6_K", 256, 210),
    (15, "Q8_K", 256, 292),
    (16, "IQ2_XXS", 256, 66),
    (17, "IQ2_XS", 256, 74),
    (18, "IQ3_XXS", 256, 98),
    (19, "IQ1_S", 256, 50),
    (20, "IQ4_NL", 32, 18),
    (21, "IQ3_S", 256, 110),
    (22, "IQ2_S", 256, 82),
    (23, "IQ4_XS", 256, 136),
    (24, "I8", 1, 1),
    (25, "I16", 1, 2),
    (26, "I32", 1, 4),
    (27, "I64", 1, 8),
    (28, "F64", 1, 8),
    (29, "IQ1_M", 256, 56),
    (30, "BF16", 1, 2),
    (34, "TQ1_0", 256, 54),
    (35, "TQ2_0", 256, 66),
    (39, "MXFP4", 32, 17),
];

/// The format with this code.
pub(super) fn format(code: u32) -> Option<Format> {
    let known = FORMATS.iter().find(|(known, ..)| *known == code)?;
    Some(Format { name: known.1, block: known.2, bytes: known.3, reals: reals(known.1) })
}

/// The name of `general.file_type`, the format of most of a file.
const FILE_TYPES: &[(u64, &str)] = &[
    (0, "F32"),
    (1, "F16"),
    (2, "Q4_0"),
    (3, "Q4_1"),
    (7, "Q8_0"),
    (8, "Q5_0"),
    (9, "Q5_1"),
    (10, "Q2_K"),
    (11, "Q3_K_S"),
    (12, "Q3_K_M"),
    (13, "Q3_K_L"),
    (14, "Q4_K_S"),
    (15, "Q4_K_M"),
    (16, "Q5_K_S"),
    (17, "Q5_K_M"),
    (18, "Q6_K"),
    (19, "IQ2_XXS"),
    (20, "IQ2_XS"),
    (21, "Q2_K_S"),
    (22, "IQ3_XS"),
    (23, "IQ3_XXS"),
    (24, "IQ1_S"),
    (25, "IQ4_NL"),
    (26, "IQ3_S"),
    (27, "IQ3_M"),
    (28, "IQ2_S"),
    (29, "IQ2_M"),
    (30, "IQ4_XS"),
    (31, "IQ1_M"),
    (32, "BF16"),
    (36, "TQ1_0"),
    (37, "TQ2_0"),
    (38, "MXFP4"),
];

/// The name for this file type.
pub(super) fn file_type(code: u64) -> Option<&'static str> {
    FILE_TYPES.iter().find(|(known, _)| *known == code).map(|(_, name)| *name)
}
