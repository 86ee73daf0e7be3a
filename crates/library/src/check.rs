//! Do the documents still say what the workspace says that they say?
//!
//! The text of a page is derived, so the log does not vouch for it: whoever can write to the database
//! can change it. What the log does vouch for is the hash of each file, and every quote of an answer.
//! So each file is hashed and read again, and both are compared with it.

use crate::{
    Library, LibraryError,
    extract::{self, is_stored, name_text},
    standing::{plain, says},
    worker::{Asked, Parent, Secret, Step, Trouble},
};
use protocol::{Alteration, AlteredDocument, DocumentId, DocumentState, DocumentView, DocumentsReport, Span};
use std::{collections::HashMap, path::Path};
use store::StoredQuote;

/// So many alterations are named; what is beyond is one alteration more.
const MOST_NAMED: usize = 1_000;

impl Library {
    /// Hashes and reads every document again and compares the stored pages, and the quotes that answers
    /// rest on, with what its file says. Takes about as long as the import did. Nothing is written.
    ///
    /// # Errors
    /// The store or the reader of files fails; that a document is not as it was is no error.
    pub async fn check_documents(&self) -> Result<DocumentsReport, LibraryError> {
        let mut report = DocumentsReport::default();
        let mut parent = Parent::new(self.inner.spawner());
        for view in self.inner.store.documents().await? {
            // What was never read has no page and no quote that could be wrong; its file still counts.
            let checked = self.check_document(&mut parent, &view, &mut report).await;
            if checked.is_err() {
                parent.end().await;
            }
            checked?;
            report.documents += 1;
        }
        parent.end().await;
        report.intact = report.altered.is_empty();
        Ok(report)
    }

    async fn check_document(
        &self,
        parent: &mut Parent,
        view: &DocumentView,
        report: &mut DocumentsReport,
    ) -> Result<(), LibraryError> {
        let mut tell = |what| {
            if report.altered.len() < MOST_NAMED {
                report.altered.push(AlteredDocument { document: view.id, name: view.name.clone(), what });
            }
        };
        let Some(path) = self.inner.store.blobs().path(&view.hash) else {
            tell(Alteration::FileGone {});
            return Ok(());
        };
        if hash_of(&path).await.as_deref() != Some(view.hash.as_str()) {
            tell(Alteration::FileAltered {});
            return Ok(());
        }
        let stored = self.inner.derived.page_numbers(view.id).await?;
        if stored.is_empty() {
            return Ok(());
        }
        // What is only kept, or could not be read, has its name for a text.
        let failed = matches!(view.state, DocumentState::Failed { .. });
        let kept = is_stored(&view.format) && view.notes.iter().all(|n| n.code != crate::faults::RECOGNISED);
        let read = if failed || kept {
            Ok(HashMap::from([(1, name_text(&view.name))]))
        } else {
            read_again(parent, &path, &view.format, self.inner.passwords.of(&view.hash)).await
        };
        let pages = match read {
            // The name stands for the words that a scan has not.
            Ok(mut pages) if crate::faults::is_wordless(&view.notes) => {
                pages.insert(1, name_text(&view.name));
                pages
            }
            Ok(pages) => pages,
            Err(Trouble::Reader(fault)) => return Err(LibraryError::Refused(fault)),
            // Its hash is right, and the password is no longer known: its pages cannot be compared.
            Err(Trouble::Document(fault)) if fault.code == crate::faults::ASKS_PASSWORD => return Ok(()),
            Err(Trouble::Document(fault)) => {
                tell(Alteration::Unreadable { fault });
                return Ok(());
            }
        };
        // Another version of the program that reads pictures may read another word in one.
        let recognised = view.notes.iter().any(|note| note.code == crate::faults::RECOGNISED);
        let mut otherwise = false;
        for number in stored {
            report.pages += 1;
            let page = self.inner.derived.page(view.id, number).await?;
            let same = recognised || pages.get(&number) == Some(&page.text);
            match page.is_intact() {
                true if same => {}
                true if view.earlier => otherwise = true,
                _ => tell(Alteration::Page { page: number }),
            }
        }
        if otherwise {
            tell(Alteration::ReadEarlier {});
        }
        let quotes = self.inner.store.quotes_of(view.id).await?;
        report.quotes += u32::try_from(quotes.len()).unwrap_or(u32::MAX);
        let mut lost: Vec<&StoredQuote> = quotes.iter().filter(|quote| !stands(&pages, quote, recognised)).collect();
        if !lost.is_empty() {
            self.check_versions(parent, view.id, &mut lost).await?;
        }
        for quote in lost {
            tell(Alteration::Quote { item: quote.item, page: quote.page });
        }
        Ok(())
    }

    /// Looks for quotes in what the document's file held before it was edited; what stands in none stays.
    async fn check_versions(
        &self,
        parent: &mut Parent,
        document: DocumentId,
        lost: &mut Vec<&StoredQuote>,
    ) -> Result<(), LibraryError> {
        for version in self.inner.store.versions(document).await?.into_iter().skip(1) {
            let Some(path) = self.inner.store.blobs().path(&version.hash) else { continue };
            if hash_of(&path).await.as_deref() != Some(version.hash.as_str()) {
                continue;
            }
            match read_again(parent, &path, &version.format, self.inner.passwords.of(&version.hash)).await {
                // What read a picture then may read another word now.
                Ok(pages) => lost.retain(|quote| !stands(&pages, quote, extract::is_picture(&version.format))),
                Err(Trouble::Reader(fault)) => return Err(LibraryError::Refused(fault)),
                Err(Trouble::Document(_)) => {}
            }
            if lost.is_empty() {
                break;
            }
        }
        Ok(())
    }
}

/// Whether a quote stands on its page. Another version of the reader may have put it elsewhere on it, with other
/// signs and blanks; its words must be there in a row, unless they were recognised in a picture.
fn stands(pages: &HashMap<u32, String>, quote: &StoredQuote, recognised: bool) -> bool {
    let span = Span { start: quote.start, end: quote.end };
    let Some(text) = pages.get(&quote.page) else { return false };
    recognised
        || crate::words::slice(text, span) == quote.quote
        || text.contains(&quote.quote)
        || says(&plain(text), &quote.quote)
}

/// BLAKE3 of a file, hex; None where it cannot be read.
async fn hash_of(path: &Path) -> Option<String> {
    let path = path.to_owned();
    let hashed = tokio::task::spawn_blocking(move || {
        let mut hasher = blake3::Hasher::new();
        std::io::copy(&mut std::fs::File::open(path).ok()?, &mut hasher).ok()?;
        Some(hasher.finalize().to_hex().to_string())
    });
    hashed.await.ok().flatten()
}

/// The text of each page, read from the file as on import.
async fn read_again(
    parent: &mut Parent,
    path: &Path,
    format: &str,
    password: Option<Secret>,
) -> Result<HashMap<u32, String>, Trouble> {
    parent.begin(Asked { path: path.to_owned(), format: format.to_owned(), parts: false, password }).await?;
    let mut pages = HashMap::new();
    loop {
        match parent.next().await? {
            Step::Page(page) => {
                pages.insert(page.number, page.text);
            }
            // Not asked for: the file inside is a document of its own, and checked as one.
            Step::Part(_) => {}
            Step::Done { .. } => return Ok(pages),
        }
    }
}
