//! What the package of a book says: which files are its chapters, and what they are called.

use crate::extract::tidy;
use scraper::{ElementRef, Html, Selector};
use std::collections::{HashMap, HashSet};

/// Chapters and titles that are looked at.
const MOST: usize = 20_000;
/// The longest title, in chars.
const LONGEST_TITLE: usize = 200;
/// Elements that have no content in HTML either.
const VOID: &[&str] =
    &["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"];

/// The package: chapters in reading order and the tables of contents, by their places in the archive.
#[derive(Debug, Default, PartialEq)]
pub struct Package {
    pub spine: Vec<String>,
    /// The table of contents of EPUB 3.
    pub nav: Option<String>,
    /// That of EPUB 2.
    pub ncx: Option<String>,
}

impl Package {
    /// Reads the package that lies at `at`.
    pub fn read(source: &str, at: &str) -> Self {
        let html = crate::extract::html::parse(&open_out(source));
        let mut files: HashMap<&str, (String, &str, &str)> = HashMap::new();
        for item in select(&html, "item").take(MOST) {
            let (id, href) = (attribute(item, "id"), attribute(item, "href"));
            files.insert(id, (resolve(at, href), attribute(item, "media-type"), attribute(item, "properties")));
        }
        let is_text = |kind: &str| kind.contains("html") || kind.is_empty();
        let mut seen = HashSet::new();
        let spine = select(&html, "itemref")
            .filter_map(|item| files.get(attribute(item, "idref")))
            .filter(|(place, kind, _)| is_text(kind) && seen.insert(place.clone()))
            .map(|(place, ..)| place.clone())
            .take(MOST)
            .collect();
        let nav = files.values().find(|(_, _, properties)| properties.split_whitespace().any(|p| p == "nav"));
        let ncx = files.values().find(|(_, kind, _)| *kind == "application/x-dtbncx+xml");
        Self { spine, nav: nav.map(|(place, ..)| place.clone()), ncx: ncx.map(|(place, ..)| place.clone()) }
    }
}

/// Where the package lies.
pub fn root(container: &str) -> Option<String> {
    let html = crate::extract::html::parse(&open_out(container));
    let place = select(&html, "rootfile").map(|file| attribute(file, "full-path")).find(|place| !place.is_empty());
    place.map(|place| resolve("", place))
}

/// The places of protected files. Fonts that are only obscured are none.
pub fn encrypted(source: &str) -> HashSet<String> {
    let html = crate::extract::html::parse(&open_out(source));
    let font = |place: &str| [".ttf", ".otf", ".woff", ".woff2"].iter().any(|end| place.to_lowercase().ends_with(end));
    let mut places = HashSet::new();
    for element in html.root_element().descendants().filter_map(ElementRef::wrap).take(MOST) {
        // With whatever prefix.
        if element.value().name().rsplit(':').next() == Some("cipherreference") {
            let place = resolve("", element.value().attr("uri").or(element.value().attr("URI")).unwrap_or_default());
            if !font(&place) {
                places.insert(place);
            }
        }
    }
    places
}

/// Links and titles of a table of contents, in its order.
pub fn contents(source: &str) -> Vec<(String, String)> {
    let html = crate::extract::html::parse(source);
    let mut found = Vec::new();
    for link in select(&html, "nav a").take(MOST) {
        found.push((attribute(link, "href").to_owned(), words(link)));
    }
    for point in select(&html, "navpoint").take(MOST) {
        let children = || point.children().filter_map(ElementRef::wrap);
        let label = children().find(|child| child.value().name() == "navlabel").map(words);
        let target = children().find(|child| child.value().name() == "content").map(|c| attribute(c, "src"));
        if let (Some(label), Some(target)) = (label, target) {
            found.push((target.to_owned(), label));
        }
    }
    found.retain(|(href, title)| !href.is_empty() && !title.is_empty());
    found
}

fn words(element: ElementRef<'_>) -> String {
    let text: String = element.text().take(200).collect::<Vec<_>>().join(" ");
    let words = tidy(&text).split_whitespace().collect::<Vec<_>>().join(" ");
    words.chars().take(LONGEST_TITLE).collect()
}

