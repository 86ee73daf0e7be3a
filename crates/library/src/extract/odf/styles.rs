//! What the styles of an OpenDocument file say about text: which lists count, what is hidden.

use super::super::{
    tidy,
    xml::{Node, Xml},
};
use protocol::Fault;
use std::collections::{HashMap, HashSet};

/// How a level of a list is marked.
#[derive(Clone, Debug, Default)]
pub(super) struct Level {
    /// The form of the number; None for a bullet.
    pub format: Option<String>,
    pub prefix: String,
    pub suffix: String,
    /// How many levels the number shows.
    pub shown: usize,
    pub start: u32,
}

/// The styles.
#[derive(Debug, Default)]
pub(super) struct Styles {
    /// The levels of a list, from the outermost.
    pub lists: HashMap<String, Vec<Level>>,
    /// Table styles of sheets that are not shown.
    pub hidden: HashSet<String>,
    /// The list of the headings.
    pub outline: Vec<Level>,
    /// Paragraph styles by what they are for, lower case.
    pub paragraphs: HashMap<String, String>,
}

impl Styles {
    /// Adds the styles of a part.
    pub fn read(&mut self, text: &str) -> Result<(), Fault> {
        let mut xml = Xml::of(text);
        let (mut table, mut list, mut levels) = (None::<String>, None::<String>, Vec::<Level>::new());
        while let Some(node) = xml.next()? {
            match node {
                Node::Open(tag) => match tag.name() {
                    // What follows is the text.
                    "body" | "master-styles" => xml.skip()?,
                    "style" => {
                        let name = tag.attr("name").unwrap_or_default();
                        let shown = tag.attr("display-name").or_else(|| tag.attr("parent-style-name"));
                        match tag.attr("family").as_deref() {
                            Some("table") => table = Some(name),
                            Some("paragraph") => {
                                self.paragraphs.insert(name.clone(), shown.unwrap_or(name).to_lowercase());
                            }
                            Some(_) | None => {}
                        }
                    }
                    "table-properties" if tag.attr("display").as_deref() == Some("false") => {
                        self.hidden.extend(table.clone());
                    }
                    "list-style" => (list, levels) = (tag.prefixed_attr("style:name"), Vec::new()),
                    "outline-style" => (list, levels) = (Some(String::new()), Vec::new()),
                    name @ ("list-level-style-number"
                    | "list-level-style-bullet"
                    | "list-level-style-image"
                    | "outline-level-style") => {
                        let at = tag.number::<usize>("level").unwrap_or(1).clamp(1, 10);
                        levels.resize(levels.len().max(at), Level::default());
                        let counts = !matches!(name, "list-level-style-bullet" | "list-level-style-image");
                        levels[at - 1] = Level {
                            format: counts.then(|| tag.attr("num-format").unwrap_or_default()),
                            prefix: tag.attr("num-prefix").unwrap_or_default(),
                            suffix: tag.attr("num-suffix").unwrap_or_default(),
                            shown: tag.number("display-levels").unwrap_or(1),
                            start: tag.number("start-value").unwrap_or(1),
                        };
                    }
                    _ => {}
                },
                Node::Close(name) => match name.as_str() {
                    "style" => table = None,
                    "list-style" | "outline-style" => match list.take() {
                        Some(name) if name.is_empty() => self.outline = std::mem::take(&mut levels),
                        Some(name) => drop(self.lists.insert(name, std::mem::take(&mut levels))),
                        None => {}
                    },
                    _ => {}
                },
                Node::Text(_) => {}
            }
        }
        Ok(())
    }
}

/// What stands over and under the pages, each text once.
pub(super) fn margins(text: &str) -> Result<Vec<String>, Fault> {
    let mut xml = Xml::of(text);
    let (mut found, mut open, mut said, mut in_para) = (Vec::new(), 0usize, String::new(), 0usize);
    while let Some(node) = xml.next()? {
        match node {
            Node::Open(tag) => match tag.name() {
                "header" | "footer" | "header-left" | "footer-left" | "header-first" | "footer-first" => open += 1,
                "p" | "h" => in_para += 1,
                "s" | "tab" if in_para > 0 => said.push(' '),
                _ => {}
            },
            Node::Close(name) => match name.as_str() {
                "header" | "footer" | "header-left" | "footer-left" | "header-first" | "footer-first" => {
                    open = open.saturating_sub(1);
                    let text = tidy(&std::mem::take(&mut said)).split_whitespace().collect::<Vec<_>>().join(" ");
                    if text.chars().any(char::is_alphabetic) && !is_placeholder(&text) && !found.contains(&text) {
                        found.push(text);
                    }
                }
                "p" | "h" => {
                    in_para = in_para.saturating_sub(1);
                    said.push(' ');
                }
                _ => {}
            },
            Node::Text(text) => {
                if open > 0 && in_para > 0 {
                    said.push_str(&text);
                }
            }
        }
    }
    Ok(found)
}

/// What LibreOffice puts over and under the pages of sheets when it prints: their name, `Page 1`, `???`.
fn is_placeholder(text: &str) -> bool {
    let words: Vec<&str> = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let plain = |word: &&str| {
        word.chars().all(|c| c.is_ascii_digit())
            || matches!(word.to_lowercase().as_str(), "page" | "seite" | "sheet" | "sheet1")
    };
    words.iter().all(plain)
}
