//! The library as the rest of the app sees it: one handle, its tasks, its events.

use crate::{
    LibraryConfig, LibraryError,
    embedding::Loaded,
    extract,
    index::TextIndex,
    passwords::Passwords,
    pictures::Pictures,
    power::Saving,
    progress::{Busy, Count},
    vectors::Vectors,
    visit::Followed,
    watch::Watch,
    worker::Spawner,
};
use async_trait::async_trait;
use protocol::{Actor, DocumentId, DocumentView, Fault, FolderId, FolderView, ImportProgress};
use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicI64},
    },
    time::{Duration, Instant},
};
use store::{Derived, Store};
use tokio::sync::{Notify, broadcast, watch};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Turns texts into vectors; the app bridges the embedding model to it.
#[async_trait]
pub trait Embed: Send + Sync {
    /// The model; vectors of different models are never compared.
    fn id(&self) -> &str;
    /// The length of its vectors.
    fn dims(&self) -> usize;
    /// One vector per passage.
    async fn embed(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, String>;
    /// The vector of what is asked for. A model that makes no difference need not either.
    async fn embed_query(&self, text: String) -> Result<Vec<f32>, String> {
        self.embed(vec![text]).await?.pop().ok_or_else(|| "no vector came back".to_owned())
    }
}

/// Says how well texts answer a query; the app bridges the reranker to it.
#[async_trait]
pub trait Rank: Send + Sync {
    /// A number for each text, in their order: the higher, the better it answers.
    async fn rank(&self, query: &str, texts: &[String]) -> Result<Vec<f32>, String>;
}

/// What happens in the library.
#[derive(Clone, Debug)]
pub enum LibraryEvent {
    /// A document was added or changed.
    Document(Box<DocumentView>),
    /// A document was removed.
    Removed(DocumentId),
    /// A watched folder was added, or what is known of it changed.
    Folder(Box<FolderView>),
    /// A folder is no longer watched.
    FolderRemoved(FolderId),
    /// The import moved on.
    Progress(ImportProgress),
    /// Something that is no document's fault and that a person should know.
    Trouble(Box<Fault>),
}

/// How many events wait for a slow listener.
const EVENTS: usize = 1_024;
/// How long closing waits for the document that is being read.
const CLOSING_LIMIT: Duration = Duration::from_secs(10);

/// The documents of a workspace: read, indexed, searched, cited. Clones are handles on the same one.
#[derive(Clone)]
pub struct Library {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub store: Store,
    pub derived: Derived,
    pub config: LibraryConfig,
    pub index: Arc<TextIndex>,
    pub embedder: RwLock<Option<Arc<dyn Embed>>>,
    pub ranker: RwLock<Option<Arc<dyn Rank>>>,
    pub vectors: Arc<RwLock<Vectors>>,
    pub events: broadcast::Sender<LibraryEvent>,
    /// There may be documents to read, or things to index.
    pub wake_reader: Notify,
    /// There may be passages to embed, or another embedder.
    pub wake_embedder: Notify,
    pub paused: watch::Sender<bool>,
    /// Whether vectors are at hand.
    pub loaded: watch::Sender<Loaded>,
    /// Whether it leaves what nobody waits for until there is power.
    pub saving: Saving,
    pub busy: watch::Sender<Busy>,
    pub progress: Mutex<Count>,
    /// The documents that are being read, and how to end that.
    pub current: Mutex<HashMap<DocumentId, CancellationToken>>,
    pub pictures: Pictures,
    pub passwords: Passwords,
    /// Pages that a person was told are altered.
    pub altered: Mutex<HashSet<(DocumentId, u32)>>,
    /// One at a time brings the index up to date.
    pub indexing: tokio::sync::Mutex<()>,
    /// The last outbox number that the index holds on disk.
    pub committed: AtomicI64,
    pub watch: Watch,
    /// Whether the task that watches folders was started; and one at a time adds a folder.
    pub watching: AtomicBool,
    pub adding: tokio::sync::Mutex<()>,
    pub stop: CancellationToken,
    pub tasks: TaskTracker,
    /// What was seen of another process's library; None where the library is ours.
    pub followed: Option<Followed>,
}

impl Library {
    /// Opens the library of a workspace: brings the index up to date and goes on with what was begun.
    pub async fn open(store: Store, config: LibraryConfig) -> Result<Self, LibraryError> {
        store.derived().mend_queue().await?;
        store.derived().set_readers(&extract::readers()).await?;
        let dir = config.dir.clone();
        let (index, number) = blocking(move || TextIndex::open(&dir).map_err(LibraryError::from)).await?;
        let inner = Arc::new(Inner::new(store, config, index, None));
        inner.busy.send_modify(|busy| busy.to_read = 1);
        crate::reading::name_failed(&inner).await?;
        match number {
            Some(number) => inner.catch_up(number).await?,
            None => inner.rebuild().await?,
        }
        if let Err(error) = inner.erase_words().await {
            // Noted in the store: the next start tries again.
            tracing::warn!(%error, "the words of a purged document could not be erased yet");
        }
        inner.tasks.spawn(crate::reading::run(inner.clone()));
        inner.tasks.spawn(crate::embedding::run(inner.clone()));
        let begun = inner.begun_imports().await;
        inner.tasks.spawn(inner.clone().go_on_importing(begun));
        Ok(Self { inner })
    }

