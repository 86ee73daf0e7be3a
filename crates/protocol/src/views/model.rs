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
    /// The order of what a search found.
    Reranking,
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
    /// Tokens per second that this machine's memory makes likely, where none were measured.
    #[serde(default)]
    pub expected_per_second: Option<f32>,
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
    /// Models that are on their way, or whose fetching was stopped.
    #[serde(default)]
    pub downloads: Vec<DownloadView>,
}

/// Whether a model can be used on this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fit {
    /// It fits in the memory that is free now.
    Fits,
    /// It fits once other programs are closed.
    Tight,
    /// This machine does not have the memory.
    TooLarge,
    /// The disk does not have the room.
    NoDisk,
}

/// A model that can be fetched: a line of the catalogue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OfferView {
    /// The id that it gets here.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub purpose: ModelUse,
    /// Who made it.
    pub maker: String,
    /// Where its maker is at home, as ISO 3166-1; `EU` for several countries.
    pub origin: String,
    /// Its licence, as SPDX writes it, or by name.
    pub licence: String,
    /// The languages that its maker names, as ISO 639-1.
    pub languages: Vec<String>,
    /// Its parameters.
    pub parameters: u64,
    /// Its context length in tokens.
    pub context: u32,
    /// Its quantisation.
    pub quantisation: String,
    /// What is fetched, in bytes.
    pub bytes: u64,
    /// Whether the catalogue names the SHA-256 of its weights; else the one that the hub announces counts.
    pub pinned: bool,
    /// Memory that it needs here, in bytes, estimated.
    pub memory: u64,
    /// Whether that is there.
    pub fit: Fit,
    /// Tokens per second that this machine's memory makes likely.
    pub expected_per_second: Option<f32>,
    /// Whether it is on this disk already.
    pub here: bool,
    /// The page that describes it.
    pub page: String,
}

/// The catalogue, and where it would be fetched from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OffersView {
    /// Models that can be fetched; European ones first, then by size.
    pub offers: Vec<OfferView>,
    /// The address of the hub or of its mirror.
    pub hub: String,
    /// Its host, as a rule names it.
    pub host: String,
    /// What the policy says of that host now.
    pub verdict: Verdict,
    /// Bytes per second that this machine reads from its memory, once measured.
    pub memory_per_second: Option<u64>,
}

/// A model on its way to this disk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DownloadView {
    /// The id that it gets here.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The host that it comes from.
    pub host: String,
    /// Bytes on this disk.
    pub done: u64,
    /// Bytes in all, where known.
    pub total: Option<u64>,
    /// Bytes per second lately, while it runs.
    pub bytes_per_second: Option<u64>,
    /// Milliseconds that the rest may take at that rate.
    pub left_ms: Option<u64>,
    /// How it is.
    pub state: DownloadState,
}

/// How a download is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum DownloadState {
    /// Others come first.
    Waiting,
    /// Bytes arrive, or a broken connection is tried again.
    Running,
    /// All bytes are here and are compared with what they should be.
    Checking,
    /// A person stopped it, or Atelier was closed; what is here is kept.
    Paused,
    /// It ended without the model; what is here is kept where it can be of use.
    Failed {
        /// Why, and what to do.
        fault: Fault,
    },
}

/// A signed folder with models, to be carried to a machine without a network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PackView {
    /// The folder.
    pub folder: String,
    /// The models in it, by their ids.
    pub models: Vec<String>,
    /// Bytes in all.
    pub bytes: u64,
    /// The fingerprint of the key that signed it: to be compared where it is added.
    pub signer: String,
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
