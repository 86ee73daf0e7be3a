//! Whatever is changed in the log behind the store's back is found, at the first record it touches.
#![allow(clippy::unwrap_used)] // the helpers of tests, where clippy does not see that they are

mod common;
use common::*;
use protocol::*;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, sqlite::SqliteConnectOptions};
use std::path::Path;
use store::Store;

/// A closed workspace with ten records.
async fn filled(dir: &Path) -> WorkspaceId {
    let store = open(dir).await;
    let (_, chat) = chat(&store).await;
    let mut parent = None;
    for n in 0..5 {
        parent = Some(ask(&store, chat, parent, &format!("question {n}")).await);
    }
    store.close().await;
    store.home().workspace
}

async fn tamper(dir: &Path, sql: &str) {
    let options = SqliteConnectOptions::new().filename(dir.join("workspace.db")).foreign_keys(false);
    let mut conn = options.connect().await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut conn).await.unwrap();
    conn.close().await.unwrap();
}

async fn report(store: &Store) -> (Option<u64>, String) {
    let report = store.verify(store.home().workspace).await.unwrap();
    assert_eq!(report.intact, report.first_bad.is_none());
    report.first_bad.map_or((None, String::new()), |bad| (Some(bad.seq), bad.reason))
}

#[tokio::test]
async fn the_first_bad_record_is_named() {
    let swap = |a: i64, b: i64| {
        format!(
            "UPDATE records SET seq = -1 WHERE seq = {a}; UPDATE records SET seq = {a} WHERE seq = {b};
             UPDATE records SET seq = {b} WHERE seq = -1;"
        )
    };
    let swap_bodies = "UPDATE bodies SET record = -1 WHERE record = 5; UPDATE bodies SET record = 5 WHERE record = 6;
                       UPDATE bodies SET record = 6 WHERE record = -1;";
    let flip = |column: &str| {
        format!("UPDATE records SET {column} = CAST(x'ff00' || substr({column}, 3) AS BLOB) WHERE seq = 5")
    };
    let before_the_first = |seq: i64| {
        format!(
            "INSERT INTO records SELECT 1000, randomblob(16), device, {seq}, ms, counter, actor, kind, subject, scope,
             body_hash, prev, hash, signature FROM records WHERE seq = 5"
        )
    };
    let cases: Vec<(String, Option<u64>, &str)> = vec![
        (String::new(), None, ""),
        ("UPDATE bodies SET body = CAST(replace(CAST(body AS TEXT), 'question 1', 'question 9') AS BLOB) WHERE record = 7".into(), Some(7), "body"),
        ("UPDATE bodies SET salt = zeroblob(32) WHERE record = 7".into(), Some(7), "body"),
        // The same bytes, cut elsewhere.
        (
            "UPDATE bodies SET salt = CAST(salt || substr(body, 1, 1) AS BLOB), body = CAST(substr(body, 2) AS BLOB)
             WHERE record = 7"
                .into(),
            Some(7),
            "salt",
        ),
        (before_the_first(0), Some(1), "before the first"),
        (before_the_first(-3), Some(1), "before the first"),
        (flip("hash"), Some(5), "hash"),
        (flip("prev"), Some(5), "hash"),
        (flip("body_hash"), Some(5), "hash"),
        (flip("signature"), Some(5), "signature"),
        (flip("id"), Some(5), "hash"),
        ("UPDATE records SET ms = ms + 1 WHERE seq = 5".into(), Some(5), "hash"),
        ("UPDATE records SET counter = -1 WHERE seq = 5".into(), Some(5), "time"),
        ("UPDATE records SET actor = 'system' WHERE seq = 5".into(), Some(5), "hash"),
        ("UPDATE records SET scope = NULL WHERE seq = 5".into(), Some(5), "hash"),
        ("DELETE FROM bodies WHERE record = 4; DELETE FROM records WHERE number = 4".into(), Some(4), "missing"),
        ("DELETE FROM bodies WHERE record = 4".into(), Some(4), "no purge"),
        (swap(5, 6), Some(5), "hash"),
        (swap_bodies.into(), Some(5), "body"),
        ("DELETE FROM bodies WHERE record > 8; DELETE FROM records WHERE seq > 8".into(), Some(9), "10 records"),
        ("DELETE FROM bodies; DELETE FROM records".into(), Some(1), "10 records"),
    ];
    for (sql, seq, reason) in cases {
        let dir = tempfile::tempdir().unwrap();
        filled(dir.path()).await;
        tamper(dir.path(), &sql).await;
        let store = try_open(dir.path()).await.unwrap().store;
        let (bad, why) = report(&store).await;
        assert_eq!(bad, seq, "{sql}: {why}");
        assert!(why.contains(reason), "{sql}: {why}");
    }
}

