//! Documents: which files are in the library. What is read from them is derived, not logged.

use super::{Applied, erase_bodies};
use crate::{Derived, StoreError};
use protocol::DocumentId;
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

pub(super) async fn removed(conn: &mut SqliteConnection, at: &Applied, document: DocumentId, removed: bool) -> Done {
    let stamp = at.key();
    sqlx::query!(
        "UPDATE documents SET removed = ?1, removed_stamp = ?2 WHERE id = ?3 AND removed_stamp < ?2",
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
    sqlx::query!("DELETE FROM documents WHERE id = ?", document.0).execute(conn).await?;
    Ok(())
}
