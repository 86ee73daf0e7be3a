//! Killed at any instant: every acknowledged write is there, the unfinished answer is kept so far.
//!
//! A child process (this test binary itself) writes and says what was acknowledged; the parent
//! kills it and looks. `ATELIER_SOAK=1` makes it 200 kills.
#![allow(clippy::unwrap_used)] // the helpers of tests, where clippy does not see that they are
#![cfg(unix)] // kill means SIGKILL

mod common;
use common::*;
use protocol::*;
use rand::Rng;
use std::{
    collections::HashMap,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, Stdio},
    time::Duration,
};
use store::Store;

const DIR: &str = "ATELIER_KILL_DIR";
const PURGE_DIR: &str = "ATELIER_KILL_PURGE_DIR";

/// What the child says once it is acknowledged.
enum Said {
    Question(ItemId),
    Started(ItemId),
    /// The length of the text so far.
    SoFar(ItemId, usize),
    Ended(ItemId),
}

/// Not a test: the child's work, until it is killed.
#[tokio::test]
async fn child() {
    let Some(dir) = std::env::var_os(DIR) else { return };
    let store = try_open(Path::new(&dir)).await.unwrap().store;
    let agent = match store.agents().await.unwrap().first() {
        Some(agent) => agent.id,
        None => {
            let agent = AgentId::new();
            store.record(&person(&store), agent_added(agent)).await.unwrap();
            agent
        }
    };
    let chat = ChatId::new();
    let title = String::new();
    store.record(&person(&store), store::Change::ChatStarted { chat, agent, title }).await.unwrap();
    let mut parent = None;
    for n in 0..10_000 {
        let question = ask(&store, chat, parent, &format!("question {n}")).await;
        say(format_args!("question {question}"));
        let answer = begin(&store, agent, chat, question).await;
        say(format_args!("started {answer}"));
        let mut text = String::new();
        for _ in 0..n % 5 {
            text.push_str(&"word ".repeat(40));
            store.checkpoint(answer, &text).await.unwrap();
            say(format_args!("sofar {answer} {}", text.len()));
        }
        if n % 7 != 6 {
            store.record(&person(&store), end(answer, &text)).await.unwrap();
            say(format_args!("ended {answer}"));
        }
        parent = Some(answer);
    }
}

fn say(what: std::fmt::Arguments) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "@ {what}").and_then(|()| out.flush()).unwrap();
}

fn said(line: &str) -> Option<Said> {
    let mut words = line.split_once("@ ")?.1.split_whitespace();
    Some(match (words.next()?, words.next()?.parse().ok()?) {
        ("question", item) => Said::Question(item),
        ("started", item) => Said::Started(item),
        ("sofar", item) => Said::SoFar(item, words.next()?.parse().ok()?),
        ("ended", item) => Said::Ended(item),
        _ => return None,
    })
}

#[allow(clippy::disallowed_methods)] // the child is this very test
fn spawn(part: &str, variable: &str, dir: &Path) -> Child {
    std::process::Command::new(std::env::current_exe().unwrap())
        .args([part, "--exact", "--nocapture"])
        .env(variable, dir)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Not a test: the child's purges, until it is killed.
#[tokio::test]
async fn purging_child() {
    let Some(dir) = std::env::var_os(PURGE_DIR) else { return };
    let store = try_open(Path::new(&dir)).await.unwrap().store;
    let actor = person(&store);
    for _ in 0..1_000 {
        let id = DocumentId::new();
        let text = format!("{SECRET} {id}");
        let blob = store.blobs().put_bytes(text.clone().into_bytes()).await.unwrap();
        store.record(&actor, document(id, &text, &blob.hash)).await.unwrap();
        store.record(&actor, store::Change::DocumentRemoved { document: id }).await.unwrap();
        say(format_args!("purging {id}"));
        store.purge_document(&actor, id, false).await.unwrap();
        store.erase().await.unwrap();
        store.words_erased(&[id]).await.unwrap();
    }
}

/// Words that stand nowhere else.
const SECRET: &str = "zirkonium-vermaechtnis";

/// Whether a file under a folder holds these words.
fn held(dir: &Path, words: &str) -> bool {
    std::fs::read_dir(dir).unwrap().flatten().any(|entry| match entry.path() {
        path if path.is_dir() => held(&path, words),
        path => std::fs::read(path).unwrap().windows(words.len()).any(|window| window == words.as_bytes()),
    })
}

/// Killed at any instant of a purge: the next start finishes it, or the document is there whole.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_purge_is_finished() {
    if std::env::var_os(PURGE_DIR).is_some() || std::env::var_os(DIR).is_some() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    for kill in 0..kills() / 2 {
        let path = dir.path().to_owned();
        let work = move || {
            let mut child = spawn("purging_child", PURGE_DIR, &path);
            let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
            drop(lines.by_ref().map_while(Result::ok).find(|line| line.contains("@ purging")));
            std::thread::sleep(Duration::from_micros(rand::rng().random_range(0..60_000)));
            child.kill().unwrap();
            child.wait().unwrap();
        };
        tokio::task::spawn_blocking(work).await.unwrap();
        let store = open(dir.path()).await;
        let owed = store.words_owed().await.unwrap();
        store.words_erased(&owed).await.unwrap();
        let removed = store.removed().await.unwrap().documents;
        // What is left was not purged yet, and is whole.
        for document in &removed {
            assert!(document.name.contains(SECRET), "kill {kill}");
            store.purge_document(&person(&store), document.document, false).await.unwrap();
        }
        for left in store.documents().await.unwrap() {
            store.record(&person(&store), store::Change::DocumentRemoved { document: left.id }).await.unwrap();
            store.purge_document(&person(&store), left.id, false).await.unwrap();
        }
        store.erase().await.unwrap();
        assert!(store.verify(store.home().workspace).await.unwrap().intact, "kill {kill}");
        store.close().await;
        drop(store);
        // At most the one blob whose record never came.
        let blobs = dir.path().join("blobs");
        let shards = std::fs::read_dir(&blobs).into_iter().flatten().flatten();
        let files = shards.filter_map(|shard| std::fs::read_dir(shard.path()).ok()).map(|files| files.count());
        assert!(files.sum::<usize>() <= 1, "kill {kill}");
        let _ = std::fs::remove_dir_all(&blobs);
        assert!(!held(dir.path(), SECRET), "kill {kill}");
    }
}

