//! Whether a sentence repeats another but for a word or a number put in another's place.
//!
//! "The notice period is ninety weeks" shares nearly all its words with "The notice period is ninety
//! days", and says something else. Both are aligned in order; where between two words that they
//! share each has a content word that the other has nowhere, one was put in the other's place. A number
//! that both have and that does not align has changed its place: "140 by day, 190 by night". And a
//! number of which the two say different things, each of them something that the other knows too, is
//! the number of something else: "The rent is 24,000" beside "The deposit is 24,000, or three rents".

use super::claim::{as_number, is_content};
use crate::words::{self, Stems, Word};
use std::collections::HashSet;

/// Two sentences repeat each other when so many of the first one's content words align in order.
const REPEATS: f32 = 0.6;
/// What a number is the number of stands at most so many words before it.
const HEAD_WITHIN: usize = 4;
/// Longer sentences are not aligned: the table would grow with the product.
const MOST_WORDS: usize = 160;

/// A word as it is compared.
#[derive(Clone, Debug)]
pub struct Slot {
    pub stem: String,
    /// Whether it carries content, numbers included.
    pub content: bool,
    /// Whether it is a number.
    pub number: bool,
}

impl Slot {
    /// A word with content.
    pub fn thing(stem: &str) -> Self {
        Self { stem: stem.to_owned(), content: true, number: false }
    }

    /// A number in plain digits.
    pub fn number(digits: &str) -> Self {
        Self { stem: digits.to_owned(), content: true, number: true }
    }
}

/// A text's words as they are aligned.
pub fn of(text: &str, stems: &Stems) -> Vec<Slot> {
    aligned(words::words(text).iter().map(|word| (word, stems.stem(&word.folded))))
}

/// Words as they are aligned. A number is compared as such: ninety and 90 are one word, 2 400 too.
pub fn aligned<'w>(words: impl Iterator<Item = (&'w Word, String)>) -> Vec<Slot> {
    let mut slots: Vec<Slot> = Vec::new();
    let mut end = u32::MAX - 1;
    for (word, stem) in words {
        let number = as_number(word);
        let group = word.folded.len() == 3 && word.folded.bytes().all(|b| b.is_ascii_digit());
        match slots.last_mut() {
            Some(last) if group && word.span.start == end + 1 && last.stem.bytes().all(|b| b.is_ascii_digit()) => {
                last.stem.push_str(&word.folded);
            }
            Some(_) | None => slots.push(Slot {
                content: is_content(&word.folded),
                number: number.is_some(),
                stem: number.unwrap_or(stem),
            }),
        }
        end = word.span.end;
    }
    slots
}

/// Whether `claim` repeats `quote` with some content word in another's place.
pub fn replaced(claim: &[Slot], quote: &[Slot]) -> bool {
    let content = claim.iter().filter(|w| w.content).count();
    if content == 0 || claim.len() > MOST_WORDS || quote.len() > MOST_WORDS {
        return false;
    }
    let pairs = align(claim, quote);
    let aligned = pairs.iter().filter(|(c, _)| claim[*c].content).count();
    if (aligned as f32) < REPEATS * content as f32 {
        return false;
    }
    let (in_claim, in_quote) = (stems(claim), stems(quote));
    let aligned: HashSet<usize> = pairs.iter().map(|(c, _)| *c).collect();
    if claim.iter().enumerate().any(|(n, w)| w.number && in_quote.contains(w.stem.as_str()) && !aligned.contains(&n)) {
        return true;
    }
    let mut from = (0, 0);
    for (c, q) in pairs.into_iter().chain([(claim.len(), quote.len())]) {
        let new = claim[from.0..c].iter().any(|w| w.content && !in_quote.contains(w.stem.as_str()));
        let gone = quote[from.1..q].iter().any(|w| w.content && !in_claim.contains(w.stem.as_str()));
        if new && gone {
            return true;
        }
        from = (c + 1, q + 1);
    }
    false
}

/// Whether some number of the claim is, in the quote, the number of something else.
pub fn misattributed(claim: &[Slot], quote: &[Slot]) -> bool {
    let (in_claim, in_quote) = (stems(claim), stems(quote));
    let numbers = claim.iter().enumerate().filter(|(_, slot)| slot.number);
    numbers.into_iter().any(|(at, number)| {
        let Some(said) = head(claim, at).filter(|head| in_quote.contains(head)) else { return false };
        let mut places =
            quote.iter().enumerate().filter(|(_, slot)| slot.number && slot.stem == number.stem).peekable();
        let elsewhere = |(there, _): (usize, &Slot)| {
            let other = head(quote, there).is_some_and(|head| head != said && !in_claim.contains(head));
            other && !is_nearest(quote, said, there)
        };
        places.peek().is_some() && places.all(elsewhere)
    })
}

