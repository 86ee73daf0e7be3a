//! What is read of a workbook of Excel 97, which these tests write record by record.

use super::*;
use crate::extract::tests::{altered, kinds, pages};

fn record(kind: u16, body: &[u8]) -> Vec<u8> {
    [&kind.to_le_bytes()[..], &(body.len() as u16).to_le_bytes(), body].concat()
}

fn shorts(all: &[u16]) -> Vec<u8> {
    all.iter().flat_map(|n| n.to_le_bytes()).collect()
}

/// A text of one byte a char, its length in two bytes before it.
fn text(text: &str) -> Vec<u8> {
    [&(text.len() as u16).to_le_bytes()[..], &[0], text.as_bytes()].concat()
}

/// A cell: row, column and style from 0, then what is in it.
fn cell(kind: u16, row: u16, column: u16, style: u16, rest: &[u8]) -> Vec<u8> {
    record(kind, &[shorts(&[row, column, style]), rest.to_vec()].concat())
}

fn workbook() -> Vec<u8> {
    let bof = |of: u16| record(BOF, &shorts(&[0x600, of, 0, 0]));
    let format = [&164_u16.to_le_bytes()[..], &text("0.00 \"EUR\"")].concat();
    let strings =
        [&[4, 0, 0, 0, 4, 0, 0, 0][..], &text("Rent of the house"), &text("Flat"), &text("Rent"), &text("Due")]
            .concat();
    // A text that goes on in the next record.
    let (first, rest) = strings.split_at(strings.len() - 2);
    let sheet = [
        bof(0x10),
        cell(0xfd, 0, 0, 0, &[0, 0, 0, 0]),
        cell(0xfd, 1, 1, 0, &[1, 0, 0, 0]),
        cell(0xfd, 1, 2, 0, &[2, 0, 0, 0]),
        cell(0xfd, 1, 3, 0, &[3, 0, 0, 0]),
        cell(0x204, 2, 1, 0, &text("F1")),
        cell(0x203, 2, 2, 1, &900.5_f64.to_le_bytes()),
        cell(0x27e, 2, 3, 2, &(45_356_u32 << 2 | 2).to_le_bytes()),
        // Several small numbers in one record: 5 and 12.34.
        record(
            0xbd,
            &[
                shorts(&[3, 1, 0]),
                (5_u32 << 2 | 2).to_le_bytes().to_vec(),
                shorts(&[0]),
                (1_234_u32 << 2 | 3).to_le_bytes().to_vec(),
                shorts(&[2]),
            ]
            .concat(),
        ),
        cell(0x205, 3, 3, 0, &[1, 0]),
        cell(0x205, 3, 4, 0, &[7, 1]),
        // A formula whose result is a text.
        cell(0x06, 4, 1, 0, &[0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0]),
        record(0x207, &text("result")),
        cell(0x06, 4, 2, 1, &[&7.0_f64.to_le_bytes()[..], &[0, 0]].concat()),
        // A chart on the sheet has cells of its own.
        bof(0x20),
        cell(0x203, 9, 9, 0, &1.0_f64.to_le_bytes()),
        record(EOF, &[]),
        record(0x1b6, &[shorts(&[0, 0, 0, 0, 0, 9]), vec![0; 6]].concat()),
        record(CONTINUE, b"\0too high?"),
        record(EOF, &[]),
    ]
    .concat();
    let hidden = [bof(0x10), cell(0x204, 0, 0, 0, &text("hidden")), record(EOF, &[])].concat();
    let named = |at: usize, state: u8, name: &str| {
        record(0x85, &[&(at as u32).to_le_bytes()[..], &[state, 0, name.len() as u8, 0], name.as_bytes()].concat())
    };
    let globals = |first_sheet: usize, second_sheet: usize| {
        [
            bof(0x05),
            record(0x41e, &format),
            record(0xe0, &shorts(&[0, 0, 0])),
            record(0xe0, &shorts(&[0, 164, 0])),
            record(0xe0, &shorts(&[0, 14, 0])),
            named(first_sheet, 0, "Rent"),
            named(second_sheet, 1, "Old"),
            record(0xfc, first),
            record(CONTINUE, &[&[0][..], rest].concat()),
            record(EOF, &[]),
        ]
        .concat()
    };
    let length = globals(0, 0).len();
    [globals(length, length + sheet.len()), sheet, hidden].concat()
}

#[test]
fn sheets_as_people_see_them() {
    let (flow, notes) = flow(&workbook()).unwrap();
    insta::assert_snapshot!(pages(flow).iter().map(kinds).collect::<Vec<_>>().join("\n\n"));
    assert_eq!(notes.iter().map(|note| note.code.as_str()).collect::<Vec<_>>(), ["document.sheets_hidden"]);
}

#[test]
fn what_is_encrypted_or_altered_ends() {
    let locked = [record(BOF, &shorts(&[0x600, 5, 0, 0])), record(0x2f, &[1, 0])].concat();
    assert_eq!(flow(&locked).err().unwrap().code, "document.encrypted");
    assert_eq!(flow(b"").err().unwrap().code, "document.damaged");
    altered(&workbook(), 4_000, |bytes| {
        if let Ok((flow, _)) = flow(bytes) {
            pages(flow);
        }
    });
}

#[test]
fn small_numbers() {
    for (rk, value) in [(0x3ff0_0000, 1.0), (0x0000_0002 | 5 << 2, 5.0), (0x0000_0003 | 1234 << 2, 12.34)] {
        assert_eq!(small(rk), value, "{rk:x}");
    }
    assert_eq!(small((-7_i32 << 2) as u32 | 2), -7.0);
}
