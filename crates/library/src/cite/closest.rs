//! The sentence that comes closest to a question, found by code where a model's answer has no support.

use super::{
    Passage,
    claim::{Claim, is_content},
    parts::{Part, parts},
};
use crate::words::{self, Stems};
use protocol::{CitationView, Span};
use std::collections::{HashMap, HashSet};

/// A sentence must hold at least this share of the question's words, rare ones counting more. Set on
/// piaf-fr and scifact: the least at which a quote is from the right text at least as often as not on
/// both. It is no proof, and an answer that only has such a quote does not count as supported.
const LEAST_SHARE: f32 = 0.5;
/// What is shown under "the documents do not answer this" holds at least this share: it claims less.
const NEAR_SHARE: f32 = 0.34;
/// What each place further down in the search takes off a sentence's score.
const PLACE: f32 = 0.03;
/// What a figure adds where the question asks for one.
const FIGURE: f32 = 0.12;
/// What a name of the question counts that stands in another sentence of the passage.
const NAME_AROUND: f32 = 0.5;
/// A line without a stop that says no more than so few content words beside the question's is a heading:
/// what it is about stands below.
const HEADING: usize = 1;
/// What a heading must add to the sentence below it, to be quoted with it.
const HEADING_ADDS: f32 = 0.02;
/// What a second sentence must add.
const SECOND_ADDS: f32 = 0.2;
/// No longer sentence is shown whole.
const LONGEST: u32 = 500;

struct Candidate {
    passage: usize,
    span: Span,
    stems: HashSet<String>,
    /// Those of them that carry content.
    content: HashSet<String>,
    figure: bool,
    /// Whether it ends without a stop.
    open: bool,
    /// Whether it is a row of a table.
    row: bool,
}

/// What documents say themselves to a question.
#[derive(Clone, Debug, PartialEq)]
pub struct Closest {
    /// The sentence, verbatim, with its place on the page. `number` is 1, `at` is 0.
    pub citation: CitationView,
    /// The share of the question's words that it holds, rare ones counting more; 0 to 1.
    pub share: f32,
}

/// The sentence, or two neighbours, among passages that answer a question; None when none comes near
/// enough for that.
pub fn closest(question: &str, passages: &[Passage]) -> Option<CitationView> {
    nearest(question, passages).filter(|found| found.share >= LEAST_SHARE).map(|found| found.citation)
}

/// The sentence, or two neighbours, among passages that are worth a look where none answers a question;
/// None when even the nearest has hardly anything of it.
pub fn near(question: &str, passages: &[Passage]) -> Option<CitationView> {
    nearest(question, passages).filter(|found| found.share >= NEAR_SHARE).map(|found| found.citation)
}

