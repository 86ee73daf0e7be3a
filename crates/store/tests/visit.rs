//! Another workspace is looked into while it is open elsewhere: nothing in it changes, everything in it is seen.
#![allow(clippy::unwrap_used)] // the helpers of tests, where clippy does not see that they are

mod common;
use common::*;
use protocol::*;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};
use store::{Change, Neighbour, Store, StoreError};

/// Every file under a folder, with what is in it.
fn files(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(dir).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            all.extend(files(&path));
        } else {
            all.insert(path.clone(), fs::read(path).unwrap());
        }
    }
    all
}

#[tokio::test]
async fn a_closed_workspace_is_as_it_was_after_a_visit() {
    let dir = tempfile::tempdir().unwrap();
    let owner = open(dir.path()).await;
    let (_, chat) = chat(&owner).await;
    owner.close().await;
    drop(owner);
    let before = files(dir.path());
    let visited = Store::visit(dir.path()).await.unwrap();
    assert_eq!(visited.chat_page(chat, None, 10).await.unwrap().chat.id, chat);
    visited.close().await;
    drop(visited);
    let mut after = files(dir.path());
    // SQLite's own, empty where nothing was written; the next owner takes it up.
    after.retain(|path, bytes| !(path.to_string_lossy().ends_with("-wal") && bytes.is_empty()));
    after.retain(|path, _| !path.to_string_lossy().ends_with("-shm"));
    assert!(after == before, "{:?} {:?}", before.keys(), after.keys());
    assert_eq!(open(dir.path()).await.chat_page(chat, None, 10).await.unwrap().chat.id, chat);
}

#[tokio::test]
async fn an_open_workspace_goes_on_and_is_seen_going_on() {
    let dir = tempfile::tempdir().unwrap();
    let owner = open(dir.path()).await;
    let visited = Store::visit(dir.path()).await.unwrap();
    assert_eq!(visited.home().workspace, owner.home().workspace);
    assert_eq!(visited.chats().await.unwrap().len(), 0);
    chat(&owner).await;
    assert_eq!(visited.chats().await.unwrap().len(), 1, "what was written since is seen");

    let actor = person(&visited);
    let refused = visited.record(&actor, Change::Sealed { sealed: true }).await;
    assert!(matches!(refused, Err(StoreError::Visited)), "{refused:?}");
    assert!(matches!(visited.rebuild().await, Err(StoreError::Visited)));
    assert!(matches!(visited.derived().enqueue(&[DocumentId::new()]).await, Err(StoreError::Visited)));
    assert!(matches!(visited.signer().await, Err(StoreError::Visited)));
    assert!(owner.verify(owner.home().workspace).await.unwrap().intact);
    owner.close().await;
    // Its log is in the database, though somebody still looks.
    let wal = fs::metadata(dir.path().join("workspace.db-wal")).map_or(0, |file| file.len());
    assert_eq!(wal, 0);
    assert_eq!(visited.chats().await.unwrap().len(), 1);
    visited.close().await;
}

#[tokio::test]
async fn what_is_no_workspace_is_not_made_one() {
    let dir = tempfile::tempdir().unwrap();
    for path in [dir.path().join("nowhere"), dir.path().to_owned()] {
        assert!(matches!(Store::visit(&path).await, Err(StoreError::NoWorkspace { .. })));
    }
    fs::write(dir.path().join("workspace.db"), b"").unwrap();
    assert!(matches!(Store::visit(dir.path()).await, Err(StoreError::NoWorkspace { .. })));
    fs::write(dir.path().join("workspace.db"), vec![7; 8_192]).unwrap();
    let error = Store::visit(dir.path()).await.err().unwrap();
    assert_eq!(error.fault().kind, FaultKind::Damaged, "{error}");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing was left behind");
}

#[tokio::test]
async fn neighbours_are_kept_for_this_device_and_not_in_the_log() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let written = store.written();
    let one = Neighbour { workspace: WorkspaceId::new(), name: "Estate".into(), folder: "/home/ada/Estate".into() };
    let other = Neighbour { workspace: WorkspaceId::new(), name: "Merger".into(), folder: "/home/ada/Merger".into() };
    store.add_neighbour(&one).await.unwrap();
    store.add_neighbour(&other).await.unwrap();
    assert_eq!(store.neighbours().await.unwrap(), [one.clone(), other.clone()]);
    // It was moved; another was made where it lay.
    let moved = Neighbour { folder: "/mnt/Estate".into(), ..one.clone() };
    let fresh = Neighbour { workspace: WorkspaceId::new(), name: "New".into(), folder: other.folder.clone() };
    store.add_neighbour(&moved).await.unwrap();
    store.add_neighbour(&fresh).await.unwrap();
    assert_eq!(store.neighbours().await.unwrap(), [moved.clone(), fresh.clone()]);
    assert!(store.remove_neighbour(moved.workspace).await.unwrap());
    assert!(!store.remove_neighbour(moved.workspace).await.unwrap());
    assert_eq!(store.written(), written, "the log says nothing of them");
    store.close().await;
    drop(store);
    assert_eq!(open(dir.path()).await.neighbours().await.unwrap(), [fresh]);
}
