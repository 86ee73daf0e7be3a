//! What does the model's thread do next? Step by step: who reads, who writes, who has to wait.

use super::{
    Counters, Limits,
    disk::Sleeping,
    job::{Event, Job},
    pace::{Pace, Step},
    shelf::Shelf,
    stream::{Stream, Then},
};
use crate::{
    arch::{Decoder, KvCache, Run, Wanted},
    error::{EngineError, Result},
    tokenizer::Tokenizer,
};
use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::Ordering,
        mpsc::{Receiver, SyncSender, TryRecvError},
    },
    time::Instant,
};

/// What the thread is told.
pub(super) enum Message {
    Job(Box<Job>),
    Model(String),
    Forget,
    Close(SyncSender<()>),
}

pub(super) struct Worker {
    pub(super) decoder: Box<dyn Decoder>,
    tokenizer: Arc<Tokenizer>,
    pub(super) limits: Limits,
    pub(super) counters: Arc<Counters>,
    waiting: VecDeque<Job>,
    /// In the order of their arrival.
    pub(super) streams: Vec<Stream>,
    pub(super) shelf: Shelf,
    pub(super) sleeping: Option<Sleeping>,
    pace: Pace,
    arrivals: u64,
    /// Which of those who read comes first.
    turn: usize,
}

/// What a stream does in a step: how many tokens it reads, and what it guesses to follow.
pub(super) struct Part {
    pub(super) stream: usize,
    pub(super) tokens: Vec<u32>,
    guess: usize,
    wanted: Wanted,
}

impl Worker {
    pub(super) fn new(
        decoder: Box<dyn Decoder>,
        tokenizer: Arc<Tokenizer>,
        limits: Limits,
        counters: Arc<Counters>,
    ) -> Result<Self> {
        // What cannot be kept at all should show before the first job.
        decoder.new_cache(limits.context)?;
        Ok(Self {
            decoder,
            tokenizer,
            limits,
            counters,
            waiting: VecDeque::new(),
            streams: Vec::new(),
            shelf: Shelf::default(),
            sleeping: None,
            pace: Pace::default(),
            arrivals: 0,
            turn: 0,
        })
    }

    /// Until it is closed or nobody can send any more.
    pub(super) fn work(mut self, messages: &Receiver<Message>) {
        loop {
            let idle = self.streams.is_empty() && self.waiting.is_empty();
            let message =
                if idle { messages.recv().map_err(|_| TryRecvError::Disconnected) } else { messages.try_recv() };
            match message {
                Ok(Message::Close(closed)) => {
                    self.streams.clear();
                    self.keep_on_disk();
                    // Fails only when the other side has stopped waiting.
                    let _ = closed.send(());
                    return;
                }
                Ok(message) => self.told(message),
                Err(TryRecvError::Disconnected) if idle => return,
                Err(_) => self.step(),
            }
        }
    }

    fn told(&mut self, message: Message) {
        match message {
            Message::Job(job) => self.waiting.push_back(*job),
            Message::Model(model) => {
                if let Some(disk) = &self.limits.disk {
                    self.sleeping = Some(Sleeping::open(disk, &model, &self.decoder.layout()));
                }
            }
            Message::Forget => {
                self.shelf.clear();
                self.streams.iter_mut().for_each(|stream| stream.forgotten = true);
                if let Some(sleeping) = &mut self.sleeping {
                    sleeping.forget();
                }
                self.count_kept();
            }
            Message::Close(_) => {}
        }
    }

    fn keep_on_disk(&mut self) {
        if let Some(sleeping) = &mut self.sleeping {
            sleeping.keep(self.shelf.texts());
        }
    }

    /// One step of the model, if anyone has something to do.
    fn step(&mut self) {
        self.admit();
        let gone: Vec<Stream> = self.streams.extract_if(.., |stream| stream.job.events.is_closed()).collect();
        gone.into_iter().for_each(|stream| self.end(stream, None));
        self.begin();
        let mut parts = self.plan();
        self.make_room(&mut parts);
        if !parts.is_empty() {
            let tokens: usize = parts.iter().map(|part| part.tokens.len()).sum();
            let _step = tracing::trace_span!("step", streams = parts.len(), tokens).entered();
            let began = Instant::now();
            let computed = self.compute(&parts);
            self.note(&parts, began);
            match computed {
                Ok(logits) => self.take(parts, &logits),
                Err(error) => self.fail(&parts, &error),
            }
        }
        self.counters.streams.store(self.streams.len(), Ordering::Relaxed);
    }

    /// Takes jobs from the queue while there are free places.
    fn admit(&mut self) {
        while self.streams.len() < self.limits.streams.max(1) {
            let Some(job) = self.waiting.pop_front() else { break };
            self.counters.waiting.fetch_sub(1, Ordering::SeqCst);
            if job.events.is_closed() {
                continue;
            }
            let (asked, context) = (job.prompt.len(), self.limits.context);
            let cache = if asked == 0 || asked >= context {
                Err(EngineError::ContextFull { asked, context })
            } else {
                self.decoder.new_cache(context)
            };
            match cache {
                Ok(cache) => {
                    self.counters.jobs.fetch_add(1, Ordering::Relaxed);
                    self.arrivals += 1;
                    self.streams.push(Stream::new(job, cache, self.arrivals));
                }
                Err(error) => {
                    let _ = job.events.send(Event::Failed(error));
                }
            }
        }
    }

