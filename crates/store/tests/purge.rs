//! What is purged is gone: from the tables, the log's bodies, the files. The chain holds.
#![allow(clippy::unwrap_used)] // the helpers of tests, where clippy does not see that they are

mod common;
use common::*;
use protocol::*;
use sqlx::{ConnectOptions, Connection, Executor, sqlite::SqliteConnectOptions};
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
    store.erase().await.unwrap();

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
    let hash = store.blobs().put_bytes(SECRET.as_bytes().to_vec()).await.unwrap().hash;
    let (one, two) = (DocumentId::new(), DocumentId::new());
    for id in [one, two] {
        store.record(&actor, document(id, SECRET, &hash)).await.unwrap();
    }
    for (id, gone) in [(one, false), (two, true)] {
        store.record(&actor, Change::DocumentRemoved { document: id }).await.unwrap();
        assert!(store.document(id).await.is_err());
        assert_eq!(store.removed_document_by_hash(&hash).await.unwrap(), Some(id));
        store.purge_document(&actor, id, false).await.unwrap();
        store.erase().await.unwrap();
        assert_eq!(store.blobs().path(&hash).is_none(), gone, "the blob stays while a document has it");
        intact(&store).await;
    }
    assert_eq!(holders(dir.path()), Vec::<String>::new());
    assert_eq!(store.documents().await.unwrap(), []);
}

/// A document and its blob, out of sight.
async fn removed_document(store: &Store) -> (DocumentId, String) {
    let (actor, id) = (person(store), DocumentId::new());
    let blob = store.blobs().put_bytes(SECRET.as_bytes().to_vec()).await.unwrap();
    store.record(&actor, document(id, SECRET, &blob.hash)).await.unwrap();
    store.record(&actor, Change::DocumentRemoved { document: id }).await.unwrap();
    (id, blob.hash)
}

/// Whatever a step trips over, the next call or the next start takes it.
#[tokio::test]
async fn a_purge_that_was_cut_short_is_finished() {
    for (step, way) in [0, 1, 2, 3].into_iter().flat_map(|step| [(step, "again"), (step, "restart")]) {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path()).await;
        let actor = person(&store);
        let (id, hash) = removed_document(&store).await;
        let backups = dir.path().join("backups");
        fs::create_dir_all(&backups).unwrap();
        fs::write(backups.join("0000000000001-schema-0001.db"), SECRET).unwrap();
        fs::write(dir.path().join("workspace.failed.db"), SECRET).unwrap();
        let blob = store.blobs().path(&hash).unwrap();
        let in_the_way = backups.join("0000000000002-schema-0001.db");
        let mut reader = None;
        match step {
            // The end right after the transaction.
            0 => {}
            // A blob, a snapshot that cannot be deleted.
            1 => {
                fs::rename(&blob, dir.path().join("aside")).unwrap();
                fs::create_dir(&blob).unwrap();
            }
            2 => fs::create_dir(&in_the_way).unwrap(),
            // Somebody who reads old pages.
            _ => {
                let options = SqliteConnectOptions::new().filename(dir.path().join("workspace.db")).read_only(true);
                let mut conn = options.connect().await.unwrap();
                conn.execute("BEGIN; SELECT count(*) FROM records").await.unwrap();
                reader = Some(conn);
            }
        }
        store.purge_document(&actor, id, false).await.unwrap();
        match (step, store_error(&store, step).await) {
            (0, None) | (1 | 2, Some(StoreError::Io { .. })) | (3, Some(StoreError::Traces)) => {}
            (step, other) => panic!("step {step}: {other:?}"),
        }
        match step {
            1 => {
                fs::remove_dir(&blob).unwrap();
                fs::rename(dir.path().join("aside"), &blob).unwrap();
            }
            2 => fs::remove_dir(&in_the_way).unwrap(),
            _ => {}
        }
        if let Some(reader) = reader {
            reader.close().await.unwrap();
        }
        assert!(!holders(dir.path()).is_empty(), "step {step} left nothing to do");
        let store = match way {
            "again" => {
                store.purge_document(&actor, id, false).await.unwrap();
                store.erase().await.unwrap();
                store
            }
            _ => {
                store.close().await;
                drop(store);
                open(dir.path()).await
            }
        };
        assert_eq!(holders(dir.path()), Vec::<String>::new(), "step {step}, {way}");
        assert_eq!(store.words_owed().await.unwrap(), [id]);
        store.words_erased(&[id]).await.unwrap();
        assert_eq!(store.words_owed().await.unwrap(), []);
        assert!(matches!(store.purge_document(&actor, id, false).await, Err(StoreError::NotFound { .. })));
        intact(&store).await;
    }
}

