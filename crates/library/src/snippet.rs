//! The part of a passage that is shown with a hit, and which of its words are marked.

use crate::{
    index::Terms,
    words::{self, Stems, Word},
};
use protocol::Span;
use std::collections::BTreeSet;

/// About so many chars are shown.
const SHOWN: u32 = 240;

/// A part of a passage with its marks.
#[derive(Clone, Debug, PartialEq)]
pub struct Snippet {
    pub text: String,
    pub marks: Vec<Span>,
    /// The share of the wanted words that the whole passage holds, by their weights.
    pub share: f32,
}

/// Chooses the part that holds most of the wanted words.
pub fn snippet(text: &str, language: Option<&str>, terms: &Terms, weights: &[f32]) -> Snippet {
    let stems = Stems::of(language);
    let all = words::words(text);
    let hits: Vec<(usize, &Word)> = all.iter().filter_map(|w| Some((wanted(terms, &stems, w)?, w))).collect();
    let found: BTreeSet<usize> = hits.iter().map(|(n, _)| *n).collect();
    let weight = |n: &usize| weights.get(*n).copied().unwrap_or(1.0);
    let total: f32 = (0..terms.words.len()).map(|n| weight(&n)).sum();
    // Folded from zero: the sum of no numbers is -0.
    let share = if total > 0.0 { found.iter().map(weight).fold(0.0, |sum, one| sum + one) / total } else { 0.0 };

    let length = text.chars().count() as u32;
    let (start, end) = if length <= SHOWN { (0, length) } else { best_window(&all, &hits, length, &weight) };
    let shown = words::slice(text, Span { start, end });
    // Line ends read badly in a line of a list; both are one char.
    let body = shown.replace(['\n', '\t'], " ");
    let (lead, tail) = (if start > 0 { "… " } else { "" }, if end < length { " …" } else { "" });
    let offset = lead.chars().count() as u32;
    let marks = hits
        .iter()
        .filter(|(_, w)| w.span.start >= start && w.span.end <= end)
        .map(|(_, w)| Span { start: w.span.start - start + offset, end: w.span.end - start + offset })
        .collect();
    Snippet { text: format!("{lead}{body}{tail}"), marks, share }
}

/// Which wanted word this is.
fn wanted(terms: &Terms, stems: &Stems, word: &Word) -> Option<usize> {
    let stem = stems.stem(&word.folded);
    terms.words.iter().position(|w| w.folded == word.folded || w.stems.contains(&stem))
}

/// The window that begins with a hit (or a little before) and holds the most weight.
fn best_window(all: &[Word], hits: &[(usize, &Word)], length: u32, weight: &impl Fn(&usize) -> f32) -> (u32, u32) {
    let mut best = (0.0, 0);
    for (at, (_, first)) in hits.iter().enumerate() {
        let inside = hits[at..].iter().take_while(|(_, w)| w.span.end <= first.span.start + SHOWN * 3 / 4);
        let value: f32 = inside.map(|(n, _)| *n).collect::<BTreeSet<_>>().iter().map(weight).sum();
        if value > best.0 {
            best = (value, first.span.start.saturating_sub(SHOWN / 4));
        }
    }
    // Begin and end with whole words.
    let from = best.1.min(length.saturating_sub(SHOWN));
    let start = if from == 0 { 0 } else { all.iter().map(|w| w.span.start).find(|s| *s >= from).unwrap_or(from) };
    let until = (start + SHOWN).min(length);
    let end = if until == length {
        length
    } else {
        all.iter().map(|w| w.span.end).rfind(|e| *e <= until && *e > start).unwrap_or(until)
    };
    (start, end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::parse;

    #[test]
    fn the_part_with_the_words_is_shown_and_marked() {
        let languages = BTreeSet::from(["en".to_owned()]);
        let filler = "Nothing of interest stands in this long beginning of the page. ".repeat(10);
        let text = format!("{filler}The tenant gives\nnotice ninety days before. {filler}");
        let terms = parse("notices of tenants zebra", &languages);
        let found = snippet(&text, Some("en"), &terms, &[1.0, 1.0, 2.0]);
        let marked: Vec<_> = found.marks.iter().map(|m| words::slice(&found.text, *m)).collect();
        assert_eq!(marked, ["tenant", "notice"]);
        assert_eq!(found.share, 0.5);
        assert!(
            found.text.starts_with("… ") && found.text.ends_with(" …") && found.text.chars().count() < 260,
            "{}",
            found.text
        );
        let short = snippet("Brief notice.", Some("en"), &terms, &[1.0; 3]);
        assert_eq!((short.text.as_str(), short.marks.len()), ("Brief notice.", 1));
        let none = snippet("Nothing.", Some("en"), &terms, &[1.0; 3]);
        assert!(none.share == 0.0 && none.share.is_sign_positive(), "{}", none.share);
    }
}
