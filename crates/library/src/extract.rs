//! How a file becomes pages of text: the table of formats, and what each of them gives.
//!
//! To add a format: `extract/x.rs` and a line in [`EXTRACTORS`]. Everything here runs in the
//! extract worker's process, never in the app's: parsers meet files that nobody has looked at.

mod about;
#[cfg(test)]
mod any_bytes;
mod code;
mod csv;
mod doc;
mod docx;
mod drawing;
mod epub;
mod flow;
mod html;
mod letter;
mod mail;
mod markdown;
mod mbox;
mod msg;
mod numbers;
pub(crate) mod ocr;
mod odf;
mod office;
mod ole;
mod ooxml;
mod package;
mod parts;
pub(crate) mod pdf;
mod place;
mod ppt;
mod pptx;
mod rtf;
mod sniff;
mod stored;
mod subtitles;
mod table;
mod text;
mod xls;
mod xlsx;
mod xml;
mod zip;

pub use about::{About, about};
pub(crate) use flow::Flow;
pub use parts::{Piece, Sink, parts};
pub use pdf::places as pdfium_places;
pub use place::place;
pub use sniff::{HEAD, named, sniff};
pub use stored::{LOOKED_AT, format_of, is_picture, is_stored, name_text, read_picture, why};

use protocol::{Block, Fault, Span};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// A format that can be read.
pub struct Extractor {
    /// The format's short name, as people see it.
    pub format: &'static str,
    /// File name extensions that mean this format, lower case.
    pub extensions: &'static [&'static str],
    /// Whether its pages have a picture and boxes.
    pub fixed_layout: bool,
    /// To be raised when it reads another text from the same file: what it read before is then told from what was
    /// altered, and can be read again.
    pub version: u32,
    /// Reads the file and hands out its pages in order.
    pub read: Read,
}

/// Reads a file, hands its pages to the second argument in order, and returns what a person should
/// know of them.
pub type Read = fn(&Path, &mut dyn FnMut(Page) -> Result<(), Fault>) -> Result<Vec<Fault>, Fault>;

/// Every format there is. The order decides nothing; names and extensions are unique.
pub const EXTRACTORS: &[Extractor] = &[
    Extractor { format: "pdf", extensions: &["pdf"], fixed_layout: true, version: 1, read: pdf::read },
    Extractor {
        format: "docx",
        extensions: &["docx", "docm", "dotx", "dotm"],
        fixed_layout: false,
        version: 0,
        read: docx::read,
    },
    Extractor {
        format: "xlsx",
        extensions: &["xlsx", "xlsm", "xltx", "xltm"],
        fixed_layout: false,
        version: 0,
        read: xlsx::read,
    },
    Extractor {
        format: "pptx",
        extensions: &["pptx", "pptm", "ppsx", "ppsm", "potx", "potm"],
        fixed_layout: false,
        version: 0,
        read: pptx::read,
    },
    Extractor { format: "odt", extensions: &["odt", "ott"], fixed_layout: false, version: 0, read: odf::read },
    Extractor { format: "ods", extensions: &["ods", "ots"], fixed_layout: false, version: 0, read: odf::read },
    Extractor { format: "odp", extensions: &["odp", "otp"], fixed_layout: false, version: 0, read: odf::read },
    Extractor { format: "rtf", extensions: &["rtf"], fixed_layout: false, version: 0, read: rtf::read },
    Extractor { format: "doc", extensions: &["doc", "dot"], fixed_layout: false, version: 0, read: ole::read },
    Extractor { format: "xls", extensions: &["xls", "xlt"], fixed_layout: false, version: 0, read: ole::read },
    Extractor { format: "ppt", extensions: &["ppt", "pps", "pot"], fixed_layout: false, version: 0, read: ole::read },
    Extractor { format: "csv", extensions: &["csv", "tsv"], fixed_layout: false, version: 0, read: csv::read },
    Extractor {
        format: "md",
        extensions: &["md", "markdown", "mdown", "mkd"],
        fixed_layout: false,
        version: 0,
        read: markdown::read,
    },
    Extractor {
        format: "html",
        extensions: &["html", "htm", "xhtml"],
        fixed_layout: false,
        version: 0,
        read: html::read,
    },
    Extractor { format: "eml", extensions: &["eml", "emlx"], fixed_layout: false, version: 0, read: mail::read },
    Extractor { format: "mbox", extensions: &["mbox", "mbx"], fixed_layout: false, version: 0, read: mbox::read },
    Extractor { format: "msg", extensions: &["msg"], fixed_layout: false, version: 0, read: msg::read },
    Extractor { format: "zip", extensions: &["zip"], fixed_layout: false, version: 0, read: zip::read },
    Extractor { format: "epub", extensions: &["epub"], fixed_layout: false, version: 0, read: epub::read },
    Extractor { format: "srt", extensions: &["srt", "vtt"], fixed_layout: false, version: 0, read: subtitles::read },
    Extractor { format: "code", extensions: code::EXTENSIONS, fixed_layout: false, version: 0, read: code::read },
    Extractor {
        format: "txt",
        extensions: &["txt", "text", "log", "rst", "org"],
        fixed_layout: false,
        version: 0,
        read: text::read,
    },
];

