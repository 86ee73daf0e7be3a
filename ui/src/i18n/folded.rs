//! Words as they are compared: without case, and with common accents folded.

use protocol::Span;

/// The words for a comparison.
pub fn folded(words: &str) -> String {
    words.chars().flat_map(plain).collect()
}

/// Where words occur in a text, in chars of the text; None where they do not.
pub fn found(text: &str, words: &str) -> Option<Span> {
    places(text, words).into_iter().next()
}

/// Where words stand at the beginning of a word of a text; None where they do not.
pub fn begun(text: &str, words: &str) -> Option<Span> {
    let letters: Vec<char> = text.chars().collect();
    let begins = |span: &Span| {
        let before = (span.start as usize).checked_sub(1).and_then(|before| letters.get(before));
        before.is_none_or(|letter| !letter.is_alphanumeric())
    };
    places(text, words).into_iter().find(begins)
}

/// All places where words occur in a text.
fn places(text: &str, words: &str) -> Vec<Span> {
    let wanted: Vec<char> = words.chars().flat_map(plain).collect();
    if wanted.is_empty() {
        return Vec::new();
    }
    // Each folded letter with the place of the letter that it comes from.
    let letters: Vec<(char, usize)> =
        text.chars().enumerate().flat_map(|(at, letter)| plain(letter).map(move |plain| (plain, at))).collect();
    let hits = letters.windows(wanted.len()).filter(|part| part.iter().map(|(letter, _)| letter).eq(&wanted));
    hits.filter_map(|hit| Some(Span { start: hit.first()?.1 as u32, end: hit.last()?.1 as u32 + 1 })).collect()
}

fn plain(letter: char) -> impl Iterator<Item = char> {
    letter.to_lowercase().map(|letter| match letter {
        'à' | 'á' | 'â' | 'ä' | 'ã' => 'a',
        'ç' => 'c',
        'è' | 'é' | 'ê' | 'ë' => 'e',
        'ì' | 'í' | 'î' | 'ï' => 'i',
        'ñ' => 'n',
        'ò' | 'ó' | 'ô' | 'ö' | 'õ' => 'o',
        'ù' | 'ú' | 'û' | 'ü' => 'u',
        other => other,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accents_and_case_do_not_hide_words() {
        let table = [
            ("Résiliation anticipée", "resil", Some((0, 5))),
            ("La GRÜNE Mappe", "grune", Some((3, 8))),
            ("plan", "PLAN", Some((0, 4))),
            ("İstanbul", "stan", Some((1, 5))),
            ("plan", "map", None),
            ("plan", "", None),
        ];
        for (text, words, expected) in table {
            assert_eq!(found(text, words).map(|span| (span.start, span.end)), expected, "{text} {words}");
        }
    }

    #[test]
    fn a_word_is_found_by_its_beginning() {
        let table = [
            ("Outbound", "out", Some((0, 3))),
            ("About the outlook", "out", Some((10, 13))),
            ("What left this machine", "left this", Some((5, 14))),
            ("L’échéance", "eche", Some((2, 6))),
            ("About", "out", None),
            ("Outbound", "", None),
        ];
        for (text, words, expected) in table {
            assert_eq!(begun(text, words).map(|span| (span.start, span.end)), expected, "{text} {words}");
        }
    }
}
