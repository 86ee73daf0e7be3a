//! How the cosines of an embedding model lie.

use super::Derived;
use crate::StoreError;

/// What was measured of an embedding model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StoredNearness {
    /// The mean cosine of texts that have nothing to do with each other.
    pub unrelated: f64,
    /// The mean cosine of a question and what answers it.
    pub related: f64,
    /// As `unrelated`, of texts in different languages.
    pub unrelated_across: f64,
    /// As `related`, of texts in different languages.
    pub related_across: f64,
}

impl Derived {
    /// What was measured of a model on this version of the texts.
    pub async fn nearness(&self, model: &str, texts: u32) -> Result<Option<StoredNearness>, StoreError> {
        let row = sqlx::query_as!(
            StoredNearness,
            "SELECT unrelated, related, unrelated_across, related_across FROM nearness WHERE model = ? AND texts = ?",
            model,
            texts
        );
        Ok(row.fetch_optional(self.store.pool()).await?)
    }

    /// Notes what was measured of a model.
    pub async fn set_nearness(&self, model: &str, texts: u32, measured: StoredNearness) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query!(
            "INSERT OR REPLACE INTO nearness (model, texts, unrelated, related, unrelated_across, related_across)
             VALUES (?, ?, ?, ?, ?, ?)",
            model,
            texts,
            measured.unrelated,
            measured.related,
            measured.unrelated_across,
            measured.related_across
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }
}
