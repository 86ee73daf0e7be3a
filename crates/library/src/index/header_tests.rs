//! Whether a passage in the middle of a table is found by the names of its columns.

use super::*;
use crate::{
    chunk::{Under, chunks},
    extract::Flow,
};

/// Tables, and rows of each.
const TABLES: usize = 40;
const ROWS: usize = 60;

/// Names of columns; each table has its own.
const NAMES: [&str; 3] = ["tenant", "deposit", "premium"];

fn columns(number: usize) -> [String; 3] {
    NAMES.map(|name| format!("{name}{number}"))
}

/// A table's passages, and for each of its rows the passage that holds it.
fn table(number: usize, document: DocumentId, with_header: bool) -> (Vec<StoredPassage>, Vec<i64>) {
    let columns = (1..).zip(columns(number)).collect::<Vec<_>>();
    let mut flow = Flow::default();
    flow.sheet_row(1, &columns, true, false);
    for row in 0..ROWS {
        let cell = |column: usize| {
            format!("{} {}", 1_000 + row * 7 % 90, ["north", "south", "east", "west"][(row + column) % 4])
        };
        let cells = [(1, format!("unit{row}")), (2, cell(1)), (3, cell(2))];
        flow.sheet_row(row as u32 + 2, &cells, false, true);
    }
    let (mut passages, mut of_row) = (Vec::new(), vec![0; ROWS]);
    flow.pages(&mut |page| {
        for chunk in chunks(&page, &mut Under::default()) {
            let text = crate::words::slice(&page.text, chunk.span).to_owned();
            let id = (number * 1_000 + passages.len()) as i64;
            for (row, of_row) in of_row.iter_mut().enumerate() {
                if text.contains(&format!("unit{row} |")) {
                    *of_row = id;
                }
            }
            let mut passage = super::tests::passage(id, document, &text);
            passage.header = chunk.header.filter(|_| with_header);
            passages.push(passage);
        }
        Ok(())
    })
    .unwrap();
    (passages, of_row)
}

/// The share of questions (a row's name and the names of its table's columns) whose passage is among the
/// first three.
fn share(with_header: bool) -> f64 {
    let dir = tempfile::tempdir().unwrap();
    let (index, _) = TextIndex::open(dir.path()).unwrap();
    // One document has them all: what it says as a whole tells none of its tables from another.
    let (document, mut all, mut rows) = (DocumentId::new(), Vec::new(), Vec::new());
    for number in 0..TABLES {
        let (passages, of_row) = table(number, document, with_header);
        all.extend(passages);
        rows.push(of_row);
    }
    index.replace(document, &all).unwrap();
    index.commit(1).unwrap();
    let (mut found, mut asked) = (0, 0);
    for (number, of_row) in rows.iter().enumerate() {
        for (row, passage) in of_row.iter().enumerate() {
            let terms = parse(&format!("{} unit{row}", columns(number).join(" ")), &index.languages());
            let hits = index.rank(&terms, &[], 3, &[]).unwrap();
            found += usize::from(hits.iter().any(|hit| hit.chunk == *passage));
            asked += 1;
        }
    }
    found as f64 / f64::from(asked)
}

#[test]
fn a_passage_is_found_by_the_header_row_of_its_table() {
    let (without, with) = (share(false), share(true));
    println!("among the first three without the header row {without:.3}, with it {with:.3}");
    assert!(with > 0.9 && with > without + 0.3, "without {without:.3}, with {with:.3}");
}
