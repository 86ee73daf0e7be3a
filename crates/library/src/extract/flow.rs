//! The text that formats without a fixed layout are read into, what each stretch of it is, and how it
//! becomes pages of a bounded size.

use super::{Heading, Page};
use protocol::{Block, BlockKind, Cell, Fault, Span};

/// A page of a text format has at most so many chars. Whatever works on a page (cutting it into
/// passages, looking up a passage, showing it) may be slower the longer the page is, so this holds
/// for a log without an empty line too.
const PAGE_CHARS: usize = 20_000;
/// A page with less room than this is left as it is when a longer stretch follows.
const LEAST_ROOM: usize = 5_000;
/// Between two blocks.
const GAP: &str = "\n\n";
/// Between two blocks that belong together: rows of a table, items of a list.
const LINE: &str = "\n";
/// Between two cells of a row.
const CELLS: &str = " | ";
/// Cells of one row whose places are kept.
const MOST_CELLS: usize = 16_384;
/// Header cells that a page after the first of a table carries, and chars of each.
const MOST_COLUMNS: usize = 64;
const LONGEST_COLUMN: usize = 120;

/// A text that grows block by block and knows what each of them is. What is handed in is tidy.
#[derive(Default)]
pub(crate) struct Flow {
    pieces: Vec<Piece>,
}

/// Something that was added.
enum Piece {
    /// A stretch of text; `tight`: it belongs to the one before. Spans count from its own start.
    Text { text: String, kind: BlockKind, tight: bool },
    /// What follows stands on a page of this name.
    Break { label: Option<String> },
}

impl Flow {
    /// Adds a paragraph, parted by an empty line, or a line end if `tight`.
    pub fn block(&mut self, text: &str, tight: bool) {
        self.add(text, BlockKind::Paragraph, tight);
    }

    /// Adds a heading; 1 is the highest level.
    pub fn heading(&mut self, text: &str, level: u8) {
        self.add(text.trim(), BlockKind::Heading { level }, false);
    }

    /// Adds an item of a list, with its mark; `tight` if an item of the same list came before. The
    /// outermost list has the depth 0.
    pub fn item(&mut self, text: &str, depth: u8, tight: bool) {
        self.add(text, BlockKind::Item { depth }, tight);
    }

    /// Adds text whose line ends and spaces count.
    pub fn code(&mut self, text: &str) {
        // Empty lines would look like the ends of paragraphs.
        let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        self.add(&lines.join("\n"), BlockKind::Code, false);
    }

    /// Adds what somebody else said.
    pub fn quote(&mut self, text: &str) {
        self.add(text, BlockKind::Quote, false);
    }

    /// Adds what stands beside the text: speaker notes, a comment, a footnote.
    pub fn note(&mut self, text: &str) {
        self.add(text, BlockKind::Note, false);
    }

    /// Adds a row of a table; the first of a table is not `tight`. `header`: it says what the cells
    /// under it are.
    pub fn row(&mut self, cells: &[&str], header: bool, tight: bool) {
        let cells = cells.iter().map(|text| (None, *text));
        self.cells(cells, header, None, tight);
    }

    /// Adds a row of a spreadsheet: its number from 1, and the cells that are not empty with their
    /// columns from 1.
    pub fn sheet_row(&mut self, row: u32, cells: &[(u32, String)], header: bool, tight: bool) {
        let cells = cells.iter().map(|(column, text)| (Some(*column), text.as_str()));
        self.cells(cells, header, Some(row), tight);
    }

    fn cells<'a>(
        &mut self,
        cells: impl Iterator<Item = (Option<u32>, &'a str)>,
        header: bool,
        row: Option<u32>,
        tight: bool,
    ) {
        let (mut text, mut chars, mut spans) = (String::new(), 0, Vec::new());
        let (mut whole, mut kept) = (0, 0);
        for (at, (column, cell)) in cells.enumerate() {
            // A row is one line.
            let cell = cell.split_whitespace().collect::<Vec<_>>().join(" ");
            if at > 0 {
                text.push_str(CELLS);
                chars += CELLS.len() as u32;
            }
            let start = chars;
            chars += cell.chars().count() as u32;
            text.push_str(&cell);
            // A row of more cells keeps its text.
            if spans.len() < MOST_CELLS {
                spans.push(Cell { span: Span { start, end: chars }, column });
            }
            if !cell.is_empty() {
                (whole, kept) = (text.len(), spans.len());
            }
        }
        // Empty cells at the end say nothing.
        text.truncate(whole);
        spans.truncate(kept);
        self.add(&text, BlockKind::Row { cells: spans, header, row }, tight);
    }

