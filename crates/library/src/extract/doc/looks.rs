//! How Word's binary files say what a paragraph is and which chars are deleted.

use super::super::ole::{u16_at, u32_at};
use std::collections::HashMap;

/// Pages of properties that are read.
const MOST_PAGES: usize = 200_000;

/// What a paragraph is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Look {
    pub heading: Option<u8>,
    pub list: Option<u8>,
    pub in_table: bool,
    /// The mark at the end of a row.
    pub row_end: bool,
}

/// A stretch of the main stream.
type Range<T> = (u32, u32, T);

/// The looks of all paragraphs, and what is deleted or hidden.
#[derive(Debug, Default)]
pub(super) struct Looks {
    paras: Vec<Range<Look>>,
    gone: Vec<Range<()>>,
}

impl Looks {
    /// What cannot be read of them is left out: the text stays.
    pub fn read(main: &[u8], table: &[u8]) -> Self {
        let headings = headings(main, table).unwrap_or_default();
        let mut paras = ranges(main, table, 0x102, 13, |properties| Some(look(properties, &headings)));
        let mut gone = ranges(main, table, 0xfa, 1, |properties| is_gone(properties).then_some(()));
        paras.sort_by_key(|range| range.0);
        gone.sort_by_key(|range| range.0);
        Self { paras, gone }
    }

    /// The look of the paragraph that ends at a place.
    pub fn look(&self, place: u32) -> Look {
        find(&self.paras, place).cloned().unwrap_or_default()
    }

    /// Whether the char at a place is deleted or hidden.
    pub fn is_gone(&self, place: u32) -> bool {
        find(&self.gone, place).is_some()
    }
}

fn find<T>(ranges: &[Range<T>], place: u32) -> Option<&T> {
    let after = ranges.partition_point(|range| range.0 <= place);
    ranges[..after].last().filter(|range| place < range.1).map(|range| &range.2)
}

/// The styles that are headings, by their numbers.
fn headings(main: &[u8], table: &[u8]) -> Option<HashMap<u16, u8>> {
    let (at, length) = (u32_at(main, 0xa2)? as usize, u32_at(main, 0xa6)? as usize);
    let sheet = table.get(at..at.checked_add(length)?.min(table.len()))?;
    let (count, mut at) = (u16_at(sheet, 2)?, 2 + usize::from(u16_at(sheet, 0)?));
    let mut headings = HashMap::new();
    let mut based = HashMap::new();
    for style in 0..count {
        let Some(length) = u16_at(sheet, at) else { break };
        if let (Some(kind), Some(base)) = (u16_at(sheet, at + 2), u16_at(sheet, at + 4).filter(|_| length >= 4)) {
            match kind & 0xfff {
                level @ 1..=9 => drop(headings.insert(style, level as u8)),
                62 => drop(headings.insert(style, 1)),
                _ => drop(based.insert(style, base >> 4)),
            }
        }
        at += 2 + usize::from(length);
    }
    // A style that rests on a heading is one.
    for (style, base) in based {
        if let Some(level) = headings.get(&base).copied() {
            headings.insert(style, level);
        }
    }
    Some(headings)
}

/// Ranges with properties: a list of pages in the table, each page in the main stream.
fn ranges<T>(main: &[u8], table: &[u8], at: usize, width: usize, read: impl Fn(&[u8]) -> Option<T>) -> Vec<Range<T>> {
    let mut ranges = Vec::new();
    let place = |at: usize| u32_at(main, at).map(|n| n as usize);
    let (Some(from), Some(length)) = (place(at), place(at + 4)) else { return ranges };
    let Some(list) = from.checked_add(length).and_then(|to| table.get(from..to.min(table.len()))) else {
        return ranges;
    };
    let pages = list.len().saturating_sub(4) / 8;
    for page in 0..pages.min(MOST_PAGES) {
        let Some(number) = u32_at(list, (pages + 1) * 4 + page * 4) else { break };
        let start = (number & 0x3f_ffff) as usize * 512;
        let Some(page) = main.get(start..start + 512) else { continue };
        let runs = usize::from(page[511]);
        for run in 0..runs {
            let (Some(from), Some(to)) = (u32_at(page, run * 4), u32_at(page, run * 4 + 4)) else { break };
            let Some(offset) = page.get((runs + 1) * 4 + run * width).map(|half| usize::from(*half) * 2) else { break };
            // No offset: nothing special.
            let properties = if offset == 0 { Some(&[][..]) } else { properties(page, offset, width > 1) };
            if let Some(value) = properties.and_then(&read) {
                ranges.push((from, to, value));
            }
        }
    }
    ranges
}

