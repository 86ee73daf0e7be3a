//! Which office format a file has: by what an archive or a compound file holds, its name only where that
//! does not show in its first bytes.

use super::ole::MAGIC;

/// The formats that are archives or compound files, or RTF.
const OFFICE: &[&str] = &["docx", "xlsx", "pptx", "odt", "ods", "odp", "doc", "xls", "ppt", "rtf"];
/// Entries of an archive that are looked at.
const MOST_ENTRIES: usize = 64;

/// Whether a format is one of an office program.
pub(super) fn is_office(format: &str) -> bool {
    OFFICE.contains(&format)
}

/// The format of a file from its first bytes and the format that its name promises; None: of no office program.
pub(super) fn kind(head: &[u8], by_name: Option<&'static str>) -> Option<&'static str> {
    let start = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    if start.starts_with(b"{\\rtf") {
        return Some("rtf");
    }
    if head.starts_with(MAGIC) {
        // An encrypted one of today's is a compound file, too; its reader says so.
        return by_name.filter(|format| is_office(format) && !matches!(*format, "rtf" | "odt" | "ods" | "odp"));
    }
    if !head.starts_with(b"PK\x03\x04") {
        return None;
    }
    let mut entries = entries(head).peekable();
    if let Some((name, bytes)) = entries.peek()
        && *name == b"mimetype"
    {
        return open_document(bytes);
    }
    for (name, _) in entries {
        for (folder, format) in [(&b"word/"[..], "docx"), (b"xl/", "xlsx"), (b"ppt/", "pptx")] {
            if name.starts_with(folder) {
                return Some(format);
            }
        }
    }
    match by_name? {
        "doc" => Some("docx"),
        "xls" => Some("xlsx"),
        "ppt" => Some("pptx"),
        format => Some(format).filter(|format| is_office(format) && *format != "rtf"),
    }
}

/// The format that an OpenDocument file says of itself.
fn open_document(bytes: &[u8]) -> Option<&'static str> {
    let rest = bytes.strip_prefix(b"application/vnd.oasis.opendocument.")?;
    [(&b"text"[..], "odt"), (b"spreadsheet", "ods"), (b"presentation", "odp")]
        .into_iter()
        .find_map(|(name, format)| rest.starts_with(name).then_some(format))
}

/// The entries that begin in the first bytes of an archive: their names, and what follows.
fn entries(head: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    head.windows(4).enumerate().filter(|(_, four)| *four == b"PK\x03\x04").take(MOST_ENTRIES).filter_map(|(at, _)| {
        let length = |at: usize| Some(usize::from(u16::from_le_bytes(head.get(at..at + 2)?.try_into().ok()?)));
        let (name, extra) = (length(at + 26)?, length(at + 28)?);
        let bytes = head.get(at + 30 + name + extra..).unwrap_or_default();
        Some((head.get(at + 30..at + 30 + name)?, bytes))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::package::tests::archive;

    #[test]
    fn an_archive_is_what_it_holds() {
        let head = |parts: &[(&str, &[u8])]| std::fs::read(archive(parts).path()).unwrap();
        let types: (&str, &[u8]) = ("[Content_Types].xml", b"<Types/>");
        for (head, by_name, expected) in [
            (head(&[types, ("word/document.xml", b"<a/>")]), None, Some("docx")),
            (head(&[types, ("word/document.xml", b"<a/>")]), Some("xlsx"), Some("docx")),
            (head(&[types, ("xl/workbook.xml", b"<a/>")]), Some("xls"), Some("xlsx")),
            (head(&[types, ("ppt/presentation.xml", b"<a/>")]), None, Some("pptx")),
            (head(&[types]), Some("pptx"), Some("pptx")),
            (head(&[types]), Some("doc"), Some("docx")),
            (head(&[types]), Some("pdf"), None),
            (head(&[("a.txt", b"x")]), None, None),
            ([MAGIC, &[0; 8]].concat(), Some("xls"), Some("xls")),
            ([MAGIC, &[0; 8]].concat(), Some("docx"), Some("docx")),
            ([MAGIC, &[0; 8]].concat(), None, None),
            (b"{\\rtf1 x}".to_vec(), Some("doc"), Some("rtf")),
            (b"plain".to_vec(), Some("docx"), None),
        ] {
            assert_eq!(
                kind(&head[..head.len().min(super::super::HEAD)], by_name),
                expected,
                "{by_name:?} {expected:?}"
            );
        }
        // The name is stored, not packed, so that it can be read there.
        let mut stored = b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x08\0\0\0mimetype".to_vec();
        stored.extend_from_slice(b"application/vnd.oasis.opendocument.spreadsheet");
        assert_eq!(kind(&stored, Some("odt")), Some("ods"));
    }
}
