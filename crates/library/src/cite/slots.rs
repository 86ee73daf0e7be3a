//! Whether a sentence repeats another but for a word put in another's place.
//!
//! "The notice period is ninety weeks" shares nearly all its words with "The notice period is ninety
//! days", and says something else. Both are aligned in order; where between two words that they
//! share each has a content word that the other has nowhere, one was put in the other's place.

use std::collections::HashSet;

/// Two sentences repeat each other when so many of the first one's content words align in order.
const REPEATS: f32 = 0.6;
/// Longer sentences are not aligned: the table would grow with the product.
const MOST_WORDS: usize = 160;

/// A word as it is compared.
#[derive(Clone, Debug)]
pub struct Slot {
    pub stem: String,
    /// Whether it carries content, numbers included.
    pub content: bool,
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
    let stems = |words: &[Slot]| words.iter().map(|w| w.stem.clone()).collect::<HashSet<String>>();
    let (in_claim, in_quote) = (stems(claim), stems(quote));
    let mut from = (0, 0);
    for (c, q) in pairs.into_iter().chain([(claim.len(), quote.len())]) {
        let new = claim[from.0..c].iter().any(|w| w.content && !in_quote.contains(&w.stem));
        let gone = quote[from.1..q].iter().any(|w| w.content && !in_claim.contains(&w.stem));
        if new && gone {
            return true;
        }
        from = (c + 1, q + 1);
    }
    false
}

/// The longest common subsequence of stems, as pairs of places.
fn align(a: &[Slot], b: &[Slot]) -> Vec<(usize, usize)> {
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
mod tests {
    use super::*;
    use crate::words::{self, Stems};

    fn slots(text: &str) -> Vec<Slot> {
        let stems = Stems::of(Some("en"));
        words::words(text)
            .iter()
            .map(|w| Slot { stem: stems.stem(&w.folded), content: !words::is_function_word(&w.folded) })
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
}
