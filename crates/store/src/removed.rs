//! What was removed and can come back, or be erased for good.

use crate::{Store, StoreError};
use protocol::{ChatId, DocumentId, Removed, RemovedChat, RemovedDocument};
use uuid::Uuid;

/// How many removed chats and documents are listed.
const LISTED: i64 = 10_000;

impl Store {
    /// The removed chats and documents, what was removed last first.
    pub async fn removed(&self) -> Result<Removed, StoreError> {
        let mut tx = self.pool().begin().await?;
        let chats = sqlx::query!(
            r#"SELECT id AS "id: Uuid", title, removed_stamp AS stamp,
                      (SELECT count(*) FROM items WHERE chat = chats.id) AS "items!: u32"
               FROM chats WHERE removed = 1 ORDER BY removed_stamp DESC LIMIT ?"#,
            LISTED
        )
        .fetch_all(&mut *tx)
        .await?;
        let documents = sqlx::query!(
            r#"SELECT id AS "id: Uuid", name, bytes, removed_stamp AS stamp,
                      (SELECT path FROM folders WHERE folders.id = documents.gone) AS "gone_from?: String",
                      (SELECT count(DISTINCT item) FROM citations WHERE document = documents.id) AS "answers!: u32"
               FROM documents WHERE removed = 1 ORDER BY removed_stamp DESC LIMIT ?"#,
            LISTED
        )
        .fetch_all(&mut *tx)
        .await?;
        Ok(Removed {
            chats: chats
                .into_iter()
                .map(|row| RemovedChat {
                    chat: ChatId(row.id),
                    title: row.title,
                    items: row.items,
                    removed_at: moment(&row.stamp),
                })
                .collect(),
            documents: documents
                .into_iter()
                .map(|row| RemovedDocument {
                    document: DocumentId(row.id),
                    name: row.name,
                    bytes: row.bytes.unsigned_abs(),
                    answers: row.answers,
                    removed_at: moment(&row.stamp),
                    gone_from: row.gone_from,
                })
                .collect(),
        })
    }
}

/// The wall time in a stamp's key.
fn moment(stamp: &[u8]) -> i64 {
    stamp.first_chunk().map_or(0, |ms| i64::from_be_bytes(*ms))
}
