//! What will the model write next? Where an answer quotes its prompt, the prompt says.
//!
//! Prompt look-up decoding (Saxena, 2023): the last tokens are looked for in the text before them, and what
//! followed there is guessed to follow here. The model then reads its last token and the guesses in one step,
//! which costs little more than one token alone, and of the guesses those are kept that it would have written
//! itself. The answer is the same with and without, token for token.

/// The most tokens that are guessed at once.
const MOST: usize = 8;
/// Tokens at the end of a text that must be found again.
const LAST: usize = 3;
/// How far back they are looked for.
const BACK: usize = 16_384;
/// The weight of the newest guess in the share that comes true.
const NEWEST: f64 = 0.1;
/// Tokens after which a text that guessing did not pay for is tried again, with one guess.
const AGAIN: usize = 32;

/// The guesses for one text.
pub(super) struct Draft {
    /// The share of guesses that come true.
    likely: f64,
    /// Tokens since the last guess.
    since: usize,
}

impl Default for Draft {
    fn default() -> Self {
        Self { likely: 0.7, since: 0 }
    }
}

impl Draft {
    /// What is guessed to follow on `text`, at most `room` tokens, where a guess is worth computing if it comes
    /// true with a probability of `worth`.
    pub(super) fn guess<'a>(&mut self, text: &'a [u32], room: usize, worth: f64) -> &'a [u32] {
        self.since += 1;
        let mut most = 0;
        // The further away, the less likely: all before it must have come true as well.
        let mut likely = self.likely;
        while most < MOST && likely > worth {
            most += 1;
            likely *= self.likely;
        }
        if most == 0 && self.since > AGAIN {
            most = 1;
        }
        let guess = following(text, most.min(room));
        if !guess.is_empty() {
            self.since = 0;
        }
        guess
    }

    /// Takes note of how many of some guesses came true.
    pub(super) fn came_true(&mut self, guessed: usize, came_true: usize) {
        // Guesses behind the first wrong one were not tried.
        for at in 0..guessed.min(came_true + 1) {
            let truth = if at < came_true { 1.0 } else { 0.0 };
            self.likely += (truth - self.likely) * NEWEST;
        }
    }
}

/// What followed the last occurrence of the text's last tokens, at most `most` tokens.
fn following(text: &[u32], most: usize) -> &[u32] {
    if most == 0 || text.len() <= LAST {
        return &[];
    }
    let end = &text[text.len() - LAST..];
    let before = &text[text.len().saturating_sub(BACK)..text.len() - 1];
    let found = before.windows(LAST).rposition(|window| window == end);
    found.map_or(&[], |at| {
        let from = text.len() - 1 - before.len() + at + LAST;
        &text[from..text.len().min(from + most)]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_followed_before_is_guessed() {
        let cases: &[(&[u32], usize, &[u32])] = &[
            (&[1, 2, 3, 4, 5, 1, 2, 3], 2, &[4, 5]),
            (&[1, 2, 3, 4, 5, 1, 2, 3], 9, &[4, 5, 1, 2, 3]),
            // The last occurrence counts.
            (&[1, 2, 3, 4, 1, 2, 3, 5, 1, 2, 3], 1, &[5]),
            (&[7, 7, 7, 7], 3, &[7]),
            (&[1, 2, 3, 4, 5], 3, &[]),
            (&[1, 2, 3], 3, &[]),
            (&[1, 2, 3, 4, 1, 2, 3], 0, &[]),
        ];
        for (text, most, expected) in cases {
            assert_eq!(following(text, *most), *expected, "{text:?}");
        }
    }

    #[test]
    fn guessing_stops_where_it_does_not_pay_and_is_tried_again() {
        let text = [1, 2, 3, 4, 5, 6, 1, 2, 3];
        let mut draft = Draft::default();
        assert!(!draft.guess(&text, 8, 0.2).is_empty());
        for _ in 0..40 {
            draft.came_true(3, 0);
        }
        let tried = (0..100).filter(|_| !draft.guess(&text, 8, 0.2).is_empty()).count();
        assert!((2..=4).contains(&tried), "{tried} guesses in 100 tokens");
        for _ in 0..40 {
            draft.came_true(1, 1);
        }
        assert_eq!(draft.guess(&text, 8, 0.2).len(), 6);
        assert_eq!(draft.guess(&text, 2, 0.2).len(), 2, "no more than there is room for");
    }
}
