//! Is the engine started, watched, restarted, changed and stopped as promised? With a scripted
//! engine, which is a real process.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test may fail loudly, also in its helpers

mod contract;
mod far_end;
mod gguf_file;

use egress::{Errand, Gate};
use futures::{FutureExt, StreamExt};
use models::*;
use protocol::{EngineState, FaultKind};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

struct Setup {
    dir: tempfile::TempDir,
    gate: Gate,
    models: Models,
}

/// Cargo builds examples beside the tests.
fn scripted_engine() -> PathBuf {
    let deps = std::env::current_exe().unwrap();
    let engine = deps.parent().unwrap().with_file_name("examples").join("scripted_engine");
    let engine = engine.with_extension(std::env::consts::EXE_EXTENSION);
    assert!(engine.exists(), "build it with: cargo build -p models --examples");
    engine
}

async fn setup(scripts: &[(&str, &str)], change: impl FnOnce(&mut ModelsConfig)) -> Setup {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("models");
    std::fs::create_dir(&folder).unwrap();
    for (name, script) in scripts {
        gguf_file::write(&folder.join(format!("{name}.gguf")), name);
        std::fs::write(folder.join(format!("{name}.gguf.script")), script).unwrap();
    }
    let gate = Gate::new(Arc::new(|_| async { Err("the engine must not be in the ledger".to_owned()) }.boxed()));
    gate.set_sealed(true); // the engine is no way out
    let mut config = ModelsConfig::new(folder, scripted_engine(), dir.path().join("logs"));
    config.headroom = 0;
    change(&mut config);
    let models = Models::open(config, gate.clone()).await.unwrap();
    Setup { dir, gate, models }
}

fn prompt(words: &str) -> Prompt {
    Prompt {
        messages: vec![Message::new(Role::User, words)],
        tools: Vec::new(),
        sampling: Sampling::default(),
        errand: Errand::atelier("a test"),
    }
}

impl Setup {
    async fn ask(&self, model: &str, words: &str) -> Result<(String, Vec<Delta>), ModelError> {
        let model = self.models.chat_model(Some(model)).await?;
        let mut stream = model.chat(prompt(words), CancellationToken::new()).await?;
        let (mut text, mut all) = (String::new(), Vec::new());
        while let Some(delta) = stream.next().await {
            let delta = delta?;
            if let Delta::Text(more) = &delta {
                text.push_str(more);
            }
            all.push(delta);
        }
        assert!(matches!(all.last(), Some(Delta::Done { .. })));
        Ok((text, all))
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join("models").join(name)
    }

    /// The command lines that the engine was started with for this model.
    fn starts(&self, model: &str) -> Vec<String> {
        let text = std::fs::read_to_string(self.file(&format!("{model}.gguf.started"))).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }
}

#[tokio::test]
async fn it_starts_on_first_use_and_shows_its_loading() {
    let setup = setup(&[("m", "slow load")], |_| {}).await;
    assert_eq!(setup.models.engine_state(), EngineState::Off);
    assert_eq!(setup.starts("m").len(), 0, "lazily");
    let mut events = setup.models.events();
    let (text, deltas) = setup.ask("m", "hi").await.unwrap();
    assert_eq!(text, "Hello world");
    let loading: Vec<_> = deltas
        .iter()
        .filter_map(|delta| match delta {
            Delta::Loading { done, total } => Some((*done, *total)),
            _ => None,
        })
        .collect();
    assert!(loading.iter().any(|(done, total)| *done > 0 && *total == 500), "{loading:?}");
    assert!(loading.is_sorted_by_key(|(done, total)| if *total == 500 { *done } else { 0 }), "{loading:?}");
    let mut seen = Vec::new();
    while let Ok(event) = events.try_recv() {
        if let ModelsEvent::Engine(state) = event {
            seen.push(state);
        }
    }
    assert!(matches!(seen.first(), Some(EngineState::Loading { model, .. }) if model == "m"), "{seen:?}");
    assert!(matches!(seen.last(), Some(EngineState::Ready { tokens_per_second: Some(_), .. })), "{seen:?}");
    let line = &setup.starts("m")[0];
    assert!(line.contains("--exit-with-stdin") && line.contains("--context 2048"), "{line}");

    setup.ask("m", "hi").await.unwrap();
    assert_eq!(setup.starts("m").len(), 1, "one process for all");
    let model = setup.models.chat_model(Some("m")).await.unwrap();
    assert_eq!(model.count_tokens(&prompt("three little words")).await.unwrap(), 3);
    assert_eq!(model.card().engine, "atelier-engine 9.9.9");
    assert!(setup.models.view().models[0].tokens_per_second.is_some());
    setup.models.shutdown().await;
    assert_eq!(setup.models.engine_state(), EngineState::Off);
    assert!(matches!(setup.ask("m", "hi").await, Err(ModelError::Closed)));
    assert_eq!(setup.gate.totals().sent_today, 0);
}

