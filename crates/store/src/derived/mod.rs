//! What is computed from the documents and can be computed again: never in the log.
//!
//! The queue of documents to read, their pages, passages and vectors, and what the full-text index
//! has still to look at. Everything of a document goes with it.

mod imports;
mod jobs;
mod nearness;
mod pages;
mod parts;
mod passages;
mod readers;
mod sources;
mod vectors;

pub use imports::BegunImport;
pub use jobs::{Job, Queue, Rank};
pub use nearness::StoredNearness;
pub use pages::{NewChunk, NewPage, Reading, StoredPage};
pub use parts::Nesting;
pub use passages::StoredPassage;
pub use sources::Source;
pub use vectors::{ComparedVector, StoredVector, Unembedded};

use crate::{Store, StoreError};
use protocol::{DocumentId, DocumentState, Fault, FaultKind};
use sqlx::{Sqlite, SqliteConnection, Transaction};
use std::collections::HashMap;
use uuid::Uuid;

/// The derived tables of a workspace.
///
/// Reads go to `store.pool()`; writes take `store.begin().await?`, the one writing transaction,
/// and `commit()` it (dropping it rolls back).
#[derive(Clone)]
pub struct Derived {
    store: Store,
}

/// What the derived tables know about a document, for its view.
pub(crate) struct Facts {
    pub pages: u32,
    pub passages: u32,
    pub language: Option<String>,
    pub author: Option<String>,
    pub dated: Option<i64>,
    pub state: DocumentState,
    pub notes: Vec<Fault>,
    /// Whether an earlier version of its reader read it.
    pub earlier: bool,
}

impl Default for Facts {
    /// A document that nothing is known of waits.
    fn default() -> Self {
        Self {
            pages: 0,
            passages: 0,
            language: None,
            author: None,
            dated: None,
            state: DocumentState::Waiting,
            notes: Vec::new(),
            earlier: false,
        }
    }
}

struct FactsRow {
    document: Uuid,
    state: String,
    fault: Option<String>,
    pages: Option<i64>,
    passages: Option<i64>,
    embedded: Option<i64>,
    language: Option<String>,
    author: Option<String>,
    dated: Option<i64>,
    notes: Option<String>,
    earlier: bool,
}

impl Derived {
    pub(crate) fn new(store: Store) -> Self {
        Self { store }
    }

    async fn begin(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        self.store.begin().await
    }

    /// What is known of one document, or of all. A document that is not in the map waits.
    pub(crate) async fn facts(&self, one: Option<DocumentId>) -> Result<HashMap<DocumentId, Facts>, StoreError> {
        let one = one.map(|d| d.0);
        let rows = sqlx::query_as!(
            FactsRow,
            r#"SELECT j.document AS "document: Uuid", j.state, j.fault, r.pages AS "pages?", r.passages AS "passages?",
                      r.embedded AS "embedded?", r.language, r.author, r.dated, r.notes AS "notes?",
                      coalesce(v.version > r.reader, 0) AS "earlier!: bool"
               FROM jobs j LEFT JOIN readings r ON r.document = j.document
               LEFT JOIN documents d ON d.id = j.document LEFT JOIN readers v ON v.format = d.format
               WHERE ?1 IS NULL OR j.document = ?1"#,
            one
        )
        .fetch_all(self.store.pool())
        .await?;
        Ok(rows.into_iter().map(|row| (DocumentId(row.document), facts(row))).collect())
    }

    /// Erases everything derived from a document; part of a purge's transaction.
    pub(crate) async fn erase(conn: &mut SqliteConnection, document: DocumentId) -> Result<(), StoreError> {
        Self::erase_text(conn, document).await?;
        sqlx::query!("DELETE FROM jobs WHERE document = ?", document.0).execute(&mut *conn).await?;
        sqlx::query!("INSERT INTO outbox (document) VALUES (?)", document.0).execute(&mut *conn).await?;
        Ok(())
    }

    /// Erases what was read from a document, and its passages and vectors.
    async fn erase_text(conn: &mut SqliteConnection, document: DocumentId) -> Result<(), StoreError> {
        // The vectors go with their chunks.
        sqlx::query!("DELETE FROM chunks WHERE document = ?", document.0).execute(&mut *conn).await?;
        sqlx::query!("DELETE FROM page_texts WHERE document = ?", document.0).execute(&mut *conn).await?;
        sqlx::query!("DELETE FROM readings WHERE document = ?", document.0).execute(&mut *conn).await?;
        Ok(())
    }
}

fn facts(row: FactsRow) -> Facts {
    let count = |n: Option<i64>| n.and_then(|n| u32::try_from(n).ok()).unwrap_or(0);
    let (passages, embedded) = (count(row.passages), count(row.embedded));
    let state = match row.state.as_str() {
        "reading" => DocumentState::Reading,
        "indexing" => DocumentState::Indexing { done: embedded, total: passages },
        "ready" => DocumentState::Ready { meaning: passages > 0 && embedded >= passages },
        "failed" => DocumentState::Failed {
            fault: row.fault.as_deref().and_then(|f| serde_json::from_str(f).ok()).unwrap_or_else(|| {
                Fault::new(FaultKind::Damaged, "document.failed", "The document could not be read.")
            }),
        },
        // "waiting": the table allows no other word.
        _ => DocumentState::Waiting,
    };
    // A note that cannot be read is no reason to hide the document.
    let notes = row.notes.as_deref().and_then(|n| serde_json::from_str(n).ok()).unwrap_or_default();
    let (language, author, dated) = (row.language, row.author, row.dated);
    let (pages, earlier) = (count(row.pages), row.earlier);
    Facts { pages, passages, language, author, dated, state, notes, earlier }
}
