//! PPT: the slides of presentations that PowerPoint wrote until 2003, with their notes and comments.

mod records;

use super::{
    Flow,
    ole::{self, Compound, u32_at},
    tidy,
};
use protocol::Fault;
use records::{Atom, Said, all, children, said};
use std::collections::HashMap;

const DOCUMENT: u16 = 1000;
const SLIDE: u16 = 1006;
const NOTES: u16 = 1008;
const SLIDE_ATOM: u16 = 0x03ef;
const PERSIST: u16 = 0x03f3;
const USER_EDIT: u16 = 0x0ff5;
const DIRECTORY: u16 = 0x1772;
const LIST: u16 = 0x0ff0;
/// Edits that were saved one after the other, at most.
const MOST_EDITS: usize = 1_000;
/// How the stream begins that says that the rest is encrypted.
const ENCRYPTED: u32 = 0xf3d1_c4df;

/// A slide in the list of slides.
struct Listed {
    at: usize,
    id: u32,
    /// The texts of its places, which the slide itself only refers to.
    texts: Vec<Said>,
}

/// Reads a presentation.
pub(super) fn flow(file: &mut Compound) -> Result<Flow, Fault> {
    let bytes = ole::stream(file, "PowerPoint Document")?.unwrap_or_default();
    let user = ole::stream(file, "Current User")?.unwrap_or_default();
    if u32_at(&user, 12) == Some(ENCRYPTED) {
        return Err(crate::faults::encrypted());
    }
    let mut flow = Flow::default();
    let placed = u32_at(&user, 16).and_then(|edit| places(&bytes, edit as usize));
    let Some((document, places)) = placed else {
        // Nothing says what belongs to the last version: all that is there.
        write(&mut flow, &said(&bytes, &[]), &mut Vec::new());
        return Ok(flow);
    };
    let (slides, notes) = (listed(&bytes, document, 0, &places), listed(&bytes, document, 2, &places));
    let mut feet = Vec::new();
    for (number, slide) in (1u32..).zip(&slides) {
        flow.page_break(Some(format!("Slide {number}")));
        let Some(container) = Atom::at(&bytes, slide.at).filter(|atom| atom.kind == SLIDE) else { continue };
        write(&mut flow, &said(container.body, &slide.texts), &mut feet);
        let refers =
            children(container.body).find(|atom| atom.kind == SLIDE_ATOM).and_then(|atom| u32_at(atom.body, 16));
        let beside = notes.iter().find(|note| refers == Some(note.id) && note.id != 0);
        let container = beside.and_then(|note| Atom::at(&bytes, note.at)).filter(|atom| atom.kind == NOTES);
        if let (Some(beside), Some(container)) = (beside, container) {
            for text in said(container.body, &beside.texts) {
                if let Said::Text(_, text) = text {
                    flow.note(&line(&text));
                }
            }
        }
    }
    Ok(flow)
}

/// Where the document and everything of its last version lie.
fn places(bytes: &[u8], last: usize) -> Option<(usize, HashMap<u32, usize>)> {
    let (mut places, mut edit, mut document) = (HashMap::new(), last, None);
    for _ in 0..MOST_EDITS {
        let atom = Atom::at(bytes, edit).filter(|atom| atom.kind == USER_EDIT)?;
        let (before, directory) = (u32_at(atom.body, 8)?, u32_at(atom.body, 12)?);
        document = document.or(u32_at(atom.body, 16));
        if let Some(directory) = Atom::at(bytes, directory as usize).filter(|atom| atom.kind == DIRECTORY) {
            let mut at = 0;
            while let Some(head) = u32_at(directory.body, at) {
                at += 4;
                for n in 0..head >> 20 {
                    let Some(place) = u32_at(directory.body, at) else { break };
                    at += 4;
                    // What a later edit says counts.
                    places.entry((head & 0xf_ffff) + n).or_insert(place as usize);
                }
            }
        }
        if before == 0 || before as usize >= edit {
            break;
        }
        edit = before as usize;
    }
    let at = *places.get(&document?)?;
    Atom::at(bytes, at).filter(|atom| atom.kind == DOCUMENT)?;
    Some((at, places))
}

/// The slides or notes of the document, in their order.
fn listed(bytes: &[u8], document: usize, kind: u16, places: &HashMap<u32, usize>) -> Vec<Listed> {
    let Some(document) = Atom::at(bytes, document) else { return Vec::new() };
    let mut listed: Vec<Listed> = Vec::new();
    for list in children(document.body).filter(|atom| atom.kind == LIST && atom.instance == kind) {
        let mut rest = Vec::new();
        for atom in children(list.body) {
            if atom.kind == PERSIST {
                let place = u32_at(atom.body, 0).and_then(|id| places.get(&id)).copied().unwrap_or(usize::MAX);
                listed.push(Listed { at: place, id: u32_at(atom.body, 12).unwrap_or(0), texts: Vec::new() });
                rest.clear();
            } else if let Some(slide) = listed.last_mut() {
                rest.push(atom);
                slide.texts = all(&rest);
            }
        }
    }
    listed
}

fn write(flow: &mut Flow, texts: &[Said], feet: &mut Vec<String>) {
    let titles = texts.iter().filter(|text| matches!(text, Said::Title(_)));
    let others = texts.iter().filter(|text| !matches!(text, Said::Title(_)));
    for text in titles.chain(others) {
        match text {
            Said::Title(text) => flow.heading(&line(text), 1),
            Said::Text(is_body, text) => {
                let mut after_item = false;
                for para in text.split('\r') {
                    let para = tidy(&para.replace('\u{b}', "\n"));
                    let para =
                        para.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n");
                    if para.is_empty() {
                        continue;
                    }
                    if *is_body {
                        flow.item(&format!("- {para}"), 0, after_item);
                    } else {
                        flow.block(&para, false);
                    }
                    after_item = *is_body;
                }
            }
            Said::Comment(author, text) => {
                let author = if author.is_empty() { String::new() } else { format!("{author}: ") };
                flow.note(&(author + &line(text)));
            }
            Said::Foot(text) => {
                let text = line(text);
                if text.chars().any(char::is_alphabetic) && !feet.contains(&text) {
                    flow.note(&text);
                    feet.push(text);
                }
            }
        }
    }
}

fn line(text: &str) -> String {
    tidy(&text.replace(['\u{b}', '\r'], " ")).split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