#[tokio::test]
async fn a_crash_is_told_and_the_next_use_starts_it_anew() {
    let setup = setup(&[("m", "")], |_| {}).await;
    setup.ask("m", "hi").await.unwrap();
    let error = setup.ask("m", "crash").await.unwrap_err();
    let ModelError::EngineCrashed { how, last, log } = &error else { panic!("{error:?}") };
    assert!(how.contains("signal") || how.contains("exit code"), "{how}");
    assert!(last.contains("starting with") && Path::new(log).is_file(), "{last}");
    let EngineState::Crashed { fault } = setup.models.engine_state() else { panic!() };
    assert_eq!(fault.code, "engine.crashed");
    assert_eq!(setup.ask("m", "hi").await.unwrap().0, "Hello world");
    assert_eq!(setup.starts("m").len(), 2);
    setup.models.shutdown().await;
}

#[tokio::test]
async fn it_is_left_alone_after_a_few_crashes_until_something_changes() {
    let setup = setup(&[("m", "crash at once")], |config| config.max_crashes = 2).await;
    for _ in 0..2 {
        let error = setup.ask("m", "hi").await.unwrap_err();
        let fault = error.fault();
        assert_eq!(fault.code, "engine.crashed");
        assert_eq!(fault.values["how"], "exit code 7");
        assert!(fault.values["last"].contains("cannot go on"));
    }
    assert_eq!(setup.ask("m", "hi").await.unwrap_err().fault().code, "engine.unstable");
    assert_eq!(setup.starts("m").len(), 2);
    std::fs::write(setup.file("m.gguf.script"), "").unwrap();
    setup.models.choose(Some("m".into())).await.unwrap();
    assert_eq!(setup.ask("m", "hi").await.unwrap().0, "Hello world");
    setup.models.shutdown().await;
}

#[tokio::test]
async fn crashes_with_answers_between_them_are_not_in_a_row() {
    let setup = setup(&[("m", "")], |config| config.max_crashes = 2).await;
    for _ in 0..4 {
        assert_eq!(setup.ask("m", "crash").await.unwrap_err().fault().code, "engine.crashed");
        assert_eq!(setup.ask("m", "hi").await.unwrap().0, "Hello world");
    }
    setup.models.shutdown().await;
}

#[tokio::test]
async fn an_engine_that_hangs_is_ended_and_started_again() {
    // One that only sends signs of life: an answer without progress shows it.
    let setup = setup(&[("m", "")], |config| config.answer_patience = Duration::from_millis(400)).await;
    let fault = setup.ask("m", "hang").await.unwrap_err().fault();
    assert_eq!(fault.code, "engine.crashed", "{fault}");
    assert!(fault.values["how"].contains("did not answer"), "{fault}");
    assert_eq!(setup.ask("m", "hi").await.unwrap().0, "Hello world");
    assert_eq!(setup.starts("m").len(), 2);
    setup.models.shutdown().await;

    // One that does nothing any more: it is asked whether it lives.
    let setup = self::setup(&[("m", "")], |config| config.pulse = Duration::from_millis(400)).await;
    setup.ask("m", "hi").await.unwrap();
    sleep(Duration::from_millis(1500)).await;
    assert_eq!(setup.starts("m").len(), 1, "one that lives is let be");
    assert_eq!(setup.ask("m", "freeze").await.unwrap().0, "Hello world");
    until(|| matches!(setup.models.engine_state(), EngineState::Crashed { .. })).await;
    assert_eq!(setup.ask("m", "hi").await.unwrap().0, "Hello world");
    assert_eq!(setup.starts("m").len(), 2);
    setup.models.shutdown().await;
}

#[tokio::test]
async fn what_cannot_start_or_load_says_why() {
    let setup = setup(&[("nonsense", "talk nonsense"), ("cannot", "cannot load")], |_| {}).await;
    assert_eq!(setup.ask("nonsense", "hi").await.unwrap_err().fault().code, "engine.start");
    let fault = setup.ask("cannot", "hi").await.unwrap_err().fault();
    assert_eq!(fault.code, "engine.load");
    assert!(fault.message.contains("the architecture is not known"), "{fault}");
    assert!(fault.kind != FaultKind::Damaged, "the file is whole");
    assert_eq!(setup.models.engine_state(), EngineState::Refused { fault });
    setup.models.shutdown().await;

    let missing = setup_with_no_engine().await;
    assert_eq!(missing.ask("m", "hi").await.unwrap_err().fault().code, "engine.start");
    missing.models.shutdown().await;
}

