//! How does an encoder, which reads whole texts at once, multiply, normalise and attend?
//!
//! A decoder writes one token at a time and is bound by memory; an encoder reads hundreds of tokens with each
//! weight and is bound by arithmetic. So its products are blocked for registers and caches as in GotoBLAS: a
//! panel of 32 outputs is multiplied with tiles of 12 tokens, whose sums stay in registers from the first
//! column to the last. Panels are packed once on loading. What follows a product (bias, curve, residual) is
//! done on each tile while it is in the cache.
//!
//! Every sum runs over the columns in their order, in one accumulator. So a token's result depends neither on
//! the tokens beside it nor on the number of threads.

mod heads;
mod level;
mod matrix;
mod norm;
mod plain;
mod product;
#[cfg(test)]
mod tests;
mod tile;
#[cfg(target_arch = "x86_64")]
mod x86;

pub use heads::Distances;
pub use matrix::{DenseMatrix, Number, Precision};
pub use product::{Curve, Finish};
