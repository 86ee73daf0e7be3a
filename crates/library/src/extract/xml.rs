//! XML as a row of events, by local names. No entity of a document's own is ever expanded, nothing is
//! loaded, and nesting has a limit.

use protocol::Fault;
use quick_xml::{Reader, escape, events::BytesStart, events::Event};
use std::borrow::Cow;

/// Elements inside one another, at most.
const DEEPEST: usize = 1_000;

/// What comes next.
pub(crate) enum Node<'a> {
    /// An element begins. One without content ends right after.
    Open(Tag<'a>),
    /// An element ends; its local name.
    Close(String),
    /// Text, references resolved.
    Text(Cow<'a, str>),
}

/// The beginning of an element.
pub(crate) struct Tag<'a>(BytesStart<'a>);

impl Tag<'_> {
    /// Its name without its prefix.
    pub fn name(&self) -> &str {
        self.0.local_name().into_inner()
    }

    /// Its name as it is written.
    pub fn prefixed(&self) -> &str {
        self.0.name().into_inner()
    }

    /// An attribute by its name without its prefix.
    pub fn attr(&self, name: &str) -> Option<String> {
        self.attrs().find_map(|(key, value)| (key.rsplit(':').next() == Some(name)).then_some(value))
    }

    /// An attribute by its name with its prefix, where another has the same local name.
    pub fn prefixed_attr(&self, name: &str) -> Option<String> {
        self.attrs().find_map(|(key, value)| (key == name).then_some(value))
    }

    /// An attribute that is a number.
    pub fn number<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.attr(name)?.trim().parse().ok()
    }

    fn attrs(&self) -> impl Iterator<Item = (&str, String)> {
        self.0.attributes().with_checks_off().map(|attribute| {
            let value = match escape::unescape(&attribute.value) {
                Ok(value) => value.into_owned(),
                Err(_) => attribute.value.clone().into_owned(),
            };
            (attribute.key.into_inner(), value)
        })
    }
}

trait ChecksOff<'a> {
    fn with_checks_off(self) -> impl Iterator<Item = quick_xml::events::attributes::Attribute<'a>>;
}

impl<'a> ChecksOff<'a> for quick_xml::events::attributes::Attributes<'a> {
    /// Attributes as they are: a document with one twice is still read. A broken one ends the list.
    fn with_checks_off(mut self) -> impl Iterator<Item = quick_xml::events::attributes::Attribute<'a>> {
        self.with_checks(false);
        self.map_while(Result::ok)
    }
}

/// Reads events.
pub(crate) struct Xml<'a> {
    reader: Reader<&'a [u8]>,
    depth: usize,
}

impl<'a> Xml<'a> {
    /// Begins at the start of a document.
    pub fn of(text: &'a str) -> Self {
        let mut reader = Reader::from_str(text);
        let config = reader.config_mut();
        config.expand_empty_elements = true;
        config.allow_dangling_amp = true;
        Self { reader, depth: 0 }
    }

    /// What comes next; None at the end.
    pub fn next(&mut self) -> Result<Option<Node<'a>>, Fault> {
        loop {
            let event = self.reader.read_event().map_err(|error| crate::faults::damaged(&error.to_string()))?;
            return Ok(Some(match event {
                Event::Start(start) | Event::Empty(start) => {
                    self.depth += 1;
                    if self.depth > DEEPEST {
                        return Err(crate::faults::damaged("it is nested too deeply"));
                    }
                    Node::Open(Tag(start))
                }
                Event::End(end) => {
                    self.depth = self.depth.saturating_sub(1);
                    Node::Close(end.local_name().into_inner().to_owned())
                }
                Event::Text(text) => Node::Text(text.into_inner()),
                Event::CData(text) => Node::Text(text.into_inner()),
                Event::GeneralRef(name) => {
                    let known = match name.resolve_char_ref() {
                        Ok(Some(c)) => Some(c),
                        Ok(None) => match &*name {
                            "amp" => Some('&'),
                            "lt" => Some('<'),
                            "gt" => Some('>'),
                            "quot" => Some('"'),
                            "apos" => Some('\''),
                            _ => None,
                        },
                        Err(_) => None,
                    };
                    match known {
                        Some(c) => Node::Text(Cow::Owned(c.to_string())),
                        None => continue,
                    }
                }
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => continue,
                Event::Eof => return Ok(None),
            }));
        }
    }

    /// Passes over the element that was opened last, and all in it.
    pub fn skip(&mut self) -> Result<(), Fault> {
        let mut open = 1usize;
        while open > 0 {
            match self.next()? {
                Some(Node::Open(_)) => open += 1,
                Some(Node::Close(_)) => open -= 1,
                Some(Node::Text(_)) => {}
                None => return Ok(()),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String, Fault> {
        let mut xml = Xml::of(text);
        let mut seen = String::new();
        while let Some(node) = xml.next()? {
            match node {
                Node::Open(tag) => seen += &format!("<{} {:?}>", tag.name(), tag.attr("val")),
                Node::Close(name) => seen += &format!("</{name}>"),
                Node::Text(text) => seen += &text,
            }
        }
        Ok(seen)
    }

    #[test]
    fn names_lose_their_prefix_and_references_are_resolved() {
        let text = "<?xml version='1.0'?><w:a w:val='x &amp; &#233;'>1 &lt; 2<b/><![CDATA[<c>]]>&#x20AC;&other;</w:a>";
        assert_eq!(read(text).unwrap(), "<a Some(\"x & é\")>1 < 2<b None></b><c>€</a>");
    }

    #[test]
    fn no_entity_of_a_document_s_own_is_expanded() {
        let mut bomb = "<!DOCTYPE a [<!ENTITY x0 \"ha\">".to_owned();
        for n in 1..30 {
            bomb += &format!("<!ENTITY x{n} \"&x{};&x{};\">", n - 1, n - 1);
        }
        bomb += "<!ENTITY file SYSTEM \"file:///etc/passwd\">]><a val='&x29;'>[&x29;&file;]</a>";
        assert_eq!(read(&bomb).unwrap(), "<a Some(\"&x29;\")>[]</a>");
    }

    #[test]
    fn nesting_without_end_and_what_does_not_match_are_faults() {
        for text in ["<a>".repeat(100_000), "<a><b></a></b>".to_owned(), "<a".to_owned()] {
            assert_eq!(read(&text).unwrap_err().code, "document.damaged");
        }
    }
}
