//! How the database is opened: one writer, a few readers, the same settings for all.
//!
//! Why these settings: docs/decisions/0002-sqlite.md.

use crate::StoreError;
use sqlx::{
    Connection, SqlitePool, Transaction,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use std::{path::Path, time::Duration};

/// How many reads may run side by side.
const READERS: u32 = 4;

/// How long a write may wait for the writes before it. Generous: imports write in large batches.
const WAIT: Duration = Duration::from_secs(120);

/// The settings that every connection has.
pub(crate) fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .foreign_keys(true)
        .synchronous(SqliteSynchronous::Normal)
        .busy_timeout(Duration::from_secs(5))
        .pragma("secure_delete", "ON")
        .pragma("temp_store", "MEMORY")
        .pragma("cell_size_check", "ON")
        .pragma("trusted_schema", "OFF")
}

/// The connections to a workspace's database. Clones are the same ones.
#[derive(Clone)]
pub(crate) struct Db {
    /// Exactly one connection: whoever has it is the writer, the others wait in line. None in a workspace that
    /// is only visited.
    writer: Option<SqlitePool>,
    /// Connections that can only read.
    pub readers: SqlitePool,
}

impl Db {
    /// Opens the database, creating it where there is none. The schema is the caller's.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        let writing = options(path).create_if_missing(true).journal_mode(SqliteJournalMode::Wal);
        // A full disk makes SQLite roll back by itself, of which sqlx knows nothing: a connection that
        // still counts itself inside a transaction is of no more use.
        let writer = pool().max_connections(1).after_release(|conn, _| {
            Box::pin(async move {
                conn.ping().await?;
                Ok(!conn.is_in_transaction())
            })
        });
        let writer = writer.connect_with(writing).await?;
        // Pages of the last run that a purge meant to be gone go now, if a crash kept it from that.
        // On a full disk they stay a little longer.
        if let Err(error) = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&writer).await {
            tracing::warn!(%error, "the write-ahead log of the last run could not be moved into the database yet");
        }
        let reading = options(path).pragma("query_only", "ON");
        let readers = pool().max_connections(READERS).connect_lazy_with(reading);
        Ok(Self { writer: Some(writer), readers })
    }

    /// Opens a database that another process may have open, to read it. Nothing in its folder is changed.
    pub async fn visit(path: &Path) -> Result<Self, StoreError> {
        let reading = options(path).read_only(true).pragma("query_only", "ON");
        let readers = pool().max_connections(READERS).connect_with(reading).await?;
        Ok(Self { writer: None, readers })
    }

    /// The writer's connection.
    ///
    /// # Errors
    /// The workspace is only visited.
    pub fn writer(&self) -> Result<&SqlitePool, StoreError> {
        self.writer.as_ref().ok_or(StoreError::Visited)
    }

    /// The one writing transaction. `IMMEDIATE`: a transaction that takes the write lock only at its
    /// first write can fail there with "database is locked".
    pub async fn begin(&self) -> Result<Transaction<'static, sqlx::Sqlite>, StoreError> {
        Ok(self.writer()?.begin_with("BEGIN IMMEDIATE").await?)
    }

    /// Closes every connection; the last one moves the write-ahead log into the database.
    pub async fn close(&self) {
        self.readers.close().await;
        if let Some(writer) = &self.writer {
            // By hand: while another process looks into the workspace, ours is not the last connection.
            if let Err(error) = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(writer).await {
                tracing::warn!(%error, "the write-ahead log could not be moved into the database");
            }
            writer.close().await;
        }
    }
}

/// What all pools of connections have in common.
fn pool() -> SqlitePoolOptions {
    SqlitePoolOptions::new().acquire_timeout(WAIT).idle_timeout(None).max_lifetime(None).test_before_acquire(false)
}
