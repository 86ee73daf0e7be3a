//! Documents: which files are in the library. What is read from them is derived, not logged.

use super::{Applied, erase_bodies};
use crate::{Derived, StoreError};
use protocol::{DocumentId, FolderId};
use sqlx::SqliteConnection;

type Done = Result<(), StoreError>;

/// The file of a document.
pub(super) struct File<'a> {
    pub name: &'a str,
    pub origin: &'a str,
    pub format: &'a str,
    pub bytes: u64,
    pub hash: &'a str,
}

pub(super) async fn added(conn: &mut SqliteConnection, at: &Applied, document: DocumentId, file: File<'_>) -> Done {
    let (stamp, bytes) = (at.key(), file.bytes as i64);
    sqlx::query!(
        "INSERT INTO documents (id, name, origin, format, bytes, hash, stamp, ms, removed, removed_stamp)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, ?7)
         ON CONFLICT (id) DO NOTHING",
        document.0,
        file.name,
        file.origin,
        file.format,
        bytes,
        file.hash,
        stamp,
        at.at.ms
    )
    .execute(&mut *conn)
    .await?;
    version(conn, at, document, file.format, file.bytes, file.hash).await
}

/// Keeps what a document's file held from this moment on.
async fn version(
    conn: &mut SqliteConnection,
    at: &Applied,
    document: DocumentId,
    format: &str,
    bytes: u64,
    hash: &str,
) -> Done {
    let (stamp, bytes) = (at.key(), bytes as i64);
    sqlx::query!(
        "INSERT INTO versions (document, stamp, hash, format, bytes, ms) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (document, stamp) DO NOTHING",
        document.0,
        stamp,
        hash,
        format,
        bytes,
        at.at.ms
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn revised(
    conn: &mut SqliteConnection,
    at: &Applied,
    document: DocumentId,
    format: &str,
    bytes: u64,
    hash: &str,
) -> Done {
    version(conn, at, document, format, bytes, hash).await?;
    let (stamp, bytes) = (at.key(), bytes as i64);
    sqlx::query!(
        "UPDATE documents SET format = ?1, bytes = ?2, hash = ?3, version_stamp = ?4
         WHERE id = ?5 AND coalesce(version_stamp, stamp) < ?4",
        format,
        bytes,
        hash,
        stamp,
        document.0
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn moved(
    conn: &mut SqliteConnection,
    at: &Applied,
    document: DocumentId,
    name: &str,
    origin: &str,
) -> Done {
    let stamp = at.key();
    sqlx::query!(
        "UPDATE documents SET name = ?1, origin = ?2, place_stamp = ?3
         WHERE id = ?4 AND coalesce(place_stamp, stamp) < ?3",
        name,
        origin,
        stamp,
        document.0
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn gone(conn: &mut SqliteConnection, at: &Applied, document: DocumentId, folder: FolderId) -> Done {
    let stamp = at.key();
    sqlx::query!(
        "UPDATE documents SET removed = 1, gone = ?1, removed_stamp = ?2 WHERE id = ?3 AND removed_stamp < ?2",
        folder.0,
        stamp,
        document.0
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn came_in(
    conn: &mut SqliteConnection,
    at: &Applied,
    document: DocumentId,
    container: Option<DocumentId>,
) -> Done {
    let (stamp, container) = (at.key(), container.map(|container| container.0));
    sqlx::query!(
        "UPDATE documents SET parent = ?1, parent_stamp = ?2
         WHERE id = ?3 AND (parent_stamp IS NULL OR parent_stamp < ?2)",
        container,
        stamp,
        document.0
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn labelled(
    conn: &mut SqliteConnection,
    at: &Applied,
    document: DocumentId,
    label: &str,
    held: bool,
) -> Done {
    let stamp = at.key();
    sqlx::query!(
        "INSERT INTO labels (document, label, held, stamp) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (document, label) DO UPDATE SET held = excluded.held, stamp = excluded.stamp
         WHERE labels.stamp < excluded.stamp",
        document.0,
        label,
        held,
        stamp
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn removed(conn: &mut SqliteConnection, at: &Applied, document: DocumentId, removed: bool) -> Done {
    let stamp = at.key();
    sqlx::query!(
        "UPDATE documents SET removed = ?1, gone = NULL, removed_stamp = ?2 WHERE id = ?3 AND removed_stamp < ?2",
        removed,
        stamp,
        document.0
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn purged(conn: &mut SqliteConnection, document: DocumentId) -> Done {
    erase_bodies(conn, document.0).await?;
    Derived::erase(conn, document).await?;
    sqlx::query!("DELETE FROM parts WHERE ?1 IN (container, document)", document.0).execute(&mut *conn).await?;
    // Its file, where it is still there, stays out as long as it is not changed.
    sqlx::query!("UPDATE sources SET hash = '' WHERE document = ?", document.0).execute(&mut *conn).await?;
    sqlx::query!("DELETE FROM labels WHERE document = ?", document.0).execute(&mut *conn).await?;
    sqlx::query!("DELETE FROM versions WHERE document = ?", document.0).execute(&mut *conn).await?;
    sqlx::query!("DELETE FROM documents WHERE id = ?", document.0).execute(conn).await?;
    Ok(())
}
