//! What office files say of themselves, in their three families.

use super::About;
use crate::extract::{
    ole::{self, u16_at, u32_at},
    ooxml::{first, relations},
    package::Package,
    xml::{Node, Xml},
};
use std::path::Path;

/// Properties of one set that are looked at.
const MOST_PROPERTIES: u32 = 200;
/// From 1601, where the times of compound files begin, to 1970, in milliseconds.
const TO_1970: i64 = 11_644_473_600_000;

/// DOCX, XLSX, PPTX: the core properties. A document was last written when it was changed; a template's
/// creation is older than what was made of it.
pub fn open_xml(path: &Path) -> Option<About> {
    let mut package = Package::open(path).ok()?;
    let all = relations(&mut package, "").unwrap_or_default();
    let place = first(&all, "core-properties").unwrap_or("docProps/core.xml").to_owned();
    let found = elements(&package.text(&place).ok()??, &["creator", "modified", "created"]);
    Some(About::of(texts(&found, "creator"), texts(&found, "modified").chain(texts(&found, "created"))))
}

/// ODT, ODS, ODP: who wrote it first, and when it was last written.
pub fn open_document(path: &Path) -> Option<About> {
    let source = Package::open(path).ok()?.text("meta.xml").ok()??;
    let found = elements(&source, &["initial-creator", "creator", "date", "creation-date"]);
    let author = texts(&found, "initial-creator").chain(texts(&found, "creator")).next();
    Some(About::of(author, texts(&found, "date").chain(texts(&found, "creation-date"))))
}

/// DOC, XLS, PPT: the set of properties of compound files ([MS-OLEPS]).
pub fn compound(path: &Path) -> Option<About> {
    let set = ole::property_set(path)?;
    // One section follows the header; it begins with its length and its number of properties.
    let section = u32_at(&set, 44)? as usize;
    let (mut author, mut created, mut changed, mut code_page) = (None, None, None, None);
    for at in 0..u32_at(&set, section.checked_add(4)?)?.min(MOST_PROPERTIES) as usize {
        let entry = section.checked_add(8 + at * 8)?;
        let (kind, place) = (u32_at(&set, entry)?, section.checked_add(u32_at(&set, entry + 4)? as usize)?);
        match kind {
            1 => code_page = u16_at(&set, place.checked_add(4)?),
            4 => author = Some(place),
            12 => created = time(&set, place),
            13 => changed = time(&set, place),
            _ => {}
        }
    }
    let author = author.and_then(|place| text(&set, place, code_page));
    Some(About { author, dated: changed.or(created) })
}

/// A property that is a time: hundreds of nanoseconds since 1601.
fn time(set: &[u8], place: usize) -> Option<i64> {
    let bytes = set.get(place.checked_add(4)?..place.checked_add(12)?)?;
    (u32_at(set, place)? == 64).then(|| i64::from_le_bytes(bytes.try_into().unwrap_or_default()) / 10_000 - TO_1970)
}

/// A property that is text, in the code page of the set.
fn text(set: &[u8], place: usize, code_page: Option<u16>) -> Option<String> {
    if u32_at(set, place)? != 30 {
        return None;
    }
    let (length, from) = (u32_at(set, place.checked_add(4)?)? as usize, place.checked_add(8)?);
    let bytes = set.get(from..from.checked_add(length)?)?;
    let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
    Some(match code_page {
        Some(1200) => ole::utf16(bytes).trim_end_matches('\0').to_owned(),
        _ => crate::extract::text::decode(&bytes[..end], None),
    })
}

/// The texts of these elements, by local name, in their order.
pub fn elements(source: &str, names: &[&str]) -> Vec<(String, String)> {
    let (mut found, mut open): (Vec<(String, String)>, Option<String>) = (Vec::new(), None);
    let mut xml = Xml::of(source);
    // A file that breaks off still has what came before.
    while let Ok(Some(node)) = xml.next() {
        match node {
            Node::Open(tag) if names.contains(&tag.name()) => {
                open = Some(tag.name().to_owned());
                found.push((tag.name().to_owned(), String::new()));
            }
            Node::Open(_) => {}
            Node::Text(text) if open.is_some() => {
                if let Some((_, last)) = found.last_mut() {
                    last.push_str(&text);
                }
            }
            Node::Text(_) => {}
            Node::Close(name) => {
                if open.as_ref() == Some(&name) {
                    open = None;
                }
            }
        }
    }
    found
}

/// The texts of one of them.
pub fn texts<'a>(found: &'a [(String, String)], name: &'a str) -> impl Iterator<Item = &'a str> {
    found.iter().filter(move |(one, _)| one == name).map(|(_, text)| text.as_str())
}
