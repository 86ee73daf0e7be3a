//! The passages that are found: what the full-text index is made of, and what hits are made of.

use super::Derived;
use crate::StoreError;
use protocol::DocumentId;
use std::collections::HashMap;
use uuid::Uuid;

/// A passage as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredPassage {
    /// Its number in this database.
    pub id: i64,
    /// The document.
    pub document: DocumentId,
    /// The document's name.
    pub name: String,
    /// The document's format.
    pub format: String,
    /// Where the document came from.
    pub origin: String,
    /// The name of the message or archive that the document came in.
    pub within: Option<String>,
    /// When it was added, in Unix milliseconds.
    pub added: i64,
    /// Who wrote the document, as it says itself.
    pub author: Option<String>,
    /// The date that the document gives itself, in Unix milliseconds.
    pub dated: Option<i64>,
    /// The page, from 1.
    pub page: u32,
    /// Its first char in the page's text.
    pub start: u32,
    /// One past its last char.
    pub end: u32,
    /// The nearest heading.
    pub section: Option<String>,
    /// Its language, ISO 639-1.
    pub language: Option<String>,
    /// Its text.
    pub text: String,
    /// BLAKE3 of the page's text, hex.
    pub page_hash: String,
    /// The header row of the table that it begins in the middle of.
    pub header: Option<String>,
    /// What people call the place, where that is not the page's number.
    pub place: Option<String>,
    /// What people call the document by.
    pub labels: Vec<String>,
}

struct Row {
    id: i64,
    document: Uuid,
    name: String,
    format: String,
    origin: String,
    within: Option<String>,
    ms: i64,
    author: Option<String>,
    dated: Option<i64>,
    page: i64,
    start_char: i64,
    end_char: i64,
    section: Option<String>,
    language: Option<String>,
    text: String,
    hash: Vec<u8>,
    header: Option<String>,
    place: Option<String>,
}

impl From<Row> for StoredPassage {
    fn from(row: Row) -> Self {
        let number = |n: i64| u32::try_from(n).unwrap_or(0);
        Self {
            id: row.id,
            document: DocumentId(row.document),
            name: row.name,
            format: row.format,
            origin: row.origin,
            within: row.within,
            added: row.ms,
            author: row.author,
            dated: row.dated,
            page: number(row.page),
            start: number(row.start_char),
            end: number(row.end_char),
            section: row.section,
            language: row.language,
            text: row.text,
            page_hash: crate::keys::hex(&row.hash),
            header: row.header,
            place: row.place,
            labels: Vec::new(),
        }
    }
}

impl Derived {
    /// The passages of a document that is read whole, or kept by its name since it could not be, and not
    /// removed; in order.
    pub async fn passages_of(&self, document: DocumentId) -> Result<Vec<StoredPassage>, StoreError> {
        let rows = sqlx::query_as!(
            Row,
            r#"SELECT c.id AS "id!: i64", c.document AS "document!: Uuid", d.name, d.format, d.origin, o.name AS "within?",
                      d.ms, r.author, r.dated, c.page, c.start_char,
                      c.end_char, c.section, c.language,
                      substr(p.text, c.start_char + 1, c.end_char - c.start_char) AS "text!: String", p.hash,
                      c.header, c.place
               FROM chunks c JOIN documents d ON d.id = c.document
               JOIN page_texts p ON p.document = c.document AND p.page = c.page
               JOIN jobs j ON j.document = c.document
               LEFT JOIN readings r ON r.document = c.document
               LEFT JOIN documents o ON o.id = d.parent AND o.removed = 0
               WHERE c.document = ? AND d.removed = 0 AND j.state IN ('indexing', 'ready', 'failed')
               ORDER BY c.page, c.start_char"#,
            document.0
        );
        let labels = self.store.labels_of(document).await?;
        let passage = |row| StoredPassage { labels: labels.clone(), ..StoredPassage::from(row) };
        Ok(rows.fetch_all(self.store.pool()).await?.into_iter().map(passage).collect())
    }

    /// Passages by their numbers; those that are gone or whose document was removed are left out.
    pub async fn passages(&self, ids: &[i64]) -> Result<Vec<StoredPassage>, StoreError> {
        let ids = serde_json::to_string(ids)?;
        let rows = sqlx::query_as!(
            Row,
            r#"SELECT c.id AS "id!: i64", c.document AS "document!: Uuid", d.name, d.format, d.origin, o.name AS "within?",
                      d.ms, r.author, r.dated, c.page, c.start_char,
                      c.end_char, c.section, c.language,
                      substr(p.text, c.start_char + 1, c.end_char - c.start_char) AS "text!: String", p.hash,
                      c.header, c.place
               FROM json_each(?) wanted JOIN chunks c ON c.id = wanted.value
               JOIN documents d ON d.id = c.document
               JOIN page_texts p ON p.document = c.document AND p.page = c.page
               LEFT JOIN readings r ON r.document = c.document
               LEFT JOIN documents o ON o.id = d.parent AND o.removed = 0
               WHERE d.removed = 0"#,
            ids
        );
        let mut passages: Vec<StoredPassage> =
            rows.fetch_all(self.store.pool()).await?.into_iter().map(StoredPassage::from).collect();
        let labelled = sqlx::query!(
            r#"SELECT DISTINCT l.document AS "document!: Uuid", l.label AS "label!: String"
               FROM json_each(?) wanted JOIN chunks c ON c.id = wanted.value
               JOIN labels l ON l.document = c.document WHERE l.held = 1 ORDER BY l.document, l.label"#,
            ids
        );
        let mut labels: HashMap<Uuid, Vec<String>> = HashMap::new();
        for row in labelled.fetch_all(self.store.pool()).await? {
            labels.entry(row.document).or_default().push(row.label);
        }
        for passage in &mut passages {
            passage.labels = labels.get(&passage.document.0).cloned().unwrap_or_default();
        }
        Ok(passages)
    }

    /// Every document that is read whole, or could not be, and not removed.
    pub async fn read_documents(&self) -> Result<Vec<DocumentId>, StoreError> {
        let ids = sqlx::query_scalar!(
            r#"SELECT j.document AS "document: Uuid" FROM jobs j JOIN documents d ON d.id = j.document
               WHERE d.removed = 0 AND j.state IN ('indexing', 'ready', 'failed')"#
        );
        Ok(ids.fetch_all(self.store.pool()).await?.into_iter().map(DocumentId).collect())
    }

    /// The documents that the index has to look at after `number`, each with its last number, in order.
    pub async fn outbox(&self, number: i64, limit: u32) -> Result<Vec<(i64, DocumentId)>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT max(number) AS "number!: i64", document AS "document!: Uuid" FROM outbox
               WHERE number > ? GROUP BY document ORDER BY 1 LIMIT ?"#,
            number,
            limit
        );
        let rows = rows.fetch_all(self.store.pool()).await?;
        Ok(rows.into_iter().map(|row| (row.number, DocumentId(row.document))).collect())
    }

    /// The last number that was ever given out; 0 when none was.
    pub async fn outbox_last(&self) -> Result<i64, StoreError> {
        let last = sqlx::query_scalar!(r#"SELECT coalesce(max(number), 0) AS "last!: i64" FROM outbox"#);
        Ok(last.fetch_one(self.store.pool()).await?)
    }

    /// Drops what the index has on disk for good, up to `number`; the last line stays as the watermark.
    pub async fn outbox_done(&self, number: i64) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query!("DELETE FROM outbox WHERE number < ?", number).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(())
    }
}
