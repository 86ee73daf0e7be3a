//! How lines and tables become a page's text.

use super::{Hyphens, LaidOut, Line, Piece, around, tables::TableRow};
use crate::{
    extract::{Heading, WordBox, table::is_header},
    words,
};
use protocol::{Block, BlockKind, Cell, Span};

/// A heading's font is at least so much larger than the page's body.
const HEADING_SIZE: f32 = 1.15;
/// A heading has at most so many chars.
const HEADING_CHARS: usize = 160;
/// A line that ends further left than this share of its paragraph's width ends there on purpose.
const FULL_LINE: f32 = 0.82;
/// Words further apart than so many line heights are columns of a table.
const COLUMN_GAP: f32 = 2.0;
/// Between two cells of a row.
const BETWEEN_CELLS: &str = " | ";
/// An empty cell before another.
const EMPTY_CELL: &str = "| ";

/// Writes a page.
pub(super) struct Writer<'a> {
    pub out: LaidOut,
    pub chars: u32,
    /// The font size that most chars have.
    pub body: f32,
    /// Takes heights to widths.
    pub aspect: f32,
    /// The words of the document so far.
    pub hyphens: &'a Hyphens,
}

impl Writer<'_> {
    /// Lines that belong together; none is nothing.
    pub fn paragraph(&mut self, lines: &[Line]) {
        let Some(around) = lines.iter().map(|line| line.sides).reduce(around) else { return };
        let full = f32::from(around[0]) + FULL_LINE * f32::from(around[2].saturating_sub(around[0]));
        self.part();
        let start = self.chars;
        for (n, line) in lines.iter().enumerate() {
            let below = lines.get(n + 1);
            let next = below.and_then(|line| line.words.first()).map_or("", |next| &*next.text);
            let (goes_on, listed) = (words::goes_on(next), below.is_some_and(Line::is_list_item));
            for (w, word) in line.words.iter().enumerate() {
                if w > 0 {
                    self.push(" ");
                }
                let last = w + 1 == line.words.len();
                let broken = last && line.hyphenated;
                let stem = word.text.trim_end_matches(['-', '\u{ad}', '\u{2010}']);
                let keeps = match broken {
                    true if goes_on => self.hyphens.keeps(stem, next) || words::is_linked(stem, next),
                    true => !listed && words::is_own(stem, next),
                    false => false,
                };
                let joined = keeps || broken && goes_on;
                let text = if joined { stem } else { &word.text };
                // A hyphen that joins nothing stays, but for one that PDFium has taken away already.
                let mut text = text.replace('\u{ad}', if last && !joined { "-" } else { "" });
                text.extend(keeps.then_some('-'));
                self.word(word, &text);
                if let Some(below) = below.filter(|_| last && !joined) {
                    let unit = COLUMN_GAP * line.height() * self.aspect;
                    let columns = line.has_columns(unit) || below.has_columns(unit);
                    let flows = f32::from(line.sides[2]) >= full && !columns && !below.is_list_item();
                    self.push(if flows { " " } else { "\n" });
                }
            }
        }
        let size = lines.iter().map(|line| line.size).fold(0.0, f32::max);
        let length = (self.chars - start) as usize;
        if self.body > 0.0 && size >= self.body * HEADING_SIZE && length <= HEADING_CHARS && lines.len() <= 3 {
            let level = match size / self.body {
                1.8.. => 1,
                1.35.. => 2,
                _ => 3,
            };
            self.out.headings.push(Heading { span: Span { start, end: self.chars }, level });
        }
    }

    /// A table: a line for each row.
    pub fn table(&mut self, rows: Vec<TableRow>) {
        self.part();
        for (n, row) in rows.into_iter().enumerate() {
            if n > 0 {
                self.push("\n");
            }
            let start = self.chars;
            let mut cells = Vec::with_capacity(row.len());
            let said = |words: &[Piece]| words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
            let names: Vec<String> = row.iter().filter(|_| n == 0).map(|(_, words)| said(words)).collect();
            let mut before = 0;
            for (column, words) in row {
                if !cells.is_empty() {
                    self.push(BETWEEN_CELLS);
                }
                // An empty cell keeps its place: without it a figure would stand under another name.
                for _ in before + 1..column {
                    self.push(EMPTY_CELL);
                }
                before = column;
                let from = self.chars;
                self.cell(&words);
                cells.push(Cell { span: Span { start: from, end: self.chars }, column: Some(column) });
            }
            let span = Span { start, end: self.chars };
            let header = is_header(&names.iter().map(String::as_str).collect::<Vec<_>>());
            self.out.rows.push(Block { span, kind: BlockKind::Row { cells, header, row: None } });
        }
    }

    /// The words of a cell, which may have several lines.
    fn cell(&mut self, words: &[Piece]) {
        for (w, word) in words.iter().enumerate() {
            let next = words.get(w + 1);
            let below = next.filter(|next| next.sides[1] >= word.sides[3].saturating_sub(word.height() / 2));
            let (text, end) = self.parted(&word.text, below.map(|below| &*below.text));
            self.word(word, &text);
            if next.is_some() {
                self.push(end);
            }
        }
    }

    /// A word with what parts it from the next; `below` is the first word of the next line, where it is the last of
    /// its own.
    fn parted(&self, word: &str, below: Option<&str>) -> (String, &'static str) {
        let stem = word.trim_end_matches(['-', '\u{ad}', '\u{2010}']);
        let broken = stem.len() < word.len() && stem.chars().count() > 1 && stem.ends_with(char::is_alphanumeric);
        // One that parts nothing here was drawn all the same.
        let soft = if word.ends_with('\u{ad}') && below.is_none() { "-" } else { "" };
        let Some(next) = below.filter(|_| broken) else { return (word.replace('\u{ad}', soft), " ") };
        let keeps = match words::goes_on(next) {
            true => self.hyphens.keeps(stem, next) || words::is_linked(stem, next),
            false => words::is_own(stem, next),
        };
        match keeps || !words::goes_on(next) {
            true => (format!("{stem}-"), if keeps { "" } else { " " }),
            false => (stem.to_owned(), ""),
        }
    }

    /// What comes next stands apart.
    fn part(&mut self) {
        if !self.out.text.is_empty() {
            self.push("\n\n");
        }
    }

    fn word(&mut self, word: &Piece, text: &str) {
        let start = self.chars;
        self.push(text);
        let length = (self.chars - start).min(u32::from(u16::MAX)) as u16;
        self.out.words.push(WordBox { start, length, sides: word.sides });
    }

    fn push(&mut self, text: &str) {
        self.chars += text.chars().count() as u32;
        self.out.text.push_str(text);
    }
}
