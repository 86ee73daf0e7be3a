//! What was read from a document: its pages and passages, written page by page.

use super::Derived;
use crate::{StoreError, clock::now};
use protocol::{Block, DocumentId, Fault, PageEntry};
use sqlx::SqliteConnection;

/// A page that was read, with its passages.
#[derive(Clone, Debug, Default)]
pub struct NewPage {
    /// Its number, from 1.
    pub number: u32,
    /// Its text.
    pub text: String,
    /// Its width in points; 0 where the format has no fixed layout.
    pub width: f32,
    /// Its height.
    pub height: f32,
    /// Where its words lie, packed by the library.
    pub boxes: Vec<u8>,
    /// What people call it, where that is not its number.
    pub label: Option<String>,
    /// What its text consists of.
    pub blocks: Vec<Block>,
    /// The header cells of the table that it begins in the middle of.
    pub columns: Vec<String>,
    /// Its passages.
    pub chunks: Vec<NewChunk>,
}

/// A passage of a page that was read.
#[derive(Clone, Debug, Default)]
pub struct NewChunk {
    /// Its first char in the page's text.
    pub start: u32,
    /// One past its last char.
    pub end: u32,
    /// The nearest heading.
    pub section: Option<String>,
    /// Its language, ISO 639-1.
    pub language: Option<String>,
    /// The header row of the table that it begins in the middle of.
    pub header: Option<String>,
    /// What people call the place, where that is not the page's number.
    pub place: Option<String>,
}

/// What reading a document found out about it as a whole.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// Its pages.
    pub pages: u32,
    /// Its passages.
    pub passages: u32,
    /// Its main language, ISO 639-1.
    pub language: Option<String>,
    /// Who wrote it, as it says itself.
    pub author: Option<String>,
    /// The date that it gives itself, in Unix milliseconds.
    pub dated: Option<i64>,
    /// What a person should know: pages without text, pages left out.
    pub notes: Vec<Fault>,
    /// How long it took.
    pub took_ms: u64,
}

/// A page as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredPage {
    /// Its text.
    pub text: String,
    /// BLAKE3 of its text, hex.
    pub hash: String,
    /// Its width in points; 0 where the format has no fixed layout.
    pub width: f32,
    /// Its height.
    pub height: f32,
    /// Where its words lie, packed by the library.
    pub boxes: Vec<u8>,
    /// What people call it, where that is not its number.
    pub label: Option<String>,
    blocks: String,
    columns: String,
}

impl StoredPage {
    /// Whether the text is the one that was read: its hash is.
    pub fn is_intact(&self) -> bool {
        blake3::hash(self.text.as_bytes()).to_hex().as_str() == self.hash
    }

    /// What its text consists of; nothing where it was read before that was kept.
    pub fn blocks(&self) -> Vec<Block> {
        serde_json::from_str(&self.blocks).unwrap_or_default()
    }

    /// The header cells of the table that it begins in the middle of.
    pub fn columns(&self) -> Vec<String> {
        serde_json::from_str(&self.columns).unwrap_or_default()
    }
}

