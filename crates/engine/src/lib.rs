//! What a model answers, on this machine: GGUF decoders and sentence encoders behind an
//! OpenAI-compatible server on loopback.

pub mod arch;
pub mod error;
pub mod gguf;
