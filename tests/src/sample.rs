//! The sample documents and the questions about them.

use crate::place;
use serde_json::Value;
use std::{path::PathBuf, process::Command};

/// A question about the samples.
#[derive(Clone, Debug)]
pub struct Question {
    /// The question.
    pub question: String,
    /// Where the answer stands; none of the documents answers it where this is none.
    pub answered: Option<Answered>,
}

/// Where an answer stands.
#[derive(Clone, Debug)]
pub struct Answered {
    /// The document's name.
    pub document: String,
    /// The page, from 1.
    pub page: u32,
    /// Words of that page that answer the question.
    pub quote: String,
}

/// The folder of the samples.
pub fn folder() -> PathBuf {
    place::root().join("tests/fixtures/sample")
}

/// The documents in it.
pub fn documents() -> Vec<PathBuf> {
    let mut documents: Vec<_> = std::fs::read_dir(folder())
        .expect("the samples are there")
        .map(|entry| entry.expect("readable").path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "pdf" || ext == "md"))
        .collect();
    documents.sort();
    documents
}

/// The questions of `questions.json`.
pub fn questions() -> Vec<Question> {
    let text =
        std::fs::read_to_string(place::root().join("tests/fixtures/questions.json")).expect("questions.json is there");
    let all: Vec<Value> = serde_json::from_str(&text).expect("questions.json is a list");
    all.iter()
        .map(|one| Question {
            question: one["question"].as_str().expect("a question").to_owned(),
            answered: one["document"].as_str().map(|document| Answered {
                document: document.to_owned(),
                page: one["page"].as_u64().and_then(|page| u32::try_from(page).ok()).expect("a page"),
                quote: one["quote"].as_str().expect("a quote").to_owned(),
            }),
        })
        .collect()
}

/// The text of a page, read by another program than ours: pdftotext, or the file itself.
pub fn page_text(document: &str, page: u32) -> String {
    let path = folder().join(document);
    if path.extension().is_some_and(|ext| ext == "md") {
        return std::fs::read_to_string(path).expect("readable");
    }
    let page = page.to_string();
    let out = Command::new("pdftotext")
        .args(["-f", &page, "-l", &page, "-layout", "-enc", "UTF-8"])
        .arg(&path)
        .arg("-")
        .output()
        .expect("pdftotext is installed (poppler-utils)");
    assert!(out.status.success(), "pdftotext cannot read {}", path.display());
    String::from_utf8(out.stdout).expect("UTF-8")
}

/// Letters and digits only, one space between words: so that line ends, hyphens and Markdown marks
/// do not count when a quote is looked for.
pub fn plain(text: &str) -> String {
    let mut words = String::new();
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        if !words.is_empty() {
            words.push(' ');
        }
        words.extend(word.chars().flat_map(char::to_lowercase));
    }
    words
}
