//! The passages' vectors, one per embedding model; the truth that fast copies are loaded from.

use super::Derived;
use crate::StoreError;
use protocol::DocumentId;
use std::collections::HashSet;
use uuid::Uuid;

/// A passage that has no vector of a model yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unembedded {
    /// The passage.
    pub id: i64,
    /// Its document.
    pub document: DocumentId,
    /// The nearest heading.
    pub section: Option<String>,
    /// The header row of the table that it begins in the middle of.
    pub header: Option<String>,
    /// Its text.
    pub text: String,
}

/// A passage's vector, to be compared with another.
#[derive(Clone, Debug, PartialEq)]
pub struct ComparedVector {
    /// The passage.
    pub id: i64,
    /// The passage's language, ISO 639-1.
    pub language: Option<String>,
    /// The vector.
    pub vector: Vec<f32>,
}

/// A passage's vector.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredVector {
    /// The passage.
    pub id: i64,
    /// Its document.
    pub document: DocumentId,
    /// The vector.
    pub vector: Vec<f32>,
}

impl Derived {
    /// Documents some of whose passages have no vector yet, what was imported last first: who has just
    /// dropped a file wants to find it, not the archive of last year.
    pub async fn to_embed(&self, limit: u32) -> Result<Vec<DocumentId>, StoreError> {
        let ids = sqlx::query_scalar!(
            r#"SELECT r.document AS "document!: Uuid" FROM readings r JOIN jobs j ON j.document = r.document
               JOIN documents d ON d.id = r.document
               WHERE r.embedded < r.passages AND d.removed = 0 AND j.state IN ('indexing', 'ready')
               ORDER BY d.ms DESC, r.document DESC LIMIT ?"#,
            limit
        );
        Ok(ids.fetch_all(self.store.pool()).await?.into_iter().map(DocumentId).collect())
    }

