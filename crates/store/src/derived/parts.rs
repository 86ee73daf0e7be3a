//! What lies in what: the files that reading a message or an archive found in it, which documents go
//! with their container, and how deep one lies in others.
//!
//! That a document came in another is in the log ([`crate::Change::DocumentCameIn`]); that another
//! message has the same attachment is derived, and keeps it when the first one goes.

use super::Derived;
use crate::{Store, StoreError, Tx};
use protocol::DocumentId;
use std::collections::HashSet;
use uuid::Uuid;

/// How deep a chain of containers is followed. The library nests less deep; a circle ends here.
const DEEPEST: i64 = 32;

impl Derived {
    /// What the reading of a container found in it, in its order, in place of what was found before.
    pub async fn set_parts(&self, container: DocumentId, parts: &[DocumentId]) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query!("DELETE FROM parts WHERE container = ?", container.0).execute(&mut *tx).await?;
        for (ordinal, part) in parts.iter().enumerate() {
            let ordinal = ordinal as i64;
            sqlx::query!(
                "INSERT INTO parts (container, ordinal, document) VALUES (?, ?, ?)",
                container.0,
                ordinal,
                part.0
            )
            .execute(&mut *tx)
            .await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// What the last reading of a container found in it, in its order; removed documents too.
    pub async fn parts(&self, container: DocumentId) -> Result<Vec<DocumentId>, StoreError> {
        let parts = sqlx::query_scalar!(
            r#"SELECT document AS "document: Uuid" FROM parts WHERE container = ? ORDER BY ordinal"#,
            container.0
        );
        Ok(parts.fetch_all(self.store.pool()).await?.into_iter().map(DocumentId).collect())
    }
}

/// How much came out of the containers that a document lies in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nesting {
    /// In how many others it lies.
    pub depth: u32,
    /// How many documents the outermost one has brought so far.
    pub documents: u64,
    /// Their size.
    pub bytes: u64,
}

impl Store {
    /// The removed documents that went when this one was removed: they came in it, or in one of those,
    /// and were removed no earlier than it was.
    pub async fn went_with(&self, document: DocumentId) -> Result<Vec<DocumentId>, StoreError> {
        went_with(self.pool(), document).await
    }

    /// How deep a document lies in others, and how much the outermost of them has brought.
    pub async fn nesting(&self, document: DocumentId) -> Result<Nesting, StoreError> {
        let chain = sqlx::query!(
            r#"WITH RECURSIVE up(id, depth) AS (
                   SELECT ?1, 0
                   UNION SELECT d.parent, up.depth + 1 FROM up JOIN documents d ON d.id = up.id
                   WHERE d.parent IS NOT NULL AND up.depth < ?2)
               SELECT id AS "id!: Uuid", depth AS "depth!: i64" FROM up ORDER BY depth DESC LIMIT 1"#,
            document.0,
            DEEPEST
        );
        let top = chain.fetch_one(self.pool()).await?;
        let depth = u32::try_from(top.depth).unwrap_or(u32::MAX);
        if depth == 0 {
            return Ok(Nesting { depth, documents: 0, bytes: 0 });
        }
        let brought = sqlx::query!(
            r#"WITH RECURSIVE down(id, depth) AS (
                   SELECT ?1, 0
                   UNION SELECT d.id, down.depth + 1 FROM down JOIN documents d ON d.parent = down.id
                   WHERE down.depth < ?2)
               SELECT count(*) AS "documents!: i64", coalesce(sum(bytes), 0) AS "bytes!: i64"
               FROM documents WHERE id IN (SELECT id FROM down WHERE depth > 0)"#,
            top.id,
            DEEPEST
        );
        let brought = brought.fetch_one(self.pool()).await?;
        Ok(Nesting { depth, documents: brought.documents.unsigned_abs(), bytes: brought.bytes.unsigned_abs() })
    }
}

