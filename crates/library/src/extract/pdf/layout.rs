//! From glyphs in reading order to a page's text: words, lines, paragraphs, headings. Pure.

mod columns;
mod gaps;
mod hyphens;
mod ruled;
mod tables;
mod turn;
mod write;

use crate::extract::{Heading, WordBox};
use protocol::{Block, BlockKind, Span};
use tables::Part;
use turn::Turn;
use unicode_normalization::UnicodeNormalization;
use write::Writer;

pub use hyphens::Hyphens;
pub use ruled::Rule;

/// A char as it stands on the page.
#[derive(Clone, Copy, Debug)]
pub struct Glyph {
    pub value: char,
    /// Left, top, right, bottom in 65535ths; None for spaces and line ends.
    pub sides: Option<[u16; 4]>,
    /// Font size in points.
    pub size: f32,
}

/// A page's text with the places of its words.
#[derive(Debug, Default, PartialEq)]
pub struct LaidOut {
    pub text: String,
    pub words: Vec<WordBox>,
    pub headings: Vec<Heading>,
    /// The rows of its tables, in the order of the text.
    pub rows: Vec<Block>,
}

/// PDFium's sign for a hyphen at a line's end.
const LINE_HYPHEN: char = '\u{2}';
/// Lines further apart than so many line heights are different paragraphs.
const PARAGRAPH_GAP: f32 = 0.75;
/// Letters of a letter-spaced line that are nearer than this share of its height are one word.
const LETTER_GAP: f32 = 0.12;

#[derive(Clone, Debug)]
struct Piece {
    text: String,
    sides: [u16; 4],
}

impl Piece {
    fn height(&self) -> u16 {
        self.sides[3].saturating_sub(self.sides[1])
    }
}

#[derive(Clone, Debug, Default)]
struct Line {
    words: Vec<Piece>,
    sides: [u16; 4],
    size: f32,
    hyphenated: bool,
}

impl Line {
    fn height(&self) -> f32 {
        f32::from(self.sides[3].saturating_sub(self.sides[1])).max(1.0)
    }
    /// PDFium puts spaces between the letters of some turned or stretched texts.
    fn is_letter_spaced(&self) -> bool {
        let single = self.words.iter().filter(|w| w.text.chars().count() == 1).count();
        self.words.len() >= 8 && single * 10 >= self.words.len() * 6
    }
    /// Joins words that are hardly apart.
    fn close_up(&mut self, aspect: f32) {
        let apart = LETTER_GAP * self.height() * aspect;
        let mut words: Vec<Piece> = Vec::with_capacity(self.words.len());
        for word in self.words.drain(..) {
            match words.last_mut() {
                Some(last) if f32::from(word.sides[0].saturating_sub(last.sides[2])) < apart => {
                    last.text.push_str(&word.text);
                    last.sides = around(last.sides, word.sides);
                }
                Some(_) | None => words.push(word),
            }
        }
        self.words = words;
    }
    /// A soft or hard hyphen that PDFium has left at its end.
    fn ends_with_hyphen(&self) -> bool {
        let stem = self.words.last().and_then(|last| last.text.strip_suffix(['\u{ad}', '\u{2010}', '-']));
        let of_a_word = |c: char| c.is_alphanumeric() || matches!(c, '-' | '\'' | '\u{2019}');
        stem.is_some_and(|stem| {
            stem.chars().count() > 1 && stem.chars().all(of_a_word) && stem.ends_with(char::is_alphanumeric)
        })
    }
    /// Its words. A hyphen that PDFium has taken from its end is there again, as one that parts a word.
    fn whole_words(&self) -> impl Iterator<Item = Piece> {
        let last = self.words.len().saturating_sub(1);
        self.words.iter().enumerate().map(move |(n, word)| {
            let mut word = word.clone();
            if n == last && self.hyphenated && !word.text.ends_with(['-', '\u{ad}', '\u{2010}']) {
                word.text.push('\u{ad}');
            }
            word
        })
    }
    fn has_columns(&self, unit: f32) -> bool {
        self.words.windows(2).any(|w| f32::from(w[1].sides[0].saturating_sub(w[0].sides[2])) > unit)
    }
    fn is_list_item(&self) -> bool {
        let Some(first) = self.words.first() else { return false };
        let text = first.text.as_str();
        matches!(text, "•" | "‣" | "▪" | "◦" | "–" | "-" | "*" | "·" | "○" | "■")
            || (self.words.len() > 1
                && text.ends_with(['.', ')'])
                && text.trim_end_matches(['.', ')']).trim_start_matches('(').len() <= 3
                && text.starts_with(|c: char| c.is_ascii_digit() || c == '(' || c.is_ascii_lowercase()))
    }
}

