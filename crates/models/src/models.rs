//! The one door to models: what there is, what is chosen, and the objects to use it with.

mod choice;
mod fetch;
mod measure;
mod offers;
mod packs;
mod view;

use crate::{
    ChatModel, Embedder, Endpoint, ModelCard, ModelError, Reranker,
    client::PATIENCE,
    download::Board as Downloads,
    endpoint::PREFIX,
    engine::{Board, EngineConfig, Load, Outfit, Supervisor},
    files::{Found, Kind, Shelf},
    inspect::Inspector,
    local::{Here, LocalChat, LocalEmbedder, LocalReranker},
    speed::Speeds,
};
use egress::Gate;
use protocol::{DownloadView, EngineState, Fault, ModelView, Place};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, atomic::AtomicBool},
    time::Duration,
};
use tokio::sync::broadcast;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use offers::check_hub;

/// Where models are and how they are run.
#[derive(Clone, Debug)]
pub struct ModelsConfig {
    /// The models folder; made if it is not there.
    pub folder: PathBuf,
    /// The program `atelier-engine`.
    pub engine: PathBuf,
    /// The folder of `engine.log`.
    pub logs: PathBuf,
    /// The largest context to run a model with; memory for all of it is set aside.
    pub max_context: u32,
    /// Threads of the engine; its own choice if `None`.
    pub threads: Option<u32>,
    /// Where the engine keeps what it has read while it does not run, so that a chat goes on at once; nowhere if
    /// `None`. What texts say can be told from it: it belongs with the workspace.
    pub texts: Option<PathBuf>,
    /// Memory that must stay free for everything else, in bytes.
    pub headroom: u64,
    /// Unused for this long, the engine gives its memory back; zero: never.
    pub unload_after: Duration,
    /// How long loading may make no progress.
    pub load_patience: Duration,
    /// How long an answer may make no progress before the engine counts as hanging.
    pub answer_patience: Duration,
    /// How often the engine is asked whether it lives; three times unanswered, it is ended.
    pub pulse: Duration,
    /// How often in a row the engine may crash before it is left alone for five minutes.
    pub max_crashes: u32,
    /// The first wait of a download after a failure; it doubles with each one.
    pub backoff: Duration,
}

impl ModelsConfig {
    /// The usual configuration with these folders and this engine.
    pub fn new(folder: impl Into<PathBuf>, engine: impl Into<PathBuf>, logs: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            engine: engine.into(),
            logs: logs.into(),
            max_context: 8192,
            threads: None,
            texts: None,
            headroom: 256 << 20,
            unload_after: Duration::from_secs(600),
            load_patience: Duration::from_secs(120),
            answer_patience: PATIENCE,
            pulse: Duration::from_secs(20),
            max_crashes: 3,
            backoff: Duration::from_secs(1),
        }
    }
}

/// What changed.
#[derive(Clone, Debug, PartialEq)]
pub enum ModelsEvent {
    /// The engine moved.
    Engine(EngineState),
    /// The models, the choice or the endpoints changed: read [`Models::view`] again.
    Models,
    /// Downloads moved on, began or ended: all there are.
    Downloads(Vec<DownloadView>),
    /// Something a person should know.
    Trouble(Box<Fault>),
}

/// Models on disk, the engine, and endpoints. Cheap to clone; all clones are the same.
#[derive(Clone)]
pub struct Models {
    inner: Arc<Inner>,
}

struct Inner {
    config: ModelsConfig,
    gate: Gate,
    shelf: Arc<Shelf>,
    inspector: Inspector,
    /// Whether the engine is being asked about new files.
    asking: AtomicBool,
    supervisor: Arc<Supervisor>,
    speeds: Arc<Speeds>,
    events: broadcast::Sender<ModelsEvent>,
    chosen: Mutex<Option<String>>,
    endpoints: Mutex<Vec<Endpoint>>,
    /// The ids of models that could not be used, of which a person was told.
    passed_over: Mutex<BTreeSet<String>>,
    downloads: Arc<Downloads>,
    /// Where models are fetched from instead of the catalogue's hub.
    mirror: Mutex<Option<String>>,
    /// Models that were removed and wait to be deleted, by id.
    regrets: Mutex<BTreeMap<String, CancellationToken>>,
    /// Two measurements at once would disturb each other.
    measuring: tokio::sync::Mutex<()>,
    /// Whether the machine was measured in this run.
    machine_known: AtomicBool,
    tasks: TaskTracker,
    closing: CancellationToken,
}

/// Files up to this size are hashed as soon as they are seen, larger ones before their first use.
const HASH_AT_ONCE: u64 = 1 << 30;
/// Events that a slow listener may fall behind by.
const EVENTS: usize = 256;

