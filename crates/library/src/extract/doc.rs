//! DOC: the text of documents that Word wrote until 2003, with headings, tables and notes.

mod looks;

use super::{
    Flow,
    ole::{self, Compound, u16_at, u32_at, utf16},
    table::is_header,
    tidy,
};
use looks::{Look, Looks};
use protocol::Fault;

/// A table one of whose cells is longer lays out a page.
const LONGEST_CELL: usize = 1_500;
/// Pieces that a text is in.
const MOST_PIECES: usize = 1_000_000;

/// Reads a document.
pub(super) fn flow(file: &mut Compound) -> Result<Flow, Fault> {
    let main = ole::stream(file, "WordDocument")?.unwrap_or_default();
    let damaged = || crate::faults::damaged("its beginning is not that of a document");
    let flags = u16_at(&main, 0x0a).ok_or_else(damaged)?;
    if flags & 0x0100 != 0 {
        return Err(crate::faults::encrypted());
    }
    let mut flow = Flow::default();
    if u16_at(&main, 2) < Some(0xc1) {
        // Word 6 and 95: bytes in a row.
        let (from, to) = (u32_at(&main, 0x18).ok_or_else(damaged)?, u32_at(&main, 0x1c).ok_or_else(damaged)?);
        let bytes = main.get(from as usize..(to as usize).min(main.len())).ok_or_else(damaged)?;
        let (text, _) = encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes);
        let chars: Vec<(char, u32)> = text.chars().map(|c| (c, u32::MAX)).collect();
        Writer::new(&mut flow, &Looks::default()).write(&chars);
        return Ok(flow);
    }
    let name = if flags & 0x0200 != 0 { "1Table" } else { "0Table" };
    let table = ole::stream(file, name)?.unwrap_or_default();
    let chars = chars(&main, &table).ok_or_else(|| crate::faults::damaged("its list of pieces is damaged"))?;
    let looks = Looks::read(&main, &table);
    // The stories follow each other: the text, footnotes, headers, macros, comments, endnotes, text boxes.
    let mut rest = chars.as_slice();
    let mut story = |at: usize| {
        let length = (u32_at(&main, at).unwrap_or(0) as usize).min(rest.len());
        let story;
        (story, rest) = rest.split_at(length);
        story
    };
    let (text, feet, margins) = (story(0x4c), story(0x50), story(0x54));
    let (_, comments, ends, boxes) = (story(0x58), story(0x5c), story(0x60), story(0x64));
    Writer::new(&mut flow, &looks).write(text);
    Writer::new(&mut flow, &looks).write(boxes);
    let mut seen = Vec::new();
    for (story, are_notes) in [(feet, true), (ends, true), (comments, false), (margins, false)] {
        let mut number = 0;
        for para in shown(story, &looks).split(['\r', '\u{c}', '\u{7}']) {
            let note = para.trim_start_matches(' ');
            let begins = note.starts_with(['\u{2}', '\u{5}']);
            let note = line(note);
            if note.is_empty() || (!are_notes && (!note.chars().any(char::is_alphabetic) || seen.contains(&note))) {
                continue;
            }
            number += usize::from(begins);
            match are_notes && begins {
                true => flow.note(&format!("[{number}] {note}")),
                false => flow.note(&note),
            }
            seen.push(note);
        }
    }
    Ok(flow)
}

/// All chars of the file in order, each with its place in the main stream.
fn chars(main: &[u8], table: &[u8]) -> Option<Vec<(char, u32)>> {
    let (at, length) = (u32_at(main, 0x1a2)? as usize, u32_at(main, 0x1a6)? as usize);
    let mut clx = table.get(at..at.checked_add(length)?.min(table.len()))?;
    // Changes that the pieces refer to stand before them.
    while clx.first() == Some(&1) {
        clx = clx.get(3 + usize::from(u16_at(clx, 1)?)..)?;
    }
    let pieces = clx.get(5..).filter(|_| clx.first() == Some(&2))?;
    let pieces = &pieces[..(u32_at(clx, 1)? as usize).min(pieces.len())];
    let count = (pieces.len().saturating_sub(4) / 12).min(MOST_PIECES);
    let mut chars = Vec::new();
    for piece in 0..count {
        let (from, to) = (u32_at(pieces, piece * 4)?, u32_at(pieces, piece * 4 + 4)?);
        let place = u32_at(pieces, (count + 1) * 4 + piece * 8 + 2)?;
        let length = to.checked_sub(from)? as usize;
        let (start, width) = if place & 0x4000_0000 != 0 { ((place & 0x3fff_ffff) / 2, 1) } else { (place, 2) };
        let rest = main.get(start as usize..)?;
        let bytes = &rest[..length.checked_mul(width)?.min(rest.len())];
        let places = (start..).step_by(width);
        if width == 1 {
            let (text, _) = encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes);
            chars.extend(text.chars().zip(places));
        } else {
            // A char of two halves has two places.
            let mut places = places;
            chars.extend(utf16(bytes).chars().map(|c| (c, places.nth(c.len_utf16() - 1).unwrap_or(u32::MAX))));
        }
    }
    Some(chars)
}

