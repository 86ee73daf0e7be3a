//! Migrations that go well, that fail, and databases from elsewhere. Real files, made-up migrations.

use super::*;
use crate::db;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
use std::{borrow::Cow, fs};

fn options() -> Options {
    Options { keeping: Keeping::Files, ..Options::default() }
}

/// This version's migrations and one more.
fn with(sql: &'static str) -> Migrator {
    let mut all: Vec<_> = MIGRATIONS.iter().cloned().collect();
    let mut next = all.last().unwrap().clone();
    next.version += 1;
    next.description = "next".into();
    next.sql = sqlx::SqlSafeStr::into_sql_str(sql);
    next.checksum = Cow::Owned(sql.as_bytes().to_vec());
    all.push(next);
    Migrator::with_migrations(all)
}

async fn run(path: &Path, sql: &str) {
    let mut conn = db::options(path).connect().await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut conn).await.unwrap();
    conn.close().await.unwrap();
}

async fn filled(dir: &Path) -> WorkspaceId {
    let store = Store::open(dir, options()).await.unwrap().store;
    store.close().await;
    store.home().workspace
}

async fn error(dir: &Path, migrations: &Migrator) -> StoreError {
    match open(dir, options(), migrations, None).await {
        Ok(_) => panic!("it opened"),
        Err(error) => error,
    }
}

#[tokio::test]
async fn a_migration_that_goes_well_leaves_a_snapshot() {
    let dir = tempfile::tempdir().unwrap();
    let workspace = filled(dir.path()).await;
    let opened = open(dir.path(), options(), &with("CREATE TABLE more (id INTEGER) STRICT;"), None).await.unwrap();
    assert_eq!(opened.store.home().workspace, workspace);
    assert!(opened.store.verify(workspace).await.unwrap().intact);
    assert_eq!(backup::all(dir.path()).len(), 1);
}

#[tokio::test]
async fn one_whose_making_was_cut_off_between_two_migrations_is_made_to_the_end() {
    for made in 1..MIGRATIONS.iter().count() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(DATABASE);
        let db = Db::open(&path).await.unwrap();
        Migrator::with_migrations(MIGRATIONS.iter().take(made).cloned().collect())
            .run(db.writer().unwrap())
            .await
            .unwrap();
        db.close().await;
        filled(dir.path()).await;
        assert!(backup::all(dir.path()).is_empty(), "a snapshot of nothing");
    }
}

#[tokio::test]
async fn a_migration_that_fails_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let workspace = filled(dir.path()).await;
    // Half of it works, then it breaks; and one that leaves rows that refer to nothing.
    for sql in [
        "CREATE TABLE more (id INTEGER) STRICT; INSERT INTO nowhere VALUES (1);",
        "CREATE TABLE more (id INTEGER) STRICT; DELETE FROM bodies; DELETE FROM records WHERE no_such_column;",
    ] {
        let failed = error(dir.path(), &with(sql)).await;
        let StoreError::Migration { restored: backup, .. } = &failed else { panic!("{failed:?}") };
        assert!(backup.is_file());
        let fault = failed.fault();
        assert_eq!((fault.code.as_str(), fault.safe.is_some(), fault.hint.is_some()), ("store.migration", true, true));
        let opened = Store::open(dir.path(), options()).await.unwrap();
        assert_eq!(opened.notices, []);
        let report = opened.store.verify(workspace).await.unwrap();
        assert!(report.intact && report.records == 3, "{report:?}");
        opened.store.close().await;
    }
}

/// The upgrade itself went well, and what comes after it does not.
#[tokio::test]
async fn a_workspace_that_does_not_open_after_an_upgrade_is_put_back() {
    for (sql, new_device) in [
        ("DELETE FROM workspaces;", false),
        ("DROP TABLE local_devices;", false),
        ("DROP TABLE approvals;", false),
        ("DROP TABLE approvals;", true),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let workspace = filled(dir.path()).await;
        let heads = head::files(dir.path()).unwrap();
        if new_device {
            fs::remove_file(dir.path().join("device.key")).unwrap();
        }
        let error = error(dir.path(), &with(sql)).await;
        let StoreError::Migration { restored, failed, .. } = &error else { panic!("{sql} {error:?}") };
        assert!(restored.is_file() && failed.is_file());
        assert_eq!(head::files(dir.path()).unwrap(), heads, "{sql}");
        let opened = Store::open(dir.path(), options()).await.unwrap();
        assert_eq!(opened.notices.len(), usize::from(new_device));
        let report = opened.store.verify(workspace).await.unwrap();
        assert!(report.intact, "{report:?}");
    }
}

#[tokio::test]
async fn a_newer_database_is_not_touched() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path()).await;
    let path = dir.path().join("workspace.db");
    run(&path, "INSERT INTO _sqlx_migrations VALUES (9999, 'later', CURRENT_TIMESTAMP, 1, x'00', 0)").await;
    let before = fs::read(&path).unwrap();
    let refused = error(dir.path(), &MIGRATIONS).await;
    assert!(matches!(refused, StoreError::Newer { found: 9999, .. }), "{refused:?}");
    assert_eq!(refused.fault().code, "store.newer");
    assert_eq!(fs::read(&path).unwrap(), before);
    assert_eq!(backup::all(dir.path()), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn someone_elses_database_is_not_touched() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("workspace.db");
    let mut conn = db::options(&path).create_if_missing(true).connect().await.unwrap();
    sqlx::raw_sql("CREATE TABLE recipes (id INTEGER)").execute(&mut conn).await.unwrap();
    conn.close().await.unwrap();
    let before = fs::read(&path).unwrap();
    let refused = error(dir.path(), &MIGRATIONS).await;
    assert!(matches!(refused, StoreError::Foreign { .. }), "{refused:?}");
    assert_eq!(fs::read(&path).unwrap(), before);
}

/// A process that ended while it made the database leaves a file without tables, or an empty one.
#[tokio::test]
async fn a_database_that_was_being_made_is_made_again() {
    for sql in [None, Some("PRAGMA journal_mode = WAL")] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("workspace.db");
        fs::write(&path, "").unwrap();
        if let Some(sql) = sql {
            run(&path, sql).await;
        }
        filled(dir.path()).await;
    }
}
