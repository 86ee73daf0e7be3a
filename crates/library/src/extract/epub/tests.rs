//! Books that are written here, whole and hostile.

use super::*;
use crate::extract::parts::pages_of;
use std::io::{Cursor, Write};
use zip::{ZipWriter, write::SimpleFileOptions};

fn book(files: &[(&str, &str)]) -> tempfile::NamedTempFile {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in files {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), zip.finish().unwrap().into_inner()).unwrap();
    file
}

const CONTAINER: &str =
    r#"<?xml version="1.0"?><container><rootfiles><rootfile full-path="OPS/book.opf"/></rootfiles></container>"#;
const PACKAGE: &str = r#"<?xml version="1.0"?><package><metadata><dc:title>A book</dc:title></metadata><manifest>
    <item id="two" href="two.xhtml" media-type="application/xhtml+xml"/>
    <item id="one" href="one.xhtml" media-type="application/xhtml+xml"/>
    <item id="cover" href="cover.jpg" media-type="image/jpeg"/>
    <item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/></manifest>
    <spine><itemref idref="cover"/><itemref idref="one"/><itemref idref="two"/><itemref idref="two"/></spine></package>"#;
const NAV: &str = r#"<html><head><title/></head><body><nav epub:type="toc"><ol><li><a href="one.xhtml">The beginning</a></li>
    <li><a href="two.xhtml#x">The end</a></li></ol></nav></body></html>"#;
const ONE: &str = r#"<html><head><title/></head><body><h1>Beginning</h1><script>alert(1)</script><p>It was a <i>dark</i> night.</p>
    <footer>1</footer></body></html>"#;
const TWO: &str =
    r#"<html><head><title>x</title></head><body><img src="heading.png"/><p>They lived.</p></body></html>"#;

#[test]
fn chapters_are_pages_in_reading_order() {
    let file = book(&[
        ("META-INF/container.xml", CONTAINER),
        ("OPS/book.opf", PACKAGE),
        ("OPS/nav.xhtml", NAV),
        ("OPS/one.xhtml", ONE),
        ("OPS/two.xhtml", TWO),
    ]);
    let (pages, notes) = pages_of(read, file.path()).unwrap();
    assert!(notes.is_empty());
    let pages: Vec<_> =
        pages.iter().map(|page| (page.number, page.label.as_deref().unwrap(), page.text.as_str())).collect();
    assert_eq!(
        pages,
        [(1, "The beginning", "Beginning\n\nIt was a dark night.\n\n1"), (2, "The end", "The end\n\nThey lived."),]
    );
}

#[test]
fn a_protected_book_is_said_to_be() {
    let encryption = r#"<encryption xmlns:enc="x"><enc:EncryptedData><enc:CipherData><enc:CipherReference URI="OPS/one.xhtml"/>
        </enc:CipherData></enc:EncryptedData></encryption>"#;
    let fonts = encryption.replace("one.xhtml", "font.otf");
    for (encryption, code) in [(encryption, Some("document.protected")), (fonts.as_str(), None)] {
        let file = book(&[
            ("META-INF/container.xml", CONTAINER),
            ("META-INF/encryption.xml", encryption),
            ("OPS/book.opf", PACKAGE),
            ("OPS/one.xhtml", ONE),
            ("OPS/two.xhtml", TWO),
        ]);
        assert_eq!(pages_of(read, file.path()).err().map(|fault| fault.code).as_deref(), code);
    }
}

#[test]
fn hostile_books_end() {
    let entities =
        "<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">]><package>&b;&b;</package>";
    let many: String =
        (0..50_000).map(|n| format!("<item id=\"{n}\" href=\"one.xhtml\"/><itemref idref=\"{n}\"/>")).collect();
    let deep = "<package>".repeat(20_000);
    let zeros = "<p>0</p>".repeat(8 << 20);
    for (name, files) in [
        ("no container", vec![("mimetype", "application/epub+zip")]),
        ("no package", vec![("META-INF/container.xml", CONTAINER)]),
        ("entities", vec![("META-INF/container.xml", CONTAINER), ("OPS/book.opf", entities)]),
        ("many", vec![("META-INF/container.xml", CONTAINER), ("OPS/book.opf", &many), ("OPS/one.xhtml", ONE)]),
        ("deep", vec![("META-INF/container.xml", CONTAINER), ("OPS/book.opf", &deep)]),
        ("large", vec![("META-INF/container.xml", CONTAINER), ("OPS/book.opf", PACKAGE), ("OPS/one.xhtml", &zeros)]),
    ] {
        let read = pages_of(read, book(&files).path());
        let text: usize = read.iter().flat_map(|(pages, _)| pages).map(|page| page.text.len()).sum();
        assert!(text < 1 << 20, "{name}: {text}");
    }
}
