//! When the model works and when it stops, with a real decoder whose steps are counted.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::tiny::tiny;
use engine::{
    answer::{Answer, Piece},
    arch::{self, Decoder, KvCache, Opening, Run, Shape},
    bias::Bias,
    error::{EngineError, Result},
    gguf::Gguf,
    sampling::Sampling,
    scheduler::{Disk, Done, Event, Finish, Job, Limits, Scheduler},
    tokenizer::Tokenizer,
};
use std::{
    fs,
    sync::{Arc, Mutex, atomic::Ordering, mpsc},
};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// Takes note of what it reads in each step, and waits for a permit before it.
struct Stepped {
    inner: Box<dyn Decoder>,
    steps: Arc<Mutex<Vec<Vec<usize>>>>,
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
        self.steps.lock().unwrap().push(runs.iter().map(|run| run.tokens.len()).collect());
        self.inner.forward(runs)
    }
}

struct Bench {
    scheduler: Scheduler,
    tokenizer: Arc<Tokenizer>,
    steps: Arc<Mutex<Vec<Vec<usize>>>>,
}

fn bench(permits: Option<mpsc::Receiver<()>>, context: usize, waiting: usize) -> Bench {
    bench_of(permits, Limits::of(context, waiting))
}

fn bench_of(permits: Option<mpsc::Receiver<()>>, limits: Limits) -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tiny.gguf");
    fs::write(&path, tiny().bytes).unwrap();
    let file = Gguf::open(&path).unwrap();
    let mut opening =
        Opening { threads: 1, positions: limits.context, kv: kernels::KvKind::F16, progress: &mut |_, _| {} };
    let inner = arch::open(&file, &mut opening).unwrap();
    let steps = Arc::new(Mutex::new(Vec::new()));
    let tokenizer = Arc::new(Tokenizer::open(&file).unwrap());
    let decoder = Box::new(Stepped { inner, steps: steps.clone(), permits });
    Bench { scheduler: Scheduler::start(decoder, tokenizer.clone(), limits).unwrap(), tokenizer, steps }
}

impl Bench {
    fn steps(&self) -> usize {
        self.steps.lock().unwrap().len()
    }
    fn tokens(&self, text: &str) -> Vec<u32> {
        self.tokenizer.encode(&[(text, engine::tokenizer::Special::Parse)], true).unwrap()
    }
    fn submit(&self, text: &str, temperature: f32, limit: usize) -> Result<UnboundedReceiver<Event>> {
        let (events, received) = unbounded_channel();
        let prompt = self.tokens(text);
        let sampling = Sampling { temperature, top_p: 1.0, top_k: 0, min_p: 0.0, seed: 3 };
        let answer = Answer::new(Vec::new(), None, false);
        self.scheduler.submit(Job {
            prompt,
            sampling,
            bias: Bias::default(),
            limit: Some(limit),
            likely: None,
            grammar: None,
            answer,
            events,
            asked: tracing::Span::none(),
        })?;
        Ok(received)
    }
    /// The whole answer and what it took.
    fn answer(&self, text: &str, temperature: f32, limit: usize) -> (String, Done) {
        whole(self.submit(text, temperature, limit).unwrap())
    }
}

