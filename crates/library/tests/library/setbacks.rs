//! What becomes of an import when the reader or the embedding model cannot go on.

use crate::common::*;
use async_trait::async_trait;
use library::{Embed, Library, LibraryEvent, Limits, SearchQuery};
use protocol::{DocumentState, SearchMode};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::sync::{Semaphore, broadcast::Receiver};

fn troubles(events: &mut Receiver<LibraryEvent>) -> Vec<String> {
    let mut codes = Vec::new();
    while let Ok(event) = events.try_recv() {
        if let LibraryEvent::Trouble(fault) = event {
            codes.push(fault.code);
        }
    }
    codes
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn without_its_reader_no_document_fails() {
    let here = Here::new().await;
    let files = here.folder(&[("a.md", "First of the walruses."), ("b.md", "Second of the walruses.")]);
    let worker = here.dir.path().join("worker");
    let library = here.open_worker(worker.clone().into(), Limits::default()).await;
    let mut events = library.events();
    library.import(&here.person, &[files]).await.unwrap();
    until("it says why it stands still", async || library.progress().stopped.is_some()).await;
    idle(&library).await;
    for document in here.store.documents().await.unwrap() {
        assert_eq!(document.state, DocumentState::Waiting, "{}", document.name);
    }
    let progress = library.progress();
    assert_eq!((progress.done, progress.failed, progress.total, progress.left_ms), (0, 0, 2, None));
    assert_eq!(progress.stopped.unwrap().code, "document.no_worker");
    assert_eq!(troubles(&mut events), ["document.no_worker"], "told once, tried often");

    std::os::unix::fs::symlink(WORKER, &worker).unwrap();
    until("it goes on by itself", async || {
        let documents = here.store.documents().await.unwrap();
        documents.iter().all(|document| matches!(document.state, DocumentState::Ready { .. }))
    })
    .await;
    assert_eq!(library.progress().stopped, None);
    library.shutdown().await;
}

/// What a parser says fills its pipe, long before the first answer.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_talks_a_lot_is_not_held_up() {
    use std::os::unix::fs::PermissionsExt;
    let here = Here::new().await;
    let files = here.folder(&[("a.md", "A single walrus.")]);
    let worker = here.dir.path().join("worker");
    std::fs::write(&worker, format!("#!/bin/sh\nhead -c 2000000 /dev/zero >&2\nexec '{WORKER}'\n")).unwrap();
    std::fs::set_permissions(&worker, std::fs::Permissions::from_mode(0o755)).unwrap();
    let library = here.open_worker(worker.into(), Limits::default()).await;
    library.import(&here.person, &[files]).await.unwrap();
    idle(&library).await;
    assert_eq!(library.search(&find("walrus")).await.unwrap().hits.len(), 1);
    library.shutdown().await;
}

/// A model that is away while told so, and that cannot read a passage with the word in it.
struct Difficult {
    away: AtomicBool,
    unreadable: &'static str,
    turns: Semaphore,
    asked: AtomicUsize,
}

impl Difficult {
    fn new(away: bool, unreadable: &'static str, turns: usize) -> Arc<Self> {
        Arc::new(Self {
            away: AtomicBool::new(away),
            unreadable,
            turns: Semaphore::new(turns),
            asked: AtomicUsize::new(0),
        })
    }
}

#[async_trait]
impl Embed for Difficult {
    fn id(&self) -> &str {
        "difficult"
    }
    fn dims(&self) -> usize {
        Letters.dims()
    }
    async fn embed(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, String> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.turns.acquire().await.map_err(|e| e.to_string())?.forget();
        if self.away.load(Ordering::Relaxed) {
            return Err("away".into());
        }
        if texts.iter().any(|text| text.contains(self.unreadable)) {
            return Err("unreadable".into());
        }
        Letters.embed(texts).await
    }
}

