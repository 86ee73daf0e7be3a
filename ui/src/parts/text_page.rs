//! A page without a picture, drawn as what its text consists of: headings, lists, tables, with a passage
//! marked. Every word is a text node: nothing of a document is ever read as markup.

use super::viewer::scrolled_to;
use leptos::{html, prelude::*};
use protocol::{Block, BlockKind, Cell, PageView, Span};

/// A piece of text, and whether it belongs to the passage.
type Run = (String, bool);

/// What is drawn, in order.
#[derive(Clone, Debug, PartialEq)]
enum Part {
    /// A block of text.
    Text { kind: BlockKind, runs: Vec<Run> },
    /// Rows that stand together.
    Table { rows: Vec<Row>, sheet: bool },
}

#[derive(Clone, Debug, PartialEq)]
struct Row {
    header: bool,
    /// Its number in a spreadsheet.
    number: Option<u32>,
    cells: Vec<Vec<Run>>,
}

/// The page.
#[component]
pub(super) fn TextPage(
    /// What was read of it.
    page: PageView,
    /// What it is called.
    name: String,
) -> impl IntoView {
    let first = scrolled_to::<html::Mark>();
    let mut marks = Marks { first: Some(first) };
    let mut columns = page.columns.clone();
    let words = Words::of(&page.text, page.passage);
    let parts = parts(&words, &page.blocks);
    if page.blocks.is_empty() {
        // Read before this was kept, or a format that does not say.
        let runs = words.runs(Span { start: 0, end: words.chars() });
        return view! { <div class="page page-text" role="document" aria-label=name>{marks.draw(runs)}</div> }
            .into_any();
    }
    let drawn: Vec<AnyView> = parts
        .into_iter()
        .map(|part| match part {
            Part::Text { kind, runs } => text(&kind, marks.draw(runs)),
            Part::Table { rows, sheet } => table(rows, sheet, std::mem::take(&mut columns), &mut marks),
        })
        .collect();
    view! { <div class="page page-text page-blocks" role="document" aria-label=name>{drawn}</div> }.into_any()
}

/// Draws runs of text; the first that is marked comes into view.
struct Marks {
    first: Option<NodeRef<html::Mark>>,
}

impl Marks {
    fn draw(&mut self, runs: Vec<Run>) -> Vec<AnyView> {
        runs.into_iter()
            .map(|(text, on)| match (on, self.first.filter(|_| on)) {
                (false, _) => text.into_any(),
                (true, None) => view! { <mark class="on">{text}</mark> }.into_any(),
                (true, Some(first)) => {
                    self.first = None;
                    view! { <mark class="on" node_ref=first>{text}</mark> }.into_any()
                }
            })
            .collect()
    }
}

fn text(kind: &BlockKind, words: Vec<AnyView>) -> AnyView {
    match kind {
        BlockKind::Heading { level } => {
            // The document stands inside the app's own headings.
            let level = (*level).clamp(1, 6);
            let class = format!("page-h page-h{level}");
            view! { <div class=class role="heading" attr:aria-level=(level.min(4) + 2).to_string()>{words}</div> }
                .into_any()
        }
        BlockKind::Item { depth } => {
            let class = format!("page-item page-item-{}", (*depth).min(5));
            view! { <div class=class>{words}</div> }.into_any()
        }
        BlockKind::Code => view! { <pre class="page-code">{words}</pre> }.into_any(),
        BlockKind::Quote => view! { <blockquote class="page-quote">{words}</blockquote> }.into_any(),
        BlockKind::Note => view! { <div class="page-aside" role="note">{words}</div> }.into_any(),
        BlockKind::Paragraph | BlockKind::Row { .. } => view! { <p>{words}</p> }.into_any(),
    }
}

