//! How the parts are put together, kept in step, and taken apart.

use crate::{Config, bridge, bus::Bus, eval::Kept, handlers::reveal::Reveal, neighbours::Neighbours};
use agents::Driver;
use egress::Gate;
use futures::stream::BoxStream;
use library::Embed;
use library::{Library, LibraryConfig, LibraryEvent, WatchConfig};
use models::{Models, ModelsConfig, ModelsEvent};
use protocol::*;
use std::{
    path::PathBuf,
    sync::{Arc, OnceLock},
    time::Duration,
};
use store::{Change, Keeping, Store, StoreError};
use tokio::sync::broadcast::error::RecvError;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// How long closing waits for requests that are being answered.
const REQUESTS: Duration = Duration::from_secs(10);
/// How long closing waits for the last lines of the ledger.
const LEDGER: Duration = Duration::from_secs(5);

/// Makes of the embedding model, if there is one, the one that is used.
pub(crate) type Instead = Box<dyn Fn(Option<Arc<dyn Embed>>) -> Option<Arc<dyn Embed>> + Send + Sync>;

/// The one door. Cheap to clone; all clones are the same app.
#[derive(Clone)]
pub struct App(Arc<Parts>);

struct Parts {
    config: Config,
    store: Store,
    gate: Gate,
    models: Models,
    library: Library,
    neighbours: Neighbours,
    driver: Driver,
    bus: Bus,
    notices: Vec<Fault>,
    /// What a measurement puts in the place of the embedding model.
    instead: OnceLock<Instead>,
    /// What opens the machine's file manager, where a person sits before it.
    reveal: OnceLock<Reveal>,
    tasks: TaskTracker,
    closing: CancellationToken,
}

impl App {
    /// Opens the workspace: the log is recovered, the index caught up, the policy put in force.
    /// No model is loaded yet.
    ///
    /// # Errors
    /// The data folder cannot be used: it is open elsewhere, damaged, from a newer version, or the
    /// disk is full. The fault says what to do.
    pub async fn open(config: Config) -> Result<Self, Fault> {
        let keeping = if config.keychain { Keeping::Keychain } else { Keeping::Files };
        let opened = Store::open(&config.data, store::Options { keeping, ..store::Options::default() }).await?;
        let (store, notices) = (opened.store, opened.notices);

        let gate = Gate::new(bridge::ledger(store.clone()));
        gate.set_rules(store.rules().await?);
        gate.set_sealed(store.sealed().await?);
        gate.start_from(store.egress_totals(bridge::today()).await?);

        // The engine's log quotes no document, but it is nobody else's business either.
        let log = config.data.join("log");
        store::private_dir(&log).map_err(|source| StoreError::Io { path: log.clone(), source })?;
        let engine = ModelsConfig {
            texts: Some(config.data.join("texts")),
            ..ModelsConfig::new(&config.models, &config.engine, log)
        };
        let models = Models::open(engine, gate.clone()).await?;
        let library =
            Library::open(store.clone(), LibraryConfig::new(config.data.join("index"), config.worker.clone())).await?;
        library.set_embedder(models.embedder().map(bridge::embedder));
        library.set_ranker(models.reranker().map(bridge::ranker));

        let bus = Bus::new();
        let sink = {
            let bus = bus.clone();
            Arc::new(move |event| bus.send(event))
        };
        let driver = Driver::new(store.clone(), library.clone(), models.clone(), gate.clone(), sink);
        let app = Self(Arc::new(Parts {
            config,
            store,
            gate,
            models,
            library,
            neighbours: Neighbours::default(),
            driver,
            bus,
            notices,
            instead: OnceLock::new(),
            reveal: OnceLock::new(),
            tasks: TaskTracker::new(),
            closing: CancellationToken::new(),
        }));
        app.driver().prepare().await?;
        app.driver().limit_answers(app.config().max_tokens);
        // The endpoints first: the model that the settings choose may be one of them.
        app.refresh_endpoints().await?;
        if let Some(model) = &app.config().model {
            // Named for this run: nothing else may answer in its place.
            app.models().choose(Some(model.clone())).await?;
        }
        let settings = app.store().settings().await?;
        app.apply_settings(&settings).await;
        app.watch_parts();
        Ok(app)
    }

    /// The person at this device.
    pub fn person(&self) -> Actor {
        Actor::Person { member: self.store().home().member }
    }

    /// Answers one request to its end, even where who asked goes away meanwhile: work that was begun
    /// is not left half done. For shells whose clients come and go.
    ///
    /// # Errors
    /// The fault that the person should see.
    pub async fn see_through(&self, actor: &Actor, request: Request) -> Result<serde_json::Value, Fault> {
        let (app, actor, name) = (self.clone(), actor.clone(), request.name());
        let work = self.0.tasks.spawn(async move { app.answer(&actor, request).await });
        work.await.unwrap_or_else(|_| {
            Err(Fault::new(FaultKind::Internal, "app.broke_off", format!("{name} broke off; the log has the details."))
                .safe("What was acknowledged before is safe."))
        })
    }

