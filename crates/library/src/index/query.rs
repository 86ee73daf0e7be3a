//! What is looked for: wishes, which order what is found, and conditions, which say what may be found.

mod build;
mod filter;
mod lex;
mod parse;

pub use filter::{Filter, names};
pub use parse::parse;

use crate::words;
use protocol::{Instead, Misread};
use std::collections::BTreeSet;

/// What is looked for.
#[derive(Clone, Debug, Default)]
pub struct Terms {
    /// The query in its own words, without marks and without what must not be there: what a model of
    /// meaning reads.
    pub plain: String,
    /// The words that matter.
    pub words: Vec<Wanted>,
    /// What must hold of a passage.
    conditions: Vec<Condition>,
    /// Whether the latest comes first.
    pub newest: bool,
    /// What was not understood.
    pub misread: Vec<Misread>,
    /// What is looked for besides, and why.
    pub instead: Vec<Instead>,
}

/// A word that is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// As written, folded.
    pub folded: String,
    /// As written, with its accents, where it has some.
    pub accented: Option<String>,
    /// Its stems in the languages of the library.
    pub stems: BTreeSet<String>,
    /// How it stands for other words.
    pub how: How,
    /// Words, or several words in a row, that are as good: what it was taken for.
    pub others: Vec<Vec<String>>,
    /// The words that it is made of, where it is a compound.
    pub parts: Vec<Part>,
    /// Compounds that end with it.
    pub longer: Vec<String>,
}

/// A part of a compound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// As a word by itself, folded.
    pub folded: String,
    /// Its stems.
    pub stems: BTreeSet<String>,
}

/// How a word stands for others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum How {
    /// By its stem.
    Plain,
    /// For all words that begin with it: `lease*`.
    Beginning,
    /// For words that are written nearly like it: `recieve~`.
    Alike,
}

/// What must hold of a passage.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Condition {
    Word(Wanted),
    /// Folded words in a row; a single one as it is written, not by its stem.
    Phrase(Vec<String>),
    Document(Filter),
    Not(Box<Condition>),
    All(Vec<Condition>),
    Any(Vec<Condition>),
}

impl Condition {
    fn all(mut conditions: Vec<Self>) -> Option<Self> {
        if conditions.len() > 1 { Some(Self::All(conditions)) } else { conditions.pop() }
    }

    /// Whether it says what is there, not only what is not.
    fn finds(&self) -> bool {
        match self {
            Self::Word(_) | Self::Phrase(_) | Self::Document(_) => true,
            Self::Not(_) => false,
            Self::All(conditions) => conditions.iter().any(Self::finds),
            Self::Any(conditions) => conditions.iter().all(Self::finds),
        }
    }

    fn words_mut(&mut self) -> Vec<&mut Wanted> {
        match self {
            Self::Word(wanted) => vec![wanted],
            Self::Phrase(_) | Self::Document(_) => Vec::new(),
            Self::Not(condition) => condition.words_mut(),
            Self::All(all) | Self::Any(all) => all.iter_mut().flat_map(Self::words_mut).collect(),
        }
    }
}

impl Wanted {
    fn is_content(&self) -> bool {
        self.how != How::Plain || !words::is_function_word(&self.folded)
    }

    /// Whether a word of a text, with its stem, is this one.
    pub fn is(&self, folded: &str, stem: &str) -> bool {
        self.folded == folded
            || self.stems.contains(stem)
            || self.others.iter().any(|other| matches!(&other[..], [one] if one == folded))
            || self.longer.iter().any(|longer| longer == folded)
    }

    /// Which of its parts a word of a text is.
    pub fn part(&self, folded: &str, stem: &str) -> Option<usize> {
        self.parts.iter().position(|part| part.folded == folded || part.stems.contains(stem))
    }
}

impl Terms {
    /// Nothing to look for.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty() && !self.newest && !self.conditions.iter().any(Condition::finds)
    }

    /// Whether only conditions are given, and what meets them is as good as any other.
    pub fn only_conditions(&self) -> bool {
        self.words.is_empty()
    }

    /// Every word, also of conditions.
    pub fn all_words_mut(&mut self) -> Vec<&mut Wanted> {
        let conditions = self.conditions.iter_mut().flat_map(Condition::words_mut);
        self.words.iter_mut().chain(conditions).collect()
    }
}

#[cfg(test)]
mod tests;
