//! What is loaded: a chat model, a sentence encoder, a reranker, or several, and how far loading is.

use crate::{
    arch::{self, Opening, Processor, Shape},
    encoder::{Embedder, Loaded, Reranker},
    error::{EngineError, Result},
    gguf::Gguf,
    grammar,
    scheduler::{Disk, Limits, Scheduler},
    template::ChatTemplate,
    tokenizer::Tokenizer,
};
use kernels::KvKind;
use std::{
    any::Any,
    fs::File,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

/// The context where the command line names none: what the model was trained for, up to this.
pub const DEFAULT_CONTEXT: usize = 8192;
/// Requests that may wait for each model.
pub const WAITING: usize = 32;

/// Answers that can be written at a time.
pub const MOST_STREAMS: usize = 64;

/// What to load.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// A GGUF file.
    pub chat: Option<PathBuf>,
    /// A folder with a sentence encoder, or a GGUF file of one.
    pub embedding: Option<PathBuf>,
    /// A folder with a cross-encoder.
    pub reranker: Option<PathBuf>,
    /// The precision in which the weights of both are kept.
    pub encoder_weights: kernels::Precision,
    /// Threads to compute with.
    pub threads: usize,
    /// What computes the chat model.
    pub processor: Processor,
    /// Tokens of prompt and answer together.
    pub context: Option<usize>,
    /// Answers written at a time, unless the usual number.
    pub streams: Option<usize>,
    /// Tokens kept of all texts together, unless as many as the context.
    pub kept: Option<usize>,
    /// How keys and values are remembered.
    pub kv: KvKind,
    /// Whether tokens are not to be guessed from the text.
    pub no_draft: bool,
    /// Where texts stay while the model is not loaded.
    pub disk: Option<Disk>,
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
    /// What its answers can be held to.
    pub grammars: Arc<grammar::Lazy>,
    /// The thread that runs it.
    pub scheduler: Scheduler,
}

/// The models of this process.
#[derive(Default)]
pub struct Models {
    /// For chats.
    pub chat: Option<Chat>,
    /// For vectors.
    pub embedder: Option<Embedder>,
    /// Why there is no sentence encoder although one was asked for: a chat model runs without it.
    pub without_embedder: Option<EngineError>,
    /// For the order of search results.
    pub reranker: Option<Reranker>,
    /// Why there is no reranker although one was asked for: the others run without it.
    pub without_reranker: Option<EngineError>,
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
            // A fault in this program while it loads is told like one of the file: nobody waits for ever.
            let loaded = catch_unwind(AssertUnwindSafe(|| load(&choice, &own)))
                .unwrap_or_else(|panic| Err(EngineError::Compute(words(panic.as_ref()))));
            if let Err(error) = &loaded {
                tracing::error!(code = error.code(), %error, "loading failed");
            }
            // Set once only: this thread is the only one that does.
            let _ = own.loaded.set(loaded);
            own.identify(&choice);
        });
        spawned.map_err(|e| EngineError::Compute(format!("no thread to load with: {e}")))?;
        Ok(loading)
    }

    /// Says which model it is by the hash of its whole file, which takes a while: chats go on meanwhile.
    fn identify(&self, choice: &Choice) {
        let (Some(Ok(Models { chat: Some(chat), .. })), Some(path), Some(_)) =
            (self.loaded.get(), &choice.chat, &choice.disk)
        else {
            return;
        };
        let mut hash = blake3::Hasher::new();
        let known = File::open(path).and_then(|file| hash.update_reader(file).map(|hash| hash.finalize().to_hex()));
        match known {
            // Fails only when the model's thread has ended.
            Ok(hash) => drop(chat.scheduler.identify(hash.to_string())),
            Err(error) => tracing::warn!(%error, "texts are not kept on the disk: the model's file cannot be read"),
        }
    }

    /// Ends what is under way, and keeps texts on the disk where that is wanted.
    pub fn close(&self) {
        if let Some(Ok(Models { chat: Some(chat), .. })) = self.loaded.get() {
            chat.scheduler.close();
        }
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

/// What a panic says.
fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("a fault of the engine: {}", text.unwrap_or("it says no more"))
}

