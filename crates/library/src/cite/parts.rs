//! What can be quoted of a text: its sentences, and of a table its rows, each read with the table's head.

use crate::{sentences::sentences, words};
use protocol::Span;

/// Stands between the cells of a row, as tables are extracted.
const CELLS: &str = " | ";

/// A sentence or a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Part {
    /// Its chars in the text.
    pub span: Span,
    /// The head of its table: it says what the cells are, and is no part of the quote.
    pub head: Option<Span>,
    /// Whether it is a row: what stands beside it says nothing about it.
    pub row: bool,
}

/// The parts of a text, in order.
pub fn parts(text: &str) -> Vec<Part> {
    sentences(text, false).into_iter().flat_map(|span| split(text, span)).collect()
}

/// A sentence as it is, or the rows of the table that it turns out to be.
fn split(text: &str, span: Span) -> Vec<Part> {
    let part = words::slice(text, span);
    if part.lines().filter(|line| line.contains(CELLS)).count() < 2 {
        return vec![Part { span, head: None, row: false }];
    }
    let mut parts: Vec<Part> = Vec::new();
    let mut head = None;
    let mut at = span.start;
    for line in part.split('\n') {
        let here = Span { start: at, end: at + line.chars().count() as u32 };
        at = here.end + 1;
        let row = line.contains(CELLS);
        match parts.last_mut() {
            // A cell that goes on in the next line, or a sentence before the table.
            Some(last) if !row => last.span.end = here.end,
            _ if !row => parts.push(Part { span: here, head: None, row: false }),
            _ if head.is_none() => {
                // The first row is the head, unless it has figures of its own: then the table began before.
                let figures = line.contains(|c: char| c.is_ascii_digit());
                head = Some((!figures).then_some(here));
                parts.push(Part { span: here, head: None, row: true });
            }
            _ => parts.push(Part { span: here, head: head.flatten(), row: true }),
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(&str, &str, bool)> {
        let slice = |span: Span| words::slice(text, span);
        parts(text).into_iter().map(|part| (slice(part.span), part.head.map_or("", slice), part.row)).collect()
    }

    #[test]
    fn a_table_is_its_rows_and_a_sentence_is_itself() {
        assert_eq!(
            read(
                "One. Two | three.\n\nWe approve:\nAmount | Who\nup to 5 | the lead\nabove 5 | the head of\nthe firm\n\nEnd."
            ),
            [
                ("One.", "", false),
                ("Two | three.", "", false),
                ("We approve:", "", false),
                ("Amount | Who", "", true),
                ("up to 5 | the lead", "Amount | Who", true),
                ("above 5 | the head of\nthe firm", "Amount | Who", true),
                ("End.", "", false),
            ]
        );
    }

    #[test]
    fn a_row_with_figures_is_no_head() {
        assert_eq!(read("a | 5\nb | 6\nc | 7"), [("a | 5", "", true), ("b | 6", "", true), ("c | 7", "", true)]);
    }
}
