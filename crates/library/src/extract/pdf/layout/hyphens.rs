//! Does a hyphen at a line's end belong to the word, or did the line's end put it there? What the document writes
//! elsewhere tells: who has read `self-employed` in the middle of a line knows what `self-` at its end goes on with.

use super::Line;
use std::collections::HashSet;

/// So many words are kept in mind; what comes after them is judged by these.
const MOST: usize = 60_000;

/// The words of a document so far.
#[derive(Debug, Default)]
pub struct Hyphens {
    with: HashSet<String>,
    without: HashSet<String>,
}

impl Hyphens {
    /// Keeps the words of a page in mind, but for those that a line's end has parted.
    pub(super) fn see(&mut self, lines: &[Line]) {
        for line in lines {
            let whole = line.words.len().saturating_sub(usize::from(line.hyphenated));
            let first = usize::from(line.words.len() > 1);
            for word in line.words.iter().take(whole).skip(first) {
                let word = bare(&word.text);
                let letters = word.chars().all(|c| c.is_alphabetic() || c == '-');
                let known = if word.contains('-') { &mut self.with } else { &mut self.without };
                if letters && word.len() > 3 && known.len() < MOST {
                    known.insert(word);
                }
            }
        }
    }

    /// Whether a word that a line's end has parted has its hyphen elsewhere, and is never written in one piece.
    pub(super) fn keeps(&self, stem: &str, rest: &str) -> bool {
        let (stem, rest) = (bare(stem), bare(rest));
        self.with.contains(&format!("{stem}-{rest}")) && !self.without.contains(&format!("{stem}{rest}"))
    }
}

/// A word without the signs around it, in lower case.
fn bare(word: &str) -> String {
    word.trim_matches(|c: char| !c.is_alphanumeric()).replace('\u{2010}', "-").to_lowercase()
}
