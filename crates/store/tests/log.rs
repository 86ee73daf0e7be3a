//! What is written is there: chats, branches, answers, documents, trust, after a restart too.
#![allow(clippy::unwrap_used)] // the helpers of tests, where clippy does not see that they are

mod common;
use common::*;
use protocol::*;
use store::{Store, Tx};

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
