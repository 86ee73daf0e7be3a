//! Which format a file has: its first bytes decide, its name only where they leave a choice.

use super::{EXTRACTORS, mail, mbox, office, text::utf16_without_mark};
use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};
use std::path::Path;

/// How many first bytes are looked at.
pub const HEAD: usize = 4096;

/// The format of a file from its first bytes (up to [`HEAD`]) and its name; None: not readable.
pub fn sniff(head: &[u8], name: &Path) -> Option<&'static str> {
    let head = &head[..head.len().min(HEAD)];
    let extension = name.extension().map(|e| e.to_string_lossy().to_lowercase()).unwrap_or_default();
    let by_name = named(name);
    if head.windows(5).take(1024).any(|w| w == b"%PDF-") {
        return Some("pdf");
    }
    if let Some(format) = archive(head, &extension, by_name).or_else(|| office::kind(head, by_name)) {
        return Some(format);
    }
    if !is_text(head) {
        return None;
    }
    if matches!(by_name, Some("zip" | "msg" | "epub")) {
        return Some("txt");
    }
    if by_name.is_none() && extension.is_empty() {
        if mbox::looks_like(head) {
            return Some("mbox");
        } else if mail::looks_like(head) {
            return Some("eml");
        }
    }
    match by_name {
        // Many programs write a table or a page under the name of another's document.
        Some(format) if office::is_office(format) && is_html(head) => Some("html"),
        Some("xls") => Some("csv"),
        Some(format) if office::is_office(format) => Some("txt"),
        // Text under the name of a PDF is what it is: text.
        Some("pdf") | None if is_html(head) => Some("html"),
        Some("pdf") => Some("txt"),
        Some(format) => Some(format),
        None => (OTHER_TEXT.contains(&extension.as_str()) || is_whole_text(head, &extension)).then_some("txt"),
    }
}

/// What an archive holds, where it is no document of an office program: many formats are ZIP files inside.
fn archive(head: &[u8], extension: &str, by_name: Option<&'static str>) -> Option<&'static str> {
    /// A first file of this name, stored as it is, says so.
    const BOOK: &[u8] = b"mimetypeapplication/epub+zip";
    if head.starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") {
        return by_name.filter(|format| *format == "msg");
    }
    if !head.starts_with(b"PK\x03\x04") && !head.starts_with(b"PK\x05\x06") {
        return None;
    }
    if head.get(30..).is_some_and(|rest| rest.starts_with(BOOK)) {
        return Some("epub");
    }
    match by_name {
        Some("zip" | "epub") => by_name,
        // A program's archives are no folders of people.
        Some(_) => None,
        None => office::kind(head, by_name).or_else(|| extension.is_empty().then_some("zip")),
    }
}

/// Text under a name that says nothing to us is read all the same, where it is plainly text: ASCII or UTF-8
/// of several words.
fn is_whole_text(head: &[u8], extension: &str) -> bool {
    /// Text for machines, of which a person reads nothing.
    const OF_MACHINES: &[&str] = &["svg", "map", "lock", "pem", "crt", "key", "obj", "stl", "gpx", "kml", "eps", "ps"];
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        // The head may end in the middle of a char.
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&head[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return false,
    };
    !OF_MACHINES.contains(&extension) && text.split_whitespace().take(5).count() == 5
}

/// The format that the name alone promises.
pub fn named(name: &Path) -> Option<&'static str> {
    let extension = name.extension().map(|e| e.to_string_lossy().to_lowercase()).unwrap_or_default();
    EXTRACTORS.iter().find(|e| e.extensions.contains(&extension.as_str())).map(|e| e.format)
}

/// Extensions of other text files that people keep among their documents.
const OTHER_TEXT: &[&str] = &["", "adoc", "asc", "nfo", "readme", "me"];

fn is_html(head: &[u8]) -> bool {
    let start: String = String::from_utf8_lossy(&head[..head.len().min(512)]).to_lowercase();
    let start = start.trim_start_matches('\u{feff}').trim_start();
    start.starts_with("<!doctype html")
        || start.starts_with("<html")
        || (start.starts_with("<?xml") && start.contains("<html"))
}

