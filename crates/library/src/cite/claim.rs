//! What a sentence claims: its content words, numbers, names, and how often it denies.

use super::denial::denials;
use crate::words::{self, Word};

/// A sentence of an answer, ready to be compared.
pub struct Claim {
    /// All its words in order.
    pub all: Vec<Word>,
    /// Content words with their folded forms, numbers left out.
    pub content: Vec<Word>,
    /// Numbers in plain digits.
    pub numbers: Vec<String>,
    /// Folded names: capitalised words inside the sentence.
    pub names: Vec<String>,
    /// How often it denies something.
    pub denies: usize,
}

impl Claim {
    /// Reads a sentence. Notes such as `[2]` are not part of it.
    pub fn of(sentence: &str) -> Self {
        let sentence = without_notes(sentence);
        let all = words::words(&sentence);
        let german = words::language(&sentence) == Some("de");
        let (numbers, denials) = (numbers(&all, &sentence), denials(&all, &sentence));
        let denies = denials.len();
        let mut claim = Self { all: Vec::new(), content: Vec::new(), numbers, names: Vec::new(), denies };
        for (n, word) in all.iter().enumerate() {
            if as_number(word).is_some() || words::is_function_word(&word.folded) || denials.contains(&n) {
                continue;
            }
            // In German every noun has a capital; in others a capital inside a sentence is a name.
            let name =
                word.capital && n > 0 && !german && word.folded.chars().count() > 1 && !follows_stop(&sentence, word);
            if name {
                claim.names.push(word.folded.clone());
            }
            claim.content.push(word.clone());
        }
        claim.all = all;
        claim
    }

    /// Nothing that could be checked ("Yes.", "Here it is:").
    pub fn is_empty(&self) -> bool {
        self.numbers.is_empty() && self.is_bare()
    }

    /// Nothing but numbers.
    pub fn is_bare(&self) -> bool {
        self.content.iter().all(|w| is_filler(&w.folded))
    }
}

/// Whether a folded word carries content: it is neither a function word nor a filler.
pub fn is_content(folded: &str) -> bool {
    !words::is_function_word(folded) && !is_filler(folded)
}

/// Words of an answer that claim nothing by themselves.
pub fn is_filler(folded: &str) -> bool {
    matches!(
        folded,
        "answer"
            | "question"
            | "document"
            | "documents"
            | "passage"
            | "passages"
            | "source"
            | "sources"
            | "text"
            | "following"
            | "according"
            | "based"
            | "yes"
            | "reponse"
            | "oui"
            | "non"
            | "selon"
            | "antwort"
            | "frage"
            | "dokument"
            | "dokumente"
            | "laut"
            | "ja"
            | "nein"
            | "okay"
            | "sure"
            | "here"
            | "summary"
            | "voici"
            | "also"
            | "provided"
            | "states"
            | "mentioned"
            | "says"
            | "stated"
    )
}

/// A capital after a colon, a dash or a bold mark begins a phrase, not a name.
fn follows_stop(sentence: &str, word: &Word) -> bool {
    let before =
        words::slice(sentence, protocol::Span { start: word.span.start.saturating_sub(3), end: word.span.start });
    let before = before.trim_end_matches([' ', '"', '“', '«', '(', '*', '_']);
    before.ends_with([':', ';', '—', '–']) || before.is_empty()
}

fn without_notes(sentence: &str) -> String {
    let mut clean = String::with_capacity(sentence.len());
    let mut rest = sentence;
    while let Some(open) = rest.find('[') {
        let (before, from) = rest.split_at(open);
        clean.push_str(before);
        let close =
            from.find(']').filter(|c| *c > 1 && from[1..*c].bytes().all(|b| b.is_ascii_digit() || b", -".contains(&b)));
        match close {
            Some(close) => rest = &from[close + 1..],
            None => {
                clean.push('[');
                rest = &from[1..];
            }
        }
    }
    clean.push_str(rest);
    clean
}

/// The numbers among words, in plain digits: `1,200`, `1 200`, `1.200` and `1200` are the same.
pub fn numbers(all: &[Word], text: &str) -> Vec<String> {
    let mut found: Vec<(String, u32)> = Vec::new();
    for word in all {
        let Some(number) = as_number(word) else { continue };
        // "2 400": groups of three after a space belong together.
        let grouped = word.folded.len() == 3 && word.folded.bytes().all(|b| b.is_ascii_digit());
        if grouped
            && let Some((last, end)) = found.last_mut()
            && *end + 1 == word.span.start
            && last.len() <= 9
            && last.bytes().all(|b| b.is_ascii_digit())
            && matches!(
                words::slice(text, protocol::Span { start: *end, end: word.span.start }),
                " " | "\u{a0}" | "\u{202f}" | "’" | "'"
            )
        {
            last.push_str(&number);
            *end = word.span.end;
            continue;
        }
        found.push((number, word.span.end));
    }
    found.into_iter().map(|(number, _)| number).collect()
}

