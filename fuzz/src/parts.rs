//! How does one input hold several things? In sections, with bytes between them that are in no UTF-8.

/// Between sections.
pub const SECTION: u8 = 0xFF;
/// Between the items of a section.
pub const ITEM: u8 = 0xFE;

/// The sections of an input, as many as are asked for; those that are missing are empty.
#[must_use]
pub fn sections<const N: usize>(input: &[u8]) -> [&[u8]; N] {
    let mut all = input.splitn(N, |byte| *byte == SECTION);
    [(); N].map(|()| all.next().unwrap_or_default())
}

/// The items of a section as texts.
#[must_use]
pub fn items(section: &[u8]) -> Vec<String> {
    if section.is_empty() {
        return Vec::new();
    }
    section.split(|byte| *byte == ITEM).map(text).collect()
}

/// A text; broken characters become U+FFFD.
#[must_use]
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Numbers that follow from a seed, for choices that need not be in the input (`SplitMix64`).
pub struct Random(pub u64);

impl Random {
    /// The next number below `count`, which is not 0.
    pub fn below(&mut self, count: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % count as u64) as usize
    }
}
