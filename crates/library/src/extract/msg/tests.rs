//! Compound files that are written here, whole and damaged.

use super::*;
use crate::extract::parts::{pages_of, parts_of};

type Streams<'a> = Vec<(&'a str, Vec<u8>)>;

fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// A list of fixed properties.
fn fixed(header: usize, records: &[(u16, u16, u64)]) -> Vec<u8> {
    let mut bytes = vec![0; header];
    for (number, kind, value) in records {
        bytes.extend_from_slice(&kind.to_le_bytes());
        bytes.extend_from_slice(&number.to_le_bytes());
        bytes.extend_from_slice(&[0; 4]);
        bytes.extend_from_slice(&value.to_le_bytes());
    }
    bytes
}

fn compound(streams: &Streams<'_>) -> tempfile::NamedTempFile {
    let mut file = CompoundFile::create(Cursor::new(Vec::new())).unwrap();
    for (path, bytes) in streams {
        if let Some(folder) = Path::new(path).parent() {
            file.create_storage_all(folder).unwrap();
        }
        file.create_stream(path).unwrap().write_all(bytes).unwrap();
    }
    file.flush().unwrap();
    let named = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(named.path(), file.into_inner().into_inner()).unwrap();
    named
}

/// 2026-03-01 08:30 UTC.
const SENT_AT: u64 = (1_772_353_800 + 11_644_473_600) * 10_000_000;

fn message() -> Streams<'static> {
    let inner = "/__attach_version1.0_#00000001/__substg1.0_3701000D";
    vec![
        ("/__properties_version1.0", fixed(32, &[(0x0039, 0x0040, SENT_AT), (0x3ffd, 0x0003, 1251)])),
        ("/__substg1.0_0037001F", wide("Vertrag für Müller")),
        ("/__substg1.0_0C1A001F", wide("Ada")),
        ("/__substg1.0_5D01001F", wide("ada@example.org")),
        ("/__substg1.0_1000001E", encoding_rs::WINDOWS_1251.encode("Договор во вложении.").0.into_owned()),
        ("/__recip_version1.0_#00000000/__properties_version1.0", fixed(8, &[(0x0c15, 3, 1)])),
        ("/__recip_version1.0_#00000000/__substg1.0_3001001F", wide("Bob")),
        ("/__recip_version1.0_#00000000/__substg1.0_39FE001F", wide("bob@example.org")),
        ("/__recip_version1.0_#00000001/__properties_version1.0", fixed(8, &[(0x0c15, 3, 2)])),
        ("/__recip_version1.0_#00000001/__substg1.0_3001001F", wide("Eve")),
        ("/__attach_version1.0_#00000000/__substg1.0_3707001F", wide("..\\..\\lease.txt")),
        ("/__attach_version1.0_#00000000/__substg1.0_37010102", b"The rent is 900 euros.".to_vec()),
        ("/__attach_version1.0_#00000001/__substg1.0_3001001F", wide("An older message")),
        (
            Box::leak(format!("{inner}/__properties_version1.0").into_boxed_str()),
            fixed(24, &[(0x0039, 0x0040, SENT_AT)]),
        ),
        (Box::leak(format!("{inner}/__substg1.0_0037001F").into_boxed_str()), wide("Inner")),
        (Box::leak(format!("{inner}/__substg1.0_1000001F").into_boxed_str()), wide("Inside.")),
    ]
}

#[test]
fn a_message_and_what_is_attached_to_it() {
    let file = compound(&message());
    let (pages, _) = pages_of(read, file.path()).unwrap();
    insta::assert_snapshot!(pages[0].text, @r"
    Vertrag für Müller

    From: Ada <ada@example.org>
    To: Bob <bob@example.org>
    Cc: Eve
    Date: 2026-03-01 08:30 +00:00

    Договор во вложении.

    📎 lease.txt
    📎 An older message
    ");
    let (found, _) = parts_of(parts, file.path()).unwrap();
    let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["lease.txt", "An older message.msg"]);
    assert_eq!(found[0].1, b"The rent is 900 euros.");
    let inner = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(inner.path(), &found[1].1).unwrap();
    let (pages, _) = pages_of(read, inner.path()).unwrap();
    assert_eq!(pages[0].text, "Inner\n\nDate: 2026-03-01 08:30 +00:00\n\nInside.");
}

#[test]
fn a_file_that_ends_before_its_table_is_read() {
    let mut bytes = std::fs::read(compound(&message()).path()).unwrap();
    // The table says of a sector behind the end that it is in use: as the last in a chain.
    let sector = 1 << bytes[30];
    let table = sector * (1 + u32::from_le_bytes(bytes[76..80].try_into().unwrap()) as usize);
    bytes[table + sector - 4..table + sector].copy_from_slice(&0xffff_fffe_u32.to_le_bytes());
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &bytes).unwrap();
    assert!(CompoundFile::open(Cursor::new(bytes)).is_err(), "as it stands it cannot be opened");
    let (pages, _) = pages_of(read, file.path()).unwrap();
    assert!(pages[0].text.starts_with("Vertrag für Müller"));
}

#[test]
fn damaged_compound_files_end() {
    let whole = std::fs::read(compound(&message()).path()).unwrap();
    let mut tried = 0;
    for at in (0..whole.len()).step_by(173) {
        for value in [0x00, 0xff, whole[at] ^ 0x11] {
            let mut bytes = whole.clone();
            bytes[at] = value;
            let file = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(file.path(), &bytes).unwrap();
            // Either way it comes back.
            let _ = pages_of(read, file.path());
            let _ = parts_of(parts, file.path());
            tried += 1;
        }
    }
    for length in (0..whole.len()).step_by(1501) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), &whole[..length]).unwrap();
        assert!(pages_of(read, file.path()).is_err() || length > 1_000, "{length}");
        tried += 1;
    }
    assert!(tried > 300, "{tried}");
    let none = compound(&vec![("/WordDocument", vec![1, 2, 3])]);
    assert_eq!(pages_of(read, none.path()).unwrap_err().code, "document.damaged");
}