/// The plain digits of a number or number word; None for other words.
pub fn as_number(word: &Word) -> Option<String> {
    if let Some((_, digits)) = NUMBER_WORDS.iter().find(|(name, _)| *name == word.folded) {
        return Some((*digits).to_owned());
    }
    let text = word.folded.as_str();
    if !text.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let body = text.trim_end_matches(|c: char| c.is_alphabetic());
    // 1.200 and 1,200 group by three; 4.5 and 4,5 have a fraction.
    let groups: Vec<&str> = body.split(['.', ',']).collect();
    let grouped =
        groups.len() > 1 && groups[1..].iter().all(|g| g.len() == 3) && groups[0].len() <= 3 && groups[0] != "0";
    if grouped {
        return Some(groups.concat());
    }
    let plain = body.replace(',', ".");
    let plain = if plain.contains('.') { plain.trim_end_matches('0').trim_end_matches('.').to_owned() } else { plain };
    Some(if plain.is_empty() { "0".into() } else { plain })
}

/// Small numbers in words, folded. One is left out: it is an article in most languages.
const NUMBER_WORDS: &[(&str, &str)] = &[
    ("two", "2"),
    ("three", "3"),
    ("four", "4"),
    ("five", "5"),
    ("six", "6"),
    ("seven", "7"),
    ("eight", "8"),
    ("nine", "9"),
    ("ten", "10"),
    ("eleven", "11"),
    ("twelve", "12"),
    ("thirteen", "13"),
    ("fourteen", "14"),
    ("fifteen", "15"),
    ("sixteen", "16"),
    ("seventeen", "17"),
    ("eighteen", "18"),
    ("nineteen", "19"),
    ("twenty", "20"),
    ("thirty", "30"),
    ("forty", "40"),
    ("fifty", "50"),
    ("sixty", "60"),
    ("seventy", "70"),
    ("eighty", "80"),
    ("ninety", "90"),
    ("hundred", "100"),
    ("zwei", "2"),
    ("drei", "3"),
    ("vier", "4"),
    ("funf", "5"),
    ("sechs", "6"),
    ("sieben", "7"),
    ("acht", "8"),
    ("neun", "9"),
    ("zehn", "10"),
    ("elf", "11"),
    ("zwolf", "12"),
    ("dreizehn", "13"),
    ("vierzehn", "14"),
    ("funfzehn", "15"),
    ("sechzehn", "16"),
    ("siebzehn", "17"),
    ("achtzehn", "18"),
    ("neunzehn", "19"),
    ("zwanzig", "20"),
    ("dreissig", "30"),
    ("vierzig", "40"),
    ("funfzig", "50"),
    ("sechzig", "60"),
    ("siebzig", "70"),
    ("achtzig", "80"),
    ("neunzig", "90"),
    ("hundert", "100"),
    ("deux", "2"),
    ("trois", "3"),
    ("quatre", "4"),
    ("cinq", "5"),
    ("sept", "7"),
    ("huit", "8"),
    ("neuf", "9"),
    ("dix", "10"),
    ("onze", "11"),
    ("douze", "12"),
    ("treize", "13"),
    ("quatorze", "14"),
    ("quinze", "15"),
    ("seize", "16"),
    ("vingt", "20"),
    ("trente", "30"),
    ("quarante", "40"),
    ("cinquante", "50"),
    ("soixante", "60"),
    ("cent", "100"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_plain() {
        for (text, expected) in [
            ("1,200 and 1.200 and 1 200 and 1’200", &["1200", "1200", "1200", "1200"][..]),
            ("4.5 % or 4,50 %", &["4.5", "4.5"]),
            ("on 31 December 2024", &["31", "2024"]),
            ("ninety (90) days", &["90", "90"]),
            ("2400 euros, 12 000 000 €", &["2400", "12000000"]),
            ("drei Monate, trois mois", &["3", "3"]),
            ("section 12b", &["12"]),
            ("3.10.2025", &["3.10.2025"]),
            ("0.750", &["0.75"]),
            ("no numbers", &[]),
        ] {
            assert_eq!(numbers(&words::words(text), text), expected, "{text}");
        }
    }

    #[test]
    fn what_a_sentence_claims() {
        let claim = Claim::of("According to the lease [1, 3], Anna Berg pays 90 days, not 60.");
        let content: Vec<_> = claim.content.iter().map(|w| w.folded.as_str()).collect();
        assert_eq!(content, ["according", "lease", "anna", "berg", "pays", "days"]);
        assert_eq!(
            (claim.numbers, claim.names, claim.denies),
            (vec!["90".into(), "60".into()], vec!["anna".to_owned(), "berg".into()], 1)
        );
        for empty in ["Yes.", "Here is the answer:", "Selon les documents :", "[1]"] {
            assert!(Claim::of(empty).is_empty(), "{empty}");
        }
    }
}