    /// Who does what in the next step.
    fn plan(&mut self) -> Vec<Part> {
        let writing = self.streams.iter().filter(|stream| stream.writes()).count();
        let mut parts = Vec::new();
        for (at, stream) in self.streams.iter_mut().enumerate().filter(|(_, stream)| stream.writes()) {
            let guess = if self.limits.draft && writing == 1 {
                stream.draft.guess(&stream.text, stream.room(), self.pace.worth())
            } else {
                &[]
            };
            let mut tokens = vec![stream.text[stream.text.len() - 1]];
            tokens.extend_from_slice(guess);
            parts.push(Part { stream: at, guess: tokens.len() - 1, tokens, wanted: Wanted::Each });
        }
        let mut readers: Vec<usize> =
            (0..self.streams.len()).filter(|at| self.streams[*at].begun && !self.streams[*at].writes()).collect();
        if readers.is_empty() {
            return parts;
        }
        let mut chunk = self.pace.chunk(writing > 0);
        let share = chunk.div_ceil(readers.len()).max(4);
        // Whoever was first comes last next time, in case there is not enough for all.
        let count = readers.len();
        readers.rotate_left(self.turn % count);
        self.turn += 1;
        for at in readers {
            let stream = &self.streams[at];
            let take = share.min(chunk).min(stream.left());
            if take == 0 {
                break;
            }
            chunk -= take;
            let from = stream.cache.len();
            let wanted = if take == stream.left() { Wanted::Last } else { Wanted::None };
            parts.push(Part { stream: at, tokens: stream.text[from..from + take].to_vec(), guess: 0, wanted });
        }
        parts
    }

    fn compute(&mut self, parts: &[Part]) -> Result<Vec<Vec<f32>>> {
        let mut caches: Vec<Option<&mut KvCache>> =
            self.streams.iter_mut().map(|stream| Some(&mut stream.cache)).collect();
        let mut runs = Vec::with_capacity(parts.len());
        for part in parts {
            if let Some(cache) = caches[part.stream].take() {
                runs.push(Run { tokens: &part.tokens, cache, wanted: part.wanted });
            }
        }
        self.decoder.forward(&mut runs)
    }

    /// Takes note of what a step computed and how long it took.
    fn note(&mut self, parts: &[Part], began: Instant) {
        let written = |part: &&Part| part.wanted == Wanted::Each;
        let step = Step {
            read: parts.iter().filter(|part| !written(part)).map(|part| part.tokens.len()).sum(),
            writing: parts.iter().filter(written).count(),
            drafted: parts.iter().map(|part| part.guess).sum(),
        };
        let time = began.elapsed();
        self.pace.took(step, time);
        self.counters.read.fetch_add(step.read as u64, Ordering::Relaxed);
        let spent = if step.read > 0 { &self.counters.reading } else { &self.counters.writing };
        spent.fetch_add(u64::try_from(time.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Every stream goes on with its logits.
    fn take(&mut self, parts: Vec<Part>, logits: &[Vec<f32>]) {
        let vocab = self.decoder.shape().vocab;
        let mut ended = Vec::new();
        for (part, rows) in parts.into_iter().zip(logits) {
            let stream = &mut self.streams[part.stream];
            if part.wanted == Wanted::None {
                // Whether anyone listens is looked at before the next step.
                stream.tell_reading();
                continue;
            }
            let (written, drafted) = stream.counts();
            let guess = &part.tokens[part.tokens.len() - part.guess..];
            let then = stream.take(rows, vocab, guess, &self.tokenizer);
            let (now, guessed) = stream.counts();
            self.counters.written.fetch_add((now - written) as u64, Ordering::Relaxed);
            self.counters.drafted.fetch_add((guessed.0 - drafted.0) as u64, Ordering::Relaxed);
            self.counters.accepted.fetch_add((guessed.1 - drafted.1) as u64, Ordering::Relaxed);
            match then {
                Ok(Then::On) => {}
                Ok(then) => ended.push((stream.arrived, Ok(then))),
                Err(error) => ended.push((stream.arrived, Err(error))),
            }
        }
        for (arrived, then) in ended {
            let Some(at) = self.streams.iter().position(|stream| stream.arrived == arrived) else { continue };
            let stream = self.streams.remove(at);
            self.end(stream, Some(then));
        }
    }

    /// An answer is over; what was read of its text stays.
    fn end(&mut self, stream: Stream, then: Option<Result<Then>>) {
        stream.span.record("written", stream.counts().0);
        let kept = !stream.forgotten;
        let (text, cache) = match then {
            Some(Ok(Then::Over(finish))) => stream.finish(finish),
            Some(Err(error)) => {
                tracing::error!(%error, "a request failed");
                let _ = stream.job.events.send(Event::Failed(error));
                return;
            }
            Some(Ok(Then::On | Then::Gone)) | None => (stream.text, stream.cache),
        };
        if kept && !cache.is_empty() {
            self.shelf.put(text, cache);
        }
    }

    /// A step failed: nobody in it can go on.
    fn fail(&mut self, parts: &[Part], error: &EngineError) {
        let failed: Vec<u64> = parts.iter().map(|part| self.streams[part.stream].arrived).collect();
        for stream in self.streams.extract_if(.., |stream| failed.contains(&stream.arrived)) {
            tracing::error!(%error, "a request failed");
            let _ = stream.job.events.send(Event::Failed(EngineError::Compute(error.to_string())));
        }
    }
}
