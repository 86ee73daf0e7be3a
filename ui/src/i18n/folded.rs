//! Words as they are compared: without case, and with common accents folded.

use protocol::Span;

/// The words for a comparison.
pub fn folded(words: &str) -> String {
    words.chars().flat_map(plain).collect()
}

/// Where words occur in a text, in chars of the text; None where they do not.
pub fn found(text: &str, words: &str) -> Option<Span> {
    let wanted: Vec<char> = words.chars().flat_map(plain).collect();
    if wanted.is_empty() {
        return None;
    }
    // Each folded letter with the place of the letter that it comes from.
    let letters: Vec<(char, usize)> =
        text.chars().enumerate().flat_map(|(at, letter)| plain(letter).map(move |plain| (plain, at))).collect();
    let hit = letters.windows(wanted.len()).find(|part| part.iter().map(|(letter, _)| letter).eq(&wanted))?;
    Some(Span { start: hit.first()?.1 as u32, end: hit.last()?.1 as u32 + 1 })
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
}
