//! One engine process per Atelier: started on first use, watched, restarted, unloaded when idle.

mod actor;
mod log;
mod process;
mod running;

pub(crate) use actor::Supervisor;
pub(crate) use running::Lease;

use crate::{ModelsEvent, memory::Need};
use protocol::EngineState;
use std::{
    path::PathBuf,
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::{broadcast, watch};

/// How the engine is run.
#[derive(Clone, Debug)]
pub(crate) struct EngineConfig {
    pub(crate) program: PathBuf,
    pub(crate) logs: PathBuf,
    pub(crate) threads: Option<u32>,
    /// Where it keeps what it has read while it does not run; nowhere if `None`.
    pub(crate) texts: Option<PathBuf>,
    /// Memory that must stay free, in bytes.
    pub(crate) headroom: u64,
    /// How long loading may make no progress.
    pub(crate) load_patience: Duration,
    /// How long an answer may make no progress.
    pub(crate) answer_patience: Duration,
    /// How often it is asked whether it lives, and how long it may take to say so.
    pub(crate) pulse: Duration,
    /// How often it may go away in a row before it is left alone.
    pub(crate) max_crashes: u32,
}

/// A model that the engine is to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Load {
    /// The id, which is also its name in requests.
    pub(crate) id: String,
    /// For people.
    pub(crate) name: String,
    /// The file, or the folder of an embedding model.
    pub(crate) path: PathBuf,
    /// The file whose hash must be right.
    pub(crate) weights: PathBuf,
    pub(crate) need: Need,
    /// The context that it is run with; 0 for an embedding model.
    pub(crate) context: u32,
}

/// What one engine process holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outfit {
    pub(crate) chat: Option<Load>,
    pub(crate) embedding: Option<Load>,
    pub(crate) reranker: Option<Load>,
}

impl Outfit {
    /// Whether everything that `other` asks for is here.
    fn covers(&self, other: &Self) -> bool {
        let has = |mine: &Option<Load>, asked: &Option<Load>| asked.is_none() || mine == asked;
        has(&self.chat, &other.chat) && has(&self.embedding, &other.embedding) && has(&self.reranker, &other.reranker)
    }

    /// Whether this model is among them.
    fn holds(&self, id: &str) -> bool {
        self.loads().any(|load| load.id == id)
    }

    /// All that it holds.
    fn loads(&self) -> impl Iterator<Item = &Load> {
        self.chat.iter().chain(&self.embedding).chain(&self.reranker)
    }

    /// What `asked` asks for, and of what is here all that does not contradict it.
    fn merged(self, asked: Self) -> Self {
        Self {
            chat: asked.chat.or(self.chat),
            embedding: asked.embedding.or(self.embedding),
            reranker: asked.reranker.or(self.reranker),
        }
    }

    fn need(&self) -> Need {
        self.loads().map(|load| load.need).fold(Need::default(), |all, one| Need {
            weights: all.weights.saturating_add(one.weights),
            cache: all.cache.saturating_add(one.cache),
            small_cache: all.small_cache.saturating_add(one.small_cache),
            work: all.work.max(one.work),
        })
    }

    /// Its name for people: the chat model's, if there is one.
    fn name(&self) -> String {
        self.loads().next().map(|load| load.name.clone()).unwrap_or_default()
    }
}

/// Where the engine's state is posted for everyone to read.
#[derive(Debug)]
pub(crate) struct Board {
    state: watch::Sender<EngineState>,
    events: broadcast::Sender<ModelsEvent>,
    speed: Mutex<Option<f32>>,
    held: Mutex<Held>,
}

/// What the running engine holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Held {
    /// The models' ids.
    models: Vec<String>,
    /// Memory that is free again when it stops: the weights, which are there from the beginning.
    memory: u64,
}

impl Held {
    /// Memory that is free again when the engine stops.
    pub(crate) fn memory(&self) -> u64 {
        self.memory
    }

    /// Whether a model fits, or would after the engine has given back what it holds. What is loaded does.
    pub(crate) fn fits(&self, id: &str, need: Need, free: u64, headroom: u64) -> bool {
        let loaded = self.models.iter().any(|model| model == id);
        loaded || need.check("", free.saturating_add(self.memory), headroom).is_ok()
    }
}

impl Board {
    pub(crate) fn new(events: broadcast::Sender<ModelsEvent>) -> Self {
        Self { state: watch::Sender::new(EngineState::Off), events, speed: Mutex::new(None), held: Mutex::default() }
    }

    pub(crate) fn state(&self) -> EngineState {
        self.state.borrow().clone()
    }

    pub(crate) fn watch(&self) -> watch::Receiver<EngineState> {
        self.state.subscribe()
    }

    fn post(&self, state: EngineState) {
        let changed = self.state.send_if_modified(|last| {
            let changed = *last != state;
            *last = state.clone();
            changed
        });
        if changed {
            // Nobody listening is fine: the state can still be read.
            let _ = self.events.send(ModelsEvent::Engine(state));
        }
    }

    fn ready(&self, model: String) {
        let tokens_per_second = *self.speed.lock().unwrap_or_else(PoisonError::into_inner);
        self.post(EngineState::Ready { model, tokens_per_second });
    }

    /// Posts the speed of the last answer.
    pub(crate) fn speed(&self, measured: f32) {
        *self.speed.lock().unwrap_or_else(PoisonError::into_inner) = Some(measured);
        if let EngineState::Ready { model, .. } = self.state() {
            self.ready(model);
        }
    }

    /// What the running engine holds; nothing if none runs.
    pub(crate) fn held(&self) -> Held {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn hold(&self, outfit: Option<&Outfit>) {
        let held = outfit.map(|outfit| Held {
            models: outfit.loads().map(|load| load.id.clone()).collect(),
            memory: outfit.need().weights,
        });
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = held.unwrap_or_default();
    }

    fn forget_speed(&self) {
        *self.speed.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_loaded_fits_and_its_memory_counts_as_free() {
        let need = Need { weights: 600, ..Need::default() };
        let held = Held { models: vec!["loaded".into()], memory: 500 };
        for (held, id, free, fits) in [
            (Held::default(), "other", 599, false),
            (Held::default(), "other", 600, true),
            (held.clone(), "other", 99, false),
            (held.clone(), "other", 100, true),
            (held, "loaded", 1, true),
        ] {
            assert_eq!(held.fits(id, need, free, 0), fits, "{id} with {free} free, {held:?}");
        }
    }
}