    /// Passages of a document without a vector of this model, from the first after `after`.
    pub async fn unembedded(
        &self,
        model: &str,
        document: DocumentId,
        after: i64,
        limit: u32,
    ) -> Result<Vec<Unembedded>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT c.id AS "id!: i64", c.document AS "document!: Uuid", c.section, c.header,
                      substr(p.text, c.start_char + 1, c.end_char - c.start_char) AS "text!: String"
               FROM chunks c JOIN jobs j ON j.document = c.document
               JOIN page_texts p ON p.document = c.document AND p.page = c.page
               WHERE c.document = ?2 AND c.id > ?3 AND j.state IN ('indexing', 'ready')
               AND NOT EXISTS (SELECT 1 FROM vectors v WHERE v.model = ?1 AND v.chunk = c.id)
               ORDER BY c.id LIMIT ?4"#,
            model,
            document.0,
            after,
            limit
        );
        let rows = rows.fetch_all(self.store.pool()).await?;
        Ok(rows
            .into_iter()
            .map(|r| Unembedded {
                id: r.id,
                document: DocumentId(r.document),
                section: r.section,
                header: r.header,
                text: r.text,
            })
            .collect())
    }

    /// How many passages have no vector yet.
    pub async fn count_unembedded(&self) -> Result<u32, StoreError> {
        let count = sqlx::query_scalar!(
            r#"SELECT coalesce(sum(max(r.passages - r.embedded, 0)), 0) AS "count!: i64"
               FROM readings r JOIN jobs j ON j.document = r.document WHERE j.state IN ('indexing', 'ready')"#
        );
        Ok(u32::try_from(count.fetch_one(self.store.pool()).await?).unwrap_or(u32::MAX))
    }

    /// Adds vectors; those of passages that are gone meanwhile are left out. Returns the documents
    /// whose passages all have one now.
    pub async fn add_vectors(&self, model: &str, vectors: &[StoredVector]) -> Result<Vec<DocumentId>, StoreError> {
        let mut tx = self.begin().await?;
        for new in vectors {
            let bytes: Vec<u8> = new.vector.iter().flat_map(|x| x.to_le_bytes()).collect();
            sqlx::query!(
                "INSERT OR REPLACE INTO vectors (model, chunk, vector) SELECT ?1, id, ?3 FROM chunks WHERE id = ?2",
                model,
                new.id,
                bytes
            )
            .execute(&mut *tx)
            .await?;
        }
        let mut complete = Vec::new();
        let documents: HashSet<DocumentId> = vectors.iter().map(|v| v.document).collect();
        for document in documents {
            // Asked passage by passage: a join would look through all vectors of the model, for every batch.
            let row = sqlx::query!(
                r#"UPDATE readings SET embedded = (SELECT count(*) FROM chunks c WHERE c.document = ?1
                   AND EXISTS (SELECT 1 FROM vectors v WHERE v.model = ?2 AND v.chunk = c.id)) WHERE document = ?1
                   RETURNING embedded >= passages AS "complete!: bool""#,
                document.0,
                model
            );
            if row.fetch_optional(&mut *tx).await?.is_some_and(|row| row.complete) {
                complete.push(document);
            }
        }
        tx.commit().await?;
        Ok(complete)
    }

    /// Which passages have a vector of a model, with their documents, from the first after `after`.
    pub async fn vector_ids(&self, model: &str, after: i64, limit: u32) -> Result<Vec<(i64, DocumentId)>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT v.chunk, c.document AS "document: Uuid" FROM vectors v JOIN chunks c ON c.id = v.chunk
               JOIN jobs j ON j.document = c.document
               WHERE v.model = ? AND v.chunk > ? AND j.state IN ('indexing', 'ready') ORDER BY v.chunk LIMIT ?"#,
            model,
            after,
            limit
        );
        let rows = rows.fetch_all(self.store.pool()).await?;
        Ok(rows.into_iter().map(|row| (row.chunk, DocumentId(row.document))).collect())
    }

    /// The vectors that a model has of these passages.
    pub async fn vectors_of(&self, model: &str, ids: &[i64]) -> Result<Vec<StoredVector>, StoreError> {
        let ids = serde_json::to_string(ids)?;
        // CROSS JOIN keeps this order: else all vectors of the model are read, and few of them asked for.
        let rows = sqlx::query!(
            r#"SELECT v.chunk AS "chunk!", c.document AS "document: Uuid", v.vector FROM json_each(?) wanted
               CROSS JOIN vectors v ON v.model = ? AND v.chunk = wanted.value CROSS JOIN chunks c ON c.id = v.chunk"#,
            ids,
            model
        );
        let rows = rows.fetch_all(self.store.pool()).await?;
        Ok(rows
            .into_iter()
            .map(|row| StoredVector { id: row.chunk, document: DocumentId(row.document), vector: floats(&row.vector) })
            .collect())
    }

    /// As [`Derived::vectors_of`], with each passage's language.
    pub async fn vectors_with_languages(&self, model: &str, ids: &[i64]) -> Result<Vec<ComparedVector>, StoreError> {
        let ids = serde_json::to_string(ids)?;
        let rows = sqlx::query!(
            r#"SELECT v.chunk AS "chunk!", c.language, v.vector FROM json_each(?) wanted
               CROSS JOIN vectors v ON v.model = ? AND v.chunk = wanted.value CROSS JOIN chunks c ON c.id = v.chunk"#,
            ids,
            model
        );
        let rows = rows.fetch_all(self.store.pool()).await?;
        let vectors = rows.into_iter().map(|row| ComparedVector {
            id: row.chunk,
            language: row.language,
            vector: floats(&row.vector),
        });
        Ok(vectors.collect())
    }

    /// Drops vectors that cannot be used: their passages have none then.
    pub async fn drop_vectors(&self, model: &str, ids: &[i64]) -> Result<(), StoreError> {
        let ids = serde_json::to_string(ids)?;
        let mut tx = self.begin().await?;
        sqlx::query!("DELETE FROM vectors WHERE model = ? AND chunk IN (SELECT value FROM json_each(?))", model, ids)
            .execute(&mut *tx)
            .await?;
        sqlx::query!(
            "UPDATE readings SET embedded = (SELECT count(*) FROM chunks c WHERE c.document = readings.document
             AND EXISTS (SELECT 1 FROM vectors v WHERE v.model = ? AND v.chunk = c.id))",
            model
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Drops the vectors of every other model, so that a change of model leaves nothing behind.
    pub async fn keep_only_vectors_of(&self, model: &str) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let dropped = sqlx::query!("DELETE FROM vectors WHERE model <> ?", model).execute(&mut *tx).await?;
        if dropped.rows_affected() > 0 {
            sqlx::query!(
                "UPDATE readings SET embedded = (SELECT count(*) FROM chunks c JOIN vectors v ON v.chunk = c.id
                 WHERE c.document = readings.document)"
            )
            .execute(&mut *tx)
            .await?;
        }
        tx.commit().await?;
        Ok(())
    }
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks::<4>().0.iter().map(|four| f32::from_le_bytes(*four)).collect()
}
