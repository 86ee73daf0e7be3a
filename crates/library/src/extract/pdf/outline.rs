//! The outline of a PDF: its entries become headings where their words stand on the page.

use crate::extract::{Heading, Page};
use pdfium_render::prelude::*;
use protocol::Span;
use std::collections::HashMap;

/// Entries that are looked at, and how deep.
const MOST_ENTRIES: usize = 5_000;
const DEEPEST: u8 = 6;
/// An entry with more chars is no heading.
const LONGEST: usize = 200;

/// The entries of an outline by page, in their order.
#[derive(Default)]
pub struct Outline {
    pages: HashMap<u32, Vec<(String, u8)>>,
}

impl Outline {
    pub fn read(document: &PdfDocument<'_>) -> Self {
        let mut outline = Self::default();
        for entry in document.bookmarks().iter().take(MOST_ENTRIES) {
            let title = entry.title().map(|title| plain(&title)).unwrap_or_default();
            let page = entry.destination().and_then(|place| place.page_index().ok());
            let (Some(page), true) = (page.and_then(|p| u32::try_from(p).ok()), !title.is_empty()) else { continue };
            if title.chars().count() > LONGEST {
                continue;
            }
            let mut level = 1;
            let mut above = entry.parent();
            while let Some(parent) = above.filter(|_| level < DEEPEST) {
                level += 1;
                above = parent.parent();
            }
            outline.pages.entry(page + 1).or_default().push((title, level));
        }
        outline
    }

    /// Marks what a page's entries name as headings, where a line of the page says it.
    pub fn mark(&self, page: &mut Page) {
        let Some(entries) = self.pages.get(&page.number) else { return };
        let lines = lines(&page.text);
        let mut from = 0;
        for (title, level) in entries {
            let said = |at: &usize| lines[*at].1 == *title || lines[*at].1.strip_suffix(['.', ':']) == Some(title);
            // In their order; an entry that is out of it is looked for from the top.
            let Some(at) = (from..lines.len()).find(said).or_else(|| (0..from).find(said)) else { continue };
            from = at + 1;
            let span = lines[at].0;
            match page.headings.iter_mut().find(|known| known.span.start < span.end && span.start < known.span.end) {
                Some(known) if known.span == span => known.level = *level,
                // It is a part of a heading that the page's look has found.
                Some(_) => {}
                None => page.headings.push(Heading { span, level: *level }),
            }
        }
        page.headings.sort_by_key(|heading| heading.span.start);
    }
}

/// The lines of a text with their places, as they are compared.
fn lines(text: &str) -> Vec<(Span, String)> {
    let mut found = Vec::new();
    let mut at = 0u32;
    for line in text.split('\n') {
        let length = line.chars().count() as u32;
        let lead = line.chars().take_while(|c| c.is_whitespace()).count() as u32;
        let words = line.trim();
        if !words.is_empty() {
            let start = at + lead;
            found.push((Span { start, end: start + words.chars().count() as u32 }, plain(words)));
        }
        at += length + 1;
    }
    found
}

/// Words that differ only in case, spaces and the kind of their marks are the same.
fn plain(text: &str) -> String {
    let words: Vec<String> = text
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .map(|word| word.to_lowercase().replace(['’', '‘'], "'").replace(['–', '—'], "-"))
        .collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_headings_where_their_words_stand() {
        let text = "Contents\n\n1 Notice period\n\nThe notice period is ninety days.\n\n2  Rent — today";
        let mut page = Page { number: 3, text: text.into(), ..Page::default() };
        page.headings.push(Heading { span: Span { start: 0, end: 8 }, level: 2 });
        let entries = vec![
            ("contents".to_owned(), 1),
            ("1 notice period".to_owned(), 2),
            ("nowhere".to_owned(), 2),
            ("2 rent - today".to_owned(), 2),
        ];
        Outline { pages: HashMap::from([(3, entries)]) }.mark(&mut page);
        let headings: Vec<_> = page.headings.iter().map(|h| (crate::words::slice(text, h.span), h.level)).collect();
        assert_eq!(headings, [("Contents", 1), ("1 Notice period", 2), ("2  Rent — today", 2)]);
    }
}