    /// Every event after number `after`; see [`protocol::Envelope`].
    pub fn events(&self, _actor: &Actor, after: u64) -> BoxStream<'static, Envelope> {
        self.bus().after(after)
    }

    /// What a person should know from the start.
    pub fn notices(&self) -> &[Fault] {
        &self.0.notices
    }

    /// Begins to watch the folders of this workspace: for programs that stay.
    pub fn watch_folders(&self) {
        self.library().start_watching(WatchConfig::default());
    }

    /// Waits until every look through a watched folder that was asked for has ended. Only where they are
    /// watched.
    pub async fn looked(&self) {
        self.library().looked().await;
    }

    /// Waits until every document is read and indexed.
    pub async fn settled(&self) {
        self.library().idle().await;
    }

    /// Ends running turns with their text kept, stops the engine and the workers, closes the store.
    pub async fn shutdown(&self) {
        self.driver().shutdown().await;
        self.library().shutdown().await;
        self.neighbours().close().await;
        self.models().shutdown().await;
        self.0.closing.cancel();
        self.0.tasks.close();
        if tokio::time::timeout(REQUESTS, self.0.tasks.wait()).await.is_err() {
            tracing::warn!("requests are still being answered; they end with the store");
        }
        // Nothing is open any more; what crossed must be in the ledger before the store closes.
        if tokio::time::timeout(LEDGER, self.gate().settled()).await.is_err() {
            tracing::warn!("the end of a connection could not be written to the ledger in time");
        }
        self.store().close().await;
    }

    pub(crate) fn config(&self) -> &Config {
        &self.0.config
    }
    pub(crate) fn store(&self) -> &Store {
        &self.0.store
    }
    pub(crate) fn gate(&self) -> &Gate {
        &self.0.gate
    }
    pub(crate) fn models(&self) -> &Models {
        &self.0.models
    }
    pub(crate) fn library(&self) -> &Library {
        &self.0.library
    }
    pub(crate) fn neighbours(&self) -> &Neighbours {
        &self.0.neighbours
    }
    pub(crate) fn driver(&self) -> &Driver {
        &self.0.driver
    }
    pub(crate) fn bus(&self) -> &Bus {
        &self.0.bus
    }

    /// Writes one change to the log.
    pub(crate) async fn record(&self, actor: &Actor, change: Change) -> Result<(), Fault> {
        Ok(self.store().record(actor, change).await.map(drop)?)
    }

    /// Puts the rules of the store in force everywhere and tells every client.
    pub(crate) async fn refresh_rules(&self) -> Result<Vec<RuleView>, Fault> {
        let rules = self.store().rules().await?;
        self.gate().set_rules(rules.clone());
        self.bus().send(Event::RulesChanged(rules.clone()));
        Ok(rules)
    }

    /// Puts the settings in force: which model answers, when the engine gives its memory back.
    pub(crate) async fn apply_settings(&self, settings: &Settings) {
        let wanted = self.config().model.clone().or_else(|| settings.chat_model.clone());
        if let Err(error) = self.models().choose(wanted).await {
            // The settings hold all the same: the model may be on a disk that is not plugged in. Until
            // then nothing else answers in its place.
            self.bus().send(Event::Notice(error.fault()));
        }
        if let Err(error) = self.models().set_mirror(settings.model_hub.clone()) {
            self.bus().send(Event::Notice(error.fault()));
        }
        self.set_ranker(settings.rerank);
        self.models().set_unload_after(Duration::from_secs(u64::from(settings.unload_after_min) * 60)).await;
    }

    /// Tells the models which endpoints there are, with their keys.
    pub(crate) async fn refresh_endpoints(&self) -> Result<(), Fault> {
        self.models().set_endpoints(bridge::endpoints(self.store()).await?);
        Ok(())
    }

    /// What left this machine today: the ledger's sum, and what the gate has open now.
    pub(crate) fn totals(&self) -> EgressTotals {
        self.gate().totals()
    }

    /// Passes on what the parts tell, until the app closes.
    fn watch_parts(&self) {
        let (app, closing) = (self.clone(), self.0.closing.clone());
        let mut library = app.library().events();
        let mut models = app.models().events();
        let mut gate = app.gate().changed();
        self.0.tasks.spawn(async move {
            loop {
                tokio::select! {
                    () = closing.cancelled() => break,
                    told = library.recv() => match told {
                        Ok(LibraryEvent::Document(document)) => app.bus().send(Event::DocumentChanged(*document)),
                        Ok(LibraryEvent::Removed(document)) => app.bus().send(Event::DocumentRemoved(document)),
                        Ok(LibraryEvent::Folder(folder)) => app.bus().send(Event::FolderChanged(*folder)),
                        Ok(LibraryEvent::FolderRemoved(folder)) => app.bus().send(Event::FolderRemoved(folder)),
                        Ok(LibraryEvent::Progress(progress)) => app.bus().send(Event::ImportMoved(progress)),
                        Ok(LibraryEvent::Trouble(fault)) => app.bus().send(Event::Notice(*fault)),
                        Err(RecvError::Lagged(_)) => app.bus().send(Event::Resync),
                        Err(RecvError::Closed) => break,
                    },
                    told = models.recv() => match told {
                        Ok(ModelsEvent::Engine(state)) => app.bus().send(Event::EngineMoved(state)),
                        Ok(ModelsEvent::Models) => app.models_changed().await,
                        Ok(ModelsEvent::Downloads(all)) => app.bus().send(Event::DownloadsMoved(all)),
                        Ok(ModelsEvent::Trouble(fault)) => app.bus().send(Event::Notice(*fault)),
                        Err(RecvError::Lagged(_)) => app.bus().send(Event::Resync),
                        Err(RecvError::Closed) => break,
                    },
                    told = gate.changed() => match told {
                        Ok(()) => app.bus().send(Event::EgressMoved(app.totals())),
                        Err(_) => break,
                    },
                }
            }
        });
    }

    /// Keeps the vectors of texts in this folder, and takes them from there: for measurements that are
    /// repeated. To be called before anything is imported.
    pub fn keep_vectors(&self, folder: PathBuf) {
        self.embed_with(Box::new(move |model| model.map(|model| Kept::of(model, &folder))));
    }

    /// Puts something in the place of the embedding model, for a measurement; once.
    pub(crate) fn embed_with(&self, instead: Instead) {
        if self.0.instead.set(instead).is_ok() {
            self.set_embedder();
        }
    }

    /// Says how a file is shown in the machine's file manager; once. Without it no file is.
    pub fn reveal_with(&self, reveal: Reveal) {
        // A second one would be the same.
        let _ = self.0.reveal.set(reveal);
    }

    pub(crate) fn reveal(&self) -> Option<&Reveal> {
        self.0.reveal.get()
    }

    pub(crate) fn set_embedder(&self) {
        let embedder = self.embedder();
        self.neighbours().set_embedder(embedder.as_ref());
        self.library().set_embedder(embedder);
    }

    /// The embedding model, as a library sees it.
    pub(crate) fn embedder(&self) -> Option<Arc<dyn Embed>> {
        let embedder = self.models().embedder().map(bridge::embedder);
        match self.0.instead.get() {
            Some(instead) => instead(embedder),
            None => embedder,
        }
    }

    /// Uses the reranker, where there is one and it is wanted.
    fn set_ranker(&self, wanted: bool) {
        self.library().set_ranker(self.models().reranker().filter(|_| wanted).map(bridge::ranker));
    }

    async fn models_changed(&self) {
        self.set_embedder();
        self.set_ranker(self.store().settings().await.is_ok_and(|settings| settings.rerank));
        match crate::handlers::models::view(self).await {
            Ok(view) => self.bus().send(Event::ModelsChanged(view)),
            Err(fault) => self.bus().send(Event::Notice(fault)),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A workspace of its own, without models and without a reader.
    pub(crate) async fn opened() -> (tempfile::TempDir, App) {
        let dir = tempfile::tempdir().unwrap();
        let config = Config {
            data: dir.path().join("data"),
            models: dir.path().join("models"),
            engine: dir.path().join("no-engine"),
            worker: Vec::new(),
            model: None,
            max_tokens: None,
            keychain: false,
        };
        let app = App::open(config).await.unwrap();
        (dir, app)
    }

    #[tokio::test]
    async fn what_was_begun_is_finished_though_who_asked_goes_away() {
        let (_dir, app) = opened().await;
        let person = app.person();
        let agent = app.call(&person, Open {}).await.unwrap().agents[0].id;
        let chats = async || app.call(&person, Open {}).await.unwrap().chats.len();
        // Asked, and dropped as soon as it waits for anything.
        let asked = futures::poll!(std::pin::pin!(app.see_through(&person, StartChat { agent }.into())));
        assert!(asked.is_pending());
        for _ in 0..500 {
            if chats().await == 1 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(chats().await, 1);
        // Closing waits for what is on its way.
        let asked = futures::poll!(std::pin::pin!(app.see_through(&person, StartChat { agent }.into())));
        assert!(asked.is_pending());
        app.shutdown().await;
    }
}
