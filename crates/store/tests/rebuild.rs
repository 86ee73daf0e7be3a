//! The tables are views of the log: dropped and built again from it, they are the same.
#![allow(clippy::unwrap_used)] // the helpers of tests, where clippy does not see that they are

mod common;
use common::*;
use proptest::prelude::*;
use protocol::*;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use std::path::Path;
use store::{Change, Store, StoreError, VIEWS};

/// Every row of every view, as text.
async fn dump(store: &Store) -> Vec<String> {
    let options = SqliteConnectOptions::new().filename(store.dir().join("workspace.db")).read_only(true);
    let mut conn = options.connect().await.unwrap();
    let mut rows = Vec::new();
    for table in VIEWS.into_iter().chain(["checkpoints"]) {
        let columns: Vec<String> =
            texts(&mut conn, &format!(r#"SELECT 'quote("' || name || '")' FROM pragma_table_info('{table}')"#)).await;
        assert!(!columns.is_empty(), "{table}");
        rows.extend(
            texts(&mut conn, &format!("SELECT '{table} ' || {} FROM {table} ORDER BY 1", columns.join(" || ' ' || ")))
                .await,
        );
    }
    conn.close().await.unwrap();
    rows
}

async fn texts(conn: &mut SqliteConnection, sql: &str) -> Vec<String> {
    sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_all(conn).await.unwrap()
}

/// What has come up so far, to be referred to.
#[derive(Clone, Default)]
struct Seen {
    agents: Vec<AgentId>,
    chats: Vec<ChatId>,
    items: Vec<(ChatId, ItemId)>,
    documents: Vec<DocumentId>,
    folders: Vec<FolderId>,
    rules: Vec<RuleId>,
    entries: Vec<EntryId>,
    asked: Vec<CallId>,
}

fn one<T: Copy>(from: &[T], n: u8) -> Option<T> {
    (!from.is_empty()).then(|| from[n as usize % from.len()])
}

/// A change from three numbers; None where there is nothing to refer to yet.
fn change(seen: &mut Seen, what: u8, a: u8, b: u8) -> Option<Change> {
    Some(match what % 27 {
        0 => {
            let agent = if a < 64 { one(&seen.agents, b).unwrap_or_else(AgentId::new) } else { AgentId::new() };
            seen.agents.push(agent);
            Change::AgentAdded { agent, role: "r".into(), name: format!("agent {a}"), about: String::new(), mark: b }
        }
        1 | 2 => {
            let chat = ChatId::new();
            let agent = one(&seen.agents, a)?;
            seen.chats.push(chat);
            Change::ChatStarted { chat, agent, title: String::new() }
        }
        3 => Change::ChatRenamed { chat: one(&seen.chats, a)?, title: format!("title {b}") },
        4 => Change::ChatRemoved { chat: one(&seen.chats, a)? },
        5 => Change::ChatRestored { chat: one(&seen.chats, a)? },
        6 => Change::ChatPurged { chat: one(&seen.chats, a)? },
        7..=10 => {
            let (item, chat) = (ItemId::new(), one(&seen.chats, a)?);
            let parent = one(&seen.items, b).filter(|(of, _)| *of == chat).map(|(_, parent)| parent);
            let attached = one(&seen.documents, b).into_iter().collect();
            seen.items.push((chat, item));
            Change::MessageAdded { item, chat, parent, author: "Ada".into(), text: format!("text {b}"), attached }
        }
        11..=13 => {
            let (chat, parent) = one(&seen.items, a)?;
            // Sometimes an answer that is there, which goes on.
            let item = if b < 128 { ItemId::new() } else { one(&seen.items, b)?.1 };
            seen.items.push((chat, item));
            Change::AnswerStarted { item, chat, parent, agent: one(&seen.agents, b)?, turn: TurnId::new() }
        }
        14..=16 => {
            let (_, item) = one(&seen.items, a)?;
            Change::AnswerEnded {
                item,
                text: format!("answer {b}"),
                status: if b < 200 { ItemStatus::Complete } else { ItemStatus::Stopped },
                steps: vec![],
                citations: one(&seen.documents, b)
                    .map(|document| CitationView {
                        number: 1,
                        at: 6,
                        document,
                        name: "d".into(),
                        page: 1,
                        start: 0,
                        end: 5,
                        quote: "quote".into(),
                        page_hash: "00".into(),
                        place: Some("Rent!B4".into()),
                        now: Default::default(),
                        now_called: None,
                    })
                    .into_iter()
                    .collect(),
                unsupported: vec![Span { start: 0, end: u32::from(b) }],
                supported: [
                    None,
                    Some(Support::Yes),
                    Some(Support::No),
                    Some(Support::Quoted),
                    Some(Support::Unchecked),
                ][usize::from(b % 5)],
                made: None,
                explanation: None,
            }
        }
        17 => {
            let (chat, item) = one(&seen.items, a)?;
            Change::BranchChosen { chat, item }
        }
        25 => {
            let document = one(&seen.documents, a)?;
            match b % 4 {
                3 => Change::DocumentLabelled { document, label: format!("l{}", a % 3), held: b > 99 },
                0 => Change::DocumentMoved { document, name: format!("n{b}"), origin: format!("/n{b}") },
                _ => Change::DocumentRevised {
                    document,
                    format: "md".into(),
                    bytes: u64::from(b),
                    hash: format!("{b:064x}"),
                },
            }
        }
        26 => match b % 4 {
            0 => {
                let folder = FolderId::new();
                seen.folders.push(folder);
                Change::FolderWatched { folder, member: MemberId::new(), path: format!("/f{a}") }
            }
            1 => Change::FolderPaused { folder: one(&seen.folders, a)?, paused: b > 99 },
            2 => Change::FolderForgotten { folder: one(&seen.folders, a)? },
            _ => Change::DocumentGone { document: one(&seen.documents, a)?, folder: one(&seen.folders, b)? },
        },
        18 => {
            let new = DocumentId::new();
            seen.documents.push(new);
            document(new, &format!("d{b}.pdf"), &format!("{b:064x}"))
        }
        19 if b.is_multiple_of(3) => {
            let container = one(&seen.documents, b).filter(|_| b.is_multiple_of(2));
            Change::DocumentCameIn { document: one(&seen.documents, a)?, container }
        }
        19 => Change::DocumentRemoved { document: one(&seen.documents, a)? },
        20 => match b % 2 {
            0 => Change::DocumentRestored { document: one(&seen.documents, a)? },
            _ => Change::DocumentPurged { document: one(&seen.documents, a)? },
        },
        21 => {
            let rule = one(&seen.rules, a).filter(|_| b.is_multiple_of(2)).unwrap_or_else(RuleId::new);
            seen.rules.push(rule);
            match b % 3 {
                0 => Change::RuleRemoved { rule },
                _ => Change::RuleSet {
                    rule,
                    subject: RuleSubject::Tool { name: format!("t{a}") },
                    verdict: Verdict::Ask,
                },
            }
        }
        22 => match b % 2 {
            0 => Change::EndpointSet {
                name: format!("e{}", a % 3),
                url: format!("u{b}"),
                model: "m".into(),
                has_key: false,
            },
            _ => Change::EndpointRemoved { name: format!("e{}", a % 3) },
        },
        23 => match b % 3 {
            0 => Change::Sealed { sealed: a.is_multiple_of(2) },
            1 => Change::SettingsChanged { settings: Settings { max_tokens: u32::from(a), ..Settings::default() } },
            _ => {
                let id = one(&seen.entries, a).filter(|_| b.is_multiple_of(2)).unwrap_or_else(EntryId::new);
                seen.entries.push(id);
                let (who, why, host) = ("Ada".into(), "asks".into(), "example.org:443".into());
                Change::WentOut {
                    entry: LedgerEntry {
                        id,
                        at: 1,
                        who,
                        why,
                        host,
                        sent: u64::from(a),
                        received: 0,
                        verdict: GateVerdict::Denied,
                        open: a.is_multiple_of(5),
                    },
                }
            }
        },
        _ => match one(&seen.asked, a).filter(|_| b.is_multiple_of(2)) {
            Some(asked) => Change::ApprovalSettled { asked, decision: Decision::Deny },
            None => {
                let asked = CallId::new();
                seen.asked.push(asked);
                let (chat, agent, tool) = (one(&seen.chats, a)?, "Rosa".into(), "write_file".into());
                Change::ApprovalAsked {
                    asked,
                    chat,
                    agent,
                    tool,
                    reach: Reach::Machine,
                    summary: Summary::Known(Doing::RenameChat { title: "s".into() }),
                    may_always: true,
                }
            }
        },
    })
}

/// Plays a script; returns how many changes were recorded.
async fn record(store: &Store, seen: &mut Seen, script: &[(u8, u8, u8)]) -> u64 {
    let (actor, mut recorded) = (person(store), 0);
    for (what, a, b) in script {
        let Some(change) = change(seen, *what, *a, *b) else { continue };
        match store.record(&actor, change).await {
            Ok(_) => recorded += 1,
            // Refused before it got into the log.
            Err(StoreError::Invalid(_) | StoreError::NotFound { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
    recorded
}

async fn play(script: Vec<(u8, u8, u8)>) {
    let store = Store::in_memory().await.unwrap();
    let mut seen = Seen::default();
    let recorded = 3 + record(&store, &mut seen, &script).await;
    for (_, item) in &seen.items {
        // Refused where the item has ended or is a question.
        let _ = store.checkpoint(*item, "so far").await;
    }
    let report = store.verify(store.home().workspace).await.unwrap();
    assert!(report.intact && report.records == recorded, "{report:?}");
    let before = dump(&store).await;
    for _ in 0..2 {
        store.rebuild().await.unwrap();
        assert_eq!(dump(&store).await, before);
    }
    assert_eq!(store.altered_tables().await.unwrap(), Vec::<String>::new());
}

/// Runs SQL behind the store's back.
async fn behind(dir: &Path, sql: String) {
    let options = SqliteConnectOptions::new().filename(dir.join("workspace.db")).foreign_keys(false);
    let mut conn = options.connect().await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut conn).await.unwrap();
    conn.close().await.unwrap();
}

/// Takes over what another device's copy of the workspace has and this one lacks, its records in any
/// order; then gives all records another order of arrival.
async fn merge(dir: &Path, other: &Path) {
    let take = format!(
        "ATTACH '{}' AS other;
         INSERT INTO bodies SELECT b.record + 1000000, b.salt, b.body FROM other.bodies AS b
             JOIN other.records AS r ON r.number = b.record WHERE r.id NOT IN (SELECT id FROM main.records);
         INSERT INTO records SELECT number + 1000000, id, device, seq, ms, counter, actor, kind, subject, scope,
             body_hash, prev, hash, signature FROM other.records WHERE id NOT IN (SELECT id FROM main.records);
         CREATE TEMP TABLE orders AS SELECT number, row_number() OVER (ORDER BY random()) AS turn FROM main.records;
         UPDATE bodies SET record = -(SELECT turn FROM orders WHERE number = record);
         UPDATE records SET number = -(SELECT turn FROM orders WHERE orders.number = records.number);
         UPDATE bodies SET record = -record;
         UPDATE records SET number = -number;",
        other.join("workspace.db").display()
    );
    behind(dir, take).await;
}

/// Two devices go on from the same state, each without the other; whoever takes over the other's
/// records, and in whatever order they arrive, has the same tables. Also where one has purged what
/// the other still wrote to.
async fn part_and_meet(before: Vec<(u8, u8, u8)>, one: Vec<(u8, u8, u8)>, two: Vec<(u8, u8, u8)>) {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = open(here.path()).await;
    let mut seen = Seen::default();
    record(&store, &mut seen, &before).await;
    store.close().await;
    drop(store);
    std::fs::copy(here.path().join("workspace.db"), there.path().join("workspace.db")).unwrap();
    // Copied to another machine: it has no key of the first and goes on as another device.
    behind(there.path(), "DELETE FROM local_devices".into()).await;
    for (dir, script) in [(here.path(), &one), (there.path(), &two)] {
        let store = try_open(dir).await.unwrap().store;
        record(&store, &mut seen.clone(), script).await;
        store.close().await;
    }
    let mut tables = Vec::new();
    // Each start ends the answers that it finds unended; after the first meeting there are none.
    for _ in 0..2 {
        let aside = tempfile::tempdir().unwrap();
        std::fs::copy(here.path().join("workspace.db"), aside.path().join("workspace.db")).unwrap();
        merge(here.path(), there.path()).await;
        merge(there.path(), aside.path()).await;
        tables.clear();
        for dir in [here.path(), there.path()] {
            let store = try_open(dir).await.unwrap().store;
            for _ in 0..2 {
                store.rebuild().await.unwrap();
                tables.push(dump(&store).await);
            }
            let report = store.verify(store.home().workspace).await.unwrap();
            assert_eq!(report.devices, 2);
            assert!(report.intact, "{report:?}");
            store.close().await;
            drop(store);
            try_open(dir).await.unwrap().store.close().await;
        }
    }
    assert!(tables.iter().all(|table| *table == tables[0]));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 200, ..ProptestConfig::default() })]
    #[test]
    fn rebuilt_tables_equal_the_tables(script in prop::collection::vec(any::<(u8, u8, u8)>(), 0..120)) {
        tokio::runtime::Runtime::new().unwrap().block_on(play(script));
    }

    #[test]
    fn two_devices_meet_in_the_same_tables(
        before in prop::collection::vec(any::<(u8, u8, u8)>(), 0..60),
        one in prop::collection::vec(any::<(u8, u8, u8)>(), 0..40),
        two in prop::collection::vec(any::<(u8, u8, u8)>(), 0..40),
    ) {
        tokio::runtime::Runtime::new().unwrap().block_on(part_and_meet(before, one, two));
    }
}
