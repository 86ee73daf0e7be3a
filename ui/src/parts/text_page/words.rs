//! The words of a page: cut where a passage, or what was looked for, begins and ends.

use super::{Part, Run};
use protocol::{BlockKind, Cell, Span};

/// A page's text, where each of its chars begins, and the passage in it.
pub(super) struct Words<'a> {
    text: &'a str,
    bytes: Vec<usize>,
    passage: Option<Span>,
    /// Where the words that were looked for stand in the passage; empty where that is not known.
    sought: Vec<Span>,
}

impl<'a> Words<'a> {
    pub(super) fn of(text: &'a str, passage: Option<Span>, sought: &[String]) -> Self {
        let bytes = text.char_indices().map(|(byte, _)| byte).collect();
        let sought = passage.map(|passage| places(text, passage, sought)).unwrap_or_default();
        Self { text, bytes, passage, sought }
    }

    pub(super) fn chars(&self) -> u32 {
        self.bytes.len() as u32
    }

    fn slice(&self, span: Span) -> &'a str {
        let byte = |at: u32| self.bytes.get(at as usize).copied().unwrap_or(self.text.len());
        let start = byte(span.start);
        &self.text[start..byte(span.end).max(start)]
    }

    /// Whether a row follows the one before without an empty line.
    pub(super) fn joined(&self, row: Span) -> bool {
        self.slice(Span { start: row.start.saturating_sub(2), end: row.start }) != "\n\n"
    }

    pub(super) fn gap(&self, span: Span, parts: &mut Vec<Part>) {
        if span.start < span.end && !self.slice(span).trim().is_empty() {
            parts.push(Part::Text { kind: BlockKind::Paragraph, runs: self.runs(span) });
        }
    }

    /// The cells of a row, with empty ones for the columns that are left out, and how many of them stand where
    /// they are in the file. A row of a spreadsheet is long: what was looked for is marked in it, not all of it.
    pub(super) fn cells(&self, row: Span, cells: &[Cell], sheet: bool) -> (Vec<Vec<Run>>, usize) {
        /// More empty cells in a row are drawn as none: somebody wrote far out on the sheet.
        const WIDEST_GAP: u32 = 40;
        let whole: Vec<Span> = self.passage.into_iter().collect();
        let marks = if sheet && !self.sought.is_empty() { &self.sought } else { &whole };
        let mut drawn = Vec::new();
        let mut placed = None;
        let mut next = 1;
        for cell in cells.iter().filter(|cell| row.start <= cell.span.start && cell.span.end <= row.end) {
            if let Some(column) = cell.column {
                let missing = column.saturating_sub(next);
                if missing <= WIDEST_GAP {
                    drawn.extend((0..missing).map(|_| Vec::new()));
                } else {
                    placed = placed.or(Some(drawn.len()));
                }
                next = column.saturating_add(1);
            }
            drawn.push(self.marked(cell.span, marks));
        }
        let placed = placed.unwrap_or(drawn.len());
        (drawn, placed)
    }

    /// A stretch of text, parted where the passage begins and ends.
    pub(super) fn runs(&self, span: Span) -> Vec<Run> {
        self.marked(span, self.passage.as_slice())
    }

    /// A stretch of text, parted where marks begin and end, which come in order.
    fn marked(&self, span: Span, marks: &[Span]) -> Vec<Run> {
        let mut runs = Vec::new();
        let mut at = span.start;
        let mut push = |start: u32, end: u32, on: bool| {
            if start < end {
                runs.push((self.slice(Span { start, end }).to_owned(), on));
            }
        };
        for mark in marks {
            let (from, to) = (mark.start.clamp(at, span.end), mark.end.clamp(at, span.end));
            push(at, from, false);
            push(from, to, true);
            at = to.max(at);
        }
        push(at, span.end, false);
        runs
    }
}

/// Where words stand in a passage, as whole words, in order.
fn places(text: &str, passage: Span, words: &[String]) -> Vec<Span> {
    let lower = |c: char| c.to_lowercase().next().unwrap_or(c);
    let words: Vec<Vec<char>> = words.iter().map(|word| word.chars().map(lower).collect()).collect();
    let (start, end) = (passage.start as usize, passage.end as usize);
    let letters: Vec<char> = text.chars().take(end).skip(start).map(lower).collect();
    let mut places = Vec::new();
    let mut at = 0;
    while at < letters.len() {
        let begins = at == 0 || !letters[at - 1].is_alphanumeric();
        let here = |word: &&Vec<char>| {
            let ends = letters.get(at + word.len()).is_none_or(|next| !next.is_alphanumeric());
            !word.is_empty() && ends && letters[at..].starts_with(word)
        };
        let longest = words.iter().filter(|_| begins).filter(here).map(Vec::len).max();
        if let Some(length) = longest {
            let from = (start + at) as u32;
            places.push(Span { start: from, end: from + length as u32 });
        }
        at += longest.unwrap_or(1);
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_stands_in_its_column() {
        let text = "x | y | far";
        let cells = [(0, 1, 2), (4, 5, 4), (8, 11, 9_000)].map(Cell::from);
        let (drawn, placed) = Words::of(text, None, &[]).cells(Span { start: 0, end: 11 }, &cells, true);
        let words: Vec<String> =
            drawn.iter().map(|runs| runs.iter().map(|(text, _)| text.as_str()).collect()).collect();
        assert_eq!(words, ["", "x", "", "y", "far"]);
        assert_eq!(placed, 4, "the last one is drawn nearer than it is");
    }

    #[test]
    fn in_a_sheet_the_words_are_marked_and_not_the_row() {
        let text = "Été rent | other | Rent";
        let cells = [(0, 8, 1), (11, 16, 2), (19, 23, 3)].map(Cell::from);
        let span = Span { start: 0, end: 23 };
        let marked = |sought: &[&str], sheet| {
            let sought: Vec<String> = sought.iter().map(|word| (*word).to_owned()).collect();
            let (drawn, _) = Words::of(text, Some(span), &sought).cells(span, &cells, sheet);
            let on = drawn.into_iter().flatten().filter(|(_, on)| *on);
            on.map(|(text, _)| text).collect::<Vec<_>>()
        };
        assert_eq!(marked(&["rent", "the"], true), ["rent", "Rent"]);
        assert_eq!(marked(&["lease"], true), ["Été rent", "other", "Rent"], "what is not known is not guessed");
        assert_eq!(marked(&["rent"], false), ["Été rent", "other", "Rent"]);
    }
}
