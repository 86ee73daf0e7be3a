//! What is read of a document of Word 97, which these tests write byte by byte.

use super::*;
use crate::extract::tests::{first_page, kinds};
use std::io::Write;

/// A document with one piece of text of two bytes a char, a heading style, and looks of paragraphs that
/// end at these chars.
fn document(
    text: &str,
    feet: &str,
    looks: &[(usize, &[u8])],
    gone: Option<(u32, u32)>,
    flags: u16,
) -> tempfile::NamedTempFile {
    const TEXT: usize = 2_048;
    let units: Vec<u8> = text.encode_utf16().chain(feet.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let mut main = vec![0; TEXT];
    let mut put = |at: usize, bytes: &[u8]| main[at..at + bytes.len()].copy_from_slice(bytes);
    let number = |n: usize| (n as u32).to_le_bytes();
    put(2, &0xc1_u16.to_le_bytes());
    put(0x0a, &(flags | 0x0200).to_le_bytes());
    put(0x4c, &number(text.encode_utf16().count()));
    put(0x50, &number(feet.encode_utf16().count()));
    // The table: pieces, styles, and where the looks lie.
    let mut table = vec![2];
    let length = units.len() / 2;
    table.extend([number(16), number(0), number(length)].concat());
    table.extend([&[0, 0][..], &number(TEXT), &[0, 0]].concat());
    put(0x1a2, &number(0));
    put(0x1a6, &number(table.len()));
    put(0xa2, &number(table.len()));
    let sheet = [&[4, 0][..], &[2, 0, 10, 0], &[4, 0, 0, 0, 0, 0], &[4, 0, 1, 0, 0, 0]].concat();
    put(0xa6, &number(sheet.len()));
    table.extend(sheet);
    let place = |char: usize| number(TEXT + char * 2);
    // Paragraphs: in page 2 of the main stream.
    put(0x102, &number(table.len()));
    put(0x106, &number(12));
    table.extend([place(0), place(length), number(2)].concat());
    let mut page = vec![0_u8; 512];
    let (mut at, mut offset) = (0, 480);
    page[511] = looks.len() as u8;
    for (run, (end, properties)) in looks.iter().enumerate() {
        page[run * 4..run * 4 + 4].copy_from_slice(&place(at));
        offset -= (properties.len() + 2) & !1;
        page[(looks.len() + 1) * 4 + run * 13] = (offset / 2) as u8;
        page[offset] = (properties.len() / 2 + 1) as u8;
        page[offset + 1..offset + 1 + properties.len()].copy_from_slice(properties);
        at = *end;
    }
    page[looks.len() * 4..looks.len() * 4 + 4].copy_from_slice(&place(at));
    put(1_024, &page);
    // Chars that are deleted: in page 3.
    if let Some((from, to)) = gone {
        put(0xfa, &number(table.len()));
        put(0xfe, &number(12));
        table.extend([place(0), place(length), number(3)].concat());
        let mut page = vec![0_u8; 512];
        page[511] = 1;
        page[..4].copy_from_slice(&place(from as usize));
        page[4..8].copy_from_slice(&place(to as usize));
        page[8] = 100;
        page[200..204].copy_from_slice(&[3, 0x00, 0x08, 1]);
        put(1_536, &page);
    }
    main.extend(units);
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut compound = cfb::CompoundFile::create(file.reopen().unwrap()).unwrap();
    compound.create_stream("/WordDocument").unwrap().write_all(&main).unwrap();
    compound.create_stream("/1Table").unwrap().write_all(&table).unwrap();
    drop(compound);
    file
}

fn seen(file: &tempfile::NamedTempFile) -> Result<String, Fault> {
    let mut pages = Vec::new();
    ole::read(file.path(), &mut |page| {
        pages.push(kinds(&page));
        Ok(())
    })?;
    Ok(pages.join("\n\n"))
}

#[test]
fn headings_tables_notes_and_deleted_text() {
    let text = "Lease\rThe rent is 800900 \u{13} HYPERLINK x\u{14}euros\u{15}.\u{2}\rWhat\u{7}Euros\u{7}\u{7}Flat\u{7}900\u{7}\u{7}item\rEnd\u{b}line\r";
    let at = |word: &str| text[..text.find(word).unwrap()].chars().count();
    let end = |word: &str| at(word) + word.chars().count();
    // Style, then properties: in a table; the end of a row; a list.
    let (cell, row, list) = ([0, 0, 0x16, 0x24, 1], [0, 0, 0x16, 0x24, 1, 0x17, 0x24, 1], [0, 0, 0x0b, 0x46, 1, 0]);
    let looks: Vec<(usize, &[u8])> = vec![
        (end("Lease\r"), &[1, 0]),
        (end(".\u{2}\r"), &[0, 0]),
        (end("Euros\u{7}"), &cell),
        (end("Euros\u{7}\u{7}"), &row),
        (end("900\u{7}"), &cell),
        (end("900\u{7}\u{7}"), &row),
        (end("item\r"), &list),
        (text.chars().count(), &[0, 0]),
    ];
    let gone = (at("800") as u32, end("800") as u32);
    let file = document(text, "\u{2} See § 4.\r", &looks, Some(gone), 0);
    insta::assert_snapshot!(seen(&file).unwrap());
}

#[test]
fn what_is_encrypted_or_cut_off_ends_in_a_fault() {
    let file = document("x\r", "", &[(2, &[0, 0])], None, 0x0100);
    assert_eq!(seen(&file).unwrap_err().code, "document.encrypted");
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut compound = cfb::CompoundFile::create(file.reopen().unwrap()).unwrap();
    compound.create_stream("/WordDocument").unwrap().write_all(&[0xff; 600]).unwrap();
    drop(compound);
    assert_eq!(seen(&file).unwrap_err().code, "document.encrypted", "all its flags are set");
    let whole = std::fs::read(document("x\r", "", &[(2, &[0, 0])], None, 0).path()).unwrap();
    for length in (0..whole.len()).step_by(97) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), &whole[..length]).unwrap();
        let _ = seen(&file);
    }
    let empty = kinds(&first_page(crate::extract::Flow::default()));
    assert_eq!(empty, "");
}
