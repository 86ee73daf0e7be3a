//! XLS: the sheets of workbooks that Excel wrote until 2003, cells as they are shown.

mod strings;

use super::{
    Flow, numbers,
    ole::{u16_at, u32_at},
    table::SheetRows,
    tidy,
    xlsx::MOST_CELLS,
};
use encoding_rs::Encoding;
use protocol::Fault;
use std::collections::{BTreeMap, HashMap};
use strings::Pieces;

const BOF: u16 = 0x809;
const EOF: u16 = 0x0a;
const CONTINUE: u16 = 0x3c;

/// A record: its kind, its bytes, and those of the records that go on with it.
struct Record<'a> {
    kind: u16,
    pieces: Vec<&'a [u8]>,
    next: usize,
}

impl<'a> Record<'a> {
    fn at(bytes: &'a [u8], at: usize) -> Option<Self> {
        let (kind, length) = (u16_at(bytes, at)?, usize::from(u16_at(bytes, at + 2)?));
        let body = bytes.get(at + 4..)?;
        let mut pieces = vec![&body[..length.min(body.len())]];
        let mut next = at + 4 + length;
        while let (Some(CONTINUE), Some(length)) = (u16_at(bytes, next), u16_at(bytes, next + 2)) {
            let Some(body) = bytes.get(next + 4..) else { break };
            pieces.push(&body[..usize::from(length).min(body.len())]);
            next += 4 + usize::from(length);
        }
        Some(Self { kind, pieces, next })
    }

    fn body(&self) -> &'a [u8] {
        self.pieces[0]
    }
}

struct Sheet {
    name: String,
    at: usize,
    hidden: bool,
}

/// What the sheets share.
struct Book {
    /// Chars of two bytes, since 1997.
    wide: bool,
    encoding: &'static Encoding,
    from_1904: bool,
    strings: Vec<String>,
    own: HashMap<u32, String>,
    formats: Vec<u32>,
    sheets: Vec<Sheet>,
}

/// Reads a workbook.
pub(super) fn flow(bytes: &[u8]) -> Result<(Flow, Vec<Fault>), Fault> {
    let book = globals(bytes)?;
    let (mut flow, mut hidden, mut left) = (Flow::default(), Vec::new(), MOST_CELLS);
    for sheet in &book.sheets {
        flow.page_break(Some(sheet.name.clone()));
        if sheet.hidden {
            hidden.push(sheet.name.clone());
        }
        book.read(bytes, sheet.at, &mut flow, &mut left);
    }
    let mut notes = Vec::new();
    if !hidden.is_empty() {
        notes.push(crate::faults::sheets_hidden(&hidden));
    }
    if left == 0 {
        notes.push(crate::faults::cells_left_out(MOST_CELLS));
    }
    Ok((flow, notes))
}

/// Reads what comes before the sheets.
fn globals(bytes: &[u8]) -> Result<Book, Fault> {
    let first = Record::at(bytes, 0).filter(|record| record.kind == BOF);
    let first = first.ok_or_else(|| crate::faults::damaged("it does not begin as a workbook does"))?;
    let mut book = Book {
        wide: u16_at(first.body(), 0) >= Some(0x600),
        encoding: encoding_rs::WINDOWS_1252,
        from_1904: false,
        strings: Vec::new(),
        own: HashMap::new(),
        formats: Vec::new(),
        sheets: Vec::new(),
    };
    let mut at = first.next;
    while let Some(record) = Record::at(bytes, at) {
        at = record.next;
        let body = record.body();
        match record.kind {
            EOF => break,
            // The rest is encrypted.
            0x2f => return Err(crate::faults::encrypted()),
            0x42 => {
                let page = u16_at(body, 0).map(|page| format!("windows-{page}"));
                book.encoding = page.and_then(|label| Encoding::for_label(label.as_bytes())).unwrap_or(book.encoding);
            }
            0x22 => book.from_1904 = u16_at(body, 0) == Some(1),
            0x41e => {
                if let Some(id) = u16_at(body, 0) {
                    let format =
                        if book.wide { Pieces::of(&record.pieces, 2).string(2) } else { book.bytes(body, 2, 1) };
                    book.own.insert(id.into(), format.unwrap_or_default());
                }
            }
            0xe0 => book.formats.push(u16_at(body, 2).unwrap_or(0).into()),
            0x85 => {
                let name = if book.wide { Pieces::of(&record.pieces, 6).string(1) } else { book.bytes(body, 6, 1) };
                // Sheets of cells only; the others are charts and macros.
                if let (Some(at), Some(0), Some(name)) = (u32_at(body, 0), body.get(5), name) {
                    let hidden = body.get(4).is_some_and(|state| state & 3 != 0);
                    book.sheets.push(Sheet { name, at: at as usize, hidden });
                }
            }
            0xfc => book.strings = Pieces::of(&record.pieces, 8).strings(u32_at(body, 4).unwrap_or(0)),
            _ => {}
        }
    }
    Ok(book)
}

impl Book {
    /// A text of one byte a char, its length before it.
    fn bytes(&self, body: &[u8], at: usize, width: usize) -> Option<String> {
        let length = if width == 1 { usize::from(*body.get(at)?) } else { usize::from(u16_at(body, at)?) };
        let text = body.get(at + width..)?;
        Some(self.encoding.decode_without_bom_handling(&text[..length.min(text.len())]).0.into_owned())
    }

