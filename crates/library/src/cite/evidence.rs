//! What a passage says about a claim: the quote that supports it.

use super::{
    Passage,
    claim::{Claim, as_number, is_content, is_filler, numbers},
    denial::{denials, is_without},
    parts::{Part, parts},
    roles::exchanged,
    slots::{aligned, misattributed, replaced},
};
use crate::words::{self, Stems, Word};
use protocol::Span;
use std::collections::HashSet;

/// The least share of a claim's content words that a quote must hold. With it and the next, on altered
/// sentences of piaf-fr and scifact, 7 of 459 flipped negations and 4 of 876 strange clauses are cited,
/// and 97 % of sentences with every fifth word left out.
const LEAST_SHARE: f32 = 0.6;
/// Claims with so few content words must be found whole.
const FEW_WORDS: usize = 2;
/// So many content words of a claim in a row that the quote does not have are an addition to it.
const ADDED_IN_A_ROW: usize = 2;
/// A quote is at most so many sentences.
const MOST_SENTENCES: usize = 2;
/// A second sentence must add so much to the share.
const SECOND_ADDS: f32 = 0.15;
/// A sentence that supports a bare number has so many content words besides.
const LEAST_SAID: usize = 2;
/// A longer quote is cut to the words that count.
const LONGEST_QUOTE: u32 = 400;
/// Words kept on either side of a cut quote.
const AROUND_CUT: usize = 6;

/// A quote for a claim.
pub struct Support {
    /// Its chars in the passage's text.
    pub quote: Span,
    /// The share of the claim's content words that it holds.
    pub share: f32,
}

/// A passage, ready to be compared with claims.
pub struct Source<'a> {
    text: &'a str,
    stems: Stems,
    sentences: Vec<Sentence>,
    /// Folded words of the whole passage, its heading and its document's name: where names may stand.
    names: HashSet<String>,
}

struct Sentence {
    span: Span,
    /// Whether it is a row of a table: no part of a longer quote.
    row: bool,
    words: Vec<(Word, String)>,
    numbers: Vec<String>,
    /// Those that are marks of places in a list.
    marks: Vec<String>,
    denies: usize,
    /// What it says something is without, as stems: that denies nothing of a claim that does not name it.
    without: Vec<String>,
}

impl Sentence {
    /// Reads a sentence, or a row with its table's head. Of that the figures are not the row's.
    /// `header` is the header row of the table that the text begins in the middle of.
    fn of(text: &str, part: Part, header: Option<&str>, stems: &Stems) -> Self {
        let mut read = Self {
            span: part.span,
            row: part.row,
            words: Vec::new(),
            numbers: Vec::new(),
            marks: words::slice(text, part.span).lines().filter_map(mark).map(str::to_owned).collect(),
            denies: 0,
            without: Vec::new(),
        };
        // It stands before the text: its words have no place in it.
        let header = header.filter(|_| part.row && part.head.is_none()).unwrap_or_default();
        let here = Span { start: part.span.start, end: part.span.start };
        read.words.extend(words::words(header).into_iter().map(|mut word| {
            word.span = here;
            let stem = stems.stem(&word.folded);
            (word, stem)
        }));
        for (span, own) in part.head.map(|head| (head, false)).into_iter().chain([(part.span, true)]) {
            let said = words::slice(text, span);
            let all = words::words(said);
            if own {
                read.numbers = numbers(&all, said);
            }
            for denial in denials(&all, said) {
                let lacking = all[denial + 1..].iter().find(|word| !words::is_function_word(&word.folded));
                match lacking.filter(|_| is_without(&all[denial].folded)) {
                    Some(lacking) => read.without.push(stems.stem(&lacking.folded)),
                    None => read.denies += 1,
                }
            }
            read.words.extend(all.into_iter().map(|mut word| {
                word.span = Span { start: word.span.start + span.start, end: word.span.end + span.start };
                let stem = stems.stem(&word.folded);
                (word, stem)
            }));
        }
        read
    }

    /// Whether it has a number besides the mark of its place in a list: "5. Security".
    fn counts(&self, number: &str) -> bool {
        let times = |all: &[String]| all.iter().filter(|n| *n == number).count();
        times(&self.numbers) > times(&self.marks)
    }

    /// How many words it says something with.
    fn says(&self) -> usize {
        self.words.iter().filter(|(word, _)| as_number(word).is_none() && is_content(&word.folded)).count()
    }
}

impl<'a> Source<'a> {
    /// Reads a passage.
    pub fn of(passage: &'a Passage) -> Self {
        let stems = Stems::of(passage.language.as_deref());
        let text = passage.text.as_str();
        let header = passage.header.as_deref();
        let sentences = parts(text).into_iter().map(|part| Sentence::of(text, part, header, &stems)).collect();
        let around =
            [text, passage.section.as_deref().unwrap_or_default(), header.unwrap_or_default(), passage.name.as_str()];
        let names = around.iter().flat_map(|t| words::words(t)).map(|w| w.folded).collect();
        Self { text, stems, sentences, names }
    }

