//! What can go wrong with models.

mod told;

use egress::EgressError;
use protocol::Fault;
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
    /// A place that gives files out refused.
    #[error("{host} refused the request ({status}): {message}")]
    Hub {
        /// The host.
        host: String,
        /// The HTTP status.
        status: u16,
        /// What it means.
        message: String,
    },
    /// The hub has another file than the catalogue names.
    #[error("{host} has another file by now than the one that the catalogue names: {file}")]
    Replaced {
        /// The hub's host.
        host: String,
        /// The file there.
        file: String,
        /// The SHA-256 of the catalogue.
        expected: String,
        /// The one that the hub announces.
        actual: String,
    },
    /// Nobody says what a file has to be.
    #[error("nobody says what {file} has to be: neither the catalogue nor the hub names its SHA-256")]
    Unproven {
        /// Its address.
        file: String,
    },
    /// The models folder's own catalogue cannot be read.
    #[error("the catalogue {file} cannot be used: {reason}")]
    Catalogue {
        /// The file.
        file: String,
        /// What is wrong.
        reason: String,
    },
    /// A pack of models is not as it was signed.
    #[error("the pack {folder} cannot be trusted: {reason}")]
    Pack {
        /// Its folder.
        folder: String,
        /// What is wrong.
        reason: String,
    },
    /// A pack of models was signed by a key that is not known here.
    #[error("the pack {folder} was signed by {by}, whose key is not known here: {signer}")]
    Signer {
        /// Its folder.
        folder: String,
        /// Who says that they have signed it.
        by: String,
        /// The fingerprint of the key.
        signer: String,
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
}

impl From<ModelError> for Fault {
    fn from(error: ModelError) -> Self {
        error.fault()
    }
}