    fn text(&self, record: &Record<'_>, at: usize) -> String {
        let text = if self.wide { Pieces::of(&record.pieces, at).string(2) } else { self.bytes(record.body(), at, 2) };
        text.unwrap_or_default()
    }

    fn shown(&self, value: f64, style: u16) -> String {
        let id = self.formats.get(usize::from(style)).copied().unwrap_or(0);
        let format = self.own.get(&id).map_or_else(|| numbers::built_in(id), String::as_str);
        numbers::shown(value, format, self.from_1904)
    }

    /// Writes a sheet. One that is cut off is read as far as it goes.
    fn read(&self, bytes: &[u8], from: usize, flow: &mut Flow, left: &mut u64) {
        let mut cells: BTreeMap<u32, BTreeMap<u32, String>> = BTreeMap::new();
        let (mut at, mut depth, mut waits, mut said) = (from, 0usize, None::<(u32, u32)>, Vec::new());
        while let Some(record) = Record::at(bytes, at) {
            at = record.next;
            let body = record.body();
            match record.kind {
                BOF => depth += 1,
                EOF => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        break;
                    }
                }
                // A text box or a comment.
                0x1b6 => said.extend(record.pieces.get(1).and_then(|piece| strings::chars(piece, u16_at(body, 10)?))),
                // A chart on the sheet has its own records.
                _ if depth > 1 => {}
                0x207 => {
                    if let Some((row, column)) = waits.take() {
                        cells.entry(row).or_default().insert(column, self.text(&record, 0));
                    }
                }
                kind => {
                    let (Some(row), Some(column), Some(style)) = (u16_at(body, 0), u16_at(body, 2), u16_at(body, 4))
                    else {
                        continue;
                    };
                    let (row, column) = (u32::from(row) + 1, u32::from(column) + 1);
                    let mut put = |column: u32, text: String| {
                        if *left > 0 && !text.is_empty() {
                            *left -= 1;
                            cells.entry(row).or_default().insert(column, text);
                        }
                    };
                    match kind {
                        0xfd => put(
                            column,
                            u32_at(body, 6).and_then(|at| self.strings.get(at as usize)).cloned().unwrap_or_default(),
                        ),
                        0x204 | 0xd6 => put(column, self.text(&record, 6)),
                        0x203 => put(column, f64_at(body, 6).map(|value| self.shown(value, style)).unwrap_or_default()),
                        0x27e => {
                            put(column, u32_at(body, 6).map(|rk| self.shown(small(rk), style)).unwrap_or_default())
                        }
                        0xbd => {
                            for (column, cell) in (column..).zip(body[4..].chunks_exact(6)) {
                                if let (Some(style), Some(rk)) = (u16_at(cell, 0), u32_at(cell, 2)) {
                                    put(column, self.shown(small(rk), style));
                                }
                            }
                        }
                        0x205 => match (body.get(6), body.get(7)) {
                            (Some(value), Some(0)) => {
                                put(column, if *value == 0 { "FALSE" } else { "TRUE" }.to_owned())
                            }
                            (Some(code), Some(_)) => put(column, error(*code).to_owned()),
                            (Some(_) | None, _) => {}
                        },
                        0x06 if body.get(12..14) == Some(&[0xff, 0xff]) => match (body.get(6), body.get(8)) {
                            // The text comes in a record of its own.
                            (Some(0), _) => waits = Some((row, column)),
                            (Some(1), Some(value)) => {
                                put(column, if *value == 0 { "FALSE" } else { "TRUE" }.to_owned())
                            }
                            (Some(2), Some(code)) => put(column, error(*code).to_owned()),
                            (Some(_) | None, _) => {}
                        },
                        0x06 => put(column, f64_at(body, 6).map(|value| self.shown(value, style)).unwrap_or_default()),
                        _ => {}
                    }
                }
            }
        }
        let mut rows = SheetRows::default();
        for (row, cells) in cells {
            let line = |text: String| tidy(&text).split_whitespace().collect::<Vec<_>>().join(" ");
            let cells = cells.into_iter().map(|(column, text)| (column, line(text)));
            let cells: Vec<(u32, String)> = cells.filter(|(_, text)| !text.is_empty()).collect();
            if !cells.is_empty() {
                rows.add((row, cells), flow);
            }
        }
        rows.end(flow);
        for text in said {
            flow.note(&tidy(&text).split_whitespace().collect::<Vec<_>>().join(" "));
        }
    }
}

fn f64_at(bytes: &[u8], at: usize) -> Option<f64> {
    Some(f64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}

/// A number in four bytes: half of a float, or an integer, maybe of hundredths.
fn small(rk: u32) -> f64 {
    let value = if rk & 2 != 0 { f64::from(rk as i32 >> 2) } else { f64::from_bits(u64::from(rk & !3) << 32) };
    if rk & 1 != 0 { value / 100.0 } else { value }
}

fn error(code: u8) -> &'static str {
    match code {
        0x00 => "#NULL!",
        0x07 => "#DIV/0!",
        0x0f => "#VALUE!",
        0x17 => "#REF!",
        0x1d => "#NAME?",
        0x24 => "#NUM!",
        _ => "#N/A",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_numbers() {
        for (rk, value) in [(0x3ff0_0000, 1.0), (0x0000_0002 | 5 << 2, 5.0), (0x0000_0003 | 1234 << 2, 12.34)] {
            assert_eq!(small(rk), value, "{rk:x}");
        }
        assert_eq!(small((-7_i32 << 2) as u32 | 2), -7.0);
    }
}
