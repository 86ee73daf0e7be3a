//! Whether a question is answered: by the passages that were found for it, and by what is written.

use super::{
    Cited, Passage, claim,
    slots::{self, Slot},
};
use crate::words::{self, Stems};
use protocol::Span;
use std::collections::HashSet;

/// The least score of the best passage where only words were compared: the largest, in steps of 0.05,
/// at which piaf-fr and scifact still answer four fifths of what they can (82.7 and 82.9 %; 48.7 % of
/// what they cannot is refused). On xquad-en, which it was not set on: 93.0 and 78.6 %
/// (docs/decisions/0006-citations.md).
pub const ANSWERABLE_BY_WORDS: f32 = 0.45;
/// The least score of the best passage where meaning was compared too, by the same rule on piaf-fr
/// (81.4 and 53.3 %). On xquad-en: 94.0 and 73.8 %.
pub const ANSWERABLE_BY_MEANING: f32 = 0.45;
/// A sentence answers a question when it or its quote holds at least this share of the question's words:
/// one that is merely true, and about something else, answers nothing.
const LEAST_ASKED: f32 = 0.34;
/// How much the nearness in meaning counts in the score, where it was computed.
const MEANING_WEIGHT: f32 = 0.5;

/// How good the best passage for a question is, and how good it must be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// 0 to 1.
    pub score: f32,
    /// The least score that answers a question: a measured threshold, not a proof.
    pub threshold: f32,
}

impl Score {
    /// Whether it is good enough.
    pub fn answers(&self) -> bool {
        self.score >= self.threshold
    }
}

/// The score of the passage that comes nearest to answering, or passes the threshold by most. It
/// looks only at [`Passage::words`] and [`Passage::meaning`].
pub fn score(passages: &[Passage]) -> Score {
    let none = Score { score: 0.0, threshold: ANSWERABLE_BY_WORDS };
    passages.iter().map(score_of).fold(none, |best, next| {
        let over = |s: &Score| s.score - s.threshold;
        if over(&next) > over(&best) { next } else { best }
    })
}

fn score_of(passage: &Passage) -> Score {
    match passage.meaning {
        Some(meaning) => Score {
            score: (1.0 - MEANING_WEIGHT) * passage.words + MEANING_WEIGHT * meaning,
            threshold: ANSWERABLE_BY_MEANING,
        },
        None => Score { score: passage.words, threshold: ANSWERABLE_BY_WORDS },
    }
}

/// Words of questions that ask for a figure or a date, folded.
const ASKS_FIGURE: [&str; 14] = [
    "many", "much", "long", "when", "soon", "often", "combien", "quand", "delai", "viel", "viele", "lange", "wann",
    "kostet",
];

/// Whether a question asks for a figure or a date.
pub fn asks_figure(question: &str) -> bool {
    let words = words::words(question);
    words.iter().any(|word| ASKS_FIGURE.contains(&word.folded.as_str())) || super::question::asks_how(&words)
}

impl Cited {
    /// Whether what answers the question is supported: some sentence that has to do with it is, and none
    /// that nothing supports says more to it or brings a figure of its own. A true remark beside an
    /// invented answer does not make the answer true, nor does a true answer an invented figure beside it.
    pub fn answers(&self, question: &str, answer: &str) -> bool {
        let asked = Asked::of(question, answer);
        let cited = self.citations.iter().filter_map(|citation| {
            let sentence = words::slice(answer, Span { start: self.begins(answer, citation.at), end: citation.at });
            asked.answered(sentence, &citation.quote)
        });
        let unsupported = self.unsupported.iter().map(|span| asked.said(words::slice(answer, *span))).max();
        cited.max().is_some_and(|best| unsupported.is_none_or(|other| best >= other))
            && !self.invents_figure(question, answer)
    }

    /// Whether an unsupported sentence has a number that neither a quote nor the question has.
    fn invents_figure(&self, question: &str, answer: &str) -> bool {
        let numbers = |text: &str| claim::numbers(&words::words(text), text);
        let quotes = self.citations.iter().map(|citation| citation.quote.as_str());
        let known: HashSet<String> = quotes.chain([question]).flat_map(numbers).collect();
        let said = self.unsupported.iter().flat_map(|span| numbers(words::slice(answer, *span)));
        said.into_iter().any(|number| !known.contains(&number))
    }