/// A table; `columns` are the header cells of one that began on an earlier page.
fn table(rows: Vec<Row>, sheet: bool, columns: Vec<String>, marks: &mut Marks) -> AnyView {
    let goes_on = (!columns.is_empty() && !rows.first().is_some_and(|row| row.header)).then(|| {
        let cells: Vec<AnyView> =
            columns.into_iter().map(|text| view! { <th scope="col">{text}</th> }.into_any()).collect();
        view! { <tr class="page-goes-on">{sheet.then(|| view! { <td class="page-number"></td> })}{cells}</tr> }
    });
    let rows: Vec<AnyView> = rows
        .into_iter()
        .map(|row| {
            let number = sheet.then(|| {
                let number = row.number.map(|n| n.to_string()).unwrap_or_default();
                view! { <td class="page-number" aria-hidden="true">{number}</td> }
            });
            let cells: Vec<AnyView> = row
                .cells
                .into_iter()
                .map(|runs| {
                    let words = marks.draw(runs);
                    if row.header {
                        view! { <th scope="col">{words}</th> }.into_any()
                    } else {
                        view! { <td>{words}</td> }.into_any()
                    }
                })
                .collect();
            view! { <tr>{number}{cells}</tr> }.into_any()
        })
        .collect();
    view! { <div class="page-table" tabindex="0"><table>{goes_on}{rows}</table></div> }.into_any()
}

/// What is drawn of a text. Text that belongs to no block is a paragraph: nothing is left out.
fn parts(words: &Words<'_>, blocks: &[Block]) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut at = 0;
    for block in blocks.iter().filter(|block| block.span.end <= words.chars()) {
        words.gap(Span { start: at, end: block.span.start }, &mut parts);
        at = at.max(block.span.end);
        match &block.kind {
            BlockKind::Row { cells, header, row } => {
                let sheet = row.is_some();
                let row = Row { header: *header, number: *row, cells: words.cells(block.span, cells) };
                match parts.last_mut() {
                    Some(Part::Table { rows, sheet: open }) if *open == sheet && words.joined(block.span) => {
                        rows.push(row);
                    }
                    Some(Part::Table { .. } | Part::Text { .. }) | None => {
                        parts.push(Part::Table { rows: vec![row], sheet });
                    }
                }
            }
            kind @ (BlockKind::Paragraph
            | BlockKind::Heading { .. }
            | BlockKind::Item { .. }
            | BlockKind::Code
            | BlockKind::Quote
            | BlockKind::Note) => parts.push(Part::Text { kind: kind.clone(), runs: words.runs(block.span) }),
        }
    }
    words.gap(Span { start: at, end: words.chars() }, &mut parts);
    parts
}

/// A page's text, where each of its chars begins, and the passage in it.
struct Words<'a> {
    text: &'a str,
    bytes: Vec<usize>,
    passage: Option<Span>,
}

impl<'a> Words<'a> {
    fn of(text: &'a str, passage: Option<Span>) -> Self {
        Self { text, bytes: text.char_indices().map(|(byte, _)| byte).collect(), passage }
    }

    fn chars(&self) -> u32 {
        self.bytes.len() as u32
    }

