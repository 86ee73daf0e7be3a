//! How something is erased for good: from the tables, the log's bodies, the derived data, the
//! snapshots and the pages that SQLite would only have marked as free.

use crate::{Change, Store, StoreError, Tx, backup};
use protocol::{Actor, ChatId, DocumentId};
use std::{fs, time::Duration};

/// How often the write-ahead log is asked to give up its old pages while readers hold on to them.
const TRIES: u32 = 100;

impl Store {
    /// Erases a removed chat. The log keeps the headers of its records, which still verify.
    pub async fn purge_chat(&self, actor: &Actor, chat: ChatId) -> Result<(), StoreError> {
        self.record(actor, Change::ChatPurged { chat }).await?;
        self.erase_traces().await
    }

    /// Erases a removed document: also what is derived from it, and its blob where no other
    /// document has the same. Quotes of it in answers belong to their chats.
    pub async fn purge_document(&self, actor: &Actor, document: DocumentId) -> Result<(), StoreError> {
        self.write(actor, async |tx: &mut Tx| {
            sqlx::query!(
                "INSERT OR IGNORE INTO unlinked (hash)
                 SELECT hash FROM documents AS this WHERE id = ?1
                 AND NOT EXISTS (SELECT 1 FROM documents WHERE hash = this.hash AND id <> ?1)",
                document.0
            )
            .execute(tx.conn())
            .await?;
            tx.record(Change::DocumentPurged { document }).await
        })
        .await?;
        self.unlink().await?;
        self.erase_traces().await
    }

    /// Deletes the files of purged documents; also those that a crash has left over.
    pub(crate) async fn unlink(&self) -> Result<(), StoreError> {
        let hashes = sqlx::query_scalar!(r#"SELECT hash AS "hash!" FROM unlinked"#).fetch_all(self.pool()).await?;
        for hash in hashes {
            let mut tx = self.begin().await?;
            let used = sqlx::query_scalar!("SELECT count(*) FROM documents WHERE hash = ?", hash);
            // Added again since: then the file stays.
            if used.fetch_one(&mut *tx).await? == 0 {
                self.blobs().remove(&hash).await?;
            }
            sqlx::query!("DELETE FROM unlinked WHERE hash = ?", hash).execute(&mut *tx).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    /// Erases what still holds old pages: the write-ahead log and the snapshots. In the database
    /// itself `secure_delete` has overwritten them.
    pub(crate) async fn erase_traces(&self) -> Result<(), StoreError> {
        for snapshot in backup::all(&self.inner.dir) {
            fs::remove_file(&snapshot).map_err(StoreError::io(&snapshot))?;
        }
        for _ in 0..TRIES {
            let mut conn = self.inner.db.writer.acquire().await?;
            let busy: i64 = sqlx::query_scalar("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&mut *conn).await?;
            if busy == 0 {
                return Ok(());
            }
            drop(conn);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Err(StoreError::Traces)
    }
}
