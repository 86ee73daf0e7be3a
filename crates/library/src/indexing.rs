//! How the index follows SQLite: it takes from the outbox what changed, commits, and says so.

use crate::{
    LibraryError,
    library::{Inner, blocking},
};
use protocol::DocumentId;
use std::sync::atomic::Ordering;

/// Documents that are taken from the outbox at once.
const AT_ONCE: u32 = 200;

impl Inner {
    /// Brings the index up to date with everything that changed since its last commit.
    pub async fn index_outbox(&self) -> Result<(), LibraryError> {
        self.catch_up(self.committed.load(Ordering::Acquire)).await
    }

    /// Applies the outbox after `number` and commits.
    pub async fn catch_up(&self, number: i64) -> Result<(), LibraryError> {
        let _turn = self.indexing.lock().await;
        // Somebody else may have done it while this one waited.
        let mut at = number.max(self.committed.load(Ordering::Acquire));
        let last = self.derived.outbox_last().await?;
        if last < at {
            // The database is older than the index (a snapshot was put back): trust the database.
            return self.build(last).await;
        }
        // Asked for first: each of these has its line in the outbox, so the loop puts it in.
        let read = self.derived.indexing().await?;
        loop {
            let changed = self.derived.outbox(at, AT_ONCE).await?;
            let Some((newest, _)) = changed.last() else { break };
            at = *newest;
            for (_, document) in &changed {
                self.put(*document).await?;
            }
            let documents: Vec<DocumentId> = changed.iter().map(|(_, d)| *d).collect();
            self.commit(at, &documents).await?;
        }
        self.committed.store(at, Ordering::Release);
        // Committed but not said to be ready: the app ended in between.
        if !read.is_empty() {
            self.say_ready(&read).await?;
        }
        Ok(())
    }

    /// Builds the whole index from SQLite.
    pub async fn rebuild(&self) -> Result<(), LibraryError> {
        let _turn = self.indexing.lock().await;
        let last = self.derived.outbox_last().await?;
        self.build(last).await
    }

    pub(crate) async fn build(&self, last: i64) -> Result<(), LibraryError> {
        let index = self.index.clone();
        blocking(move || index.clear().map_err(LibraryError::from)).await?;
        let documents = self.derived.read_documents().await?;
        for document in &documents {
            self.put(*document).await?;
        }
        self.commit(last, &documents).await?;
        self.committed.store(last, Ordering::Release);
        Ok(())
    }

    pub(crate) async fn put(&self, document: DocumentId) -> Result<(), LibraryError> {
        let passages = self.derived.passages_of(document).await?;
        let index = self.index.clone();
        blocking(move || index.replace(document, &passages).map_err(LibraryError::from)).await
    }

    pub(crate) async fn commit(&self, number: i64, documents: &[DocumentId]) -> Result<(), LibraryError> {
        let index = self.index.clone();
        blocking(move || index.commit(number).map_err(LibraryError::from)).await?;
        self.derived.outbox_done(number).await?;
        self.say_ready(documents).await
    }

    async fn say_ready(&self, documents: &[DocumentId]) -> Result<(), LibraryError> {
        for document in self.derived.ready(documents).await? {
            self.tell(document).await;
        }
        if self.embedder().is_some() {
            self.busy.send_modify(|busy| busy.to_embed += 1);
            self.wake_embedder.notify_one();
        }
        Ok(())
    }
}