    /// Where the sentence that ends at `end` begins.
    fn begins(&self, answer: &str, end: u32) -> u32 {
        super::claims(answer).into_iter().find(|span| span.end == end).map_or(0, |span| span.start)
    }
}

/// What a question asks for.
struct Asked {
    stems: Stems,
    /// The stems of the words that it is about.
    words: HashSet<String>,
    /// The first of them.
    thing: Option<String>,
    /// What it counts: "how many hours".
    unit: Option<String>,
    /// Whether it asks for a figure or a date.
    figure: bool,
}

impl Asked {
    fn of(question: &str, answer: &str) -> Self {
        let question = &*super::asking(question);
        let stems = Stems::of(words::language(question).or_else(|| words::language(answer)));
        let about = content_words(&super::question::matter(question));
        // A name says of whom or what it is asked, and stands beside many things that are not asked.
        let names = claim::Claim::of(question).names;
        let plain: Vec<&String> = about.iter().filter(|word| !names.contains(word)).collect();
        let about = if plain.is_empty() { about.iter().collect() } else { plain };
        Self {
            words: about.iter().map(|word| stems.stem(word)).collect(),
            thing: about.first().map(|word| stems.stem(word)),
            unit: super::question::unit(question).map(|word| stems.stem(&word)),
            figure: asks_figure(question),
            stems,
        }
    }

    /// Whether a text has the figure that is asked for, and how many of the question's words it holds.
    fn said(&self, text: &str) -> (bool, usize) {
        let held = contents(text, &self.stems);
        let figure = self.figure && !claim::numbers(&words::words(text), text).is_empty();
        (figure, self.words.iter().filter(|stem| held.contains(*stem)).count())
    }

    /// The same of a sentence with its quote; None where it is true and no answer.
    fn answered(&self, sentence: &str, quote: &str) -> Option<(bool, usize)> {
        let (in_sentence, in_quote) = (self.said(sentence), self.said(quote));
        let mut held = all_stems(sentence, &self.stems);
        held.extend(all_stems(quote, &self.stems));
        // "Five days" is no answer to "how many hours", nor the day of delivery one to "how much is the price".
        if self.unit.as_ref().is_some_and(|unit| !held.contains(unit)) {
            return None;
        }
        if let Some(thing) = &self.thing {
            if self.figure && !held.contains(thing) {
                return None;
            }
            // Words of its own a bare "24,000" has none: its quote must have what is asked for, beside it.
            if in_sentence.1 == 0 {
                let there = contents(quote, &self.stems).contains(thing);
                let other = self.is_of_another(thing, sentence, quote);
                if other || (!there && in_quote.1 * 2 <= self.words.len()) {
                    return None;
                }
            }
        }
        // "900 euros" has none of the question's words; the quote that it repeats has.
        let share = in_sentence.1.max(in_quote.1);
        let least = (LEAST_ASKED * self.words.len() as f32).ceil() as usize;
        (share >= least).then_some((in_sentence.0, share))
    }

    /// Whether a bare figure is, in its quote, the figure of something else than what is asked for:
    /// "24,000" to "How much is the rent?" beside "The deposit is 24,000, or three rents".
    fn is_of_another(&self, thing: &str, sentence: &str, quote: &str) -> bool {
        let quote = slots::of(quote, &self.stems);
        // Of a date the first: the others are its own.
        let numbers = claim::numbers(&words::words(sentence), sentence);
        numbers.first().is_some_and(|number| {
            !slots::belongs(self.words.iter(), number, &quote)
                || slots::misattributed(&[Slot::thing(thing), Slot::number(number)], &quote)
        })
    }
}

/// The stems of all words of a text.
fn all_stems(text: &str, stems: &Stems) -> HashSet<String> {
    words::words(text).iter().map(|word| stems.stem(&word.folded)).collect()
}

/// The stems of a text's content words.
fn contents(text: &str, stems: &Stems) -> HashSet<String> {
    content_words(text).iter().map(|word| stems.stem(word)).collect()
}

/// The words of a text that carry content, folded, in order.
pub fn content_words(text: &str) -> Vec<String> {
    words::words(text).into_iter().map(|word| word.folded).filter(|word| claim::is_content(word)).collect()
}

