//! SentencePiece-style tokens: characters are joined, best score first, until nothing joins.

use super::ids_by_text;
use std::{
    cmp::Ordering,
    collections::{BinaryHeap, HashMap},
};

/// What stands for a space in such vocabularies.
pub(super) const SPACE: &str = "\u{2581}";

/// A vocabulary of scored pieces.
pub(super) struct Pieces {
    ids: HashMap<Box<str>, (u32, f32)>,
    /// The tokens `<0x00>` to `<0xFF>`, for characters that no piece covers.
    bytes: Vec<Option<u32>>,
    unknown: Option<u32>,
    space_first: bool,
}

/// The bytes of a token in an answer.
pub(super) fn bytes(text: &str, is_byte: bool) -> Box<[u8]> {
    match byte_of(text).filter(|_| is_byte) {
        Some(byte) => Box::new([byte]),
        None => text.replace(SPACE, " ").into_bytes().into_boxed_slice(),
    }
}

/// The byte that a token such as `<0x0A>` stands for.
pub(super) fn byte_of(text: &str) -> Option<u8> {
    text.strip_prefix("<0x")?.strip_suffix('>').and_then(|hex| u8::from_str_radix(hex, 16).ok())
}

/// Two neighbours that could become one piece.
struct Join {
    score: f32,
    left: usize,
    right: usize,
    /// Length of the joined text, to notice that a neighbour has changed meanwhile.
    bytes: usize,
}

impl PartialEq for Join {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}
impl Eq for Join {}
impl PartialOrd for Join {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Join {
    /// The best score first, and of equal ones the leftmost.
    fn cmp(&self, other: &Self) -> Ordering {
        self.score.total_cmp(&other.score).then(other.left.cmp(&self.left))
    }
}

/// A stretch of the text, linked to its neighbours.
#[derive(Clone, Copy)]
struct Symbol {
    start: usize,
    bytes: usize,
    previous: Option<usize>,
    next: Option<usize>,
}

impl Pieces {
    pub(super) fn new(
        texts: &[String],
        scores: &[f32],
        usable: impl Fn(usize) -> bool,
        space_first: bool,
    ) -> Result<Self, String> {
        if scores.len() != texts.len() {
            return Err("its scores and tokens differ in number".to_owned());
        }
        if scores.iter().any(|score| score.is_nan()) {
            return Err("a score is not a number".to_owned());
        }
        let all = ids_by_text(texts)?;
        let mut bytes = vec![None; 256];
        let mut ids = HashMap::with_capacity(all.len());
        for (text, id) in &all {
            if !usable(*id as usize) {
                continue;
            }
            if let Some(byte) = byte_of(text) {
                bytes[usize::from(byte)] = Some(*id);
            } else {
                ids.insert(Box::from(*text), (*id, scores[*id as usize]));
            }
        }
        Ok(Self { ids, bytes, unknown: all.get("<unk>").copied(), space_first })
    }

    /// Appends the tokens of a text; a text after a special token begins with a space where the
    /// model wants it.
    pub(super) fn encode(&self, text: &str, after_special: bool, out: &mut Vec<u32>) {
        let mut spaced = String::with_capacity(text.len() + 8);
        if self.space_first && after_special {
            spaced.push_str(SPACE);
        }
        spaced.push_str(&text.replace(' ', SPACE));
        for symbol in self.joined(&spaced) {
            let piece = &spaced[symbol.start..symbol.start + symbol.bytes];
            match self.ids.get(piece) {
                Some((id, _)) => out.push(*id),
                None => out.extend(piece.bytes().filter_map(|b| self.bytes[usize::from(b)].or(self.unknown))),
            }
        }
    }

    fn joined(&self, text: &str) -> Vec<Symbol> {
        let mut symbols: Vec<Symbol> = Vec::with_capacity(text.len());
        for (index, (start, c)) in text.char_indices().enumerate() {
            let previous = index.checked_sub(1);
            symbols.push(Symbol { start, bytes: c.len_utf8(), previous, next: Some(index + 1) });
        }
        if let Some(last) = symbols.last_mut() {
            last.next = None;
        }
        let mut joins = BinaryHeap::new();
        for right in 1..symbols.len() {
            joins.extend(self.join(text, &symbols, right - 1, right));
        }
        while let Some(best) = joins.pop() {
            let (left, right) = (symbols[best.left], symbols[best.right]);
            // Stale: one of the two has been joined to another since.
            if left.bytes == 0 || right.bytes == 0 || left.bytes + right.bytes != best.bytes {
                continue;
            }
            symbols[best.left].bytes = best.bytes;
            symbols[best.left].next = right.next;
            symbols[best.right].bytes = 0;
            if let Some(next) = right.next {
                symbols[next].previous = Some(best.left);
                joins.extend(self.join(text, &symbols, best.left, next));
            }
            if let Some(previous) = left.previous {
                joins.extend(self.join(text, &symbols, previous, best.left));
            }
        }
        symbols.retain(|s| s.bytes > 0);
        symbols
    }

    fn join(&self, text: &str, symbols: &[Symbol], left: usize, right: usize) -> Option<Join> {
        let (start, bytes) = (symbols[left].start, symbols[left].bytes + symbols[right].bytes);
        let (_, score) = self.ids.get(&text[start..start + bytes])?;
        Some(Join { score: *score, left, right, bytes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vocabulary() -> Pieces {
        let words = ["<unk>", "<0xC3>", "<0xA9>", "a", "b", "ab", "▁", "▁ab", "abab", "c"];
        let texts: Vec<String> = words.map(str::to_owned).into();
        let scores: Vec<f32> = [0.0, 0.0, 0.0, -9.0, -9.0, -1.0, -9.0, -2.0, -3.0, -9.0].into();
        Pieces::new(&texts, &scores, |id| id > 0, true).unwrap()
    }

    #[test]
    fn the_best_score_joins_first() {
        let pieces = vocabulary();
        for (text, after_special, expected) in [
            ("abab", false, &[8][..]),
            ("abab", true, &[7, 5]),
            ("ab ab", false, &[5, 7]),
            ("é", false, &[1, 2]),
            ("cc", false, &[9, 9]),
            ("", false, &[]),
        ] {
            let mut ids = Vec::new();
            pieces.encode(text, after_special, &mut ids);
            assert_eq!(ids, expected, "{text:?}");
        }
    }

    #[test]
    fn a_long_text_takes_no_quadratic_time() {
        let mut ids = Vec::new();
        vocabulary().encode(&"abab".repeat(200_000), false, &mut ids);
        assert_eq!(ids.len(), 200_000);
    }
}
