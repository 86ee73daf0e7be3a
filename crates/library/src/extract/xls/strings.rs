//! Texts of a workbook, which may go on in the next record in the middle.

/// Texts in one workbook.
const MOST_STRINGS: u32 = 2_000_000;

/// Bytes in pieces.
pub(super) struct Pieces<'a> {
    pieces: &'a [&'a [u8]],
    piece: usize,
    at: usize,
}

impl<'a> Pieces<'a> {
    /// From so many bytes into the first piece.
    pub fn of(pieces: &'a [&'a [u8]], at: usize) -> Self {
        Self { pieces, piece: 0, at }
    }

    fn byte(&mut self) -> Option<u8> {
        loop {
            let piece = self.pieces.get(self.piece)?;
            if let Some(byte) = piece.get(self.at) {
                self.at += 1;
                return Some(*byte);
            }
            (self.piece, self.at) = (self.piece + 1, 0);
        }
    }

    fn number(&mut self, width: usize) -> Option<u32> {
        (0..width).try_fold(0, |number, at| Some(number | u32::from(self.byte()?) << (8 * at)))
    }

    fn pass(&mut self, mut count: usize) {
        while count > 0 && self.piece < self.pieces.len() {
            let here = self.pieces[self.piece].len().saturating_sub(self.at).min(count);
            (self.at, count) = (self.at + here, count - here);
            if count > 0 {
                (self.piece, self.at) = (self.piece + 1, 0);
            }
        }
    }

    /// A text whose length stands before it in so many bytes.
    pub fn string(&mut self, width: usize) -> Option<String> {
        let mut length = self.number(width)? as usize;
        let look = self.byte()?;
        let mut wide = look & 1 != 0;
        let runs = if look & 8 != 0 { self.number(2)? as usize * 4 } else { 0 };
        let more = if look & 4 != 0 { self.number(4)? as usize } else { 0 };
        let mut units: Vec<u16> = Vec::new();
        while length > 0 {
            let piece = self.pieces.get(self.piece)?;
            let rest = piece.get(self.at..).unwrap_or_default();
            let bytes = if wide { 2 } else { 1 };
            let here = (rest.len() / bytes).min(length);
            match wide {
                true => units.extend(rest[..here * 2].as_chunks::<2>().0.iter().map(|two| u16::from_le_bytes(*two))),
                false => units.extend(rest[..here].iter().map(|byte| u16::from(*byte))),
            }
            (self.at, length) = (self.at + here * bytes, length - here);
            if length > 0 {
                // The next piece says anew how wide its chars are.
                (self.piece, self.at) = (self.piece + 1, 0);
                match self.byte() {
                    Some(look) => wide = look & 1 != 0,
                    None => break,
                }
            }
        }
        self.pass(runs.saturating_add(more));
        Some(String::from_utf16_lossy(&units))
    }

    /// So many texts, or as many as there are.
    pub fn strings(&mut self, count: u32) -> Vec<String> {
        (0..count.min(MOST_STRINGS)).map_while(|_| self.string(2)).collect()
    }
}

/// The text of a box: how wide its chars are, then so many of them.
pub(super) fn chars(piece: &[u8], length: u16) -> Option<String> {
    let (look, text) = piece.split_first()?;
    let length = usize::from(length);
    Some(match look & 1 {
        0 => text.iter().take(length).map(|byte| char::from(*byte)).collect(),
        _ => super::super::ole::utf16(&text[..(length * 2).min(text.len())]),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_goes_on_in_the_next_record_with_chars_of_another_width() {
        let first = [&[5, 0, 0][..], b"abc"].concat();
        let second = [1, 0xac, 0x20, b'd', 0, 2, 0, 8, 1, 0, b'x', b'y', 1, 2, 3, 4, 1, 0, 0, b'z'];
        let pieces = [first.as_slice(), second.as_slice()];
        assert_eq!(Pieces::of(&pieces, 0).strings(9), ["abc€d", "xy", "z"]);
        assert_eq!(Pieces::of(&[&[255, 255, 0, b'x']], 0).strings(9), ["x"], "cut off");
    }
}
