//! What must vector code that takes codes as unsigned know of a tile?

use crate::activations::Block;
use crate::tile::{ROWS, Tile4, Tile5, Tile6, Tile8};

/// A tile whose codes are, or can be made, unsigned.
pub(crate) trait Unsigned {
    /// Runs of columns that have scales of their own: 1 or 2.
    const RUNS: usize;
    /// Where the sum of a run's products begins, which takes away what was added to make the codes unsigned.
    fn start(_: &Block, _: usize) -> i32 {
        0
    }
    /// The scales of a run.
    fn scales(&self, run: usize) -> &[u16; ROWS];
    /// What is added to code times scale.
    fn offsets(&self) -> Option<&[u16; ROWS]> {
        None
    }
}

/// Tiles with an offset for each row.
macro_rules! with_offsets {
    ($($tile:ty),*) => { $(
        impl Unsigned for $tile {
            const RUNS: usize = 1;
            fn scales(&self, _: usize) -> &[u16; ROWS] {
                &self.scales
            }
            fn offsets(&self) -> Option<&[u16; ROWS]> {
                Some(&self.offsets)
            }
        }
    )* };
}

with_offsets!(Tile4, Tile5);

impl Unsigned for Tile6 {
    const RUNS: usize = 2;
    fn start(block: &Block, run: usize) -> i32 {
        block.minus_32[run]
    }
    fn scales(&self, run: usize) -> &[u16; ROWS] {
        &self.scales[run]
    }
}

impl Unsigned for Tile8 {
    const RUNS: usize = 1;
    fn start(block: &Block, _: usize) -> i32 {
        block.minus_128
    }
    fn scales(&self, _: usize) -> &[u16; ROWS] {
        &self.scales
    }
}