impl Models {
    /// Opens the models folder. The engine starts on first use.
    pub async fn open(config: ModelsConfig, gate: Gate) -> Result<Self, ModelError> {
        let folder = config.folder.clone();
        let shelf = blocking(move || {
            std::fs::create_dir_all(&folder).map_err(|error| ModelError::io(&folder, &error))?;
            let shelf = Shelf::open(&folder);
            // What was removed in an earlier run cannot be brought back any more.
            if let Err(error) = shelf.delete_aside(None) {
                tracing::warn!(%error, "a removed model could not be deleted");
            }
            shelf.scan();
            Ok(Arc::new(shelf))
        })
        .await?;
        let (events, _) = broadcast::channel(EVENTS);
        let tasks = TaskTracker::new();
        let engine = EngineConfig {
            program: config.engine.clone(),
            logs: config.logs.clone(),
            threads: config.threads,
            texts: config.texts.clone(),
            headroom: config.headroom,
            load_patience: config.load_patience,
            answer_patience: config.answer_patience,
            pulse: config.pulse,
            max_crashes: config.max_crashes,
        };
        let board = Arc::new(Board::new(events.clone()));
        let supervisor = Supervisor::start(engine, gate.clone(), board, config.unload_after, &tasks);
        let closing = CancellationToken::new();
        let downloads = Downloads::open(shelf.clone(), gate.clone(), events.clone(), config.backoff, closing.clone());
        let inner = Inner {
            inspector: Inspector::new(&config.engine),
            asking: AtomicBool::new(false),
            speeds: Arc::new(Speeds::open(&config.folder)),
            config,
            gate,
            shelf,
            supervisor: Arc::new(supervisor),
            events,
            chosen: Mutex::default(),
            endpoints: Mutex::default(),
            passed_over: Mutex::default(),
            downloads: Arc::new(downloads),
            mirror: Mutex::default(),
            regrets: Mutex::default(),
            measuring: tokio::sync::Mutex::default(),
            machine_known: AtomicBool::new(false),
            tasks,
            closing,
        };
        let models = Self { inner: Arc::new(inner) };
        models.hash_new();
        models.tell_new();
        Ok(models)
    }

    /// Words were erased: makes the engine forget every text, in memory and on the disk.
    pub async fn forget(&self) {
        self.inner.supervisor.forget().await;
    }

    /// Checks a file or folder of this disk and copies it into the models folder. What the engine
    /// does not run is refused before it is copied.
    pub async fn add(&self, path: impl Into<PathBuf>) -> Result<ModelView, ModelError> {
        let path = path.into();
        let (shelf, source) = (self.inner.shelf.clone(), path.clone());
        if let Some(found) = blocking(move || Ok(shelf.look(&source))).await? {
            self.tell(found).await.told.transpose()?;
        }
        let shelf = self.inner.shelf.clone();
        let id = blocking(move || shelf.add(&path)).await?;
        self.tell(self.find(&id).await?).await;
        self.changed();
        self.inner.supervisor.forgive().await;
        self.one(&id).await
    }

    /// Reads a model again, every byte of it. What is wrong is in the view and in the error.
    pub async fn verify(&self, id: &str) -> Result<ModelView, ModelError> {
        let found = self.find(id).await?;
        let shelf = self.inner.shelf.clone();
        let checked = blocking(move || {
            found.kind?;
            shelf.hashes().check(&found.weights, true)
        })
        .await;
        self.changed();
        checked?;
        self.one(id).await
    }

    /// Replaces the endpoints.
    pub fn set_endpoints(&self, endpoints: Vec<Endpoint>) {
        *self.inner.endpoints.lock().unwrap_or_else(PoisonError::into_inner) = endpoints;
        self.changed();
    }

    /// Changes after how much idle time the engine gives its memory back; zero: never.
    pub async fn set_unload_after(&self, idle: Duration) {
        self.inner.supervisor.unload_after(idle).await;
    }

    /// Where the engine process is.
    pub fn engine_state(&self) -> EngineState {
        self.inner.supervisor.board().state()
    }

    /// What changes from now on.
    pub fn events(&self) -> broadcast::Receiver<ModelsEvent> {
        self.inner.events.subscribe()
    }

