//! What an answer's Markdown says, as plain data: blocks and inlines, with citations and
//! unsupported words at their places. Raw HTML stays text, images never load, links are http(s).

mod build;

use protocol::{CitationView, Span};
use std::hash::{DefaultHasher, Hash, Hasher};

/// A block.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Block {
    /// A paragraph.
    Paragraph(Vec<Inline>),
    /// A heading of a level from 1.
    Heading(u8, Vec<Inline>),
    /// Code with the language or name it was given.
    Code {
        /// The language or file name.
        name: String,
        /// The code.
        text: String,
    },
    /// A list; with the first number where it is numbered.
    List(Option<u64>, Vec<Vec<Block>>),
    /// A quote.
    Quote(Vec<Block>),
    /// A table: the head, then the rows.
    Table(Vec<Vec<Inline>>, Vec<Vec<Vec<Inline>>>),
    /// A rule.
    Rule,
}

/// A piece of a line.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Inline {
    /// Words.
    Text(String),
    /// Words that no passage supports.
    Unsupported(String),
    /// Code.
    Code(String),
    /// Strong.
    Strong(Vec<Inline>),
    /// Emphasised.
    Emphasis(Vec<Inline>),
    /// Struck out.
    Strike(Vec<Inline>),
    /// A link to an http(s) address.
    Link(String, Vec<Inline>),
    /// A line break.
    Break,
    /// The box of a task.
    Task(bool),
    /// The mark of a citation, by its number.
    Cite(u32),
}

/// What stands in an answer beside its text.
#[derive(Clone, Copy, Debug, Default)]
pub struct Marks<'a> {
    /// Citations, in the order of their places.
    pub citations: &'a [CitationView],
    /// Parts that no passage supports.
    pub unsupported: &'a [Span],
}

/// Reads Markdown.
pub fn read(text: &str, marks: Marks) -> Vec<Block> {
    build::blocks(text, marks)
}

/// The blocks with a key each: the same block at the same place has the same key, so that while
/// text streams only the last block is drawn again.
pub fn keyed(blocks: Vec<Block>) -> Vec<(usize, u64, Block)> {
    blocks
        .into_iter()
        .enumerate()
        .map(|(at, block)| {
            let mut hasher = DefaultHasher::new();
            block.hash(&mut hasher);
            (at, hasher.finish(), block)
        })
        .collect()
}

/// Whether a link may be followed at all.
pub fn safe_link(href: &str) -> bool {
    let lower = href.trim_start().to_ascii_lowercase();
    lower.starts_with("https://") || lower.starts_with("http://")
}

#[cfg(test)]
#[path = "markdown_tests.rs"]
mod tests;
