//! Archives that are written here, whole and hostile.

use super::*;
use crate::extract::parts::{pages_of, parts_of};
use std::io::{Cursor, Write};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        zip.start_file(*name, SimpleFileOptions::default().compression_method(CompressionMethod::Deflated)).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn file(bytes: &[u8]) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    file
}

#[test]
fn files_and_their_places() {
    let bytes = archive(&[
        ("deal/lease.txt", b"The rent is 900 euros."),
        ("../../etc/passwd", b"root"),
        ("deal/.hidden", b"x"),
        ("__MACOSX/deal/._lease.txt", b"x"),
        ("deal/Thumbs.db", b"x"),
        ("deal/~$lease.docx", b"x"),
        ("Übersicht.md", b"# All"),
    ]);
    let file = file(&bytes);
    let (pages, _) = pages_of(read, file.path()).unwrap();
    assert_eq!(pages[0].text, "deal/lease.txt\netc/passwd\nÜbersicht.md");
    let (found, notes) = parts_of(parts, file.path()).unwrap();
    let places: Vec<&str> = found.iter().map(|(place, _)| place.as_str()).collect();
    assert_eq!((places, notes.len()), (vec!["deal/lease.txt", "etc/passwd", "Übersicht.md"], 0));
    assert_eq!(found[0].1, b"The rent is 900 euros.");
}

/// Sets a field of the central header and of the local one of every file.
fn with_field(mut bytes: Vec<u8>, central: usize, local: usize, value: [u8; 2]) -> Vec<u8> {
    for at in 0..bytes.len().saturating_sub(46) {
        let field = match &bytes[at..at + 4] {
            b"PK\x01\x02" => at + central,
            b"PK\x03\x04" => at + local,
            _ => continue,
        };
        bytes[field..field + 2].copy_from_slice(&value);
    }
    bytes
}

#[test]
fn what_cannot_be_taken_out_is_said() {
    let whole = archive(&[("a.txt", b"The rent is 900 euros."), ("b.txt", b"It rises.")]);
    let encrypted = with_field(whole.clone(), 8, 6, [1, 0]);
    let otherwise = with_field(whole.clone(), 10, 8, [12, 0]);
    let mut damaged = whole.clone();
    // Within the first file's bytes.
    damaged[40] ^= 0xff;
    damaged[41] ^= 0xff;
    for (name, bytes, taken, code) in [
        ("encrypted", encrypted, 0, "document.parts_encrypted"),
        ("packed otherwise", otherwise, 0, "document.parts_packed_otherwise"),
        ("damaged", damaged, 1, "document.parts_damaged"),
    ] {
        let file = file(&bytes);
        let (found, notes) = parts_of(parts, file.path()).unwrap();
        assert_eq!((found.len(), notes.len(), notes[0].code.as_str()), (taken, 1, code), "{name}");
        assert!(notes[0].values["names"].contains("a.txt"), "{name}");
    }
}

#[test]
fn bombs_are_stopped() {
    let zeros = vec![0; 80 << 20];
    let bomb = archive(&[("zeros", &zeros)]);
    assert!(bomb.len() < 100_000);
    assert_eq!(parts_of(parts, file(&bomb).path()).unwrap_err().code, "document.bomb");
    // Small enough each, not together.
    let some = &zeros[..30 << 20];
    let many: Vec<(String, &[u8])> = (0..4).map(|n| (format!("zeros {n}"), some)).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|(name, bytes)| (name.as_str(), *bytes)).collect();
    assert_eq!(parts_of(parts, file(&archive(&many)).path()).unwrap_err().code, "document.bomb");
    // A size that is not true changes nothing.
    let lying = with_field(bomb, 24, 22, [1, 0]);
    assert!(parts_of(parts, file(&lying).path()).map(|(found, _)| found.is_empty()).unwrap_or(true));
}

#[test]
fn damaged_archives_end() {
    let whole = archive(&[("a.txt", b"The rent is 900 euros."), ("b/c.txt", b"It rises every year by two percent.")]);
    for at in 0..whole.len() {
        for value in [0x00, 0xff, whole[at] ^ 0x15] {
            let mut bytes = whole.clone();
            bytes[at] = value;
            let file = file(&bytes);
            // Either way it comes back, and no more comes out than was put in.
            let _ = pages_of(read, file.path());
            if let Ok((found, _)) = parts_of(parts, file.path()) {
                assert!(found.iter().map(|(_, bytes)| bytes.len()).sum::<usize>() < 1 << 20, "{at} {value}");
            }
        }
        let _ = parts_of(parts, file(&whole[..at]).path());
    }
    assert_eq!(pages_of(read, file(b"PK\x03\x04").path()).unwrap_err().code, "document.damaged");
}