    /// A chat model: an id, the path of a GGUF file, `endpoint:NAME`, or the chosen one. A file
    /// whose hash is not known yet is read whole.
    pub async fn chat_model(&self, which: Option<&str>) -> Result<Arc<dyn ChatModel>, ModelError> {
        let id = match which {
            Some(which) => which.to_owned(),
            None => self.pick().await?,
        };
        if let Some(name) = id.strip_prefix(PREFIX) {
            return Ok(Arc::new(self.endpoint(name)?.model(&self.inner.gate)?));
        }
        let found = self.find(&id).await?;
        let Kind::Chat(summary) = found.kind.clone()? else {
            return Err(ModelError::Invalid { reason: format!("{id} is a model for search: it cannot answer") });
        };
        let found = self.tell(found).await;
        let told = found.told.clone().transpose()?;
        let sha256 = self.checked(&found).await?;
        let load = self.load(&found, self.context(summary.context));
        let reads = measure::reads(&found);
        let version = self.inner.supervisor.version().unwrap_or_else(|| env!("CARGO_PKG_VERSION").to_owned());
        let card = ModelCard {
            id: found.id.clone(),
            name: found.name(),
            place: Place::Here,
            context: load.context,
            parameters: summary.parameters,
            tools: told.is_some_and(|told| told.tools),
            sha256,
            engine: format!("atelier-engine {version}"),
        };
        // With the embedding model beside it, a question does not have to change models.
        let embedding = self.embedding().map(|(found, _)| self.load(&found, 0));
        let here = self.here(Outfit { chat: Some(load), embedding, reranker: None });
        Ok(Arc::new(LocalChat { card, here, reads }))
    }

    /// The embedding model, if there is a sound one.
    pub fn embedder(&self) -> Option<Arc<dyn Embedder>> {
        let (found, encoder) = self.embedding()?;
        let here = self.here(Outfit { embedding: Some(self.load(&found, 0)), ..Outfit::default() });
        let id = format!("{}@{}", found.id, encoder.print);
        Some(Arc::new(LocalEmbedder { id, model: found.id, dims: encoder.dims, here }))
    }

    /// The reranker, if there is a sound one.
    pub fn reranker(&self) -> Option<Arc<dyn Reranker>> {
        let found = self.ranking()?;
        // What is reranked was found by meaning just before.
        let embedding = self.embedding().map(|(found, _)| self.load(&found, 0));
        let here = self.here(Outfit { chat: None, embedding, reranker: Some(self.load(&found, 0)) });
        Some(Arc::new(LocalReranker { id: found.id, here }))
    }

    /// Stops the engine and waits until it is gone.
    pub async fn shutdown(&self) {
        self.inner.closing.cancel();
        self.inner.supervisor.close().await;
        self.inner.tasks.close();
        self.inner.tasks.wait().await;
    }

    fn changed(&self) {
        // Nobody listening is fine: the view can still be read.
        let _ = self.inner.events.send(ModelsEvent::Models);
    }

    /// Hashes files that were not hashed yet, beside everything else.
    fn hash_new(&self) {
        let (shelf, closing, events) =
            (self.inner.shelf.clone(), self.inner.closing.clone(), self.inner.events.clone());
        self.inner.tasks.spawn_blocking(move || {
            for found in shelf.scan() {
                if closing.is_cancelled() {
                    return;
                }
                if found.kind.is_err() || found.bytes > HASH_AT_ONCE || shelf.hashes().known(&found.weights).is_some() {
                    continue;
                }
                if let Err(error) = shelf.hashes().check(&found.weights, false) {
                    tracing::warn!(%error, "a model is not as it should be");
                }
                let _ = events.send(ModelsEvent::Models);
            }
        });
    }

    fn here(&self, outfit: Outfit) -> Here {
        let inner = &self.inner;
        Here {
            gate: inner.gate.clone(),
            supervisor: inner.supervisor.clone(),
            shelf: inner.shelf.clone(),
            speeds: inner.speeds.clone(),
            outfit,
        }
    }

    fn load(&self, found: &Found, context: u32) -> Load {
        Load {
            id: found.id.clone(),
            name: found.name(),
            path: found.path.clone(),
            weights: found.weights.clone(),
            need: found.need(context),
            context,
        }
    }

    /// The context that a model is run with.
    fn context(&self, trained: u32) -> u32 {
        let most = self.inner.config.max_context;
        if trained == 0 { most.min(2048) } else { trained.min(most) }
    }

    fn endpoint(&self, name: &str) -> Result<Endpoint, ModelError> {
        let endpoints = self.inner.endpoints.lock().unwrap_or_else(PoisonError::into_inner);
        let found = endpoints.iter().find(|endpoint| endpoint.name == name).cloned();
        found.ok_or_else(|| ModelError::NotFound { id: format!("{PREFIX}{name}") })
    }

    /// A model of the folder by its id, or a file anywhere by its path.
    async fn find(&self, id: &str) -> Result<Found, ModelError> {
        let (shelf, id) = (self.inner.shelf.clone(), id.to_owned());
        blocking(move || {
            let known = shelf.scan().into_iter().find(|found| found.id == id);
            let elsewhere = || Path::new(&id).canonicalize().ok().and_then(|path| shelf.look(&path));
            known.or_else(elsewhere).ok_or(ModelError::NotFound { id })
        })
        .await
    }
}

/// Runs work that waits for the disk beside the async threads.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ModelError> + Send + 'static,
) -> Result<T, ModelError> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(ModelError::Closed))
}