/// What is drawn on a page.
#[derive(Clone, Copy, Debug)]
pub struct Sheet<'a> {
    /// Its chars, as PDFium gives them.
    pub glyphs: &'a [Glyph],
    /// Its straight lines.
    pub rules: &'a [Rule],
    /// Its width in points.
    pub width: f32,
    /// Its height in points.
    pub height: f32,
}

/// Lays a page out as text; `hyphens` are the words of the pages before it.
pub fn lay_out(sheet: Sheet<'_>, hyphens: &mut Hyphens) -> LaidOut {
    let Some(turn) = Turn::of(&sheet) else { return lay_out_level(sheet, Order::Told, hyphens) };
    let (glyphs, rules) = (turn.glyphs(sheet.glyphs), turn.rules(sheet.rules));
    let level = Sheet { glyphs: &glyphs, rules: &rules, width: sheet.height, height: sheet.width };
    let mut page = lay_out_level(level, Order::Down, hyphens);
    for word in &mut page.words {
        word.sides = turn.back(word.sides);
    }
    page
}

/// The same of a page whose text runs to the right.
fn lay_out_level(sheet: Sheet<'_>, order: Order, hyphens: &mut Hyphens) -> LaidOut {
    let Sheet { glyphs, rules, width, height } = sheet;
    // Both directions of the grid are 65535 wide: this takes heights to widths.
    let aspect = if width > 0.0 && height > 0.0 { height / width } else { 1.0 };
    let glyphs = gaps::without_false_ends(glyphs, aspect);
    let lines = lines(&gaps::with_blanks(&glyphs, aspect), order, aspect);
    hyphens.see(&lines);
    let body = body_size(&lines);
    let mut writer = Writer { out: LaidOut::default(), chars: 0, body, aspect, hyphens };
    let mut paragraph: Vec<Line> = Vec::new();
    for part in with_tables(ruled::find(lines, rules, width, height), aspect) {
        match part {
            Part::Line(line) => {
                if paragraph.last().is_some_and(|above| !same_paragraph(above, &line)) {
                    writer.paragraph(&std::mem::take(&mut paragraph));
                }
                paragraph.push(line);
            }
            Part::Table(rows) => {
                writer.paragraph(&std::mem::take(&mut paragraph));
                writer.table(rows);
            }
        }
    }
    writer.paragraph(&paragraph);
    writer.out
}

/// The tables that have no borders, among the lines that are in none that has.
fn with_tables(parts: Vec<Part>, aspect: f32) -> Vec<Part> {
    let mut all = Vec::new();
    let mut lines = Vec::new();
    for part in parts {
        match part {
            Part::Line(line) => lines.push(line),
            table @ Part::Table(_) => {
                all.extend(tables::find(std::mem::take(&mut lines), aspect));
                all.push(table);
            }
        }
    }
    all.extend(tables::find(lines, aspect));
    all
}

/// What a page with tables consists of: their rows, and what stands around them. Without a table nothing is told:
/// its paragraphs are those of its text.
pub fn blocks(text: &str, rows: Vec<Block>) -> Vec<Block> {
    if rows.is_empty() {
        return rows;
    }
    let mut all = Vec::new();
    let mut rows = rows.into_iter().peekable();
    let mut at = 0u32;
    for part in text.split("\n\n") {
        let span = Span { start: at, end: at + part.chars().count() as u32 };
        at = span.end + 2;
        let before = all.len();
        while let Some(row) = rows.next_if(|row| row.span.start < span.end) {
            all.push(row);
        }
        if all.len() == before && span.start < span.end {
            all.push(Block { span, kind: BlockKind::Paragraph });
        }
    }
    all
}

/// In which order lines are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    /// As PDFium tells them, which is as they were written.
    Told,
    /// From the top to the bottom: of pages that lie on their side it knows no order.
    Down,
}