impl Derived {
    /// Adds pages of a document that is being read. They are found only once `finish_reading` was
    /// called. Returns false when the document is not being read any more (it was removed).
    pub async fn add_pages(&self, document: DocumentId, pages: &[NewPage]) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let reading = sqlx::query_scalar!(
            r#"SELECT count(*) AS "n!: i64" FROM jobs WHERE document = ? AND state = 'reading'"#,
            document.0
        );
        if reading.fetch_one(&mut *tx).await? == 0 {
            return Ok(false);
        }
        Self::insert_pages(&mut tx, document, pages).await?;
        tx.commit().await?;
        Ok(true)
    }

    pub(super) async fn insert_pages(
        tx: &mut SqliteConnection,
        document: DocumentId,
        pages: &[NewPage],
    ) -> Result<(), StoreError> {
        for page in pages {
            let hash = blake3::hash(page.text.as_bytes());
            let hash = hash.as_bytes().as_slice();
            let (blocks, columns) = (serde_json::to_string(&page.blocks)?, serde_json::to_string(&page.columns)?);
            sqlx::query!(
                "INSERT OR REPLACE INTO page_texts (document, page, text, hash, width, height, boxes, label, blocks, columns) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                document.0,
                page.number,
                page.text,
                hash,
                page.width,
                page.height,
                page.boxes,
                page.label,
                blocks,
                columns
            )
            .execute(&mut *tx)
            .await?;
            for chunk in &page.chunks {
                sqlx::query!(
                    "INSERT INTO chunks (document, page, start_char, end_char, section, language, header, place) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    document.0,
                    page.number,
                    chunk.start,
                    chunk.end,
                    chunk.section,
                    chunk.language,
                    chunk.header,
                    chunk.place
                )
                .execute(&mut *tx)
                .await?;
            }
        }
        Ok(())
    }

    /// The document is read whole: from now on the index has to have it. Returns false when it is not
    /// being read any more.
    pub async fn finish_reading(&self, document: DocumentId, reading: &Reading) -> Result<bool, StoreError> {
        let (since, notes) = (now(), serde_json::to_string(&reading.notes)?);
        let took = i64::try_from(reading.took_ms).unwrap_or(i64::MAX);
        let mut tx = self.begin().await?;
        let moved = sqlx::query!(
            "UPDATE jobs SET state = 'indexing', since = ? WHERE document = ? AND state = 'reading'",
            since,
            document.0
        );
        if moved.execute(&mut *tx).await?.rows_affected() == 0 {
            return Ok(false);
        }
        sqlx::query!(
            "INSERT OR REPLACE INTO readings (document, pages, passages, embedded, language, notes, took_ms, author, dated, reader)
             VALUES (?1, ?2, ?3, 0, ?4, ?5, ?6, ?7, ?8,
                     coalesce((SELECT version FROM readers v JOIN documents d ON d.format = v.format WHERE d.id = ?1), 0))",
            document.0,
            reading.pages,
            reading.passages,
            reading.language,
            notes,
            took,
            reading.author,
            reading.dated
        )
        .execute(&mut *tx)
        .await?;
        sqlx::query!("INSERT INTO outbox (document) VALUES (?)", document.0).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// The pages of a document that are stored, in order.
    pub async fn page_numbers(&self, document: DocumentId) -> Result<Vec<u32>, StoreError> {
        let numbers = sqlx::query_scalar!(
            r#"SELECT page AS "page: u32" FROM page_texts WHERE document = ? ORDER BY page"#,
            document.0
        );
        Ok(numbers.fetch_all(self.store.pool()).await?)
    }

    /// The pages of a document that are stored, in order, without their texts.
    pub async fn page_entries(&self, document: DocumentId) -> Result<Vec<PageEntry>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT page AS "page: u32", label, width, height FROM page_texts WHERE document = ? ORDER BY page"#,
            document.0
        );
        let rows = rows.fetch_all(self.store.pool()).await?;
        let entries = rows.into_iter().map(|row| PageEntry {
            page: row.page,
            label: row.label,
            width: row.width as f32,
            height: row.height as f32,
        });
        Ok(entries.collect())
    }

    /// The texts of up to `count` pages of a document from `first`, in order.
    pub async fn page_texts(
        &self,
        document: DocumentId,
        first: u32,
        count: u32,
    ) -> Result<Vec<(u32, String)>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT page AS "page: u32", text FROM page_texts WHERE document = ? AND page >= ? ORDER BY page LIMIT ?"#,
            document.0,
            first,
            count
        );
        Ok(rows.fetch_all(self.store.pool()).await?.into_iter().map(|row| (row.page, row.text)).collect())
    }

    /// How long reading all documents took together, in milliseconds.
    pub async fn reading_time(&self) -> Result<u64, StoreError> {
        let sum = sqlx::query_scalar!(r#"SELECT coalesce(sum(took_ms), 0) AS "sum!: i64" FROM readings"#);
        Ok(sum.fetch_one(self.store.pool()).await?.unsigned_abs())
    }

    /// A page of a document.
    pub async fn page(&self, document: DocumentId, page: u32) -> Result<StoredPage, StoreError> {
        let row = sqlx::query!(
            "SELECT text, hash, width, height, boxes, label, blocks, columns FROM page_texts WHERE document = ? AND page = ?",
            document.0,
            page
        );
        let row = row.fetch_optional(self.store.pool()).await?;
        let row = row.ok_or_else(|| StoreError::not_found("page", format!("{page} of {document}")))?;
        Ok(StoredPage {
            text: row.text,
            hash: crate::keys::hex(&row.hash),
            width: row.width as f32,
            height: row.height as f32,
            boxes: row.boxes,
            label: row.label,
            blocks: row.blocks,
            columns: row.columns,
        })
    }
}