fn sections(words: &[&str]) -> String {
    let body = "The tenant may end the lease with ninety days of notice in writing. ".repeat(12);
    words.iter().map(|word| format!("## Part {word}\n\n{body}It is signed by {word}.\n\n")).collect()
}

async fn meaning(here: &Here, library: &Library) -> Vec<(String, DocumentState)> {
    idle(library).await;
    let mut documents: Vec<_> = here.store.documents().await.unwrap().into_iter().map(|d| (d.name, d.state)).collect();
    documents.sort_by(|a, b| a.0.cmp(&b.0));
    documents
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passage_that_the_model_cannot_read_holds_up_no_other() {
    let here = Here::new().await;
    let files = here.folder(&[
        ("a.md", &sections(&["one", "two", "poison", "three", "four"])),
        ("b.md", &sections(&["five", "six"])),
    ]);
    let library = here.open().await;
    let mut events = library.events();
    library.set_embedder(Some(Difficult::new(false, "poison", 1_000)));
    library.import(&here.person, &[files]).await.unwrap();
    let ready = |meaning| DocumentState::Ready { meaning };
    let expected = [("a.md".to_owned(), ready(false)), ("b.md".to_owned(), ready(true))];
    assert_eq!(meaning(&here, &library).await, expected);
    assert_eq!(troubles(&mut events), ["library.passages_without_meaning"]);
    let reply = library.search(&SearchQuery { mode: SearchMode::Vector, limit: 50, ..find("tenant") }).await.unwrap();
    let mut sections: Vec<_> = reply.hits.iter().filter_map(|hit| hit.section.as_deref()).collect();
    sections.sort_unstable();
    assert_eq!(sections, ["Part five", "Part four", "Part one", "Part six", "Part three", "Part two"]);
    let progress = library.progress();
    assert_eq!((progress.embedded, progress.passages), (0, 0), "nothing is left to wait for");
    library.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_is_away_is_asked_again() {
    let here = Here::new().await;
    let files = here.folder(&[("a.md", &sections(&["one", "two"]))]);
    let library = here.open().await;
    let mut events = library.events();
    let model = Difficult::new(true, "poison", 1_000);
    library.set_embedder(Some(model.clone()));
    library.import(&here.person, &[files]).await.unwrap();
    assert_eq!(meaning(&here, &library).await[0].1, DocumentState::Ready { meaning: false });
    assert_eq!(troubles(&mut events), ["library.no_meaning"]);
    model.away.store(false, Ordering::Relaxed);
    until("it is found by meaning", async || {
        here.store.documents().await.unwrap()[0].state == DocumentState::Ready { meaning: true }
    })
    .await;
    assert_eq!(troubles(&mut events), Vec::<String>::new());
    library.shutdown().await;
}

/// What a model is asked before its first passage: 36 questions one by one, and their answers in three languages.
const MEASURED: usize = 36 + 3;

#[tokio::test(flavor = "multi_thread")]
async fn embedding_is_counted_and_can_be_paused() {
    let here = Here::new().await;
    let words: Vec<String> = (0..40).map(|n| n.to_string()).collect();
    let files = here.folder(&[("a.md", &sections(&words.iter().map(String::as_str).collect::<Vec<_>>()))]);
    let library = here.open().await;
    let model = Difficult::new(false, "poison", MEASURED + 1);
    library.set_embedder(Some(model.clone()));
    library.import(&here.person, &[files]).await.unwrap();
    until("one batch is done and another begun", async || model.asked.load(Ordering::Relaxed) == MEASURED + 2).await;
    let progress = library.progress();
    assert_eq!(progress.embedded, 16);
    assert!(progress.passages >= 40 && progress.left_ms.is_some_and(|ms| ms > 0), "{progress:?}");

    library.pause(true);
    model.turns.add_permits(1);
    until("the batch that was begun is done", async || library.progress().embedded == 32).await;
    model.turns.add_permits(1_000);
    tokio::time::sleep(Duration::from_millis(300)).await;
    let paused = library.progress();
    assert_eq!((paused.embedded, paused.passages, paused.paused), (32, progress.passages, true));

    library.pause(false);
    assert_eq!(meaning(&here, &library).await[0].1, DocumentState::Ready { meaning: true });
    let progress = library.progress();
    assert_eq!((progress.embedded, progress.passages), (0, 0));
    library.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_models_scale_is_measured_once_and_where_it_was_away_later() {
    let here = Here::new().await;
    let files = here.folder(&[("a.md", &sections(&["one"]))]);
    let asked = |model: &Difficult| model.asked.load(Ordering::Relaxed);
    let library = here.open().await;
    let first = Difficult::new(true, "poison", 1_000);
    library.set_embedder(Some(first.clone()));
    idle(&library).await;
    assert_eq!(asked(&first), 0, "an empty workspace needs no scale");
    library.import(&here.person, &[files]).await.unwrap();
    until("it was asked in vain", async || asked(&first) > 0).await;
    first.away.store(false, Ordering::Relaxed);
    until("it is found by meaning", async || {
        here.store.documents().await.unwrap()[0].state == DocumentState::Ready { meaning: true }
    })
    .await;
    assert!(asked(&first) > MEASURED);
    library.shutdown().await;
    drop(library);

    let library = here.open().await;
    let again = Difficult::new(false, "poison", 1_000);
    library.set_embedder(Some(again.clone()));
    idle(&library).await;
    let found = library.search(&SearchQuery { mode: SearchMode::Vector, ..find("tenant") }).await.unwrap();
    assert_eq!((found.mode, found.hits.is_empty()), (SearchMode::Vector, false));
    assert_eq!(asked(&again), 1, "the query, and nothing that is known");
    library.shutdown().await;
}

/// What is left of the battery in percent; 0: there is the mains.
static BATTERY: std::sync::atomic::AtomicU8 = std::sync::atomic::AtomicU8::new(0);

fn supply() -> library::Supply {
    match BATTERY.load(Ordering::SeqCst) {
        0 => library::Supply::Mains,
        percent => library::Supply::Battery { percent },
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_low_battery_documents_are_read_and_meaning_waits_until_a_person_says_so() {
    let here = Here::new().await;
    let mut config = library::LibraryConfig::new(here.dir.path().join("index"), vec![WORKER.into()]);
    config.supply = supply;
    let library = Library::open(here.store.clone(), config).await.unwrap();
    library.set_embedder(Some(Arc::new(Letters)));
    BATTERY.store(20, Ordering::SeqCst);
    library.import(&here.person, &[here.folder(&[("a.md", "First of the walruses.")])]).await.unwrap();
    idle(&library).await;
    let hits = library.search(&find("walruses")).await.unwrap().hits;
    assert_eq!(hits.len(), 1, "found by its words");
    let progress = library.progress();
    let fault = progress.stopped.expect("it says why");
    assert_eq!((fault.code.as_str(), progress.embedded, progress.passages), ("library.low_battery", 0, 1));
    assert!(fault.message.contains("20 %") && !progress.paused && progress.left_ms.is_none());
    library.pause(false);
    until("it goes on", async || library.progress().stopped.is_none() && library.progress().passages == 0).await;
    assert_eq!(
        library.search(&SearchQuery { mode: SearchMode::Vector, ..find("walruses") }).await.unwrap().hits.len(),
        1
    );

    // Plugged in and out again, it is saved again.
    BATTERY.store(0, Ordering::SeqCst);
    library.import(&here.person, &[here.folder(&[("b.md", "Second of the walruses.")])]).await.unwrap();
    idle(&library).await;
    BATTERY.store(20, Ordering::SeqCst);
    library.import(&here.person, &[here.folder(&[("c.md", "Third of the walruses.")])]).await.unwrap();
    idle(&library).await;
    assert_eq!(library.progress().stopped.unwrap().code, "library.low_battery");
    library.shutdown().await;
}
