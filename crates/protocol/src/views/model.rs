//! Models on disk, the engine that runs them, and endpoints elsewhere.

use crate::*;
use serde::{Deserialize, Serialize};

/// What a model is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelUse {
    /// Answers.
    Chat,
    /// Search by meaning.
    Embedding,
}

/// A model on this disk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelView {
    /// A stable id: the file's stem.
    pub id: String,
    /// Its name from the file.
    pub name: String,
    /// What it is for.
    pub purpose: ModelUse,
    /// The file.
    pub file: String,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256, hex.
    pub sha256: String,
    /// The architecture as the file names it.
    pub architecture: String,
    /// The quantisation as the file names it.
    pub quantisation: String,
    /// Its context length in tokens.
    pub context: u32,
    /// Its parameters.
    pub parameters: u64,
    /// Its licence, where known.
    pub licence: Option<String>,
    /// Memory that it needs with a full context, estimated.
    pub memory: u64,
    /// Whether it fits in the memory that is free now.
    pub fits: bool,
    /// Whether it is the tiny starter model.
    pub starter: bool,
    /// Whether it is the one in use.
    pub chosen: bool,
    /// Tokens per second measured here, once measured.
    pub tokens_per_second: Option<f32>,
    /// What is wrong with its file, if anything.
    pub fault: Option<Fault>,
}

/// The models and the machine.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct ModelsView {
    /// Models on disk.
    pub models: Vec<ModelView>,
    /// Endpoints elsewhere.
    pub endpoints: Vec<EndpointView>,
    /// Memory that is free now.
    pub memory_free: u64,
    /// Memory in all.
    pub memory_total: u64,
    /// Disk space that is free where models are kept.
    pub disk_free: u64,
    /// The folder of the models.
    pub folder: String,
}

/// An OpenAI-compatible server that a person has configured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EndpointView {
    /// Its name here.
    pub name: String,
    /// Its base address.
    pub url: String,
    /// The model's name there.
    pub model: String,
    /// Whether a key is kept for it.
    pub has_key: bool,
    /// What the policy says of it now.
    pub verdict: Verdict,
}

/// The engine process.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum EngineState {
    /// Not started, or given its memory back.
    #[default]
    Off,
    /// Loading a model.
    Loading {
        /// The model's name.
        model: String,
        /// Bytes loaded.
        done: u64,
        /// Bytes in all.
        total: u64,
    },
    /// Ready to answer.
    Ready {
        /// The model's name.
        model: String,
        /// Tokens per second of the last answer.
        tokens_per_second: Option<f32>,
    },
    /// It went away; it starts again with the next question.
    Crashed {
        /// What happened.
        fault: Fault,
    },
    /// It was not started or could not load: too little memory, a model that it does not run.
    Refused {
        /// What is in the way.
        fault: Fault,
    },
}
