//! Where do words begin and end? Unicode's boundaries (UAX 29), and where the people who write documents
//! differ from them.
//!
//! Unicode keeps `Customer:Pemberton`, `service_charge`, `example.com` and a French word before a narrow
//! blank together, and takes `1 250` (with a blank that does not break) and a word that was broken at a
//! line's end apart.

use super::{LONGEST_WORD, numbers};
use std::borrow::Cow;
use unicode_segmentation::UnicodeSegmentation;

/// A part of a text that is a word.
#[derive(Clone, Debug)]
pub(super) struct Piece<'a> {
    /// Where it begins and ends, in chars of the text.
    pub start: u32,
    pub end: u32,
    /// Where it ends, in bytes of the text.
    byte: usize,
    /// As it is written, without what broke it.
    pub text: Cow<'a, str>,
}

/// The words of a text, in order.
pub(super) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut found: Vec<Piece<'_>> = Vec::new();
    let (mut at, mut byte) = (0u32, 0);
    for bounded in text.split_word_bounds() {
        let length = bounded.chars().count() as u32;
        if bounded.chars().any(char::is_alphanumeric) {
            for (from, part) in parts(bounded) {
                let start = at + bounded[..from].chars().count() as u32;
                let piece = Piece {
                    start,
                    end: start + part.chars().count() as u32,
                    byte: byte + from + part.len(),
                    text: Cow::Borrowed(part),
                };
                push(&mut found, text, byte + from, piece);
            }
        }
        at += length;
        byte += bounded.len();
    }
    for piece in &mut found {
        if let Some(letters) = letters(&piece.text) {
            piece.text = Cow::Owned(letters);
        }
    }
    found
}

/// Takes a word, or the rest of the last one; `from` is where it begins, in bytes of the text.
fn push<'a>(found: &mut Vec<Piece<'a>>, text: &'a str, from: usize, piece: Piece<'a>) {
    if let Some(last) = found.last_mut()
        && let Some(joined) = joined(last, &text[last.byte..from], &piece.text)
    {
        *last = Piece { start: last.start, text: Cow::Owned(joined), ..piece };
    } else if piece.text.len() <= LONGEST_WORD * 4 {
        found.push(piece);
    }
}

/// What Unicode takes for one word, cut at colons, underscores, narrow blanks, the dots between words and the
/// commas of a list of numbers: where each part begins, in bytes, and the part.
fn parts(bounded: &str) -> impl Iterator<Item = (usize, &str)> {
    let dots = letters(bounded).is_none() && !bounded.contains(|c: char| c.is_ascii_digit());
    let commas = bounded.contains(',') && numbers::plain(bounded).is_none();
    let cuts = move |c: char| match c {
        ':' | '_' | ';' | '\u{202f}' | '\u{ff1a}' | '\u{fe55}' | '\u{203f}' | '\u{ff3f}' => true,
        '.' | '\u{ff0e}' => dots,
        ',' => commas,
        _ => false,
    };
    let whole = bounded.as_ptr() as usize;
    let parts = bounded.split(cuts).filter(|part| part.chars().any(char::is_alphanumeric));
    parts.map(move |part| (part.as_ptr() as usize - whole, part))
}

/// The letters of an abbreviation with dots: `U.S`, `S.A.R.L`, `z.B`.
fn letters(word: &str) -> Option<String> {
    let single = |part: &str| part.chars().count() == 1 && part.chars().all(char::is_alphabetic);
    (word.contains('.') && word.split('.').all(single)).then(|| word.replace('.', ""))
}

/// Two parts of one word with what stands between them: the groups of a number, or the halves of a word that
/// was broken at a line's end.
fn joined(first: &Piece<'_>, between: &str, second: &str) -> Option<String> {
    let (several, first) = (matches!(first.text, Cow::Owned(_)), &*first.text);
    if matches!(between, "\u{a0}" | "\u{202f}" | "\u{2009}") {
        return numbers::are_groups(first, several, second).then(|| format!("{first}{second}"));
    }
    let stem = first.trim_end_matches('\u{ad}');
    let broken = between.strip_prefix(['-', '\u{2010}']).or((stem.len() < first.len()).then_some(between))?;
    let line = broken.strip_prefix("\r\n").or_else(|| broken.strip_prefix('\n'))?;
    let halves = line.chars().all(|c| matches!(c, ' ' | '\t'))
        && stem.chars().count() > 1
        && stem.chars().all(char::is_alphabetic)
        && goes_on(second);
    halves.then(|| format!("{stem}{second}"))
}

/// Whether a word at a line's beginning goes on with what was broken off by a hyphen at the end of the line
/// before. `Miet- und Nebenkosten` was not broken off, and neither was `Franco-German`.
pub(crate) fn goes_on(word: &str) -> bool {
    const CONJUNCTIONS: &[&str] =
        &["und", "oder", "bzw", "sowie", "bis", "and", "or", "to", "et", "ou", "en", "of", "og", "och"];
    word.starts_with(char::is_lowercase) && !CONJUNCTIONS.contains(&word.trim_end_matches(['.', ',']))
}

/// Whether the hyphen is the word's own wherever the line ends: a name or a number comes after it, as in
/// `Baden-Württemberg` and `COVID-19`.
pub(crate) fn is_own(stem: &str, next: &str) -> bool {
    let letters = stem.chars().count() > 1 && stem.chars().all(|c| c.is_alphanumeric() || c == '-');
    letters && next.starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit())
}

