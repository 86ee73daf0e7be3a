//! What was read of a document, until it is stored; and the page by which one without text is found.

use crate::{
    LibraryError,
    chunk::Chunk,
    extract::{self, About},
    library::Inner,
    worker::CutPage,
};
use protocol::{DocumentId, Fault, Span};
use std::{collections::HashMap, time::Duration};
use store::{NewChunk, NewPage, Reading};

/// The page by which a document without text is found: its name.
pub(super) fn name_cut(name: &str) -> CutPage {
    let text = extract::name_text(name);
    let chars = text.chars().count() as u32;
    let whole = Chunk { span: Span { start: 0, end: chars }, ..Chunk::default() };
    CutPage { number: 1, text, chunks: vec![whole], ..CutPage::default() }
}

/// The same, as it is stored.
pub(crate) fn name_page(name: &str) -> NewPage {
    let mut gathered = Gathered::default();
    gathered.add(name_cut(name));
    gathered.pages.pop().unwrap_or_default()
}

/// Notes the names of documents that failed before names were kept: they are found by them from now on.
pub(crate) async fn name_failed(inner: &Inner) -> Result<(), LibraryError> {
    for (document, name) in inner.derived.unnamed().await? {
        inner.derived.name(document, name_page(&name)).await?;
    }
    Ok(())
}

/// What was read of a document so far.
#[derive(Default)]
pub(super) struct Gathered {
    pub pages: Vec<NewPage>,
    count: u32,
    pub passages: u32,
    languages: HashMap<String, u64>,
    pub about: About,
}

impl Gathered {
    pub fn add(&mut self, page: CutPage) {
        self.count += 1;
        self.passages += page.chunks.len() as u32;
        for chunk in &page.chunks {
            if let Some(language) = &chunk.language {
                let chars = u64::from(chunk.span.end - chunk.span.start);
                *self.languages.entry(language.clone()).or_default() += chars;
            }
        }
        self.pages.push(NewPage {
            number: page.number,
            text: page.text,
            boxes: page.boxes,
            label: page.label,
            blocks: page.blocks,
            columns: page.columns,
            width: page.width,
            height: page.height,
            chunks: page.chunks.into_iter().map(|c| self.stored(c)).collect(),
        });
    }

    /// Has a document without words found by its name, on its first page.
    pub fn name(&mut self, name: &str) {
        let Some(named) = name_page(name).chunks.pop() else { return };
        if let Some(first) = self.pages.first_mut() {
            first.text = extract::name_text(name);
            first.chunks = vec![named];
            self.passages = 1;
        }
    }

    /// A passage too short to tell its language has that of the document so far.
    fn stored(&self, chunk: Chunk) -> NewChunk {
        NewChunk {
            start: chunk.span.start,
            end: chunk.span.end,
            section: chunk.section,
            language: chunk.language.or_else(|| self.language()),
            header: chunk.header,
            place: chunk.place,
        }
    }

    fn language(&self) -> Option<String> {
        self.languages.iter().max_by_key(|(name, n)| (**n, *name)).map(|(name, _)| name.clone())
    }

    pub async fn write(&mut self, inner: &Inner, document: DocumentId) -> Result<bool, store::StoreError> {
        inner.derived.add_pages(document, &std::mem::take(&mut self.pages)).await
    }

    pub fn reading(self, notes: Vec<Fault>, took: Duration) -> Reading {
        Reading {
            pages: self.count,
            passages: self.passages,
            language: self.language(),
            author: self.about.author,
            dated: self.about.dated,
            notes,
            took_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        }
    }
}
