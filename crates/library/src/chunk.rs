//! Which passages a document is cut into: along headings and paragraphs, never across pages.
//!
//! The embedding model reads 256 word pieces and drops the rest, so a passage has about 200 and at
//! most [`MOST_PIECES`] by an estimate that errs upwards. Passages do not overlap: each ends where
//! a paragraph or sentence ends, so that no sentence is cut, and what a passage needs from before it
//! (its heading) is kept as its section.

use crate::{
    extract::{Heading, Page},
    sentences::sentences,
    words::{self, Chars},
};
use protocol::Span;
use serde::{Deserialize, Serialize};
use std::iter::Peekable;

/// A passage is full when it has so many word pieces.
const ENOUGH_PIECES: u32 = 200;
/// It never has more.
const MOST_PIECES: u32 = 250;
/// A passage with fewer goes on over a heading rather than stand alone.
const FEW_PIECES: u32 = 25;
/// Every passage carries its heading: no more of it than this, in chars.
const LONGEST_SECTION: usize = 300;

/// A passage: where it stands, under which heading, in which language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chunk {
    /// Its chars in the page's text.
    pub span: Span,
    /// The nearest heading before it.
    pub section: Option<String>,
    /// Its language, ISO 639-1, where it can be told.
    pub language: Option<String>,
}

/// Cuts a page into passages. `section` is the heading that the page before ended under, and is left
/// as the one that this page ends under. The time that it takes grows with the page's length, and no
/// faster, whatever stands on the page.
pub fn chunks(page: &Page, section: &mut Option<String>) -> Vec<Chunk> {
    let mut cutter = Cutter { text: Chars::of(&page.text), done: Vec::new(), open: None, section: section.take() };
    let mut headings = page.headings.iter().peekable();
    for block in blocks(&page.text) {
        match heading_in(&mut headings, block) {
            Some(heading) => cutter.heading(block, heading.span),
            None => cutter.block(block),
        }
    }
    cutter.close();
    *section = cutter.section;
    cutter.done
}

/// The first heading that begins in a block. Both come in the order of the text.
fn heading_in<'a>(headings: &mut Peekable<impl Iterator<Item = &'a Heading>>, block: Span) -> Option<&'a Heading> {
    let mut first = None;
    while let Some(heading) = headings.next_if(|h| h.span.start < block.end) {
        if first.is_none() && heading.span.start >= block.start {
            first = Some(heading);
        }
    }
    first
}

struct Open {
    span: Span,
    pieces: u32,
    section: Option<String>,
    /// Whether it holds more than headings.
    body: bool,
}

struct Cutter<'a> {
    text: Chars<'a>,
    done: Vec<Chunk>,
    open: Option<Open>,
    section: Option<String>,
}

impl Cutter<'_> {
    fn heading(&mut self, block: Span, title: Span) {
        // Headings in a row stand together; a heading opens a passage unless the one before is a scrap.
        if self.open.as_ref().is_some_and(|open| open.pieces > FEW_PIECES) {
            self.close();
        }
        let title = self.text.slice(title).split_whitespace().collect::<Vec<_>>().join(" ");
        self.section = Some(title.chars().take(LONGEST_SECTION).collect());
        let pieces = self.pieces(block);
        if pieces > MOST_PIECES {
            return self.block(block);
        }
        self.add(block, pieces);
        if let Some(open) = self.open.as_mut().filter(|open| !open.body) {
            open.section.clone_from(&self.section);
        }
    }

    fn block(&mut self, block: Span) {
        let pieces = self.pieces(block);
        if self.open.as_ref().is_some_and(|open| open.pieces + pieces > ENOUGH_PIECES) {
            self.close();
        }
        if pieces <= MOST_PIECES {
            self.add(block, pieces);
            return self.mark_body();
        }
        // A long paragraph: sentence by sentence, and a sentence without end word by word.
        let text = self.text.slice(block);
        for sentence in sentences(text, true) {
            let span = Span { start: block.start + sentence.start, end: block.start + sentence.end };
            let pieces = self.pieces(span);
            if pieces > MOST_PIECES {
                self.close();
                for part in self.halves(span) {
                    let pieces = self.pieces(part);
                    self.add(part, pieces);
                    self.mark_body();
                    self.close();
                }
                continue;
            }
            if self.open.as_ref().is_some_and(|open| open.pieces + pieces > ENOUGH_PIECES) {
                self.close();
            }
            self.add(span, pieces);
            self.mark_body();
        }
    }

    fn mark_body(&mut self) {
        if let Some(open) = &mut self.open {
            open.body = true;
        }
    }

    fn add(&mut self, span: Span, pieces: u32) {
        match &mut self.open {
            Some(open) => {
                open.span.end = span.end;
                open.pieces += pieces;
            }
            None => self.open = Some(Open { span, pieces, section: self.section.clone(), body: false }),
        }
    }

    fn close(&mut self) {
        let Some(open) = self.open.take() else { return };
        let text = self.text.slice(open.span);
        if text.chars().any(char::is_alphanumeric) {
            self.done.push(Chunk {
                span: open.span,
                section: open.section,
                language: words::language(text).map(str::to_owned),
            });
        }
    }

    fn pieces(&self, span: Span) -> u32 {
        pieces(self.text.slice(span))
    }

    /// Cuts a span that has no sentences between words (or anywhere, without words) into parts that fit.
    fn halves(&self, span: Span) -> Vec<Span> {
        let text: Vec<char> = self.text.slice(span).chars().collect();
        let mut parts = Vec::new();
        let (mut start, mut pieces_here, mut word) = (0usize, 0u32, String::new());
        for (at, c) in text.iter().enumerate() {
            word.push(*c);
            if c.is_whitespace() || word.len() >= 200 || at + 1 == text.len() {
                let more = pieces(&word);
                let word_start = at + 1 - word.chars().count();
                if pieces_here + more > ENOUGH_PIECES && word_start > start {
                    parts.push((start, word_start));
                    (start, pieces_here) = (word_start, 0);
                }
                pieces_here += more;
                word.clear();
            }
        }
        parts.push((start, text.len()));
        parts
            .into_iter()
            .map(|(a, b)| Span { start: span.start + a as u32, end: span.start + b as u32 })
            .filter(|s| s.start < s.end)
            .collect()
    }
}

