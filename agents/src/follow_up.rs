//! Is a question about what was just said, so that it cannot be searched for by itself?

use library::{Passage, content_words, holds_any};

/// Words that stand for something said before, in English, French and German; folded. Words that
/// open a sentence without pointing anywhere ("is it true", « y a-t-il », „gibt es“) are left out.
const POINTS_BACK: &[&str] = &[
    "it", "its", "they", "them", "their", "theirs", "he", "him", "his", "she", "her", "hers", "these", "those", "elle",
    "elles", "ils", "lui", "leur", "leurs", "son", "sa", "ses", "cela", "ca", "celui", "celle", "celles", "er", "ihn",
    "ihm", "sein", "seine", "seiner", "seinem", "seinen", "dessen", "deren", "dazu", "davon", "dafur", "damit",
    "dabei", "darin", "daruber",
];
/// With more content words of its own, a question stands by itself even if it points back.
const FEW_WORDS: usize = 4;
/// With so few content words it may lean on the question before it without saying so.
const ELLIPTIC: usize = 2;

/// Whether to search for a question together with the one before it, when by itself it finds nothing.
pub(crate) fn may_lean_on(question: &str) -> bool {
    let content = content_words(question).len();
    content <= ELLIPTIC || (content <= FEW_WORDS && points_back(question))
}

/// Whether a question says nothing without the one before it ("And when is it due?"): alone, its one
/// word is found wherever it stands.
pub(crate) fn leans_on(question: &str) -> bool {
    points_back(question) && content_words(question).len() <= ELLIPTIC
}

/// Whether what both questions found together is about this one. Words of the question before are
/// in all of it: they alone are no sign that this one is answered.
pub(crate) fn is_about(question: &str, passages: &[Passage]) -> bool {
    points_back(question) || content_words(question).is_empty() || holds_any(question, passages)
}

fn points_back(question: &str) -> bool {
    let words = library::folded_words(question);
    words.iter().any(|word| POINTS_BACK.contains(&word.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leans_on_the_question_before() {
        for (question, expected) in [
            ("And who signed it?", true),
            ("Why?", true),
            ("And for the deposit?", true),
            ("What is its notice period?", true),
            ("Et qui l'a signé ?", true),
            ("Quel est son montant ?", true),
            ("Und wer zahlt das?", true),
            ("Wie hoch ist seine Miete?", true),
            ("What is the capital of Mongolia?", true),
            ("Which country has the longest coastline?", false),
            ("Who won the marathon in Boston last year, and did he break the world record?", false),
        ] {
            assert_eq!(may_lean_on(question), expected, "{question}");
        }
    }

    #[test]
    fn what_says_nothing_alone() {
        for (question, expected) in [
            ("And when is it due?", true),
            ("Et qui l'a signé ?", false),
            ("And for the deposit?", false),
            ("Who pays its service charge and the rent?", false),
        ] {
            assert_eq!(leans_on(question), expected, "{question}");
        }
    }

    #[test]
    fn short_is_not_enough_to_be_about_it() {
        assert!(!is_about("What is the capital of Mongolia?", &[]));
        assert!(is_about("And who signed it?", &[]));
        assert!(is_about("Why?", &[]));
    }
}
