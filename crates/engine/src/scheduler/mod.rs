//! Who runs the model and when: one thread owns the decoder and writes several answers at a time.
//!
//! In each step every answer under way gets its next token, and the prompts that wait are read a part at a
//! time, no longer than the others can bear. Between two steps it looks whether anyone still listens, so that an
//! answer nobody waits for costs at most one more token. What was read stays: a text that begins as an earlier
//! one did reads only what is new. None of this changes an answer, because no kernel's result depends on what is
//! computed beside it.

mod disk;
mod draft;
mod job;
mod pace;
mod room;
mod shelf;
mod stream;
mod worker;

pub use disk::Disk;
pub use job::{Done, Event, Finish, Job, Likely, Reading};

use crate::{
    arch::Decoder,
    error::{EngineError, Result},
    tokenizer::Tokenizer,
};
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
        mpsc::{Sender, channel, sync_channel},
    },
    thread,
    time::Duration,
};
use worker::{Message, Worker};

/// Answers that are written at a time, unless told otherwise.
pub const STREAMS: usize = 8;
/// How long closing may take: what is kept is written to the disk meanwhile.
const CLOSING: Duration = Duration::from_secs(3);

/// What a scheduler may use.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Tokens of prompt and answer together.
    pub context: usize,
    /// Answers written at a time.
    pub streams: usize,
    /// Jobs that may wait for their turn.
    pub waiting: usize,
    /// Tokens whose keys and values are kept in all, of answers under way and of texts before; at least the
    /// context.
    pub kept: usize,
    /// Whether tokens are guessed from the text itself where that is faster.
    pub draft: bool,
    /// Where texts are kept while the model is not loaded.
    pub disk: Option<Disk>,
}

impl Limits {
    /// The usual limits for a context.
    #[must_use]
    pub fn of(context: usize, waiting: usize) -> Self {
        Self { context, streams: STREAMS, waiting, kept: context, draft: true, disk: None }
    }
}

/// Counts since the start, for metrics.
#[derive(Debug, Default)]
pub struct Counters {
    /// Prompt tokens computed.
    pub read: AtomicU64,
    /// Prompt tokens known from texts before.
    pub cached: AtomicU64,
    /// Tokens written.
    pub written: AtomicU64,
    /// Jobs begun.
    pub jobs: AtomicU64,
    /// Tokens guessed.
    pub drafted: AtomicU64,
    /// Of these, written.
    pub accepted: AtomicU64,
    /// Microseconds in which prompts were read, and in which only tokens were written.
    pub reading: AtomicU64,
    /// See `reading`.
    pub writing: AtomicU64,
    /// Answers under way now.
    pub streams: AtomicUsize,
    /// Jobs that wait now.
    pub waiting: AtomicUsize,
    /// Tokens whose keys and values are kept now, rounded up to what memory is given out by.
    pub kept: AtomicUsize,
}

/// The queue in front of the model. Dropping it ends the thread after the answers at hand.
pub struct Scheduler {
    messages: Mutex<Sender<Message>>,
    limit: usize,
    streams: usize,
    closing: AtomicBool,
    counters: Arc<Counters>,
}

impl Scheduler {
    /// Starts the thread.
    pub fn start(decoder: Box<dyn Decoder>, tokenizer: Arc<Tokenizer>, limits: Limits) -> Result<Self> {
        let counters = Arc::new(Counters::default());
        let (messages, received) = channel();
        let (limit, streams) = (limits.waiting, limits.streams.max(1));
        let worker = Worker::new(decoder, tokenizer, limits, counters.clone())?;
        thread::Builder::new()
            .name("model".to_owned())
            .spawn(move || {
                let _end = EndOnPanic;
                worker.work(&received);
            })
            .map_err(|e| EngineError::Compute(format!("no thread for the model: {e}")))?;
        Ok(Self { messages: Mutex::new(messages), limit, streams, closing: AtomicBool::new(false), counters })
    }

    /// Answers that are written at a time.
    pub fn streams(&self) -> usize {
        self.streams
    }

    /// Queues a job, or says that the queue is full.
    pub fn submit(&self, job: Job) -> Result<()> {
        if self.closing.load(Ordering::SeqCst) {
            return Err(EngineError::Closing);
        }
        let waiting = &self.counters.waiting;
        let free = waiting.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| (n < self.limit).then_some(n + 1));
        if free.is_err() {
            return Err(EngineError::Busy { waiting: self.limit });
        }
        self.send(Message::Job(Box::new(job))).inspect_err(|_| {
            waiting.fetch_sub(1, Ordering::SeqCst);
        })
    }

    /// Says which model this is: from now on texts may be taken from the disk and kept there.
    pub fn identify(&self, model: String) -> Result<()> {
        self.send(Message::Model(model))
    }

    /// Forgets every text, in memory and on the disk; answers under way go on.
    pub fn forget(&self) -> Result<()> {
        self.send(Message::Forget)
    }

    /// Ends the answers under way and keeps what was read on the disk, if there is a place for it.
    pub fn close(&self) {
        self.closing.store(true, Ordering::SeqCst);
        let (closed, wait) = sync_channel(1);
        if self.send(Message::Close(closed)).is_ok() {
            // After that time the texts are read again next time, which is slower and loses nothing.
            let _ = wait.recv_timeout(CLOSING);
        }
    }

    /// Counts since the start.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    fn send(&self, message: Message) -> Result<()> {
        let messages = self.messages.lock().unwrap_or_else(PoisonError::into_inner);
        messages.send(message).map_err(|_| EngineError::Closing)
    }
}

/// Without the thread of a model the process serves nothing: it ends, and whoever watches it starts
/// it again.
pub(crate) struct EndOnPanic;

impl Drop for EndOnPanic {
    fn drop(&mut self) {
        if thread::panicking() {
            std::process::exit(101);
        }
    }
}
