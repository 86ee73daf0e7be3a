//! What became of the sources of an answer since it was written?

use crate::{Library, LibraryError, words};
use protocol::{CitationView, DocumentId, DocumentState, DocumentView, SourceNow};
use std::collections::{HashMap, hash_map::Entry};
use store::StoreError;

impl Library {
    /// Says of each citation whether its page still says what was cited, whatever else has changed on it, and what
    /// its document is called by now. The quote itself is the answer's own and stays as it is.
    pub async fn look_up<'a>(
        &self,
        citations: impl IntoIterator<Item = &'a mut CitationView>,
    ) -> Result<(), LibraryError> {
        let mut documents: HashMap<DocumentId, Option<DocumentView>> = HashMap::new();
        let mut pages: HashMap<(DocumentId, u32), Page> = HashMap::new();
        for citation in citations {
            let document = match documents.entry(citation.document) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(fresh) => fresh.insert(self.document_now(citation.document).await?),
            };
            let page = match pages.entry((citation.document, citation.page)) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(fresh) => fresh.insert(self.page_now(document.as_ref(), citation.page).await?),
            };
            citation.now = match page {
                Page::Removed => SourceNow::Removed,
                Page::Says(page) if page.hash != citation.page_hash && !says(&page.words, &citation.quote) => {
                    SourceNow::Changed
                }
                Page::Gone => SourceNow::Changed,
                Page::Says(_) | Page::Unknown => SourceNow::AsCited,
            };
            // What was erased has no name, and gets none.
            let another = |document: &&DocumentView| !citation.name.is_empty() && document.name != citation.name;
            citation.now_called = document.as_ref().filter(another).map(|document| document.name.clone());
        }
        Ok(())
    }

    async fn document_now(&self, document: DocumentId) -> Result<Option<DocumentView>, LibraryError> {
        match self.inner.store.document(document).await {
            Ok(view) => Ok(Some(view)),
            Err(StoreError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn page_now(&self, document: Option<&DocumentView>, page: u32) -> Result<Page, LibraryError> {
        let Some(view) = document else { return Ok(Page::Removed) };
        // While it is read again nobody knows what it will say.
        match view.state {
            DocumentState::Waiting | DocumentState::Reading => return Ok(Page::Unknown),
            DocumentState::Failed { .. } => return Ok(Page::Gone),
            DocumentState::Indexing { .. } | DocumentState::Ready { .. } => {}
        }
        match self.inner.derived.page(view.id, page).await {
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

/// Whether these words stand in a row among those of a page. Signs and blanks do not count: the same page may be
/// read by a later version, which sets them otherwise.
pub(crate) fn says(page: &str, quote: &str) -> bool {
    let quote = plain(quote);
    !quote.trim().is_empty() && page.contains(&quote)
}

/// The words of a text, each between blanks.
pub(crate) fn plain(text: &str) -> String {
    let words = words::words(text).into_iter().map(|word| word.folded + " ");
    [" ".to_owned()].into_iter().chain(words).collect()
}