    /// What follows stands on another page, whatever room this one has; `label` is what people call it.
    /// A page may stay empty: the third slide is the third page.
    pub fn page_break(&mut self, label: Option<String>) {
        self.pieces.push(Piece::Break { label });
    }

    fn add(&mut self, text: &str, kind: BlockKind, tight: bool) {
        let text =
            if let BlockKind::Row { .. } = kind { text } else { text.trim_end().trim_start_matches(['\n', '\r']) };
        if !text.trim().is_empty() {
            self.pieces.push(Piece::Text { text: text.to_owned(), kind, tight });
        }
    }

    /// Hands the text out as pages: cut between blocks that do not belong together, then between those
    /// that do, and a block that is longer than a page between its lines, its words, or at last anywhere.
    pub fn pages(self, out: &mut dyn FnMut(Page) -> Result<(), Fault>) -> Result<(), Fault> {
        let mut pager =
            Pager { page: Page { number: 1, ..Page::default() }, chars: 0, begun: false, columns: None, out };
        let mut group: Vec<(String, BlockKind)> = Vec::new();
        for piece in self.pieces {
            match piece {
                Piece::Text { text, kind, tight } => {
                    if !tight {
                        pager.group(std::mem::take(&mut group))?;
                    }
                    group.push((text, kind));
                }
                Piece::Break { label } => {
                    pager.group(std::mem::take(&mut group))?;
                    pager.turn(label)?;
                }
            }
        }
        pager.group(group)?;
        (pager.out)(pager.page)
    }
}

/// Fills pages.
struct Pager<'a> {
    page: Page,
    chars: usize,
    /// Whether the page was asked for: it counts though it may be empty.
    begun: bool,
    /// The header cells of the table that is being added.
    columns: Option<Vec<String>>,
    out: &'a mut dyn FnMut(Page) -> Result<(), Fault>,
}

