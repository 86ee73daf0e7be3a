//! Who runs an encoder and when: a thread of its own, behind a queue with a limit.

use super::{Embedding, Encoder, Input, Prompts, Ranker, Score};
use crate::{
    error::{EngineError, Result},
    models::WAITING,
    scheduler::EndOnPanic,
};
use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{SyncSender, TrySendError, sync_channel},
    },
    thread,
};
use tokio::sync::oneshot;

/// A request and where its answer goes.
type Waiting<Q, A> = (Q, oneshot::Sender<Result<A>>);

/// The queue in front of an encoder. Dropping it ends the thread after the request at hand.
struct Queue<Q, A>(SyncSender<Waiting<Q, A>>);

impl<Q: Send + 'static, A: Send + 'static> Queue<Q, A> {
    /// Starts the thread. `work` gets a request, and a function that says whether anyone still waits.
    fn start(name: &str, mut work: impl FnMut(Q, &dyn Fn() -> bool) -> Result<A> + Send + 'static) -> Result<Self> {
        let (queue, requests) = sync_channel::<Waiting<Q, A>>(WAITING);
        let spawned = thread::Builder::new().name(name.to_owned()).spawn(move || {
            let _end = EndOnPanic;
            while let Ok((request, reply)) = requests.recv() {
                // A client that went while it waited costs nothing.
                if reply.is_closed() {
                    continue;
                }
                let answer = work(request, &|| !reply.is_closed());
                // Fails only when nobody waits any more.
                let _ = reply.send(answer);
            }
        });
        spawned.map_err(|e| EngineError::Compute(format!("no thread for the {name}: {e}")))?;
        Ok(Self(queue))
    }

    /// Waits for the answer. Dropping the future is what tells the thread that nobody waits.
    async fn ask(&self, request: Q) -> Result<A> {
        let (reply, answer) = oneshot::channel();
        self.0.try_send((request, reply)).map_err(|error| match error {
            TrySendError::Full(_) => EngineError::Busy { waiting: WAITING },
            TrySendError::Disconnected(_) => EngineError::Closing,
        })?;
        answer.await.map_err(|_| EngineError::Closing)?
    }
}

/// How an encoder is loaded.
#[derive(Clone, Copy, Debug, Default)]
pub struct Loaded {
    /// Threads to compute with.
    pub threads: usize,
    /// The precision of the weights.
    pub kept: kernels::Precision,
}

/// A sentence encoder that is ready.
pub struct Embedder {
    /// Its name for clients: the folder's name, or the file's without its ending.
    pub id: String,
    /// Its architecture.
    pub kind: String,
    /// Numbers in a vector.
    pub width: usize,
    /// Widths that vectors may be cut to; empty for none.
    pub cuts: Vec<usize>,
    /// Tokens of a text that are read.
    pub longest: usize,
    /// The size of its weights.
    pub bytes: u64,
    /// What to put before a text.
    pub prompts: Prompts,
    /// Tokens of finished requests since the start.
    pub tokens: Arc<AtomicU64>,
    queue: Queue<Vec<Input>, Vec<Embedding>>,
}

impl Embedder {
    /// Loads a folder and starts its thread.
    pub fn start(folder: &Path, how: Loaded) -> Result<Self> {
        let mut encoder = Encoder::open(folder, how.threads, how.kept)?;
        Ok(Self {
            id: name_of(folder),
            kind: encoder.kind().to_owned(),
            width: encoder.width(),
            cuts: encoder.cuts().to_vec(),
            longest: encoder.longest(),
            bytes: encoder.bytes(),
            prompts: encoder.prompts().clone(),
            tokens: Arc::default(),
            queue: Queue::start("encoder", move |inputs: Vec<Input>, go_on| encoder.embed(&inputs, go_on))?,
        })
    }

    /// The embeddings of texts, in their order.
    pub async fn embed(&self, inputs: Vec<Input>) -> Result<Vec<Embedding>> {
        let embedded = self.queue.ask(inputs).await?;
        self.tokens.fetch_add(embedded.iter().map(|one| one.tokens as u64).sum(), Ordering::Relaxed);
        Ok(embedded)
    }
}

/// A reranker that is ready.
pub struct Reranker {
    /// Its name for clients: the folder's name.
    pub id: String,
    /// Its architecture.
    pub kind: String,
    /// Tokens of a query and a document together that are read.
    pub longest: usize,
    /// The size of its weights.
    pub bytes: u64,
    /// Tokens of finished requests since the start.
    pub tokens: Arc<AtomicU64>,
    queue: Queue<(String, Vec<String>), Vec<Score>>,
}

impl Reranker {
    /// Loads a folder and starts its thread.
    pub fn start(folder: &Path, how: Loaded) -> Result<Self> {
        let mut ranker = Ranker::open(folder, how.threads, how.kept)?;
        Ok(Self {
            id: name_of(folder),
            kind: ranker.kind().to_owned(),
            longest: ranker.longest(),
            bytes: ranker.bytes(),
            tokens: Arc::default(),
            queue: Queue::start("reranker", move |(query, documents): (String, Vec<String>), go_on| {
                ranker.rank(&query, &documents, go_on)
            })?,
        })
    }

    /// How well each document answers the query, in their order.
    pub async fn rank(&self, query: String, documents: Vec<String>) -> Result<Vec<Score>> {
        let scores = self.queue.ask((query, documents)).await?;
        self.tokens.fetch_add(scores.iter().map(|score| score.tokens as u64).sum(), Ordering::Relaxed);
        Ok(scores)
    }
}

fn name_of(place: &Path) -> String {
    let name = if place.is_file() { place.file_stem() } else { place.file_name() };
    name.map_or_else(String::new, |n| n.to_string_lossy().into_owned())
}
