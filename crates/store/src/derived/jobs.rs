//! The durable queue of documents to read: it survives a kill at any instant.

use super::{Derived, NewPage};
use crate::{StoreError, Tx, clock::now};
use protocol::{DocumentId, Fault};
use sqlx::SqliteConnection;
use uuid::Uuid;

/// A document whose turn it is to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// The document.
    pub document: DocumentId,
    /// Its name.
    pub name: String,
    /// Its format.
    pub format: String,
    /// Its blob.
    pub hash: String,
    /// Its size.
    pub bytes: u64,
    /// How often it was begun and not ended, this time included.
    pub attempts: u32,
}

/// How many documents are in which state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Queue {
    /// Wait to be read.
    pub waiting: u32,
    /// Size of the files that wait.
    pub waiting_bytes: u64,
    /// Being read or indexed.
    pub running: u32,
}

/// Whose turn comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rank {
    /// A person has just brought it or asked for it.
    Asked,
    /// A watched folder has brought it.
    Watched,
}

impl Tx {
    /// Puts a document at the end of the queue, together with what is recorded of it.
    pub async fn queue(&mut self, document: DocumentId, rank: Rank) -> Result<(), StoreError> {
        queue(self.conn(), document, rank).await
    }

    /// Has the index look at a document again: its name or place is another one.
    pub async fn reindex(&mut self, document: DocumentId) -> Result<(), StoreError> {
        sqlx::query!("INSERT INTO outbox (document) VALUES (?)", document.0).execute(self.conn()).await?;
        Ok(())
    }

    /// Where a document could not be read, or with `named` its name stands for its words, notes the page that it is
    /// found by: its name is another one.
    pub async fn rename(&mut self, document: DocumentId, name: NewPage, named: bool) -> Result<(), StoreError> {
        rename(self.conn(), document, name, named).await
    }

    /// What a person should know of how a document was read; nothing of one that was not.
    pub async fn notes(&mut self, document: DocumentId) -> Result<Vec<Fault>, StoreError> {
        let notes = sqlx::query_scalar!("SELECT notes FROM readings WHERE document = ?", document.0);
        let notes = notes.fetch_optional(self.conn()).await?;
        Ok(notes.map(|notes| serde_json::from_str(&notes)).transpose()?.unwrap_or_default())
    }
}

async fn rename(
    conn: &mut SqliteConnection,
    document: DocumentId,
    name: NewPage,
    named: bool,
) -> Result<(), StoreError> {
    let failed = sqlx::query_scalar!(
        r#"SELECT count(*) AS "n!: i64" FROM jobs WHERE document = ? AND state = 'failed'"#,
        document.0
    );
    if !named && failed.fetch_one(&mut *conn).await? == 0 {
        return Ok(());
    }
    Derived::erase_text(conn, document).await?;
    Derived::insert_pages(conn, document, &[name]).await?;
    sqlx::query!("INSERT INTO outbox (document) VALUES (?)", document.0).execute(conn).await?;
    Ok(())
}

async fn queue(conn: &mut SqliteConnection, document: DocumentId, rank: Rank) -> Result<(), StoreError> {
    let (since, rank) = (now(), i64::from(rank == Rank::Watched));
    sqlx::query!(
        "INSERT INTO jobs (document, state, attempts, fault, since, rank) VALUES (?1, 'waiting', 0, NULL, ?2, ?3)
         ON CONFLICT (document) DO UPDATE SET state = 'waiting', attempts = 0, fault = NULL, since = ?2, rank = ?3",
        document.0,
        since,
        rank
    )
    .execute(conn)
    .await?;
    Ok(())
}