    fn slice(&self, span: Span) -> &'a str {
        let byte = |at: u32| self.bytes.get(at as usize).copied().unwrap_or(self.text.len());
        let start = byte(span.start);
        &self.text[start..byte(span.end).max(start)]
    }

    /// Whether a row follows the one before without an empty line.
    fn joined(&self, row: Span) -> bool {
        self.slice(Span { start: row.start.saturating_sub(2), end: row.start }) != "\n\n"
    }

    fn gap(&self, span: Span, parts: &mut Vec<Part>) {
        if span.start < span.end && !self.slice(span).trim().is_empty() {
            parts.push(Part::Text { kind: BlockKind::Paragraph, runs: self.runs(span) });
        }
    }

    /// The cells of a row, with empty ones for the columns that are left out.
    fn cells(&self, row: Span, cells: &[Cell]) -> Vec<Vec<Run>> {
        /// More empty cells in a row are drawn as none: somebody wrote far out on the sheet.
        const WIDEST_GAP: u32 = 40;
        let mut drawn = Vec::new();
        let mut next = 1;
        for cell in cells.iter().filter(|cell| row.start <= cell.span.start && cell.span.end <= row.end) {
            if let Some(column) = cell.column {
                let missing = column.saturating_sub(next);
                if missing <= WIDEST_GAP {
                    drawn.extend((0..missing).map(|_| Vec::new()));
                }
                next = column.saturating_add(1);
            }
            drawn.push(self.runs(cell.span));
        }
        drawn
    }

    /// A stretch of text, parted where the passage begins and ends.
    fn runs(&self, span: Span) -> Vec<Run> {
        let (from, to) = self.passage.map_or((span.start, span.start), |passage| {
            (passage.start.clamp(span.start, span.end), passage.end.clamp(span.start, span.end))
        });
        [(span.start, from, false), (from, to, true), (to, span.end, false)]
            .into_iter()
            .filter(|(start, end, _)| start < end)
            .map(|(start, end, on)| (self.slice(Span { start, end }).to_owned(), on))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(start: u32, end: u32, kind: BlockKind) -> Block {
        Block { span: Span { start, end }, kind }
    }

    fn row(start: u32, end: u32, cells: &[(u32, u32, u32)], header: bool, row: Option<u32>) -> Block {
        let cells = cells.iter().copied().map(Cell::from).collect();
        block(start, end, BlockKind::Row { cells, header, row })
    }

    #[test]
    fn a_passage_is_marked_in_every_block_that_it_touches() {
        let text = "Rènt\n\nA | 1\nB | 2\n\nEnd";
        let blocks = [
            block(0, 4, BlockKind::Heading { level: 1 }),
            row(6, 11, &[(6, 7, 0), (10, 11, 0)], true, None),
            row(12, 17, &[(12, 13, 0), (16, 17, 0)], false, None),
            block(19, 22, BlockKind::Paragraph),
        ];
        let found = parts(&Words::of(text, Some(Span { start: 2, end: 13 })), &blocks);
        let run = |text: &str, on| (text.to_owned(), on);
        assert_eq!(
            found,
            [
                Part::Text { kind: BlockKind::Heading { level: 1 }, runs: vec![run("Rè", false), run("nt", true)] },
                Part::Table {
                    rows: vec![
                        Row { header: true, number: None, cells: vec![vec![run("A", true)], vec![run("1", true)]] },
                        Row { header: false, number: None, cells: vec![vec![run("B", true)], vec![run("2", false)]] },
                    ],
                    sheet: false,
                },
                Part::Text { kind: BlockKind::Paragraph, runs: vec![run("End", false)] },
            ]
        );
    }

    #[test]
    fn text_of_no_block_is_drawn_and_tables_with_a_line_between_stay_two() {
        let text = "a\n\nloose\n\nb\n\nc";
        let blocks = [
            row(0, 1, &[(0, 1, 0)], false, None),
            row(10, 11, &[(10, 11, 0)], false, None),
            row(13, 14, &[(13, 14, 0)], false, None),
        ];
        let found = parts(&Words::of(text, None), &blocks);
        let kinds: Vec<&str> =
            found.iter().map(|part| if matches!(part, Part::Table { .. }) { "table" } else { "text" }).collect();
        assert_eq!(kinds, ["table", "text", "table", "table"]);
    }

    #[test]
    fn a_cell_stands_in_its_column() {
        let text = "x | y | far";
        let cells = [(0, 1, 2), (4, 5, 4), (8, 11, 9_000)].map(Cell::from);
        let drawn = Words::of(text, None).cells(Span { start: 0, end: 11 }, &cells);
        let words: Vec<String> =
            drawn.iter().map(|runs| runs.iter().map(|(text, _)| text.as_str()).collect()).collect();
        assert_eq!(words, ["", "x", "", "y", "far"]);
    }
}