/// The paragraphs of a text.
fn blocks(text: &str) -> Vec<Span> {
    let mut found = Vec::new();
    let mut at = 0u32;
    for block in text.split("\n\n") {
        let length = block.chars().count() as u32;
        if !block.trim().is_empty() {
            found.push(Span { start: at, end: at + length });
        }
        at += length + 2;
    }
    found
}

/// How many word pieces an English BERT tokeniser makes of a text, estimated from above: short words
/// are one piece, longer ones one more for every four letters, digits go in twos, signs and ideographs
/// are pieces of their own.
pub fn pieces(text: &str) -> u32 {
    let mut total = 0;
    let (mut letters, mut digits, mut wide) = (0u32, 0u32, false);
    let mut flush = |letters: &mut u32, digits: &mut u32, wide: &mut bool| {
        total += match *letters {
            0 => 0,
            n if *wide => n.div_ceil(2),
            1..=5 => 1,
            n => 1 + (n - 2) / 4,
        } + digits.div_ceil(2);
        (*letters, *digits, *wide) = (0, 0, false);
    };
    let mut signs = 0;
    for c in text.chars() {
        match c {
            c if c.is_ascii_digit() => digits += 1,
            '\u{2e80}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}' => signs += 1,
            c if c.is_alphabetic() => {
                letters += 1;
                wide |= !c.is_ascii() && !('\u{c0}'..='\u{17f}').contains(&c);
            }
            c => {
                flush(&mut letters, &mut digits, &mut wide);
                signs += u32::from(!c.is_whitespace());
            }
        }
    }
    flush(&mut letters, &mut digits, &mut wide);
    total + signs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::Heading;
    use proptest::prelude::*;

    fn page(text: &str, headings: &[&str]) -> Page {
        let headings = headings
            .iter()
            .map(|h| {
                let start = text[..text.find(h).unwrap()].chars().count() as u32;
                Heading { span: Span { start, end: start + h.chars().count() as u32 }, level: 1 }
            })
            .collect();
        Page { number: 1, text: text.into(), headings, ..Page::default() }
    }

    #[test]
    fn passages_follow_headings_and_paragraphs() {
        let body = "The tenant may end the lease with ninety days of notice in writing. ".repeat(4);
        let text = format!("Lease\n\nTerm\n\n{body}\n\nRent\n\n{body}\n\nshort tail");
        let mut section = Some("Before".to_owned());
        let found = chunks(&page(&text, &["Lease", "Term", "Rent"]), &mut section);
        let seen: Vec<_> = found
            .iter()
            .map(|c| {
                let text = words::slice(&text, c.span);
                (
                    c.section.as_deref().unwrap(),
                    text.split("\n\n").next().unwrap(),
                    text.ends_with("tail"),
                    c.language.as_deref(),
                )
            })
            .collect();
        assert_eq!(seen, [("Term", "Lease", false, Some("en")), ("Rent", "Rent", true, Some("en"))]);
        assert_eq!(section.as_deref(), Some("Rent"));
    }

    #[test]
    fn a_long_paragraph_is_cut_between_sentences() {
        let text = (0..60).map(|n| format!("Sentence number {n} says a little of the matter. ")).collect::<String>();
        let found = chunks(&page(&text, &[]), &mut None);
        assert!(found.len() > 2);
        for chunk in &found {
            let part = words::slice(&text, chunk.span);
            assert!(part.starts_with("Sentence") && part.ends_with("matter."), "{part}");
            assert!(pieces(part) <= MOST_PIECES);
        }
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_nothing_overlaps(text in "[a-zé0-9 .,\n\u{4e00}-\u{4e10}]{0,3000}") {
            let found = chunks(&page(&text, &[]), &mut None);
            for pair in found.windows(2) {
                prop_assert!(pair[0].span.end <= pair[1].span.start);
            }
            let kept: String = found.iter().flat_map(|c| words::slice(&text, c.span).chars()).filter(|c| c.is_alphanumeric()).collect();
            let all: String = text.chars().filter(|c| c.is_alphanumeric()).collect();
            prop_assert_eq!(kept, all);
            for chunk in &found {
                prop_assert!(pieces(words::slice(&text, chunk.span)) <= MOST_PIECES + ENOUGH_PIECES / 4);
            }
        }
    }
}
