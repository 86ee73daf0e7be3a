//! The Llama family: Llama, SmolLM, Mistral and what is converted to their form.

use super::{Decoder, Opening, dense::Dense};
use crate::{error::Result, gguf::Gguf};
use kernels::Pairs;

/// Opens a decoder of the Llama family. Their files pair neighbouring values for rotation.
pub(super) fn open(file: &Gguf, opening: &mut Opening<'_>) -> Result<Box<dyn Decoder>> {
    Ok(Box::new(Dense::open(file, opening, Pairs::Neighbours)?))
}
