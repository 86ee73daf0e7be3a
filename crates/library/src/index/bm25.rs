//! BM25 (Robertson and Zaragoza, 2009): how much does a word that stands so often in a text of this
//! length say for the text?

/// How soon more of the same word says nothing more. This and [`B`] are what the anchors were measured
/// with (Anserini's); docs/decisions/0025-ranking.md has what was tried.
const K1: f32 = 0.9;
/// How much a long text has to hold a word more often.
const B: f32 = 0.4;

/// How rare a word is that stands in `with` of `all` texts (inverse document frequency, never negative).
pub fn rarity(all: u64, with: u64) -> f32 {
    let (all, with) = (all.max(with) as f32, with as f32);
    (1.0 + (all - with + 0.5) / (with + 0.5)).ln()
}

/// The lengths of texts, brought to one scale by their average.
#[derive(Clone, Copy, Debug)]
pub struct Lengths {
    average: f32,
}

impl Lengths {
    /// Of `texts` texts that have `words` words together.
    pub fn new(words: f64, texts: u64) -> Self {
        let average = words / texts.max(1) as f64;
        Self { average: if average > 0.0 { average as f32 } else { 1.0 } }
    }

    /// Of how many occurrences half of [`most`](fullness) is reached in a text of this length.
    pub fn half(self, length: f32) -> f32 {
        K1 * (1.0 - B + B * length / self.average)
    }
}

/// Between 0 and K1 + 1: what so many occurrences say, where `half` of them say half as much as can be said.
pub fn fullness(occurrences: f32, half: f32) -> f32 {
    (K1 + 1.0) * occurrences / (occurrences + half)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rare_words_repeated_words_and_short_texts_say_more() {
        assert!((rarity(100, 1) - (1.0_f32 + 99.5 / 1.5).ln()).abs() < 1e-6);
        assert!(rarity(100, 1) > rarity(100, 50) && rarity(100, 100) > 0.0 && rarity(1, 2) > 0.0);
        let lengths = Lengths::new(1_000.0, 10);
        assert!((lengths.half(100.0) - K1).abs() < 1e-6, "a text of average length");
        let say = |often: f32, length: f32| fullness(often, lengths.half(length));
        assert!(say(2.0, 100.0) > say(1.0, 100.0) && say(1.0, 50.0) > say(1.0, 100.0));
        assert!((say(K1, 100.0) - (K1 + 1.0) / 2.0).abs() < 1e-6);
        assert!(say(1e9, 100.0) < K1 + 1.0 + 1e-3);
        assert!(Lengths::new(0.0, 0).half(3.0).is_finite());
    }
}
