//! The letters that stand for bytes in byte-level vocabularies.
//!
//! Such vocabularies hold no control characters or spaces: each of the 256 bytes has a printable
//! letter. The 188 bytes that are printable in Latin-1 stand for themselves, the others for
//! U+0100 and on, in order.

/// The byte a letter stands for, if it stands for one.
pub(super) fn of_letter(letter: char) -> Option<u8> {
    let code = u32::from(letter);
    if code < 0x100 {
        return u8::try_from(code).ok().filter(|b| is_itself(*b));
    }
    let position = usize::try_from(code - 0x100).ok()?;
    (0..=u8::MAX).filter(|b| !is_itself(*b)).nth(position)
}

/// Whether a byte stands for itself.
fn is_itself(byte: u8) -> bool {
    matches!(byte, 0x21..=0x7E | 0xA1..=0xAC | 0xAE..=0xFF)
}

/// The bytes of a token. One with a letter that stands for no byte is taken as plain UTF-8, as
/// added tokens are written.
pub(super) fn of_token(text: &str) -> Box<[u8]> {
    let bytes: Option<Vec<u8>> = text.chars().map(of_letter).collect();
    bytes.unwrap_or_else(|| text.as_bytes().to_vec()).into_boxed_slice()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_stand_for_bytes() {
        for (token, bytes) in
            [("Ġthe", &b" the"[..]), ("Ċ", b"\n"), ("ĉ", b"\t"), ("Ã©", "é".as_bytes()), ("<|im_end|>", b"<|im_end|>")]
        {
            assert_eq!(&*of_token(token), bytes, "{token}");
        }
        assert_eq!((0..=u8::MAX).filter(|b| is_itself(*b)).count(), 188);
        // A letter outside the alphabet: the token is plain text.
        assert_eq!(&*of_token("日本"), "日本".as_bytes());
    }
}
