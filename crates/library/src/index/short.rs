//! Which abbreviations does a text explain? "Net Asset Value (NAV)", "NAV (Net Asset Value)".
//!
//! After Schwartz and Hearst (2003): every letter of the short form stands in the words beside it, in
//! order, and its first letter begins the first of them.

use crate::words;

/// A short form has at least and at most so many letters.
const LETTERS: std::ops::RangeInclusive<usize> = 2..=8;
/// The most that one text explains.
const MOST: usize = 32;
/// What stands between the two forms in the index's field, and before each.
const SIGN: char = '=';

/// What a text explains: short form and long form, folded, words separated by one space.
pub fn explained(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(open) = rest.find('(') {
        let (before, inside) = (&rest[..open], &rest[open + 1..]);
        let Some(close) = inside.find(')') else { break };
        let inner = inside[..close].trim().trim_matches(['"', '“', '”', '«', '»', '\'', '‘', '’']);
        let pair = match short(inner) {
            Some(short) => long_before(&short, before).map(|long| (short, long)),
            None => last_word(before)
                .and_then(short)
                .and_then(|short| Some((long_in(&short, inner)?, short)))
                .map(|(long, short)| (short, long)),
        };
        if let Some(pair) = pair.filter(|pair| !found.contains(pair)) {
            found.push(pair);
            if found.len() >= MOST {
                break;
            }
        }
        rest = inside;
    }
    found
}

/// The terms that say so in the index: each form leads to the other.
pub fn terms((short, long): &(String, String)) -> [String; 2] {
    [format!("{}{long}", leads_from(short)), format!("{}{short}", leads_from(long))]
}

/// What the terms begin with that lead from a form to others.
pub fn leads_from(form: &str) -> String {
    format!("{form}{SIGN}")
}

/// A word that can be a short form, folded: letters, most of them capitals.
fn short(text: &str) -> Option<String> {
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    let capitals = text.chars().filter(|c| c.is_uppercase()).count();
    let fits = LETTERS.contains(&text.chars().count())
        && text.chars().next().is_some_and(char::is_alphanumeric)
        && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '&' | '.' | '/'))
        && capitals >= 2
        && capitals * 2 >= letters;
    let folded: String = words::fold(text).chars().filter(|c| c.is_alphanumeric()).collect();
    (fits && folded.chars().count() >= 2).then_some(folded)
}

fn last_word(text: &str) -> Option<&str> {
    text.split_whitespace().next_back()
}

/// The long form at the end of the text before a parenthesis.
fn long_before(short: &str, before: &str) -> Option<String> {
    let letters = short.chars().count();
    // No sentence or line end lies between the words of one name.
    let from = before.rfind(['.', ';', ':', '(', ')', '\u{c}']).map_or(0, |at| at + 1);
    let all: Vec<String> = words::words(&before[from..]).into_iter().map(|word| word.folded).collect();
    let candidates = &all[all.len().saturating_sub((letters + 5).min(letters * 2))..];
    long(short, candidates)
}

/// The long form that all words within a parenthesis are.
fn long_in(short: &str, inner: &str) -> Option<String> {
    let all: Vec<String> = words::words(inner).into_iter().map(|word| word.folded).collect();
    let found = long(short, &all)?;
    (found == all.join(" ")).then_some(found)
}

/// The shortest end of these words that the short form is made of.
fn long(short: &str, candidates: &[String]) -> Option<String> {
    let text: Vec<char> = candidates.join(" ").chars().collect();
    let letters: Vec<char> = short.chars().collect();
    let mut at = text.len();
    for (n, letter) in letters.iter().enumerate().rev() {
        loop {
            at = at.checked_sub(1)?;
            let begins = at == 0 || text[at - 1] == ' ';
            // The first letter begins a word; so, for safety, does a digit.
            if text[at] == *letter && (begins || (n > 0 && !letter.is_numeric())) {
                break;
            }
        }
    }
    let long: String = text[at..].iter().collect();
    let several = long.contains(' ') && long.chars().count() > letters.len() + 1;
    (several && !long.split(' ').any(|word| word == short)).then_some(long)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_texts_explain() {
        for (text, expected) in [
            ("The Net Asset Value (NAV) is told daily.", vec![("nav", "net asset value")]),
            ("daily. NAV (Net Asset Value) is", vec![("nav", "net asset value")]),
            (
                "the General Data Protection Regulation (“GDPR”) and",
                vec![("gdpr", "general data protection regulation")],
            ),
            (
                "le règlement général sur la protection des données (RGPD)",
                vec![("rgpd", "reglement general sur la protection des donnees")],
            ),
            ("die Allgemeinen Geschäftsbedingungen (AGB) gelten", vec![("agb", "allgemeinen geschaftsbedingungen")]),
            (
                "diffusion tensor magnetic resonance imaging (DT-MRI)",
                vec![("dtmri", "diffusion tensor magnetic resonance imaging")],
            ),
            ("see the annex (III) and (a) and (Paris)", vec![]),
            ("The tenant (John Smith) pays. (USA)", vec![]),
            ("no end (NAV", vec![]),
            ("", vec![]),
        ] {
            let found = explained(text);
            let found: Vec<_> = found.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
            assert_eq!(found, expected, "{text}");
        }
    }
}
