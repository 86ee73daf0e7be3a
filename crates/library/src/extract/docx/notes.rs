//! What stands beside the body of a document: notes, comments, what is over and under its pages.

use super::super::{
    tidy,
    xml::{Node, Xml},
};
use protocol::Fault;

/// What a reader does not see: deleted text, what a change was before, the code of a field, the second form
/// of a drawing, how a word is pronounced.
pub(super) fn is_passed_over(name: &str) -> bool {
    matches!(
        name,
        "del"
            | "moveFrom"
            | "delText"
            | "delInstrText"
            | "instrText"
            | "Fallback"
            | "rt"
            | "sdtPr"
            | "pPrChange"
            | "rPrChange"
            | "tblPrChange"
            | "trPrChange"
            | "tcPrChange"
            | "sectPrChange"
            | "numberingChange"
    )
}

/// Without empty lines, which would look like the ends of paragraphs.
pub(super) fn lines(text: &str) -> String {
    text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

/// The notes of a part, by their ids; a comment with its author.
pub(super) fn notes(text: &str) -> Result<Vec<(String, String)>, Fault> {
    let mut xml = Xml::of(text);
    let mut notes = Vec::new();
    while let Some(node) = xml.next()? {
        let Node::Open(tag) = node else { continue };
        let separates = tag.attr("type").is_some_and(|kind| kind != "normal");
        match tag.name() {
            "footnote" | "endnote" if separates => xml.skip()?,
            "footnote" | "endnote" | "comment" => {
                let (id, author) = (tag.attr("id").unwrap_or_default(), tag.attr("author"));
                let said = plain_until(&mut xml, true)?;
                let author = author.filter(|author| !author.is_empty()).map(|a| a + ": ").unwrap_or_default();
                if !said.is_empty() {
                    notes.push((id, author + &said));
                }
            }
            _ => {}
        }
    }
    Ok(notes)
}

/// The paragraphs of a part, a line each.
pub(super) fn plain(text: &str) -> Result<String, Fault> {
    plain_until(&mut Xml::of(text), false)
}

/// The paragraphs up to the end of the element that is open, or of all.
fn plain_until(xml: &mut Xml<'_>, inside: bool) -> Result<String, Fault> {
    let (mut text, mut in_text, mut in_run) = (String::new(), false, false);
    let mut open = usize::from(inside);
    while let Some(node) = xml.next()? {
        match node {
            Node::Open(tag) if is_passed_over(tag.name()) => xml.skip()?,
            Node::Open(tag) => {
                open += 1;
                match tag.name() {
                    "t" => in_text = true,
                    "r" => in_run = true,
                    "tab" if in_run => text.push(' '),
                    "br" | "cr" if in_run => text.push('\n'),
                    _ => {}
                }
            }
            Node::Close(name) => {
                open = open.saturating_sub(1);
                match name.as_str() {
                    "t" => in_text = false,
                    "r" => in_run = false,
                    "p" => text.push('\n'),
                    _ => {}
                }
                if open == 0 && inside {
                    break;
                }
            }
            Node::Text(said) => {
                if in_text {
                    text.push_str(&said);
                }
            }
        }
    }
    Ok(lines(tidy(&text).trim()))
}
