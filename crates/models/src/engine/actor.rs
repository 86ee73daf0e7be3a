//! Who may use the engine now, and when does it start, stop and change models?
//!
//! One task owns the process. Others ask it for a [`Lease`]; while leases are out the process is
//! neither stopped nor changed, unless it dies. Requests are served in their order, so a request
//! for another model waits for the leases before it and is not overtaken by those after it.
//! What blocks the task: stopping a process (3 s at most). Starting one happens beside it.

use super::{Board, EngineConfig, Lease, Outfit, log::Log, process::Process, running::Running};
use crate::{ModelError, memory};
use egress::Gate;
use protocol::EngineState;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
    time::{Instant, sleep_until},
};
use tokio_util::task::TaskTracker;

/// More waiting requests than a person causes.
const MAX_WAITING: usize = 64;
/// After this long without a crash the count begins anew.
const CALM: Duration = Duration::from_secs(300);

enum Ask {
    Lease {
        outfit: Box<Outfit>,
        reply: oneshot::Sender<Result<Lease, ModelError>>,
    },
    UnloadAfter(Duration),
    Forgive,
    Answered,
    /// The process with this number made no progress for too long.
    Hangs(Option<u32>),
    /// Words were erased: what the engine keeps of texts must go.
    Forget(oneshot::Sender<()>),
    /// This model is gone: it is not held any longer than an answer needs it.
    LetGo(String),
    Close,
}

/// The handle to the task.
#[derive(Debug)]
pub(crate) struct Supervisor {
    inbox: mpsc::Sender<Ask>,
    board: Arc<Board>,
    version: Arc<Mutex<Option<String>>>,
}

impl Supervisor {
    /// Starts the task on `tasks`; the engine itself starts on first use.
    pub(crate) fn start(
        config: EngineConfig,
        gate: Gate,
        board: Arc<Board>,
        unload_after: Duration,
        tasks: &TaskTracker,
    ) -> Self {
        let (sender, inbox) = mpsc::channel(MAX_WAITING);
        let version = Arc::new(Mutex::new(None));
        let log = Arc::new(Log::open(&config.logs));
        let actor = Actor {
            config,
            gate,
            board: board.clone(),
            log,
            version: version.clone(),
            unload_after,
            running: None,
            starting: JoinSet::new(),
            waiting: VecDeque::new(),
            crashes: 0,
            crashed_at: None,
            how: String::new(),
        };
        tasks.spawn(actor.run(inbox));
        Self { inbox: sender, board, version }
    }

    pub(crate) fn board(&self) -> &Arc<Board> {
        &self.board
    }

