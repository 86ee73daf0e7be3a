//! How often a sentence denies something, in English, French and German.
//!
//! A claim and its quote must deny equally often: "Pets are allowed" is not said by "No pets are
//! allowed", nor "open to all" by "not open without a pass". Which word is denied is not looked at.

use crate::words::{self, Word};
use protocol::Span;

/// Words that deny wherever they stand, folded.
const ALWAYS: &[&str] = &[
    "not",
    "never",
    "neither",
    "cannot",
    "none",
    "nobody",
    "nothing",
    "nowhere",
    "without",
    "dont",
    "doesnt",
    "didnt",
    "isnt",
    "arent",
    "wasnt",
    "werent",
    "wont",
    "cant",
    "couldnt",
    "wouldnt",
    "shouldnt",
    "mustnt",
    "mightnt",
    "neednt",
    "hasnt",
    "havent",
    "hadnt",
    "shant",
    "aint",
    "prohibited",
    "prohibits",
    "prohibit",
    "forbidden",
    "forbids",
    "forbid",
    "pas",
    "jamais",
    "aucun",
    "aucune",
    "aucuns",
    "aucunes",
    "rien",
    "nul",
    "nulle",
    "nuls",
    "nulles",
    "sans",
    "interdit",
    "interdite",
    "interdits",
    "interdites",
    "nicht",
    "nichts",
    "kein",
    "keine",
    "keinen",
    "keiner",
    "keinem",
    "keines",
    "keinerlei",
    "keinesfalls",
    "keineswegs",
    "nie",
    "niemals",
    "niemand",
    "niemanden",
    "niemandem",
    "nirgends",
    "nirgendwo",
    "ohne",
    "weder",
    "verboten",
    "untersagt",
];
/// "Not only" denies nothing.
const ONLY: &[&str] = &["only", "just", "merely", "nur", "seulement", "uniquement"];
/// Before one of these, `personne` is a person and not nobody.
const A_PERSON: &[&str] = &[
    "la", "une", "cette", "chaque", "toute", "par", "premiere", "seule", "meme", "autre", "tierce", "quelle", "ma",
    "sa", "notre", "votre", "leur", "en",
];

/// The places of the words that deny, in order.
pub fn denials(all: &[Word], text: &str) -> Vec<usize> {
    let word = |n: usize| all.get(n).map_or("", |w| w.folded.as_str());
    let mut found: Vec<usize> = Vec::new();
    for n in 0..all.len() {
        let denies = match word(n) {
            // "No, …" answers a question, and "No. 5" is a number.
            "no" => !is_said_alone(n, &all[n], text) && !all.get(n + 1).is_some_and(Word::is_number),
            "non" => !is_said_alone(n, &all[n], text) && !ONLY.contains(&word(n + 1)),
            // The second half of "neither … nor".
            "nor" | "ni" => found.is_empty(),
            folded => ALWAYS.contains(&folded) && !ONLY.contains(&word(n + 1)),
        };
        if denies {
            found.push(n);
        }
    }
    if found.is_empty() && all.iter().any(|w| is_ne(w, text)) {
        let halves = |n: &usize| match word(*n) {
            "plus" | "guere" | "point" => true,
            "personne" => *n == 0 || !A_PERSON.contains(&word(*n - 1)),
            _ => false,
        };
        found.extend((0..all.len()).find(halves));
    }
    found
}

/// A denial of the thing that follows it, and of nothing else in its sentence.
pub(super) fn is_without(folded: &str) -> bool {
    matches!(folded, "without" | "sans" | "ohne")
}

/// The French `ne`, whole or before a vowel.
fn is_ne(word: &Word, text: &str) -> bool {
    let before = Span { start: word.span.start.saturating_sub(2), end: word.span.start };
    word.folded == "ne" || matches!(words::slice(text, before), "n'" | "n’" | "N'" | "N’")
}

/// The first word with a comma or stop after it.
fn is_said_alone(n: usize, word: &Word, text: &str) -> bool {
    let after = words::slice(text, Span { start: word.span.end, end: word.span.end + 1 });
    n == 0 && matches!(after, "" | "," | "." | ":" | ";" | "!" | "—" | "–")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_often_a_sentence_denies() {
        for (sentence, expected) in [
            ("Pets are allowed in the building.", 0),
            ("No pets are allowed in the building.", 1),
            ("No, pets are allowed.", 0),
            ("No. 5 is the tenant's flat, flat no 5.", 0),
            ("Nobody but the tenant, and nothing else, is allowed.", 2),
            ("Neither the tenant nor the landlord may do so.", 1),
            ("The tenant couldn't and hasn't paid.", 2),
            ("Entry without a pass is not allowed.", 2),
            ("It is not only cheap but good.", 0),
            ("The deposit is non-refundable.", 1),
            ("Le bail n'est pas résiliable sans préavis.", 2),
            ("Le bail n’est plus valable.", 1),
            ("Le loyer est plus élevé.", 0),
            ("Personne ne peut entrer.", 1),
            ("Chaque personne ne paie que deux euros.", 0),
            ("Il ne paie pas plus de 900 euros.", 1),
            ("Aucun animal, nulle exception : rien n'est permis.", 3),
            ("Ni le locataire ni le bailleur ne paie.", 1),
            ("Non, le loyer est de 900 euros.", 0),
            ("Haustiere sind nicht erlaubt.", 1),
            ("Haustiere sind ohne Zustimmung erlaubt.", 1),
            ("Weder der Mieter noch der Vermieter zahlt.", 1),
            ("Niemand zahlt, nichts wird gezahlt, keines davon.", 3),
            ("Nicht nur der Mieter zahlt.", 0),
        ] {
            assert_eq!(denials(&words::words(sentence), sentence).len(), expected, "{sentence}");
        }
    }
}