/// The evidence of a cut-off tail outlives the next start and everything written after it.
#[tokio::test]
async fn a_cut_tail_stays_known() {
    // With the bodies, and with the bodies left behind.
    for cut in [
        "DELETE FROM bodies WHERE record > 8; DELETE FROM records WHERE seq > 8",
        "PRAGMA foreign_keys = OFF; DELETE FROM records WHERE seq > 8",
    ] {
        let dir = tempfile::tempdir().unwrap();
        filled(dir.path()).await;
        tamper(dir.path(), cut).await;
        for round in 0..2 {
            let opened = try_open(dir.path()).await.unwrap();
            let codes: Vec<_> = opened.notices.iter().map(|fault| fault.code.as_str()).collect();
            assert_eq!(codes, if round == 0 { vec!["store.new_device.cut"] } else { vec![] });
            chat(&opened.store).await;
            assert_eq!(report(&opened.store).await.0, Some(9));
            opened.store.close().await;
        }
    }
}

#[tokio::test]
async fn a_lost_head_file_is_told() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path()).await;
    std::fs::remove_dir_all(dir.path().join("heads")).unwrap();
    let opened = try_open(dir.path()).await.unwrap();
    assert_eq!(opened.notices[0].code, "store.new_device.no_head");
    let (bad, why) = report(&opened.store).await;
    assert!(bad == Some(11) && why.contains("head file is missing"), "{bad:?} {why}");
}

#[tokio::test]
async fn a_lost_key_begins_a_new_sequence() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path()).await;
    std::fs::remove_file(dir.path().join("device.key")).unwrap();
    let opened = try_open(dir.path()).await.unwrap();
    assert_eq!(opened.notices[0].code, "store.new_device.no_key");
    let report = opened.store.verify(opened.store.home().workspace).await.unwrap();
    assert!(report.intact, "{report:?}");
    assert_eq!((report.devices, report.records), (2, 11));
}

/// A head file speaks for its device, also where the database no longer knows it.
#[tokio::test]
async fn a_device_that_was_taken_out_is_missed() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path()).await;
    std::fs::remove_file(dir.path().join("device.key")).unwrap();
    try_open(dir.path()).await.unwrap().store.close().await;
    let first = "(SELECT device FROM records WHERE number = 1)";
    let keep = "number > 3 AND kind <> 'device_added'";
    tamper(
        dir.path(),
        &format!(
            "CREATE TEMP TABLE gone AS SELECT number, device FROM records WHERE device = {first} AND {keep};
             DELETE FROM bodies WHERE record IN (SELECT number FROM gone);
             DELETE FROM records WHERE number IN (SELECT number FROM gone);
             DELETE FROM local_devices WHERE device = {first}"
        ),
    )
    .await;
    let store = try_open(dir.path()).await.unwrap().store;
    let (bad, why) = report(&store).await;
    assert!(bad == Some(4) && why.contains("10 records"), "{bad:?} {why}");
}

#[tokio::test]
async fn an_emptied_head_file_proves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path()).await;
    let head = std::fs::read_dir(dir.path().join("heads")).unwrap().next().unwrap().unwrap().path();
    std::fs::write(&head, "").unwrap();
    let opened = try_open(dir.path()).await.unwrap();
    assert_eq!(opened.notices[0].code, "store.new_device.no_head");
    let (bad, why) = report(&opened.store).await;
    assert!(bad == Some(11) && why.contains("not signed"), "{bad:?} {why}");
}

#[tokio::test]
async fn an_altered_table_is_named() {
    for (sql, table) in [
        ("", None),
        ("UPDATE items SET text = 'something else' WHERE kind = 'question'", Some("items")),
        ("DELETE FROM agents", Some("agents")),
        ("INSERT INTO rules VALUES (zeroblob(16), '{}', 'allow', 1, 0, zeroblob(28))", Some("rules")),
    ] {
        let dir = tempfile::tempdir().unwrap();
        filled(dir.path()).await;
        tamper(dir.path(), sql).await;
        let store = open(dir.path()).await;
        assert_eq!(report(&store).await.0, None, "the records hold");
        let expected: Vec<String> = table.into_iter().map(str::to_owned).collect();
        for _ in 0..2 {
            assert_eq!(store.altered_tables().await.unwrap(), expected, "it is told and not mended");
        }
        store.rebuild().await.unwrap();
        assert_eq!(store.altered_tables().await.unwrap(), Vec::<String>::new());
    }
}
