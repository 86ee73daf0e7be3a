//! When the model works and when it stops, with a real decoder whose steps are counted.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::tiny::tiny;
use engine::{
    answer::Answer,
    arch::{self, Decoder, KvCache, Opening, Run, Shape},
    error::{EngineError, Result},
    gguf::Gguf,
    sampling::Sampling,
    scheduler::{Event, Finish, Job, Scheduler},
    tokenizer::Tokenizer,
};
use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// Counts the tokens it reads, and waits for a permit before each step.
struct Stepped {
    inner: Box<dyn Decoder>,
    steps: Arc<AtomicUsize>,
    permits: Option<mpsc::Receiver<()>>,
}

impl Decoder for Stepped {
    fn shape(&self) -> &Shape {
        self.inner.shape()
    }
    fn new_cache(&self, positions: usize) -> Result<KvCache> {
        self.inner.new_cache(positions)
    }
    fn forward(&mut self, runs: &mut [Run<'_>]) -> Result<Vec<Vec<f32>>> {
        if let Some(permits) = &self.permits {
            permits.recv().map_err(|_| EngineError::Closing)?;
        }
        self.steps.fetch_add(1, Ordering::SeqCst);
        self.inner.forward(runs)
    }
}

struct Bench {
    scheduler: Scheduler,
    tokenizer: Arc<Tokenizer>,
    steps: Arc<AtomicUsize>,
}

fn bench(permits: Option<mpsc::Receiver<()>>, context: usize, waiting: usize) -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tiny.gguf");
    fs::write(&path, tiny().bytes).unwrap();
    let file = Gguf::open(&path).unwrap();
    let mut opening = Opening { threads: 1, positions: context, progress: &mut |_, _| {} };
    let inner = arch::open(&file, &mut opening).unwrap();
    let steps = Arc::new(AtomicUsize::new(0));
    let tokenizer = Arc::new(Tokenizer::open(&file).unwrap());
    let decoder = Box::new(Stepped { inner, steps: steps.clone(), permits });
    Bench { scheduler: Scheduler::start(decoder, tokenizer.clone(), context, waiting).unwrap(), tokenizer, steps }
}

impl Bench {
    fn submit(&self, text: &str, temperature: f32, limit: usize) -> Result<UnboundedReceiver<Event>> {
        let (events, received) = unbounded_channel();
        let prompt = self.tokenizer.encode(&[(text, engine::tokenizer::Special::Parse)], true)?;
        let sampling = Sampling { temperature, top_p: 1.0, top_k: 0, min_p: 0.0, seed: 3 };
        let answer = Answer::new(Vec::new(), None, false);
        self.scheduler.submit(Job { prompt, sampling, limit: Some(limit), answer, events })?;
        Ok(received)
    }
}

fn last(mut received: UnboundedReceiver<Event>) -> Event {
    let mut last = received.blocking_recv().unwrap();
    while let Some(event) = received.blocking_recv() {
        last = event;
    }
    last
}

#[test]
fn an_answer_without_a_listener_ends_within_one_token() {
    let (permit, permits) = mpsc::channel();
    let bench = bench(Some(permits), 256, 4);
    let received = bench.submit("the", 5.0, 200).unwrap();
    // The prompt and three tokens, then the listener goes while the model waits for the next.
    for _ in 0..4 {
        permit.send(()).unwrap();
    }
    while bench.steps.load(Ordering::SeqCst) < 4 {
        std::thread::yield_now();
    }
    drop(received);
    for _ in 0..100 {
        permit.send(()).unwrap();
    }
    // Another job passes only when the first is over; its prompt is one step.
    let Event::Done(done) = last(bench.submit("other", 0.0, 1).unwrap()) else { panic!("not done") };
    assert_eq!(done.written, 1);
    let steps = bench.steps.load(Ordering::SeqCst);
    assert!(steps <= 4 + 1 + 1, "{steps} steps");
}

#[test]
fn a_full_queue_refuses() {
    let (permit, permits) = mpsc::channel();
    let bench = bench(Some(permits), 64, 2);
    let first = bench.submit("the", 0.0, 1).unwrap();
    // The first is taken from the queue at some moment; then two more wait.
    let mut waiting = Vec::new();
    let refused = loop {
        match bench.submit("the", 0.0, 1) {
            Ok(received) => waiting.push(received),
            Err(error) => break error,
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    };
    assert!(matches!(refused, EngineError::Busy { waiting: 2 }), "{refused}");
    assert!((2..=3).contains(&waiting.len()), "{}", waiting.len());
    for _ in 0..8 {
        permit.send(()).unwrap();
    }
    for received in std::iter::once(first).chain(waiting) {
        assert!(matches!(last(received), Event::Done(_)));
    }
}

#[test]
fn answers_end_at_their_limit_or_with_the_context() {
    let bench = bench(None, 32, 4);
    for (text, limit, written) in [("the cat", 5, 5), ("the cat", 500, 32 - 5)] {
        // Hot enough that the end token is all but never drawn.
        let Event::Done(done) = last(bench.submit(text, 5.0, limit).unwrap()) else { panic!("not done") };
        assert_eq!((done.finish, done.prompt, done.written), (Finish::Length, 5, written), "{text} {limit}");
    }
    let long = "x".repeat(32);
    let Event::Failed(error) = last(bench.submit(&long, 0.0, 1).unwrap()) else { panic!("answered") };
    assert!(matches!(error, EngineError::ContextFull { asked: 32, context: 32 }), "{error}");
}

#[test]
fn a_shared_beginning_is_read_once() {
    let bench = bench(None, 128, 4);
    let cached = |text: &str| match last(bench.submit(text, 0.0, 4).unwrap()) {
        Event::Done(done) => done.cached,
        other => panic!("{other:?}"),
    };
    let tokens = |text: &str| bench.tokenizer.encode(&[(text, engine::tokenizer::Special::Parse)], true).unwrap().len();
    assert_eq!(cached("one two three"), 0);
    // The last token is read again for its logits.
    assert_eq!(cached("one two three"), tokens("one two three") - 1);
    assert!(cached("one two four") >= tokens("one two"));
    assert_eq!(cached("else"), 0);
}