    /// The version of the engine that ran last.
    pub(crate) fn version(&self) -> Option<String> {
        self.version.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until the engine holds `outfit`, starting or changing it if need be. Dropping the
    /// future gives the place in the queue up; a start that has begun goes on.
    pub(crate) async fn lease(&self, outfit: Outfit) -> Result<Lease, ModelError> {
        let (reply, answer) = oneshot::channel();
        self.inbox.send(Ask::Lease { outfit: Box::new(outfit), reply }).await.map_err(|_| ModelError::Closed)?;
        answer.await.unwrap_or(Err(ModelError::Closed))
    }

    pub(crate) async fn unload_after(&self, idle: Duration) {
        // A closed inbox means that there is nothing left to unload.
        let _ = self.inbox.send(Ask::UnloadAfter(idle)).await;
    }

    /// Lets the engine start again although it crashed often: something was changed.
    pub(crate) async fn forgive(&self) {
        let _ = self.inbox.send(Ask::Forgive).await;
    }

    /// An answer came to its end: what crashed before is not in a row with what may crash later.
    pub(crate) async fn answered(&self) {
        let _ = self.inbox.send(Ask::Answered).await;
    }

    /// The engine of this lease makes no progress: it is ended, and starts anew with the next question.
    pub(crate) async fn hangs(&self, lease: &Lease) {
        let _ = self.inbox.send(Ask::Hangs(lease.process)).await;
    }

    /// Makes the engine forget every text, in memory and on the disk, and waits for that.
    pub(crate) async fn forget(&self) {
        let (reply, forgotten) = oneshot::channel();
        if self.inbox.send(Ask::Forget(reply)).await.is_ok() {
            // A closed inbox means that the engine has ended, and its texts with it.
            let _ = forgotten.await;
        }
    }

    /// Stops the engine if it holds this model and nobody uses it now.
    pub(crate) async fn let_go(&self, id: &str) {
        let _ = self.inbox.send(Ask::LetGo(id.to_owned())).await;
    }

    pub(crate) async fn close(&self) {
        let _ = self.inbox.send(Ask::Close).await;
    }
}

struct Waiting {
    outfit: Outfit,
    reply: oneshot::Sender<Result<Lease, ModelError>>,
}

struct Actor {
    config: EngineConfig,
    gate: Gate,
    board: Arc<Board>,
    log: Arc<Log>,
    version: Arc<Mutex<Option<String>>>,
    /// Zero: never.
    unload_after: Duration,
    running: Option<Running>,
    /// At most one start at a time.
    starting: JoinSet<Result<Process, ModelError>>,
    waiting: VecDeque<Waiting>,
    crashes: u32,
    crashed_at: Option<Instant>,
    how: String,
}

enum Woken {
    Asked(Option<Ask>),
    Started(Box<Result<Process, ModelError>>),
    Ended(ModelError),
    /// It is time to ask whether it lives.
    Pulse,
    Lives(bool),
    Returned,
    Idle,
}

impl Actor {
    async fn run(mut self, mut inbox: mpsc::Receiver<Ask>) {
        loop {
            self.advance().await;
            match self.wake(&mut inbox).await {
                Woken::Asked(Some(Ask::Lease { outfit, reply })) => self.queue(*outfit, reply),
                Woken::Asked(Some(Ask::UnloadAfter(idle))) => self.unload_after = idle,
                Woken::Asked(Some(Ask::Forgive | Ask::Answered)) => self.crashes = 0,
                Woken::Asked(Some(Ask::Forget(reply))) => {
                    self.forget().await;
                    let _ = reply.send(());
                }
                Woken::Asked(Some(Ask::LetGo(id))) => {
                    let held = |running: &Running| running.leases.is_empty() && running.process.outfit.holds(&id);
                    if self.running.as_ref().is_some_and(held) {
                        self.stop().await;
                    }
                }
                Woken::Asked(Some(Ask::Close) | None) => break,
                Woken::Started(started) => self.started(*started),
                Woken::Ended(crash) => self.ended(crash),
                Woken::Pulse => {
                    let pulse = self.config.pulse;
                    self.running.iter_mut().for_each(|running| running.ask_whether_it_lives(pulse));
                }
                Woken::Lives(lives) => {
                    if let Some(running) = &mut self.running
                        && running.is_dead(lives)
                    {
                        let process = running.process.id();
                        self.hangs(process);
                    }
                }
                Woken::Asked(Some(Ask::Hangs(process))) => self.hangs(process),
                Woken::Returned => {
                    if let Some(running) = &mut self.running {
                        running.idle_since = Instant::now();
                    }
                }
                Woken::Idle => self.stop().await,
            }
        }
        self.starting.shutdown().await;
        self.stop().await;
    }

    async fn wake(&mut self, inbox: &mut mpsc::Receiver<Ask>) -> Woken {
        let Self { running, starting, log, unload_after, .. } = self;
        let begun = !starting.is_empty();
        let start = async {
            match starting.join_next().await {
                Some(Ok(started)) => started,
                Some(Err(error)) => Err(ModelError::Invalid { reason: format!("the engine's start failed: {error}") }),
                None => std::future::pending().await,
            }
        };
        let Some(running) = running else {
            return tokio::select! {
                ask = inbox.recv() => Woken::Asked(ask),
                started = start, if begun => Woken::Started(Box::new(started)),
            };
        };
        let out = !running.leases.is_empty();
        let idle_until = running.idle_since + *unload_after;
        let Running { process, pulse, next_pulse, leases, .. } = running;
        tokio::select! {
            ask = inbox.recv() => Woken::Asked(ask),
            crash = process.ended(log) => Woken::Ended(crash),
            () = leases.wait(), if out => Woken::Returned,
            Some(lives) = pulse.join_next() => Woken::Lives(lives.unwrap_or(false)),
            () = sleep_until(*next_pulse) => Woken::Pulse,
            () = sleep_until(idle_until), if !out && !unload_after.is_zero() => Woken::Idle,
        }
    }

    fn queue(&mut self, outfit: Outfit, reply: oneshot::Sender<Result<Lease, ModelError>>) {
        if self.waiting.len() >= MAX_WAITING {
            // Whoever asked may have gone meanwhile; here and below that is no fault.
            let _ = reply.send(Err(ModelError::Busy));
            return;
        }
        self.waiting.push_back(Waiting { outfit, reply });
    }