/// The extractor of a format by its short name.
pub fn extractor(format: &str) -> Option<&'static Extractor> {
    EXTRACTORS.iter().find(|e| e.format == format)
}

/// The formats that can be read, with the versions of their readers.
pub fn readers() -> Vec<(&'static str, u32)> {
    let read = EXTRACTORS.iter().map(|one| (one.format, one.version));
    read.chain(LOOKED_AT.iter().map(|format| (*format, stored::PICTURE_VERSION))).collect()
}

/// Which version the reader of a format has: another one may read another text from the same file. 0 where the
/// format has no reader.
pub fn reader_version(format: &str) -> u32 {
    let picture = if is_picture(format) { stored::PICTURE_VERSION } else { 0 };
    extractor(format).map_or(picture, |one| one.version)
}

/// A page of a document. Text formats have one page, or several if they are long.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Page {
    /// Its number, from 1.
    pub number: u32,
    /// Its text: paragraphs parted by an empty line, words by single spaces.
    pub text: String,
    /// Its width in points; 0 where the format has no fixed layout.
    pub width: f32,
    /// Its height in points.
    pub height: f32,
    /// Where each word lies, in the order of the text.
    pub words: Vec<WordBox>,
    /// Its headings, in the order of the text.
    pub headings: Vec<Heading>,
    /// What people call it: a sheet's name, `Slide 3`, a chapter's title, a message's subject.
    pub label: Option<String>,
    /// What its text consists of, in the order of the text; of a page that has a picture only where there is a
    /// table on it.
    pub blocks: Vec<Block>,
    /// The header cells of the table that it begins in the middle of.
    pub columns: Vec<String>,
    /// Whether its picture was looked at for text, which takes its time.
    pub looked_at: bool,
}

/// Where a word lies on its page, in 65535ths of the page's width and height from the top left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WordBox {
    /// Its first char in the page's text.
    pub start: u32,
    /// Its length in chars.
    pub length: u16,
    /// Left, top, right, bottom.
    pub sides: [u16; 4],
}

impl WordBox {
    const BYTES: usize = 14;

    /// Packs boxes, 14 bytes each, little-endian.
    pub fn pack(boxes: &[Self]) -> Vec<u8> {
        let mut packed = Vec::with_capacity(boxes.len() * Self::BYTES);
        for word in boxes {
            packed.extend_from_slice(&word.start.to_le_bytes());
            packed.extend_from_slice(&word.length.to_le_bytes());
            for side in word.sides {
                packed.extend_from_slice(&side.to_le_bytes());
            }
        }
        packed
    }

    /// Unpacks what `pack` has made; a rest that is no whole box is ignored.
    pub fn unpack(packed: &[u8]) -> Vec<Self> {
        let short = |b: &[u8], at: usize| u16::from_le_bytes([b[at], b[at + 1]]);
        packed
            .chunks_exact(Self::BYTES)
            .map(|b| Self {
                start: u32::from_le_bytes([b[0], b[1], b[2], b[3]]),
                length: short(b, 4),
                sides: [short(b, 6), short(b, 8), short(b, 10), short(b, 12)],
            })
            .collect()
    }
}

/// A heading and where it stands in the page's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heading {
    /// Its chars in the page's text.
    pub span: Span,
    /// 1 for the highest.
    pub level: u8,
}

/// Puts text in order: NFC, no control chars, line ends as `\n`, no spaces before them.
pub(crate) fn tidy(text: &str) -> String {
    use unicode_normalization::UnicodeNormalization;
    let unified = text.replace("\r\n", "\n").replace(['\r', '\u{2028}', '\u{c}'], "\n").replace('\u{2029}', "\n\n");
    let mut tidied = String::with_capacity(unified.len());
    for line in unified.split('\n') {
        let kept =
            line.nfc().filter(|c| *c == '\t' || !(c.is_control() || matches!(c, '\u{ad}' | '\u{feff}' | '\u{200b}')));
        tidied.extend(kept.map(|c| if c == '\u{a0}' || c == '\u{202f}' { ' ' } else { c }));
        tidied.truncate(tidied.trim_end_matches([' ', '\t']).len());
        tidied.push('\n');
    }
    tidied.pop();
    tidied
}

