//! The whole way with the real engine and the real starter models: `ATELIER_ENGINE` names the program
//! and `ATELIER_MODELS` the models folder; else they are where the build and `cargo xtask setup` put them.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test may fail loudly, also in its helpers

mod contract;
mod tiny_ranker;

use egress::{Errand, Gate};
use futures::{FutureExt, StreamExt};
use models::*;
use protocol::EngineState;
use std::{
    env,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio_util::sync::CancellationToken;

const STARTER: &str = "SmolLM2-135M-Instruct.Q4_1";
const EMBEDDING: &str = "all-MiniLM-L6-v2";

/// The program and the models folder. Without them a test is skipped on a person's machine and fails
/// where everything is checked (`CI`): a test that never runs keeps no promise.
fn real() -> Option<(PathBuf, PathBuf)> {
    let named = |name: &str| env::var_os(name).map(PathBuf::from);
    // The test stands in `debug/deps`, the programs of the build in `debug`.
    let deps = env::current_exe().unwrap();
    let built = deps.ancestors().nth(2).unwrap().join(format!("atelier-engine{}", env::consts::EXE_SUFFIX));
    let engine = named("ATELIER_ENGINE").unwrap_or(built);
    let folder = named("ATELIER_MODELS").unwrap_or_else(|| data().join("models"));
    let missing = [engine.clone(), folder.join(format!("{STARTER}.gguf")), folder.join(EMBEDDING)]
        .into_iter()
        .find(|path| !path.exists());
    let Some(missing) = missing else { return Some((engine, folder)) };
    let why = format!("{} is missing: cargo xtask setup, cargo build -p engine", missing.display());
    assert!(env::var_os("CI").is_none(), "{why}");
    eprintln!("skipped: {why}");
    None
}

/// The folder that `cargo xtask setup` fills for this user.
fn data() -> PathBuf {
    let dir = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = || dir("HOME").unwrap_or_default();
    match dir("XDG_DATA_HOME") {
        _ if cfg!(windows) => dir("LOCALAPPDATA").unwrap_or_default().join("Atelier"),
        Some(xdg) => xdg.join("atelier"),
        None if cfg!(target_os = "macos") => home().join("Library/Application Support/Atelier"),
        None => home().join(".local/share/atelier"),
    }
}

async fn open() -> Option<(tempfile::TempDir, Models)> {
    let (engine, folder) = real()?;
    let logs = tempfile::tempdir().unwrap();
    let models = open_at(engine, folder, logs.path()).await;
    Some((logs, models))
}

async fn open_at(engine: PathBuf, folder: PathBuf, logs: &Path) -> Models {
    let gate = Gate::new(Arc::new(|_| async { Err("nothing may go out".to_owned()) }.boxed()));
    gate.set_sealed(true);
    Models::open(ModelsConfig::new(folder, engine, logs), gate).await.unwrap()
}

fn prompt(words: &str, max_tokens: u32) -> Prompt {
    Prompt {
        messages: vec![Message::new(Role::System, "You answer briefly."), Message::new(Role::User, words)],
        tools: Vec::new(),
        sampling: Sampling { max_tokens, seed: Some(1), ..Sampling::default() },
        errand: Errand::atelier("a test"),
    }
}

async fn ask(model: &dyn ChatModel, words: &str) -> (String, Delta) {
    let mut stream = model.chat(prompt(words, 24), CancellationToken::new()).await.unwrap();
    let (mut text, mut last) = (String::new(), None);
    while let Some(delta) = stream.next().await {
        let delta = delta.unwrap();
        if let Delta::Text(more) = &delta {
            text.push_str(more);
        }
        last = Some(delta);
    }
    (text, last.unwrap())
}

#[tokio::test]
async fn the_starter_model_answers_counts_and_stops() {
    let Some((_logs, models)) = open().await else { return };
    let model = models.chat_model(Some(STARTER)).await.unwrap();
    assert_eq!(model.card().sha256.len(), 64);
    assert!(models.view().models.iter().any(|view| view.id == STARTER && view.starter && view.fault.is_none()));

    let (text, end) = ask(&*model, "What is the capital of France?").await;
    assert!(!text.trim().is_empty());
    let Delta::Done { prompt_tokens, completion_tokens, tokens_per_second, ttft, .. } = end else { panic!("{end:?}") };
    eprintln!(
        "{text:?}: {prompt_tokens} + {completion_tokens} tokens, {tokens_per_second:?} tokens/s, first after {ttft:?}"
    );
    assert!(prompt_tokens > 5 && (1..=24).contains(&completion_tokens) && tokens_per_second.unwrap() > 0.1);
    let counted = model.count_tokens(&prompt("What is the capital of France?", 24)).await.unwrap();
    assert_eq!(counted, prompt_tokens, "counting is the engine's own");
    assert_eq!(ask(&*model, "What is the capital of France?").await.0, text, "greedy answers repeat");

    let stop = CancellationToken::new();
    let mut stream = model.chat(prompt("Count to a thousand.", 400), stop.clone()).await.unwrap();
    while !matches!(stream.next().await, Some(Ok(Delta::Text(_)))) {}
    stop.cancel();
    let rest: Vec<_> = stream.collect().await;
    assert!(matches!(rest.last(), Some(Ok(Delta::Done { finish: Finish::Cancelled, .. }))), "{rest:?}");

    assert!(matches!(models.engine_state(), EngineState::Ready { tokens_per_second: Some(_), .. }));
    models.shutdown().await;
    assert_eq!(models.engine_state(), EngineState::Off);
}

#[tokio::test]
async fn the_embedding_model_embeds() {
    let Some((_logs, models)) = open().await else { return };
    let embedder = models.embedder().unwrap();
    let texts = ["a cat sits on the mat", "a kitten lies on a rug", "interest rates rose by two percent"];
    let vectors = embedder.embed(texts.map(str::to_owned).to_vec()).await.unwrap();
    assert!(vectors.iter().all(|vector| vector.len() == embedder.dims()));
    let cosine = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    let (near, far) = (cosine(&vectors[0], &vectors[1]), cosine(&vectors[0], &vectors[2]));
    assert!(near > far + 0.2, "{near} {far}");
    // Bigger than a batch, and a question right behind it.
    let many: Vec<_> = (0..70).map(|n| format!("sentence number {n}")).collect();
    assert_eq!(tokio::time::timeout(Duration::from_secs(120), embedder.embed(many)).await.unwrap().unwrap().len(), 70);
    models.shutdown().await;
}

#[tokio::test]
async fn the_starter_models_keep_the_promises_of_all() {
    let Some((_logs, models)) = open().await else { return };
    let model = models.chat_model(Some(STARTER)).await.unwrap();
    contract::chat_model(&*model, "What is the capital of France?", "Tell a long story about a house.").await;
    contract::embedder(&*models.embedder().unwrap()).await;
    models.shutdown().await;
}

#[tokio::test]
async fn a_copy_of_the_starter_model_is_that_model_or_none() {
    let Some((engine, folder)) = real() else { return };
    let dir = tempfile::tempdir().unwrap();
    let place = |name: &str| dir.path().join(name);
    let source = folder.join(format!("{STARTER}.gguf"));
    let models = open_at(engine.clone(), place("models"), dir.path()).await;
    let added = models.add(&source).await.unwrap();
    assert!(added.starter && added.chosen, "{added:?}");

    let mut bytes = std::fs::read(&source).unwrap();
    let middle = bytes.len() / 2;
    for byte in &mut bytes[middle..middle + 8] {
        *byte ^= 0x5a;
    }
    std::fs::create_dir(place("other")).unwrap();
    for bad in [place("renamed.gguf"), place("other").join(format!("{STARTER}.gguf"))] {
        std::fs::write(&bad, &bytes).unwrap();
        let fault = models.add(&bad).await.unwrap_err().fault();
        assert_eq!((fault.code.as_str(), &fault.values["file"]), ("model.altered", &bad.display().to_string()));
    }
    assert!(models.verify(STARTER).await.is_ok(), "the right one was overwritten");

    std::fs::copy(&source, place("copy.gguf")).unwrap();
    models.add(place("copy.gguf")).await.unwrap();
    let marked = |view: &protocol::ModelsView| {
        view.models.iter().filter(|model| model.starter).map(|model| model.id.clone()).collect::<Vec<_>>()
    };
    assert_eq!(marked(&models.view()), [STARTER]);
    // Whoever asks, and in whichever run: one file, one figure.
    let again = open_at(engine, place("models"), dir.path()).await;
    let listed = again.told_view().await.unwrap();
    assert_eq!((marked(&listed), listed.models.len()), (vec![STARTER.to_owned()], 2));
    assert!(listed.models.iter().all(|model| model.memory == added.memory), "{listed:?}");
    models.shutdown().await;
    again.shutdown().await;
}

#[tokio::test]
async fn a_reranker_of_this_machine_scores_texts_in_their_order() {
    let Some((engine, _)) = real() else { return };
    let dir = tempfile::tempdir().unwrap();
    tiny_ranker::write(&dir.path().join("models/tiny-ranker"));
    let models = open_at(engine, dir.path().join("models"), dir.path()).await;
    let view = models.view().models.remove(0);
    assert_eq!((view.purpose, view.fault), (protocol::ModelUse::Reranking, None));
    assert!(models.embedder().is_none(), "what ranks makes no vectors");
    let reranker = models.reranker().unwrap();
    assert_eq!(reranker.id(), "tiny-ranker");
    let texts = tiny_ranker::WORDS.map(str::to_owned).to_vec();
    let scores = reranker.rank("notice period", &texts).await.unwrap();
    assert_eq!(scores.len(), texts.len());
    let distinct: std::collections::BTreeSet<String> = scores.iter().map(|score| format!("{score:.4}")).collect();
    assert!(distinct.len() > texts.len() / 2, "{scores:?}");
    let backwards: Vec<String> = texts.iter().rev().cloned().collect();
    let again = reranker.rank("notice period", &backwards).await.unwrap();
    for (a, b) in scores.iter().zip(again.iter().rev()) {
        assert!((a - b).abs() < 1e-3, "a text's score does not depend on its place: {scores:?} {again:?}");
    }
    assert!(reranker.rank("", &texts).await.is_err(), "the engine's refusal is an error");
    models.shutdown().await;
}