/// Whether a number is, in a text, the number of one of these words: it stands nearest to it, or after it.
pub fn belongs<'w>(mut words: impl Iterator<Item = &'w String>, number: &str, text: &[Slot]) -> bool {
    let places: Vec<usize> = (0..text.len()).filter(|at| text[*at].number && text[*at].stem == number).collect();
    words.any(|word| places.iter().any(|at| head(text, *at) == Some(word.as_str()) || is_nearest(text, word, *at)))
}

fn stems(words: &[Slot]) -> HashSet<&str> {
    words.iter().map(|slot| slot.stem.as_str()).collect()
}

/// What a number is the number of: the nearest word with content before it, no other number between.
fn head(words: &[Slot], number: usize) -> Option<&str> {
    let before = words[..number].iter().rev().take(HEAD_WITHIN).take_while(|slot| !slot.number);
    before.into_iter().find(|slot| slot.content).map(|slot| slot.stem.as_str())
}

/// Whether, somewhere, no other number stands nearer to a word than this one.
fn is_nearest(words: &[Slot], stem: &str, number: usize) -> bool {
    words.iter().enumerate().filter(|(_, slot)| slot.stem == stem).any(|(at, _)| {
        let others = words.iter().enumerate().filter(|(other, slot)| slot.number && *other != number);
        others.into_iter().all(|(other, _)| other.abs_diff(at) > number.abs_diff(at))
    })
}

/// The longest common subsequence of stems, as pairs of places.
pub fn align(a: &[Slot], b: &[Slot]) -> Vec<(usize, usize)> {
    let width = b.len() + 1;
    // Content words weigh more, so that an article does not draw the alignment away.
    let weight = |w: &Slot| if w.content { 4u32 } else { 1 };
    let mut best = vec![0u32; (a.len() + 1) * width];
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            let skip = best[(i + 1) * width + j].max(best[i * width + j + 1]);
            let both = if a[i].stem == b[j].stem { best[(i + 1) * width + j + 1] + weight(&a[i]) } else { 0 };
            best[i * width + j] = skip.max(both);
        }
    }
    let (mut i, mut j, mut pairs) = (0, 0, Vec::new());
    while i < a.len() && j < b.len() {
        let here = best[i * width + j];
        if a[i].stem == b[j].stem && here == best[(i + 1) * width + j + 1] + weight(&a[i]) {
            pairs.push((i, j));
            (i, j) = (i + 1, j + 1);
        } else if here == best[(i + 1) * width + j] {
            i += 1;
        } else {
            j += 1;
        }
    }
    pairs
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::words::{self, Stems};

    pub fn slots(text: &str) -> Vec<Slot> {
        let stems = Stems::of(Some("en"));
        words::words(text)
            .iter()
            .map(|w| Slot {
                stem: stems.stem(&w.folded),
                content: !words::is_function_word(&w.folded),
                number: w.is_number(),
            })
            .collect()
    }

    #[test]
    fn a_word_in_anothers_place() {
        let quote = "The notice period for the tenant is ninety days in writing.";
        for (claim, expected) in [
            ("The notice period for the tenant is ninety weeks in writing.", true),
            ("The notice period for the landlord is ninety days.", true),
            ("The notice period is ninety days.", false),
            ("The tenant's notice period is ninety days, in writing.", false),
            ("Ninety days is the notice period.", false),
            ("The usual notice period for the tenant is ninety days in writing.", false),
            ("Nothing of this is the same at all here.", false),
        ] {
            assert_eq!(replaced(&slots(claim), &slots(quote)), expected, "{claim}");
        }
    }

    #[test]
    fn a_number_in_anothers_place() {
        let quote = "A room costs up to 140 pounds a night, and up to 190 pounds a night in a capital.";
        for (claim, expected) in [
            ("A room costs up to 140 pounds a night, and 190 pounds in a capital.", false),
            ("A room costs up to 190 pounds a night, and 140 pounds a night in a capital.", true),
            ("A room in a capital costs up to 190 pounds.", false),
        ] {
            assert_eq!(replaced(&slots(claim), &slots(quote)), expected, "{claim}");
        }
    }

    #[test]
    fn a_number_of_something_else() {
        let quote = "The annual rent is 96,000 pounds. The deposit is 24,000 pounds, which is 3 months of rent.";
        for (claim, expected) in [
            ("The rent is 24,000 pounds.", true),
            ("The monthly rent is 24,000 pounds.", true),
            ("The deposit is 24,000 pounds.", false),
            ("The annual rent is 96,000 pounds.", false),
            ("The deposit of 24,000 pounds is 3 months of rent.", false),
            ("24,000 pounds is the deposit.", false),
            ("The sum is 24,000 pounds.", false),
        ] {
            assert_eq!(misattributed(&slots(claim), &slots(quote)), expected, "{claim}");
        }
    }
}
