//! The dense Qwen models: Qwen 2 and 2.5 with biases, Qwen 3 with norms of queries and keys.

use super::{Decoder, Opening, dense::Dense};
use crate::{error::Result, gguf::Gguf};
use kernels::Pairs;

/// Opens a Qwen 2, 2.5 or 3 decoder. Their files pair the two halves of a head for rotation.
pub(super) fn open(file: &Gguf, opening: &mut Opening<'_>) -> Result<Box<dyn Decoder>> {
    Ok(Box::new(Dense::open(file, opening, Pairs::Halves)?))
}
