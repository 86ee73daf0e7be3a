//! What this machine has seen of its watched folders: each file's size and time, and whose content it has.

use super::Derived;
use crate::{StoreError, Tx, clock::now};
use protocol::{DocumentId, FolderId};
use uuid::Uuid;

/// A file of a watched folder as it was seen last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its path, absolute.
    pub path: String,
    /// The folder that it lies in.
    pub folder: FolderId,
    /// The document whose content it has.
    pub document: DocumentId,
    /// BLAKE3 of its content, hex.
    pub hash: String,
    /// Its size.
    pub bytes: u64,
    /// When it was changed: nanoseconds since 1970, as the file system has it.
    pub mtime: i64,
    /// The number of its file system.
    pub disk: i64,
}

struct Row {
    path: String,
    folder: Uuid,
    document: Uuid,
    hash: String,
    bytes: i64,
    mtime: i64,
    disk: i64,
}

impl From<Row> for Source {
    fn from(row: Row) -> Self {
        Self {
            path: row.path,
            folder: FolderId(row.folder),
            document: DocumentId(row.document),
            hash: row.hash,
            bytes: row.bytes.unsigned_abs(),
            mtime: row.mtime,
            disk: row.disk,
        }
    }
}

impl Derived {
    /// Files of a folder in the order of their paths, those after `after`.
    pub async fn sources(&self, folder: FolderId, after: &str, limit: u32) -> Result<Vec<Source>, StoreError> {
        let rows = sqlx::query_as!(
            Row,
            r#"SELECT path, folder AS "folder: Uuid", document AS "document: Uuid", hash, bytes, mtime, disk
               FROM sources WHERE folder = ? AND path > ? ORDER BY path LIMIT ?"#,
            folder.0,
            after,
            limit
        );
        Ok(rows.fetch_all(self.store.pool()).await?.into_iter().map(Source::from).collect())
    }

    /// One file.
    pub async fn source(&self, path: &str) -> Result<Option<Source>, StoreError> {
        let row = sqlx::query_as!(
            Row,
            r#"SELECT path, folder AS "folder: Uuid", document AS "document: Uuid", hash, bytes, mtime, disk
               FROM sources WHERE path = ?"#,
            path
        );
        Ok(row.fetch_optional(self.store.pool()).await?.map(Source::from))
    }

    /// How many files of a folder are documents that are here.
    pub async fn source_count(&self, folder: FolderId) -> Result<u32, StoreError> {
        let count = sqlx::query_scalar!("SELECT count(*) FROM sources WHERE folder = ?", folder.0);
        Ok(u32::try_from(count.fetch_one(self.store.pool()).await?).unwrap_or(u32::MAX))
    }

    /// The documents of a folder that no other folder has.
    pub async fn only_in(&self, folder: FolderId) -> Result<Vec<DocumentId>, StoreError> {
        let rows = sqlx::query_scalar!(
            r#"SELECT DISTINCT s.document AS "document: Uuid" FROM sources s JOIN documents d ON d.id = s.document
               WHERE s.folder = ?1 AND d.removed = 0
               AND NOT EXISTS (SELECT 1 FROM sources o WHERE o.document = s.document AND o.folder <> ?1)"#,
            folder.0
        );
        Ok(rows.fetch_all(self.store.pool()).await?.into_iter().map(DocumentId).collect())
    }

    /// The file systems of these files have other numbers now.
    pub async fn renumbered(&self, files: impl Iterator<Item = (&str, i64)>) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        for (path, disk) in files {
            sqlx::query!("UPDATE sources SET disk = ? WHERE path = ?", disk, path).execute(&mut *tx).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// When a folder was looked through last, in Unix milliseconds, and how long it took.
    pub async fn look(&self, folder: FolderId) -> Result<Option<(i64, u64)>, StoreError> {
        let row = sqlx::query!("SELECT ms, took_ms FROM looks WHERE folder = ?", folder.0);
        Ok(row.fetch_optional(self.store.pool()).await?.map(|row| (row.ms, row.took_ms.unsigned_abs())))
    }

    /// A folder was looked through to its end just now.
    pub async fn looked(&self, folder: FolderId, took_ms: u64) -> Result<(), StoreError> {
        let (ms, took_ms) = (now(), i64::try_from(took_ms).unwrap_or(i64::MAX));
        let mut tx = self.begin().await?;
        sqlx::query!(
            "INSERT INTO looks (folder, ms, took_ms) VALUES (?1, ?2, ?3)
             ON CONFLICT (folder) DO UPDATE SET ms = ?2, took_ms = ?3",
            folder.0,
            ms,
            took_ms
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }
}

impl Tx {
    /// The file at this path as it was seen last.
    pub async fn source(&mut self, path: &str) -> Result<Option<Source>, StoreError> {
        let row = sqlx::query_as!(
            Row,
            r#"SELECT path, folder AS "folder: Uuid", document AS "document: Uuid", hash, bytes, mtime, disk
               FROM sources WHERE path = ?"#,
            path
        );
        Ok(row.fetch_optional(self.conn()).await?.map(Source::from))
    }

    /// The files that have the content of this document.
    pub async fn sources_of(&mut self, document: DocumentId) -> Result<Vec<Source>, StoreError> {
        let rows = sqlx::query_as!(
            Row,
            r#"SELECT path, folder AS "folder: Uuid", document AS "document: Uuid", hash, bytes, mtime, disk
               FROM sources WHERE document = ? ORDER BY path"#,
            document.0
        );
        Ok(rows.fetch_all(self.conn()).await?.into_iter().map(Source::from).collect())
    }

    /// Notes what a file holds.
    pub async fn set_source(&mut self, source: &Source) -> Result<(), StoreError> {
        let bytes = i64::try_from(source.bytes).unwrap_or(i64::MAX);
        sqlx::query!(
            "INSERT INTO sources (path, folder, document, hash, bytes, mtime, disk) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (path) DO UPDATE SET folder = ?2, document = ?3, hash = ?4, bytes = ?5, mtime = ?6, disk = ?7",
            source.path,
            source.folder.0,
            source.document.0,
            source.hash,
            bytes,
            source.mtime,
            source.disk
        )
        .execute(self.conn())
        .await?;
        Ok(())
    }

    /// Forgets a file.
    pub async fn drop_source(&mut self, path: &str) -> Result<(), StoreError> {
        sqlx::query!("DELETE FROM sources WHERE path = ?", path).execute(self.conn()).await?;
        Ok(())
    }

    /// Forgets what was seen of a folder.
    pub async fn drop_sources(&mut self, folder: FolderId) -> Result<(), StoreError> {
        sqlx::query!("DELETE FROM sources WHERE folder = ?", folder.0).execute(self.conn()).await?;
        sqlx::query!("DELETE FROM looks WHERE folder = ?", folder.0).execute(self.conn()).await?;
        Ok(())
    }
}
