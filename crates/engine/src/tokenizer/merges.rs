//! Byte pair encoding: the pair of neighbours that was learnt first is joined first, until none is left
//! (Sennrich et al., 2016).
//!
//! Pairs are looked up by the numbers of their tokens, so no text is built while merging; candidates wait
//! in a heap, so that a word of n letters takes n log n steps.

use super::{
    bytes,
    cut::{self, Cut},
    ids_by_text,
    pieces::{SPACE, byte_of},
    pre::Pre,
};
use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap},
};

/// A vocabulary with merges.
pub(super) struct Merges {
    cuts: Vec<Cut>,
    /// What two neighbours become, and how early that was learnt.
    pairs: HashMap<(u32, u32), (u32, u32)>,
    /// The token of each byte.
    bytes: Vec<Option<u32>>,
    /// The tokens of single characters, where a vocabulary is written in text.
    letters: Option<HashMap<char, u32>>,
    /// Words that stay whole, by their bytes.
    whole: HashMap<Box<[u8]>, u32>,
}

/// A stretch of a word, linked to its neighbours.
#[derive(Clone, Copy)]
struct Symbol {
    /// `None` for what the vocabulary lacks.
    id: Option<u32>,
    start: usize,
    bytes: usize,
    previous: usize,
    next: usize,
}

/// No neighbour.
const END: usize = usize::MAX;

/// A pair that may be joined: rank and place decide, the rest tells whether it is still there.
type Join = Reverse<(u32, usize, usize, (u32, u32))>;

/// Room for one word, kept from word to word.
#[derive(Default)]
struct Room {
    symbols: Vec<Symbol>,
    joins: BinaryHeap<Join>,
}

impl Merges {
    /// Reads the merges. `usable` tells which tokens ordinary text may become.
    pub(super) fn new(
        pre: &Pre,
        texts: &[String],
        merges: &[String],
        usable: impl Fn(usize) -> bool,
    ) -> Result<Self, String> {
        let ids = ids_by_text(texts)?;
        let mut pairs = HashMap::with_capacity(merges.len());
        let mut joined = String::new();
        for (rank, merge) in (0u32..).zip(merges) {
            // The first letter may itself be a space.
            let first = merge.chars().next().map_or(0, char::len_utf8);
            let space = merge[first..].find(' ').ok_or_else(|| format!("'{merge}' is no merge"))? + first;
            let (left, right) = (&merge[..space], &merge[space + 1..]);
            joined.clear();
            joined.push_str(left);
            joined.push_str(right);
            let (Some(left), Some(right), Some(both)) = (ids.get(left), ids.get(right), ids.get(joined.as_str()))
            else {
                return Err(format!("the merge '{merge}' has no token"));
            };
            pairs.entry((*left, *right)).or_insert((rank, *both));
        }
        let mut by_byte = vec![None; 256];
        let mut letters = pre.raw.then(HashMap::new);
        let mut whole = HashMap::new();
        for (text, id) in &ids {
            if let Some(letters) = &mut letters {
                let mut chars = text.chars();
                if let (Some(letter), None) = (chars.next(), chars.next()) {
                    letters.insert(letter, *id);
                }
                if let Some(byte) = byte_of(text) {
                    by_byte[usize::from(byte)] = Some(*id);
                }
                // A run of line ends is a token of its own here, whatever the merges make of it.
                if !text.is_empty() && text.bytes().all(|b| b == b'\n') {
                    whole.insert(Box::from(text.as_bytes()), *id);
                }
                continue;
            }
            let bytes = bytes::of_token(text);
            if let ([byte], false) = (&*bytes, text.is_empty()) {
                by_byte[usize::from(*byte)] = Some(*id);
            }
            if pre.whole_words && usable(*id as usize) {
                whole.insert(bytes, *id);
            }
        }
        Ok(Self { cuts: pre.cuts()?, pairs, bytes: by_byte, letters, whole })
    }

    /// Appends the tokens of a text.
    pub(super) fn encode(&self, text: &str, out: &mut Vec<u32>) {
        let spaced;
        let text = if self.letters.is_some() {
            spaced = text.replace(' ', SPACE);
            &spaced
        } else {
            text
        };
        let mut room = Room::default();
        for word in cut::words(&self.cuts, text) {
            self.word(&text[word], &mut room, out);
        }
    }

