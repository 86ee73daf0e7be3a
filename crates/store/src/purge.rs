//! How something is erased for good: from the tables and the log's bodies in one transaction, then
//! from every file that may still hold it.
//!
//! The transaction notes in `erasures` what the files still owe; each step after it can be taken
//! twice, the note goes last, and a workspace that opens goes on where the last run stopped.

use crate::{Change, Store, StoreError, Tx, backup, db, redact};
use protocol::{Actor, ChatId, DocumentId};
use sqlx::{ConnectOptions, Connection};
use std::time::Duration;
use tokio::time::Instant;
use uuid::Uuid;

/// How long readers may hold on to old pages of the write-ahead log, and how often that is looked at.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(50);

impl Store {
    /// Purges a removed chat. The log keeps the headers of its records, which still verify. What
    /// files hold of it goes with `erase`.
    pub async fn purge_chat(&self, actor: &Actor, chat: ChatId) -> Result<(), StoreError> {
        if self.is_owed(chat.0).await? {
            return Ok(());
        }
        self.write(actor, async |tx: &mut Tx| {
            tx.record(Change::ChatPurged { chat }).await?;
            owe(tx, chat.0, false).await
        })
        .await
    }

    /// Purges a removed document, with what is derived from it and what answers quote of it; with
    /// `answers`, also the text of the answers that it was shown for. What files hold of it goes with
    /// `erase`, its words in the search index with the library.
    pub async fn purge_document(&self, actor: &Actor, document: DocumentId, answers: bool) -> Result<(), StoreError> {
        if self.is_owed(document.0).await? {
            return Ok(());
        }
        self.write(actor, async |tx: &mut Tx| {
            sqlx::query!(
                "INSERT INTO unlinked (hash)
                 SELECT DISTINCT hash FROM versions AS this WHERE document = ?1
                 AND NOT EXISTS (SELECT 1 FROM versions WHERE hash = this.hash AND document <> ?1)
                 ON CONFLICT (hash) DO NOTHING",
                document.0
            )
            .execute(tx.conn())
            .await?;
            tx.record(Change::DocumentPurged { document }).await?;
            redact::answers(tx, document, answers).await?;
            owe(tx, document.0, true).await
        })
        .await
    }

    /// Erases from the files what was purged: blobs, snapshots, what failed upgrades have left, the
    /// pages that SQLite would only have marked as free. Can be called again after it failed.
    pub async fn erase(&self) -> Result<(), StoreError> {
        let owed = sqlx::query_scalar!(r#"SELECT scope AS "scope: Uuid" FROM erasures WHERE files = 1"#);
        let owed = owed.fetch_all(self.pool()).await?;
        if owed.is_empty() {
            return Ok(());
        }
        // A purge that a power cut takes back must not have taken the files.
        self.settled().await?;
        let gone = self.unlink().await?;
        backup::sweep(&self.inner.dir)?;
        backup::forget_all(&self.inner.dir)?;
        self.empty_log().await?;
        if gone {
            let mut tx = self.begin().await?;
            for scope in owed {
                sqlx::query!("UPDATE erasures SET files = 0 WHERE scope = ?", scope).execute(&mut *tx).await?;
            }
            sqlx::query!("DELETE FROM erasures WHERE files = 0 AND words = 0").execute(&mut *tx).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    /// Purged documents whose words may still be in the search index.
    pub async fn words_owed(&self) -> Result<Vec<DocumentId>, StoreError> {
        let owed = sqlx::query_scalar!(r#"SELECT scope AS "scope: Uuid" FROM erasures WHERE words = 1"#);
        Ok(owed.fetch_all(self.pool()).await?.into_iter().map(DocumentId).collect())
    }

    /// The words of these documents are gone from the search index.
    pub async fn words_erased(&self, documents: &[DocumentId]) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        for document in documents {
            sqlx::query!("UPDATE erasures SET words = 0 WHERE scope = ?", document.0).execute(&mut *tx).await?;
        }
        sqlx::query!("DELETE FROM erasures WHERE files = 0 AND words = 0").execute(&mut *tx).await?;
        Ok(tx.commit().await?)
    }

    /// Whether this was purged and is not gone from every file.
    async fn is_owed(&self, scope: Uuid) -> Result<bool, StoreError> {
        let owed = sqlx::query_scalar!(r#"SELECT count(*) AS "n!: i64" FROM erasures WHERE scope = ?"#, scope);
        Ok(owed.fetch_one(self.pool()).await? > 0)
    }

    /// Deletes the files of purged documents; false where one is being added again right now.
    async fn unlink(&self) -> Result<bool, StoreError> {
        let hashes = sqlx::query_scalar!(r#"SELECT hash AS "hash!" FROM unlinked"#).fetch_all(self.pool()).await?;
        let mut all = true;
        for hash in hashes {
            let mut tx = self.begin().await?;
            let used = sqlx::query_scalar!("SELECT count(*) FROM versions WHERE hash = ?", hash);
            // Added again since: then the file stays.
            if used.fetch_one(&mut *tx).await? == 0 && !self.blobs().remove(&hash).await? {
                all = false;
                continue;
            }
            sqlx::query!("DELETE FROM unlinked WHERE hash = ?", hash).execute(&mut *tx).await?;
            tx.commit().await?;
        }
        Ok(all)
    }

    /// Empties the write-ahead log. In the database itself `secure_delete` has overwritten old pages.
    async fn empty_log(&self) -> Result<(), StoreError> {
        // A connection of its own that never waits: the writer goes on meanwhile.
        let mut conn = db::options(&self.database()).busy_timeout(Duration::ZERO).connect().await?;
        let until = Instant::now() + PATIENCE;
        let emptied = loop {
            let busy = sqlx::query_scalar::<_, i64>("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&mut conn).await;
            match busy {
                Ok(0) => break Ok(()),
                Ok(_) if Instant::now() >= until => break Err(StoreError::Traces),
                Ok(_) => tokio::time::sleep(PAUSE).await,
                Err(error) => break Err(error.into()),
            }
        };
        conn.close().await?;
        emptied
    }
}

/// Notes what files still hold.
async fn owe(tx: &mut Tx, scope: Uuid, words: bool) -> Result<(), StoreError> {
    sqlx::query!("INSERT INTO erasures (scope, files, words) VALUES (?, 1, ?)", scope, words)
        .execute(tx.conn())
        .await?;
    Ok(())
}