/// No NUL bytes and few control chars, or UTF-16 by its mark or its looks.
fn is_text(head: &[u8]) -> bool {
    let marked = Encoding::for_bom(head).filter(|(encoding, _)| [UTF_16LE, UTF_16BE].contains(encoding));
    if let Some((encoding, skip)) = marked.or_else(|| utf16_without_mark(head).map(|encoding| (encoding, 0))) {
        // The head may end in the middle of a char; numbers in two bytes each look the same, but for
        // what they mean as chars.
        let text = encoding.decode_without_bom_handling(&head[skip..skip + (head.len() - skip) / 2 * 2]).0;
        return text.chars().filter(|c| is_odd(*c)).count() * 50 <= text.chars().count();
    }
    let odd = head.iter().filter(|b| matches!(b, 0..=8 | 14..=26 | 28..=31 | 127)).count();
    !head.contains(&0) && odd * 50 <= head.len()
}

/// Whether text has hardly ever such a char: half of a pair, a control char, one of no meaning.
fn is_odd(c: char) -> bool {
    c == char::REPLACEMENT_CHARACTER
        || (c.is_control() && !c.is_whitespace())
        || matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{fdd0}'..='\u{fdef}' | '\u{fff0}'..='\u{fff8}' | '\u{ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_by_content_and_name() {
        for (head, name, expected) in [
            (&b"%PDF-1.7\n"[..], "a.pdf", Some("pdf")),
            (b"junk before\n%PDF-1.4", "a.bin", Some("pdf")),
            (b"%PDF-1.7", "renamed.docx", Some("pdf")),
            (b"# Title\n", "a.md", Some("md")),
            (b"# Title\n", "A.MARKDOWN", Some("md")),
            (b"plain", "a.txt", Some("txt")),
            (b"plain", "README", Some("txt")),
            (b"not a pdf", "fake.pdf", Some("txt")),
            (b"<!DOCTYPE html><p>x", "fake.pdf", Some("html")),
            (b"<!doctype HTML>", "page", Some("html")),
            (b"<html>", "a.htm", Some("html")),
            (b"\xff\xfea\0b\0", "a.txt", Some("txt")),
            (b"\xff\xfe\xd8\xd9\xe1\xe2\x03\xf0\x11\x22\x9a\xdc\x10\xe5", "a.txt", None),
            (b"\xff\xfe", "marked.txt", Some("txt")),
            (b"T\0h\0e\0 \0r\0e\0n\0t\0 \0i\0s\0 \0\x31\0\x32\0", "a.txt", Some("txt")),
            (b"\0T\0h\0e\0 \0r\0e\0n\0t\0 \0i\0s\0 \0\x31\0\x32", "a.csv", Some("csv")),
            (b"\x01\0\x02\0\x03\0\x04\0\x05\0\x06\0\x07\0\x08\0", "numbers.txt", None),
            (b"caf\xe9 latin", "a.txt", Some("txt")),
            (b"PK\x03\x04\x14\0\0\0", "a.docx", Some("docx")),
            (b"{\\rtf1\\ansi x}", "a.doc", Some("rtf")),
            (b"<html><table>", "export.xls", Some("html")),
            (b"a\tb\n1\t2\n", "export.xls", Some("csv")),
            (b"plain", "a.docx", Some("txt")),
            (b"a;b", "a.csv", Some("csv")),
            (b"PK\x03\x04\x14\0\0\0", "a.txt", None),
            (b"PK\x03\x04\x14\0\0\0", "a.zip", Some("zip")),
            (b"PK\x05\x06\0\0\0\0", "empty.ZIP", Some("zip")),
            (b"PK\x03\x04\x14\0\0\0", "a.jar", None),
            (
                b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0mimetypeapplication/epub+zip",
                "book.zip",
                Some("epub"),
            ),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a.msg", Some("msg")),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a.xyz", None),
            (b"not an archive", "fake.zip", Some("txt")),
            (b"From: a@b\nTo: c@d\nSubject: x\n\nText", "cur", Some("eml")),
            (b"From a@b Thu Jan  1 09:00:00 2026\nSubject: x\n\nText", "Inbox", Some("mbox")),
            (b"Subject: x\n\nText", "a.eml", Some("eml")),
            (b"These are five plain words.", "notes.strange", Some("txt")),
            (b"four words are few", "notes.strange", None),
            (b"\x7fELF\x02\x01\x01\0", "a", None),
            (b"fn main() {}", "main.rs", Some("code")),
            (b"", "empty.txt", Some("txt")),
        ] {
            assert_eq!(sniff(head, Path::new(name)), expected, "{name} {head:?}");
        }
    }
}
