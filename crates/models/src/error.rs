//! What can go wrong with models, each with what a person is told and can do.

use egress::EgressError;
use protocol::{Fault, FaultKind};
use std::{path::Path, time::Duration};

/// What can go wrong with models.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ModelError {
    /// There is no such model.
    #[error("there is no model {id}")]
    NotFound {
        /// What was asked for.
        id: String,
    },
    /// The model that a person chose is not there any more.
    #[error("the chosen model {id} is not there any more")]
    ChosenGone {
        /// Its id.
        id: String,
    },
    /// A model that would have answered cannot be used, and another one answers.
    #[error("{passed} cannot be used, so {model} answers instead ({reason})")]
    PassedOver {
        /// The id of the one that cannot be used.
        passed: String,
        /// Why.
        reason: String,
        /// The name of the one that answers.
        model: String,
    },
    /// There is no model at all for this use.
    #[error("there is no model to answer with")]
    NoModel,
    /// An id or a name that cannot be used.
    #[error("{reason}")]
    Invalid {
        /// Why.
        reason: String,
    },
    /// The file is shorter than its header says.
    #[error("{file} is incomplete: {expected} bytes are needed, it has {actual}")]
    Truncated {
        /// The file.
        file: String,
        /// The size that its header asks for.
        expected: u64,
        /// Its size.
        actual: u64,
    },
    /// The file does not say what it should.
    #[error("{file} is damaged: {reason}")]
    Malformed {
        /// The file.
        file: String,
        /// What is wrong.
        reason: String,
    },
    /// The file is not the one that was published or added.
    #[error("{file} was altered: its SHA-256 is {actual}, not {expected}")]
    Altered {
        /// The file.
        file: String,
        /// The SHA-256 it should have.
        expected: String,
        /// The SHA-256 it has.
        actual: String,
        /// Whether the right one comes with Atelier.
        starter: bool,
    },
    /// A pickle: loading it would run whatever program is in it.
    #[error("{file} is a Python pickle, which can run any program when it is opened")]
    Unsafe {
        /// The file.
        file: String,
    },
    /// Not a model in a format that Atelier reads.
    #[error("{file} is not a model that Atelier can read: {reason}")]
    Unknown {
        /// The file.
        file: String,
        /// What it is, or what is missing.
        reason: String,
    },
    /// A whole model that the engine does not run.
    #[error("{reason}")]
    Unsupported {
        /// The file.
        file: String,
        /// What the engine says: which file, what is in the way, what it runs.
        reason: String,
    },
    /// A file could not be read or written.
    #[error("{file} cannot be read or written: {reason}")]
    Io {
        /// The file.
        file: String,
        /// Why.
        reason: String,
    },
    /// The model does not fit in the memory that is free.
    #[error(
        "{model} needs about {need} MB of memory (weights {weights}, context {cache}, work {work}); {free} MB are free"
    )]
    Memory {
        /// The model.
        model: String,
        /// All that it needs, MB.
        need: u64,
        /// For its weights, MB.
        weights: u64,
        /// For the context, MB.
        cache: u64,
        /// For everything else, MB.
        work: u64,
        /// What is free, MB.
        free: u64,
    },
    /// The disk is too full for the model.
    #[error("{file} needs {need} bytes of disk space; {free} are free")]
    Disk {
        /// The file.
        file: String,
        /// What it needs.
        need: u64,
        /// What is free.
        free: u64,
    },
    /// The engine program is not there or does not start.
    #[error("the engine {engine} does not start: {reason}")]
    EngineStart {
        /// The program.
        engine: String,
        /// Why.
        reason: String,
    },
    /// The engine started but did not become ready in time.
    #[error("the engine did not become ready within {} s", after.as_secs())]
    EngineSlow {
        /// How long was waited.
        after: Duration,
    },
    /// The engine could not load the model.
    #[error("the engine cannot load {model}: {reason}")]
    EngineLoad {
        /// The model.
        model: String,
        /// What the engine says.
        reason: String,
    },
    /// The engine went away.
    #[error("the engine stopped unexpectedly ({how})")]
    EngineCrashed {
        /// Exit code or signal.
        how: String,
        /// Its last lines.
        last: String,
        /// Where more of them are.
        log: String,
    },
    /// The engine went away too often.
    #[error("the engine stopped unexpectedly {times} times in a row, so it is not started again for now")]
    EngineUnstable {
        /// How often.
        times: u32,
        /// How it ended last.
        how: String,
        /// Where its last lines are.
        log: String,
    },
    /// Too many requests wait for the engine.
    #[error("too many requests wait for the engine")]
    Busy,
    /// A person stopped it.
    #[error("it was stopped")]
    Stopped,
    /// Atelier is closing.
    #[error("the models are being closed")]
    Closed,
    /// The request did not get through.
    #[error(transparent)]
    Egress(#[from] EgressError),
    /// The server answered with an error.
    #[error("{server} refused the request ({status}): {message}")]
    Server {
        /// The endpoint's name or the engine.
        server: String,
        /// The HTTP status; 0 when it came in the middle of an answer.
        status: u16,
        /// What it says.
        message: String,
    },
    /// The server does not keep to the protocol.
    #[error("{server} does not speak the expected protocol: {reason}")]
    Protocol {
        /// The endpoint's name or the engine.
        server: String,
        /// What is wrong.
        reason: String,
    },
    /// The answer broke off before its end.
    #[error("the answer of {server} broke off before its end")]
    BrokeOff {
        /// The endpoint's name or the engine.
        server: String,
    },
}

