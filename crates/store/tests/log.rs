//! What is written is there: chats, branches, answers, documents, trust, after a restart too.
#![allow(clippy::unwrap_used)] // the helpers of tests, where clippy does not see that they are

mod common;
use common::*;
use protocol::*;
use store::{Store, StoreError, Tx};

#[tokio::test]
async fn a_conversation_comes_back_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let (agent, chat) = chat(&store).await;
    let question = ask(&store, chat, None, "What is due?").await;
    let answer = begin(&store, agent, chat, question).await;
    store.checkpoint(answer, "Twelve").await.unwrap();
    let writing = store.item(answer).await.unwrap();
    assert_eq!((writing.text.as_str(), writing.status), ("Twelve", ItemStatus::Writing));
    store.record(&person(&store), end(answer, "Twelve euros.")).await.unwrap();
    let page = store.chat_page(chat, None, 10).await.unwrap();
    let home = store.home().clone();
    store.close().await;
    drop(store);

    let store = open(dir.path()).await;
    assert_eq!(store.home(), &home);
    assert_eq!(store.chat_page(chat, None, 10).await.unwrap(), page);
    assert_eq!(page.items.iter().map(|item| item.text.as_str()).collect::<Vec<_>>(), ["What is due?", "Twelve euros."]);
    assert_eq!(page.items[1].author, "Rosa");
    assert_eq!(page.chat.items, 2);
    let report = store.verify(home.workspace).await.unwrap();
    assert!(report.intact, "{report:?}");
    assert_eq!((report.records, report.devices), (8, 1));
}

/// `write` must be usable from a task: its future has to be `Send`.
#[tokio::test]
async fn writers_take_turns() {
    let store = Store::in_memory().await.unwrap();
    let (_, chat) = chat(&store).await;
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..16 {
        let store = store.clone();
        tasks.spawn(async move {
            let actor = person(&store);
            let (a, b) = (ItemId::new(), ItemId::new());
            let text = format!("question {n}");
            store
                .write(&actor, async |tx: &mut Tx| {
                    tx.record(question(a, chat, None, &text)).await?;
                    tx.record(question(b, chat, Some(a), "and?")).await
                })
                .await
                .unwrap();
        });
    }
    tasks.join_all().await;
    let report = store.verify(store.home().workspace).await.unwrap();
    assert!(report.intact, "{report:?}");
    assert_eq!(report.records, 3 + 2 + 32);
    assert_eq!(store.chat(chat).await.unwrap().items, 32);
}

/// A disk that does not confirm a sync has the last word: nothing more is acknowledged.
#[tokio::test]
async fn a_sync_that_fails_ends_the_acknowledging() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let (_, chat) = chat(&store).await;
    let kept = ask(&store, chat, None, "kept").await;
    store.settled().await.unwrap();
    // In the log's place stands what cannot be synced; the writer goes on in the old file.
    let (log, aside) = (dir.path().join("workspace.db-wal"), dir.path().join("aside"));
    std::fs::rename(&log, &aside).unwrap();
    std::fs::create_dir(&log).unwrap();
    let before = store.written();
    ask(&store, chat, Some(kept), "lost perhaps").await;
    assert_ne!(store.written(), before);
    let fault = store.settled().await.unwrap_err().fault();
    assert_eq!((fault.code.as_str(), fault.safe.is_some(), fault.hint.is_some()), ("store.not_synced", true, true));
    std::fs::remove_dir(&log).unwrap();
    std::fs::rename(&aside, &log).unwrap();
    let refused = store.record(&person(&store), question(ItemId::new(), chat, Some(kept), "no")).await;
    assert!(matches!(refused, Err(StoreError::NotSynced { .. })), "{refused:?}");
    assert_eq!(store.item(kept).await.unwrap().text, "kept");
    // Opened anew, from what the disk has.
    store.close().await;
    drop(store);
    let store = open(dir.path()).await;
    assert!(store.verify(store.home().workspace).await.unwrap().intact);
    ask(&store, chat, Some(kept), "and on").await;
    store.settled().await.unwrap();
}
