//! CSV and TSV: the table, with the delimiter and the encoding that the file really has.

use super::{Flow, Page, load, table::SheetRows, text::decode, tidy, xlsx::MOST_CELLS};
use protocol::Fault;
use std::path::Path;

/// What may part cells, the likelier first.
const DELIMITERS: [char; 4] = [',', ';', '\t', '|'];
/// Cells of one record that are read, as many as a sheet has columns; the rest is told.
const MOST_COLUMNS: usize = 16_384;
/// Lines from which the delimiter is told.
const LOOKED_AT: usize = 100;
/// A quoted cell is no longer; then the quote was none.
const LONGEST_CELL: usize = 200_000;

pub fn read(path: &Path, out: &mut dyn FnMut(Page) -> Result<(), Fault>) -> Result<Vec<Fault>, Fault> {
    let (flow, notes) = flow(&decode(&load(path)?, None));
    flow.pages(out)?;
    Ok(notes)
}

fn flow(text: &str) -> (Flow, Vec<Fault>) {
    let text = tidy(text);
    // Excel may say it in a line of its own.
    let (said, text) = match text.strip_prefix("sep=").and_then(|rest| rest.split_once('\n')) {
        Some((said, rest)) if said.chars().count() == 1 => (said.chars().next(), rest),
        Some(_) | None => (None, text.as_str()),
    };
    let delimiter = said.unwrap_or_else(|| delimiter(text));
    let (mut flow, mut rows, mut left) = (Flow::default(), SheetRows::default(), MOST_CELLS);
    let (mut number, mut wide) = (u32::from(said.is_some()), false);
    let mut rest = text;
    while !rest.is_empty() && left > 0 {
        let cells;
        (cells, rest) = record(rest, delimiter);
        number = number.saturating_add(1);
        wide |= cells.len() > MOST_COLUMNS;
        let cells =
            (1..).zip(cells).take(MOST_COLUMNS).filter(|(_, text)| !text.is_empty()).collect::<Vec<(u32, String)>>();
        left = left.saturating_sub(cells.len() as u64);
        if !cells.is_empty() {
            rows.add((number, cells), &mut flow);
        }
    }
    rows.end(&mut flow);
    let mut notes = Vec::new();
    if wide {
        notes.push(crate::faults::cells_left_out(MOST_COLUMNS as u64));
    } else if !rest.is_empty() {
        notes.push(crate::faults::cells_left_out(MOST_CELLS));
    }
    (flow, notes)
}

/// The delimiter with which most lines have equally many cells, and more than one.
fn delimiter(text: &str) -> char {
    let score = |delimiter: char| {
        let (mut rest, mut widths) = (text, Vec::new());
        while !rest.is_empty() && widths.len() < LOOKED_AT {
            let cells;
            (cells, rest) = record(rest, delimiter);
            if cells.iter().any(|cell| !cell.is_empty()) {
                widths.push(cells.len());
            }
        }
        let usual = widths.iter().copied().max_by_key(|width| (widths.iter().filter(|w| *w == width).count(), *width));
        let usual = usual.filter(|width| *width > 1)?;
        let same = widths.iter().filter(|width| **width == usual).count();
        Some((same * 1_000 / widths.len().max(1), usual))
    };
    let mut best = (DELIMITERS[0], None);
    for delimiter in DELIMITERS {
        let score = score(delimiter);
        // Between equals the one that stands first.
        if score.map(|(share, _)| share) > best.1.map(|(share, _)| share) {
            best = (delimiter, score);
        }
    }
    best.0
}

/// The cells of the first record, and what follows it.
fn record(text: &str, delimiter: char) -> (Vec<String>, &str) {
    let (mut cells, mut cell, mut at) = (Vec::new(), String::new(), 0);
    let bytes = text.as_bytes();
    loop {
        if cell.is_empty()
            && bytes.get(at) == Some(&b'"')
            && let Some((quoted, end)) = quoted(&text[at..], delimiter)
        {
            cell = quoted;
            at += end;
        }
        match text[at..].chars().next() {
            None => {
                cells.push(cell.trim().to_owned());
                return (cells, "");
            }
            Some('\n') => {
                cells.push(cell.trim().to_owned());
                return (cells, &text[at + 1..]);
            }
            Some(c) => {
                if c == delimiter {
                    let cell = std::mem::take(&mut cell);
                    // One more says that there are more.
                    if cells.len() <= MOST_COLUMNS {
                        cells.push(cell.trim().to_owned());
                    }
                } else {
                    cell.push(c);
                }
                at += c.len_utf8();
            }
        }
    }
}

/// A cell in quotes, and where it ends; None where the quote belongs to the text.
fn quoted(text: &str, delimiter: char) -> Option<(String, usize)> {
    let mut cell = String::new();
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c != '"' {
            cell.push(c);
            if cell.len() > LONGEST_CELL {
                return None;
            }
            continue;
        }
        match chars.peek() {
            Some((_, '"')) => {
                cell.push('"');
                chars.next();
            }
            None => return Some((cell, at + 1)),
            Some((_, next)) if *next == delimiter || *next == '\n' => return Some((cell, at + 1)),
            Some(_) => return None,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::tests::{first_page, kinds};

    #[test]
    fn the_delimiter_is_the_one_that_makes_a_table() {
        for (text, expected) in [
            ("a,b\n1,2\n3,4\n", ','),
            ("a;b\n1,5;2,5\n3,5;4,5\n", ';'),
            ("a\tb c, d\n1\t2\n", '\t'),
            ("x|y\n1|2\n", '|'),
            ("\"a;b\",c\n\"d;e;f\",g\n", ','),
            ("only words\nand more\n", ','),
        ] {
            assert_eq!(delimiter(text), expected, "{text:?}");
        }
    }

    #[test]
    fn records_and_quotes() {
        for (text, cells, rest) in [
            ("a, b ,\n2", vec!["a", "b", ""], "2"),
            ("\"a \"\"b\"\", c\",\"two\nlines\"\nx", vec!["a \"b\", c", "two\nlines"], "x"),
            ("5\" pipe,\"open\nx", vec!["5\" pipe", "\"open"], "x"),
            ("\"a\"b,c", vec!["\"a\"b", "c"], ""),
            ("", vec![""], ""),
        ] {
            let (found, after) = record(text, ',');
            assert_eq!((found.iter().map(String::as_str).collect::<Vec<_>>(), after), (cells, rest), "{text:?}");
        }
    }

    #[test]
    fn a_table_with_its_references() {
        let (flow, notes) = flow("Wohnung;Miete\r\n\"Haus; 1\";900,00 €\r\n;\r\n\"zwei\r\nZeilen\";1\r\n");
        assert!(notes.is_empty());
        insta::assert_snapshot!(kinds(&first_page(flow)));
    }

    #[test]
    fn quotes_that_never_end_are_read_in_time_that_grows_with_the_text() {
        let text = "\"a,".repeat(60_000);
        let began = std::time::Instant::now();
        let (flow, _) = flow(&text);
        assert!(first_page(flow).text.starts_with("\"a"));
        assert!(began.elapsed().as_secs() < 60, "{:?}", began.elapsed());
    }
}
