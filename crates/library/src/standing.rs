//! What became of the sources of an answer since it was written?

use crate::{Library, LibraryError, words};
use protocol::{CitationView, DocumentId, DocumentState, SourceNow};
use std::collections::{HashMap, hash_map::Entry};
use store::StoreError;

impl Library {
    /// Says of each citation whether its page still says what was cited, whatever else has changed on it. The quote itself is the answer's
    /// own and stays as it is.
    pub async fn look_up<'a>(
        &self,
        citations: impl IntoIterator<Item = &'a mut CitationView>,
    ) -> Result<(), LibraryError> {
        let mut known: HashMap<(DocumentId, u32), Page> = HashMap::new();
        for citation in citations {
            let place = (citation.document, citation.page);
            if let Entry::Vacant(fresh) = known.entry(place) {
                fresh.insert(self.page_now(citation.document, citation.page).await?);
            }
            citation.now = match known.get(&place) {
                Some(Page::Removed) => SourceNow::Removed,
                Some(Page::Says(page)) if page.hash != citation.page_hash && !page.says(&citation.quote) => {
                    SourceNow::Changed
                }
                Some(Page::Gone) => SourceNow::Changed,
                Some(Page::Says(_) | Page::Unknown) | None => SourceNow::AsCited,
            };
        }
        Ok(())
    }

    async fn page_now(&self, document: DocumentId, page: u32) -> Result<Page, LibraryError> {
        let view = match self.inner.store.document(document).await {
            Ok(view) => view,
            Err(StoreError::NotFound { .. }) => return Ok(Page::Removed),
            Err(error) => return Err(error.into()),
        };
        // While it is read again nobody knows what it will say.
        match view.state {
            DocumentState::Waiting | DocumentState::Reading => return Ok(Page::Unknown),
            DocumentState::Failed { .. } => return Ok(Page::Gone),
            DocumentState::Indexing { .. } | DocumentState::Ready { .. } => {}
        }
        match self.inner.derived.page(document, page).await {
            Ok(stored) => Ok(Page::Says(Said { hash: stored.hash, words: plain(&stored.text) })),
            Err(StoreError::NotFound { .. }) => Ok(Page::Gone),
            Err(error) => Err(error.into()),
        }
    }
}

/// A page that was cited, now.
enum Page {
    /// It says this.
    Says(Said),
    /// Its document has no such page any more.
    Gone,
    /// Its document was removed.
    Removed,
    /// Its document is being read.
    Unknown,
}

/// What a page says.
struct Said {
    hash: String,
    words: String,
}

impl Said {
    /// Whether these words stand on it in a row. Signs and blanks do not count: the same page may be read by a
    /// later version, which sets them otherwise.
    fn says(&self, quote: &str) -> bool {
        let quote = plain(quote);
        !quote.trim().is_empty() && self.words.contains(&quote)
    }
}

/// The words of a text, each between blanks.
fn plain(text: &str) -> String {
    let words = words::words(text).into_iter().map(|word| word.folded + " ");
    [" ".to_owned()].into_iter().chain(words).collect()
}
