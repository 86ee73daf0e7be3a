//! A document of any format, read by our own readers as the worker reads it.
//!
//! What a format packs (a ZIP archive's parts, a compound file's streams) is packed here, so that the changes meet
//! what is inside and do not end at a checksum; the containers themselves come as they are, too.

pub mod seeds;

use crate::{bounded, place};
use std::{
    io::{Cursor, Write},
    path::PathBuf,
};

/// Between the parts of a package or the streams of a compound file.
pub const PART: &[u8] = &[0xFF, 0xFE, 0xFD, 0xFC];
/// What the app takes of one document, in bytes of text.
const MOST_TEXT: u64 = 64 << 20;

/// How a format's files are made of an input.
#[derive(Clone, Copy)]
enum Packed {
    /// As it is.
    Not,
    /// A ZIP archive of these parts.
    Zip(&'static [&'static str]),
    /// A compound file of these streams.
    Compound(&'static [&'static str]),
}

/// Formats by the number that an input begins with. PDF is PDFium's, and pictures are Tesseract's: neither is ours.
const FORMATS: &[(&str, Packed)] = &[
    (
        "docx",
        Packed::Zip(&[
            "word/document.xml",
            "word/styles.xml",
            "word/numbering.xml",
            "word/footnotes.xml",
            "word/comments.xml",
            "word/_rels/document.xml.rels",
            "docProps/core.xml",
            "[Content_Types].xml",
            "word/header1.xml",
        ]),
    ),
    (
        "xlsx",
        Packed::Zip(&[
            "xl/workbook.xml",
            "xl/_rels/workbook.xml.rels",
            "xl/sharedStrings.xml",
            "xl/styles.xml",
            "xl/worksheets/sheet1.xml",
            "xl/worksheets/_rels/sheet1.xml.rels",
            "xl/comments1.xml",
            "docProps/core.xml",
        ]),
    ),
    (
        "pptx",
        Packed::Zip(&[
            "ppt/presentation.xml",
            "ppt/_rels/presentation.xml.rels",
            "ppt/slides/slide1.xml",
            "ppt/slides/_rels/slide1.xml.rels",
            "ppt/notesSlides/notesSlide1.xml",
            "ppt/slideLayouts/slideLayout1.xml",
            "docProps/core.xml",
        ]),
    ),
    ("odt", Packed::Zip(ODF)),
    ("ods", Packed::Zip(ODF)),
    ("odp", Packed::Zip(ODF)),
    (
        "epub",
        Packed::Zip(&[
            "META-INF/container.xml",
            "OPS/content.opf",
            "OPS/a.xhtml",
            "OPS/toc.ncx",
            "OPS/nav.xhtml",
            "META-INF/encryption.xml",
        ]),
    ),
    ("zip", Packed::Not),
    ("zip", Packed::Zip(&["a.txt", "b/c.eml", "../d.html", "e.zip", "f.docx"])),
    ("doc", Packed::Compound(&["WordDocument", "1Table", "0Table", "\u{5}SummaryInformation"])),
    ("xls", Packed::Compound(&["Workbook", "\u{5}SummaryInformation"])),
    ("ppt", Packed::Compound(&["PowerPoint Document", "Current User", "\u{5}SummaryInformation"])),
    (
        "msg",
        Packed::Compound(&[
            "__properties_version1.0",
            "__substg1.0_0037001F",
            "__substg1.0_1000001E",
            "__substg1.0_10130102",
            "__substg1.0_10090102",
            "__attach_version1.0_#00000000/__properties_version1.0",
            "__attach_version1.0_#00000000/__substg1.0_3707001F",
            "__attach_version1.0_#00000000/__substg1.0_37010102",
            "__recip_version1.0_#00000000/__properties_version1.0",
        ]),
    ),
    ("msg", Packed::Not),
    ("doc", Packed::Not),
    ("rtf", Packed::Not),
    ("csv", Packed::Not),
    ("md", Packed::Not),
    ("html", Packed::Not),
    ("eml", Packed::Not),
    ("mbox", Packed::Not),
    ("srt", Packed::Not),
    ("code", Packed::Not),
    ("txt", Packed::Not),
];

const ODF: &[&str] = &["content.xml", "styles.xml", "meta.xml", "META-INF/manifest.xml", "mimetype"];

/// Which format, and what is in its file.
pub fn run(data: &[u8]) {
    let [which, rest @ ..] = data else { return };
    let (format, packed) = FORMATS[usize::from(*which) % FORMATS.len()];
    let Some(path) = file(packed, rest) else { return };
    let text = bounded(rest, 8192, 256 << 20, || library::read_here(format, &path));
    assert!(text <= MOST_TEXT, "{text} bytes of text");
}

/// The number of a format in this packing.
fn number(format: &str, packs: bool) -> u8 {
    let same = |(name, packed): &(&str, Packed)| *name == format && matches!(packed, Packed::Not) != packs;
    FORMATS.iter().position(same).and_then(|at| u8::try_from(at).ok()).unwrap_or(u8::MAX)
}

/// An input for a file as it is.
#[must_use]
pub fn plain(format: &str, bytes: &[u8]) -> Vec<u8> {
    [&[number(format, false)], bytes].concat()
}

/// An input for a package or a compound file, by its parts in the order of the table.
#[must_use]
pub fn packed(format: &str, parts: &[&[u8]]) -> Vec<u8> {
    [&[number(format, true)], parts.join(PART).as_slice()].concat()
}

fn file(packed: Packed, bytes: &[u8]) -> Option<PathBuf> {
    let whole = match packed {
        Packed::Not => bytes.to_vec(),
        Packed::Zip(names) => zip(names, &parts(bytes))?,
        Packed::Compound(names) => compound(names, &parts(bytes))?,
    };
    Some(place::file("document", &whole))
}

fn parts(mut bytes: &[u8]) -> Vec<&[u8]> {
    let mut parts = Vec::new();
    while let Some(end) = bytes.windows(PART.len()).position(|window| window == PART) {
        parts.push(&bytes[..end]);
        bytes = &bytes[end + PART.len()..];
    }
    parts.push(bytes);
    parts
}

/// Parts that are empty are not there.
fn zip(names: &[&str], parts: &[&[u8]]) -> Option<Vec<u8>> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let stored = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, part) in names.iter().zip(parts).filter(|(_, part)| !part.is_empty()) {
        zip.start_file(*name, stored).ok()?;
        zip.write_all(part).ok()?;
    }
    Some(zip.finish().ok()?.into_inner())
}

fn compound(names: &[&str], parts: &[&[u8]]) -> Option<Vec<u8>> {
    let mut file = cfb::CompoundFile::create(Cursor::new(Vec::new())).ok()?;
    for (name, part) in names.iter().zip(parts).filter(|(_, part)| !part.is_empty()) {
        if let Some((storage, _)) = name.rsplit_once('/') {
            file.create_storage_all(storage).ok()?;
        }
        file.create_stream(name).ok()?.write_all(part).ok()?;
    }
    file.flush().ok()?;
    Some(file.into_inner().into_inner())
}