/// The sentence, or two neighbours, among passages that hold most of a question's words, however few.
pub fn nearest(question: &str, passages: &[Passage]) -> Option<Closest> {
    let question = &*super::asking(question);
    let matter = super::question::matter(question);
    let asked = words::words(&matter);
    let names = Claim::of(question).names;
    let asks_figure = super::answers::asks_figure(question);
    let all: Vec<Candidate> = passages.iter().enumerate().flat_map(|(n, passage)| candidates(n, passage)).collect();
    let mut there: Vec<HashSet<&str>> = vec![HashSet::new(); passages.len()];
    for candidate in &all {
        there[candidate.passage].extend(candidate.stems.iter().map(String::as_str));
    }
    let mut known: HashMap<&str, f32> = HashMap::new();
    for stem in all.iter().flat_map(|candidate| &candidate.stems) {
        *known.entry(stem).or_default() += 1.0;
    }
    // Rare among these sentences says more than common (inverse document frequency, BM25's form).
    let weight = |stem: &str| {
        let holding = known.get(stem).copied().unwrap_or(0.0);
        (1.0 + (all.len() as f32 - holding + 0.5) / (holding + 0.5)).ln()
    };
    let mut best: Option<(f32, f32, usize, Span)> = None;
    for (n, candidate) in all.iter().enumerate() {
        let stems = Stems::of(passages[candidate.passage].language.as_deref());
        let content = asked.iter().filter(|word| !words::is_function_word(&word.folded));
        let wanted: HashSet<String> = content.map(|word| stems.stem(&word.folded)).collect();
        let named: HashSet<String> = names.iter().map(|name| stems.stem(name)).collect();
        let total: f32 = wanted.iter().map(|stem| weight(stem)).sum();
        if total <= 0.0 {
            continue;
        }
        let share = |held: &dyn Fn(&str) -> bool| {
            // A name says which passage is meant: all of its sentences may be about it.
            let around = |stem: &str| named.contains(stem) && there[candidate.passage].contains(stem);
            let holds = |stem: &str| match (held(stem), around(stem)) {
                (true, _) => 1.0,
                (false, true) => NAME_AROUND,
                (false, false) => 0.0,
            };
            wanted.iter().map(|stem| holds(stem) * weight(stem)).sum::<f32>() / total
        };
        let alone = share(&|stem| candidate.stems.contains(stem));
        let heading = candidate.open && candidate.content.difference(&wanted).count() <= HEADING;
        let mut choices =
            vec![(alone, alone - if heading { SECOND_ADDS } else { 0.0 }, candidate.figure, candidate.span)];
        let alike = |next: &&Candidate| next.passage == candidate.passage && !next.row && !candidate.row;
        if let Some(next) = all.get(n + 1).filter(alike) {
            let both = share(&|stem| candidate.stems.contains(stem) || next.stems.contains(stem));
            let span = Span { start: candidate.span.start, end: next.span.end };
            choices.push((
                both,
                both - if heading { HEADING_ADDS } else { SECOND_ADDS },
                candidate.figure || next.figure,
                span,
            ));
        }
        for (share, worth, figure, span) in choices {
            if span.end - span.start > LONGEST {
                continue;
            }
            let bonus = if asks_figure && figure { FIGURE } else { 0.0 };
            let score = worth + bonus - PLACE * candidate.passage as f32;
            if best.as_ref().is_none_or(|(most, ..)| score > *most) {
                best = Some((score, share, candidate.passage, span));
            }
        }
    }
    let (_, share, passage, span) = best?;
    let passage = &passages[passage];
    let citation = CitationView {
        number: 1,
        at: 0,
        document: passage.document,
        name: passage.name.clone(),
        page: passage.page,
        start: passage.start + span.start,
        end: passage.start + span.end,
        quote: words::slice(&passage.text, span).to_owned(),
        page_hash: passage.page_hash.clone(),
        place: passage.place.clone(),
        now: Default::default(),
        now_called: None,
    };
    Some(Closest { citation, share })
}

fn candidates(n: usize, passage: &Passage) -> Vec<Candidate> {
    let stems = Stems::of(passage.language.as_deref());
    let read = |part: Part| {
        let said = words::slice(&passage.text, part.span);
        let mut all = words::words(said);
        let figure = !super::claim::numbers(&all, said).is_empty();
        // What a row is about stands in its table's head.
        let head = part.head.map(|head| words::slice(&passage.text, head));
        let head = head.or(passage.header.as_deref().filter(|_| part.row));
        all.extend(head.map(words::words).unwrap_or_default());
        let ends = said.trim_end().ends_with(['.', '!', '?', '…', '。', '"', '”', '»', ')']);
        Candidate {
            passage: n,
            span: part.span,
            row: part.row,
            open: !ends && !part.row,
            figure,
            stems: all.iter().map(|word| stems.stem(&word.folded)).collect(),
            content: all.iter().filter(|w| is_content(&w.folded)).map(|word| stems.stem(&word.folded)).collect(),
        }
    };
    parts(&passage.text).into_iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cite::tests::passage;

    #[test]
    fn the_sentence_that_answers_is_the_closest() {
        let passages = [
            passage("The annual rent is 96,000 pounds. It is paid quarterly. The deposit is three months of rent."),
            passage("The tenant keeps the windows clean. Pets are not allowed."),
        ];
        for (question, expected) in [
            ("How much is the annual rent?", Some("The annual rent is 96,000 pounds.")),
            ("How many months of rent is the deposit?", Some("The deposit is three months of rent.")),
            ("Are pets allowed?", Some("Pets are not allowed.")),
            ("Who won the marathon?", None),
        ] {
            let found = closest(question, &passages).map(|found| found.quote);
            assert_eq!(found.as_deref(), expected, "{question}");
        }
    }

    #[test]
    fn a_name_and_a_heading_are_not_what_was_asked() {
        let passages = [passage(
            "Premises: the third floor of Quayside House, 410 square metres. The annual rent is 96,000 pounds.\n\n\
             Replacement of the panel saw\n\nThe board agrees to the offer of Holtz for 18,400 euros.",
        )];
        for (question, expected) in [
            ("What is the annual rent of Quayside House?", "The annual rent is 96,000 pounds."),
            (
                "How much is the new panel saw?",
                "Replacement of the panel saw\n\nThe board agrees to the offer of Holtz for 18,400 euros.",
            ),
        ] {
            let found = nearest(question, &passages).map(|found| found.citation.quote).unwrap_or_default();
            assert!(found.contains(expected), "{question}: {found}");
        }
    }
}
