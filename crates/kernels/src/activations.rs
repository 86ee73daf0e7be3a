//! In what form do activations meet the weights?

/// 32 activations in 8 bits, with what the kernels need to undo the scaling. On a cache line of its own.
#[derive(Clone, Copy, Default)]
#[repr(C, align(64))]
pub(crate) struct Block {
    pub codes: [i8; 32],
    /// value = code * scale
    pub scale: f32,
    /// The sum of the 32 values, as coded: what a tile's offset is multiplied with.
    pub sum: f32,
    /// -32 times the sum of the first and of the second 16 codes. A sum of products with weights that are
    /// stored with 32 added begins here, and is then exact.
    pub minus_32: [i32; 2],
    /// -128 times the sum of all codes, for weights to which 128 is added to make them unsigned.
    pub minus_128: i32,
}

impl Block {
    /// Sets what depends on the sums of the first and the second 16 codes; the scale must be set.
    #[inline(always)]
    #[allow(clippy::cast_precision_loss, reason = "at most 32 * 127")]
    pub(crate) fn set_sums(&mut self, sums: [i32; 2]) {
        // Of values that are no numbers, or so small that their scale has no inverse, vector code makes integers of
        // any size. The result is then as meaningless as they are; its sums must fit all the same.
        let sums = sums.map(|sum| sum.clamp(-16 * 128, 16 * 128));
        let all = sums[0] + sums[1];
        self.sum = self.scale * all as f32;
        self.minus_32 = sums.map(|sum| -32 * sum);
        self.minus_128 = -128 * all;
    }
}

/// The input of a product: some tokens' activations, quantised once and used by several matrices.
#[derive(Default)]
pub struct Activations {
    pub(crate) tokens: usize,
    pub(crate) width: usize,
    /// For weights in codes: `width / 32` blocks for each token. Empty if only floats were asked for.
    pub(crate) blocks: Vec<Block>,
    /// For weights that are plain numbers. Empty if only codes were asked for.
    pub(crate) floats: Vec<f32>,
}

/// In which form the activations are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// In 8 bits, for weights in codes.
    Codes,
    /// As they are, for weights that are plain numbers.
    Floats,
    /// For weights of both kinds.
    Both,
}

impl Form {
    /// The form that serves both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        if self == other { self } else { Self::Both }
    }
}

impl Activations {
    /// No activations yet; the buffers grow to what is needed and are then reused.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Tokens in the current input.
    #[must_use]
    pub fn tokens(&self) -> usize {
        self.tokens
    }

    /// Values of one token.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// The coded blocks of one token.
    #[inline]
    pub(crate) fn blocks_of(&self, token: usize) -> &[Block] {
        let blocks = self.width / 32;
        &self.blocks[token * blocks..(token + 1) * blocks]
    }

    /// The plain values of one token.
    #[inline]
    pub(crate) fn floats_of(&self, token: usize) -> &[f32] {
        &self.floats[token * self.width..(token + 1) * self.width]
    }
}