async fn setup_with_no_engine() -> Setup {
    setup(&[("m", "")], |config| config.engine = "/no/such/engine".into()).await
}

#[tokio::test]
async fn another_model_waits_for_the_running_answer_and_then_replaces_it() {
    let setup = setup(&[("a", ""), ("b", "")], |_| {}).await;
    setup.ask("a", "hi").await.unwrap();
    let (slow, other) = tokio::join!(setup.ask("a", "slow"), async {
        sleep(Duration::from_millis(50)).await;
        setup.ask("b", "hi").await
    });
    assert_eq!(slow.unwrap().0, "ab", "the running answer was not cut");
    assert_eq!(other.unwrap().0, "Hello world");
    assert_eq!((setup.starts("a").len(), setup.starts("b").len()), (1, 1));
    assert!(matches!(setup.models.engine_state(), EngineState::Ready { model, .. } if model == "b"));
    setup.models.shutdown().await;
}

#[tokio::test]
async fn it_gives_its_memory_back_when_idle() {
    let setup = setup(&[("m", "")], |config| config.unload_after = Duration::from_millis(300)).await;
    let begun = Instant::now();
    let (slow, ()) = tokio::join!(setup.ask("m", "slow"), async {
        sleep(Duration::from_millis(450)).await;
    });
    slow.unwrap(); // longer than the idle time, and not cut
    assert!(begun.elapsed() > Duration::from_millis(400));
    until(|| setup.models.engine_state() == EngineState::Off).await;
    setup.ask("m", "hi").await.unwrap();
    assert_eq!(setup.starts("m").len(), 2);
    setup.models.shutdown().await;
}

#[tokio::test]
async fn what_does_not_fit_is_refused_before_it_is_loaded() {
    let setup = setup(&[("m", "")], |config| config.headroom = 1 << 60).await;
    let view = &setup.models.view().models[0];
    assert!(!view.fits && view.memory > view.bytes);
    let fault = setup.ask("m", "hi").await.unwrap_err().fault();
    assert_eq!(fault.code, "model.memory");
    assert!(fault.values["free_mb"].parse::<u64>().unwrap() > 0);
    assert_eq!(setup.starts("m").len(), 0);
    // Nothing has crashed: the reason is told, not that it starts again.
    assert_eq!(setup.models.engine_state(), EngineState::Refused { fault });
    setup.models.shutdown().await;
}

#[tokio::test]
async fn an_engine_that_does_not_quit_is_killed_and_stopping_while_loading_is_quick() {
    let setup = setup(&[("deaf", "ignore stdin"), ("slow", "slow load")], |_| {}).await;
    setup.ask("deaf", "hi").await.unwrap();
    let begun = Instant::now();
    setup.models.shutdown().await;
    assert!(begun.elapsed() < Duration::from_secs(5));

    let setup = self::setup(&[("slow", "slow load")], |_| {}).await;
    let model = setup.models.chat_model(Some("slow")).await.unwrap();
    let stop = CancellationToken::new();
    let mut stream = model.chat(prompt("hi"), stop.clone()).await.unwrap();
    while !matches!(stream.next().await, Some(Ok(Delta::Loading { total: 500, .. }))) {}
    stop.cancel();
    let rest: Vec<_> = stream.collect().await;
    assert!(matches!(rest.last(), Some(Ok(Delta::Done { finish: Finish::Cancelled, .. }))), "{rest:?}");
    assert_eq!(setup.ask("slow", "hi").await.unwrap().0, "Hello world");
    assert_eq!(setup.starts("slow").len(), 1, "the start that had begun went on");
    setup.models.shutdown().await;
}

#[tokio::test]
async fn embedding_models_share_the_process() {
    let setup = setup(&[("m", "")], |_| {}).await;
    gguf_file::write_encoder(&setup.file("mini"), 3);
    let embedder = setup.models.embedder().unwrap();
    assert!(embedder.id().starts_with("mini@") && embedder.dims() == 3);
    contract::embedder(&*embedder).await;
    let texts: Vec<_> = (1..=40).map(|n| "x".repeat(n)).collect();
    let vectors = embedder.embed(texts).await.unwrap();
    assert_eq!(vectors.len(), 40);
    assert!(vectors.iter().enumerate().all(|(at, vector)| vector[0] == (at + 1) as f32), "in their order");
    setup.ask("m", "hi").await.unwrap();
    let line = setup.starts("m").pop().unwrap();
    assert!(line.contains("--model") && line.contains("--embedding"), "{line}");
    embedder.embed(vec!["again".into()]).await.unwrap();
    assert_eq!(setup.starts("m").len(), 1, "no change of models between a search and its answer");
    setup.models.shutdown().await;
}

