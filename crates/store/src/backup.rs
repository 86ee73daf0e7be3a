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
    // A name of its own until it is whole: one that a kill cut short must not look like a snapshot.
    let part = path.with_extension("db.part");
    let mut source = db::options(database).read_only(true).connect().await?;
    let target = part.display().to_string();
    let made = sqlx::query("VACUUM INTO ?").bind(&target).execute(&mut source).await;
    source.close().await?;
    let verified = match made {
        Ok(_) => verify(&part).await,
        Err(error) => Err(error.into()),
    };
    if let Err(error) = verified {
        let _ = fs::remove_file(&part);
        return Err(error);
    }
    File::open(&part).and_then(|file| file.sync_all()).map_err(StoreError::io(&part))?;
    fs::rename(&part, &path).map_err(StoreError::io(&path))?;
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

/// Puts a snapshot in the place of a database that nobody has open. The old file stays beside it.
pub(crate) fn restore(snapshot: &Path, database: &Path) -> Result<PathBuf, StoreError> {
    let dir = database.parent().unwrap_or(Path::new("."));
    let mut temp = tempfile::Builder::new().prefix("restore-").tempfile_in(dir).map_err(StoreError::io(dir))?;
    let mut source = File::open(snapshot).map_err(StoreError::io(snapshot))?;
    io::copy(&mut source, &mut temp).map_err(StoreError::io(database))?;
    temp.as_file().sync_all().map_err(StoreError::io(database))?;
    let failed = dir.join(FAILED);
    remove(&failed)?;
    remove(&beside(&failed, "-wal"))?;
    // By a link, so that at no moment there is no database.
    fs::hard_link(database, &failed)
        .or_else(|_| fs::copy(database, &failed).map(drop))
        .map_err(StoreError::io(&failed))?;
    // The old write-ahead log belongs to the old file: it must be away before the new one is there.
    match fs::rename(beside(database, "-wal"), beside(&failed, "-wal")) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(StoreError::io(database)(error)),
        Ok(()) | Err(_) => {}
    }
    remove(&beside(database, "-shm"))?;
    temp.persist(database).map_err(|error| StoreError::io(database)(error.error))?;
    sync_dir(dir)?;
    Ok(failed)
}

/// Under which name a database stays that did not open after an upgrade.
const FAILED: &str = "workspace.failed.db";

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut beside = path.as_os_str().to_owned();
    beside.push(suffix);
    beside.into()
}

/// Removes a file; one that is not there is fine.
fn remove(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(StoreError::io(path)(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Removes what snapshots and restorations have left that were cut short.
pub(crate) fn sweep(dir: &Path) -> Result<(), StoreError> {
    remove_named(&dir.join("backups"), |name| name.contains(".db.part"))?;
    remove_named(dir, |name| name.starts_with("restore-"))
}

/// Removes every copy of an older state: the snapshots, and what a failed upgrade has left.
pub(crate) fn forget_all(dir: &Path) -> Result<(), StoreError> {
    for snapshot in all(dir) {
        remove(&snapshot)?;
    }
    remove(&beside(&dir.join(FAILED), "-wal"))?;
    remove(&dir.join(FAILED))
}

/// Removes the files of a folder that have such a name.
pub(crate) fn remove_named(folder: &Path, named: impl Fn(&str) -> bool) -> Result<(), StoreError> {
    let Ok(entries) = fs::read_dir(folder) else { return Ok(()) };
    for entry in entries.flatten() {
        if entry.file_name().to_str().is_some_and(&named) {
            remove(&entry.path())?;
        }
    }
    Ok(())
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
