//! The part of a passage that is shown with a hit, and which of its words are marked.

use crate::{
    index::{Terms, Wanted},
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

/// A place where a wanted word stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Hit {
    span: Span,
    /// Which of the wanted words.
    wanted: usize,
    /// Which part of it, where it is a compound and only that part stands there.
    part: Option<usize>,
}

/// Chooses the part that holds most of the wanted words.
pub fn snippet(text: &str, language: Option<&str>, terms: &Terms, weights: &[f32]) -> Snippet {
    let all = words::words(text);
    let hits = hits(text, &all, language, terms);
    let found: BTreeSet<(usize, Option<usize>)> = hits.iter().map(|hit| (hit.wanted, hit.part)).collect();
    let weight = |n: &usize| weights.get(*n).copied().unwrap_or(1.0);
    let total: f32 = (0..terms.words.len()).map(|n| weight(&n)).sum();
    // Folded from zero: the sum of no numbers is -0.
    let held = |(n, wanted): (usize, &Wanted)| {
        let parts = (0..wanted.parts.len()).filter(|part| found.contains(&(n, Some(*part)))).count();
        let part = parts as f32 / wanted.parts.len().max(1) as f32;
        weight(&n) * if found.contains(&(n, None)) { 1.0 } else { part }
    };
    let share = if total > 0.0 {
        terms.words.iter().enumerate().map(held).fold(0.0, |sum, one| sum + one) / total
    } else {
        0.0
    };

    let length = text.chars().count() as u32;
    let (start, end) = if length <= SHOWN { (0, length) } else { best_window(&all, &hits, length, &weight) };
    let shown = words::slice(text, Span { start, end });
    // Line ends read badly in a line of a list; both are one char.
    let body = shown.replace(['\n', '\t'], " ");
    let (lead, tail) = (if start > 0 { "… " } else { "" }, if end < length { " …" } else { "" });
    let offset = lead.chars().count() as u32;
    let inside = hits.iter().map(|hit| hit.span).filter(|span| span.start >= start && span.end <= end);
    let marks = joined(inside)
        .into_iter()
        .map(|span| Span { start: span.start - start + offset, end: span.end - start + offset })
        .collect();
    Snippet { text: format!("{lead}{body}{tail}"), marks, share }
}

/// Every place where a wanted word stands, in order.
fn hits(text: &str, all: &[Word], language: Option<&str>, terms: &Terms) -> Vec<Hit> {
    let stems = Stems::of(language);
    let mut hits: Vec<Hit> = Vec::new();
    for unit in words::units(text) {
        let stem = stems.stem(&unit.folded);
        let whole = terms.words.iter().position(|wanted| wanted.is(&unit.folded, &stem)).map(|n| (n, None));
        let part = || {
            let mut parts = terms.words.iter().map(|wanted| wanted.part(&unit.folded, &stem)).enumerate();
            parts.find_map(|(n, part)| Some((n, Some(part?))))
        };
        hits.extend(whole.or_else(part).map(|(wanted, part)| Hit { span: unit.span, wanted, part }));
    }
    for (n, wanted) in terms.words.iter().enumerate() {
        for other in wanted.others.iter().filter(|other| other.len() > 1) {
            for row in all.windows(other.len()).filter(|row| row.iter().zip(other).all(|(a, b)| a.folded == *b)) {
                hits.extend(row.iter().map(|word| Hit { span: word.span, wanted: n, part: None }));
            }
        }
    }
    hits.sort_unstable();
    hits
}

/// Spans in order, those that overlap made one.
fn joined(spans: impl Iterator<Item = Span>) -> Vec<Span> {
    let mut all: Vec<Span> = Vec::new();
    for span in spans {
        match all.last_mut() {
            Some(last) if span.start < last.end => last.end = last.end.max(span.end),
            Some(_) | None => all.push(span),
        }
    }
    all
}

/// The window that begins with a hit (or a little before) and holds the most weight.
fn best_window(all: &[Word], hits: &[Hit], length: u32, weight: &impl Fn(&usize) -> f32) -> (u32, u32) {
    let mut best = (0.0, 0);
    for (at, first) in hits.iter().enumerate() {
        let inside = hits[at..].iter().take_while(|hit| hit.span.end <= first.span.start + SHOWN * 3 / 4);
        let value: f32 = inside.map(|hit| hit.wanted).collect::<BTreeSet<_>>().iter().map(weight).sum();
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
    use crate::index::{Part, parse};

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
        let terms = parse("仲裁协议 水", &languages);
        let found = snippet("根据仲裁协议的规定。", Some("zh"), &terms, &[1.0; 4]);
        let marked: Vec<_> = found.marks.iter().map(|m| words::slice(&found.text, *m)).collect();
        assert_eq!(marked, ["仲裁协议"], "pairs that overlap are one mark");
        let mut terms = parse("NAV", &languages);
        terms.words[0].others = vec![vec!["net".into(), "asset".into(), "value".into()], vec!["navs".into()]];
        let found = snippet("The net asset value, not the value. NAVs", Some("en"), &terms, &[1.0]);
        let marked: Vec<_> = found.marks.iter().map(|m| words::slice(&found.text, *m)).collect();
        assert_eq!((marked, found.share), (vec!["net", "asset", "value", "NAVs"], 1.0));
        let mut terms = parse("Mietkündigungsfrist", &languages);
        terms.words[0].parts = [("mietkundigung", "mietkundig"), ("frist", "frist")]
            .map(|(word, stem)| Part { folded: word.into(), stems: BTreeSet::from([stem.to_owned()]) })
            .into();
        terms.words[0].longer = vec!["sonderfrist".into()];
        for (text, marked, share) in [
            ("Die Frist endet.", &["Frist"][..], 0.5),
            ("Die Mietkündigung hat eine Frist.", &["Mietkündigung", "Frist"], 1.0),
            ("Eine Sonderfrist gilt.", &["Sonderfrist"], 1.0),
        ] {
            let found = snippet(text, Some("de"), &terms, &[1.0]);
            let marks: Vec<_> = found.marks.iter().map(|m| words::slice(&found.text, *m)).collect();
            assert_eq!((&marks[..], found.share), (marked, share), "{text}");
        }
        let none = snippet("Nothing.", Some("en"), &terms, &[1.0; 3]);
        assert!(none.share == 0.0 && none.share.is_sign_positive(), "{}", none.share);
    }
}