fn lines(glyphs: &[Glyph], order: Order, aspect: f32) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    let mut line = Line::default();
    let mut word: Option<Piece> = None;
    let mut last = [0u16; 4];
    let end_word = |line: &mut Line, word: &mut Option<Piece>| {
        if let Some(mut piece) = word.take() {
            piece.text = piece.text.nfc().collect();
            line.words.push(piece);
        }
    };
    let end_line = |lines: &mut Vec<Line>, line: &mut Line| {
        if !line.words.is_empty() {
            lines.push(std::mem::take(line));
        }
    };
    for glyph in glyphs {
        if glyph.value == LINE_HYPHEN {
            end_word(&mut line, &mut word);
            line.hyphenated = true;
            end_line(&mut lines, &mut line);
            continue;
        }
        if matches!(glyph.value, '\n' | '\r') {
            end_word(&mut line, &mut word);
            end_line(&mut lines, &mut line);
            continue;
        }
        if glyph.value.is_whitespace() || matches!(glyph.value, '\u{a0}' | '\u{200b}') {
            end_word(&mut line, &mut word);
            continue;
        }
        let Some(text) = readable(glyph.value) else { continue };
        let sides = glyph.sides.or(word.as_ref().map(|w| w.sides)).unwrap_or(line.sides);
        // PDFium sometimes goes on in another line without saying so.
        if !line.words.is_empty() || word.is_some() {
            let now = word.as_ref().map_or(line.sides, |w| w.sides);
            let elsewhere = sides[1] > now[3] || sides[3] < now[1];
            // Text that runs upwards has its chars above each other, and is one line.
            let upwards = sides[0] <= last[2] && sides[2] >= last[0];
            if elsewhere && sides[0] < last[0] && !upwards {
                end_word(&mut line, &mut word);
                end_line(&mut lines, &mut line);
            }
        }
        line.sides = if line.words.is_empty() && word.is_none() { sides } else { around(line.sides, sides) };
        line.size = line.size.max(glyph.size);
        last = sides;
        match &mut word {
            Some(piece) => {
                piece.text.push_str(&text);
                piece.sides = around(piece.sides, sides);
            }
            None => word = Some(Piece { text, sides }),
        }
    }
    end_word(&mut line, &mut word);
    end_line(&mut lines, &mut line);
    for line in lines.iter_mut().filter(|line| line.is_letter_spaced()) {
        line.close_up(aspect);
    }
    if order == Order::Down {
        lines.sort_by_key(|line| (line.sides[1], line.sides[0]));
    }
    let mut lines = columns::in_reading_order(lines, aspect);
    for line in &mut lines {
        line.hyphenated |= line.ends_with_hyphen();
    }
    lines
}

/// Ligatures as letters; no control and private chars.
fn readable(c: char) -> Option<String> {
    match c {
        '\u{fb00}'..='\u{fb06}' => Some(c.nfkc().collect()),
        '\u{ad}' => Some(c.to_string()),
        '\u{e000}'..='\u{f8ff}' | '\u{fffe}' | '\u{ffff}' | '\u{feff}' => None,
        c if c.is_control() => None,
        c => Some(c.to_string()),
    }
}

fn around(a: [u16; 4], b: [u16; 4]) -> [u16; 4] {
    [a[0].min(b[0]), a[1].min(b[1]), a[2].max(b[2]), a[3].max(b[3])]
}

/// The font size that most chars have.
fn body_size(lines: &[Line]) -> f32 {
    let mut sizes: Vec<(f32, usize)> =
        lines.iter().map(|l| (l.size, l.words.iter().map(|w| w.text.len()).sum())).collect();
    sizes.sort_by(|a, b| a.0.total_cmp(&b.0));
    let half = sizes.iter().map(|(_, n)| n).sum::<usize>() / 2;
    let mut seen = 0;
    sizes
        .iter()
        .find(|(_, n)| {
            seen += n;
            seen > half
        })
        .map_or(0.0, |(size, _)| *size)
}

fn same_paragraph(above: &Line, below: &Line) -> bool {
    let height = above.height().max(below.height());
    let gap = f32::from(below.sides[1]) - f32::from(above.sides[3]);
    let overlaps = below.sides[0] < above.sides[2] && above.sides[0] < below.sides[2];
    let same_size = (above.size - below.size).abs() <= 0.12 * above.size.max(below.size);
    overlaps && same_size && gap < PARAGRAPH_GAP * height && gap > -height
}

#[cfg(test)]
mod tests;
