//! Snapshots before migrations: made, verified, and put back where a migration fails.

use crate::{StoreError, blobs::sync_dir, clock::now, db, private::private_dir};
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

/// How many snapshots are kept.
const KEPT: usize = 3;

/// Writes a snapshot of a database of this schema and verifies it.
pub(crate) async fn snapshot(dir: &Path, database: &Path, schema: i64) -> Result<PathBuf, StoreError> {
    let folder = dir.join("backups");
    private_dir(&folder).map_err(StoreError::io(&folder))?;
    let path = folder.join(format!("{:013}-schema-{schema:04}.db", now()));
    let mut source = db::options(database).read_only(true).connect().await?;
    let target = path.display().to_string();
    let made = sqlx::query("VACUUM INTO ?").bind(&target).execute(&mut source).await;
    source.close().await?;
    let verified = match made {
        Ok(_) => verify(&path).await,
        Err(error) => Err(error.into()),
    };
    if let Err(error) = verified {
        let _ = fs::remove_file(&path);
        return Err(error);
    }
    File::open(&path).and_then(|file| file.sync_all()).map_err(StoreError::io(&path))?;
    sync_dir(&folder)?;
    for old in all(dir).into_iter().skip(KEPT) {
        let _ = fs::remove_file(old);
    }
    Ok(path)
}

async fn verify(snapshot: &Path) -> Result<(), StoreError> {
    let mut conn = db::options(snapshot).read_only(true).connect().await?;
    let found = problems(&mut conn, "PRAGMA integrity_check(5)").await;
    conn.close().await?;
    match found? {
        None => Ok(()),
        Some(reason) => Err(StoreError::Damaged { path: snapshot.to_owned(), reason, backups: Vec::new() }),
    }
}

/// What SQLite's own check finds wrong; None where all is well.
pub(crate) async fn problems(conn: &mut SqliteConnection, pragma: &'static str) -> Result<Option<String>, StoreError> {
    let lines: Vec<String> = sqlx::query_scalar(pragma).fetch_all(conn).await?;
    Ok((lines != ["ok"]).then(|| lines.join("; ")))
}

/// Puts a snapshot in the place of a database that nobody has open.
pub(crate) fn restore(snapshot: &Path, database: &Path) -> Result<(), StoreError> {
    let dir = database.parent().unwrap_or(Path::new("."));
    let mut temp = tempfile::Builder::new().prefix("restore-").tempfile_in(dir).map_err(StoreError::io(dir))?;
    let mut source = File::open(snapshot).map_err(StoreError::io(snapshot))?;
    io::copy(&mut source, &mut temp).map_err(StoreError::io(database))?;
    temp.as_file().sync_all().map_err(StoreError::io(database))?;
    // The old write-ahead log belongs to the old file: it must be gone before the new one is there.
    for suffix in ["-wal", "-shm"] {
        let mut beside = database.as_os_str().to_owned();
        beside.push(suffix);
        match fs::remove_file(&beside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(StoreError::io(beside)(error)),
            _ => {}
        }
    }
    temp.persist(database).map_err(|error| StoreError::io(database)(error.error))?;
    sync_dir(dir)
}

/// The snapshots of a data folder, newest first.
pub(crate) fn all(dir: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(dir.join("backups")) else { return Vec::new() };
    let mut paths: Vec<_> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|e| e == "db"))
        .collect();
    paths.sort();
    paths.reverse();
    paths
}