/// Reads a whole file that has to be in memory at once, up to a limit.
pub(crate) fn load(path: &Path) -> Result<Vec<u8>, Fault> {
    use std::io::Read;
    /// Text formats only; PDFs are read piece by piece.
    const LARGEST_TEXT: u64 = 64 << 20;
    let unreadable = |e: std::io::Error| crate::faults::unreadable(&e.to_string());
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(unreadable)?;
    file.take(LARGEST_TEXT + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > LARGEST_TEXT {
        return Err(crate::faults::too_large(LARGEST_TEXT));
    }
    Ok(bytes)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The first page of a text.
    pub(crate) fn first_page(flow: Flow) -> Page {
        pages(flow).remove(0)
    }

    /// All pages of a text.
    pub(crate) fn pages(flow: Flow) -> Vec<Page> {
        let mut pages = Vec::new();
        flow.pages(&mut |page| {
            pages.push(page);
            Ok(())
        })
        .unwrap();
        pages
    }

    /// Hands out a file so many times, each time altered in a few places, cut off, or with parts twice; always
    /// the same alterations. A panic is the reader's.
    pub(crate) fn altered(bytes: &[u8], times: usize, mut each: impl FnMut(&[u8])) {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut next = |below: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 11) as usize % below.max(1)
        };
        for _ in 0..times {
            let mut copy = bytes.to_vec();
            for _ in 0..=next(4) {
                let at = next(copy.len());
                match next(6) {
                    0 => copy[at] = [0, 0xff, 0x7f, 0x80, b'9', b'<'][next(6)],
                    1 => copy[at] ^= 1 << next(8),
                    2 => drop(copy.drain(at..(at + next(20)).min(copy.len()))),
                    3 => {
                        let part = copy[at..(at + next(60)).min(copy.len())].to_vec();
                        let to = next(copy.len());
                        copy.splice(to..to, part);
                    }
                    4 => copy[at] = next(256) as u8,
                    _ => copy.truncate(at.max(copy.len() / 2)),
                }
                if copy.is_empty() {
                    break;
                }
            }
            each(&copy);
        }
    }

    /// What each stretch of a page is, a line each.
    pub(crate) fn kinds(page: &Page) -> String {
        use protocol::BlockKind;
        let line = |block: &Block| {
            let text = crate::words::slice(&page.text, block.span);
            match &block.kind {
                BlockKind::Paragraph => format!("text    {text:?}"),
                BlockKind::Heading { level } => format!("head {level}  {text:?}"),
                BlockKind::Item { depth } => format!("item {depth}  {text:?}"),
                BlockKind::Code => format!("code    {text:?}"),
                BlockKind::Quote => format!("quote   {text:?}"),
                BlockKind::Note => format!("note    {text:?}"),
                BlockKind::Row { cells, header, row } => {
                    let mark = if *header { "HEAD" } else { "row " };
                    let number = row.map(|row| row.to_string()).unwrap_or_default();
                    let cells = cells.iter().map(|cell| {
                        let column = cell.column.map(|column| format!("{column}:")).unwrap_or_default();
                        format!("{column}{:?}", crate::words::slice(&page.text, cell.span))
                    });
                    format!("{mark} {number:2} {}", cells.collect::<Vec<_>>().join(" "))
                }
            }
        };
        let lines: Vec<String> = page.blocks.iter().map(line).collect();
        let name = page.label.as_deref().map(|label| format!("[{label}]\n")).unwrap_or_default();
        name + &lines.join("\n")
    }

    #[test]
    fn formats_and_extensions_are_unique() {
        let mut seen = std::collections::HashSet::new();
        for e in EXTRACTORS {
            assert!(seen.insert(e.format.to_owned() + "!"), "{}", e.format);
            for extension in e.extensions {
                assert!(seen.insert((*extension).to_owned()), "{extension}");
            }
        }
    }

    #[test]
    fn boxes_survive_packing() {
        let boxes = [WordBox { start: 70_000, length: 12, sides: [1, 2, 65535, 40000] }; 3];
        assert_eq!(WordBox::unpack(&WordBox::pack(&boxes)), boxes);
        assert_eq!(WordBox::unpack(&[1, 2, 3]), []);
    }

    #[test]
    fn tidy_table() {
        for (dirty, clean) in [
            ("a \r\nb\rc", "a\nb\nc"),
            ("e\u{301}\u{ad}x\u{0}y", "éxy"),
            ("12\u{a0}000\u{202f}€\t", "12 000 €"),
            ("\u{feff}x\u{c}y", "x\ny"),
        ] {
            assert_eq!(tidy(dirty), clean, "{dirty:?}");
        }
    }
}