    fn word(&self, word: &str, room: &mut Room, out: &mut Vec<u32>) {
        if let Some(id) = self.whole.get(word.as_bytes()) {
            return out.push(*id);
        }
        let Room { symbols, joins } = room;
        symbols.clear();
        joins.clear();
        match &self.letters {
            Some(letters) => symbols.extend(word.char_indices().enumerate().map(|(index, (start, letter))| {
                let id = letters.get(&letter).copied();
                Symbol { id, start, bytes: letter.len_utf8(), previous: index.wrapping_sub(1), next: index + 1 }
            })),
            None => symbols.extend(word.bytes().enumerate().map(|(start, byte)| {
                let id = self.bytes[usize::from(byte)];
                Symbol { id, start, bytes: 1, previous: start.wrapping_sub(1), next: start + 1 }
            })),
        }
        if let Some(last) = symbols.last_mut() {
            last.next = END;
        }
        for left in 1..symbols.len() {
            self.consider(symbols, left - 1, left, joins);
        }
        while let Some(Reverse((_, left, right, ids))) = joins.pop() {
            let (a, b) = (symbols[left], symbols[right]);
            // Stale: one of the two has been joined to another since.
            if a.bytes == 0 || b.bytes == 0 || a.next != right || (a.id, b.id) != (Some(ids.0), Some(ids.1)) {
                continue;
            }
            let Some((_, both)) = self.pairs.get(&ids) else { continue };
            symbols[left] = Symbol { id: Some(*both), bytes: a.bytes + b.bytes, next: b.next, ..a };
            symbols[right].bytes = 0;
            if b.next != END {
                symbols[b.next].previous = left;
                self.consider(symbols, left, b.next, joins);
            }
            if a.previous != END {
                self.consider(symbols, a.previous, left, joins);
            }
        }
        for symbol in symbols.iter().filter(|s| s.bytes > 0) {
            match symbol.id {
                Some(id) => out.push(id),
                None => {
                    let rest = &word.as_bytes()[symbol.start..symbol.start + symbol.bytes];
                    out.extend(rest.iter().filter_map(|b| self.bytes[usize::from(*b)]));
                }
            }
        }
    }

    fn consider(&self, symbols: &[Symbol], left: usize, right: usize, joins: &mut BinaryHeap<Join>) {
        let (Some(a), Some(b)) = (symbols[left].id, symbols[right].id) else { return };
        if let Some((rank, _)) = self.pairs.get(&(a, b)) {
            joins.push(Reverse((*rank, left, right, (a, b))));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::pre::named, *};

    fn own(words: &[&str]) -> Vec<String> {
        words.iter().map(|w| (*w).to_owned()).collect()
    }

    #[test]
    fn the_earliest_merge_joins_first() {
        let texts = own(&["a", "b", "c", "ab", "bc", "abc", "Ġ", "Ã", "©"]);
        let merges = Merges::new(named("gpt-2").unwrap(), &texts, &own(&["b c", "a b", "a bc"]), |_| true).unwrap();
        for (text, expected) in [("abc", &[5][..]), ("ab", &[3]), ("aab", &[0, 3]), ("é", &[7, 8]), (" z", &[6])] {
            let mut ids = Vec::new();
            merges.encode(text, &mut ids);
            assert_eq!(ids, expected, "{text:?}");
        }
    }

    #[test]
    fn vocabularies_in_plain_text_fall_back_to_bytes() {
        let texts = own(&["a", "▁", "▁a", "<0xC3>", "<0xA9>", "\n\n"]);
        let merges = Merges::new(named("gemma4").unwrap(), &texts, &own(&["▁ a"]), |_| true).unwrap();
        let mut ids = Vec::new();
        merges.encode("a a\n\né", &mut ids);
        assert_eq!(ids, [0, 2, 5, 3, 4]);
    }

    #[test]
    fn what_does_not_fit_together_is_refused() {
        for (texts, merge, why) in
            [(&["a", "b"][..], "a b", "no token"), (&["a", "b"], "ab", "is no merge"), (&["a", "a"], "a a", "twice")]
        {
            let error = Merges::new(named("gpt-2").unwrap(), &own(texts), &own(&[merge]), |_| true).err().unwrap();
            assert!(error.contains(why), "{error}");
        }
    }

    #[test]
    fn a_long_word_takes_no_quadratic_time() {
        let texts = own(&["a", "aa", "aaaa"]);
        let merges = Merges::new(named("gpt-2").unwrap(), &texts, &own(&["a a", "aa aa"]), |_| true).unwrap();
        let mut ids = Vec::new();
        merges.encode(&"a".repeat(1 << 20), &mut ids);
        assert_eq!(ids.len(), 1 << 18);
    }
}
