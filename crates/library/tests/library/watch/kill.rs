//! Killed at any instant while a folder changes, nothing is lost and nothing is doubled.

use super::*;
use protocol::Actor;
use std::{collections::BTreeMap, io::BufRead, process::Stdio};
use store::{Keeping, Options, Store};

const DATA: &str = "ATELIER_TEST_WATCH_KILL_DATA";
const FILES: usize = 40;

async fn open(dir: &Path) -> (Store, Library) {
    let options = Options { keeping: Keeping::Files, ..Options::default() };
    let store = Store::open(dir.join("data"), options).await.unwrap().store;
    let library = library::LibraryConfig::new(dir.join("data/index"), vec![WORKER.into()]);
    let library = Library::open(store.clone(), library).await.unwrap();
    library.start_watching(config());
    (store, library)
}

/// The process that is killed. Without the variable it is no test.
#[tokio::test(flavor = "multi_thread")]
async fn the_one_that_is_killed() {
    let Some(dir) = std::env::var_os(DATA) else { return };
    let dir = Path::new(&dir).canonicalize().unwrap();
    let (store, library) = open(&dir).await;
    if library.folders().await.unwrap().is_empty() {
        let person = Actor::Person { member: store.home().member };
        library.watch_folder(&person, &dir.join("files")).await.unwrap();
    }
    library.look_again(None).await.unwrap();
    println!("\nwatching");
    tokio::time::sleep(Duration::from_secs(600)).await;
}

fn text(n: usize, version: u64) -> String {
    format!("# File {n}\n\nThe ocelot number{n} in version{version}. {}", "More of it. ".repeat(60))
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_or_doubled() {
    let dir = tempfile::tempdir().unwrap();
    let files = dir.path().join("files");
    let mut names: Vec<String> = (0..FILES).map(|n| format!("{n:02}.md")).collect();
    for (n, name) in names.iter().enumerate() {
        write(&files.join(name), &text(n, 0));
    }
    rest();
    let mut ids = BTreeMap::new();
    for round in 0..6_u64 {
        // A test process of its own, since a kill takes everything in it.
        #[allow(clippy::disallowed_methods)]
        let mut child = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "watch::kill::the_one_that_is_killed", "--nocapture"])
            .env(DATA, dir.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = std::io::BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap() == "watching"), "round {round}");
        // A third is edited, a third gets another name, while the other process reads.
        for (n, name) in names.iter_mut().enumerate() {
            match n % 3 {
                0 => write(&files.join(&name), &text(n, round + 1)),
                1 => {
                    let new = format!("round {round}/{n:02}.md");
                    fs::create_dir_all(files.join(format!("round {round}"))).unwrap();
                    fs::rename(files.join(&name), files.join(&new)).unwrap();
                    *name = new;
                }
                _ => {}
            }
        }
        std::thread::sleep(Duration::from_millis(60 + 170 * round));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    rest();
    for _ in 0..2 {
        let (store, library) = open(&dir.path().canonicalize().unwrap()).await;
        library.look_again(None).await.unwrap();
        tokio::time::timeout(Duration::from_secs(120), library.looked()).await.unwrap();
        tokio::time::timeout(Duration::from_secs(120), library.idle()).await.unwrap();
        let documents = store.documents().await.unwrap();
        assert_eq!(documents.len(), FILES, "each file once");
        assert_eq!(store.removed().await.unwrap().documents, [], "nothing was deleted");
        for document in documents {
            let name = document.name.trim_end_matches(".md");
            let n: usize = name.parse().unwrap();
            assert!(document.origin.ends_with(&names[n]), "{} is where its file is", document.origin);
            let version = if n.is_multiple_of(3) { 6 } else { 0 };
            assert_eq!(document.hash, blake3::hash(text(n, version).as_bytes()).to_hex().to_string());
            // The same documents after another start.
            assert_eq!(*ids.entry(n).or_insert(document.id), document.id);
            let reply = library.search(&find(&format!("number{n}"))).await.unwrap();
            assert_eq!(reply.hits.first().map(|hit| hit.name.clone()), Some(document.name));
        }
        assert!(store.verify(store.home().workspace).await.unwrap().intact);
        library.shutdown().await;
        store.close().await;
    }
}
