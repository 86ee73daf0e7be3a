//! XLSX: the sheets of a workbook, each a page of its name, cells as they are shown and with their references.

mod cells;

use super::{
    Flow, Page, drawing,
    ooxml::{Relation, first, main_part, relations},
    package::Package,
    xml::{Node, Xml},
};
use cells::Book;
use protocol::Fault;
use std::path::Path;

/// Cells that are read of one workbook; the rest is told.
pub(crate) const MOST_CELLS: u64 = 1_500_000;

/// A sheet as the workbook names it.
struct Sheet {
    name: String,
    id: String,
    hidden: bool,
}

pub fn read(path: &Path, out: &mut dyn FnMut(Page) -> Result<(), Fault>) -> Result<Vec<Fault>, Fault> {
    let (flow, notes) = flow(&mut Package::open(path)?)?;
    flow.pages(out)?;
    Ok(notes)
}

fn flow(package: &mut Package) -> Result<(Flow, Vec<Fault>), Fault> {
    let main = main_part(package, "xl/workbook.xml")?;
    let (sheets, from_1904) = workbook(&package.needed(&main)?)?;
    let parts = relations(package, &main)?;
    let mut text_of = |kind: &str| -> Result<String, Fault> {
        match first(&parts, kind) {
            Some(name) => Ok(package.text(name)?.unwrap_or_default()),
            None => Ok(String::new()),
        }
    };
    let mut book = Book::new(&text_of("sharedStrings")?, &text_of("styles")?, from_1904)?;
    let (mut flow, mut hidden) = (Flow::default(), Vec::new());
    for sheet in &sheets {
        let Some(part) = parts.iter().find(|part| part.id == sheet.id) else { continue };
        let Some(text) = package.text(&part.target)? else { continue };
        flow.page_break(Some(sheet.name.clone()));
        book.sheet(&text, &mut flow)?;
        beside(package, &part.target, &mut flow)?;
        if sheet.hidden {
            hidden.push(sheet.name.clone());
        }
    }
    let mut notes = Vec::new();
    if !hidden.is_empty() {
        notes.push(crate::faults::sheets_hidden(&hidden));
    }
    if book.left == 0 {
        notes.push(crate::faults::cells_left_out(MOST_CELLS));
    }
    Ok((flow, notes))
}

/// The sheets of a workbook, and whether its days count from 1904.
fn workbook(text: &str) -> Result<(Vec<Sheet>, bool), Fault> {
    let mut xml = Xml::of(text);
    let (mut sheets, mut from_1904) = (Vec::new(), false);
    while let Some(node) = xml.next()? {
        let Node::Open(tag) = node else { continue };
        match tag.name() {
            "workbookPr" => from_1904 = matches!(tag.attr("date1904").as_deref(), Some("1" | "true")),
            "sheet" => sheets.push(Sheet {
                name: tag.attr("name").unwrap_or_default(),
                id: tag.attr("id").or_else(|| tag.attr("r:id")).unwrap_or_default(),
                hidden: tag.attr("state").is_some_and(|state| state != "visible"),
            }),
            _ => {}
        }
    }
    Ok((sheets, from_1904))
}

/// What lies on a sheet: comments, text boxes, charts.
fn beside(package: &mut Package, sheet: &str, flow: &mut Flow) -> Result<(), Fault> {
    let parts = relations(package, sheet)?;
    let of = |parts: &[Relation], kind: &str| -> Vec<String> {
        parts.iter().filter(|part| part.kind == kind).map(|part| part.target.clone()).collect()
    };
    for part in of(&parts, "drawing") {
        let Some(text) = package.text(&part)? else { continue };
        drawing::said(&text).unwrap_or_default().write(flow);
        let inner = relations(package, &part)?;
        for part in of(&inner, "chart").into_iter().chain(of(&inner, "diagramData")) {
            if let Some(text) = package.text(&part)? {
                drawing::said(&text).unwrap_or_default().write(flow);
            }
        }
    }
    for part in of(&parts, "comments") {
        let Some(text) = package.text(&part)? else { continue };
        for comment in comments(&text)? {
            flow.note(&comment);
        }
    }
    Ok(())
}

/// The comments of a sheet, each with its cell and author.
fn comments(text: &str) -> Result<Vec<String>, Fault> {
    let mut xml = Xml::of(text);
    let (mut authors, mut comments): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    let (mut said, mut lead) = (None::<String>, String::new());
    let mut in_phonetic = false;
    while let Some(node) = xml.next()? {
        match node {
            Node::Open(tag) => match tag.name() {
                "author" | "text" => said = Some(String::new()),
                "rPh" => in_phonetic = true,
                "comment" => {
                    let author = tag.number("authorId").and_then(|at: usize| authors.get(at)).cloned();
                    let author = author.filter(|author| !author.is_empty()).map(|author| format!(", {author}"));
                    lead = format!("{}{}: ", tag.attr("ref").unwrap_or_default(), author.unwrap_or_default());
                }
                _ => {}
            },
            Node::Close(name) => match name.as_str() {
                "author" => authors.push(said.take().unwrap_or_default()),
                "rPh" => in_phonetic = false,
                "text" => {
                    let said = super::tidy(&said.take().unwrap_or_default());
                    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
                    // Excel writes the author into the text again.
                    let author = lead.rsplit_once(", ").map(|(_, author)| author.trim_end()).unwrap_or_default();
                    let said = said.strip_prefix(author).filter(|_| !author.is_empty()).unwrap_or(&said).trim_start();
                    if !said.is_empty() {
                        comments.push(lead.clone() + said);
                    }
                }
                _ => {}
            },
            Node::Text(text) => {
                if let Some(said) = said.as_mut().filter(|_| !in_phonetic) {
                    said.push_str(&text);
                }
            }
        }
    }
    Ok(comments)
}

#[cfg(test)]
mod tests;
