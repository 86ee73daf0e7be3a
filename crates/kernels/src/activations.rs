//! In what form do activations meet the weights?

/// 32 activations in 8 bits, with what the kernels need to undo the scaling.
#[derive(Clone, Copy, Default)]
#[repr(C, align(16))]
pub(crate) struct Block {
    pub codes: [i8; 32],
    /// value = code * scale
    pub scale: f32,
    /// The sum of the 32 values, as coded: what a tile's offset is multiplied with.
    pub sum: f32,
    /// The sums of the first and the second 16 values.
    pub half_sums: [f32; 2],
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
