//! What a document's file held before it was edited: which versions there are, and which are still kept.

use crate::{Store, StoreError};
use protocol::DocumentId;

/// So many of the newest versions are kept, whether or not anything was quoted of them.
const KEPT: i64 = 20;

/// What the file of a document held for a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// Its blob. It may be gone: of many versions, only the newest and those that were quoted are kept.
    pub hash: String,
    /// Its format.
    pub format: String,
    /// Its size.
    pub bytes: u64,
    /// From when on, in Unix milliseconds.
    pub at: i64,
}

impl Store {
    /// What a document's file held, the newest first.
    pub async fn versions(&self, document: DocumentId) -> Result<Vec<Version>, StoreError> {
        let rows = sqlx::query!(
            "SELECT hash, format, bytes, ms FROM versions WHERE document = ? ORDER BY stamp DESC",
            document.0
        );
        let rows = rows.fetch_all(self.pool()).await?.into_iter().map(|row| Version {
            hash: row.hash,
            format: row.format,
            bytes: row.bytes.unsigned_abs(),
            at: row.ms,
        });
        Ok(rows.collect())
    }

    /// Deletes the copies of old versions that no answer quotes, so that a file which changes all day does
    /// not fill the disk. An answer that was begun while a version held, or ended while it did, may quote it.
    pub async fn thin_versions(&self, document: DocumentId) -> Result<(), StoreError> {
        // The writer's turn: nobody else records a document with such a copy meanwhile.
        let mut tx = self.begin().await?;
        let spare = sqlx::query_scalar!(
            r#"WITH held AS (
                   SELECT hash, stamp, lead(stamp) OVER (ORDER BY stamp) AS until,
                          row_number() OVER (ORDER BY stamp DESC) AS age
                   FROM versions WHERE document = ?1
               )
               SELECT DISTINCT hash AS "hash!: String" FROM held WHERE age > ?2
               AND NOT EXISTS (SELECT 1 FROM held AS kept WHERE kept.hash = held.hash AND kept.age <= ?2)
               AND NOT EXISTS (SELECT 1 FROM versions AS other WHERE other.hash = held.hash AND other.document <> ?1)
               AND NOT EXISTS (
                   SELECT 1 FROM held AS same, citations JOIN items ON items.id = citations.item
                   WHERE same.hash = held.hash AND citations.document = ?1
                   AND items.stamp <= same.until AND coalesce(items.ended_stamp, same.stamp) >= same.stamp
               )"#,
            document.0,
            KEPT
        );
        for hash in spare.fetch_all(&mut *tx).await? {
            self.blobs().remove(&hash).await?;
        }
        tx.rollback().await?;
        Ok(())
    }
}