fn load(choice: &Choice, loading: &Loading) -> Result<Models> {
    let mut models = Models::default();
    let file = choice.chat.as_deref().map(Gguf::open).transpose()?;
    loading.total.store(file.as_ref().map_or(0, |f| f.file_bytes() as u64), Ordering::Relaxed);
    let how = Loaded { threads: choice.threads.max(1), kept: choice.encoder_weights };
    match choice.embedding.as_deref().map(|folder| Embedder::start(folder, how)).transpose() {
        Ok(embedder) => models.embedder = embedder,
        Err(error) if file.is_some() => {
            tracing::error!(code = error.code(), %error, "the chat model runs without the sentence encoder");
            models.without_embedder = Some(error);
        }
        Err(error) => return Err(error),
    }
    match choice.reranker.as_deref().map(|folder| Reranker::start(folder, how)).transpose() {
        Ok(reranker) => models.reranker = reranker,
        Err(error) if file.is_some() || models.embedder.is_some() => {
            tracing::error!(code = error.code(), %error, "the engine runs without the reranker");
            models.without_reranker = Some(error);
        }
        Err(error) => return Err(error),
    }
    if let Some(file) = file {
        models.chat = Some(chat(&file, choice, loading)?);
    }
    Ok(models)
}

/// All of a chat model but its weights.
pub(crate) struct Examined {
    pub(crate) shape: Shape,
    pub(crate) tokenizer: Tokenizer,
    pub(crate) template: Option<ChatTemplate>,
}

/// Whether the engine will run a file, without reading its weights.
pub(crate) fn examine(file: &Gguf) -> Result<Examined> {
    let shape = arch::check(file)?;
    let tokenizer = Tokenizer::open(file)?;
    let template = ChatTemplate::open(file, &tokenizer)?;
    if tokenizer.len() > shape.vocab {
        return Err(file.malformed(format!("it names {} tokens and has {}", tokenizer.len(), shape.vocab)));
    }
    Ok(Examined { shape, tokenizer, template })
}

fn chat(file: &Gguf, choice: &Choice, loading: &Loading) -> Result<Chat> {
    // Cheap things first: what is wrong with the file should show at once.
    let Examined { shape, tokenizer, template } = examine(file)?;
    let (tokenizer, template) = (Arc::new(tokenizer), template.map(Arc::new));
    let context = choice.context.unwrap_or(shape.context.min(DEFAULT_CONTEXT));
    if context > shape.context || context < 2 {
        let message = format!("--context {context} is out of range: the model holds {}", shape.context);
        return Err(EngineError::Invalid { param: "context", message });
    }
    let limits = limits(choice, context)?;
    let mut progress = |done, _| loading.done.store(done, Ordering::Relaxed);
    let (threads, kv) = (choice.threads.max(1), choice.kv);
    let mut opening = Opening { threads, positions: context, kv, progress: &mut progress };
    let decoder = choice.processor.open(file, &mut opening)?;
    let shape = decoder.shape().clone();
    Ok(Chat {
        id: name_of(file.path()),
        context,
        bytes: file.file_bytes(),
        parameters: file.tensors().values().map(|t| t.elements() as u64).sum(),
        scheduler: Scheduler::start(decoder, tokenizer.clone(), limits)?,
        grammars: Arc::new(grammar::Lazy::new(tokenizer.clone(), shape.vocab)),
        shape,
        tokenizer,
        template,
    })
}

fn limits(choice: &Choice, context: usize) -> Result<Limits> {
    let usual = Limits::of(context, WAITING);
    let limits = Limits {
        streams: choice.streams.unwrap_or(usual.streams),
        kept: choice.kept.unwrap_or(usual.kept),
        draft: !choice.no_draft,
        disk: choice.disk.clone(),
        ..usual
    };
    if !(1..=MOST_STREAMS).contains(&limits.streams) {
        let message = format!("--streams {} is out of range: 1 to {MOST_STREAMS}", limits.streams);
        return Err(EngineError::Invalid { param: "streams", message });
    }
    if limits.kept < context {
        let message = format!("--kept {} is less than the context of {context}", limits.kept);
        return Err(EngineError::Invalid { param: "kept", message });
    }
    Ok(limits)
}

fn name_of(file: &Path) -> String {
    file.file_stem().map_or_else(String::new, |n| n.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_panic_says_is_kept() {
        for panic in [Box::new("no way") as Box<dyn Any + Send>, Box::new("no way".to_owned())] {
            assert!(words(panic.as_ref()).contains("no way"));
        }
        assert!(!words(&7u8).is_empty());
    }
}
