//! The cells of a sheet as they are shown.

use super::{
    super::{
        Flow, numbers,
        table::SheetRows,
        tidy,
        xml::{Node, Tag, Xml},
    },
    MOST_CELLS,
};
use protocol::Fault;
use std::collections::HashMap;

/// What the sheets of a workbook share.
pub(super) struct Book {
    strings: Vec<String>,
    /// The number format of each cell style.
    formats: Vec<String>,
    from_1904: bool,
    /// Cells that may still be read.
    pub left: u64,
}

impl Book {
    pub fn new(strings: &str, styles: &str, from_1904: bool) -> Result<Self, Fault> {
        Ok(Self { strings: shared(strings)?, formats: formats(styles)?, from_1904, left: MOST_CELLS })
    }

    /// Writes a sheet's cells.
    pub fn sheet(&mut self, text: &str, flow: &mut Flow) -> Result<(), Fault> {
        let mut xml = Xml::of(text);
        let mut rows = SheetRows::default();
        let (mut row, mut cells) = (0u32, Vec::<(u32, String)>::new());
        let (mut column, mut cell, mut value, mut inside) = (0u32, Cell::default(), String::new(), false);
        while let Some(node) = xml.next()? {
            match node {
                Node::Open(tag) => match tag.name() {
                    "row" => {
                        row = tag.number("r").unwrap_or(row.saturating_add(1));
                        column = 0;
                    }
                    "c" => {
                        column = tag.attr("r").and_then(|r| column_of(&r)).unwrap_or(column.saturating_add(1));
                        cell = Cell::of(&tag);
                        value.clear();
                    }
                    // The formula itself, and how a word is pronounced.
                    "f" | "rPh" => xml.skip()?,
                    "v" | "t" => inside = true,
                    "headerFooter" | "extLst" => xml.skip()?,
                    _ => {}
                },
                Node::Close(name) => match name.as_str() {
                    "v" | "t" => inside = false,
                    "c" => {
                        let shown = self.shown(&cell, &value);
                        if !shown.is_empty() && self.left > 0 {
                            self.left -= 1;
                            cells.push((column, shown));
                        }
                    }
                    "row" if !cells.is_empty() => {
                        // Rows out of order would hide one another.
                        cells.sort_by_key(|(column, _)| *column);
                        rows.add((row, std::mem::take(&mut cells)), flow);
                    }
                    _ => {}
                },
                Node::Text(text) => {
                    if inside {
                        value.push_str(&text);
                    }
                }
            }
        }
        rows.end(flow);
        Ok(())
    }

    fn shown(&self, cell: &Cell, value: &str) -> String {
        let trimmed = value.trim();
        let text = match cell.kind.as_str() {
            "s" => trimmed.parse().ok().and_then(|at: usize| self.strings.get(at)).cloned().unwrap_or_default(),
            "str" | "inlineStr" | "e" => value.to_owned(),
            "b" => if trimmed == "1" { "TRUE" } else { "FALSE" }.to_owned(),
            "d" => value.to_owned(),
            _ => match trimmed.parse::<f64>() {
                Ok(number) => {
                    let format = self.formats.get(cell.style).map_or("General", String::as_str);
                    numbers::shown(number, format, self.from_1904)
                }
                Err(_) => value.to_owned(),
            },
        };
        tidy(&text).split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

#[derive(Default)]
struct Cell {
    kind: String,
    style: usize,
}

impl Cell {
    fn of(tag: &Tag<'_>) -> Self {
        Self { kind: tag.attr("t").unwrap_or_default(), style: tag.number("s").unwrap_or(0) }
    }
}

/// The column of a reference, from 1.
pub(crate) fn column_of(reference: &str) -> Option<u32> {
    let letters = reference.bytes().take_while(u8::is_ascii_alphabetic);
    let column = letters
        .take(4)
        .fold(0u32, |column, letter| column.saturating_mul(26) + u32::from(letter.to_ascii_uppercase() - b'A') + 1);
    (column > 0).then_some(column)
}

/// The texts that cells share.
fn shared(text: &str) -> Result<Vec<String>, Fault> {
    let mut xml = Xml::of(text);
    let (mut strings, mut open, mut inside) = (Vec::new(), String::new(), false);
    while let Some(node) = xml.next()? {
        match node {
            Node::Open(tag) => match tag.name() {
                "rPh" => xml.skip()?,
                "t" => inside = true,
                _ => {}
            },
            Node::Close(name) => match name.as_str() {
                "t" => inside = false,
                "si" => strings.push(unescaped(&std::mem::take(&mut open))),
                _ => {}
            },
            Node::Text(text) => {
                if inside {
                    open.push_str(&text);
                }
            }
        }
    }
    Ok(strings)
}

/// Chars that XML does not allow are written as `_x000D_`.
fn unescaped(text: &str) -> String {
    if !text.contains("_x") {
        return text.to_owned();
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("_x") {
        let code = rest.get(at + 2..at + 6).filter(|_| rest.as_bytes().get(at + 6) == Some(&b'_'));
        let c = code.and_then(|code| u32::from_str_radix(code, 16).ok()).and_then(char::from_u32);
        plain.push_str(&rest[..at]);
        match c {
            Some(c) => {
                plain.push(c);
                rest = &rest[at + 7..];
            }
            None => {
                plain.push_str("_x");
                rest = &rest[at + 2..];
            }
        }
    }
    plain + rest
}

/// The number format of each cell style.
fn formats(text: &str) -> Result<Vec<String>, Fault> {
    let mut xml = Xml::of(text);
    let (mut own, mut formats, mut in_cells) = (HashMap::<u32, String>::new(), Vec::new(), false);
    while let Some(node) = xml.next()? {
        match node {
            Node::Open(tag) => match tag.name() {
                "numFmt" => {
                    if let (Some(id), Some(code)) = (tag.number("numFmtId"), tag.attr("formatCode")) {
                        own.insert(id, code);
                    }
                }
                "cellXfs" => in_cells = true,
                "xf" if in_cells => {
                    let id = tag.number("numFmtId").unwrap_or(0);
                    formats.push(own.get(&id).cloned().unwrap_or_else(|| numbers::built_in(id).to_owned()));
                }
                "dxfs" => xml.skip()?,
                _ => {}
            },
            Node::Close(name) if name == "cellXfs" => in_cells = false,
            Node::Close(_) | Node::Text(_) => {}
        }
    }
    Ok(formats)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_of_references() {
        for (reference, column) in [("A1", Some(1)), ("xfd1048576", Some(16_384)), ("12", None), ("", None)] {
            assert_eq!(column_of(reference), column);
        }
    }

    #[test]
    fn chars_that_xml_does_not_allow() {
        for (text, plain) in [("a_x000D_b", "a\rb"), ("_x_x0041_", "_xA"), ("_x00é_", "_x00é_"), ("x_x12", "x_x12")] {
            assert_eq!(unescaped(text), plain);
        }
    }
}
