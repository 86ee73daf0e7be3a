//! What people call documents by.

use crate::{Store, StoreError};
use protocol::DocumentId;
use std::collections::HashMap;
use uuid::Uuid;

impl Store {
    /// The labels of every document that has some, in alphabetical order.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn labels(&self) -> Result<HashMap<DocumentId, Vec<String>>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT document AS "document: Uuid", label FROM labels WHERE held = 1 ORDER BY document, label"#
        );
        let mut all: HashMap<DocumentId, Vec<String>> = HashMap::new();
        for row in rows.fetch_all(self.pool()).await? {
            all.entry(DocumentId(row.document)).or_default().push(row.label);
        }
        Ok(all)
    }

    /// The labels of a document, in alphabetical order.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn labels_of(&self, document: DocumentId) -> Result<Vec<String>, StoreError> {
        let labels =
            sqlx::query_scalar!("SELECT label FROM labels WHERE document = ? AND held = 1 ORDER BY label", document.0);
        Ok(labels.fetch_all(self.pool()).await?)
    }
}
