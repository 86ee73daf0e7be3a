//! Where sentences begin and end, in any text with line breaks; offsets in chars.

use protocol::Span;

/// Abbreviations that a sentence does not end with, lower case, without their last dot.
const ABBREVIATIONS: &[&str] = &[
    "mr", "mrs", "ms", "dr", "prof", "st", "vs", "e.g", "i.e", "cf", "no", "nos", "vol", "fig", "art", "arts", "sec",
    "ch", "pp", "approx", "inc", "ltd", "co", "corp", "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sept", "sep",
    "oct", "nov", "dec", "u.s", "u.k", "mme", "mlle", "env", "éd", "z.b", "d.h", "u.a", "bzw", "ca", "nr", "abs",
    "ziff", "str", "hr", "fr", "usw", "evtl", "ggf", "inkl", "zzgl", "mio", "mrd", "vgl", "sog", "etc",
];

/// The longest note mark, in chars: `[12, 13]`.
const LONGEST_NOTE: usize = 24;

/// The sentences of a text, without the white space around them. An empty line always ends one; a
/// single line end does when `lines` is set (lists, rows).
pub fn sentences(text: &str, lines: bool) -> Vec<Span> {
    let chars: Vec<char> = text.chars().collect();
    let mut found = Vec::new();
    let mut start = 0;
    let mut at = 0;
    while at < chars.len() {
        let next = at + 1;
        let line_end = chars[at] == '\n' && (lines || chars.get(next) == Some(&'\n'));
        if line_end {
            push(&mut found, &chars, start, at);
            start = next;
        } else if let Some(end) = stop(&chars, start, at) {
            push(&mut found, &chars, start, end);
            start = end;
            at = end;
            continue;
        }
        at = next;
    }
    push(&mut found, &chars, start, chars.len());
    found
}

fn push(found: &mut Vec<Span>, chars: &[char], start: usize, end: usize) {
    let Some(first) = (start..end).find(|i| !chars[*i].is_whitespace()) else { return };
    let last = (first..end).rfind(|i| !chars[*i].is_whitespace()).unwrap_or(first);
    found.push(Span { start: first as u32, end: last as u32 + 1 });
}

/// If a sentence that began at `start` stops at the mark `at`: where it ends, quotes and brackets included.
fn stop(chars: &[char], start: usize, at: usize) -> Option<usize> {
    if matches!(chars[at], '。' | '！' | '？') {
        return Some(at + 1);
    }
    if !matches!(chars[at], '.' | '!' | '?' | '…') {
        return None;
    }
    let mut end = at + 1;
    while end < chars.len()
        && matches!(chars[end], '.' | '!' | '?' | '"' | '”' | '’' | '»' | '\'' | ')' | ']' | '*' | '_')
    {
        end += 1;
    }
    // A note's mark belongs to the sentence before it: "… days.[2] The".
    while chars.get(end) == Some(&'[') && chars.get(end + 1).is_some_and(char::is_ascii_digit) {
        let Some(close) = chars[end..].iter().take(LONGEST_NOTE).position(|c| *c == ']') else { break };
        end += close + 1;
    }
    if end < chars.len() && !chars[end].is_whitespace() {
        return None;
    }
    let next = chars[end..].iter().find(|c| !c.is_whitespace());
    if next.is_some_and(|c| c.is_lowercase()) {
        return None;
    }
    if chars[at] == '.' && end == at + 1 {
        let word_start = (start..at).rfind(|i| chars[*i].is_whitespace() || chars[*i] == '(').map_or(start, |i| i + 1);
        let word: String = chars[word_start..at].iter().collect::<String>().to_lowercase();
        let initial = word.chars().count() == 1 && word.chars().all(char::is_alphabetic);
        // "1." at a line's start numbers an item; "am 3. März" is a date.
        let ordinal = word.chars().count() <= 2
            && word.chars().all(|c| c.is_ascii_digit())
            && !word.is_empty()
            && (word_start == start || next.is_some_and(|c| c.is_alphabetic()) && is_month(chars, end));
        if initial || ordinal || ABBREVIATIONS.contains(&word.as_str()) {
            return None;
        }
    }
    Some(end)
}

fn is_month(chars: &[char], from: usize) -> bool {
    let word: String =
        chars[from..].iter().skip_while(|c| c.is_whitespace()).take_while(|c| c.is_alphabetic()).collect();
    matches!(
        word.to_lowercase().as_str(),
        "januar"
            | "februar"
            | "märz"
            | "april"
            | "mai"
            | "juni"
            | "juli"
            | "august"
            | "september"
            | "oktober"
            | "november"
            | "dezember"
            | "quartal"
            | "jahrhundert"
            | "tag"
            | "monat"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::slice;

    #[test]
    fn sentence_table() {
        for (text, expected) in [
            ("One. Two! Three?", &["One.", "Two!", "Three?"][..]),
            ("Mr. Smith paid 4.5 %. Then he left.", &["Mr. Smith paid 4.5 %.", "Then he left."]),
            ("He said \"stop.\" Then", &["He said \"stop.\"", "Then"]),
            ("Ninety days.[2] The rest", &["Ninety days.[2]", "The rest"]),
            ("Ninety days.[2][13, 14] The rest", &["Ninety days.[2][13, 14]", "The rest"]),
            (
                "Ninety days.[1 of many without an end. The rest",
                &["Ninety days.[1 of many without an end.", "The rest"],
            ),
            ("Am 3. März endet es. Gut.", &["Am 3. März endet es.", "Gut."]),
            ("J. R. R. Tolkien wrote it.", &["J. R. R. Tolkien wrote it."]),
            ("see art. 5 of the law. Next", &["see art. 5 of the law.", "Next"]),
            ("a line\nthat goes on. End", &["a line\nthat goes on.", "End"]),
            ("Title\n\nText here", &["Title", "Text here"]),
            ("e.g. this one, i.e. that.", &["e.g. this one, i.e. that."]),
            ("www.example.org is a host", &["www.example.org is a host"]),
            ("第一句。第二句。", &["第一句。", "第二句。"]),
            ("  ", &[]),
        ] {
            let found: Vec<_> = sentences(text, false).into_iter().map(|s| slice(text, s)).collect();
            assert_eq!(found, expected, "{text:?}");
        }
        assert_eq!(sentences("- a\n- b", true).len(), 2);
        // Marks that never close are not looked for to the end, each from its place: that would be slow.
        assert_eq!(sentences(&"a.[1".repeat(200_000), false).len(), 1);
    }
}
