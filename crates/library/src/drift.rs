//! Do the index and the vectors hold what SQLite holds? Finding what differs, and mending it.
//!
//! SQLite is the truth. Everything that is compared here is made of it and can be made again.

use crate::{
    Library, LibraryError,
    index::print,
    library::{Inner, blocking},
};
use protocol::{DocumentId, IndexReport};
use std::{
    collections::{BTreeSet, HashMap},
    sync::atomic::Ordering,
};

impl Library {
    /// Compares the index and the vectors with what is stored; with `mend`, makes them equal again.
    pub async fn check_index(&self, mend: bool) -> Result<IndexReport, LibraryError> {
        let inner = &self.inner;
        // What is only not indexed yet is no drift.
        inner.index_outbox().await?;
        let mut report = inner.check_words(mend).await?;
        let vectors = inner.mend_vectors(true, mend).await?;
        report.vectors = vectors.stored;
        report.vectors_odd = vectors.odd;
        report.vectors_missing = vectors.missing;
        report.vectors_extra = vectors.extra;
        report.mended = mend && !report.is_sound();
        Ok(report)
    }

    /// Builds the index and the fast copy of the vectors anew from what is stored.
    pub async fn rebuild_index(&self) -> Result<IndexReport, LibraryError> {
        let inner = &self.inner;
        inner.rebuild().await?;
        inner.rebuild_vectors().await?;
        self.check_index(false).await
    }
}

impl Inner {
    async fn check_words(&self, mend: bool) -> Result<IndexReport, LibraryError> {
        let _turn = self.indexing.lock().await;
        let mut report = IndexReport::default();
        let index = self.index.clone();
        report.damaged = blocking(move || Ok(index.is_damaged()?)).await?;
        let index = self.index.clone();
        let all = blocking(move || Ok(index.all())).await?;
        let number = self.committed.load(Ordering::Acquire);
        let Some(all) = all.ok().filter(|_| !report.damaged) else {
            report.damaged = true;
            if mend {
                self.build(number).await?;
            }
            return Ok(report);
        };
        let mut indexed: HashMap<i64, (DocumentId, u64)> = HashMap::new();
        let mut wrong: BTreeSet<DocumentId> = BTreeSet::new();
        for (chunk, document, print) in all {
            // Twice is once too often.
            if indexed.insert(chunk, (document, print)).is_some() {
                report.words_extra += 1;
                wrong.insert(document);
            }
        }
        for document in self.derived.read_documents().await? {
            for passage in self.derived.passages_of(document).await? {
                report.passages += 1;
                if indexed.remove(&passage.id) != Some((document, print(&passage))) {
                    report.words_missing += 1;
                    wrong.insert(document);
                }
            }
        }
        report.words_extra += indexed.len() as u32;
        wrong.extend(indexed.into_values().map(|(document, _)| document));
        if mend && !wrong.is_empty() {
            let wrong: Vec<DocumentId> = wrong.into_iter().collect();
            for document in &wrong {
                self.put(*document).await?;
            }
            self.commit(number, &wrong).await?;
        }
        Ok(report)
    }
}
