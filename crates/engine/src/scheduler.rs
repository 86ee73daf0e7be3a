//! Who runs the model and when: one thread owns the decoder and takes requests in their order.
//!
//! It reads a prompt in chunks and looks between two steps whether anyone still listens, so that
//! an answer nobody waits for costs at most one more token. The tokens of the last request stay in
//! the cache: the next turn of a chat reads only what is new.

use crate::{
    answer::{Answer, Piece},
    arch::{Decoder, KvCache},
    error::{EngineError, Result},
    sampling::{Sampler, Sampling},
    tokenizer::Tokenizer,
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread,
    time::Instant,
};
use tokio::sync::mpsc::UnboundedSender;

/// Prompt tokens read between two looks at the listener.
const CHUNK: usize = 256;

/// A prompt to continue.
pub struct Job {
    /// The prompt's tokens, at least one and fewer than the context.
    pub prompt: Vec<u32>,
    /// How to draw.
    pub sampling: Sampling,
    /// The most tokens to write; `None` up to the end of the context.
    pub limit: Option<usize>,
    /// Where to stop and what to parse.
    pub answer: Answer,
    /// Where events go. Unbounded, so that a slow listener never holds up the model; the context
    /// bounds what can be in it.
    pub events: UnboundedSender<Event>,
}

/// What happens to a job.
#[derive(Debug)]
pub enum Event {
    /// Part of the prompt has been read.
    Reading(Reading),
    /// Part of the answer.
    Piece(Piece),
    /// The answer is complete. The last event.
    Done(Done),
    /// It could not be answered. The last event.
    Failed(EngineError),
}

/// How far the prompt has been read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// Tokens of the prompt.
    pub total: usize,
    /// Of these, known from the request before.
    pub cached: usize,
    /// Read so far, those included.
    pub done: usize,
    /// Time it took.
    pub ms: f64,
}

/// Why an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finish {
    /// The model was done, or met a stop string.
    Stop,
    /// The limit or the end of the context was met.
    Length,
}

/// What an answer took.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Done {
    /// Why it ended.
    pub finish: Finish,
    /// Tokens of the prompt.
    pub prompt: usize,
    /// Of these, known from the request before.
    pub cached: usize,
    /// Time to read the rest.
    pub prompt_ms: f64,
    /// Tokens written.
    pub written: usize,
    /// Time to write them.
    pub written_ms: f64,
}

/// Counts since the start, for metrics.
#[derive(Debug, Default)]
pub struct Counters {
    /// Prompt tokens computed.
    pub read: AtomicU64,
    /// Tokens written.
    pub written: AtomicU64,
    /// Jobs begun.
    pub jobs: AtomicU64,
}

/// The queue in front of the model. Dropping it ends the thread after the job at hand.
pub struct Scheduler {
    queue: SyncSender<Job>,
    waiting: usize,
    counters: Arc<Counters>,
}

impl Scheduler {
    /// Starts the thread. `context` is the most tokens of prompt and answer together; at most
    /// `waiting` jobs wait.
    pub fn start(decoder: Box<dyn Decoder>, tokenizer: Arc<Tokenizer>, context: usize, waiting: usize) -> Result<Self> {
        let cache = decoder.new_cache(context)?;
        let (queue, jobs) = sync_channel(waiting);
        let counters = Arc::new(Counters::default());
        let worker = Worker { decoder, tokenizer, cache, known: Vec::new(), counters: counters.clone() };
        thread::Builder::new()
            .name("model".to_owned())
            .spawn(move || {
                let _end = EndOnPanic;
                worker.work(&jobs);
            })
            .map_err(|e| EngineError::Compute(format!("no thread for the model: {e}")))?;
        Ok(Self { queue, waiting, counters })
    }

    /// Queues a job, or says that the queue is full.
    pub fn submit(&self, job: Job) -> Result<()> {
        self.queue.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => EngineError::Busy { waiting: self.waiting },
            TrySendError::Disconnected(_) => EngineError::Closing,
        })
    }

    /// Counts since the start.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.counters
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

struct Worker {
    decoder: Box<dyn Decoder>,
    tokenizer: Arc<Tokenizer>,
    cache: KvCache,
    /// The tokens whose keys and values are in the cache.
    known: Vec<u32>,
    counters: Arc<Counters>,
}

impl Worker {
    fn work(mut self, jobs: &Receiver<Job>) {
        while let Ok(job) = jobs.recv() {
            let events = job.events.clone();
            let last = match self.answer(job) {
                Ok(Some(done)) => Event::Done(done),
                Ok(None) => continue,
                Err(error) => {
                    tracing::error!(%error, "a request failed");
                    Event::Failed(error)
                }
            };
            // Fails only when nobody listens any more.
            let _ = events.send(last);
        }
    }

    fn forward(&mut self, tokens: &[u32]) -> Result<Vec<f32>> {
        let logits = self.decoder.read(tokens, &mut self.cache)?;
        self.known.extend_from_slice(tokens);
        Ok(logits)
    }

    /// Runs a job; `None` if its listener has gone.
    fn answer(&mut self, mut job: Job) -> Result<Option<Done>> {
        if job.events.is_closed() {
            return Ok(None);
        }
        let context = self.cache.capacity();
        let total = job.prompt.len();
        if total == 0 || total >= context {
            return Err(EngineError::ContextFull { asked: total, context });
        }
        self.counters.jobs.fetch_add(1, Ordering::Relaxed);
        let began = Instant::now();
        let ms = |since: Instant| since.elapsed().as_secs_f64() * 1000.0;
        // The last token is always read again: its logits are what the answer begins with.
        let same = self.known.iter().zip(&job.prompt[..total - 1]).take_while(|(a, b)| a == b).count();
        let cached = same.min(self.cache.len());
        self.cache.truncate(cached);
        self.known.truncate(cached);
        let mut logits = Vec::new();
        let mut done = cached;
        while done < total {
            let reading = Reading { total, cached, done, ms: ms(began) };
            if job.events.send(Event::Reading(reading)).is_err() {
                return Ok(None);
            }
            let end = (done + CHUNK).min(total);
            logits = self.forward(&job.prompt[done..end])?;
            self.counters.read.fetch_add((end - done) as u64, Ordering::Relaxed);
            done = end;
        }
        let prompt_ms = ms(began);
        if job.events.send(Event::Reading(Reading { total, cached, done, ms: prompt_ms })).is_err() {
            return Ok(None);
        }

        let began = Instant::now();
        let limit = job.limit.unwrap_or(usize::MAX).min(context - total);
        let mut sampler = Sampler::new(job.sampling);
        let mut pieces = Vec::new();
        let mut written = 0;
        let finish = loop {
            if written == limit {
                break Finish::Length;
            }
            let token = sampler.draw(&logits)?;
            written += 1;
            self.counters.written.fetch_add(1, Ordering::Relaxed);
            if self.tokenizer.is_end(token) {
                break Finish::Stop;
            }
            job.answer.push(self.tokenizer.answer_bytes(token), &mut pieces);
            for piece in pieces.drain(..) {
                // Nobody listening is noticed below.
                let _ = job.events.send(Event::Piece(piece));
            }
            if job.answer.stopped() {
                break Finish::Stop;
            }
            if job.events.is_closed() {
                return Ok(None);
            }
            if written < limit {
                logits = self.forward(&[token])?;
            }
        };
        job.answer.finish(&mut pieces);
        for piece in pieces {
            let _ = job.events.send(Event::Piece(piece));
        }
        Ok(Some(Done { finish, prompt: total, cached, prompt_ms, written, written_ms: ms(began) }))
    }
}