/// Step 0 is cut off before it begins.
async fn store_error(store: &Store, step: i32) -> Option<StoreError> {
    match step {
        0 => None,
        _ => store.erase().await.err(),
    }
}

/// The end of an answer that a document with this content was shown for.
fn quoting(item: ItemId, document: DocumentId, other: DocumentId, text: &str, prompt: &str) -> Change {
    let cite = |number, document, quote: &str| CitationView {
        number,
        at: text.chars().count() as u32,
        document,
        name: quote.into(),
        page: 3,
        start: 4,
        end: 5,
        quote: quote.into(),
        page_hash: "00".into(),
        place: None,
        now: Default::default(),
        now_called: None,
    };
    let passage = |document, name: &str| PassageView {
        document,
        name: name.into(),
        page: 1,
        start: 2,
        end: 3,
        hash: "00".into(),
        score: 0.5,
        words: 0.5,
        meaning: None,
        place: Some("Rent!B4".into()),
    };
    let explanation = Explanation {
        item,
        model: "m".into(),
        model_hash: String::new(),
        engine: String::new(),
        temperature: 0.0,
        top_p: 1.0,
        top_k: None,
        min_p: None,
        seed: 0,
        max_tokens: 1,
        stop: vec![],
        prompt: vec![("user".into(), prompt.into())],
        passages: vec![passage(document, SECRET), passage(other, "other.pdf")],
        left_out: vec![],
        evidence: Some(Evidence {
            query: "What is it?".into(),
            score: 0.5,
            threshold: 0.4,
            candidates: vec![passage(document, SECRET), passage(other, "other.pdf")],
        }),
    };
    let Change::AnswerEnded { status, steps, supported, .. } = end(item, text) else { panic!() };
    Change::AnswerEnded {
        item,
        text: text.into(),
        status,
        steps,
        citations: vec![cite(1, document, SECRET), cite(2, other, "kept")],
        unsupported: vec![Span { start: 0, end: 2 }],
        supported,
        made: None,
        explanation: Some(Box::new(explanation)),
    }
}

