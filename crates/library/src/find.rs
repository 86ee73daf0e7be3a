//! Where words stand in one document, as a reader looks for them: whatever their case and accents, and
//! wherever a line ends between them.

use crate::{Library, LibraryError, library::blocking, words};
use protocol::{DocumentId, Find, Found, Span};

/// Pages whose texts are in memory at a time.
const PAGES: u32 = 100;
/// Chars that are shown before and after what was found.
const AROUND: usize = 48;
/// The longest text that is looked for, in chars.
const LONGEST: usize = 500;

impl Library {
    /// Where `sought` stands in a document: how often, and the first `limit` places in order. Nothing is
    /// found of a text without letters or signs, or of one that is longer than 500 chars.
    pub async fn find(&self, document: DocumentId, sought: &str, limit: usize) -> Result<Found, LibraryError> {
        let needle = Folded::of(sought.trim()).text;
        let mut found = Found::default();
        if needle.trim().is_empty() || sought.chars().count() > LONGEST {
            return Ok(found);
        }
        let mut first = 1;
        loop {
            let pages = self.inner.derived.page_texts(document, first, PAGES).await?;
            let Some((last, _)) = pages.last() else { return Ok(found) };
            first = last + 1;
            let sought = needle.clone();
            found = blocking(move || {
                for (page, text) in pages {
                    add(&mut found, page, &text, &sought, limit);
                }
                Ok::<_, LibraryError>(found)
            })
            .await?;
        }
    }
}

/// Adds the places of a page where a folded text stands.
fn add(found: &mut Found, page: u32, text: &str, sought: &str, limit: usize) {
    let folded = Folded::of(text);
    let mut chars = None;
    for (byte, _) in folded.text.match_indices(sought) {
        found.total = found.total.saturating_add(1);
        if found.finds.len() < limit {
            let chars = chars.get_or_insert_with(|| words::Chars::of(text));
            let span = folded.span(byte, byte + sought.len());
            found.finds.push(find(page, chars, span));
        }
    }
}

fn find(page: u32, chars: &words::Chars<'_>, span: Span) -> Find {
    let far = AROUND as u32;
    let before = chars.slice(Span { start: span.start.saturating_sub(far), end: span.start });
    let after = chars.slice(Span { start: span.end, end: span.end.saturating_add(far) });
    let before =
        if span.start > far { before.split_once(char::is_whitespace).map_or("", |(_, rest)| rest) } else { before };
    let cut = after.chars().count() == AROUND;
    let after = if cut { after.rsplit_once(char::is_whitespace).map_or("", |(rest, _)| rest) } else { after };
    Find { page, span, before: one_line(before), words: one_line(chars.slice(span)), after: one_line(after) }
}

/// White space as single blanks: at the ends too, where it parts what is found from what is around.
fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        match c.is_whitespace() {
            true if line.ends_with(' ') => {}
            true => line.push(' '),
            false => line.push(c),
        }
    }
    line
}

/// A text as it is compared, and where each piece of it comes from.
struct Folded {
    text: String,
    /// For each char of the folded text its first byte there and the char of the text it came from.
    from: Vec<(u32, u32)>,
    /// The chars of the text.
    chars: u32,
}

impl Folded {
    fn of(text: &str) -> Self {
        let mut folded =
            Self { text: String::with_capacity(text.len()), from: Vec::with_capacity(text.len()), chars: 0 };
        let mut buffer = [0; 4];
        for (at, c) in text.chars().map(typed).enumerate() {
            folded.chars = at as u32 + 1;
            if c.is_whitespace() {
                if !folded.text.ends_with(' ') {
                    folded.push(" ", at);
                }
            } else if c.is_ascii() {
                folded.push(c.to_ascii_lowercase().encode_utf8(&mut buffer), at);
            } else {
                folded.push(&words::fold(c.encode_utf8(&mut buffer)), at);
            }
        }
        folded
    }

    fn push(&mut self, piece: &str, at: usize) {
        for (byte, _) in piece.char_indices() {
            self.from.push(((self.text.len() + byte) as u32, at as u32));
        }
        self.text.push_str(piece);
    }

    /// The chars that a stretch of bytes came from, with the accents and soft hyphens that follow them.
    fn span(&self, start: usize, end: usize) -> Span {
        let char_at = |byte: usize| {
            let at = self.from.partition_point(|(first, _)| (*first as usize) < byte);
            self.from.get(at).map_or(self.chars, |(_, char)| *char)
        };
        let start = char_at(start);
        Span { start, end: char_at(end).max(start + 1) }
    }
}

/// Typographic quotes and dashes as those of a keyboard.
fn typed(c: char) -> char {
    match c {
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        '\u{2018}' | '\u{2019}' => '\'',
        '\u{201c}' | '\u{201d}' | '\u{201e}' | '\u{ab}' | '\u{bb}' => '"',
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str, sought: &str) -> Vec<String> {
        let mut found = Found::default();
        let needle = Folded::of(sought.trim()).text;
        add(&mut found, 1, text, &needle, 9);
        assert_eq!(found.total as usize, found.finds.len());
        let chars = words::Chars::of(text);
        found.finds.iter().map(|find| chars.slice(find.span).to_owned()).collect()
    }

    #[test]
    fn words_are_found_as_a_reader_means_them() {
        for (text, sought, expected) in [
            ("The Tenant pays. The tenant leaves.", "the TENANT", vec!["The Tenant", "The tenant"]),
            ("Rés\u{ad}iliation du bail", "resiliation", vec!["Rés\u{ad}iliation"]),
            ("ninety\n   days of notice", " ninety days ", vec!["ninety\n   days"]),
            ("the ofﬁce of Straße", "office of strasse", vec!["ofﬁce of Straße"]),
            (
                "e\u{301}tat, \u{201c}so\u{201d} 2019\u{2013}2024",
                "état, \"so\" 2019-2024",
                vec!["e\u{301}tat, \u{201c}so\u{201d} 2019\u{2013}2024"],
            ),
            ("aaaa", "aa", vec!["aa", "aa"]),
            ("l’avenant", "l'avenant", vec!["l’avenant"]),
            ("仲裁协议", "裁协", vec!["裁协"]),
            ("nothing", "something", vec![]),
        ] {
            assert_eq!(all(text, sought), expected, "{sought}");
        }
    }

    #[test]
    fn what_is_around_is_cut_at_words() {
        let text = format!("{} the lease ends\nsoon {}", "before ".repeat(20), "after ".repeat(20));
        let mut found = Found::default();
        add(&mut found, 3, &text, "lease ends", 1);
        let find = &found.finds[0];
        assert_eq!((find.page, find.words.as_str()), (3, "lease ends"));
        assert!(find.before.starts_with("before before") && find.before.ends_with("before the "), "{:?}", find.before);
        assert!(find.after.starts_with(" soon after") && find.after.ends_with("after"), "{:?}", find.after);
    }

    #[test]
    fn all_are_counted_and_only_the_first_are_told() {
        let mut found = Found::default();
        add(&mut found, 1, &"word ".repeat(50), "word", 7);
        add(&mut found, 2, "word", "word", 7);
        assert_eq!((found.total, found.finds.len()), (51, 7));
    }
}