/// Whether the hyphen is the word's own though it goes on in lower case: `c'est-à-dire`, `rez-de-chaussée`,
/// `state-of-the-art`, `quatre-vingt-dix`, `pre-existing`, `12-monatig`.
pub(crate) fn is_linked(stem: &str, next: &str) -> bool {
    const LINKS: &[&str] = &[
        "a", "au", "aux", "by", "d", "de", "des", "du", "en", "et", "in", "l", "la", "le", "les", "of", "on", "sous",
        "sur", "the", "to", "up",
    ];
    const NUMERALS: &[&str] = &[
        "vingt",
        "trente",
        "quarante",
        "cinquante",
        "soixante",
        "quatre",
        "vingts",
        "dix",
        "deux",
        "trois",
        "cinq",
        "six",
        "sept",
        "huit",
        "neuf",
        "onze",
        "douze",
        "treize",
        "quatorze",
        "quinze",
        "seize",
        "cent",
    ];
    const PREFIXES: &[&str] = &["anti", "co", "de", "micro", "multi", "pre", "re", "semi"];
    let (stem, next) = (super::fold(stem), super::fold(next));
    let last = stem.rsplit('-').next().unwrap_or(&stem);
    let numeral = |word: &str| NUMERALS.contains(&word.split('-').next().unwrap_or(word).trim_end_matches(['.', ',']));
    let doubled = || stem.chars().last().is_some_and(|c| "aeiou".contains(c) && next.starts_with(c));
    let chained = next.split_once('-').is_some_and(|(first, _)| LINKS.contains(&first));
    stem.ends_with(|c: char| c.is_ascii_digit())
        || chained
        || (last.len() < stem.len() && LINKS.contains(&last))
        || (numeral(last) && numeral(&next))
        || (PREFIXES.contains(&&*stem) && doubled())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str) -> Vec<String> {
        let all: Vec<char> = text.chars().collect();
        let pieces = pieces(text);
        for piece in &pieces {
            // What is highlighted begins and ends with the word.
            assert!(piece.text.starts_with(all[piece.start as usize]), "{text}: {piece:?}");
            assert!(piece.end as usize <= all.len() && piece.start < piece.end, "{text}: {piece:?}");
        }
        pieces.into_iter().map(|piece| piece.text.into_owned()).collect()
    }

    #[test]
    fn names_and_values_are_words_of_their_own() {
        for (text, expected) in [
            ("Customer:Pemberton", "Customer Pemberton"),
            ("IBAN:DE89370400440532013000", "IBAN DE89370400440532013000"),
            ("compute_service_charge(x)", "compute service charge x"),
            ("__init__ a__b", "init a b"),
            ("lease.axolotl() www.example.com/a_b", "lease axolotl www example com a b"),
            ("at 12:30, § 4.5 of 3.2.1 on 31.12.2024", "at 12 30 4.5 of 3.2.1 on 31.12.2024"),
            ("1;2;3 and 5,10,15 but 1,250.50", "1 2 3 and 5 10 15 but 1,250.50"),
            ("facture\u{202f}: payée\u{a0}! oui\u{202f}?", "facture payée oui"),
            ("the U.S. law, z.B. S.A.R.L. e.g. this", "the US law zB SARL eg this"),
            ("v1.2 Art.5 Nr.7b", "v1.2 Art 5 Nr 7b"),
            ("the bank's col·lecció", "the bank's col·lecció"),
        ] {
            assert_eq!(cut(text).join(" "), expected, "{text}");
        }
    }

    #[test]
    fn groups_of_a_number_are_one_number() {
        for (text, expected) in [
            ("10\u{202f}000 €", "10000"),
            ("1\u{a0}250\u{a0}000,50 EUR", "1250000,50 EUR"),
            ("1\u{a0}25", "1 25"),
            ("2024\u{a0}250", "2024 250"),
            ("§\u{a0}12\u{a0}Abs", "12 Abs"),
            ("1 250", "1 250"),
        ] {
            assert_eq!(cut(text).join(" "), expected, "{text}");
        }
    }

    #[test]
    fn which_hyphens_are_a_words_own() {
        for (stem, next, linked) in [
            ("c’est-à", "dire", true),
            ("rez-de", "chaussée", true),
            ("Saint-Germain-en", "Laye", true),
            ("state-of-the", "art", true),
            ("Quatre", "vingt-dix-neuf", true),
            ("quatre-vingt-dix", "neuf,", true),
            ("pre", "existing", true),
            ("anti", "inflammatory", true),
            ("12", "monatig", true),
            ("c’est", "à-dire", true),
            ("Saint-Germain", "en-Laye", true),
            ("Miet", "vertrag", false),
            ("the", "ory", false),
            ("re", "port", false),
            ("E-Mail-Adres", "se", false),
            ("dix", "ième", false),
        ] {
            assert_eq!(is_linked(stem, next), linked, "{stem} {next}");
        }
        assert!(is_own("Baden", "Württemberg") && is_own("COVID", "19") && is_own("12", "Uhr-Termin"));
        assert!(!is_own("infor", "mation"));
    }

    #[test]
    fn a_word_broken_at_a_lines_end_is_one() {
        for (text, expected) in [
            ("the infor-\nmation here", "the information here"),
            ("the infor-\r\n    mation", "the information"),
            ("die Verein\u{ad}\nbarung", "die Vereinbarung"),
            ("Franco-\nGerman", "Franco German"),
            ("Miet-\nund Nebenkosten", "Miet und Nebenkosten"),
            ("well-known", "well known"),
            ("a -\nlist", "a list"),
            ("x-\ny 4-\nfold", "x y 4 fold"),
            ("Ver-\nein-\nbarung", "Vereinbarung"),
        ] {
            assert_eq!(cut(text).join(" "), expected, "{text}");
        }
    }
}
