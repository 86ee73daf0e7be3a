//! PPTX: one page per slide, its title a heading, with tables, charts, speaker notes and comments.

mod slide;

use super::{
    Flow, Page, drawing,
    ooxml::{first, main_part, relations},
    package::Package,
    xml::{Node, Xml},
};
use protocol::Fault;
use std::{collections::HashSet, path::Path};

/// Slides that are read; the rest is told.
const MOST_SLIDES: usize = 5_000;

pub fn read(path: &Path, out: &mut dyn FnMut(Page) -> Result<(), Fault>) -> Result<Vec<Fault>, Fault> {
    let (flow, notes) = flow(&mut Package::open(path)?)?;
    flow.pages(out)?;
    Ok(notes)
}

fn flow(package: &mut Package) -> Result<(Flow, Vec<Fault>), Fault> {
    let main = main_part(package, "ppt/presentation.xml")?;
    let order = order(&package.needed(&main)?)?;
    let parts = relations(package, &main)?;
    let slides: Vec<String> = order
        .iter()
        .filter_map(|id| parts.iter().find(|part| part.id == *id && part.kind == "slide"))
        .map(|part| part.target.clone())
        .collect();
    let authors = match first(&parts, "commentAuthors") {
        Some(name) => slide::authors(&package.text(name)?.unwrap_or_default())?,
        None => Vec::new(),
    };
    let (mut flow, mut hidden, mut feet) = (Flow::default(), Vec::new(), HashSet::new());
    for (number, part) in (1u32..).zip(slides.iter().take(MOST_SLIDES)) {
        flow.page_break(Some(format!("Slide {number}")));
        let Some(text) = package.text(part)? else { continue };
        let beside = relations(package, part)?;
        let read = slide::read(&text)?;
        if read.hidden {
            hidden.push(number);
        }
        read.write(&mut flow, &mut feet);
        for drawn in beside.iter().filter(|part| matches!(part.kind.as_str(), "chart" | "diagramData")) {
            if let Some(text) = package.text(&drawn.target)? {
                // What a picture says never costs the text around it.
                drawing::said(&text).unwrap_or_default().write(&mut flow);
            }
        }
        if let Some(notes) = first(&beside, "notesSlide")
            && let Some(text) = package.text(notes)?
        {
            for note in slide::notes(&text)? {
                flow.note(&note);
            }
        }
        for comments in beside.iter().filter(|part| part.kind == "comments") {
            if let Some(text) = package.text(&comments.target)? {
                for comment in slide::comments(&text, &authors)? {
                    flow.note(&comment);
                }
            }
        }
    }
    let mut notes = Vec::new();
    if !hidden.is_empty() {
        notes.push(crate::faults::slides_hidden(&hidden));
    }
    if slides.len() > MOST_SLIDES {
        notes.push(crate::faults::pages_left_out(MOST_SLIDES as u32, slides.len() as u32));
    }
    Ok((flow, notes))
}

/// The slides in the order in which they are shown, by their ids.
fn order(text: &str) -> Result<Vec<String>, Fault> {
    let mut xml = Xml::of(text);
    let mut order = Vec::new();
    while let Some(node) = xml.next()? {
        let Node::Open(tag) = node else { continue };
        if tag.name() == "sldId" {
            order.extend(tag.prefixed_attr("r:id").or_else(|| tag.attr("id")));
        }
    }
    Ok(order)
}

#[cfg(test)]
mod tests;