    /// Uses this embedding model from now on: passages without a vector of it get one in the
    /// background. None: search goes by words alone.
    pub fn set_embedder(&self, embedder: Option<Arc<dyn Embed>>) {
        *self.inner.embedder.write().unwrap_or_else(PoisonError::into_inner) = embedder;
        self.inner.busy.send_modify(|busy| busy.to_embed += 1);
        self.inner.wake_embedder.notify_one();
    }

    /// What happens from now on.
    pub fn events(&self) -> broadcast::Receiver<LibraryEvent> {
        self.inner.events.subscribe()
    }

    /// Where the import is.
    pub fn progress(&self) -> ImportProgress {
        self.inner.progress_now()
    }

    /// Pauses or resumes reading and embedding. The document that is being read is finished first, and
    /// so are the passages that the model has.
    pub fn pause(&self, paused: bool) {
        self.inner.paused.send_replace(paused);
        if !paused {
            self.inner.saving.spend();
        }
        self.inner.wake_reader.notify_one();
        self.inner.wake_embedder.notify_one();
        self.inner.tell_progress();
    }

    /// Waits until every document is read, indexed and (with a model) embedded, or nothing goes on any
    /// more: then `progress` says why. While it is paused this waits too.
    pub async fn idle(&self) {
        let mut busy = self.inner.busy.subscribe();
        // An error means that the library is gone: then nothing is going on.
        let waited = busy.wait_for(Busy::at_rest).await;
        drop(waited);
    }

    /// Removes a document from every derived place, and with it the files that came in it and that no
    /// other message or archive holds; `restore` undoes it.
    pub async fn remove(&self, actor: &Actor, document: DocumentId) -> Result<(), LibraryError> {
        if let Ok(view) = self.inner.store.document(document).await {
            self.inner.passwords.forget(&view.hash);
        }
        let gone = self
            .inner
            .store
            .write(actor, async |tx: &mut store::Tx| crate::unpacking::remove(tx, document).await)
            .await?;
        self.inner.drop_documents(&gone).await
    }

    /// Brings a removed document back, with what went with it, and reads it again.
    pub async fn restore(&self, actor: &Actor, document: DocumentId) -> Result<(), LibraryError> {
        let back = self
            .inner
            .store
            .write(actor, async |tx: &mut store::Tx| crate::unpacking::restore(tx, document).await)
            .await?;
        self.inner.enqueue(&back).await?;
        self.inner.tell_folders().await;
        Ok(())
    }

    /// Erases a removed document and what went with it for good, its words in the index files too, and its quotes in
    /// answers; with `answers`, also the text of the answers that it was shown for. Can be called
    /// again where it failed.
    pub async fn purge(&self, actor: &Actor, document: DocumentId, answers: bool) -> Result<(), LibraryError> {
        // Those inside first: where this ends halfway, what it was in is still there to be purged again.
        for document in self.inner.store.went_with(document).await?.into_iter().rev().chain([document]) {
            self.inner.store.purge_document(actor, document, answers).await?;
        }
        // Each is tried, whatever became of the other.
        let words = self.inner.erase_words().await;
        self.inner.store.erase().await?;
        self.inner.tell_folders().await;
        words
    }