#[tokio::test]
async fn what_the_engine_does_not_run_is_told_and_never_taken_by_itself() {
    let setup = setup(&[("a", "not for this engine"), ("b", "crash when inspected"), ("c", "tools")], |_| {}).await;
    let mut events = setup.models.events();
    let model = setup.models.chat_model(None).await.unwrap();
    assert_eq!((model.card().id.as_str(), model.card().tools), ("c", true), "the engine's word counts");
    // That others would have come first is told, once.
    setup.models.chat_model(None).await.unwrap();
    let mut passed = Vec::new();
    while let Ok(event) = events.try_recv() {
        if let ModelsEvent::Trouble(fault) = event {
            assert!(
                fault.code == "model.passed_over" && fault.values["model"] == "c" && fault.hint.is_some(),
                "{fault}"
            );
            passed.push(fault.values["passed"].clone());
        }
    }
    assert_eq!(passed, ["a", "b"]);
    let view = setup.models.view().models;
    for (model, fault) in view.iter().zip([Some("gemma3"), Some("header"), None]) {
        let told = model.fault.as_ref().map(|fault| (fault.code.as_str(), fault.message.clone()));
        assert_eq!(told.as_ref().map(|(code, _)| *code), fault.map(|_| "model.unsupported"), "{}", model.id);
        assert!(fault.is_none_or(|word| told.unwrap().1.contains(word)), "{}", model.id);
        assert_eq!(model.chosen, fault.is_none(), "{}", model.id);
    }
    for id in ["a", "b"] {
        assert_eq!(setup.ask(id, "hi").await.unwrap_err().fault().code, "model.unsupported");
        assert_eq!(setup.models.choose(Some(id.into())).await.unwrap_err().fault().code, "model.unsupported");
        assert_eq!(setup.starts(id).len(), 0);
    }
    setup.models.choose(None).await.unwrap();
    // One from elsewhere is refused before it is copied.
    let elsewhere = setup.dir.path().join("gemma.gguf");
    gguf_file::write(&elsewhere, "gemma");
    std::fs::write(setup.dir.path().join("gemma.gguf.script"), "not for this engine").unwrap();
    let fault = setup.models.add(&elsewhere).await.unwrap_err().fault();
    assert!(fault.code == "model.unsupported" && fault.hint.is_some(), "{fault}");
    assert!(!setup.file("gemma.gguf").exists());
    // Alone in the folder it is the reason why nothing answers.
    for id in ["b", "c"] {
        std::fs::remove_file(setup.file(&format!("{id}.gguf"))).unwrap();
    }
    assert_eq!(setup.models.chat_model(None).await.err().unwrap().fault().code, "model.unsupported");
    setup.models.shutdown().await;
}

#[tokio::test]
async fn a_bad_embedding_model_leaves_chats_alone() {
    let setup = setup(&[("m", "")], |_| {}).await;
    gguf_file::write_encoder(&setup.file("aaa"), 3);
    std::fs::write(setup.file("aaa/config.json"), r#"{"model_type":"t5","hidden_size":3}"#).unwrap();
    let view = setup.models.view().models.remove(0);
    assert_eq!((view.id.as_str(), view.fault.unwrap().code.as_str()), ("aaa", "model.unsupported"));
    assert!(setup.models.embedder().is_none());
    gguf_file::write_encoder(&setup.file("abc"), 3);
    gguf_file::write_encoder(&setup.file("all-MiniLM-L6-v2"), 3);
    let embedder = setup.models.embedder().unwrap();
    assert!(embedder.id().starts_with("all-MiniLM-L6-v2@"), "the one that comes with Atelier first");
    // It is not the published one, so it embeds nothing; the chat model is started without it.
    assert_eq!(embedder.embed(vec!["x".into()]).await.unwrap_err().fault().code, "model.altered");
    assert_eq!(setup.ask("m", "hi").await.unwrap().0, "Hello world");
    let line = setup.starts("m").pop().unwrap();
    assert!(!line.contains("--embedding"), "{line}");
    setup.models.shutdown().await;
}

async fn until(done: impl Fn() -> bool) {
    for _ in 0..1000 {
        if done() {
            return;
        }
        sleep(Duration::from_millis(10)).await;
    }
    panic!("it did not happen");
}

#[tokio::test]
async fn it_keeps_the_promises_of_every_chat_model() {
    let setup = setup(&[("m", "")], |_| {}).await;
    let model = setup.models.chat_model(Some("m")).await.unwrap();
    contract::chat_model(&*model, "hi", "endless").await;
    setup.models.shutdown().await;
}
