//! Where a text is cut into words before merging, in time linear in its length.
//!
//! The published rules are regular expressions with one look-ahead, `\s+(?!\S)`: blanks, but for the last
//! one when a word follows. Everything else in them is regular, so the words are found by an automaton
//! that never goes back, and the look-ahead is done by hand: the blank given back begins the next word.

use regex_automata::meta::{Config, Regex};
use std::ops::Range;

/// `\s+(?!\S)|\s+` in a rule, always the last way.
pub(super) const BLANKS: &str = r"\s+";

/// One pass over the text: ways to make a word, the first that fits counts.
pub(super) struct Cut {
    ways: Regex,
    /// The number of the way that gives its last blank back.
    blanks: Option<usize>,
}

impl Cut {
    pub(super) fn new(ways: &[&str]) -> Result<Self, String> {
        let built = Regex::builder().configure(Config::new().utf8_empty(true)).build_many(ways);
        let blanks = ways.iter().position(|way| *way == BLANKS);
        Ok(Self { ways: built.map_err(|e| e.to_string())?, blanks })
    }

    /// Cuts each piece of the text; what no way fits is a piece of its own.
    fn apply(&self, text: &str, pieces: &[Range<usize>]) -> Vec<Range<usize>> {
        let mut cut = Vec::with_capacity(pieces.len());
        for piece in pieces {
            let part = &text[piece.clone()];
            let (mut done, mut from) = (0, 0);
            while from < part.len() {
                let Some(found) = self.ways.find(&part[from..]) else { break };
                let (start, mut end) = (from + found.start(), from + found.end());
                if self.blanks == Some(found.pattern().as_usize()) && end < part.len() {
                    let last = part[start..end].char_indices().next_back().map_or(0, |(at, _)| at);
                    end = if last > 0 { start + last } else { end };
                }
                if end == start {
                    break;
                }
                if done < start {
                    cut.push(piece.start + done..piece.start + start);
                }
                cut.push(piece.start + start..piece.start + end);
                (done, from) = (end, end);
            }
            if done < part.len() {
                cut.push(piece.start + done..piece.end);
            }
        }
        cut
    }
}

/// The words of a text: the passes of a rule one after the other, each on the pieces of the one before.
pub(super) fn words(cuts: &[Cut], text: &str) -> Vec<Range<usize>> {
    let whole = 0..text.len();
    cuts.iter().fold(vec![whole], |pieces, cut| cut.apply(text, &pieces))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(ways: &[&[&str]], text: &str) -> Vec<String> {
        let cuts: Vec<Cut> = ways.iter().map(|w| Cut::new(w).unwrap()).collect();
        words(&cuts, text).into_iter().map(|word| text[word].to_owned()).collect()
    }

    #[test]
    fn the_last_blank_begins_the_next_word() {
        let ways = [&[r" ?\w+", BLANKS][..]];
        for (text, expected) in [
            ("a  b", &["a", " ", " b"][..]),
            ("a \u{3000}b", &["a", " ", "\u{3000}", "b"]),
            ("a   ", &["a", "   "]),
            ("!a!", &["!", "a", "!"]),
            ("", &[]),
        ] {
            let expected: Vec<&str> = expected.to_vec();
            let mut found = cut(&ways, text);
            found.retain(|word| !word.is_empty());
            assert_eq!(found, expected, "{text:?}");
        }
    }

    #[test]
    fn later_passes_cut_the_pieces_of_earlier_ones() {
        assert_eq!(cut(&[&[r"\p{N}"], &[r"\w+"]], "ab12c"), ["ab", "1", "2", "c"]);
    }
}
