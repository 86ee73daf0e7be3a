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
fn spawn(dir: &Path) -> Child {
    std::process::Command::new(std::env::current_exe().unwrap())
        .args(["child", "--exact", "--nocapture"])
        .env(DIR, dir)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Lets the child work for a while, kills it, and returns what it had said.
fn run_and_kill(dir: &Path, rng: &mut impl Rng) -> Vec<Said> {
    let mut child = spawn(dir);
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
    let kills = if std::env::var_os("ATELIER_SOAK").is_some() { 200 } else { 12 };
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
