//! A page without a picture, drawn as what its text consists of: headings, lists, tables, with a passage
//! marked. Every word is a text node: nothing of a document is ever read as markup.

mod words;

use super::viewer::scrolled_to;
use leptos::{html, prelude::*};
use protocol::{Block, BlockKind, PageView, Span};
use words::Words;

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
    /// How many of its cells stand in the column that they have in the file.
    placed: usize,
}

/// The page.
#[component]
pub(super) fn TextPage(
    /// What was read of it.
    page: PageView,
    /// What it is called.
    name: String,
    /// The words that were looked for, where that is known.
    sought: Vec<String>,
) -> impl IntoView {
    let first = scrolled_to::<html::Mark>();
    let mut marks = Marks { first: Some(first) };
    let mut columns = page.columns.clone();
    let words = Words::of(&page.text, page.passage, &sought);
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
            Part::Table { rows, sheet: true } => sheet(rows, std::mem::take(&mut columns), &mut marks),
            Part::Table { rows, sheet: false } => table(rows, std::mem::take(&mut columns), &mut marks),
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
            let class = format!("page-h page-h{}", (*level).clamp(1, 6));
            // The document stands inside the app's own headings.
            match level {
                0 | 1 => view! { <h3 class=class>{words}</h3> }.into_any(),
                2 => view! { <h4 class=class>{words}</h4> }.into_any(),
                3 => view! { <h5 class=class>{words}</h5> }.into_any(),
                _ => view! { <h6 class=class>{words}</h6> }.into_any(),
            }
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
fn table(rows: Vec<Row>, columns: Vec<String>, marks: &mut Marks) -> AnyView {
    let goes_on = goes_on(&rows, columns, false);
    let rows: Vec<AnyView> = rows.into_iter().map(|row| line(row, false, marks)).collect();
    view! { <div class="page-table" tabindex="0"><table>{goes_on}{rows}</table></div> }.into_any()
}

/// A table of a spreadsheet: the letters of its columns and its header row stay in sight.
fn sheet(mut rows: Vec<Row>, columns: Vec<String>, marks: &mut Marks) -> AnyView {
    let wide = rows.iter().map(|row| row.cells.len()).max().unwrap_or(0).max(columns.len());
    // Where cells are drawn nearer than they are, their letters would be others.
    let skips = rows.iter().filter(|row| row.placed < row.cells.len()).map(|row| row.placed).min();
    let placed = skips.unwrap_or(wide);
    let letters: Vec<AnyView> = (0..wide)
        .map(|at| view! { <td class="page-letter">{(at < placed).then(|| letters(at))}</td> }.into_any())
        .collect();
    let goes_on = goes_on(&rows, columns, true);
    let has_head = rows.first().is_some_and(|row| row.header);
    let head = has_head.then(|| line(rows.remove(0), true, marks));
    let rows: Vec<AnyView> = rows.into_iter().map(|row| line(row, true, marks)).collect();
    view! {
        <div class="page-table page-sheet">
            <table>
                <thead>
                    <tr aria-hidden="true"><td class="page-number"></td>{letters}</tr>
                    {goes_on}
                    {head}
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}

/// The header cells of a table that began on an earlier page.
fn goes_on(rows: &[Row], columns: Vec<String>, numbered: bool) -> Option<AnyView> {
    if columns.is_empty() || rows.first().is_some_and(|row| row.header) {
        return None;
    }
    let cells: Vec<AnyView> =
        columns.into_iter().map(|text| view! { <th scope="col">{text}</th> }.into_any()).collect();
    let number = numbered.then(|| view! { <td class="page-number"></td> });
    Some(view! { <tr class="page-goes-on">{number}{cells}</tr> }.into_any())
}

fn line(row: Row, numbered: bool, marks: &mut Marks) -> AnyView {
    let number = numbered.then(|| {
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
}

/// What a spreadsheet calls a column: A to Z, then AA.
fn letters(mut at: usize) -> String {
    let mut name = Vec::new();
    loop {
        name.insert(0, char::from(b'A' + (at % 26) as u8));
        match (at / 26).checked_sub(1) {
            Some(before) => at = before,
            None => return name.into_iter().collect(),
        }
    }
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
                let (cells, placed) = words.cells(block.span, cells, sheet);
                let row = Row { header: *header, number: *row, cells, placed };
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

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::Cell;

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
        let found = parts(&Words::of(text, Some(Span { start: 2, end: 13 }), &[]), &blocks);
        let run = |text: &str, on| (text.to_owned(), on);
        assert_eq!(
            found,
            [
                Part::Text { kind: BlockKind::Heading { level: 1 }, runs: vec![run("Rè", false), run("nt", true)] },
                Part::Table {
                    rows: vec![
                        Row {
                            header: true,
                            number: None,
                            cells: vec![vec![run("A", true)], vec![run("1", true)]],
                            placed: 2
                        },
                        Row {
                            header: false,
                            number: None,
                            cells: vec![vec![run("B", true)], vec![run("2", false)]],
                            placed: 2
                        },
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
        let found = parts(&Words::of(text, None, &[]), &blocks);
        let kinds: Vec<&str> =
            found.iter().map(|part| if matches!(part, Part::Table { .. }) { "table" } else { "text" }).collect();
        assert_eq!(kinds, ["table", "text", "table", "table"]);
    }

    #[test]
    fn columns_have_the_letters_of_a_spreadsheet() {
        for (at, name) in [(0, "A"), (25, "Z"), (26, "AA"), (51, "AZ"), (52, "BA"), (701, "ZZ"), (702, "AAA")] {
            assert_eq!(letters(at), name, "{at}");
        }
    }
}
