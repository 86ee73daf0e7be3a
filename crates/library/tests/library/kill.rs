//! Killed in the middle of an import, the library finishes it at the next start.

use crate::common::*;
use library::{Library, LibraryConfig};
use protocol::{Actor, DocumentState};
use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Stdio},
    time::Duration,
};
use store::{Keeping, Options, Store};

const DATA: &str = "ATELIER_TEST_KILL_DATA";
const FILES: usize = 30;
/// So many of them lie in an archive, which is unpacked while the process is killed.
const PACKED: usize = 12;

async fn open(dir: &Path) -> (Store, Library) {
    let options = Options { keeping: Keeping::Files, ..Options::default() };
    let store = Store::open(dir.join("data"), options).await.unwrap().store;
    let config = LibraryConfig::new(dir.join("data/index"), vec![WORKER.into()]);
    let library = Library::open(store.clone(), config).await.unwrap();
    (store, library)
}

/// The process that is killed: it imports until then. Without the variable it is no test.
#[tokio::test(flavor = "multi_thread")]
async fn the_one_that_is_killed() {
    let Some(dir) = std::env::var_os(DATA) else { return };
    let dir = Path::new(&dir);
    let (store, library) = open(dir).await;
    let person = Actor::Person { member: store.home().member };
    println!("\nopened");
    library.import(&person, &[dir.join("files")]).await.unwrap();
    println!("\nimported");
    library.idle().await;
    tokio::time::sleep(Duration::from_secs(600)).await;
}

/// A test process of its own, since a kill takes everything in it.
fn killable(dir: &Path) -> Child {
    #[allow(clippy::disallowed_methods)]
    std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "kill::the_one_that_is_killed", "--nocapture"])
        .env(DATA, dir)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Waits until it says so.
fn until(child: &mut Child, said: &str) {
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap() == said), "it never said {said}");
}

/// Not all of its files were even recorded yet.
#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_was_killed_while_files_came_in_goes_on() {
    const MANY: usize = 1_000;
    let dir = tempfile::tempdir().unwrap();
    let files = dir.path().join("files");
    fs::create_dir(&files).unwrap();
    for n in 0..MANY {
        fs::write(files.join(format!("{n:04}.md")), format!("File number{n} about ocelots.")).unwrap();
    }
    let recorded = async || {
        let options = Options { keeping: Keeping::Files, ..Options::default() };
        let store = Store::open(dir.path().join("data"), options).await.unwrap().store;
        let count = store.documents().await.unwrap().len();
        store.close().await;
        count
    };
    let mut child = killable(dir.path());
    until(&mut child, "opened");
    std::thread::sleep(Duration::from_millis(700));
    child.kill().unwrap();
    child.wait().unwrap();
    let before = recorded().await;
    assert!(before < MANY, "it came to its end before it was killed");
    let (store, library) = open(dir.path()).await;
    for _ in 0..600 {
        if store.documents().await.unwrap().len() == MANY {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    tokio::time::timeout(Duration::from_secs(120), library.idle()).await.unwrap();
    assert_eq!(store.documents().await.unwrap().len(), MANY, "{before} were recorded when it was killed");
    let reply = library.search(&find("number999")).await.unwrap();
    assert_eq!(reply.hits.first().map(|hit| hit.name.clone()), Some("0999.md".into()));
    library.shutdown().await;
    store.close().await;
    drop(library);
    // It came to its end: it is not begun again.
    let (store, library) = open(dir.path()).await;
    assert_eq!(store.derived().begun_imports(9).await.unwrap(), []);
    library.shutdown().await;
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_was_killed_is_finished() {
    let dir = tempfile::tempdir().unwrap();
    let files = dir.path().join("files");
    fs::create_dir(&files).unwrap();
    let mut packed = Vec::new();
    for n in 0..FILES {
        let line = format!("Passage of file number{n} about ocelots. ");
        let (name, text) = (format!("{n:02}.md"), format!("# File {n}\n\n{}", line.repeat(40)));
        if n < PACKED {
            packed.push((name, text.into_bytes()));
        } else {
            fs::write(files.join(name), text).unwrap();
        }
    }
    fs::write(files.join("00 packed.zip"), zip(&packed)).unwrap();
    for round in 0..4u64 {
        let mut child = killable(dir.path());
        until(&mut child, "imported");
        std::thread::sleep(Duration::from_millis(20 + 130 * round));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let (store, library) = open(dir.path()).await;
    tokio::time::timeout(Duration::from_secs(120), library.idle()).await.unwrap();
    let documents = store.documents().await.unwrap();
    assert_eq!(documents.len(), FILES + 1, "each file once, and the archive");
    assert_eq!(documents.iter().filter(|document| document.parent.is_some()).count(), PACKED);
    for document in &documents {
        assert_eq!(document.state, DocumentState::Ready { meaning: false }, "{}", document.name);
    }
    for n in 0..FILES {
        let reply = library.search(&find(&format!("number{n}"))).await.unwrap();
        assert_eq!(reply.hits.first().map(|h| h.name.clone()), Some(format!("{n:02}.md")));
        assert_eq!(reply.documents, 1, "each passage is in the index once");
    }
    library.shutdown().await;
    store.close().await;
}
