//! What is purged is gone: from the tables, the log's bodies, the files. The chain holds.
#![allow(clippy::unwrap_used)] // the helpers of tests, where clippy does not see that they are

mod common;
use common::*;
use protocol::*;
use std::{fs, path::Path};
use store::{Change, Store, StoreError};

/// Words that stand nowhere else.
const SECRET: &str = "zirkonium-vermächtnis";

/// The files of a data folder that hold these words.
fn holders(dir: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(holders(&path));
        } else if fs::read(&path).unwrap().windows(SECRET.len()).any(|window| window == SECRET.as_bytes()) {
            found.push(path.display().to_string());
        }
    }
    found
}

async fn intact(store: &Store) -> u64 {
    let report = store.verify(store.home().workspace).await.unwrap();
    assert!(report.intact, "{report:?}");
    report.records
}

#[tokio::test]
async fn a_purged_chat_leaves_no_word() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let actor = person(&store);
    let (agent, kept) = chat(&store).await;
    let other = ask(&store, kept, None, "stays").await;
    let chat = ChatId::new();
    store.record(&actor, Change::ChatStarted { chat, agent, title: SECRET.into() }).await.unwrap();
    let mut parent = None;
    for n in 0..40 {
        let question = ask(&store, chat, parent, &format!("{n} {SECRET} {}", "long ".repeat(n * 40))).await;
        let answer = begin(&store, agent, chat, question).await;
        store.checkpoint(answer, SECRET).await.unwrap();
        store.record(&actor, end(answer, &format!("{SECRET} {}", "words ".repeat(n * 30)))).await.unwrap();
        parent = Some(answer);
    }
    let asked = CallId::new();
    let (who, tool, summary) = ("Rosa".into(), "write".into(), Summary::Text(SECRET.into()));
    let ask = Change::ApprovalAsked { asked, chat, agent: who, tool, reach: Reach::Write, summary, may_always: false };
    store.record(&actor, ask).await.unwrap();
    fs::create_dir_all(dir.path().join("backups")).unwrap();
    fs::write(dir.path().join("backups/0000000000001-schema-0001.db"), SECRET).unwrap();
    assert!(!holders(dir.path()).is_empty());
    let records = intact(&store).await;

    // Only what is removed can be purged, and a removed chat can come back.
    assert!(matches!(store.purge_chat(&actor, chat).await, Err(StoreError::Invalid(_))));
    store.record(&actor, Change::ChatRemoved { chat }).await.unwrap();
    assert!(matches!(store.chat(chat).await, Err(StoreError::NotFound { .. })));
    assert_eq!(store.chats().await.unwrap().len(), 1);
    store.record(&actor, Change::ChatRestored { chat }).await.unwrap();
    assert_eq!(store.chat(chat).await.unwrap().items, 80);
    store.record(&actor, Change::ChatRemoved { chat }).await.unwrap();
    store.purge_chat(&actor, chat).await.unwrap();

    assert_eq!(holders(dir.path()), Vec::<String>::new());
    assert_eq!(intact(&store).await, records + 4);
    assert!(store.item(parent.unwrap()).await.is_err());
    assert_eq!(store.approvals_waiting().await.unwrap(), []);
    assert_eq!(store.item(other).await.unwrap().text, "stays");
    let erased = store.log_lines(None, 1000).await.unwrap().iter().filter(|line| line.erased).count();
    assert_eq!(erased, 1 + 40 * 3 + 1 + 3);
    store.rebuild().await.unwrap();
    assert_eq!(store.chats().await.unwrap().len(), 1);
    store.close().await;
    drop(store);
    let store = open(dir.path()).await;
    assert_eq!(intact(&store).await, records + 4);
}

#[tokio::test]
async fn a_purged_document_leaves_no_word_and_no_file() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let actor = person(&store);
    let blob = store.blobs().put_bytes(SECRET.as_bytes().to_vec()).await.unwrap();
    let (one, two) = (DocumentId::new(), DocumentId::new());
    for id in [one, two] {
        store.record(&actor, document(id, SECRET, &blob.hash)).await.unwrap();
    }
    for (id, gone) in [(one, false), (two, true)] {
        store.record(&actor, Change::DocumentRemoved { document: id }).await.unwrap();
        assert!(store.document(id).await.is_err());
        assert_eq!(store.removed_document_by_hash(&blob.hash).await.unwrap(), Some(id));
        store.purge_document(&actor, id).await.unwrap();
        assert_eq!(store.blobs().path(&blob.hash).is_none(), gone, "the blob stays while a document has it");
        intact(&store).await;
    }
    assert_eq!(holders(dir.path()), Vec::<String>::new());
    assert_eq!(store.documents().await.unwrap(), []);
}
