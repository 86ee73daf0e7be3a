//! Models: which are on this disk, who runs them, and how to talk to them.
//!
//! [`Models`] knows the files of the models folder, supervises the one `atelier-engine` process,
//! and hands out [`ChatModel`]s, an [`Embedder`] and a [`Reranker`]. A model on this machine and one behind an
//! OpenAI-compatible endpoint are spoken to by the same client, through the same gate.

mod catalogue;
mod chat;
mod client;
mod download;
mod endpoint;
mod engine;
mod error;
mod files;
mod gguf;
mod inspect;
mod local;
mod memory;
mod models;
mod pack;
mod speed;

pub use chat::{
    ChatModel, Delta, Embedder, Finish, Message, ModelCard, Prompt, Reranker, Role, Sampling, ToolCall, ToolDef,
};
pub use egress::Errand;
pub use endpoint::{Endpoint, check_address};
pub use error::ModelError;
pub use models::{Models, ModelsConfig, ModelsEvent, check_hub};
pub use pack::{Seal, SignFn, fingerprint, is_pack};
