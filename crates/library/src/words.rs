//! What counts as a word: one analysis for the index, for snippets and for citations.

mod cut;
mod iban;
mod language;
mod numbers;

pub(crate) use cut::{goes_on, is_linked, is_own};
pub(crate) use iban::{groups as account_groups, joined as account_numbers};
pub use language::{is_function_word, language};

use frostem::{Algorithm, Stemmer};
use protocol::Span;
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// The longest word that is looked at; longer ones are data, not language.
const LONGEST_WORD: usize = 64;

/// A word of a text: where it stands and its folded form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// Where it stands, in chars of the text.
    pub span: Span,
    /// Lower case, without diacritics and elided articles.
    pub folded: String,
    /// Whether it begins with a capital letter in the text.
    pub capital: bool,
}

impl Word {
    /// Whether it holds a digit: years, amounts, section numbers.
    pub fn is_number(&self) -> bool {
        self.folded.chars().any(|c| c.is_ascii_digit())
    }
}

/// The rows of words that a number may stand as: an amount in groups of three, an account number in groups of four.
pub(crate) fn groups(folded: &str) -> Vec<Vec<String>> {
    numbers::groups(folded).into_iter().chain(iban::groups(folded)).collect()
}

/// The words of a text in order. Scripts without spaces give one word per ideograph.
pub fn words(text: &str) -> Vec<Word> {
    let mut found = Vec::new();
    for piece in cut::pieces(text) {
        push_word(&mut found, &piece);
    }
    found
}

/// The words of a text as the index of stems has them: of a script without spaces each pair of
/// neighbours, since one ideograph alone means little and where a word ends cannot be seen.
pub fn units(text: &str) -> Vec<Word> {
    let all = words(text);
    let mut found = Vec::with_capacity(all.len());
    let joined = |at: usize| {
        let (a, b): (Option<&Word>, Option<&Word>) = (all.get(at), all.get(at + 1));
        a.zip(b).is_some_and(|(a, b)| is_wide(&a.folded) && is_wide(&b.folded) && a.span.end == b.span.start)
    };
    for (at, word) in all.iter().enumerate() {
        if joined(at) {
            let next = &all[at + 1];
            let folded = format!("{}{}", word.folded, next.folded);
            found.push(Word { span: Span { start: word.span.start, end: next.span.end }, folded, capital: false });
        } else if at == 0 || !joined(at - 1) {
            found.push(word.clone());
        }
    }
    found
}

/// Whether a word is one sign of a script without spaces.
fn is_wide(folded: &str) -> bool {
    let mut chars = folded.chars();
    let first = chars.next().is_some_and(|c| {
        matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
    });
    first && chars.next().is_none()
}

fn push_word(found: &mut Vec<Word>, cut: &cut::Piece<'_>) {
    let piece = &*cut.text;
    // French and Italian elision: the article is not part of the word (l'avenant, d’une, qu'il).
    let elided = piece.char_indices().find(|(_, c)| matches!(c, '\'' | '’')).and_then(|(byte, quote)| {
        let (article, rest) = (&piece[..byte], &piece[byte + quote.len_utf8()..]);
        let short = matches!(
            article.to_lowercase().as_str(),
            "l" | "d" | "c" | "j" | "m" | "n" | "s" | "t" | "qu" | "jusqu" | "lorsqu" | "puisqu" | "dell" | "un"
        );
        (short && rest.chars().count() > 1).then(|| (article.chars().count() as u32 + 1, rest))
    });
    let (skip, word) = elided.unwrap_or((0, piece));
    let folded = fold(word.strip_suffix("'s").or_else(|| word.strip_suffix("’s")).unwrap_or(word));
    if folded.is_empty() {
        return;
    }
    found.push(Word {
        span: Span { start: cut.start + skip, end: cut.end },
        folded,
        capital: word.chars().next().is_some_and(char::is_uppercase),
    });
}

/// Lower case without diacritics: `Köln` and `koln`, `Straße` and `strasse` are the same.
pub fn fold(word: &str) -> String {
    let mut folded = String::with_capacity(word.len());
    for c in word.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase) {
        match c {
            'ß' => folded.push_str("ss"),
            'æ' => folded.push_str("ae"),
            'œ' => folded.push_str("oe"),
            'ø' => folded.push('o'),
            'ł' => folded.push('l'),
            'đ' => folded.push('d'),
            'ı' => folded.push('i'),
            '\'' | '’' | '\u{ad}' | '·' | '\u{2027}' => {}
            c => folded.push(c),
        }
    }
    folded
}

/// A word in lower case with its accents, where it has some: `Résumé` is `résumé`, beside `resume`.
pub fn accented(word: &str, folded: &str) -> Option<String> {
    if word.is_ascii() {
        return None;
    }
    let elided = word.rsplit(['\'', '’']).next().unwrap_or(word);
    let lower: String = elided.nfc().flat_map(char::to_lowercase).collect();
    (lower != folded && fold(&lower) == folded).then_some(lower)
}

/// Languages whose words are stemmed, by ISO 639-1.
const STEMMERS: &[(&str, Algorithm)] = &[
    ("en", Algorithm::English),
    ("fr", Algorithm::French),
    ("de", Algorithm::German),
    ("es", Algorithm::Spanish),
    ("it", Algorithm::Italian),
    ("pt", Algorithm::Portuguese),
    ("nl", Algorithm::Dutch),
    ("sv", Algorithm::Swedish),
    ("da", Algorithm::Danish),
    ("nb", Algorithm::Norwegian),
    ("fi", Algorithm::Finnish),
    ("hu", Algorithm::Hungarian),
    ("ro", Algorithm::Romanian),
    ("ru", Algorithm::Russian),
    ("tr", Algorithm::Turkish),
];