    /// The best quote for a claim, if the passage supports it.
    pub fn support(&self, claim: &Claim) -> Option<Support> {
        if !claim.names.iter().all(|name| self.names.contains(name)) {
            return None;
        }
        let wanted: HashSet<String> =
            claim.content.iter().filter(|w| !is_filler(&w.folded)).map(|w| self.stems.stem(&w.folded)).collect();
        let claimed = aligned(claim.all.iter().map(|w| (w, self.stems.stem(&w.folded))));
        let mut best: Option<(Support, usize, usize, f32)> = None;
        for first in 0..self.sentences.len() {
            for count in 1..=MOST_SENTENCES.min(self.sentences.len() - first) {
                let window = &self.sentences[first..first + count];
                if count > 1 && window.iter().any(|sentence| sentence.row) {
                    continue;
                }
                if !window.iter().all(|sentence| is_needed(sentence, window, &wanted, claim)) {
                    continue;
                }
                let Some(share) = share(window, &wanted, claim) else { continue };
                // One sentence is a better quote than two that say hardly more.
                let there = aligned(window.iter().flat_map(|s| &s.words).map(|(w, stem)| (w, stem.clone())));
                let altered =
                    replaced(&claimed, &there) || misattributed(&claimed, &there) || exchanged(&claimed, &there);
                if altered || self.adds(claim, window) {
                    continue;
                }
                let worth = share - SECOND_ADDS * (count - 1) as f32;
                if best.as_ref().is_none_or(|(_, _, _, most)| worth > *most) {
                    let quote = Span { start: window[0].span.start, end: window[count - 1].span.end };
                    best = Some((Support { quote, share }, first, count, worth));
                }
            }
        }
        let (mut support, first, count, _) = best?;
        let least = if wanted.len() <= FEW_WORDS { 1.0 } else { LEAST_SHARE };
        if support.share < least {
            return None;
        }
        if support.quote.end - support.quote.start > LONGEST_QUOTE {
            support.quote = self.cut(&self.sentences[first..first + count], &wanted).unwrap_or(support.quote);
        }
        (!words::slice(self.text, support.quote).is_empty()).then_some(support)
    }

    /// Whether the claim says something more: content words in a row that the window does not have.
    fn adds(&self, claim: &Claim, window: &[Sentence]) -> bool {
        let there: HashSet<&str> = window.iter().flat_map(|s| &s.words).map(|(_, stem)| stem.as_str()).collect();
        let mut content = claim.content.iter().peekable();
        let mut in_a_row = 0;
        for word in &claim.all {
            if as_number(word).is_some() {
                in_a_row = 0;
            } else if content.next_if(|next| next.span == word.span).is_some() && !is_filler(&word.folded) {
                let known =
                    there.contains(self.stems.stem(&word.folded).as_str()) || claim.names.contains(&word.folded);
                in_a_row = if known { 0 } else { in_a_row + 1 };
            }
            if in_a_row >= ADDED_IN_A_ROW {
                return true;
            }
        }
        false
    }

    /// The part of a long quote between its first and last word that counts, with a few words around.
    fn cut(&self, window: &[Sentence], wanted: &HashSet<String>) -> Option<Span> {
        let all: Vec<_> = window.iter().flat_map(|s| &s.words).collect();
        let hit = |(word, stem): &&(Word, String)| wanted.contains(stem) || word.is_number();
        let first = all.iter().position(hit)?.saturating_sub(AROUND_CUT);
        let last = (all.iter().rposition(hit)? + AROUND_CUT).min(all.len() - 1);
        Some(Span { start: all[first].0.span.start, end: all[last].0.span.end })
    }
}

/// The number at the beginning of a line that says where in a list the line stands.
fn mark(line: &str) -> Option<&str> {
    let (number, rest) = line.trim_start().split_once(['.', ')'])?;
    let alone = rest.is_empty() || rest.starts_with(char::is_whitespace);
    (alone && (1..=3).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit())).then_some(number)
}

/// Whether a window would hold less without one of its sentences: a neighbour that says nothing to the
/// claim is no part of its quote, and what it denies does not count.
fn is_needed(sentence: &Sentence, window: &[Sentence], wanted: &HashSet<String>, claim: &Claim) -> bool {
    let others = || window.iter().filter(|other| !std::ptr::eq(*other, sentence));
    if others().next().is_none() {
        return true;
    }
    let number = |n: &&String| sentence.numbers.contains(n) && !others().any(|other| other.numbers.contains(n));
    if claim.numbers.iter().any(|n| number(&n)) {
        return true;
    }
    let there: HashSet<&str> = others().flat_map(|other| held(other, wanted)).collect();
    let added = held(sentence, wanted).difference(&there).count();
    added as f32 >= SECOND_ADDS * wanted.len() as f32 && added > 0
}

/// The wanted stems that a sentence holds.
fn held<'s>(sentence: &'s Sentence, wanted: &HashSet<String>) -> HashSet<&'s str> {
    sentence.words.iter().map(|(_, stem)| stem.as_str()).filter(|stem| wanted.contains(*stem)).collect()
}

/// The share of the wanted stems that a window holds; None when it contradicts the claim.
fn share(window: &[Sentence], wanted: &HashSet<String>, claim: &Claim) -> Option<f32> {
    if !claim.numbers.iter().all(|n| window.iter().any(|s| s.numbers.contains(n))) {
        return None;
    }
    let lacking = window.iter().flat_map(|s| &s.without).filter(|stem| wanted.contains(*stem)).count();
    if window.iter().map(|s| s.denies).sum::<usize>() + lacking != claim.denies {
        return None;
    }
    // A word alone is no claim that a heading of that word supports.
    if wanted.len() == 1 && claim.numbers.is_empty() && window.iter().all(|s| s.says() < LEAST_SAID) {
        return None;
    }
    if wanted.is_empty() {
        // A bare number: supported by a sentence that says something with it, not by a section's number.
        let there = |n: &String| window.iter().any(|s| s.says() >= LEAST_SAID && s.counts(n));
        return claim.numbers.iter().all(there).then_some(1.0);
    }
    let there: HashSet<&str> = window.iter().flat_map(|s| &s.words).map(|(_, stem)| stem.as_str()).collect();
    Some(wanted.iter().filter(|w| there.contains(w.as_str())).count() as f32 / wanted.len() as f32)
}
