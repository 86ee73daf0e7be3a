//! Whether a sentence repeats another with two of its words exchanged: who does what to whom.
//!
//! "The bank notifies the supplier" has all the words of "The supplier notifies the bank". Where one
//! exchange of two words makes all of a claim's words align with the quote, in order, and a word stands
//! between them, the roles were exchanged. Two things joined by "and", or said to be one another, have
//! no roles; and "is notified by" turns them round: there the exchange is right, and its absence wrong.

use super::slots::{Slot, align};

/// So many content words must align besides the two: else too little is repeated to tell.
const LEAST_BESIDE: usize = 1;
/// Longer claims are not looked at: each pair of their words is tried.
const MOST_WORDS: usize = 60;
/// Things of one role stand within so many words: "water, heating, gas and rent".
const LONGEST_LIST: usize = 6;
/// Words that join things of one role, as they stand in [`Slot::stem`].
const JOINS: &[&str] = &["and", "or", "et", "ou", "und", "oder", "nor", "ni", "noch"];
/// A "by" of the quote may stand so far before, with what a claim leaves out in between.
const FAR: usize = 6;
/// Words before the one who acts, in a passive sentence.
const BY: &[&str] = &["by", "par", "von", "vom", "durch"];

/// Whether `claim` is `quote` with two content words in each other's place.
pub fn exchanged(claim: &[Slot], quote: &[Slot]) -> bool {
    let content: Vec<usize> = (0..claim.len()).filter(|at| claim[*at].content).collect();
    if content.len() < 2 + LEAST_BESIDE || claim.len() > MOST_WORDS || quote.len() > 2 * MOST_WORDS {
        return false;
    }
    if !content.iter().all(|at| quote.iter().any(|slot| slot.stem == claim[*at].stem)) {
        return false; // it says something else, which others judge
    }
    let aligned = |claim: &[Slot]| align(claim, quote).iter().filter(|(at, _)| claim[*at].content).count();
    let whole = aligned(claim) == content.len();
    for (n, first) in content.iter().enumerate() {
        for second in &content[n + 1..] {
            let (a, b) = (&claim[*first], &claim[*second]);
            if a.number || b.number || a.stem == b.stem || joined(&claim[*first..*second]) {
                continue;
            }
            if !between(claim, *first, *second) {
                continue;
            }
            let acts = |words: &[Slot], within| [a, b].map(|slot| by(words, &slot.stem, within));
            let wrong = if whole {
                // Only a "by" that the quote has not: one that the claim leaves out may be no passive.
                acts(claim, 2).into_iter().zip(acts(quote, FAR)).any(|(claimed, there)| claimed && !there)
            } else {
                let mut other = claim.to_vec();
                other.swap(*first, *second);
                acts(claim, 2) == acts(quote, 2) && apart(quote, &a.stem, &b.stem) && aligned(&other) == content.len()
            };
            if wrong {
                return true;
            }
        }
    }
    false
}

/// Whether a word with content stands between two.
fn between(words: &[Slot], first: usize, second: usize) -> bool {
    words[first + 1..second].iter().any(|slot| slot.content && !slot.number)
}

/// Whether two words of a text are not joined to one another.
fn apart(words: &[Slot], a: &str, b: &str) -> bool {
    let at = |stem: &str| words.iter().position(|slot| slot.stem == stem);
    let (Some(a), Some(b)) = (at(a), at(b)) else { return false };
    !joined(&words[a.min(b)..a.max(b)])
}

fn joined(words: &[Slot]) -> bool {
    words.len() <= LONGEST_LIST && words.iter().any(|slot| JOINS.contains(&slot.stem.as_str()))
}

/// Whether a word is the one who acts in a passive sentence: "by the bank". The "by" stands at
/// most `within` words before.
fn by(words: &[Slot], stem: &str, within: usize) -> bool {
    words
        .iter()
        .enumerate()
        .filter(|(_, slot)| slot.stem == stem)
        .any(|(at, _)| words[at.saturating_sub(within)..at].iter().any(|slot| BY.contains(&slot.stem.as_str())))
}

#[cfg(test)]
mod tests {
    use super::super::slots::tests::slots;
    use super::*;

    #[test]
    fn who_does_what_to_whom() {
        let quote = "The supplier shall notify the bank within ten days of every change.";
        for (claim, expected) in [
            ("The supplier shall notify the bank within ten days.", false),
            ("The bank shall notify the supplier within ten days.", true),
            ("Within ten days the supplier shall notify the bank.", false),
            ("The bank is notified by the supplier within ten days.", false),
            ("The supplier is notified by the bank within ten days.", true),
            ("The bank must notify the supplier of every change.", true),
            ("The court shall notify the supplier.", false), // another's place, not an exchange
        ] {
            assert_eq!(exchanged(&slots(claim), &slots(quote)), expected, "{claim}");
        }
    }

    #[test]
    fn what_has_no_roles_may_stand_in_any_order() {
        for (claim, quote) in [
            ("Rent, heating and water are due.", "Water, heating and rent are due in May."),
            ("The owner of the house is Anna Keller.", "Anna Keller is the owner of the house."),
            ("The bank and the supplier sign the contract.", "The supplier and the bank sign the contract."),
            ("Written notice of ninety days is needed.", "Ninety days of written notice are needed."),
            ("The notice period is three months.", "Three months is the notice period."),
            ("The laundry is for guests.", "The guests have the laundry."),
        ] {
            assert!(!exchanged(&slots(claim), &slots(quote)), "{claim}");
        }
    }
}
