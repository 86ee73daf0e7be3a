//! RTF cut into groups, words and bytes.

/// A piece of RTF.
pub(super) enum Token<'a> {
    Open,
    Close,
    /// `\*`: the group may be passed over by who does not know its word.
    Star,
    /// A control word and its number.
    Word(&'a str, Option<i32>),
    /// A byte written as `\'e9`.
    Byte(u8),
    Text(&'a [u8]),
    /// A sign that a control char stands for.
    Sign(char),
}

pub(super) struct Tokens<'a> {
    bytes: &'a [u8],
}

impl<'a> Tokens<'a> {
    pub fn of(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// Passes over bytes that are no RTF.
    pub fn pass(&mut self, count: usize) {
        self.bytes = &self.bytes[count.min(self.bytes.len())..];
    }

    pub fn next(&mut self) -> Option<Token<'a>> {
        loop {
            let (first, rest) = self.bytes.split_first()?;
            match first {
                b'{' => {
                    self.bytes = rest;
                    return Some(Token::Open);
                }
                b'}' => {
                    self.bytes = rest;
                    return Some(Token::Close);
                }
                b'\r' | b'\n' | 0 => self.bytes = rest,
                b'\\' => return self.control(rest),
                _ => {
                    let length =
                        self.bytes.iter().take_while(|b| !matches!(b, b'{' | b'}' | b'\\' | b'\r' | b'\n' | 0)).count();
                    let (text, rest) = self.bytes.split_at(length);
                    self.bytes = rest;
                    return Some(Token::Text(text));
                }
            }
        }
    }

    fn control(&mut self, rest: &'a [u8]) -> Option<Token<'a>> {
        let length = rest.iter().take(40).take_while(|b| b.is_ascii_alphabetic()).count();
        if length == 0 {
            let (sign, after) = rest.split_first()?;
            self.bytes = after;
            return Some(match sign {
                b'\'' => {
                    let hex = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
                    match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
                        Some(byte) => {
                            self.bytes = &after[2..];
                            Token::Byte(byte)
                        }
                        None => Token::Text(b""),
                    }
                }
                b'*' => Token::Star,
                b'~' => Token::Sign(' '),
                b'_' => Token::Sign('-'),
                b'{' => Token::Sign('{'),
                b'}' => Token::Sign('}'),
                b'\\' => Token::Sign('\\'),
                b'\r' | b'\n' => Token::Word("par", None),
                // An optional hyphen, and what only editors know.
                _ => Token::Text(b""),
            });
        }
        // Letters only, so this is text.
        let word = std::str::from_utf8(&rest[..length]).unwrap_or_default();
        let mut after = &rest[length..];
        let negative = after.first() == Some(&b'-') && after.get(1).is_some_and(u8::is_ascii_digit);
        if negative {
            after = &after[1..];
        }
        let digits = after.iter().take(10).take_while(|b| b.is_ascii_digit()).count();
        let number = std::str::from_utf8(&after[..digits]).ok().and_then(|digits| digits.parse::<i64>().ok());
        let number = number.map(|n| if negative { -n } else { n });
        after = &after[digits..];
        if after.first() == Some(&b' ') {
            after = &after[1..];
        }
        self.bytes = after;
        Some(Token::Word(word, number.map(|n| n.clamp(i32::MIN.into(), i32::MAX.into()) as i32)))
    }
}
