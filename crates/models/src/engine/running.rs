//! Who uses the running engine, and does it still live?

use super::{EngineConfig, process::Process};
use crate::{ModelError, client::Server};
use egress::Url;
use std::time::Duration;
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{Instant, timeout},
};
use tokio_util::task::{TaskTracker, task_tracker::TaskTrackerToken};

/// How long a broken connection waits for the news of a crash.
const NEWS: Duration = Duration::from_millis(1500);

/// How often in a row an engine may leave the question unanswered whether it lives.
const MISSES: u32 = 3;
/// The right to use the engine; it stays as it is until the lease is dropped.
pub(crate) struct Lease {
    pub(crate) server: Server,
    pub(super) process: Option<u32>,
    fate: watch::Receiver<Option<ModelError>>,
    _token: TaskTrackerToken,
}

impl Lease {
    /// Why a connection to the engine broke: the crash behind it, if there was one.
    pub(crate) async fn explain(&mut self, broke: ModelError) -> ModelError {
        let news = timeout(NEWS, self.fate.wait_for(Option::is_some)).await;
        match news {
            Ok(Ok(crash)) => crash.clone().unwrap_or(broke),
            Ok(Err(_)) | Err(_) => broke,
        }
    }
}

/// An engine that is ready, and who uses it.
pub(super) struct Running {
    pub(super) process: Process,
    /// How long an answer may make no progress.
    pub(super) patience: Duration,
    /// The question whether it lives, while it is asked.
    pub(super) pulse: JoinSet<bool>,
    pub(super) next_pulse: Instant,
    /// How often in a row it did not answer that.
    pub(super) missed: u32,
    /// The leases that are out. Closed, so that waiting for it ends when there are none.
    pub(super) leases: TaskTracker,
    pub(super) fate: watch::Sender<Option<ModelError>>,
    pub(super) idle_since: Instant,
}

impl Running {
    pub(super) fn new(process: Process, config: &EngineConfig) -> Self {
        let leases = TaskTracker::new();
        leases.close();
        Self {
            process,
            patience: config.answer_patience,
            pulse: JoinSet::new(),
            next_pulse: Instant::now() + config.pulse,
            missed: 0,
            leases,
            fate: watch::Sender::new(None),
            idle_since: Instant::now(),
        }
    }

    /// Asks whether it lives, if it is not being asked.
    pub(super) fn ask_whether_it_lives(&mut self, pulse: Duration) {
        self.next_pulse = Instant::now() + pulse;
        if self.pulse.is_empty() {
            self.pulse.spawn(self.process.lives(pulse));
        }
    }

    /// Takes the answer to that, and says whether it went unanswered too often.
    pub(super) fn is_dead(&mut self, lives: bool) -> bool {
        self.missed = if lives { 0 } else { self.missed + 1 };
        self.missed >= MISSES
    }

    pub(super) fn lease(&mut self) -> Result<Lease, ModelError> {
        let base = Url::parse(&format!("http://{}/", self.process.address))
            .map_err(|error| ModelError::Invalid { reason: error.to_string() })?;
        let server = Server {
            name: "atelier-engine".to_owned(),
            base,
            key: Some(self.process.token.clone()),
            model: self.process.outfit.chat.as_ref().map(|chat| chat.id.clone()).unwrap_or_default(),
            local: true,
            patience: self.patience,
        };
        self.idle_since = Instant::now();
        Ok(Lease { server, process: self.process.id(), fate: self.fate.subscribe(), _token: self.leases.token() })
    }
}
