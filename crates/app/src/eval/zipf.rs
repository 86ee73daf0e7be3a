//! Text of any length that looks to an index like people's: words as frequent as Zipf's law says, in
//! sentences and paragraphs under headings. The same for the same seed.

/// Different words.
const WORDS: u32 = 200_000;
/// How steeply the frequency falls with the rank.
const SLOPE: f64 = 1.05;

/// A source of text.
pub(super) struct Zipf {
    state: u64,
    /// The share of all words up to each of some ranks, to look a rank up.
    sums: Vec<f64>,
}

impl Zipf {
    pub(super) fn new(seed: u64) -> Self {
        let mut sums = Vec::with_capacity(WORDS as usize);
        let mut sum = 0.0;
        for rank in 1..=WORDS {
            sum += f64::from(rank).powf(-SLOPE);
            sums.push(sum);
        }
        Self { state: seed.wrapping_mul(2) | 1, sums }
    }

    pub(super) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let mut x = self.state ^ (self.state >> 33);
        x = x.wrapping_mul(0xff51_afd7_ed55_8ccd);
        x ^ (x >> 29)
    }

    /// A number between 0 and 1.
    pub(super) fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    fn rank(&mut self) -> u32 {
        let at = self.share() * self.sums.last().copied().unwrap_or(1.0);
        self.sums.partition_point(|sum| *sum < at) as u32
    }

    /// A word, the more frequent the more often.
    pub(super) fn word(&mut self) -> String {
        let rank = self.rank();
        word(rank)
    }

    /// A word that stands in some passages and not in most: what people look for.
    pub(super) fn telling(&mut self) -> String {
        let rank = 50 + (self.share() * self.share() * 20_000.0) as u32;
        word(rank)
    }

    /// A Markdown document of about so many words.
    pub(super) fn document(&mut self, words: usize) -> String {
        let (mut text, mut count) = (String::new(), 0);
        while count < words {
            text.push_str(&format!("\n\n## {} {}\n\n", self.word(), self.word()));
            for _ in 0..4 + self.next() % 4 {
                for _ in 0..3 + self.next() % 4 {
                    let length = 8 + (self.next() % 16) as usize;
                    let sentence: Vec<String> = (0..length).map(|_| self.word()).collect();
                    text.push_str(&sentence.join(" "));
                    text.push_str(". ");
                    count += length;
                }
                text.push_str("\n\n");
            }
        }
        text
    }
}

/// The word of a rank: the most frequent are words that every language's list of them has, the others
/// are syllables, longer for rarer ones.
fn word(rank: u32) -> String {
    const COMMON: [&str; 20] = [
        "the", "of", "and", "to", "in", "a", "is", "that", "for", "it", "as", "was", "with", "be", "by", "on", "not",
        "he", "his", "but",
    ];
    const ONSETS: [&str; 16] = ["b", "c", "d", "f", "g", "l", "m", "n", "p", "r", "s", "t", "v", "st", "tr", "pl"];
    const RIMES: [&str; 20] = [
        "a", "e", "i", "o", "u", "an", "en", "in", "on", "ar", "er", "or", "al", "el", "at", "it", "is", "us", "ent",
        "ion",
    ];
    if let Some(common) = COMMON.get(rank as usize) {
        return (*common).to_owned();
    }
    // Neighbours in rank do not look alike.
    let mut rest = u64::from(rank - COMMON.len() as u32) * 7_919 % 262_139;
    let mut text = String::new();
    for _ in 0..if rank < 2_000 { 2 } else { 3 } {
        text.push_str(ONSETS[(rest % 16) as usize]);
        rest /= 16;
        text.push_str(RIMES[(rest % 20) as usize]);
        rest /= 20;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    #[test]
    fn text_is_the_same_for_a_seed_and_frequent_words_are_frequent() {
        let text = Zipf::new(7).document(20_000);
        assert_eq!(text, Zipf::new(7).document(20_000));
        assert_ne!(text, Zipf::new(8).document(20_000));
        let mut counts: HashMap<&str, u32> = HashMap::new();
        text.split(|c: char| !c.is_alphabetic())
            .filter(|w| !w.is_empty())
            .for_each(|w| *counts.entry(w).or_default() += 1);
        let all: u32 = counts.values().sum();
        assert!(counts["the"] * 20 > all / 2 && counts["the"] < all / 5, "{} of {all}", counts["the"]);
        let once = counts.values().filter(|count| **count == 1).count();
        assert!(once * 3 > counts.len(), "{once} of {} stand once", counts.len());
    }
}
