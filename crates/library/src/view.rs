//! A page for the viewer: its text, its picture, and where a passage lies on it.

use crate::{
    Cited, Library, LibraryError, Passage, cite, closest,
    extract::{self, WordBox},
    faults, near, words,
    worker::Trouble,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use protocol::{CitationView, DocumentId, DocumentState, PageView, Rect, Span};
use std::collections::{HashMap, hash_map::Entry};

/// Boxes of one passage that are drawn, at most.
const MOST_BOXES: usize = 400;
/// Words of one line overlap in height by at least this share of the lower one.
const SAME_LINE: f32 = 0.5;

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
            Ok(stored) => stored,
            Err(store::StoreError::NotFound { .. }) => return Err(LibraryError::Refused(no_page(&view.state))),
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
                    shown.boxes = passage.map(|s| boxes(&WordBox::unpack(&stored.boxes), s)).unwrap_or_default();
                }
                // The text is there all the same.
                Err(Trouble::Document(fault) | Trouble::Reader(fault)) => {
                    tracing::warn!(%fault, %document, page, "a page could not be rendered");
                }
            }
        }
        Ok(shown)
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

/// The rectangles of a passage: one per line.
fn boxes(words: &[WordBox], passage: Span) -> Vec<Rect> {
    let mut lines: Vec<[u16; 4]> = Vec::new();
    let inside = words.iter().filter(|w| w.start < passage.end && w.start + u32::from(w.length) > passage.start);
    for word in inside {
        let next = word.sides;
        // A word further left than the line's start begins another line or column.
        if let Some(line) = lines.last_mut().filter(|line| same_line(**line, next) && next[0] >= line[0]) {
            *line = [line[0], line[1].min(next[1]), line[2].max(next[2]), line[3].max(next[3])];
        } else if lines.len() < MOST_BOXES {
            lines.push(next);
        } else {
            break;
        }
    }
    let fraction = |side: u16| f32::from(side) / 65_535.0;
    lines
        .into_iter()
        .map(|[left, top, right, bottom]| Rect {
            x: fraction(left),
            y: fraction(top),
            w: fraction(right.saturating_sub(left)),
            h: fraction(bottom.saturating_sub(top)),
        })
        .collect()
}

fn same_line(a: [u16; 4], b: [u16; 4]) -> bool {
    let height = |s: [u16; 4]| f32::from(s[3].saturating_sub(s[1]));
    let overlap = f32::from(a[3].min(b[3])) - f32::from(a[1].max(b[1]));
    overlap >= SAME_LINE * height(a).min(height(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_box_per_line() {
        let word = |start, x: u16, y: u16| WordBox { start, length: 4, sides: [x, y, x + 400, y + 100] };
        let words = [
            word(0, 1000, 1000),
            word(5, 1500, 1000),
            word(10, 2000, 1010),
            word(15, 1000, 1200),
            word(20, 1500, 1200),
        ];
        let found = boxes(&words, Span { start: 6, end: 17 });
        let sides: Vec<_> = found
            .iter()
            .map(|r| ((r.x * 65_535.0).round(), (r.y * 65_535.0).round(), (r.w * 65_535.0).round()))
            .collect();
        assert_eq!(sides, [(1500.0, 1000.0, 900.0), (1000.0, 1200.0, 400.0)]);
        assert_eq!(boxes(&words, Span { start: 30, end: 40 }), []);
    }
}