impl Derived {
    /// Puts documents at the end of the queue; forgets earlier failures. What was read of them before
    /// stays until they are read again.
    pub async fn enqueue(&self, documents: &[DocumentId]) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        for document in documents {
            queue(&mut tx, *document, Rank::Asked).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Puts the queue in order when the library opens: live documents without a place in it get one,
    /// rows without a live document go, and what was being read when the app ended waits again.
    pub async fn mend_queue(&self) -> Result<(), StoreError> {
        let since = now();
        let mut tx = self.begin().await?;
        let dead = sqlx::query_scalar!(
            r#"SELECT document AS "document!: Uuid" FROM (SELECT document FROM jobs UNION SELECT document FROM readings
               UNION SELECT document FROM page_texts UNION SELECT document FROM chunks)
               WHERE document NOT IN (SELECT id FROM documents WHERE removed = 0)"#
        )
        .fetch_all(&mut *tx)
        .await?;
        for document in dead {
            Self::erase(&mut tx, DocumentId(document)).await?;
        }
        sqlx::query!(
            "INSERT INTO jobs (document, state, since, rank)
             SELECT id, 'waiting', ?, EXISTS (SELECT 1 FROM sources WHERE document = id)
             FROM documents WHERE removed = 0 AND id NOT IN (SELECT document FROM jobs)",
            since
        )
        .execute(&mut *tx)
        .await?;
        sqlx::query!("UPDATE jobs SET state = 'waiting' WHERE state = 'reading'").execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Takes the next document: it is being read from now on, and nothing is left of an earlier reading.
    /// `reading` are those that are being read now; another that is still called so was left behind by an
    /// error, and waits. Only one of at most so many bytes is taken, and of another format than `not`.
    pub async fn take_job(&self, reading: &[DocumentId], bytes: u64, not: &[&str]) -> Result<Option<Job>, StoreError> {
        let since = now();
        let reading: Vec<String> = reading.iter().map(|one| one.0.simple().to_string().to_uppercase()).collect();
        let (reading, not) = (serde_json::to_string(&reading)?, serde_json::to_string(not)?);
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        let mut tx = self.begin().await?;
        sqlx::query!(
            "UPDATE jobs SET state = 'waiting' WHERE state = 'reading' AND hex(document) NOT IN (SELECT value FROM json_each(?))",
            reading
        )
        .execute(&mut *tx)
        .await?;
        let next = sqlx::query!(
            r#"SELECT j.document AS "document: Uuid", j.attempts, d.name, d.format, d.hash, d.bytes
               FROM jobs j JOIN documents d ON d.id = j.document
               WHERE j.state = 'waiting' AND d.removed = 0
                 AND hex(j.document) NOT IN (SELECT value FROM json_each(?))
                 AND d.bytes <= ? AND d.format NOT IN (SELECT value FROM json_each(?))
               ORDER BY j.rank, j.since, j.document LIMIT 1"#,
            reading,
            bytes,
            not
        );
        let Some(row) = next.fetch_optional(&mut *tx).await? else { return Ok(None) };
        sqlx::query!(
            "UPDATE jobs SET state = 'reading', attempts = attempts + 1, fault = NULL, since = ? WHERE document = ?",
            since,
            row.document
        )
        .execute(&mut *tx)
        .await?;
        let document = DocumentId(row.document);
        // What an earlier reading put into the index goes from there too.
        sqlx::query!(
            "INSERT INTO outbox (document) SELECT ?1 WHERE EXISTS (SELECT 1 FROM chunks WHERE document = ?1)",
            row.document
        )
        .execute(&mut *tx)
        .await?;
        Self::erase_text(&mut tx, document).await?;
        tx.commit().await?;
        Ok(Some(Job {
            document,
            name: row.name,
            format: row.format,
            hash: row.hash,
            bytes: row.bytes.unsigned_abs(),
            attempts: u32::try_from(row.attempts).unwrap_or(0) + 1,
        }))
    }

    /// Gives a document back to the queue without counting the attempt (the app shuts down).
    pub async fn put_back(&self, document: DocumentId) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query!(
            "UPDATE jobs SET state = 'waiting', attempts = max(attempts - 1, 0) WHERE document = ? AND state = 'reading'",
            document.0
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// The document could not be read. Its name is all that is known of it: `name` is the page that it is
    /// found by.
    pub async fn fail(&self, document: DocumentId, fault: &Fault, name: NewPage) -> Result<(), StoreError> {
        let (since, fault) = (now(), serde_json::to_string(fault)?);
        let mut tx = self.begin().await?;
        Self::erase_text(&mut tx, document).await?;
        Self::insert_pages(&mut tx, document, &[name]).await?;
        sqlx::query!("INSERT INTO outbox (document) VALUES (?)", document.0).execute(&mut *tx).await?;
        sqlx::query!(
            "UPDATE jobs SET state = 'failed', fault = ?, since = ? WHERE document = ?",
            fault,
            since,
            document.0
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Documents that could not be read and whose name nobody has noted yet, with their names: those that
    /// failed before names were kept.
    pub async fn unnamed(&self) -> Result<Vec<(DocumentId, String)>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT j.document AS "document: Uuid", d.name FROM jobs j JOIN documents d ON d.id = j.document
               WHERE j.state = 'failed' AND d.removed = 0 AND j.document NOT IN (SELECT document FROM chunks)"#
        );
        let rows = rows.fetch_all(self.store.pool()).await?;
        Ok(rows.into_iter().map(|row| (DocumentId(row.document), row.name)).collect())
    }

    /// Notes the page that a document which could not be read is found by.
    pub async fn name(&self, document: DocumentId, name: NewPage) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        rename(&mut tx, document, name, false).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The index has these documents: they can be found.
    pub async fn ready(&self, documents: &[DocumentId]) -> Result<Vec<DocumentId>, StoreError> {
        let since = now();
        let mut tx = self.begin().await?;
        let mut moved = Vec::new();
        for document in documents {
            let done = sqlx::query!(
                "UPDATE jobs SET state = 'ready', attempts = 0, since = ? WHERE document = ? AND state = 'indexing'",
                since,
                document.0
            );
            if done.execute(&mut *tx).await?.rows_affected() > 0 {
                moved.push(*document);
            }
        }
        tx.commit().await?;
        Ok(moved)
    }

    /// The documents that are read and not yet in the index.
    pub async fn indexing(&self) -> Result<Vec<DocumentId>, StoreError> {
        let ids = sqlx::query_scalar!(r#"SELECT document AS "document: Uuid" FROM jobs WHERE state = 'indexing'"#);
        Ok(ids.fetch_all(self.store.pool()).await?.into_iter().map(DocumentId).collect())
    }

    /// Drops everything derived from a document that was removed.
    pub async fn forget(&self, document: DocumentId) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        Self::erase(&mut tx, document).await?;
        tx.commit().await?;
        Ok(())
    }

    /// How many documents wait and run.
    pub async fn queue(&self) -> Result<Queue, StoreError> {
        let row = sqlx::query!(
            r#"SELECT coalesce(sum(j.state = 'waiting'), 0) AS "waiting!: i64",
                      coalesce(sum(CASE WHEN j.state = 'waiting' THEN d.bytes ELSE 0 END), 0) AS "bytes!: i64",
                      coalesce(sum(j.state IN ('reading', 'indexing')), 0) AS "running!: i64"
               FROM jobs j JOIN documents d ON d.id = j.document
               WHERE j.state IN ('waiting', 'reading', 'indexing') AND d.removed = 0"#
        )
        .fetch_one(self.store.pool())
        .await?;
        let count = |n: i64| u32::try_from(n).unwrap_or(0);
        Ok(Queue { waiting: count(row.waiting), waiting_bytes: row.bytes.unsigned_abs(), running: count(row.running) })
    }
}
