//! What a text asks: the sentences that are questions, without the story around them.
//!
//! People tell how an answer should look ("Round to two decimals. Use the balance sheet.") and what it
//! is for. Those words stand in no passage, and their absence says nothing about the question.

use super::claim;
use crate::{sentences::sentences, words};
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

#[cfg(test)]
mod tests {
    use super::asking;

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