#[tokio::test]
async fn answers_keep_no_word_of_a_purged_document() {
    for with_answers in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path()).await;
        let actor = person(&store);
        let (agent, chat) = chat(&store).await;
        let (id, _) = removed_document(&store).await;
        let other = DocumentId::new();
        store.record(&actor, document(other, "other.pdf", &"0".repeat(64))).await.unwrap();

        let question = ask(&store, chat, None, "What is it?").await;
        let answer = begin(&store, agent, chat, question).await;
        let text = format!("It says:\n\n> {SECRET}");
        store.record(&actor, quoting(answer, id, other, &text, SECRET)).await.unwrap();
        // Written on: the first end is in the log too.
        let again = Change::AnswerStarted { item: answer, chat, parent: question, agent, turn: TurnId::new() };
        store.record(&actor, again).await.unwrap();
        store.record(&actor, quoting(answer, id, other, &text, SECRET)).await.unwrap();
        // A later prompt repeats what was said.
        let next = ask(&store, chat, Some(answer), "And?").await;
        let later = begin(&store, agent, chat, next).await;
        let mut end = quoting(later, other, other, "Nothing.", SECRET);
        if let Change::AnswerEnded { citations, explanation, .. } = &mut end {
            citations.clear();
            let explanation = explanation.as_mut().unwrap();
            (explanation.passages, explanation.evidence) = (Vec::new(), None);
        }
        store.record(&actor, end).await.unwrap();

        let writing = begin(&store, agent, chat, next).await;
        assert!(matches!(store.purge_document(&actor, id, with_answers).await, Err(StoreError::Writing)));
        assert!(!holders(dir.path()).is_empty());
        store.record(&actor, common::end(writing, "Done.")).await.unwrap();

        store.purge_document(&actor, id, with_answers).await.unwrap();
        store.erase().await.unwrap();
        assert_eq!(holders(dir.path()), Vec::<String>::new());
        let view = store.item(answer).await.unwrap();
        if with_answers {
            assert_eq!((view.text.as_str(), view.citations.len()), ("", 0));
        } else {
            assert_eq!(view.text, "It says:\n\n");
            let cited: Vec<_> = view.citations.iter().map(|cite| (cite.document, cite.quote.as_str())).collect();
            assert_eq!(cited, [(id, ""), (other, "kept")]);
            assert_eq!((view.citations[0].at, view.unsupported[0]), (10, Span { start: 0, end: 2 }));
        }
        assert_eq!(store.item(later).await.unwrap().text, "Nothing.");
        let story = store.explanation(answer).await.unwrap().unwrap();
        assert_eq!((story.prompt.len(), story.passages[0].name.as_str()), (0, ""));
        assert_eq!(story.passages[1].name, "other.pdf");
        let weighed = story.evidence.unwrap().candidates;
        assert_eq!((weighed[0].name.as_str(), weighed[1].name.as_str()), ("", "other.pdf"));
        intact(&store).await;
        assert_eq!(store.altered_tables().await.unwrap(), Vec::<String>::new());
        // A body that is missing without such a record is still found.
        store.close().await;
        drop(store);
        let options = SqliteConnectOptions::new().filename(dir.path().join("workspace.db"));
        let mut conn = options.connect().await.unwrap();
        let gone = "DELETE FROM bodies WHERE record = (SELECT max(number) FROM records WHERE kind = 'answer_ended')";
        conn.execute(gone).await.unwrap();
        conn.close().await.unwrap();
        let store = open(dir.path()).await;
        assert!(!store.verify(store.home().workspace).await.unwrap().intact);
    }
}

/// A file that arrives again while its document is purged stays.
#[tokio::test]
async fn a_blob_that_is_held_is_not_deleted() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let actor = person(&store);
    let (id, hash) = removed_document(&store).await;
    let held = store.blobs().put_bytes(SECRET.as_bytes().to_vec()).await.unwrap();
    store.purge_document(&actor, id, false).await.unwrap();
    store.erase().await.unwrap();
    assert!(store.blobs().path(&hash).is_some(), "somebody is about to record it");
    let new = DocumentId::new();
    store.record(&actor, document(new, "again.pdf", &held.hash)).await.unwrap();
    drop(held);
    store.erase().await.unwrap();
    assert!(store.blobs().path(&hash).is_some(), "a document has it");
    store.record(&actor, Change::DocumentRemoved { document: new }).await.unwrap();
    store.purge_document(&actor, new, false).await.unwrap();
    store.erase().await.unwrap();
    assert!(store.blobs().path(&hash).is_none());
}

#[tokio::test]
async fn what_was_removed_is_listed_until_it_is_back_or_gone() {
    let store = Store::in_memory().await.unwrap();
    let actor = person(&store);
    let (_, chat) = chat(&store).await;
    ask(&store, chat, None, "one").await;
    let (id, _) = removed_document(&store).await;
    store.record(&actor, Change::ChatRemoved { chat }).await.unwrap();
    let Removed { chats, documents } = store.removed().await.unwrap();
    assert_eq!((chats[0].chat, chats[0].items, documents[0].document), (chat, 1, id));
    assert_eq!((documents[0].name.as_str(), documents[0].bytes, documents[0].answers), (SECRET, 1234, 0));
    assert!(documents[0].removed_at > 1_600_000_000_000);
    store.record(&actor, Change::ChatRestored { chat }).await.unwrap();
    store.purge_document(&actor, id, false).await.unwrap();
    assert_eq!(store.removed().await.unwrap(), Removed::default());
}