/// All words of a text, folded, in order.
pub fn folded_words(text: &str) -> Vec<String> {
    words::words(text).into_iter().map(|word| word.folded).collect()
}

/// Whether any of the passages holds a content word of a text.
pub fn holds_any(text: &str, passages: &[Passage]) -> bool {
    let language = words::language(text);
    passages.iter().any(|passage| {
        let stems = Stems::of(passage.language.as_deref().or(language));
        let there = contents(&passage.text, &stems);
        contents(text, &stems).iter().any(|stem| there.contains(stem))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cite::{cite, tests::passage};

    #[test]
    fn a_true_remark_does_not_make_an_invented_answer_true() {
        let lease = passage(
            "The tenant of Quayside House pays 900 euros in rent every month. The lease began in May. Anna Keller \
             owns the house on the hill.",
        );
        for (question, answer, expected) in [
            ("How much rent does the tenant pay?", "The tenant pays 900 euros in rent every month.", true),
            ("How much rent does the tenant pay?", "900 euros.", true),
            ("How much rent does the tenant pay?", "The rent is 1,200 dollars.", false),
            ("How much rent does the tenant pay?", "The lease began in May. The rent is 1,200 dollars.", false),
            ("How much rent does the tenant pay?", "Anna Keller owns the house on the hill. She gets 1,200.", false),
            ("How much rent does the tenant pay?", "The tenant pays 900 euros in rent. Have a pleasant stay!", true),
            ("Who owns the house?", "Anna Keller owns the house on the hill. A friendly lady indeed.", true),
            ("Who owns the house?", "The lease began in May. Bert Maier owns the house.", false),
            ("Who owns the house?", "Anna Keller owns the house on the hill. She bought it in 2031.", false),
            ("Who owned the house in 2031?", "Anna Keller owns the house on the hill. She did in 2031.", true),
            ("How high is the price of the house?", "Anna Keller owns the house on the hill. It began in May.", false),
            ("How many days of rent does the tenant pay?", "The tenant pays 900 euros in rent every month.", false),
            ("How many euros does the tenant pay?", "The tenant pays 900 euros in rent every month.", true),
            ("How much is the deposit for the house?", "900 euros.", false),
            ("Who owns the house?", "", false),
            ("Who paints the kitchen of the house?", "The lease began in May.", false),
        ] {
            let cited = cite(answer, std::slice::from_ref(&lease));
            assert_eq!(cited.answers(question, answer), expected, "{question} {answer}: {cited:?}");
        }
    }

    #[test]
    fn a_date_is_an_answer_only_to_what_it_is_the_date_of() {
        let letter = passage("Mr Tregear, born 4 June 1957. Admitted 12 January 2025. Discharged 20 January 2025.");
        for (question, answer, expected) in [
            ("When was Mr Tregear born?", "The answer is: 4 June 1957", true),
            ("When was Mr Tregear born?", "The answer is: 20 January 2025", false),
            ("When was Mr Tregear discharged?", "20 January 2025", true),
        ] {
            let cited = cite(answer, std::slice::from_ref(&letter));
            assert_eq!(cited.answers(question, answer), expected, "{question} {answer}: {cited:?}");
        }
    }

    #[test]
    fn a_passage_of_another_meaning_is_not_one_without_meaning() {
        let with = |words, meaning| Passage { words, meaning, ..passage("x") };
        for (passages, expected) in [
            (vec![], 0.0),
            (vec![with(0.5, None)], 0.5),
            (vec![with(0.5, Some(0.0))], 0.25),
            (vec![with(0.5, Some(0.7))], 0.6),
            (vec![with(0.5, Some(0.1)), with(0.4, Some(0.6))], 0.5),
        ] {
            assert!((score(&passages).score - expected).abs() < 1e-6, "{passages:?}");
        }
        assert!(!score(&[]).answers());
    }

    #[test]
    fn what_a_question_is_about() {
        assert_eq!(content_words("And who signed it?"), ["signed"]);
        assert!(holds_any("Who is a tenant?", &[passage("The tenants pay.")]));
        assert!(!holds_any("What is the capital of Mongolia?", &[passage("The tenants pay.")]));
    }
}