/// The properties at an offset of a page: of a paragraph their length is in words, of chars in bytes.
fn properties(page: &[u8], offset: usize, of_paragraph: bool) -> Option<&[u8]> {
    let length = usize::from(*page.get(offset)?);
    let (from, length) = match (of_paragraph, length) {
        (false, length) => (offset + 1, length),
        (true, 0) => (offset + 2, usize::from(*page.get(offset + 1)?) * 2),
        (true, length) => (offset + 1, length * 2 - 1),
    };
    page.get(from..(from + length).min(page.len()))
}

fn look(properties: &[u8], headings: &HashMap<u16, u8>) -> Look {
    let style = u16_at(properties, 0).unwrap_or(0);
    let mut look = Look { heading: headings.get(&style).copied(), ..Look::default() };
    let (mut list, mut depth) = (false, 0);
    sprms(properties.get(2..).unwrap_or_default(), |code, operand| {
        let first = operand.first().copied().unwrap_or(0);
        match code {
            0x2416 => look.in_table = first != 0,
            0x2417 => look.row_end = first != 0,
            0x260a => depth = first,
            0x460b => list = u16_at(operand, 0).is_some_and(|list| (1..0x7ff).contains(&list)),
            0x2640 => look.heading = (first < 9).then_some(first + 1).or(look.heading),
            _ => {}
        }
    });
    look.list = list.then_some(depth);
    look
}

fn is_gone(properties: &[u8]) -> bool {
    let mut gone = false;
    sprms(properties, |code, operand| {
        // Deleted while changes were tracked; hidden.
        if matches!(code, 0x0800 | 0x083c) {
            gone |= operand.first().is_some_and(|value| value & 1 != 0);
        }
    });
    gone
}

/// Hands out single properties with their operands.
fn sprms(mut rest: &[u8], mut each: impl FnMut(u16, &[u8])) {
    while let Some(code) = u16_at(rest, 0) {
        let after = &rest[2..];
        let (skip, length) = match (code, code >> 13) {
            (0xd608, _) => (2, usize::from(u16_at(after, 0).unwrap_or(0)).saturating_sub(1)),
            (_, 0 | 1) => (0, 1),
            (_, 2 | 4 | 5) => (0, 2),
            (_, 3) => (0, 4),
            (_, 7) => (0, 3),
            (..) => (1, usize::from(after.first().copied().unwrap_or(0))),
        };
        let Some(operand) = after.get(skip..skip + length) else { return };
        each(code, operand);
        rest = &after[skip + length..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_of_any_length_are_passed_over() {
        let mut seen = Vec::new();
        let bytes = [0x16, 0x24, 1, 0x0d, 0xc6, 2, 9, 9, 0x0b, 0x46, 3, 0, 0x17, 0x24, 1, 0x08, 0xd6, 9, 0, 1];
        sprms(&bytes, |code, operand| seen.push((code, operand.to_vec())));
        assert_eq!(seen, [(0x2416, vec![1]), (0xc60d, vec![9, 9]), (0x460b, vec![3, 0]), (0x2417, vec![1])]);
        let read = look(&[&[5, 0][..], &bytes].concat(), &HashMap::from([(5, 2)]));
        assert_eq!(read, Look { heading: Some(2), list: Some(0), in_table: true, row_end: true });
    }

    #[test]
    fn places_are_found_in_their_range() {
        let ranges = [(0, 10, 'a'), (20, 30, 'b')];
        for (place, found) in [(0, Some('a')), (9, Some('a')), (10, None), (29, Some('b')), (u32::MAX, None)] {
            assert_eq!(find(&ranges, place).copied(), found);
        }
    }
}
