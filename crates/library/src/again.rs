//! Reading again what was read before: one document, or all that an earlier version of its reader read.

use crate::{Library, LibraryError};
use protocol::{Actor, DocumentId};

impl Library {
    /// Reads a document again.
    pub async fn retry(&self, _actor: &Actor, document: DocumentId) -> Result<(), LibraryError> {
        self.inner.store.document(document).await?;
        self.inner.cancel_reading(document);
        self.inner.enqueue(&[document]).await
    }

    /// Reads again every document that an earlier version of its reader read; returns how many.
    pub async fn read_earlier_again(&self, _actor: &Actor) -> Result<u32, LibraryError> {
        let documents = self.inner.derived.read_earlier().await?;
        self.inner.enqueue(&documents).await?;
        Ok(u32::try_from(documents.len()).unwrap_or(u32::MAX))
    }
}
