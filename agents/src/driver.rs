//! Who runs the turns? The driver: one task per turn, one running turn per chat, the rest queued.
//!
//! It does what [`crate::turn::Turn`] wants done and tells it what came of it; it decides nothing
//! itself. What blocks it: the store's writer, the library, the model; each is waited for beside the
//! stop button, so that a stop is always heard.

mod approvals;
mod ask;
mod broken;
mod jobs;
mod lanes;
mod news;
mod prepare;
mod record;
mod replay;
mod run;
mod source;
#[cfg(test)]
mod tests;
mod voice;

use self::{lanes::Lanes, source::ModelSource};
use crate::{AgentError, role::roles};
use egress::Gate;
use library::Library;
use models::Models;
use protocol::{Actor, AgentId, Decision, Event, ItemStatus, ItemView, RunningTurn, TurnId};
use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};
use store::{Change, Store};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Where events go.
pub type Sink = Arc<dyn Fn(Event) + Send + Sync>;

/// Runs turns. Cheap to clone; all clones are the same driver.
#[derive(Clone)]
pub struct Driver(Arc<Inner>);

pub(crate) struct Inner {
    store: Store,
    library: Library,
    models: ModelSource,
    gate: Gate,
    sink: Sink,
    timing: Timing,
    lanes: Mutex<Lanes>,
    /// The longest answer of this run in tokens, before the one in the settings; 0: as they say.
    longest: AtomicU32,
    /// Held while a question gets into the log and into its queue, so that both have one order.
    entrance: tokio::sync::Mutex<()>,
    tasks: TaskTracker,
    closing: CancellationToken,
}

/// How long things may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timing {
    /// New text reaches clients at most this often.
    frame: Duration,
    /// The text so far is saved this often.
    checkpoint: Duration,
    /// A person has this long to decide.
    approval: Duration,
    /// A soft stop waits this long for the current token or tool.
    grace: Duration,
    /// A tool may run this long.
    tool: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            frame: Duration::from_millis(25),
            checkpoint: Duration::from_millis(250),
            approval: Duration::from_secs(30 * 60),
            grace: Duration::from_secs(3),
            tool: Duration::from_secs(60),
        }
    }
}

impl Driver {
    /// A driver; nothing runs yet. Agents go outside through this gate alone: what an answer sent is
    /// read from its ledger.
    pub fn new(store: Store, library: Library, models: Models, gate: Gate, sink: Sink) -> Self {
        Self::with(store, library, ModelSource::Models(models), gate, sink, Timing::default())
    }

    fn with(store: Store, library: Library, models: ModelSource, gate: Gate, sink: Sink, timing: Timing) -> Self {
        Self(Arc::new(Inner {
            store,
            library,
            models,
            gate,
            sink,
            timing,
            lanes: Mutex::new(Lanes::default()),
            longest: AtomicU32::new(0),
            entrance: tokio::sync::Mutex::new(()),
            tasks: TaskTracker::new(),
            closing: CancellationToken::new(),
        }))
    }

    /// Brings the workspace up to this version's agents: built-in roles that it does not have, or
    /// has with other words, are added; approvals that nobody waits for any more are settled.
    pub async fn prepare(&self) -> Result<(), AgentError> {
        introduce(&self.0.store).await?;
        for waiting in self.0.store.approvals_waiting().await? {
            if self.0.lanes().asked(waiting.asked).is_none() {
                self.0.settle(&Actor::System, waiting.asked, Decision::Expired, None).await?;
            }
        }
        Ok(())
    }

    /// Limits answers to this many tokens from now on, whatever the settings say; None: as they say.
    pub fn limit_answers(&self, tokens: Option<u32>) {
        self.0.longest.store(tokens.unwrap_or(0), Ordering::Relaxed);
    }

    /// Asks a running turn to stop: first after the current token, a second time or `now` at once.
    /// The text is kept. A turn that is over is left alone.
    pub fn stop(&self, turn: TurnId, now: bool) {
        self.0.lanes().stop(turn, now);
    }

    /// Turns that run or wait.
    pub fn running(&self) -> Vec<RunningTurn> {
        self.0.lanes().running()
    }

    /// Brings items as they were saved up to what the clients were told: the text of an answer that
    /// is being written is saved about once a second, its steps at its end.
    pub fn catch_up(&self, items: &mut [ItemView]) {
        let lanes = self.0.lanes();
        for item in items.iter_mut().filter(|item| item.status == ItemStatus::Writing) {
            if let Some(told) = lanes.told(item.id) {
                item.text.clone_from(&told.text);
                item.steps.clone_from(&told.steps);
            }
        }
    }

    /// Ends all turns as interrupted, with their text kept, and waits for their records.
    pub async fn shutdown(&self) {
        self.0.closing.cancel();
        self.0.tasks.close();
        self.0.tasks.wait().await;
    }
}

impl Inner {
    fn longest(&self) -> Option<u32> {
        Some(self.longest.load(Ordering::Relaxed)).filter(|tokens| *tokens > 0)
    }
    fn lanes(&self) -> MutexGuard<'_, Lanes> {
        // Its state is consistent after every statement, so a panic elsewhere does not spoil it.
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
    fn tell(&self, event: Event) {
        (self.sink)(event);
    }
}

/// Adds the built-in roles to a workspace that does not have them as they are now.
pub async fn introduce(store: &Store) -> Result<(), AgentError> {
    let known = store.agents().await?;
    let mut changes = Vec::new();
    for role in roles() {
        let agent = known.iter().find(|agent| agent.role == role.key);
        let same = |agent: &protocol::AgentView| {
            (&agent.name, &agent.about, agent.mark) == (&role.name, &role.about, role.mark)
        };
        if !agent.is_some_and(same) {
            changes.push(Change::AgentAdded {
                agent: agent.map_or_else(AgentId::new, |agent| agent.id),
                role: role.key.clone(),
                name: role.name.clone(),
                about: role.about.clone(),
                mark: role.mark,
            });
        }
    }
    if changes.is_empty() {
        return Ok(());
    }
    store
        .write(&Actor::System, async |tx| {
            for change in changes {
                tx.record(change).await?;
            }
            Ok(())
        })
        .await?;
    Ok(())
}
