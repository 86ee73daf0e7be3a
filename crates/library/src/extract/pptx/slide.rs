//! What stands on a slide, in the order of its shapes, the title first.

use super::super::{
    Flow,
    table::is_header,
    tidy,
    xml::{Node, Xml},
};
use protocol::Fault;
use std::collections::HashSet;

/// Deeper lists are indented no further.
const DEEPEST: u8 = 8;

/// A paragraph.
struct Para {
    text: String,
    depth: u8,
    bullet: bool,
}

enum Shape {
    Title(String),
    Text(Vec<Para>),
    /// The footer, which many slides have alike.
    Foot(String),
    Table(Vec<Vec<String>>),
}

/// A slide that was read.
#[derive(Default)]
pub(super) struct Slide {
    shapes: Vec<Shape>,
    /// Left out when the slides are shown.
    pub hidden: bool,
}

impl Slide {
    /// Adds it to a text; a foot that stood on a slide before is left out.
    pub fn write(self, flow: &mut Flow, feet: &mut HashSet<String>) {
        let (titles, others): (Vec<_>, Vec<_>) =
            self.shapes.into_iter().partition(|shape| matches!(shape, Shape::Title(_)));
        for shape in titles.into_iter().chain(others) {
            match shape {
                Shape::Title(title) => flow.heading(&title, 1),
                Shape::Foot(text) => {
                    if feet.insert(text.clone()) {
                        flow.note(&text);
                    }
                }
                Shape::Text(paras) => {
                    let mut after_item = false;
                    for para in paras {
                        if para.bullet {
                            let text = format!("{}- {}", "  ".repeat(usize::from(para.depth)), para.text);
                            flow.item(&text, para.depth, after_item);
                        } else {
                            flow.block(&para.text, false);
                        }
                        after_item = para.bullet;
                    }
                }
                Shape::Table(rows) => {
                    for (at, row) in rows.iter().enumerate() {
                        let cells: Vec<&str> = row.iter().map(String::as_str).collect();
                        flow.row(&cells, at == 0 && rows.len() > 1 && is_header(&cells), at > 0);
                    }
                }
            }
        }
    }
}

/// What a shape is for.
#[derive(Clone, Copy, Default, PartialEq)]
enum Place {
    #[default]
    Free,
    Title,
    Body,
    Foot,
    /// The date and the slide's number.
    Left,
}

/// Reads a slide.
pub(super) fn read(text: &str) -> Result<Slide, Fault> {
    let mut xml = Xml::of(text);
    let mut slide = Slide::default();
    let mut place = Place::default();
    let mut paras: Vec<Para> = Vec::new();
    let mut para = Para { text: String::new(), depth: 0, bullet: false };
    let (mut in_text, mut rows, mut cell) = (false, None::<Vec<Vec<String>>>, String::new());
    while let Some(node) = xml.next()? {
        match node {
            Node::Open(tag) => match tag.name() {
                "sld" => slide.hidden = tag.attr("show").as_deref() == Some("0"),
                "Fallback" => xml.skip()?,
                "sp" => (place, paras) = (Place::Free, Vec::new()),
                "ph" => {
                    place = match tag.attr("type").as_deref() {
                        Some("title" | "ctrTitle") => Place::Title,
                        Some("sldNum" | "dt") => Place::Left,
                        Some("ftr" | "hdr") => Place::Foot,
                        Some("body" | "obj") | None => Place::Body,
                        Some(_) => Place::Free,
                    }
                }
                "tbl" => rows = Some(Vec::new()),
                "tr" => {
                    if let Some(rows) = &mut rows {
                        rows.push(Vec::new());
                    }
                }
                "tc" => cell.clear(),
                "p" => para = Para { text: String::new(), depth: 0, bullet: place == Place::Body },
                "pPr" => para.depth = tag.number("lvl").unwrap_or(0).min(DEEPEST),
                "buNone" => para.bullet = false,
                "buChar" | "buAutoNum" | "buBlip" => para.bullet = true,
                "t" => in_text = true,
                "br" => para.text.push('\n'),
                "tab" => para.text.push('\t'),
                _ => {}
            },
            Node::Close(name) => match name.as_str() {
                "t" => in_text = false,
                "p" => {
                    let text = tidy(&para.text);
                    let text = text.lines().filter(|line| !line.trim().is_empty()).collect::<Vec<_>>().join("\n");
                    if text.trim().is_empty() {
                        continue;
                    }
                    if rows.is_some() {
                        cell = if cell.is_empty() { text } else { cell + " " + &text };
                    } else {
                        paras.push(Para { text: text.trim_start().to_owned(), depth: para.depth, bullet: para.bullet });
                    }
                }
                "tc" => {
                    if let Some(row) = rows.as_mut().and_then(|rows| rows.last_mut()) {
                        row.push(std::mem::take(&mut cell));
                    }
                }
                "tbl" => slide.shapes.extend(rows.take().map(Shape::Table)),
                "sp" | "cxnSp" if !paras.is_empty() => {
                    let paras = std::mem::take(&mut paras);
                    let joined = || paras.iter().map(|para| para.text.replace('\n', " ")).collect::<Vec<_>>().join(" ");
                    match place {
                        Place::Title => slide.shapes.push(Shape::Title(joined())),
                        Place::Foot => slide.shapes.push(Shape::Foot(joined())),
                        Place::Left => {}
                        Place::Free | Place::Body => slide.shapes.push(Shape::Text(paras)),
                    }
                }
                _ => {}
            },
            Node::Text(text) => {
                if in_text {
                    para.text.push_str(&text);
                }
            }
        }
    }
    Ok(slide)
}

