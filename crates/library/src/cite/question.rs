//! What a text asks: the sentences that are questions, without the story around them.
//!
//! People tell how an answer should look ("Round to two decimals. Use the balance sheet.") and what it
//! is for. Those words stand in no passage, and their absence says nothing about the question.

use super::claim;
use crate::{
    sentences::sentences,
    words::{self, Word},
};
use std::borrow::Cow;

/// A question with fewer content words ("Why?") leans on what is said around it.
const FEWEST_WORDS: usize = 2;

/// The sentences of a text that ask, where some do and say enough by themselves; else all of it.
pub fn asking(text: &str) -> Cow<'_, str> {
    let all = sentences(text, true).into_iter().map(|span| words::slice(text, span));
    let parts: Vec<&str> = all.filter(|part| super::asks(part)).collect();
    let asked = parts.join(" ");
    let content = words::words(&asked).into_iter().filter(|word| claim::is_content(&word.folded)).count();
    if content < FEWEST_WORDS || asked.len() == text.trim().len() { Cow::Borrowed(text) } else { Cow::Owned(asked) }
}

/// Words that ask together with the word before them: "how long", "wie hoch".
const ASK_TOGETHER: &[(&str, &[&str])] = &[
    ("how", &["long", "often", "soon", "old", "high", "large", "big", "far", "late", "early"]),
    ("wie", &["lange", "hoch", "viel", "viele", "oft", "alt", "gross", "weit", "lang", "spat", "fruh"]),
    ("combien", &["temps", "fois"]),
];
/// First words that say what is to be done with what is named after them.
const ORDERS: &[&str] = &[
    "summarise",
    "summarize",
    "summary",
    "explain",
    "describe",
    "list",
    "tell",
    "show",
    "give",
    "resume",
    "resumez",
    "resumer",
    "explique",
    "expliquez",
    "decris",
    "decrivez",
    "liste",
    "listez",
    "donne",
    "donnez",
    "fasse",
    "fassen",
    "erklare",
    "erklaren",
    "beschreibe",
    "beschreiben",
    "nenne",
    "nennen",
    "zeige",
    "zeigen",
];
/// The German verb that goes with `fasse`, at the end.
const TOGETHER: &str = "zusammen";

/// What a question is about: its words without those that only ask or order. They stand in no passage,
/// and their absence says nothing. All of them where nothing else would be left.
pub fn matter(question: &str) -> Cow<'_, str> {
    let all = words::words(question);
    let folded = |at: usize| all.get(at).map_or("", |word| word.folded.as_str());
    let ordered = ORDERS.contains(&folded(0));
    let asks = |at: usize| pairs(ASK_TOGETHER, &all, at) || (ordered && (at == 0 || folded(at) == TOGETHER));
    let leaves = (0..all.len()).any(|at| !asks(at) && claim::is_content(folded(at)));
    if !leaves || !(0..all.len()).any(asks) {
        return Cow::Borrowed(question);
    }
    let chars: Vec<char> = question.chars().collect();
    let mut kept = String::new();
    let mut from = 0;
    for at in (0..all.len()).filter(|at| asks(*at)) {
        kept.extend(&chars[from..all[at].span.start as usize]);
        from = all[at].span.end as usize;
    }
    kept.extend(&chars[from..]);
    Cow::Owned(kept.trim().to_owned())
}

/// Whether a word stands in a table of pairs together with the word before it.
fn pairs(table: &[(&str, &[&str])], all: &[Word], at: usize) -> bool {
    let folded = |at: usize| all[at].folded.as_str();
    at > 0 && table.iter().any(|(first, more)| folded(at - 1) == *first && more.contains(&folded(at)))
}

/// Whether words ask how long, how high or the like: for a figure.
pub fn asks_how(all: &[Word]) -> bool {
    (0..all.len()).any(|at| pairs(ASK_TOGETHER, all, at))
}

/// Words after which stands what is counted: "how many hours", "wie viele Tage", "combien de mois".
const COUNTED: &[(&str, &[&str])] = &[("how", &["many"]), ("wie", &["viele"]), ("combien", &["de", "d"])];

/// What a question counts, folded; None where it counts nothing.
pub fn unit(question: &str) -> Option<String> {
    let all = words::words(question);
    let at = (0..all.len()).find(|at| pairs(COUNTED, &all, *at))?;
    all.get(at + 1).map(|word| word.folded.clone()).filter(|word| claim::is_content(word) && word != "temps")
}

#[cfg(test)]
mod tests {
    use super::{asking, matter, unit};

    #[test]
    fn what_is_counted() {
        for (question, expected) in [
            ("Within how many hours must it be reported?", Some("hours")),
            ("Wie viele Tage gilt es?", Some("tage")),
            ("Combien de mois dure le préavis ?", Some("mois")),
            ("Combien de temps dure le préavis ?", None),
            ("How many of them are there?", None),
            ("How long is it?", None),
        ] {
            assert_eq!(unit(question).as_deref(), expected, "{question}");
        }
    }

    #[test]
    fn what_only_asks_or_orders_is_not_what_it_is_about() {
        for (question, expected) in [
            ("Summarise the lease.", "the lease."),
            ("Fasse den Mietvertrag zusammen.", "den Mietvertrag ."),
            ("Résume le bail", "le bail"),
            ("Wie lange ist die Gewährleistungsfrist?", "Wie  ist die Gewährleistungsfrist?"),
            ("How long is the long lease?", "How  is the long lease?"),
            ("Combien de temps ?", "Combien de temps ?"),
            ("Explain!", "Explain!"),
            ("Who may list the shares?", "Who may list the shares?"),
        ] {
            assert_eq!(matter(question), expected);
        }
    }

    #[test]
    fn what_is_told_around_a_question_is_not_asked() {
        for (text, expected) in [
            ("What is the notice period?", "What is the notice period?"),
            ("notice period", "notice period"),
            ("Summarise the lease.", "Summarise the lease."),
            (
                "What is the capital expenditure of 3M for 2018? Round your answer to two decimals. Use the cash flow statement.",
                "What is the capital expenditure of 3M for 2018?",
            ),
            (
                "We look at the offer of May.\nWho signed the offer? And when was the offer signed?",
                "Who signed the offer? And when was the offer signed?",
            ),
            ("The tenant wants to leave in May. Why?", "The tenant wants to leave in May. Why?"),
            (
                "Wir ziehen um. Wie lange ist die Kündigungsfrist für die Wohnung?",
                "Wie lange ist die Kündigungsfrist für die Wohnung?",
            ),
            ("", ""),
        ] {
            assert_eq!(asking(text), expected);
        }
    }
}
