//! Which paragraph styles are headings, and which carry a list.

use super::super::xml::{Node, Xml};
use protocol::Fault;
use std::collections::HashMap;

/// Styles that rest on one another, at most.
const LONGEST_CHAIN: usize = 20;

/// What a paragraph has from its style or by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Look {
    /// 1 for the highest heading.
    pub heading: Option<u8>,
    /// The list, and the depth in it from 0.
    pub list: (Option<u32>, Option<u8>),
    pub quote: bool,
    pub code: bool,
}

#[derive(Debug, Default)]
struct Style {
    name: String,
    based_on: Option<String>,
    outline: Option<u8>,
    list: (Option<u32>, Option<u8>),
}

/// The paragraph styles of a document.
#[derive(Debug, Default)]
pub(super) struct Styles {
    by_id: HashMap<String, Style>,
    default: Option<String>,
}

impl Styles {
    pub fn read(text: &str) -> Result<Self, Fault> {
        let mut xml = Xml::of(text);
        let mut styles = Self::default();
        let mut open: Option<(String, Style)> = None;
        while let Some(node) = xml.next()? {
            match node {
                Node::Open(tag) => match (tag.name(), open.as_mut()) {
                    ("style", None) if tag.attr("type").as_deref() == Some("paragraph") => {
                        let id = tag.attr("styleId").unwrap_or_default();
                        if tag.attr("default").as_deref() == Some("1") {
                            styles.default = Some(id.clone());
                        }
                        open = Some((id, Style::default()));
                    }
                    ("name", Some((_, style))) => style.name = tag.attr("val").unwrap_or_default().to_lowercase(),
                    ("basedOn", Some((_, style))) => style.based_on = tag.attr("val"),
                    ("outlineLvl", Some((_, style))) => style.outline = tag.number("val"),
                    ("numId", Some((_, style))) => style.list.0 = tag.number("val"),
                    ("ilvl", Some((_, style))) => style.list.1 = tag.number("val"),
                    ("pPrChange" | "rPrChange", Some(_)) => xml.skip()?,
                    _ => {}
                },
                Node::Close(name) if name == "style" => {
                    if let Some((id, style)) = open.take() {
                        styles.by_id.insert(id, style);
                    }
                }
                Node::Close(_) | Node::Text(_) => {}
            }
        }
        Ok(styles)
    }

    /// What a style gives to a paragraph.
    pub fn look(&self, id: Option<&str>) -> Look {
        let mut look = Look::default();
        let mut next = id.or(self.default.as_deref());
        for _ in 0..LONGEST_CHAIN {
            let Some(style) = next.and_then(|id| self.by_id.get(id)) else { break };
            let level = style.outline.filter(|level| *level < 9).map(|level| level + 1);
            look.heading = look.heading.or(level).or_else(|| by_name(&style.name));
            look.list.0 = look.list.0.or(style.list.0);
            look.list.1 = look.list.1.or(style.list.1);
            look.quote |= style.name.contains("quote");
            look.code |= style.name.contains("code") || style.name.contains("preformatted");
            next = style.based_on.as_deref();
        }
        // Files without styles still name them.
        if look.heading.is_none() && self.by_id.is_empty() {
            look.heading = id.and_then(|id| by_name(&id.to_lowercase()));
        }
        look
    }
}

/// The level of a heading by the name of its style, which Word keeps in English in every language.
fn by_name(name: &str) -> Option<u8> {
    match name {
        "title" => Some(1),
        "subtitle" => Some(2),
        _ => {
            let level = name.strip_prefix("heading")?.trim().parse().ok()?;
            (1..=9).contains(&level).then_some(level)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_style_has_what_it_rests_on() {
        let styles = Styles::read(
            "<w:styles><w:style w:type='paragraph' w:default='1' w:styleId='N'><w:name w:val='Normal'/></w:style>\
             <w:style w:type='paragraph' w:styleId='berschrift1'><w:name w:val='heading 1'/><w:pPr><w:outlineLvl w:val='0'/></w:pPr></w:style>\
             <w:style w:type='paragraph' w:styleId='Mine'><w:name w:val='Mine'/><w:basedOn w:val='berschrift1'/></w:style>\
             <w:style w:type='paragraph' w:styleId='L'><w:name w:val='List Bullet'/><w:pPr><w:numPr><w:numId w:val='4'/></w:numPr></w:pPr></w:style>\
             <w:style w:type='paragraph' w:styleId='Loop'><w:name w:val='Loop'/><w:basedOn w:val='Loop'/></w:style>\
             <w:style w:type='character' w:styleId='C'><w:name w:val='heading 2'/></w:style></w:styles>",
        )
        .unwrap();
        for (id, heading, list) in [
            (None, None, None),
            (Some("berschrift1"), Some(1), None),
            (Some("Mine"), Some(1), None),
            (Some("L"), None, Some(4)),
            (Some("Loop"), None, None),
            (Some("C"), None, None),
        ] {
            let look = styles.look(id);
            assert_eq!((look.heading, look.list.0), (heading, list), "{id:?}");
        }
        assert_eq!(Styles::default().look(Some("Heading2")).heading, Some(2));
    }
}