impl Tx {
    /// The documents that go when this one is removed: those that came in it, and in those, and that no
    /// container holds that stays.
    pub async fn goes_with(&mut self, document: DocumentId) -> Result<Vec<DocumentId>, StoreError> {
        let mut going = vec![document];
        let mut seen = HashSet::from([document]);
        let mut at = 0;
        while let Some(container) = going.get(at).copied() {
            at += 1;
            let inside = sqlx::query_scalar!(
                r#"SELECT id AS "id: Uuid" FROM documents
                   WHERE id IN (SELECT id FROM documents WHERE parent = ?1
                                UNION SELECT document FROM parts WHERE container = ?1)
                   AND parent IS NOT NULL AND removed = 0 ORDER BY stamp"#,
                container.0
            );
            for part in inside.fetch_all(self.conn()).await? {
                let others = sqlx::query_scalar!(
                    r#"SELECT p.container AS "container: Uuid" FROM parts p JOIN documents d ON d.id = p.container
                       WHERE p.document = ? AND d.removed = 0"#,
                    part
                );
                let others = others.fetch_all(self.conn()).await?;
                let stays = others.into_iter().any(|other| !seen.contains(&DocumentId(other)));
                if !stays && seen.insert(DocumentId(part)) {
                    going.push(DocumentId(part));
                }
            }
        }
        going.remove(0);
        Ok(going)
    }

    /// Whether a document that is here came in this container and lies in no other that is here.
    pub async fn came_only_in(&mut self, document: DocumentId, container: DocumentId) -> Result<bool, StoreError> {
        let found = sqlx::query_scalar!(
            r#"SELECT count(*) AS "n!: i64" FROM documents WHERE id = ?1 AND parent = ?2 AND removed = 0
               AND NOT EXISTS (SELECT 1 FROM parts p JOIN documents d ON d.id = p.container
                               WHERE p.document = ?1 AND p.container <> ?2 AND d.removed = 0)"#,
            document.0,
            container.0
        );
        Ok(found.fetch_one(self.conn()).await? > 0)
    }

    /// The documents that came in a container, with where they came from.
    pub async fn origins_in(&mut self, container: DocumentId) -> Result<Vec<(DocumentId, String, String)>, StoreError> {
        let rows =
            sqlx::query!(r#"SELECT id AS "id: Uuid", name, origin FROM documents WHERE parent = ?"#, container.0);
        let rows = rows.fetch_all(self.conn()).await?;
        Ok(rows.into_iter().map(|row| (DocumentId(row.id), row.name, row.origin)).collect())
    }

    /// The same within a transaction.
    pub async fn went_with(&mut self, document: DocumentId) -> Result<Vec<DocumentId>, StoreError> {
        went_with(self.conn(), document).await
    }

    /// The document that another one came in.
    pub async fn container_of(&mut self, document: DocumentId) -> Result<Option<DocumentId>, StoreError> {
        let parent = sqlx::query_scalar!(r#"SELECT parent AS "parent: Uuid" FROM documents WHERE id = ?"#, document.0);
        Ok(parent.fetch_optional(self.conn()).await?.flatten().map(DocumentId))
    }
}

async fn went_with(at: impl sqlx::SqliteExecutor<'_>, document: DocumentId) -> Result<Vec<DocumentId>, StoreError> {
    let gone = sqlx::query_scalar!(
        r#"WITH RECURSIVE down(id, depth) AS (
               SELECT ?1, 0
               UNION SELECT d.id, down.depth + 1 FROM down JOIN documents d
               ON d.id IN (SELECT id FROM documents WHERE parent = down.id
                           UNION SELECT document FROM parts WHERE container = down.id)
               WHERE down.depth < ?2 AND d.parent IS NOT NULL AND d.removed = 1
               AND d.removed_stamp >= (SELECT removed_stamp FROM documents WHERE id = ?1 AND removed = 1))
           SELECT d.id AS "id!: Uuid" FROM documents d
           WHERE d.id IN (SELECT id FROM down WHERE depth > 0) AND d.id <> ?1 ORDER BY d.removed_stamp"#,
        document.0,
        DEEPEST
    );
    Ok(gone.fetch_all(at).await?.into_iter().map(DocumentId).collect())
}