fn select<'a>(html: &'a Html, what: &str) -> impl Iterator<Item = ElementRef<'a>> {
    let found: Vec<_> = Selector::parse(what).map(|selector| html.select(&selector).collect()).unwrap_or_default();
    found.into_iter()
}

fn attribute<'a>(element: ElementRef<'a>, name: &str) -> &'a str {
    element.value().attr(name).unwrap_or_default().trim()
}

/// The place in the archive that a link in the file at `base` leads to.
pub fn resolve(base: &str, href: &str) -> String {
    let href = percent_decoded(href.split(['#', '?']).next().unwrap_or_default());
    let mut parts: Vec<&str> = match href.starts_with('/') {
        true => Vec::new(),
        false => base.rsplit_once('/').map(|(folder, _)| folder.split('/').collect()).unwrap_or_default(),
    };
    for part in href.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let digit = |n: usize| bytes.get(at + n).and_then(|b| char::from(*b).to_digit(16));
        match (bytes[at], digit(1), digit(2)) {
            (b'%', Some(high), Some(low)) => {
                decoded.push((high * 16 + low) as u8);
                at += 3;
            }
            (byte, ..) => {
                decoded.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// XML's `<title/>` is an opening tag in HTML, and would swallow what follows: each gets its end.
pub fn open_out(source: &str) -> String {
    let mut opened = String::with_capacity(source.len() + source.len() / 16);
    let mut rest = source;
    while let Some(at) = rest.find('<') {
        let (before, tag) = rest.split_at(at);
        opened.push_str(before);
        let skip = |mark: &str| tag.find(mark).map_or(tag.len(), |end| end + mark.len());
        let end = if tag.starts_with("<!--") {
            skip("-->")
        } else if tag.starts_with("<![CDATA[") {
            skip("]]>")
        } else {
            tag_end(tag)
        };
        let (tag, after) = tag.split_at(end);
        rest = after;
        let name: &str =
            tag[1..].split(|c: char| c.is_whitespace() || matches!(c, '/' | '>')).next().unwrap_or_default();
        let begins = name.starts_with(|c: char| c.is_ascii_alphabetic());
        match tag.strip_suffix("/>") {
            Some(open) if begins && !VOID.contains(&name.to_ascii_lowercase().as_str()) => {
                opened.push_str(open);
                opened.push_str("></");
                opened.push_str(name);
                opened.push('>');
            }
            Some(_) | None => opened.push_str(tag),
        }
    }
    opened.push_str(rest);
    opened
}

/// Where a tag ends: a `>` that is not within quotes.
fn tag_end(tag: &str) -> usize {
    if !tag[1..].starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?')) {
        return 1;
    }
    let mut quote = None;
    for (at, c) in tag.char_indices() {
        match (quote, c) {
            (None, '>') => return at + 1,
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            (None | Some(_), _) => {}
        }
    }
    // Without an end: only its mark, so that what follows is looked at.
    1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_without_content_are_opened_out() {
        for (source, opened) in [
            ("<title/>a<br/>b", "<title></title>a<br/>b"),
            ("<a id='x/>' />t", "<a id='x/>' ></a>t"),
            ("<!-- <p/> --><p>", "<!-- <p/> --><p>"),
            ("1 < 2 <b/>", "1 < 2 <b></b>"),
            ("<dc:title/>", "<dc:title></dc:title>"),
            ("<", "<"),
            ("</p>", "</p>"),
            ("<é/>x", "<é/>x"),
        ] {
            assert_eq!(open_out(source), opened);
        }
    }

    #[test]
    fn links_lead_to_places() {
        for (base, href, place) in [
            ("OPS/content.opf", "chapters/one.html#a", "OPS/chapters/one.html"),
            ("OPS/nav/toc.xhtml", "../one%20two.html", "OPS/one two.html"),
            ("content.opf", "../../etc/passwd", "etc/passwd"),
            ("OPS/a.opf", "/one.html", "one.html"),
            ("a", "100%", "100%"),
        ] {
            assert_eq!(resolve(base, href), place);
        }
    }
}
