//! HTML within other formats: a message, a chapter of a book. All of it is text.

use super::{Flow, Walk};
use scraper::Selector;

/// The encoding that the document names in its first bytes.
pub fn declared(bytes: &[u8]) -> Option<String> {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(2048)]).to_ascii_lowercase();
    let after =
        ["charset=", "encoding="].iter().find_map(|key| head.split_once(key).map(|(_, rest)| rest.to_owned()))?;
    let label: String = after
        .trim_start_matches(['"', '\'', ' '])
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ':'))
        .collect();
    (!label.is_empty()).then_some(label)
}

/// Adds all that a document says to a text, what stands around an article too: a message, a chapter.
pub fn add(source: &str, flow: Flow) -> Flow {
    let html = super::parse(source);
    let mut walk = Walk { flow, ..Walk::default() };
    walk.walk(html.root_element());
    walk.flow
}

/// All that a document says.
pub fn text(source: &str) -> String {
    let mut text = String::new();
    // No page fails to be added to a text.
    let _ = add(source, Flow::default()).pages(&mut |page| {
        text.push_str(&page.text);
        text.push('\n');
        Ok(())
    });
    text
}

/// Whether a document has a heading that says something.
pub fn has_heading(source: &str) -> bool {
    let html = super::parse(source);
    let Ok(headings) = Selector::parse("h1, h2, h3") else { return false };
    html.select(&headings).any(|heading| heading.text().any(|text| !text.trim().is_empty()))
}