/// The text that is not deleted or hidden, without the code of fields.
fn shown(chars: &[(char, u32)], looks: &Looks) -> String {
    let (mut text, mut fields) = (String::new(), Vec::<bool>::new());
    for (c, place) in chars {
        match c {
            '\u{13}' => fields.push(true),
            '\u{14}' => {
                if let Some(code) = fields.last_mut() {
                    *code = false;
                }
            }
            '\u{15}' => drop(fields.pop()),
            _ if fields.contains(&true) || looks.is_gone(*place) => {}
            c => text.push(*c),
        }
    }
    text
}

struct Writer<'a> {
    flow: &'a mut Flow,
    looks: &'a Looks,
    text: String,
    row: Vec<String>,
    table: Vec<Vec<String>>,
    notes: usize,
    after_item: bool,
}

impl<'a> Writer<'a> {
    fn new(flow: &'a mut Flow, looks: &'a Looks) -> Self {
        Self { flow, looks, text: String::new(), row: Vec::new(), table: Vec::new(), notes: 0, after_item: false }
    }

    fn write(mut self, chars: &[(char, u32)]) {
        let mut fields = Vec::<bool>::new();
        for (c, place) in chars {
            match c {
                '\u{13}' => fields.push(true),
                '\u{14}' => {
                    if let Some(code) = fields.last_mut() {
                        *code = false;
                    }
                }
                '\u{15}' => drop(fields.pop()),
                _ if fields.contains(&true) => {}
                '\r' | '\u{c}' => self.paragraph(&self.looks.look(*place)),
                '\u{7}' => self.cell(&self.looks.look(*place)),
                _ if self.looks.is_gone(*place) => {}
                '\u{2}' => {
                    self.notes += 1;
                    self.text.push_str(&format!("[{}]", self.notes));
                }
                '\u{b}' => self.text.push('\n'),
                '\u{1e}' => self.text.push('-'),
                c => self.text.push(*c),
            }
        }
        self.paragraph(&Look::default());
        self.end_table();
    }

    fn paragraph(&mut self, look: &Look) {
        if look.in_table {
            return self.text.push(' ');
        }
        self.end_table();
        let text = tidy(&std::mem::take(&mut self.text));
        let text =
            text.lines().map(str::trim_end).filter(|line| !line.trim().is_empty()).collect::<Vec<_>>().join("\n");
        if text.is_empty() {
            return;
        }
        let item = look.heading.is_none() && look.list.is_some();
        match (look.heading, look.list) {
            (Some(level), _) => self.flow.heading(&text.replace('\n', " "), level),
            (None, Some(depth)) => {
                let indent = "  ".repeat(usize::from(depth.min(8)));
                self.flow.item(&format!("{indent}- {text}"), depth.min(8), self.after_item);
            }
            (None, None) => self.flow.block(&text, false),
        }
        self.after_item = item;
    }

    fn cell(&mut self, look: &Look) {
        let text = line(&std::mem::take(&mut self.text));
        if !look.row_end {
            return self.row.push(text);
        }
        self.table.push(std::mem::take(&mut self.row));
    }

    fn end_table(&mut self) {
        self.table.extend(Some(std::mem::take(&mut self.row)).filter(|row| !row.is_empty()));
        let table = std::mem::take(&mut self.table);
        if table.is_empty() {
            return;
        }
        self.after_item = false;
        let long = table.iter().flatten().any(|cell| cell.chars().count() > LONGEST_CELL);
        if long || table.iter().all(|row| row.len() < 2) {
            return table.iter().flatten().for_each(|cell| self.flow.block(cell, false));
        }
        for (at, row) in table.iter().enumerate() {
            let cells: Vec<&str> = row.iter().map(String::as_str).collect();
            self.flow.row(&cells, at == 0 && table.len() > 1 && is_header(&cells), at > 0);
        }
    }
}

fn line(text: &str) -> String {
    tidy(&text.replace(['\u{b}', '\u{1e}'], " ")).split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
