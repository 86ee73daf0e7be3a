//! Which version of its reader a document was read by.

use super::Derived;
use crate::StoreError;
use protocol::DocumentId;
use uuid::Uuid;

impl Derived {
    /// Notes which version the reader of each format has now.
    pub async fn set_readers(&self, readers: &[(&str, u32)]) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        for (format, version) in readers {
            sqlx::query!("INSERT OR REPLACE INTO readers (format, version) VALUES (?, ?)", format, version)
                .execute(&mut *tx)
                .await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// The documents that an earlier version of its reader read, the first that was read first.
    pub async fn read_earlier(&self) -> Result<Vec<DocumentId>, StoreError> {
        let ids = sqlx::query_scalar!(
            r#"SELECT r.document AS "document!: Uuid" FROM readings r JOIN jobs j ON j.document = r.document
               JOIN documents d ON d.id = r.document JOIN readers v ON v.format = d.format
               WHERE d.removed = 0 AND j.state IN ('indexing', 'ready') AND v.version > r.reader
               ORDER BY j.since, r.document"#
        );
        Ok(ids.fetch_all(self.store.pool()).await?.into_iter().map(DocumentId).collect())
    }
}
