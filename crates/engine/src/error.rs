//! What can go wrong in the engine: each error has a stable code, a sentence that names the file
//! or the number, and what to do next.

use std::path::PathBuf;

/// An error of the engine. `Display` is one sentence on what happened; see [`EngineError::code`]
/// and [`EngineError::hint`] for the rest.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The file cannot be opened or read.
    #[error("{} cannot be read: {source}", file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file does not start with the GGUF magic.
    #[error("{} is not a GGUF model file", .0.display())]
    NotGguf(PathBuf),
    /// A GGUF version this engine does not read.
    #[error("{} is GGUF version {found}; versions 2 and 3 are supported", file.display())]
    Version {
        /// The file.
        file: PathBuf,
        /// The version in its header.
        found: u32,
    },
    /// The file ends before its header says that it should.
    #[error("{} is cut short: it needs at least {needs} bytes and has {has}", file.display())]
    Truncated {
        /// The file.
        file: PathBuf,
        /// The bytes that the header asks for.
        needs: u64,
        /// The bytes that are there.
        has: u64,
    },
    /// The header contradicts itself or passes a limit.
    #[error("{} is damaged: {what}", file.display())]
    Malformed {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// The file is sound but lacks something that its architecture needs.
    #[error("{} has no {what}", file.display())]
    Missing {
        /// The file.
        file: PathBuf,
        /// The metadata key or tensor.
        what: String,
    },
    /// No line in the table of architectures.
    #[error("{} holds a model of the architecture '{found}', which this engine does not run; it runs {supported}", file.display())]
    Architecture {
        /// The file.
        file: PathBuf,
        /// What the file says.
        found: String,
        /// The architectures of the table.
        supported: String,
    },
    /// A variant of a supported architecture, or a tensor type, that the engine does not run.
    #[error("{} uses {what}, which this engine does not run", file.display())]
    Unsupported {
        /// The file.
        file: PathBuf,
        /// The feature.
        what: String,
    },
    /// The tokenizer in the file cannot be built.
    #[error("the tokenizer of {} cannot be used: {what}", file.display())]
    Tokenizer {
        /// The file.
        file: PathBuf,
        /// Why.
        what: String,
    },
    /// The chat template failed or ran too long.
    #[error("the chat template failed: {0}")]
    Template(String),
    /// The request itself is wrong.
    #[error("{message}")]
    Invalid {
        /// The parameter that is wrong.
        param: &'static str,
        /// Why.
        message: String,
    },
    /// The prompt is longer than the context.
    #[error("the prompt has {asked} tokens and the context of this model holds {context}")]
    ContextFull {
        /// Tokens asked for.
        asked: usize,
        /// Tokens that fit.
        context: usize,
    },
    /// The queue is full.
    #[error("{waiting} requests are waiting already")]
    Busy {
        /// The limit that was reached.
        waiting: usize,
    },
    /// No model of this kind was loaded.
    #[error("no {0} model is loaded")]
    NoModel(&'static str),
    /// A request names a model that is not served here.
    #[error("the model '{asked}' is not served here; this engine serves '{serves}'")]
    UnknownModel {
        /// The name in the request.
        asked: String,
        /// The id of the one that is served.
        serves: String,
    },
    /// The model is still loading.
    #[error("the model is still loading")]
    Loading,
    /// The engine is shutting down.
    #[error("the engine is shutting down")]
    Closing,
    /// A computation failed.
    #[error("the model could not be run: {0}")]
    Compute(String),
}

impl EngineError {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Io { .. } => "model.unreadable",
            Self::NotGguf(_) => "model.not_gguf",
            Self::Version { .. } => "model.version",
            Self::Truncated { .. } => "model.truncated",
            Self::Malformed { .. } => "model.malformed",
            Self::Missing { .. } => "model.incomplete",
            Self::Architecture { .. } => "model.architecture",
            Self::Unsupported { .. } => "model.unsupported",
            Self::Tokenizer { .. } => "model.tokenizer",
            Self::Template(_) => "chat_template",
            Self::Invalid { .. } => "invalid_request",
            Self::ContextFull { .. } => "context_length_exceeded",
            Self::Busy { .. } => "queue_full",
            Self::NoModel(_) => "model_not_loaded",
            Self::UnknownModel { .. } => "model_not_found",
            Self::Loading => "model_loading",
            Self::Closing => "closing",
            Self::Compute(_) => "compute",
        }
    }

    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Io { .. } => "Check that the file exists and that you may read it.",
            Self::NotGguf(_) => "Choose a file that ends in .gguf.",
            Self::Version { .. } => "Get a newer conversion of this model.",
            Self::Truncated { .. } => "Download the file again: the last download did not finish.",
            Self::Malformed { .. } | Self::Missing { .. } => {
                "Download the file again and compare its SHA-256 with the publisher's."
            }
            Self::Architecture { .. } | Self::Unsupported { .. } => "Choose another model or another quantisation.",
            Self::Tokenizer { .. } => "Choose another conversion of this model.",
            Self::Template(_) => "Choose a model with a working chat template.",
            Self::Invalid { .. } => "Correct the request.",
            Self::ContextFull { .. } => "Shorten the prompt or start the engine with a larger --context.",
            Self::Busy { .. } => "Try again in a moment.",
            Self::NoModel(_) => "Start the engine with such a model.",
            Self::UnknownModel { .. } => "Name a model of /v1/models, or none.",
            Self::Loading => "Ask /health until it answers 200.",
            Self::Closing => "Start the engine again.",
            Self::Compute(_) => "Restart the engine; if it happens again, the file may be damaged.",
        }
    }
}

impl From<candle_core::Error> for EngineError {
    fn from(error: candle_core::Error) -> Self {
        Self::Compute(error.to_string())
    }
}

/// The result of most of the engine's functions.
pub type Result<T, E = EngineError> = std::result::Result<T, E>;
