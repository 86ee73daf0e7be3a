//! What web pages and books say of themselves.

use super::{
    About,
    office::{elements, texts},
};
use crate::extract::{epub, html, load, package::Package, text::decode};
use scraper::Selector;
use std::path::Path;

/// Names of a page's own properties that say who wrote it.
const AUTHORS: &[&str] =
    &["author", "dc.creator", "dcterms.creator", "article:author", "citation_author", "parsely-author"];
/// Those that say when; the first that is there counts.
const DATES: &[&str] = &[
    "article:published_time",
    "datepublished",
    "citation_publication_date",
    "dcterms.created",
    "dcterms.date",
    "dc.date",
    "dc.date.issued",
    "date",
    "article:modified_time",
    "last-modified",
];

/// HTML: its `meta` elements.
pub fn page(path: &Path) -> Option<About> {
    let bytes = load(path).ok()?;
    Some(of_source(&decode(&bytes, html::declared(&bytes).as_deref())))
}

/// The same of its source.
pub fn of_source(source: &str) -> About {
    let Ok(meta) = Selector::parse("meta[content]") else { return About::default() };
    let html = crate::extract::html::parse(source);
    let mut said: Vec<(String, &str)> = Vec::new();
    for element in html.select(&meta) {
        let element = element.value();
        let name = ["name", "property", "itemprop", "http-equiv"].into_iter().find_map(|key| element.attr(key));
        said.extend(name.map(str::to_lowercase).zip(element.attr("content")));
    }
    let of = |names: &'static [&'static str]| {
        let said = &said;
        names.iter().flat_map(move |name| said.iter().filter(move |(one, _)| one == name).map(|(_, text)| *text))
    };
    // A link to an author's page is not a name.
    About::of(of(AUTHORS).filter(|author| !author.contains("://")), of(DATES))
}

/// EPUB: its package's metadata.
pub fn book(path: &Path) -> Option<About> {
    let mut package = Package::open(path).ok()?;
    let root = epub::package::root(&package.text("META-INF/container.xml").ok()??)?;
    let found = elements(&package.text(&root).ok()??, &["creator", "date"]);
    Some(About::of(texts(&found, "creator"), texts(&found, "date")))
}
