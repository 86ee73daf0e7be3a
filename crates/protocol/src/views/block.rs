//! What a page's text consists of: headings, paragraphs, lists, tables, so that it can be drawn as what it is.

use crate::Span;
use serde::{Deserialize, Serialize};

/// A stretch of a page's text and what it is. Blocks stand in the order of the text and do not overlap.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    /// Its chars in the page's text.
    #[serde(flatten)]
    pub span: Span,
    /// What it is.
    #[serde(flatten)]
    pub kind: BlockKind,
}

/// What a stretch of text is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum BlockKind {
    /// Running text.
    Paragraph,
    /// A heading.
    Heading {
        /// 1 for the highest.
        level: u8,
    },
    /// An item of a list, its mark included.
    Item {
        /// 0 for the outermost list.
        depth: u8,
    },
    /// A row of a table.
    Row {
        /// Its cells, in order; empty ones may be left out where each says its column.
        cells: Vec<Cell>,
        /// Whether it says what the cells under it are.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        header: bool,
        /// Its number in a spreadsheet, from 1.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        row: Option<u32>,
    },
    /// Text whose line ends and spaces count.
    Code,
    /// What somebody else said.
    Quote,
    /// What stands beside the text: speaker notes, comments, footnotes.
    Note,
}

/// A cell of a row, as three numbers on the wire: a page of a spreadsheet has thousands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(u32, u32, u32)", into = "(u32, u32, u32)")]
pub struct Cell {
    /// Its chars in the page's text.
    pub span: Span,
    /// Its column in a spreadsheet, from 1.
    pub column: Option<u32>,
}

impl From<(u32, u32, u32)> for Cell {
    fn from((start, end, column): (u32, u32, u32)) -> Self {
        Self { span: Span { start, end }, column: (column > 0).then_some(column) }
    }
}

impl From<Cell> for (u32, u32, u32) {
    fn from(cell: Cell) -> Self {
        (cell.span.start, cell.span.end, cell.column.unwrap_or(0))
    }
}