/// The speaker's notes: what stands in the notes' own place, without the slide's number and picture.
pub(super) fn notes(text: &str) -> Result<Vec<String>, Fault> {
    let shapes = read(text)?.shapes.into_iter();
    let paras = shapes.filter_map(|shape| match shape {
        Shape::Text(paras) => Some(paras.into_iter().map(|para| para.text).collect::<Vec<_>>().join("\n")),
        Shape::Title(_) | Shape::Foot(_) | Shape::Table(_) => None,
    });
    Ok(paras.collect())
}

/// The people who wrote comments, by their ids.
pub(super) fn authors(text: &str) -> Result<Vec<(String, String)>, Fault> {
    let mut xml = Xml::of(text);
    let mut authors = Vec::new();
    while let Some(node) = xml.next()? {
        let Node::Open(tag) = node else { continue };
        if matches!(tag.name(), "cmAuthor" | "author") {
            authors.push((tag.attr("id").unwrap_or_default(), tag.attr("name").unwrap_or_default()));
        }
    }
    Ok(authors)
}

/// The comments of a slide with their authors, of both forms that there are.
pub(super) fn comments(text: &str, authors: &[(String, String)]) -> Result<Vec<String>, Fault> {
    let mut xml = Xml::of(text);
    let (mut comments, mut author, mut said, mut inside) = (Vec::new(), String::new(), String::new(), false);
    let mut finish = |author: &str, said: &mut String| {
        let words = tidy(said).split_whitespace().collect::<Vec<_>>().join(" ");
        said.clear();
        if !words.is_empty() {
            comments.push(if author.is_empty() { words } else { format!("{author}: {words}") });
        }
    };
    while let Some(node) = xml.next()? {
        match node {
            Node::Open(tag) => match tag.name() {
                "cm" | "reply" => {
                    finish(&author, &mut said);
                    let id = tag.attr("authorId").unwrap_or_default();
                    author = authors
                        .iter()
                        .find(|(known, _)| *known == id)
                        .map(|(_, name)| name.clone())
                        .unwrap_or_default();
                }
                "text" | "t" => inside = true,
                _ => {}
            },
            Node::Close(name) => match name.as_str() {
                "text" | "t" => inside = false,
                "p" => said.push(' '),
                _ => {}
            },
            Node::Text(text) => {
                if inside {
                    said.push_str(&text);
                }
            }
        }
    }
    finish(&author, &mut said);
    Ok(comments)
}
