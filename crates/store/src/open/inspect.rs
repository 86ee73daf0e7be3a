//! What lies at the database's place, found out without changing it.

use crate::{StoreError, backup, blobs::Blobs, db, head};
use sqlx::{ConnectOptions, Connection, SqliteConnection, migrate::Migrator};
use std::path::Path;

/// The database before it is opened for writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// None, or one that was being made when its process ended.
    Nothing,
    /// One of an older schema.
    Older {
        /// Its newest migration.
        schema: i64,
    },
    /// One of this version's schema.
    Current,
}

/// Marks a SQLite file as ours; set by the first migration.
const APPLICATION: i64 = 0x4154_454C;

/// Up to this size a database is checked at every start; above, only after an unclean end, since
/// reading it all would be felt. A damaged page is noticed when it is read in any case.
const SMALL: u64 = 64 << 20;

/// Looks at the database through a connection that cannot write.
pub(crate) async fn inspect(path: &Path, migrations: &Migrator, unclean: bool) -> Result<Found, StoreError> {
    let size = match tokio::fs::metadata(path).await {
        Ok(file) => file.len(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => 0,
        Err(error) => return Err(StoreError::io(path)(error)),
    };
    let found = match size {
        0 => Found::Nothing,
        _ => {
            let mut conn = db::options(path).read_only(true).connect().await?;
            let found = look(&mut conn, path, migrations, unclean || size <= SMALL).await;
            conn.close().await?;
            found?
        }
    };
    match (found, size) {
        (Found::Nothing, 0) => lost(path, "the file is missing or empty")?,
        (Found::Nothing, _) => lost(path, "it has no records")?,
        (Found::Older { .. } | Found::Current, _) => {}
    }
    Ok(found)
}

/// Refuses to begin a new workspace where the files beside the database show that there was one.
pub(super) fn lost(path: &Path, what: &str) -> Result<(), StoreError> {
    let dir = path.parent().unwrap_or(Path::new("."));
    let beside = match () {
        () if !head::devices(dir)?.is_empty() => "heads/ counts records",
        () if Blobs::new(dir.join("blobs")).any() => "blobs/ has documents",
        () if !backup::all(dir).is_empty() => "backups/ has snapshots",
        () => return Ok(()),
    };
    Err(StoreError::Damaged { path: path.to_owned(), reason: format!("{what}, and {beside}"), backups: Vec::new() })
}

async fn look(
    conn: &mut SqliteConnection,
    path: &Path,
    migrations: &Migrator,
    thorough: bool,
) -> Result<Found, StoreError> {
    let application: i64 = sqlx::query_scalar("PRAGMA application_id").fetch_one(&mut *conn).await?;
    let tables: i64 = sqlx::query_scalar("SELECT count(*) FROM sqlite_schema WHERE name NOT LIKE '%sqlx_migrations%'")
        .fetch_one(&mut *conn)
        .await?;
    if application == 0 && tables == 0 {
        return Ok(Found::Nothing);
    }
    if application != APPLICATION {
        return Err(StoreError::Foreign { path: path.to_owned() });
    }
    let schema: Option<i64> =
        sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations").fetch_one(&mut *conn).await?;
    let (schema, known) = (schema.unwrap_or_default(), migrations.iter().map(|m| m.version).max().unwrap_or_default());
    if schema > known {
        return Err(StoreError::Newer { path: path.to_owned(), found: schema, known });
    }
    if thorough && let Some(reason) = backup::problems(conn, "PRAGMA quick_check(5)").await? {
        return Err(StoreError::Damaged { path: path.to_owned(), reason, backups: Vec::new() });
    }
    if schema < known {
        // The first record is written after the last migration: without one it was being made, and nothing of a
        // person's is in it that a snapshot would have to keep.
        let begun: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM records)").fetch_one(&mut *conn).await?;
        return Ok(if begun { Found::Older { schema } } else { Found::Nothing });
    }
    Ok(Found::Current)
}
