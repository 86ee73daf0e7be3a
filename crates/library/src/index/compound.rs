//! Which words is a word made of? `Wohnraummietvertrag`: `wohnraum`, `mietvertrag`.
//!
//! The documents' own words are the dictionary: a word is taken apart where each part stands somewhere by
//! itself (after Koehn and Knight, 2003). Of several ways the one with the fewest parts counts, then the one
//! whose shortest part is longest: chance makes short parts.

use crate::words;

/// Languages that write compounds as one word, ISO 639-1.
pub const JOINING: [&str; 7] = ["de", "nl", "sv", "da", "nb", "fi", "hu"];
/// A part has at least so many letters.
pub const SHORTEST_PART: usize = 4;
/// A longer word is data.
const LONGEST: usize = 48;
/// A word has at most so many parts.
const MOST_PARTS: usize = 3;
/// What may stand between two parts (German, Dutch, Scandinavian), folded.
const LINKS: [&str; 8] = ["", "s", "es", "n", "en", "er", "e", "ens"];

/// The parts of a folded word; None where it has none. `known` says whether a word stands somewhere.
pub fn parts<E>(word: &str, mut known: impl FnMut(&str) -> Result<bool, E>) -> Result<Option<Vec<String>>, E> {
    let letters: Vec<char> = word.chars().collect();
    if !(2 * SHORTEST_PART..=LONGEST).contains(&letters.len()) || !letters.iter().all(|c| c.is_alphabetic()) {
        return Ok(None);
    }
    let mut found: Vec<(usize, Vec<String>)> = Vec::new();
    for count in 2..=MOST_PARTS {
        let mut seen = Vec::new();
        take(&letters, count, &mut seen, &mut known, &mut found)?;
        if !found.is_empty() {
            break;
        }
    }
    // Of two that are as good the one that was found first: its head is longer.
    Ok(found.into_iter().reduce(|best, next| if next.0 > best.0 { next } else { best }).map(|(_, parts)| parts))
}

/// Takes `count` parts from the beginning of `rest`, and notes each way with the length of its shortest part.
fn take<E>(
    rest: &[char],
    count: usize,
    seen: &mut Vec<String>,
    known: &mut impl FnMut(&str) -> Result<bool, E>,
    found: &mut Vec<(usize, Vec<String>)>,
) -> Result<(), E> {
    if count == 1 {
        let last: String = rest.iter().collect();
        if is_part(&last, known)? {
            let all: Vec<String> = seen.iter().cloned().chain([last]).collect();
            let shortest = all.iter().map(|part| part.chars().count()).min().unwrap_or(0);
            found.push((shortest, all));
        }
        return Ok(());
    }
    for end in SHORTEST_PART..=rest.len().saturating_sub((count - 1) * SHORTEST_PART) {
        let head: String = rest[..end].iter().collect();
        for link in LINKS {
            let Some(part) = head.strip_suffix(link) else { continue };
            if is_part(part, known)? {
                seen.push(part.to_owned());
                take(&rest[end..], count - 1, seen, known, found)?;
                seen.pop();
            }
        }
    }
    Ok(())
}

fn is_part<E>(part: &str, known: &mut impl FnMut(&str) -> Result<bool, E>) -> Result<bool, E> {
    if part.chars().count() < SHORTEST_PART || words::is_function_word(part) {
        return Ok(false);
    }
    known(part)
}

/// Whether a folded word is a compound of this word and of something that is `known`.
pub fn begins_with<E>(word: &str, first: &str, mut known: impl FnMut(&str) -> Result<bool, E>) -> Result<bool, E> {
    let Some(rest) = word.strip_prefix(first).filter(|rest| rest.chars().all(char::is_alphabetic)) else {
        return Ok(false);
    };
    for link in LINKS {
        let Some(part) = rest.strip_prefix(link) else { continue };
        if is_part(part, &mut known)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The form under which a word is found by its end: its letters from the last to the first.
pub fn from_the_end(word: &str) -> String {
    word.chars().rev().collect()
}

/// Whether a word is long enough to be found by its end.
pub fn may_be_joined(folded: &str) -> bool {
    folded.chars().count() >= 2 * SHORTEST_PART && folded.chars().all(char::is_alphabetic)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{collections::BTreeSet, convert::Infallible};

    #[test]
    fn words_are_taken_apart_where_their_parts_stand_somewhere() {
        let known = "wohnraum mietvertrag miet vertrag miete kundigung frist wohn raum arbeit arbeitsvertrag ohne \
                     haft pflicht versicherung haftpflicht koning rijk lange ange";
        let known: BTreeSet<&str> = known.split_whitespace().collect();
        for (word, expected) in [
            ("wohnraummietvertrag", Some("wohnraum mietvertrag")),
            ("mietvertrag", Some("miet vertrag")),
            ("kundigungsfrist", Some("kundigung frist")),
            ("arbeitsvertrag", Some("arbeit vertrag")),
            ("haftpflichtversicherung", Some("haftpflicht versicherung")),
            ("wohnmietvertrag", Some("wohn mietvertrag")),
            ("mietkundigungsfrist", Some("miet kundigung frist")),
            ("koninkrijk", None),
            ("vertrag", None),
            ("ohnefrist", None),
            ("mietvertrag2", None),
            ("kurzfrist", None),
            ("", None),
        ] {
            let found = parts(word, |part| Ok::<_, Infallible>(known.contains(part))).unwrap();
            assert_eq!(found.map(|parts| parts.join(" ")).as_deref(), expected, "{word}");
        }
    }

    #[test]
    fn compounds_that_begin_with_a_word() {
        let known = |part: &str| Ok::<_, Infallible>(["minderung", "recht", "vertrag"].contains(&part));
        for (word, first, expected) in [
            ("mietminderung", "miet", true),
            ("arbeitsrecht", "arbeit", true),
            ("mieter", "miet", false),
            ("vertragsmiet", "vertrag", false),
            ("rechtsvertrag2", "recht", false),
            ("vertrag", "miet", false),
        ] {
            assert_eq!(begins_with(word, first, known).unwrap(), expected, "{word}");
        }
    }

    #[test]
    fn what_no_language_has_ends_soon() {
        let mut asked = 0;
        let long = "a".repeat(LONGEST);
        let found = parts(&long, |_| {
            asked += 1;
            Ok::<_, Infallible>(true)
        });
        assert_eq!(found.unwrap().unwrap().len(), 2);
        assert!(asked < 1_000, "{asked}");
        assert_eq!(parts(&"a".repeat(LONGEST + 1), |_| Ok::<_, Infallible>(true)).unwrap(), None);
    }

    #[test]
    fn ends() {
        assert_eq!(from_the_end("miete"), "eteim");
        assert!(may_be_joined("mietvertrag") && !may_be_joined("vertrag") && !may_be_joined("abc12345"));
    }
}
