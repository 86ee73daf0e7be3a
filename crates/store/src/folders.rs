//! Watched folders, and what a look through a folder has to know of the
//! documents before it changes any of them.

use crate::{Store, StoreError, Tx};
use protocol::{DocumentId, FolderId};
use uuid::Uuid;

/// A folder of this device that is watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatchedFolder {
    /// The id.
    pub id: FolderId,
    /// Where it lies, absolute.
    pub path: String,
    /// When it was added, in Unix milliseconds.
    pub added_at: i64,
    /// Whether a person paused it.
    pub paused: bool,
}

/// Where a document stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// In the library.
    Here,
    /// Its file is gone from its watched folder.
    Gone,
    /// A person, or what it came in, took it out.
    Removed,
}

/// What is recorded of a document, as far as a look through a folder needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paper {
    /// The document.
    pub document: DocumentId,
    /// Its blob.
    pub hash: String,
    /// Where it came from.
    pub origin: String,
    /// Its format.
    pub format: String,
    /// Where it stands.
    pub standing: Standing,
}

impl Store {
    /// The folders of this device that are watched, the first first.
    pub async fn folders(&self) -> Result<Vec<WatchedFolder>, StoreError> {
        let device = self.home().device;
        let rows = sqlx::query!(
            r#"SELECT id AS "id: Uuid", path, ms, paused AS "paused: bool" FROM folders
               WHERE device = ? AND removed = 0 ORDER BY ms, id"#,
            device.0
        );
        let rows = rows.fetch_all(self.pool()).await?.into_iter().map(|row| WatchedFolder {
            id: FolderId(row.id),
            path: row.path,
            added_at: row.ms,
            paused: row.paused,
        });
        Ok(rows.collect())
    }

    /// The documents whose files are gone from this folder, or from any.
    pub async fn gone(&self, folder: Option<FolderId>) -> Result<Vec<DocumentId>, StoreError> {
        let folder = folder.map(|folder| folder.0);
        let rows = sqlx::query_scalar!(
            r#"SELECT id AS "id: Uuid" FROM documents
               WHERE gone IS NOT NULL AND removed = 1 AND (?1 IS NULL OR gone = ?1) ORDER BY removed_stamp"#,
            folder
        );
        Ok(rows.fetch_all(self.pool()).await?.into_iter().map(DocumentId).collect())
    }

    /// How many documents' files are gone from a folder.
    pub async fn gone_count(&self, folder: FolderId) -> Result<u32, StoreError> {
        let count = sqlx::query_scalar!("SELECT count(*) FROM documents WHERE gone = ? AND removed = 1", folder.0);
        Ok(u32::try_from(count.fetch_one(self.pool()).await?).unwrap_or(u32::MAX))
    }

    /// The sizes that documents have, removed ones too: only a file of one of them can be known.
    pub async fn document_sizes(&self) -> Result<Vec<u64>, StoreError> {
        let sizes = sqlx::query_scalar!("SELECT DISTINCT bytes FROM documents").fetch_all(self.pool()).await?;
        Ok(sizes.into_iter().map(i64::unsigned_abs).collect())
    }
}

struct Row {
    id: Uuid,
    hash: String,
    origin: String,
    format: String,
    removed: bool,
    gone: bool,
}

impl From<Row> for Paper {
    fn from(row: Row) -> Self {
        // What went with the message or archive that it came in comes back where it is found by itself.
        let standing = match (row.removed, row.gone) {
            (false, _) => Standing::Here,
            (true, true) => Standing::Gone,
            (true, false) => Standing::Removed,
        };
        Self { document: DocumentId(row.id), hash: row.hash, origin: row.origin, format: row.format, standing }
    }
}

impl Tx {
    /// What is recorded of a document.
    pub async fn paper(&mut self, document: DocumentId) -> Result<Option<Paper>, StoreError> {
        let row = sqlx::query_as!(
            Row,
            r#"SELECT id AS "id: Uuid", hash, origin, format, removed AS "removed: bool",
                      (gone IS NOT NULL OR parent IS NOT NULL) AS "gone!: bool" FROM documents WHERE id = ?"#,
            document.0
        );
        Ok(row.fetch_optional(self.conn()).await?.map(Paper::from))
    }

    /// The documents that have this content: at most one of each standing, the newest.
    pub async fn papers_with(&mut self, hash: &str) -> Result<Vec<Paper>, StoreError> {
        let rows = sqlx::query_as!(
            Row,
            r#"SELECT id AS "id: Uuid", hash, origin, format, removed AS "removed: bool",
                      (gone IS NOT NULL OR parent IS NOT NULL) AS "gone!: bool" FROM documents WHERE hash = ? ORDER BY removed_stamp DESC"#,
            hash
        );
        let mut papers: Vec<Paper> = Vec::new();
        for paper in rows.fetch_all(self.conn()).await?.into_iter().map(Paper::from) {
            if papers.iter().all(|known| known.standing != paper.standing) {
                papers.push(paper);
            }
        }
        Ok(papers)
    }

    /// The newest document that is here and came from this place.
    pub async fn paper_from(&mut self, origin: &str) -> Result<Option<Paper>, StoreError> {
        let row = sqlx::query_as!(
            Row,
            r#"SELECT id AS "id: Uuid", hash, origin, format, removed AS "removed: bool",
                      (gone IS NOT NULL OR parent IS NOT NULL) AS "gone!: bool" FROM documents
               WHERE origin = ? AND removed = 0 AND parent IS NULL ORDER BY stamp DESC LIMIT 1"#,
            origin
        );
        Ok(row.fetch_optional(self.conn()).await?.map(Paper::from))
    }
}