    /// Ends the library: the document that is being read goes back to the queue.
    pub async fn shutdown(&self) {
        self.inner.stop.cancel();
        self.inner.tasks.close();
        if tokio::time::timeout(CLOSING_LIMIT, self.inner.tasks.wait()).await.is_err() {
            tracing::warn!("a task of the library did not end in time");
        }
        self.inner.pictures.end().await;
        self.inner.busy.send_replace(Busy::default());
    }
}

impl Inner {
    pub fn new(store: Store, config: LibraryConfig, index: TextIndex, followed: Option<Followed>) -> Self {
        Self {
            derived: store.derived(),
            index: Arc::new(index),
            embedder: RwLock::new(None),
            ranker: RwLock::new(None),
            vectors: Arc::default(),
            events: broadcast::Sender::new(EVENTS),
            wake_reader: Notify::new(),
            wake_embedder: Notify::new(),
            paused: watch::Sender::new(false),
            loaded: watch::Sender::default(),
            saving: Saving::default(),
            busy: watch::Sender::default(),
            progress: Mutex::default(),
            current: Mutex::default(),
            pictures: Pictures::new(config.spawner(&store, false)),
            passwords: Passwords::default(),
            altered: Mutex::default(),
            indexing: tokio::sync::Mutex::new(()),
            committed: AtomicI64::new(0),
            watch: Watch::default(),
            watching: AtomicBool::new(false),
            adding: tokio::sync::Mutex::new(()),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
            followed,
            config,
            store,
        }
    }

    /// Puts documents into the queue and wakes the reader.
    pub async fn enqueue(&self, documents: &[DocumentId]) -> Result<(), LibraryError> {
        if documents.is_empty() {
            return Ok(());
        }
        self.derived.enqueue(documents).await?;
        self.queued(documents).await
    }

    /// Wakes the reader for documents that were put into the queue.
    pub async fn queued(&self, documents: &[DocumentId]) -> Result<(), LibraryError> {
        self.busy.send_modify(|busy| busy.to_read += 1);
        self.count().again(documents);
        self.wake_reader.notify_one();
        for document in documents {
            self.tell(*document).await;
        }
        self.recount_or(|count| count.came(documents.len())).await
    }

    /// Drops removed documents from tables, vectors and index, now.
    pub async fn drop_documents(&self, documents: &[DocumentId]) -> Result<(), LibraryError> {
        if documents.is_empty() {
            return Ok(());
        }
        for document in documents {
            self.cancel_reading(*document);
            self.derived.forget(*document).await?;
            self.vectors.write().unwrap_or_else(PoisonError::into_inner).remove(*document);
        }
        self.index_outbox().await?;
        for document in documents {
            // Nobody listening is fine.
            let _ = self.events.send(LibraryEvent::Removed(*document));
        }
        self.recount().await
    }

    /// Takes the words of purged documents out of the index and its files.
    async fn erase_words(&self) -> Result<(), LibraryError> {
        let owed = self.store.words_owed().await?;
        if owed.is_empty() {
            return Ok(());
        }
        self.drop_documents(&owed).await?;
        let index = self.index.clone();
        blocking(move || index.expunge().map_err(LibraryError::from)).await?;
        Ok(self.store.words_erased(&owed).await?)
    }

    /// How readers of documents are started for which nobody waits.
    pub fn spawner(&self) -> Spawner {
        self.config.spawner(&self.store, true)
    }

    /// Tells the listeners how a document is now.
    pub async fn tell(&self, document: DocumentId) {
        if let Ok(view) = self.store.document(document).await {
            let _ = self.events.send(LibraryEvent::Document(Box::new(view)));
        }
    }

    pub fn tell_progress(&self) {
        let _ = self.events.send(LibraryEvent::Progress(self.progress_now()));
    }

    /// Tells the listeners of a trouble that is no document's fault.
    pub fn tell_trouble(&self, fault: Fault) {
        let _ = self.events.send(LibraryEvent::Trouble(Box::new(fault)));
    }

    /// Whether what nobody waits for is left now, for want of power; the progress says so.
    pub fn saves_power(&self) -> bool {
        let low = self.saving.look((self.config.supply)());
        self.count().embedding_waits(low.map(crate::faults::low_battery));
        low.is_some()
    }

    pub fn progress_now(&self) -> ImportProgress {
        let paused = *self.paused.borrow();
        self.count().view(paused, Instant::now())
    }

    /// Counts what waits, and tells the listeners.
    pub async fn recount(&self) -> Result<(), LibraryError> {
        self.recount_or(|_| ()).await
    }

    /// The same; where it was counted so lately that counting again would cost too much, it is `known`
    /// what came or went since.
    pub async fn recount_or(&self, known: impl FnOnce(&mut Count)) -> Result<(), LibraryError> {
        let began = Instant::now();
        if self.count().stale(began) {
            let queue = self.derived.queue().await?;
            self.count().counted(queue, began, Instant::now());
        } else {
            known(&mut self.count());
        }
        self.tell_progress();
        Ok(())
    }

    pub fn count(&self) -> MutexGuard<'_, Count> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn embedder(&self) -> Option<Arc<dyn Embed>> {
        self.embedder.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Runs what blocks where blocking is allowed.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, LibraryError> + Send + 'static,
) -> Result<T, LibraryError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| LibraryError::Closed)?
}
