//! Which passages a document is cut into: along headings and paragraphs, never across pages.
//!
//! The embedding model reads 256 word pieces and drops the rest, so a passage has about 200 and at
//! most [`MOST_PIECES`] by an estimate that errs upwards. Passages do not overlap: each ends where
//! a paragraph, a sentence or a table's row ends, so that none is cut, and what a passage needs from
//! before it is kept with it: its heading as its section, and the header row of a table that it begins
//! in the middle of.

use crate::{
    extract::{Heading, Page, place},
    sentences::sentences,
    words::{self, Chars},
};
use protocol::{Block, BlockKind, Span};
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
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chunk {
    /// Its chars in the page's text.
    pub span: Span,
    /// The nearest heading before it.
    pub section: Option<String>,
    /// Its language, ISO 639-1, where it can be told.
    pub language: Option<String>,
    /// The header row of the table that it begins in the middle of.
    #[serde(default)]
    pub header: Option<String>,
    /// What people call the place, where that is not the page's number.
    #[serde(default)]
    pub place: Option<String>,
}

/// What the end of a page says about the beginning of the next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Under {
    /// The heading that it ended under.
    pub section: Option<String>,
    /// The header row of the table that it ended in.
    pub header: Option<String>,
}

/// Cuts a page into passages. `under` is what the page before ended under, and is left as what this
/// page ends under. The time that it takes grows with the page's length, and no faster, whatever stands
/// on the page.
pub fn chunks(page: &Page, under: &mut Under) -> Vec<Chunk> {
    let Under { section, header } = std::mem::take(under);
    let mut cutter = Cutter { page, text: Chars::of(&page.text), done: Vec::new(), open: None, section, header };
    let mut headings = page.headings.iter().peekable();
    let mut kinds = page.blocks.iter().peekable();
    for block in blocks(&page.text) {
        let rows = rows_in(&mut kinds, block);
        if rows.is_empty() {
            cutter.header = None;
        }
        match heading_in(&mut headings, block) {
            Some(heading) => cutter.heading(block, heading.span),
            None if rows.is_empty() => cutter.block(block),
            None => cutter.table(block, &rows),
        }
    }
    cutter.close();
    *under = Under { section: cutter.section, header: cutter.header };
    cutter.done
}

/// The rows that stand in a block of text, and whether each is a header. Both come in the order of the text.
fn rows_in<'a>(kinds: &mut Peekable<impl Iterator<Item = &'a Block>>, block: Span) -> Vec<(Span, bool)> {
    let mut rows = Vec::new();
    while let Some(kind) = kinds.next_if(|kind| kind.span.start < block.end) {
        if let BlockKind::Row { header, .. } = &kind.kind
            && kind.span.start >= block.start
        {
            rows.push((kind.span, *header));
        }
    }
    rows
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
    header: Option<String>,
    /// Whether it holds more than headings.
    body: bool,
}

struct Cutter<'a> {
    page: &'a Page,
    text: Chars<'a>,
    done: Vec<Chunk>,
    open: Option<Open>,
    section: Option<String>,
    /// The header row of the table that is being cut, once it was passed.
    header: Option<String>,
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

    /// A table, or a list of which some lines are rows: between its rows.
    fn table(&mut self, block: Span, rows: &[(Span, bool)]) {
        let mut at = block.start;
        for (row, is_header) in rows {
            if at < row.start && !self.text.slice(Span { start: at, end: row.start }).trim().is_empty() {
                self.block(Span { start: at, end: row.start });
            }
            at = row.end;
            self.row(*row);
            if *is_header {
                let words = self.text.slice(*row).split_whitespace().collect::<Vec<_>>().join(" ");
                self.header = Some(words.chars().take(LONGEST_SECTION).collect());
            }
        }
        if !self.text.slice(Span { start: at, end: block.end }).trim().is_empty() {
            self.block(Span { start: at, end: block.end });
        }
    }

    /// A row stands whole in one passage, unless it is longer than any.
    fn row(&mut self, row: Span) {
        let pieces = self.pieces(row);
        if self.open.as_ref().is_some_and(|open| open.pieces + pieces > ENOUGH_PIECES) {
            self.close();
        }
        if pieces <= MOST_PIECES {
            self.add(row, pieces);
            return self.mark_body();
        }
        self.close();
        for part in self.halves(row) {
            let pieces = self.pieces(part);
            self.add(part, pieces);
            self.mark_body();
            self.close();
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
            None => {
                let (section, header) = (self.section.clone(), self.header.clone());
                self.open = Some(Open { span, pieces, section, header, body: false });
            }
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
                header: open.header,
                place: place(self.page.label.as_deref(), &self.page.blocks, open.span),
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

/// What a model reads of a passage: its heading too, where the passage does not begin with it, and the
/// header row of the table that it begins in the middle of.
pub fn whole(section: Option<&str>, header: Option<&str>, text: &str) -> String {
    let section = section.filter(|section| !text.starts_with(section));
    [section, header, Some(text)].into_iter().flatten().collect::<Vec<_>>().join("\n")
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
mod tests;
