//! What people call a place in a document: cells of a sheet, a slide, a chapter.

use protocol::{Block, BlockKind, Cell, Span};

/// The name of a stretch of a page's text: the cells that it touches (`Rent!B4:D9`) on a page of a
/// spreadsheet, else the page's own name; None where that has none.
pub fn place(label: Option<&str>, blocks: &[Block], span: Span) -> Option<String> {
    let touches = |at: Span| at.start < span.end && span.start < at.end;
    let mut corners: Option<[(u32, u32); 2]> = None;
    for block in blocks.iter().filter(|block| touches(block.span)) {
        let BlockKind::Row { cells, row: Some(row), .. } = &block.kind else { continue };
        for column in cells.iter().filter(|cell| touches(cell.span)).filter_map(|cell: &Cell| cell.column) {
            let [(left, top), (right, bottom)] = corners.unwrap_or([(column, *row); 2]);
            corners = Some([(left.min(column), top.min(*row)), (right.max(column), bottom.max(*row))]);
        }
    }
    let Some([(left, top), (right, bottom)]) = corners else { return label.map(str::to_owned) };
    let (first, last) = (reference(left, top), reference(right, bottom));
    let cells = if first == last { first } else { format!("{first}:{last}") };
    Some(match label {
        None => cells,
        // As spreadsheet programs write it, so that it can be typed there.
        Some(sheet) if sheet.chars().all(|c| c.is_alphanumeric() || c == '_') => format!("{sheet}!{cells}"),
        Some(sheet) => format!("'{}'!{cells}", sheet.replace('\'', "''")),
    })
}

/// `AB12` for column 28 of row 12.
pub(crate) fn reference(column: u32, row: u32) -> String {
    let (mut letters, mut left) = (Vec::new(), column);
    while left > 0 {
        let digit = (left - 1) % 26;
        letters.push(char::from(b'A' + digit as u8));
        left = (left - 1) / 26;
    }
    letters.iter().rev().collect::<String>() + &row.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_by_the_letters_of_their_columns() {
        for (column, row, name) in
            [(1, 1, "A1"), (26, 9, "Z9"), (27, 10, "AA10"), (52, 1, "AZ1"), (703, 2, "AAA2"), (16_384, 3, "XFD3")]
        {
            assert_eq!(reference(column, row), name);
        }
    }

    #[test]
    fn a_passage_is_named_by_the_cells_that_it_touches() {
        let cell = |start, end, column| Cell { span: Span { start, end }, column: Some(column) };
        let row = |start, end, row, cells| Block {
            span: Span { start, end },
            kind: BlockKind::Row { cells, header: false, row: Some(row) },
        };
        let blocks = [
            row(0, 10, 4, vec![cell(0, 4, 2), cell(7, 10, 4)]),
            row(11, 21, 5, vec![cell(11, 15, 2), cell(18, 21, 28)]),
        ];
        for (label, span, named) in [
            (Some("Rent"), (0, 10), Some("Rent!B4:D4")),
            (Some("Rent"), (8, 9), Some("Rent!D4")),
            (Some("Rent"), (2, 21), Some("Rent!B4:AB5")),
            (Some("Anna's rent"), (0, 2), Some("'Anna''s rent'!B4")),
            (None, (0, 2), Some("B4")),
            (Some("Rent"), (4, 7), Some("Rent")),
            (None, (30, 31), None),
        ] {
            assert_eq!(place(label, &blocks, Span { start: span.0, end: span.1 }).as_deref(), named, "{span:?}");
        }
        let slide = [Block { span: Span { start: 0, end: 5 }, kind: BlockKind::Paragraph }];
        assert_eq!(place(Some("Slide 3"), &slide, Span { start: 0, end: 2 }).as_deref(), Some("Slide 3"));
    }
}
