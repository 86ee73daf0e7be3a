//! DOCX: paragraphs, headings by their styles, lists with their numbers, tables, notes and comments, as a
//! reader sees them with all tracked changes accepted.

mod body;
mod notes;
mod numbering;
mod styles;

use super::{
    Flow, Page,
    ooxml::{Relation, first, main_part, relations},
    package::Package,
};
use body::{Body, Note};
use numbering::Numbering;
pub(crate) use numbering::numeral;
use protocol::Fault;
use std::{collections::HashMap, path::Path};
use styles::Styles;

pub fn read(path: &Path, out: &mut dyn FnMut(Page) -> Result<(), Fault>) -> Result<Vec<Fault>, Fault> {
    flow(&mut Package::open(path)?)?.pages(out)?;
    Ok(Vec::new())
}

fn flow(package: &mut Package) -> Result<Flow, Fault> {
    let main = main_part(package, "word/document.xml")?;
    let document = package.needed(&main)?;
    let parts = relations(package, &main)?;
    let mut text_of = |kind: &str| -> Result<String, Fault> {
        match first(&parts, kind) {
            Some(name) => Ok(package.text(name)?.unwrap_or_default()),
            None => Ok(String::new()),
        }
    };
    let styles = Styles::read(&text_of("styles")?)?;
    let mut numbering = Numbering::read(&text_of("numbering")?)?;
    let mut beside = HashMap::new();
    for (kind, part) in [(Note::Foot, "footnotes"), (Note::End, "endnotes"), (Note::Comment, "comments")] {
        for (id, text) in notes::notes(&text_of(part)?)? {
            beside.insert((kind, id), text);
        }
    }
    let mut flow = Flow::default();
    for header in margins(package, &parts, "header")? {
        flow.note(&header);
    }
    let charts: HashMap<String, String> = parts
        .iter()
        .filter(|part| part.kind == "chart" || part.kind == "diagramData")
        .map(|part| (part.id.clone(), part.target.clone()))
        .collect();
    let mut drawings = HashMap::new();
    for (id, name) in charts {
        if let Some(text) = package.text(&name)? {
            drawings.insert(id, text);
        }
    }
    Body::new(&mut flow, &styles, &mut numbering, &beside, &drawings).walk(&document)?;
    for footer in margins(package, &parts, "footer")? {
        flow.note(&footer);
    }
    Ok(flow)
}

/// What stands over or under every page, each text once.
fn margins(package: &mut Package, parts: &[Relation], kind: &str) -> Result<Vec<String>, Fault> {
    let mut seen = Vec::new();
    for part in parts.iter().filter(|part| part.kind == kind) {
        let Some(text) = package.text(&part.target)? else { continue };
        let text = notes::plain(&text)?;
        // A page's number alone says nothing.
        if text.chars().any(char::is_alphabetic) && !seen.contains(&text) {
            seen.push(text);
        }
    }
    Ok(seen)
}

#[cfg(test)]
mod tests;
