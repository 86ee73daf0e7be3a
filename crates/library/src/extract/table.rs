//! Which row of a table says what its columns are, and how the rows of a sheet become text.

use super::Flow;

/// A header cell is no longer.
const LONGEST_HEADER: usize = 120;
/// The header is looked for in so many first rows of a table; titles may stand above it.
const FIRST_ROWS: usize = 6;

/// Whether the cells of a row look like the names of columns: words, and years.
pub(crate) fn is_header(cells: &[&str]) -> bool {
    let said: Vec<&str> = cells.iter().map(|cell| cell.trim()).filter(|cell| !cell.is_empty()).collect();
    let named = |cell: &&str| {
        let (letters, digits) = cell.chars().fold((0, 0), |(letters, digits), c| {
            (letters + usize::from(c.is_alphabetic()), digits + usize::from(c.is_ascii_digit()))
        });
        letters > digits && cell.chars().count() <= LONGEST_HEADER
    };
    let year = |cell: &&str| cell.len() == 4 && cell.parse::<u16>().is_ok_and(|year| (1900..2100).contains(&year));
    said.len() > 1 && said.len() * 2 > cells.len() && said.iter().any(named) && said.iter().all(|c| named(c) || year(c))
}

/// A row of a sheet: its number from 1, and its cells that are not empty with their columns from 1.
pub(crate) type SheetRow = (u32, Vec<(u32, String)>);

/// Gathers the rows of a sheet; an empty row parts one table from the next.
#[derive(Default)]
pub(crate) struct SheetRows {
    group: Vec<SheetRow>,
}

impl SheetRows {
    /// Adds a row that is not empty.
    pub fn add(&mut self, row: SheetRow, flow: &mut Flow) {
        if self.group.last().is_some_and(|(last, _)| row.0 > last.saturating_add(1)) {
            self.end(flow);
        }
        self.group.push(row);
    }

    /// Writes what was gathered.
    pub fn end(&mut self, flow: &mut Flow) {
        let group = std::mem::take(&mut self.group);
        let texts = |row: &SheetRow| row.1.iter().map(|(_, text)| text.clone()).collect::<Vec<_>>();
        // A title is one cell; what has cells under most of its own names columns.
        let header = group.iter().take(FIRST_ROWS).enumerate().find(|(_, row)| row.1.len() > 1).filter(|(at, row)| {
            let texts = texts(row);
            let cells: Vec<&str> = texts.iter().map(String::as_str).collect();
            is_header(&cells) && group.get(at + 1).is_some_and(|next| next.1.len() > 1)
        });
        let header = header.map(|(at, _)| at);
        for (at, (number, cells)) in group.iter().enumerate() {
            flow.sheet_row(*number, cells, header == Some(at), at > 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::tests::{first_page, kinds};

    #[test]
    fn a_header_has_names() {
        for (cells, header) in [
            (&["Flat", "Rent", "Due"][..], true),
            (&["", "2024", "2025", "Sum"], true),
            (&["2024", "2025"], false),
            (&["Flat 12", "900"], false),
            (&["Only"], false),
            (&["Title", "", ""], false),
            (&["1. 2. 2024", "Rent"], false),
        ] {
            assert_eq!(is_header(cells), header, "{cells:?}");
        }
    }

    #[test]
    fn tables_of_a_sheet_are_apart_and_know_their_header() {
        let (mut flow, mut rows) = (Flow::default(), SheetRows::default());
        for (number, cells) in [
            (1, vec![(1, "Rent of the house")]),
            (2, vec![(1, "Flat"), (3, "Rent")]),
            (3, vec![(1, "F1"), (3, "900")]),
            (7, vec![(2, "5"), (3, "6")]),
            (8, vec![(2, "7"), (3, "8")]),
        ] {
            rows.add((number, cells.into_iter().map(|(column, text)| (column, text.to_owned())).collect()), &mut flow);
        }
        rows.end(&mut flow);
        insta::assert_snapshot!(kinds(&first_page(flow)));
    }
}
