//! What is searched for, what was found, and how the words were understood.

use crate::*;
use serde::{Deserialize, Serialize};

/// How to search.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SearchMode {
    /// Words and meaning, fused.
    #[default]
    Hybrid,
    /// Words.
    Text,
    /// Meaning.
    Vector,
    /// Words and meaning, fused, and of what is found so the best in the order that a reranker gives.
    Reranked,
}

/// What a search found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SearchReply {
    /// Hits, best first.
    pub hits: Vec<SearchHit>,
    /// In how many documents.
    pub documents: u32,
    /// How long it took.
    pub ms: u64,
    /// The mode that was really used: words only while no embedding model is there, no reranker where none
    /// is there or it took too long.
    pub mode: SearchMode,
    /// Parts of the query that could not be understood as what they look like: searched as words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub misread: Vec<Misread>,
    /// Words that stand nowhere, or mean something else here too, and what was looked for besides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub instead: Vec<Instead>,
    /// What the passages near the query have in common, most first.
    #[serde(default)]
    pub facets: Facets,
}

/// A part of a query that is searched as words though it looks like something else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Misread {
    /// As it was typed.
    pub text: String,
    /// What it is not.
    pub why: MisreadAs,
}

/// What a part of a query looks like and is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MisreadAs {
    /// `label:`: nothing here is searched by that.
    Field,
    /// `date:` with something that is no date.
    Date,
    /// `lang:` with something that is no language.
    Language,
    /// `AND`, `OR` or `NOT` with nothing to join.
    Operator,
    /// A parenthesis without its other half.
    Parenthesis,
    /// A quotation mark without its other half.
    Quote,
}

/// What a word was taken for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instead {
    /// The word as it was typed.
    pub typed: String,
    /// What was looked for besides.
    pub found: Vec<String>,
    /// Why.
    pub why: InsteadOf,
}

/// Why something else was looked for, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InsteadOf {
    /// The word stands nowhere; these are written nearly alike.
    Typo,
    /// The word stands nowhere; these begin with it.
    Beginning,
    /// A document here says that one is short for the other.
    Abbreviation,
    /// The word is made of these, or they are made with it.
    Compound,
}

/// How the passages near a query are distributed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facets {
    /// By format.
    pub formats: Vec<Facet>,
    /// By language, ISO 639-1.
    pub languages: Vec<Facet>,
    /// By label.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<Facet>,
    /// By document.
    pub documents: Vec<DocumentFacet>,
}

/// How many passages have something in common.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facet {
    /// What.
    pub value: String,
    /// How many passages.
    pub count: u32,
}

/// How many passages are of one document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentFacet {
    /// The document.
    pub document: DocumentId,
    /// Its name.
    pub name: String,
    /// How many passages.
    pub count: u32,
}

/// A passage that was found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SearchHit {
    /// The document.
    pub document: DocumentId,
    /// Its name.
    pub name: String,
    /// Its format.
    pub format: String,
    /// The page, from 1.
    pub page: u32,
    /// Where the passage starts in the page's text, in chars.
    pub start: u32,
    /// Where it ends.
    pub end: u32,
    /// The nearest heading.
    pub section: Option<String>,
    /// The fused score.
    pub score: f32,
    /// Share of the words evidence, 0 to 1; 0 when no word matches.
    pub words: f32,
    /// Share of the meaning evidence, 0 to 1 (a cosine on the starter model's scale); 0 when not computed.
    pub meaning: f32,
    /// The part of the passage to show.
    pub snippet: String,
    /// Chars of `snippet` to mark.
    pub marks: Vec<Span>,
    /// The passage's language, ISO 639-1.
    pub language: Option<String>,
    /// What people call the place: `Rent!B4:D9`, `Slide 3`, a chapter; None where it is the page's number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// Who wrote the document, where it says so itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// The date that the document gives itself, in Unix milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dated: Option<i64>,
    /// The name of the message or archive that the document came in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<String>,
    /// The document's text could not be read: it was found by its name.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unread: bool,
    /// Other documents in which the same passage stands, best first; it is listed once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<AlsoIn>,
}

/// Another place of a passage that is listed once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlsoIn {
    /// The document.
    pub document: DocumentId,
    /// Its name.
    pub name: String,
    /// The page, from 1.
    pub page: u32,
}

/// Whether the index and the vectors are what the stored passages say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexReport {
    /// Passages that are stored.
    pub passages: u32,
    /// Passages that the index lacked, or had with other words.
    pub words_missing: u32,
    /// Passages that the index had and that are stored nowhere.
    pub words_extra: u32,
    /// Whether a file of the index was damaged.
    pub damaged: bool,
    /// Vectors that are stored.
    pub vectors: u32,
    /// Stored vectors that cannot be used.
    pub vectors_odd: u32,
    /// Vectors that the fast copy lacked, or had with other numbers.
    pub vectors_missing: u32,
    /// Vectors that the fast copy had and that are stored nowhere.
    pub vectors_extra: u32,
    /// Whether what was found is mended; what has to be embedded again is so in the background.
    pub mended: bool,
}

impl IndexReport {
    /// Nothing differs.
    pub fn is_sound(&self) -> bool {
        let Self { words_missing, words_extra, damaged, vectors_odd, vectors_missing, vectors_extra, .. } = self;
        !damaged && words_missing + words_extra + vectors_odd + vectors_missing + vectors_extra == 0
    }
}
