//! What does a grammar in llama.cpp's form (GBNF) mean in llguidance's dialect of Lark?
//!
//! The two differ in more than spelling. GBNF describes texts character by character; llguidance first cuts a text
//! into lexemes, each as long as it can be, and only then parses. A rule for each rule would therefore refuse texts
//! that the grammar allows: after `[ \t\n]*` no `"\n"` could follow. So that the language stays the same,
//!
//! 1. what is not recursive becomes one lexeme, as large as possible ([`shape`]): large lexemes are what makes
//!    masks fast;
//! 2. a lexeme that could take what belongs to something behind it is divided, again and again, down to single
//!    characters, between which nothing can be taken ([`overlap`]).
//!
//! A grammar comes from a client: its length, depth, rules and repetitions have limits, and what is wrong is told with
//! its line and column.

mod overlap;
mod read;
mod set;
mod shape;
#[cfg(test)]
mod tests;
mod write;

use set::Set;

/// What a rule consists of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Node {
    /// One character of a set.
    One(Set),
    /// Another rule, by its number.
    Rule(usize),
    /// One behind the other.
    Seq(Vec<Node>),
    /// One of these.
    Any(Vec<Node>),
    /// At least and at most so many.
    Many(Box<Node>, u32, Option<u32>),
}

/// A grammar: its rules by number, `root` first.
#[derive(Debug)]
struct Rules {
    names: Vec<String>,
    bodies: Vec<Node>,
}

/// What is wrong with a grammar.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Wrong {
    /// At a place of its text.
    #[error("line {line}, column {column}: {what}")]
    At {
        /// From 1.
        line: usize,
        /// From 1, in characters.
        column: usize,
        /// Why.
        what: String,
    },
    /// As a whole.
    #[error("{0}")]
    Whole(String),
}

/// The grammar in llguidance's dialect of Lark.
pub(super) fn to_lark(text: &str) -> Result<String, Wrong> {
    let rules = read::rules(text)?;
    let shaped = shape::shaped(&rules)?;
    Ok(write::lark(&overlap::divided(shaped)?))
}
