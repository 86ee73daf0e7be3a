//! The documents of the library, with what is derived from them.

use crate::{Store, StoreError, Tx};
use protocol::{DocumentId, DocumentView};
use std::collections::HashMap;
use uuid::Uuid;

/// How many documents are listed.
const DOCUMENTS: i64 = 100_000;

struct Row {
    id: Uuid,
    name: String,
    origin: String,
    format: String,
    bytes: i64,
    hash: String,
    ms: i64,
    parent: Option<Uuid>,
}

impl Store {
    /// The documents that are not removed, newest first.
    pub async fn documents(&self) -> Result<Vec<DocumentView>, StoreError> {
        let rows = sqlx::query_as!(
            Row,
            r#"SELECT id AS "id: Uuid", name, origin, format, bytes, hash, ms, parent AS "parent: Uuid"
               FROM documents WHERE removed = 0 ORDER BY stamp DESC LIMIT ?"#,
            DOCUMENTS
        )
        .fetch_all(self.pool())
        .await?;
        let mut facts = self.derived().facts(None).await?;
        let mut labels = self.labels().await?;
        let document = |row: Row| {
            let labels = labels.remove(&DocumentId(row.id)).unwrap_or_default();
            view(row, labels, &mut facts)
        };
        Ok(rows.into_iter().map(document).collect())
    }

    /// A document that is not removed.
    pub async fn document(&self, document: DocumentId) -> Result<DocumentView, StoreError> {
        let row = sqlx::query_as!(
            Row,
            r#"SELECT id AS "id: Uuid", name, origin, format, bytes, hash, ms, parent AS "parent: Uuid"
               FROM documents WHERE id = ? AND removed = 0"#,
            document.0
        );
        let row = row.fetch_optional(self.pool()).await?.ok_or_else(|| StoreError::not_found("document", document))?;
        let labels = self.labels_of(document).await?;
        Ok(view(row, labels, &mut self.derived().facts(Some(document)).await?))
    }

    /// The document with this content that is not removed.
    pub async fn document_by_hash(&self, hash: &str) -> Result<Option<DocumentView>, StoreError> {
        match self.by_hash(hash, false).await? {
            Some(document) => self.document(document).await.map(Some),
            None => Ok(None),
        }
    }

    /// The document with this content that was removed last and not erased.
    pub async fn removed_document_by_hash(&self, hash: &str) -> Result<Option<DocumentId>, StoreError> {
        self.by_hash(hash, true).await
    }

    async fn by_hash(&self, hash: &str, removed: bool) -> Result<Option<DocumentId>, StoreError> {
        by_hash(self.pool(), hash, removed).await
    }
}

impl Tx {
    /// The document with this content, among those that are removed or those that are not: as this
    /// transaction sees it, so that nobody else can add the same meanwhile.
    pub async fn document_by_hash(&mut self, hash: &str, removed: bool) -> Result<Option<DocumentId>, StoreError> {
        by_hash(self.conn(), hash, removed).await
    }
}

async fn by_hash(
    at: impl sqlx::SqliteExecutor<'_>,
    hash: &str,
    removed: bool,
) -> Result<Option<DocumentId>, StoreError> {
    let id = sqlx::query_scalar!(
        r#"SELECT id AS "id: Uuid" FROM documents WHERE hash = ? AND removed = ? ORDER BY removed_stamp DESC LIMIT 1"#,
        hash,
        removed
    );
    Ok(id.fetch_optional(at).await?.map(DocumentId))
}

fn view(row: Row, labels: Vec<String>, facts: &mut HashMap<DocumentId, crate::derived::Facts>) -> DocumentView {
    let id = DocumentId(row.id);
    let facts = facts.remove(&id).unwrap_or_default();
    DocumentView {
        id,
        name: row.name,
        origin: row.origin,
        format: row.format,
        bytes: row.bytes.unsigned_abs(),
        hash: row.hash,
        pages: facts.pages,
        passages: facts.passages,
        language: facts.language,
        author: facts.author,
        dated: facts.dated,
        added_at: row.ms,
        state: facts.state,
        notes: facts.notes,
        earlier: facts.earlier,
        parent: row.parent.map(DocumentId),
        labels,
    }
}
