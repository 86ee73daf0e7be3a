//! A page for the viewer: its text, its picture, and where a passage lies on it.

use crate::{
    Cited, Library, LibraryError, Passage, cite, closest,
    extract::{self, WordBox},
    faults, near, words,
    worker::Trouble,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use protocol::{CitationView, DocumentId, DocumentState, PageEntry, PageView, Span, WordPlace, lines};
use std::collections::{HashMap, hash_map::Entry};

impl Library {
    /// One page; for a fixed layout with its picture, about `width` pixels wide, and the boxes of `passage`.
    pub async fn page(
        &self,
        document: DocumentId,
        page: u32,
        passage: Option<Span>,
        width: u32,
    ) -> Result<PageView, LibraryError> {
        let view = match self.inner.store.document(document).await {
            Ok(view) => view,
            Err(store::StoreError::NotFound { .. }) => return Err(LibraryError::Refused(faults::not_here())),
            Err(error) => return Err(error.into()),
        };
        let stored = match self.inner.derived.page(document, page).await {
            // What could not be read has its name for a page, to be found by: that is nothing to look at.
            Ok(stored) if !matches!(view.state, DocumentState::Failed { .. }) => stored,
            Ok(_) | Err(store::StoreError::NotFound { .. }) => return Err(LibraryError::Refused(no_page(&view.state))),
            Err(error) => return Err(error.into()),
        };
        if !stored.is_intact() {
            return Err(LibraryError::Refused(faults::page_altered(&view.name, page)));
        }
        let length = stored.text.chars().count() as u32;
        let passage = passage.filter(|s| s.start < s.end && s.end <= length);
        let mut shown = PageView {
            document,
            name: view.name,
            format: view.format,
            page,
            pages: view.pages,
            text: stored.text.clone(),
            picture: None,
            width: 0,
            height: 0,
            boxes: Vec::new(),
            words: Vec::new(),
            passage,
            page_hash: stored.hash.clone(),
            label: stored.label.clone(),
            blocks: stored.blocks(),
            columns: stored.columns(),
        };
        let fixed = extract::extractor(&shown.format).is_some_and(|e| e.fixed_layout);
        if fixed && let Some(path) = self.inner.store.blobs().path(&view.hash) {
            let rendered = {
                let password = self.inner.passwords.of(&view.hash);
                self.inner.pictures.draw(&view.hash, path, page, width, password).await
            };
            match rendered {
                Ok(picture) => {
                    shown.picture = Some(STANDARD.encode(&picture.png));
                    (shown.width, shown.height) = (picture.width, picture.height);
                    let place = |WordBox { start, length, sides }| WordPlace { start, length, sides };
                    shown.words = WordBox::unpack(&stored.boxes).into_iter().map(place).collect();
                    shown.boxes = passage.map(|passage| lines(&shown.words, passage)).unwrap_or_default();
                }
                // The text is there all the same.
                Err(Trouble::Document(fault) | Trouble::Reader(fault)) => {
                    tracing::warn!(%fault, %document, page, "a page could not be rendered");
                }
            }
        }
        Ok(shown)
    }

    /// The pages of a document that was read, in order, without their texts.
    pub async fn pages(&self, document: DocumentId) -> Result<Vec<PageEntry>, LibraryError> {
        let failed = self.inner.store.document(document).await;
        if failed.is_ok_and(|view| matches!(view.state, DocumentState::Failed { .. })) {
            return Ok(Vec::new());
        }
        Ok(self.inner.derived.page_entries(document).await?)
    }

    /// Finds the evidence for an answer. Only passages that stand in the stored pages as they were
    /// retrieved count, so that every quote is on its page, char by char.
    pub async fn cite(&self, answer: &str, passages: &[Passage]) -> Result<Cited, LibraryError> {
        let mut cited = cite(answer, &self.standing(passages).await?);
        for citation in &mut cited.citations {
            self.place(citation).await?;
        }
        Ok(cited)
    }

    /// Names the place of the quote itself: cells instead of all those of its passage.
    async fn place(&self, citation: &mut CitationView) -> Result<(), LibraryError> {
        if citation.place.is_none() {
            return Ok(());
        }
        let page = match self.inner.derived.page(citation.document, citation.page).await {
            Ok(page) => page,
            Err(store::StoreError::NotFound { .. }) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let quote = Span { start: citation.start, end: citation.end };
        citation.place = extract::place(page.label.as_deref(), &page.blocks(), quote);
        Ok(())
    }

    /// The sentence that comes closest to a question, verbatim from a page as it stands now.
    pub async fn closest(&self, question: &str, passages: &[Passage]) -> Result<Option<CitationView>, LibraryError> {
        self.placed(closest(question, &self.standing(passages).await?)).await
    }

    /// The sentence that is worth a look where no passage answers a question, as it stands now.
    pub async fn near(&self, question: &str, passages: &[Passage]) -> Result<Option<CitationView>, LibraryError> {
        self.placed(near(question, &self.standing(passages).await?)).await
    }

    async fn placed(&self, citation: Option<CitationView>) -> Result<Option<CitationView>, LibraryError> {
        let Some(mut citation) = citation else { return Ok(None) };
        self.place(&mut citation).await?;
        Ok(Some(citation))
    }

    /// The passages whose page still says what they say.
    async fn standing(&self, passages: &[Passage]) -> Result<Vec<Passage>, LibraryError> {
        let mut pages: HashMap<(DocumentId, u32), Option<String>> = HashMap::new();
        let mut standing = Vec::with_capacity(passages.len());
        for passage in passages {
            let place = (passage.document, passage.page);
            let text = match pages.entry(place) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(fresh) => fresh.insert(self.page_text(passage.document, passage.page).await?),
            };
            if text.as_deref().is_some_and(|text| words::slice(text, passage.span()) == passage.text) {
                standing.push(passage.clone());
            }
        }
        Ok(standing)
    }

    /// BLAKE3 of a passage as it stands now, hex; None when it is no longer there.
    pub async fn passage_hash(
        &self,
        document: DocumentId,
        page: u32,
        start: u32,
        end: u32,
    ) -> Result<Option<String>, LibraryError> {
        let Some(text) = self.page_text(document, page).await? else { return Ok(None) };
        let passage = words::slice(&text, Span { start, end });
        let whole = passage.chars().count() as u32 == end.saturating_sub(start) && end > start;
        Ok(whole.then(|| blake3::hash(passage.as_bytes()).to_hex().to_string()))
    }

    async fn page_text(&self, document: DocumentId, page: u32) -> Result<Option<String>, LibraryError> {
        match self.inner.derived.page(document, page).await {
            Ok(stored) if stored.is_intact() => Ok(Some(stored.text)),
            // Text that is not as it was read is no evidence.
            Ok(_) | Err(store::StoreError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

/// Why there is no such page.
fn no_page(state: &DocumentState) -> protocol::Fault {
    match state {
        DocumentState::Waiting | DocumentState::Reading => protocol::Fault::new(
            protocol::FaultKind::Busy,
            "document.not_read_yet",
            "The document is still being read.",
        )
        .hint("Try again in a moment."),
        DocumentState::Failed { fault } => fault.clone(),
        DocumentState::Indexing { .. } | DocumentState::Ready { .. } => faults::no_page(),
    }
}
