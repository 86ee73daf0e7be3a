//! Watched folders: which a person has chosen. What was seen in them is this machine's, not the log's.

use super::Applied;
use crate::StoreError;
use protocol::{FolderId, MemberId};
use sqlx::SqliteConnection;

type Done = Result<(), StoreError>;

pub(super) async fn watched(
    conn: &mut SqliteConnection,
    at: &Applied,
    folder: FolderId,
    member: MemberId,
    path: &str,
) -> Done {
    let stamp = at.key();
    sqlx::query!(
        "INSERT INTO folders (id, device, member, path, ms, paused, paused_stamp, removed, removed_stamp)
         VALUES (?1, ?2, ?3, ?4, ?5, 0, ?6, 0, ?6)
         ON CONFLICT (id) DO NOTHING",
        folder.0,
        at.device.0,
        member.0,
        path,
        at.at.ms,
        stamp
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn paused(conn: &mut SqliteConnection, at: &Applied, folder: FolderId, paused: bool) -> Done {
    let stamp = at.key();
    sqlx::query!(
        "UPDATE folders SET paused = ?1, paused_stamp = ?2 WHERE id = ?3 AND paused_stamp < ?2",
        paused,
        stamp,
        folder.0
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn forgotten(conn: &mut SqliteConnection, at: &Applied, folder: FolderId) -> Done {
    let stamp = at.key();
    sqlx::query!(
        "UPDATE folders SET removed = 1, removed_stamp = ?1 WHERE id = ?2 AND removed_stamp < ?1",
        stamp,
        folder.0
    )
    .execute(conn)
    .await?;
    Ok(())
}