/// Takes words to their stems in one language; words of other languages stay as they are.
pub struct Stems {
    stemmer: Option<Stemmer>,
}

impl Stems {
    /// The stemmer of a language (ISO 639-1), or none.
    pub fn of(language: Option<&str>) -> Self {
        let algorithm = language.and_then(|l| STEMMERS.iter().find(|(code, _)| *code == l)).map(|(_, a)| *a);
        Self { stemmer: algorithm.map(Stemmer::new) }
    }
    /// The stem of a folded word. That of an amount is its digits: `1,250.50`, `1.250,50` and `1250.50` are the same.
    pub fn stem(&self, folded: &str) -> String {
        if let Some(number) = numbers::plain(folded) {
            return number;
        }
        match &self.stemmer {
            Some(stemmer) if !folded.bytes().any(|b| b.is_ascii_digit()) => fold(&stemmer.stem(folded)),
            _ => folded.to_owned(),
        }
    }
}

/// The chars of a text between two offsets.
pub fn slice(text: &str, span: Span) -> &str {
    let mut bytes = text.char_indices().map(|(byte, _)| byte).chain([text.len()]);
    let (start, length) = (span.start as usize, span.end.saturating_sub(span.start) as usize);
    let Some(from) = bytes.nth(start) else { return "" };
    if length == 0 {
        return "";
    }
    let to = bytes.nth(length - 1).unwrap_or(text.len());
    &text[from..to]
}

/// A text of which many parts are taken: where each char begins is looked up once, so that a part
/// costs its own length, wherever in the text it stands.
pub struct Chars<'a> {
    text: &'a str,
    /// The byte that each char begins at, and the text's length.
    bytes: Vec<u32>,
}

impl<'a> Chars<'a> {
    /// Looks the chars up.
    pub fn of(text: &'a str) -> Self {
        let bytes = text.char_indices().map(|(byte, _)| byte).chain([text.len()]).map(|byte| byte as u32).collect();
        Self { text, bytes }
    }

    /// The chars between two offsets; what is past the end is not there.
    pub fn slice(&self, span: Span) -> &'a str {
        let byte = |at: u32| self.bytes.get(at as usize).map_or(self.text.len(), |byte| *byte as usize);
        let start = byte(span.start);
        &self.text[start..byte(span.end).max(start)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_folded_and_keep_their_place() {
        let text = "L’avenant de Zürich: 4.5 % of Straße n° 12, the bank's";
        let found: Vec<_> = words(text).into_iter().map(|w| (slice(text, w.span).to_owned(), w.folded)).collect();
        let expected = [
            ("avenant", "avenant"),
            ("de", "de"),
            ("Zürich", "zurich"),
            ("4.5", "4.5"),
            ("of", "of"),
            ("Straße", "strasse"),
            ("n", "n"),
            ("12", "12"),
            ("the", "the"),
            ("bank's", "bank"),
        ];
        assert_eq!(found, expected.map(|(a, b)| (a.to_owned(), b.to_owned())));
    }

    #[test]
    fn scripts_without_spaces_give_pairs() {
        for (text, expected) in
            [("仲裁协议 of 2020", "仲裁 裁协 协议 of 2020"), ("水, 火", "水 火"), ("the lease", "the lease"), ("", "")]
        {
            let found: Vec<_> = units(text).into_iter().map(|w| w.folded).collect();
            assert_eq!(found.join(" "), expected);
        }
    }

    #[test]
    fn stems_by_language() {
        for (language, a, b) in [
            ("en", "notices", "notice"),
            ("fr", "resiliations", "resiliation"),
            ("de", "kundigungen", "kundigung"),
            ("es", "contratos", "contrato"),
        ] {
            let stems = Stems::of(Some(language));
            assert_eq!(stems.stem(a), stems.stem(b), "{language}");
        }
        assert_eq!(Stems::of(None).stem("notices"), "notices");
    }

    #[test]
    fn amounts_are_stemmed_to_their_digits() {
        let stems = Stems::of(Some("en"));
        for (amount, digits) in
            [("1,250", "1250"), ("1250", "1250"), ("1.250,50", "1250.50"), ("31.12.2024", "31.12.2024")]
        {
            assert_eq!(stems.stem(amount), digits, "{amount}");
        }
    }

    #[test]
    fn languages_of_short_texts() {
        for (text, expected) in [
            ("Die Ruhezeit beginnt um 22 Uhr und endet um 6 Uhr.", Some("de")),
            ("The supplier delivers within fourteen days of the order.", Some("en")),
            ("Le préavis est de trois mois.", Some("fr")),
            ("Rent 1,200", None),
            ("", None),
        ] {
            assert_eq!(language(text), expected, "{text}");
        }
    }

    #[test]
    fn slices_count_chars() {
        for (start, end, expected) in [(0, 1, "ä"), (1, 3, "b€"), (2, 9, "€c"), (4, 5, ""), (9, 12, ""), (2, 2, "")]
        {
            assert_eq!(slice("äb€c", Span { start, end }), expected, "{start}..{end}");
            assert_eq!(Chars::of("äb€c").slice(Span { start, end }), expected, "{start}..{end}");
        }
    }
}