impl ModelError {
    /// A file that could not be read or written.
    pub(crate) fn io(file: &Path, error: &std::io::Error) -> Self {
        Self::Io { file: file.display().to_string(), reason: error.to_string() }
    }

    /// What a person is told.
    pub fn fault(&self) -> Fault {
        use FaultKind::*;
        let new = |kind, code: &str| Fault::new(kind, code, Fault::sentence(&self.to_string()));
        let fetch = "Fetch the file again, or run `cargo xtask setup` for the starter model.";
        match self {
            Self::NotFound { id } => {
                new(NotFound, "model.not_found").with("model", id).hint("Choose a model from the list of models.")
            }
            Self::ChosenGone { id } => new(NotFound, "model.chosen_gone")
                .with("model", id)
                .safe("No other model was asked; your question and documents are safe.")
                .hint("Put its file back, or choose another: in Models, or with `atelier models choose MODEL`."),
            Self::PassedOver { passed, reason, model } => new(Unavailable, "model.passed_over")
                .with("passed", passed)
                .with("reason", reason)
                .with("model", model)
                .hint("Fetch its file again or remove it from the models folder, or choose the model that shall answer."),
            Self::NoModel => new(Unavailable, "model.none").hint("Add a model: a GGUF file from this disk."),
            Self::Invalid { .. } => new(Invalid, "model.invalid"),
            Self::Truncated { file, expected, actual } => new(Damaged, "model.truncated")
                .with("file", file)
                .with("expected", expected)
                .with("actual", actual)
                .hint(fetch),
            Self::Malformed { file, reason } => {
                new(Damaged, "model.damaged").with("file", file).with("reason", reason).hint(fetch)
            }
            Self::Altered { file, expected, actual, starter } => {
                new(Damaged, "model.altered").with("file", file).with("expected", expected).with("actual", actual).hint(
                    if *starter {
                        "Fetch it again; in the models folder, delete the file and run `cargo xtask setup` to get the published one."
                    } else {
                        "Fetch the file again from where you trust it, or add it again if you replaced it on purpose."
                    },
                )
            }
            Self::Unsafe { file } => new(Refused, "model.unsafe")
                .with("file", file)
                .hint("Get the same model as GGUF or safetensors; those hold only numbers."),
            Self::Unknown { file, reason } => new(Invalid, "model.unknown")
                .with("file", file)
                .with("reason", reason)
                .hint("Choose a GGUF file, or a folder with model.safetensors, tokenizer.json and config.json."),
            Self::Unsupported { file, reason } => new(Unavailable, "model.unsupported")
                .with("file", file)
                .with("reason", reason)
                .safe("The file itself is whole and was not changed.")
                .hint("Choose a GGUF file of a family that is run here, such as Llama, Mistral, Qwen3 or Gemma 3, for example in Q4_K_M."),
            Self::Io { file, reason } => new(Unavailable, "model.io")
                .with("file", file)
                .with("reason", reason)
                .hint("Check that the file exists, that you may read it, and that the disk is not full."),
            Self::Memory { model, need, weights, cache, work, free } => new(Unavailable, "model.memory")
                .with("model", model)
                .with("need_mb", need)
                .with("weights_mb", weights)
                .with("cache_mb", cache)
                .with("work_mb", work)
                .with("free_mb", free)
                .safe("Nothing was loaded; your question and documents are safe.")
                .hint("Close other programs, or choose a smaller model."),
            Self::Disk { file, need, free } => new(Unavailable, "model.disk")
                .with("file", file)
                .with("need", need)
                .with("free", free)
                .hint("Free some disk space, or move the models folder."),
            Self::EngineStart { engine, reason } => new(Unavailable, "engine.start")
                .with("engine", engine)
                .with("reason", reason)
                .hint("Install Atelier again, or set ATELIER_ENGINE to the program."),
            Self::EngineSlow { after } => new(Unavailable, "engine.slow")
                .with("seconds", after.as_secs())
                .safe("Your question and documents are safe.")
                .hint("Try again; a smaller model loads faster."),
            Self::EngineLoad { model, reason } => new(Unavailable, "engine.load")
                .with("model", model)
                .with("reason", reason)
                .safe("Your question and documents are safe.")
                .hint("Choose another model."),
            Self::EngineCrashed { how, last, log } => new(Unavailable, "engine.crashed")
                .with("how", how)
                .with("last", last)
                .with("log", log)
                .safe("Your question, documents and the text so far are safe.")
                .hint("Ask again: the engine starts anew."),
            Self::EngineUnstable { times, how, log } => new(Unavailable, "engine.unstable")
                .with("times", times)
                .with("how", how)
                .with("log", log)
                .safe("Your question and documents are safe.")
                .hint("Choose another model, or wait a few minutes and ask again."),
            Self::Busy => new(Busy, "engine.busy").hint("Wait until a running answer ends."),
            Self::Stopped => new(Refused, "model.stopped").safe("What was fetched so far is kept for the next try."),
            Self::Closed => new(Unavailable, "models.closed").hint("Start Atelier again."),
            Self::Egress(error) => error.fault(),
            Self::Server { server, status, message } => {
                let hint = match status {
                    401 | 403 => "Check the key of this endpoint.",
                    404 => "Check the address and the model's name of this endpoint.",
                    413 => "Ask with fewer or shorter sources.",
                    429 => "The server is busy: wait a little and ask again.",
                    _ => "Try again, or ask whoever runs this server.",
                };
                let kind = if *status == 429 { Busy } else { Unavailable };
                new(kind, "model.server")
                    .with("server", server)
                    .with("status", status)
                    .with("reason", message)
                    .safe("Your question and documents are safe.")
                    .hint(hint)
            }
            Self::Protocol { server, reason } => new(Unavailable, "model.protocol")
                .with("server", server)
                .with("reason", reason)
                .hint("Check that the address is that of an OpenAI-compatible server."),
            Self::BrokeOff { server } => new(Unavailable, "model.broke_off")
                .with("server", server)
                .safe("The text so far is kept.")
                .hint("Continue the answer or ask again."),
        }
    }
}

impl From<ModelError> for Fault {
    fn from(error: ModelError) -> Self {
        error.fault()
    }
}
