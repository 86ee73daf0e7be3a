//! A table in a text or on a slide.

use super::super::{Flow, table::is_header};

/// A table one of whose cells is longer lays out a page.
const LONGEST_CELL: usize = 1_500;

/// A table in a text or on a slide.
#[derive(Default)]
pub(super) struct Table {
    /// The cells of each row, and whether it is a header.
    pub rows: Vec<(Vec<String>, bool)>,
    pub in_header: bool,
    /// The cell that is open.
    pub cell: Option<String>,
    pub span: u32,
}

impl Table {
    /// Drops rows that say nothing.
    pub fn tidy(&mut self) {
        self.rows.retain(|(cells, _)| cells.iter().any(|cell| !cell.is_empty()));
    }

    /// Adds it to a text.
    pub fn write(&self, flow: &mut Flow) {
        let long = self.rows.iter().flat_map(|(cells, _)| cells).any(|cell| cell.chars().count() > LONGEST_CELL);
        if long || self.rows.iter().all(|(cells, _)| cells.len() < 2) {
            return self.rows.iter().flat_map(|(cells, _)| cells).for_each(|cell| flow.block(cell, false));
        }
        let marked = self.rows.iter().any(|(_, header)| *header);
        for (at, (cells, header)) in self.rows.iter().enumerate() {
            let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
            let first = at == 0 && self.rows.len() > 1 && is_header(&cells);
            flow.row(&cells, if marked { *header } else { first }, at > 0);
        }
    }
}
