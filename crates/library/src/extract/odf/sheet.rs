//! The cells of a sheet, where equal ones are written once with how often they stand there.

use super::super::{Flow, place::reference, table::SheetRows, xml::Tag};

/// Equal cells and rows that are written once: so many are read.
const MOST_COLUMNS: u32 = 64;
const MOST_ROWS: u32 = 500;

/// A sheet that is being read.
#[derive(Default)]
pub(super) struct Sheet {
    open: bool,
    rows: SheetRows,
    row: u32,
    row_repeats: u32,
    column: u32,
    repeats: u32,
    cells: Vec<(u32, String)>,
    value: Option<String>,
    shown: Vec<String>,
    notes: Vec<String>,
}

impl Sheet {
    /// A sheet begins.
    pub fn begun() -> Self {
        Self { open: true, ..Self::default() }
    }

    /// Whether one is being read.
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// A row begins.
    pub fn open_row(&mut self, tag: &Tag<'_>) {
        (self.column, self.row) = (0, self.row.saturating_add(self.row_repeats.max(1)));
        if self.row_repeats == 0 {
            self.row = 1;
        }
        self.row_repeats = tag.number("number-rows-repeated").unwrap_or(1).max(1);
    }

    /// A cell begins, which stands there so many times.
    pub fn open_cell(&mut self, tag: &Tag<'_>, repeats: u32) {
        self.column = self.column.saturating_add(1);
        self.repeats = repeats;
        let value = ["string-value", "date-value", "time-value", "boolean-value", "value"];
        self.value = value.iter().find_map(|name| tag.attr(name));
        self.shown.clear();
    }

    /// A paragraph of the cell, as it is shown.
    pub fn shown(&mut self, text: &str) {
        self.shown.push(text.to_owned());
    }

    /// A comment on the cell.
    pub fn note(&mut self, said: &str) {
        self.notes.push(format!("{}: {said}", reference(self.column, self.row)));
    }

    /// The cell ends.
    pub fn close_cell(&mut self) {
        let shown = if self.shown.is_empty() { self.value.take() } else { Some(self.shown.join(" ")) };
        if let Some(shown) = shown.filter(|shown| !shown.trim().is_empty()) {
            for at in 0..self.repeats.min(MOST_COLUMNS) {
                self.cells.push((self.column.saturating_add(at), shown.clone()));
            }
        }
        self.column = self.column.saturating_add(self.repeats.saturating_sub(1));
    }

    /// The row ends; `left` cells may still be read.
    pub fn close_row(&mut self, flow: &mut Flow, left: &mut u64) {
        let cells = std::mem::take(&mut self.cells);
        if cells.is_empty() {
            return;
        }
        for at in 0..self.row_repeats.clamp(1, MOST_ROWS) {
            if *left == 0 {
                return;
            }
            *left = left.saturating_sub(cells.len() as u64);
            self.rows.add((self.row.saturating_add(at), cells.clone()), flow);
        }
    }

    /// The sheet ends.
    pub fn end(&mut self, flow: &mut Flow) {
        self.rows.end(flow);
        for note in std::mem::take(&mut self.notes) {
            flow.note(&note);
        }
        self.open = false;
    }
}
