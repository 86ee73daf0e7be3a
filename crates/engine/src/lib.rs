//! What a model answers, on this machine: GGUF decoders and sentence encoders behind an
//! OpenAI-compatible server on loopback.

pub mod answer;
pub mod arch;
pub mod bias;
pub mod commands;
pub mod encoder;
pub mod error;
pub mod gguf;
pub mod grammar;
pub mod models;
#[cfg(test)]
#[path = "../tests/common/peer.rs"]
mod peer;
pub mod sampling;
pub mod scheduler;
pub mod server;
pub mod template;
pub mod tokenizer;
mod untrusted;
