//! What is read of a presentation of PowerPoint 97, which these tests write record by record.

use super::*;
use crate::extract::tests::{kinds, pages};
use std::io::Write;

fn atom(kind: u16, instance: u16, body: &[u8]) -> Vec<u8> {
    [&(instance << 4).to_le_bytes()[..], &kind.to_le_bytes(), &(body.len() as u32).to_le_bytes(), body].concat()
}

fn container(kind: u16, instance: u16, parts: &[Vec<u8>]) -> Vec<u8> {
    let body = parts.concat();
    [&(instance << 4 | 15).to_le_bytes()[..], &kind.to_le_bytes(), &(body.len() as u32).to_le_bytes(), &body].concat()
}

fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn text(kind: u32, text: &str) -> [Vec<u8>; 2] {
    [atom(0x0f9f, 0, &kind.to_le_bytes()), atom(0x0fa0, 0, &wide(text))]
}

fn numbers(all: &[u32]) -> Vec<u8> {
    all.iter().flat_map(|n| n.to_le_bytes()).collect()
}

/// A file with these records, the last edit of which is the last record.
fn file(records: &[u8], edit: u32, token: u32) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut compound = cfb::CompoundFile::create(file.reopen().unwrap()).unwrap();
    compound.create_stream("/PowerPoint Document").unwrap().write_all(records).unwrap();
    let user = atom(0x0ff6, 0, &numbers(&[20, token, edit, 0, 0]));
    compound.create_stream("/Current User").unwrap().write_all(&user).unwrap();
    drop(compound);
    file
}

fn seen(file: &tempfile::NamedTempFile) -> Result<String, Fault> {
    let compound = std::io::BufReader::new(file.reopen().unwrap());
    let flow = flow(&mut cfb::CompoundFile::open(compound).unwrap())?;
    Ok(pages(flow).iter().map(kinds).collect::<Vec<_>>().join("\n\n"))
}

#[test]
fn slides_of_the_last_version_in_their_order_with_notes_and_comments() {
    let box_with = |parts: &[Vec<u8>]| container(0x040c, 0, &[container(0xf002, 0, &[container(0xf00d, 0, parts)])]);
    let slide = |notes: u32, parts: Vec<Vec<u8>>| {
        let head = atom(SLIDE_ATOM, 0, &numbers(&[0, 0, 0, 0, notes, 0]));
        container(SLIDE, 0, &[vec![head], parts].concat())
    };
    let comment = container(0x2ee0, 0, &[atom(0x0fba, 0, &wide("Ada")), atom(0x0fba, 1, &wide("Too high?"))]);
    let foot = container(0x0fd9, 3, &[atom(0x0fba, 2, &wide("Ada & Co."))]);
    let old = slide(0, vec![box_with(&text(4, "An older version"))]);
    let first = slide(
        7,
        vec![
            box_with(&text(4, "A free box")),
            box_with(&[atom(0x0f9e, 0, &numbers(&[1]))]),
            box_with(&[atom(0x0f9e, 0, &numbers(&[0]))]),
            container(0x1388, 0, &[container(0x138a, 0, &[atom(0x138b, 0, &comment)])]),
            foot.clone(),
        ],
    );
    let second = slide(0, vec![box_with(&[atom(0x0f9f, 0, &numbers(&[6])), atom(0x0fa8, 0, b"Caf\xe9")]), foot]);
    let notes = container(NOTES, 0, &[box_with(&text(2, "Say it\rslowly"))]);
    let listed = |id: u32, slide: u32| atom(PERSIST, 0, &numbers(&[id, 0, 0, slide, 0]));
    let list = container(
        LIST,
        0,
        &[vec![listed(3, 256)], text(0, "The lease").into(), text(1, "Rent\ris due").into(), vec![listed(2, 257)]]
            .concat(),
    );
    let document = container(DOCUMENT, 0, &[list, container(LIST, 2, &[listed(5, 7)])]);
    // An edit before it named the first slide's older version.
    let (mut all, mut places) = (Vec::new(), Vec::new());
    for record in [&old, &first, &second, &notes, &document] {
        places.push(all.len() as u32);
        all.extend_from_slice(record);
    }
    let before = all.len() as u32;
    let directory = before + 36;
    all.extend(atom(USER_EDIT, 0, &numbers(&[0, 0, 0, directory, 1, 0, 0])));
    all.extend(atom(DIRECTORY, 0, &numbers(&[3 | 1 << 20, places[0]])));
    let last = all.len() as u32;
    all.extend(atom(USER_EDIT, 0, &numbers(&[0, 0, before, last + 36, 1, 0, 0])));
    all.extend(atom(DIRECTORY, 0, &numbers(&[1 | 3 << 20, places[4], places[2], places[1], 5 | 1 << 20, places[3]])));
    insta::assert_snapshot!(seen(&file(&all, last, 0)).unwrap());
    assert_eq!(seen(&file(&all, last, ENCRYPTED)).unwrap_err().code, "document.encrypted");
    // Cut off anywhere, it is read as far as it goes.
    for length in (0..all.len()).step_by(13) {
        seen(&file(&all[..length], last, 0)).unwrap();
    }
}