impl Pager<'_> {
    /// A page that was asked for.
    fn turn(&mut self, label: Option<String>) -> Result<(), Fault> {
        if self.begun || self.chars > 0 {
            self.next_page()?;
        }
        self.begun = true;
        self.columns = None;
        self.page.columns.clear();
        self.page.label = label;
        Ok(())
    }

    /// The next page, of the same name.
    fn next_page(&mut self) -> Result<(), Fault> {
        let next = Page {
            number: self.page.number + 1,
            label: self.page.label.clone(),
            columns: self.columns.clone().unwrap_or_default(),
            ..Page::default()
        };
        self.chars = 0;
        (self.out)(std::mem::replace(&mut self.page, next))
    }

    /// Blocks that belong together: on one page where that can be.
    fn group(&mut self, group: Vec<(String, BlockKind)>) -> Result<(), Fault> {
        self.columns = None;
        let counts: Vec<usize> = group.iter().map(|(text, _)| text.chars().count()).collect();
        let length = counts.iter().sum::<usize>() + counts.len().saturating_sub(1) * LINE.len();
        let room = self.room();
        // One that fits on no page begins on this one, under its heading.
        if length > room && self.chars > 0 && (length <= PAGE_CHARS || room < LEAST_ROOM) {
            self.next_page()?;
        }
        for (at, ((text, kind), chars)) in group.into_iter().zip(counts).enumerate() {
            let room = self.room();
            if self.chars > 0 && chars > room && (chars <= PAGE_CHARS || room < LEAST_ROOM) {
                self.next_page()?;
            }
            let apart = if at > 0 { LINE } else { GAP };
            if chars <= self.room() {
                self.put(&text, kind, chars, apart);
            } else {
                self.long(&text, &kind, apart)?;
            }
        }
        self.columns = None;
        Ok(())
    }

    /// A block that fits on no page: part by part.
    fn long(&mut self, text: &str, kind: &BlockKind, apart: &str) -> Result<(), Fault> {
        let (mut rest, mut at) = (text, 0u32);
        while !rest.is_empty() {
            let room = self.room();
            let limit = if self.chars > 0 && room >= LEAST_ROOM { room } else { PAGE_CHARS };
            let part;
            (part, rest) = rest.split_at(cut(rest, limit));
            let chars = part.chars().count();
            let kept = part.trim_end().trim_start_matches('\n');
            let start = at + (part.len() - part.trim_start_matches('\n').len()) as u32;
            let within = Span { start, end: start + kept.chars().count() as u32 };
            at += chars as u32;
            if kept.trim().is_empty() {
                continue;
            }
            if self.chars > 0 && kept.chars().count() > room {
                self.next_page()?;
            }
            self.put(kept, part_of(kind, within), (within.end - within.start) as usize, apart);
        }
        Ok(())
    }

    fn room(&self) -> usize {
        if self.chars == 0 { PAGE_CHARS } else { PAGE_CHARS.saturating_sub(self.chars + GAP.len()) }
    }

    fn put(&mut self, text: &str, kind: BlockKind, chars: usize, apart: &str) {
        if self.chars > 0 {
            self.page.text.push_str(apart);
            self.chars += apart.len();
        }
        let start = self.chars as u32;
        let span = Span { start, end: start + chars as u32 };
        self.page.text.push_str(text);
        self.chars += chars;
        let kind = match kind {
            BlockKind::Row { mut cells, header, row } => {
                if header {
                    self.columns = Some(columns(text, &cells));
                }
                for cell in &mut cells {
                    cell.span = Span { start: start + cell.span.start, end: start + cell.span.end };
                }
                BlockKind::Row { cells, header, row }
            }
            BlockKind::Heading { level } => {
                self.page.headings.push(Heading { span, level });
                BlockKind::Heading { level }
            }
            other @ (BlockKind::Paragraph
            | BlockKind::Item { .. }
            | BlockKind::Code
            | BlockKind::Quote
            | BlockKind::Note) => other,
        };
        self.page.blocks.push(Block { span, kind });
    }
}

/// The words of header cells, for the pages on which their table goes on.
fn columns(text: &str, cells: &[Cell]) -> Vec<String> {
    let of = |cell: &Cell| crate::words::slice(text, cell.span).chars().take(LONGEST_COLUMN).collect();
    cells.iter().take(MOST_COLUMNS).map(of).collect()
}

/// What a part of a block is: of a row, the cells that lie in it.
fn part_of(kind: &BlockKind, within: Span) -> BlockKind {
    match kind {
        BlockKind::Row { cells, header, row } => {
            let inside = cells.iter().filter(|cell| cell.span.start < within.end && cell.span.end > within.start);
            let cells = inside.map(|cell| Cell {
                span: Span {
                    start: cell.span.start.max(within.start) - within.start,
                    end: cell.span.end.min(within.end) - within.start,
                },
                column: cell.column,
            });
            BlockKind::Row { cells: cells.collect(), header: *header, row: *row }
        }
        BlockKind::Paragraph => BlockKind::Paragraph,
        BlockKind::Heading { level } => BlockKind::Heading { level: *level },
        BlockKind::Item { depth } => BlockKind::Item { depth: *depth },
        BlockKind::Code => BlockKind::Code,
        BlockKind::Quote => BlockKind::Quote,
        BlockKind::Note => BlockKind::Note,
    }
}

/// Where a block has to be cut so that its first part has at most so many chars, in bytes; its length
/// where it has no more.
fn cut(block: &str, chars: usize) -> usize {
    let Some((limit, _)) = block.char_indices().nth(chars) else { return block.len() };
    let first = &block[..limit];
    let after = |(at, c): (usize, char)| at + c.len_utf8();
    first
        .rfind('\n')
        .filter(|at| *at > 0)
        .or_else(|| first.char_indices().rfind(|(_, c)| c.is_whitespace()).map(after))
        .unwrap_or(limit)
}

#[cfg(test)]
mod tests;