    /// Serves who can be served, and starts or stops what has to be.
    async fn advance(&mut self) {
        self.waiting.retain(|waiting| !waiting.reply.is_closed());
        if !self.starting.is_empty() {
            return;
        }
        while let Some(running) = &mut self.running {
            let covered = |waiting: &mut Waiting| running.process.outfit.covers(&waiting.outfit);
            let Some(waiting) = self.waiting.pop_front_if(covered) else { break };
            let _ = waiting.reply.send(running.lease());
        }
        let Some(next) = self.waiting.front() else { return };
        let mut outfit = next.outfit.clone();
        if let Some(running) = &self.running {
            if !running.leases.is_empty() {
                return;
            }
            outfit = running.process.outfit.clone().merged(outfit);
            self.stop().await;
        }
        if let Err(error) = self.may_start(&outfit) {
            self.board.post(EngineState::Refused { fault: error.fault() });
            self.fail(&error);
            return;
        }
        let (config, gate) = (self.config.clone(), self.gate.clone());
        let (board, log) = (self.board.clone(), self.log.clone());
        self.starting.spawn(Process::start(config, gate, board, log, outfit));
    }

    /// Whether a start makes sense: not too many crashes, and enough memory.
    fn may_start(&mut self, outfit: &Outfit) -> Result<(), ModelError> {
        if self.crashed_at.is_some_and(|at| at.elapsed() > CALM) {
            self.crashes = 0;
        }
        if self.crashes >= self.config.max_crashes {
            let (times, how, log) = (self.crashes, self.how.clone(), self.log.path());
            return Err(ModelError::EngineUnstable { times, how, log });
        }
        outfit.need().check(&outfit.name(), memory::memory().free, self.config.headroom)
    }

    fn started(&mut self, started: Result<Process, ModelError>) {
        match started {
            Ok(process) => {
                *self.version.lock().unwrap_or_else(PoisonError::into_inner) = Some(process.version.clone());
                self.board.forget_speed();
                self.board.hold(Some(&process.outfit));
                self.board.ready(process.outfit.name());
                self.running = Some(Running::new(process, &self.config));
            }
            Err(error) => {
                let fault = error.fault();
                if let ModelError::EngineCrashed { .. } = &error {
                    self.count(&error);
                    self.board.post(EngineState::Crashed { fault });
                } else {
                    self.board.post(EngineState::Refused { fault });
                }
                self.fail(&error);
            }
        }
    }

    fn ended(&mut self, crash: ModelError) {
        self.count(&crash);
        tracing::warn!(%crash, "the engine went away");
        if let Some(running) = self.running.take() {
            running.fate.send_replace(Some(crash.clone()));
        }
        self.board.hold(None);
        self.board.post(EngineState::Crashed { fault: crash.fault() });
    }

    /// Ends a process that hangs, as if it had ended by itself. Another one than `process` is let be.
    fn hangs(&mut self, process: Option<u32>) {
        if self.running.as_ref().is_some_and(|running| running.process.id() == process) {
            let how = "it did not answer any more".to_owned();
            self.ended(ModelError::EngineCrashed { how, last: self.log.last(), log: self.log.path() });
        }
    }

    fn count(&mut self, crash: &ModelError) {
        if let ModelError::EngineCrashed { how, .. } = crash {
            self.how = how.clone();
        }
        let calm = self.crashed_at.is_some_and(|at| at.elapsed() > CALM);
        self.crashes = if calm { 1 } else { self.crashes + 1 };
        self.crashed_at = Some(Instant::now());
    }

    /// Tells everyone who waits for the outfit that failed.
    fn fail(&mut self, error: &ModelError) {
        let Some(outfit) = self.waiting.front().map(|waiting| waiting.outfit.clone()) else { return };
        let (failed, rest): (VecDeque<_>, _) = self.waiting.drain(..).partition(|waiting| waiting.outfit == outfit);
        self.waiting = rest;
        for waiting in failed {
            let _ = waiting.reply.send(Err(error.clone()));
        }
    }

    /// An engine that does not obey is ended: its memory goes with it.
    async fn forget(&mut self) {
        if let Some(running) = &self.running
            && let Err(error) = running.process.forget().await
        {
            tracing::warn!(%error, "the engine did not forget its texts and is ended");
            self.stop().await;
        }
        let Some(texts) = self.config.texts.clone() else { return };
        let removed = tokio::task::spawn_blocking(move || match std::fs::remove_dir_all(texts) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
            Ok(()) | Err(_) => Ok(()),
        });
        if let Ok(Err(error)) = removed.await {
            tracing::error!(%error, "texts that the engine kept cannot be deleted");
        }
    }

    async fn stop(&mut self) {
        if let Some(running) = self.running.take() {
            running.process.stop().await;
            self.board.hold(None);
            self.board.post(EngineState::Off);
        }
    }
}
