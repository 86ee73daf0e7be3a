//! The queries that the compiler has checked fit the database that the migrations make.
#![allow(clippy::unwrap_used)] // the helpers of tests, where clippy does not see that they are

use sqlx::{
    AssertSqlSafe, Column, ConnectOptions, Executor, Row, SqlSafeStr, SqliteConnection, Statement,
    sqlite::SqliteConnectOptions,
};
use std::{fs, path::Path};
use store::Store;

/// A new database, for as long as its store is there, and a connection to it that reads.
async fn database() -> (Store, SqliteConnection) {
    let store = Store::in_memory().await.unwrap();
    let options = SqliteConnectOptions::new().filename(store.dir().join("workspace.db")).read_only(true);
    let conn = options.connect().await.unwrap();
    (store, conn)
}

/// What the compiler knows of every query.
fn learned() -> impl Iterator<Item = serde_json::Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.sqlx");
    let entries = fs::read_dir(folder).unwrap().flatten();
    entries.map(|entry| serde_json::from_slice(&fs::read(entry.path()).unwrap()).unwrap())
}

/// What `cargo xtask sqlx` learned holds for a database of today: a migration without a new run of it
/// is found here.
#[tokio::test]
async fn every_checked_query_fits_the_migrations() {
    let (_store, mut conn) = database().await;
    let mut checked = 0;
    for known in learned() {
        let query = known["query"].as_str().unwrap().to_owned();
        let prepared = (&mut conn).prepare(AssertSqlSafe(query.clone()).into_sql_str()).await;
        let statement = prepared.unwrap_or_else(|error| panic!("{query}\n{error}"));
        let columns: Vec<&str> = statement.columns().iter().map(Column::name).collect();
        let learned = known["describe"]["columns"].as_array().unwrap();
        let learned: Vec<&str> = learned.iter().map(|column| column["name"].as_str().unwrap()).collect();
        assert_eq!(columns, learned, "{query}");
        checked += 1;
    }
    assert!(checked > 100, "only {checked} queries are there");
}

/// A library may have a million vectors, and most queries that know them run for every batch.
#[tokio::test]
async fn no_query_looks_through_all_vectors_of_a_model_to_find_some() {
    let (_store, mut conn) = database().await;
    let mut seen = 0;
    for known in learned() {
        let query = known["query"].as_str().unwrap();
        if !query.contains("vectors") {
            continue;
        }
        seen += 1;
        let plan = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {query}"))).fetch_all(&mut conn).await;
        for step in plan.unwrap_or_else(|error| panic!("{query}\n{error}")) {
            let step: String = step.get("detail");
            assert!(!step.ends_with("(model=?)"), "{query}\n{step}");
        }
    }
    assert!(seen > 5, "only {seen} queries know of vectors");
}