fn whole(mut received: UnboundedReceiver<Event>) -> (String, Done) {
    let mut text = String::new();
    while let Some(event) = received.blocking_recv() {
        match event {
            Event::Piece(Piece::Text(piece)) => text.push_str(&piece),
            Event::Done(done) => return (text, done),
            Event::Failed(error) => panic!("{error}"),
            _ => {}
        }
    }
    panic!("no end")
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
    while bench.steps() < 4 {
        std::thread::yield_now();
    }
    drop(received);
    for _ in 0..100 {
        permit.send(()).unwrap();
    }
    // Another job passes only when the first is over; its prompt is one step.
    let Event::Done(done) = last(bench.submit("other", 0.0, 1).unwrap()) else { panic!("not done") };
    assert_eq!(done.written, 1);
    let steps = bench.steps();
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

const TEXTS: [&str; 8] = ["the", "a cat", "the cat sat", "x", "the the the", "0123456789", "zz zz", "the end"];

#[test]
fn answers_in_company_are_the_answers_alone() {
    // Room for all, and room for two or three only: then the younger ones are stopped and read again.
    for kept in [4096, 512] {
        let alone = bench(None, 400, 8);
        let expected: Vec<String> = TEXTS.iter().map(|text| alone.answer(text, 0.9, 250).0).collect();
        let together = bench_of(None, Limits { kept, ..Limits::of(400, 8) });
        let received: Vec<_> = TEXTS.iter().map(|text| together.submit(text, 0.9, 250).unwrap()).collect();
        for (received, expected) in received.into_iter().zip(&expected) {
            assert_eq!(&whole(received).0, expected, "{kept} tokens kept");
        }
        let kept_now = together.scheduler.counters().kept.load(Ordering::Relaxed);
        assert!(kept_now <= kept, "{kept_now} tokens are kept");
    }
}

#[test]
fn eight_answers_take_the_steps_of_one() {
    let (permit, permits) = mpsc::channel();
    let bench = bench_of(Some(permits), Limits { kept: 4096, draft: false, ..Limits::of(256, 16) });
    let received: Vec<_> = TEXTS.iter().map(|text| bench.submit(text, 5.0, 100).unwrap()).collect();
    for _ in 0..1000 {
        permit.send(()).unwrap();
    }
    let written: usize = received.into_iter().map(|received| whole(received).1.written).sum();
    let steps = bench.steps.lock().unwrap();
    assert!(written > 600, "{written}");
    assert!(steps.len() < 140, "{} steps for {written} tokens", steps.len());
    assert!(steps.iter().any(|runs| runs.len() == 8), "all eight at once");
}

#[test]
fn a_long_prompt_is_read_beside_those_who_write() {
    let (permit, permits) = mpsc::channel();
    let bench = bench_of(Some(permits), Limits { kept: 4096, draft: false, ..Limits::of(2000, 4) });
    let writer = bench.submit("the", 5.0, 60).unwrap();
    for _ in 0..3 {
        permit.send(()).unwrap();
    }
    while bench.steps() < 3 {
        std::thread::yield_now();
    }
    let reader = bench.submit(&"z".repeat(1500), 0.0, 1).unwrap();
    for _ in 0..200 {
        permit.send(()).unwrap();
    }
    assert_eq!(whole(reader).1.prompt, bench.tokens(&"z".repeat(1500)).len());
    assert!(whole(writer).1.written > 1);
    let steps = bench.steps.lock().unwrap();
    let beside = steps.iter().filter(|runs| runs.len() == 2).count();
    assert!(beside >= 1500 / 256, "{beside} steps");
    assert!(steps.iter().all(|runs| runs.len() == 1 || runs.contains(&1)), "the writer has its token in each");
}

#[test]
fn chats_by_turns_keep_what_was_read_of_each() {
    let bench = bench_of(None, Limits { kept: 4096, ..Limits::of(512, 4) });
    let (first, second) = ("the ".repeat(20), "zz ".repeat(20));
    for (text, known) in [(&first, 0), (&second, 0), (&first, 1), (&second, 1), (&format!("{first}and"), 1)] {
        let (_, done) = bench.answer(text, 0.0, 4);
        let expected = if known == 0 { 0 } else { bench.tokens(text).len() - 4 };
        assert!(done.cached >= expected, "{} of {} known", done.cached, done.prompt);
        assert!(known == 1 || done.cached < 4);
    }
}

#[test]
fn the_same_prompt_at_the_same_time_is_read_once() {
    let bench = bench_of(None, Limits { kept: 4096, ..Limits::of(1024, 8) });
    let text = "abc ".repeat(200);
    let received: Vec<_> = (0..4).map(|_| bench.submit(&text, 0.0, 3).unwrap()).collect();
    let answers: Vec<String> = received.into_iter().map(|received| whole(received).0).collect();
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    let read = bench.scheduler.counters().read.load(Ordering::Relaxed);
    let prompt = bench.tokens(&text).len() as u64;
    assert!((prompt..prompt + 300).contains(&read), "{read} tokens read for four prompts of {prompt}");
}

#[test]
fn guesses_change_no_answer() {
    let mut accepted = 0;
    for temperature in [0.0, 0.7] {
        for text in TEXTS {
            let draft = |draft| bench_of(None, Limits { draft, ..Limits::of(512, 4) });
            let (plain, guessing) = (draft(false), draft(true));
            let expected = plain.answer(text, temperature, 300);
            let found = guessing.answer(text, temperature, 300);
            assert_eq!((found.0, found.1.written), (expected.0, expected.1.written), "{text} at {temperature}");
            assert_eq!(expected.1.drafted, (0, 0));
            accepted += found.1.drafted.1;
        }
    }
    assert!(accepted > 0, "random weights repeat themselves without temperature: some guess comes true");
}

#[test]
fn what_is_forgotten_while_it_is_written_on_does_not_stay() {
    let (permit, permits) = mpsc::channel();
    let bench = bench_of(Some(permits), Limits { kept: 4096, draft: false, ..Limits::of(512, 4) });
    let text = "a secret ".repeat(12);
    let writer = bench.submit(&text, 5.0, 5).unwrap();
    permit.send(()).unwrap();
    while bench.steps() < 1 {
        std::thread::yield_now();
    }
    bench.scheduler.forget().unwrap();
    for _ in 0..100 {
        permit.send(()).unwrap();
    }
    assert_eq!(whole(writer).1.written, 5, "it goes on");
    assert_eq!(bench.answer(&text, 0.0, 1).1.cached, 0);
}

#[test]
fn texts_outlive_the_process_for_the_same_model() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Some(Disk { folder: folder.path().join("texts"), most: 64 << 20 });
    let text = "once upon a time ".repeat(12);
    let run = |model: &str, forget: bool| {
        let bench = bench_of(None, Limits { kept: 4096, disk: disk.clone(), ..Limits::of(512, 4) });
        bench.scheduler.identify(model.to_owned()).unwrap();
        let (answer, done) = bench.answer(&text, 0.0, 20);
        if forget {
            bench.scheduler.forget().unwrap();
        }
        bench.scheduler.close();
        assert_eq!(bench.submit(&text, 0.0, 1).unwrap_err().code(), EngineError::Closing.code());
        (answer, done.cached)
    };
    let (answer, cached) = run("hash", false);
    assert_eq!(cached, 0);
    assert_eq!(run("another hash", false).1, 0, "bound to the model");
    let (again, cached) = run("hash", true);
    assert_eq!(again, answer);
    assert!(cached > 64, "{cached} tokens were known");
    assert_eq!(run("hash", false).1, 0, "forgotten on the disk as well");
}
