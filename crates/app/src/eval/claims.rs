//! True and false answers to a question, made by a program of the text that answers it: what a model
//! might say, without a model.

/// What could be said to a question.
pub(super) struct Claim {
    pub text: String,
    /// Whether the text says so.
    pub is_true: bool,
    /// How it was made.
    pub kind: Kind,
}

/// How an answer was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// The answer alone.
    Alone,
    /// The answer in the question's words.
    InWords,
    /// The sentence of the text.
    Sentence,
    /// The sentence with another question's answer.
    WrongAnswer,
    /// The sentence with its negation flipped.
    Flipped,
    /// The sentence with a clause of another text.
    Added,
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Alone => "the answer alone",
            Self::InWords => "in the question's words",
            Self::Sentence => "the text's sentence",
            Self::WrongAnswer => "with a wrong answer",
            Self::Flipped => "its negation flipped",
            Self::Added => "a strange clause added",
        }
    }
}

/// A text and a question about it.
pub(super) struct About<'a> {
    pub question: &'a str,
    pub answer: &'a str,
    pub source: &'a str,
    /// Another question's answer and text.
    pub other: Option<(&'a str, &'a str)>,
}

/// The claims; none where the answer stands in no whole sentence of the text.
pub(super) fn claims(about: &About<'_>) -> Vec<Claim> {
    let Some(said) = sentence_with(about.source, about.answer) else { return Vec::new() };
    let claim = |text: String, is_true: bool, kind: Kind| Claim { text, is_true, kind };
    let mut all = vec![
        claim(about.answer.to_owned(), true, Kind::Alone),
        claim(in_the_words_of(about.question, about.answer), true, Kind::InWords),
        claim(said.to_owned(), true, Kind::Sentence),
    ];
    all.extend(flipped(said).map(|text| claim(text, false, Kind::Flipped)));
    if let Some((answer, source)) = about.other {
        if !about.source.contains(answer) {
            all.push(claim(said.replacen(about.answer, answer, 1), false, Kind::WrongAnswer));
        }
        let added = sentence(source).and_then(|strange| with_clause_of(said, strange));
        all.extend(added.map(|text| claim(text, false, Kind::Added)));
    }
    all
}

/// "What is the capital of X?" and "Y" as a model would say it: the question's words, then the answer.
fn in_the_words_of(question: &str, answer: &str) -> String {
    let words = question.trim_end_matches(['?', ' ']);
    let rest = words.split_once(' ').map_or(words, |(_, rest)| rest);
    format!("{rest} {answer}.")
}

/// The sentence around an answer; None for titles and scraps.
pub(super) fn sentence_with<'a>(source: &'a str, answer: &str) -> Option<&'a str> {
    if answer.is_empty() {
        return None;
    }
    let ends = |part: &str| part.find(". ").map(|n| n + 1).into_iter().chain(part.find('\n')).min();
    source.match_indices(answer).find_map(|(at, _)| {
        let before = source[..at].rfind(". ").map(|n| n + 2).into_iter().chain(source[..at].rfind('\n').map(|n| n + 1));
        let start = before.max().unwrap_or(0);
        let end = ends(&source[at..]).map_or(source.len(), |n| at + n);
        let sentence = source.get(start..end)?.trim();
        (sentence.split_whitespace().count() > 6).then_some(sentence)
    })
}

/// A sentence of a text, of a usual length.
fn sentence(body: &str) -> Option<&str> {
    let usual = |s: &&str| (8..=35).contains(&s.split_whitespace().count()) && !s.contains('\n');
    body.split(". ").skip(1).find(usual)
}

/// A true sentence with the end of a strange one added to it.
fn with_clause_of(sentence: &str, strange: &str) -> Option<String> {
    let words: Vec<&str> = strange.trim_end_matches('.').split_whitespace().collect();
    let clause = words.get(words.len().checked_sub(7)?..)?.join(" ");
    Some(format!("{}, and {clause}.", sentence.trim_end_matches('.')))
}

/// An English sentence that says the opposite: the first auxiliary denied, or its denial taken away.
fn flipped(sentence: &str) -> Option<String> {
    if sentence.contains(" not ") {
        return Some(sentence.replacen(" not ", " ", 1));
    }
    let verbs = [" is ", " are ", " was ", " were ", " can ", " may ", " will ", " has ", " have ", " had ", " must "];
    let (at, verb) = verbs.iter().filter_map(|verb| Some((sentence.find(verb)?, verb))).min()?;
    let end = at + verb.len();
    Some(format!("{}not {}", &sentence[..end], &sentence[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_are_made_of_the_sentence_with_the_answer() {
        let source = "Title\nThe lease was signed in the town hall of Basel in May. The rent is 900 euros.";
        let other = "Nothing at first. The supplier delivers the goods within fourteen days of the written order. End.";
        let about = About {
            question: "Where was the lease signed?",
            answer: "Basel",
            source,
            other: Some(("fourteen", other)),
        };
        let all: Vec<(Kind, bool, String)> = claims(&about).into_iter().map(|c| (c.kind, c.is_true, c.text)).collect();
        let said = |text: &str| text.to_owned();
        assert_eq!(
            all,
            [
                (Kind::Alone, true, said("Basel")),
                (Kind::InWords, true, said("was the lease signed Basel.")),
                (Kind::Sentence, true, said("The lease was signed in the town hall of Basel in May.")),
                (Kind::Flipped, false, said("The lease was not signed in the town hall of Basel in May.")),
                (Kind::WrongAnswer, false, said("The lease was signed in the town hall of fourteen in May.")),
                (
                    Kind::Added,
                    false,
                    said(
                        "The lease was signed in the town hall of Basel in May, and within fourteen days of the written order."
                    )
                ),
            ]
        );
        assert!(claims(&About { answer: "Zurich", ..about }).is_empty());
        assert_eq!(sentence_with("Short Basel.", "Basel"), None);
    }
}
