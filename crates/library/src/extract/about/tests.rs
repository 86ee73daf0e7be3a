//! Is it read what documents of each format say of themselves?

use super::{office, web, *};
use crate::extract::package::tests::archive;
use std::io::Write;

const MAY: i64 = 1_714_521_600_000; // 2024-05-01

fn says(about: &About) -> (Option<&str>, Option<i64>) {
    (about.author.as_deref(), about.dated)
}

#[test]
fn office_files() {
    let core = br#"<cp:coreProperties xmlns:dc="d" xmlns:dcterms="t"><dc:creator>Ada &amp; Bob</dc:creator>
        <dcterms:created>2010-01-01T00:00:00Z</dcterms:created><dcterms:modified>2024-05-01T00:00:00Z</dcterms:modified>
        </cp:coreProperties>"#;
    let rels = br#"<Relationships><Relationship Id="r" Type="http://x/core-properties" Target="props/c.xml"/></Relationships>"#;
    for file in [archive(&[("docProps/core.xml", core)]), archive(&[("_rels/.rels", rels), ("props/c.xml", core)])] {
        let about = about("docx", file.path(), None);
        assert_eq!(says(&about), (Some("Ada & Bob"), Some(MAY)));
    }
    let meta = br#"<office:meta><meta:initial-creator>Ada</meta:initial-creator><dc:creator>Bob</dc:creator>
        <meta:creation-date>2010-01-01T00:00:00</meta:creation-date><dc:date>2024-05-01T00:00:00.000</dc:date></office:meta>"#;
    assert_eq!(says(&about("odt", archive(&[("meta.xml", meta)]).path(), None)), (Some("Ada"), Some(MAY)));
    let broken = archive(&[("docProps/core.xml", b"<a><dc:creator>Ada</dc:creator><b")]);
    assert_eq!(says(&about("xlsx", broken.path(), None)), (Some("Ada"), None));
    assert_eq!(about("docx", archive(&[]).path(), None), About::default());
}

/// A set of properties of a compound file: each its number, its type and its bytes.
fn property_set(properties: &[(u32, u32, &[u8])]) -> Vec<u8> {
    let mut set = vec![0; 48];
    set[44..48].copy_from_slice(&48u32.to_le_bytes());
    let (mut list, mut values) = (Vec::new(), Vec::new());
    for (number, kind, bytes) in properties {
        let place = 8 + properties.len() * 8 + values.len();
        list.extend(number.to_le_bytes());
        list.extend((place as u32).to_le_bytes());
        values.extend(kind.to_le_bytes());
        values.extend(*bytes);
    }
    set.extend(((8 + list.len() + values.len()) as u32).to_le_bytes());
    set.extend((properties.len() as u32).to_le_bytes());
    set.extend(list);
    set.extend(values);
    set
}

#[test]
fn compound_files() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let name = [&5u32.to_le_bytes()[..], b"J\xfcrg\0\0\0\0"].concat();
    let time = ((MAY + 11_644_473_600_000) * 10_000).to_le_bytes();
    let set = property_set(&[(1, 2, &[0xe4, 4, 0, 0]), (4, 30, &name), (12, 64, &[0; 8]), (13, 64, &time)]);
    let write = |set: &[u8]| {
        let mut compound = cfb::create(file.path()).unwrap();
        compound.create_stream("/\u{5}SummaryInformation").unwrap().write_all(set).unwrap();
        compound.flush().unwrap();
    };
    write(&set);
    assert_eq!(says(&about("doc", file.path(), None)), (Some("Jürg"), Some(MAY)));
    for end in 0..set.len() {
        write(&set[..end]);
        // Nothing is said, or what stands before the end; it comes back.
        office::compound(file.path());
    }
}

#[test]
fn pages_and_books() {
    let source = r#"<meta name="Author" content="Ada"><meta property="article:author" content="https://example.org/ada">
        <meta name="citation_author" content="Bob"><meta name="date" content="1999">
        <meta property="article:published_time" content="2024-05-01T02:00:00+02:00"><p>Text"#;
    assert_eq!(says(&web::of_source(source)), (Some("Ada; Bob"), Some(MAY)));
    assert_eq!(web::of_source("<p>Nothing"), About::default());
    let container = br#"<container><rootfiles><rootfile full-path="o/p.opf"/></rootfiles></container>"#;
    let opf =
        br#"<package><metadata><dc:creator>Ada</dc:creator><dc:creator>Bob</dc:creator><dc:date>2024-05-01</dc:date>
        </metadata></package>"#;
    let file = archive(&[("META-INF/container.xml", container), ("o/p.opf", opf)]);
    assert_eq!(says(&about("epub", file.path(), None)), (Some("Ada; Bob"), Some(MAY)));
}

#[test]
fn messages() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(
        file.path(),
        "From: Ada L <ada@example.org>\r\nTo: b@example.org\r\nDate: Wed, 1 May 2024 02:00:00 +0200\r\nSubject: x\r\n\r\nText.",
    )
    .unwrap();
    assert_eq!(says(&about("eml", file.path(), None)), (Some("Ada L <ada@example.org>"), Some(MAY)));
}

#[test]
fn what_cannot_be_is_not_said() {
    let said = |author: &str, dated| {
        let about = About { author: Some(author.into()), dated: Some(dated) }.plausible();
        (about.author, about.dated)
    };
    assert_eq!(said(" Ada\n\u{0} L. ", MAY), (Some("Ada L.".into()), Some(MAY)));
    for (author, dated) in [("", 0), (" - ", i64::MAX), ("…", i64::MIN), ("\u{200b}", 9_999_999_999_999)] {
        assert_eq!(said(author, dated), (None, None), "{author:?} {dated}");
    }
    assert_eq!(said(&"é".repeat(5_000), 1).0.unwrap().chars().count(), LONGEST_AUTHOR);
    assert_eq!(about("nothing of this name", Path::new("/"), None), About::default());
    for (formats, _) in ABOUT {
        for format in *formats {
            assert!(crate::extract::extractor(format).is_some(), "{format}");
            assert_eq!(about(format, Path::new("/does/not/exist"), None), About::default(), "{format}");
        }
    }
}
