//! What is loaded: a chat model, a sentence encoder, or both, and how far loading is.

use crate::{
    arch::{self, Opening, Shape},
    encoder::{Embedding, Encoder},
    error::{EngineError, Result},
    gguf::Gguf,
    scheduler::Scheduler,
    template::ChatTemplate,
    tokenizer::Tokenizer,
};
use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
        mpsc::{SyncSender, TrySendError, sync_channel},
    },
    thread,
};
use tokio::sync::oneshot;

/// The context where the command line names none: what the model was trained for, up to this.
pub const DEFAULT_CONTEXT: usize = 8192;
/// Requests that may wait for the chat model.
pub const WAITING: usize = 32;

/// What to load.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// A GGUF file.
    pub chat: Option<PathBuf>,
    /// A folder with a sentence encoder.
    pub embedding: Option<PathBuf>,
    /// Threads to compute with.
    pub threads: usize,
    /// Tokens of prompt and answer together.
    pub context: Option<usize>,
}

/// A chat model that is ready.
pub struct Chat {
    /// Its name for clients: the file's name without the ending.
    pub id: String,
    /// Its sizes.
    pub shape: Shape,
    /// Tokens of prompt and answer together.
    pub context: usize,
    /// The size of its file.
    pub bytes: usize,
    /// Its parameters.
    pub parameters: u64,
    /// Its tokenizer.
    pub tokenizer: Arc<Tokenizer>,
    /// Its chat template, if the file has one.
    pub template: Option<Arc<ChatTemplate>>,
    /// The thread that runs it.
    pub scheduler: Scheduler,
}

/// Texts for the encoder, and where their vectors go.
type Texts = (Vec<String>, oneshot::Sender<Result<Vec<Embedding>>>);

/// A sentence encoder that is ready.
pub struct Embedder {
    /// Its name for clients: the folder's name.
    pub id: String,
    /// Numbers in a vector.
    pub width: usize,
    /// Tokens of a text that are read.
    pub longest: usize,
    /// The size of its weights.
    pub bytes: u64,
    queue: SyncSender<Texts>,
}

/// The models of this process.
#[derive(Default)]
pub struct Models {
    /// For chats.
    pub chat: Option<Chat>,
    /// For vectors.
    pub embedder: Option<Embedder>,
}

/// The models and how far loading is. Loading happens once, in a thread of its own.
#[derive(Default)]
pub struct Loading {
    done: AtomicU64,
    total: AtomicU64,
    loaded: OnceLock<Result<Models>>,
}

impl Loading {
    /// Begins to load.
    pub fn start(choice: Choice) -> Result<Arc<Self>> {
        let loading = Arc::new(Self::default());
        let own = loading.clone();
        let spawned = thread::Builder::new().name("loading".to_owned()).spawn(move || {
            let loaded = load(&choice, &own);
            if let Err(error) = &loaded {
                tracing::error!(code = error.code(), %error, "loading failed");
            }
            // Set once only: this thread is the only one that does.
            let _ = own.loaded.set(loaded);
        });
        spawned.map_err(|e| EngineError::Compute(format!("no thread to load with: {e}")))?;
        Ok(loading)
    }

    /// The models, once they are there; the error, if they cannot be loaded.
    #[must_use]
    pub fn loaded(&self) -> Option<&Result<Models>> {
        self.loaded.get()
    }
    /// Bytes prepared and bytes in all.
    #[must_use]
    pub fn progress(&self) -> (u64, u64) {
        (self.done.load(Ordering::Relaxed), self.total.load(Ordering::Relaxed))
    }
}

fn load(choice: &Choice, loading: &Loading) -> Result<Models> {
    let mut models = Models::default();
    let file = choice.chat.as_deref().map(Gguf::open).transpose()?;
    loading.total.store(file.as_ref().map_or(0, |f| f.file_bytes() as u64), Ordering::Relaxed);
    if let Some(folder) = &choice.embedding {
        models.embedder = Some(embedder(folder)?);
    }
    if let Some(file) = file {
        models.chat = Some(chat(&file, choice, loading)?);
    }
    Ok(models)
}

fn chat(file: &Gguf, choice: &Choice, loading: &Loading) -> Result<Chat> {
    // Cheap things first: what is wrong with the file should show at once.
    let tokenizer = Arc::new(Tokenizer::open(file)?);
    let template = ChatTemplate::open(file, &tokenizer)?.map(Arc::new);
    let shape = Shape::read(file)?;
    if tokenizer.len() > shape.vocab {
        return Err(file.malformed(format!("it names {} tokens and has {}", tokenizer.len(), shape.vocab)));
    }
    let context = choice.context.unwrap_or(shape.context.min(DEFAULT_CONTEXT));
    if context > shape.context || context < 2 {
        let message = format!("--context {context} is out of range: the model holds {}", shape.context);
        return Err(EngineError::Invalid { param: "context", message });
    }
    let mut progress = |done, _| loading.done.store(done, Ordering::Relaxed);
    let mut opening = Opening { threads: choice.threads.max(1), positions: context, progress: &mut progress };
    let decoder = arch::open(file, &mut opening)?;
    let shape = decoder.shape().clone();
    Ok(Chat {
        id: name_of(file.path()),
        context,
        bytes: file.file_bytes(),
        parameters: file.tensors().values().map(|t| t.elements() as u64).sum(),
        scheduler: Scheduler::start(decoder, tokenizer.clone(), context, WAITING)?,
        shape,
        tokenizer,
        template,
    })
}

fn embedder(folder: &Path) -> Result<Embedder> {
    let encoder = Encoder::open(folder)?;
    let (width, longest, bytes) = (encoder.width(), encoder.longest(), encoder.bytes());
    let (queue, jobs) = sync_channel::<Texts>(WAITING);
    let spawned = thread::Builder::new().name("encoder".to_owned()).spawn(move || {
        while let Ok((texts, reply)) = jobs.recv() {
            let embedded = encoder.embed(&texts, &|| !reply.is_closed());
            // Fails only when nobody waits any more.
            let _ = reply.send(embedded);
        }
    });
    spawned.map_err(|e| EngineError::Compute(format!("no thread for the encoder: {e}")))?;
    let id = folder.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
    Ok(Embedder { id, width, longest, bytes, queue })
}

impl Embedder {
    /// The embeddings of texts, in their order.
    pub async fn embed(&self, texts: Vec<String>) -> Result<Vec<Embedding>> {
        let (reply, answer) = oneshot::channel();
        self.queue.try_send((texts, reply)).map_err(|error| match error {
            TrySendError::Full(_) => EngineError::Busy { waiting: WAITING },
            TrySendError::Disconnected(_) => EngineError::Closing,
        })?;
        answer.await.map_err(|_| EngineError::Closing)?
    }
}

fn name_of(file: &Path) -> String {
    file.file_stem().map_or_else(String::new, |n| n.to_string_lossy().into_owned())
}