/// How often the child is killed.
fn kills() -> u32 {
    if std::env::var_os("ATELIER_SOAK").is_some() { 200 } else { 12 }
}

/// Lets the child work for a while, kills it, and returns what it had said.
fn run_and_kill(dir: &Path, rng: &mut impl Rng) -> Vec<Said> {
    let mut child = spawn("child", DIR, dir);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut heard = Vec::new();
    // Most kills hit it at work, some while it opens the workspace.
    if rng.random_range(0..4) > 0 {
        for line in lines.by_ref().map_while(Result::ok) {
            heard.extend(said(&line));
            if !heard.is_empty() {
                break;
            }
        }
    }
    std::thread::sleep(Duration::from_micros(rng.random_range(0..120_000)));
    child.kill().unwrap();
    child.wait().unwrap();
    // What was still in the pipe had been acknowledged as well.
    heard.extend(lines.map_while(Result::ok).filter_map(|line| said(&line)));
    heard
}

/// Everything that was ever said is there.
async fn holds(store: &Store, heard: &[Said]) {
    let mut so_far: HashMap<ItemId, usize> = HashMap::new();
    let mut ended = HashMap::new();
    for said in heard {
        match said {
            Said::Question(item) => assert_eq!(store.item(*item).await.unwrap().kind, ItemKind::Question),
            Said::Started(item) => drop(so_far.insert(*item, 0)),
            Said::SoFar(item, length) => drop(so_far.insert(*item, *length)),
            Said::Ended(item) => drop(ended.insert(*item, ())),
        }
    }
    for (item, length) in so_far {
        let view = store.item(item).await.unwrap();
        assert!(view.text.len() >= length, "{} of {length} bytes are left", view.text.len());
        match (ended.contains_key(&item), &view.status) {
            (true, ItemStatus::Complete) | (false, ItemStatus::Complete | ItemStatus::Interrupted) => {}
            (was_ended, status) => panic!("ended: {was_ended}, found {status:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost() {
    if std::env::var_os(DIR).is_some() {
        return;
    }
    let kills = kills();
    let mut dir = tempfile::tempdir().unwrap();
    let (mut questions, mut interrupted) = (0, 0);
    for kill in 0..kills {
        if kill % 20 == 0 {
            // Now and then from the start, so that kills hit the making of a workspace too.
            dir = tempfile::tempdir().unwrap();
        }
        let path = dir.path().to_owned();
        let heard = tokio::task::spawn_blocking(move || run_and_kill(&path, &mut rand::rng())).await.unwrap();
        let opened = try_open(dir.path()).await.unwrap_or_else(|error| panic!("kill {kill}: {error}"));
        let odd: Vec<_> = opened.notices.iter().filter(|fault| fault.code != "store.interrupted").collect();
        assert!(odd.is_empty(), "kill {kill}: {odd:?}");
        holds(&opened.store, &heard).await;
        let report = opened.store.verify(opened.store.home().workspace).await.unwrap();
        assert!(report.intact, "kill {kill}: {report:?}");
        questions += heard.iter().filter(|said| matches!(said, Said::Question(_))).count();
        interrupted += opened.notices.len();
        opened.store.close().await;
    }
    println!("{kills} kills, {questions} acknowledged questions, {interrupted} starts found an unfinished answer");
    assert!(questions > 0, "no kill hit it at work");
}
