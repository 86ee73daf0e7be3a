//! Account numbers (IBAN, ISO 13616): written in groups of four on a letter, in one piece in a list of payments.

use std::ops::Range;

/// The shortest and the longest one, in chars.
const LENGTHS: std::ops::RangeInclusive<usize> = 15..=34;
/// Chars of a group.
const GROUP: usize = 4;

/// The groups that an account number is printed in; none where the word is none.
pub(crate) fn groups(folded: &str) -> Option<Vec<String>> {
    let groups = || folded.as_bytes().chunks(GROUP).map(|group| String::from_utf8_lossy(group).into_owned());
    holds(folded).then(|| groups().collect())
}

/// The account numbers that stand in groups among these words, folded ones: which words, and the number in one
/// piece.
pub(crate) fn joined(words: &[&str]) -> Vec<(Range<usize>, String)> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < words.len() {
        match longest(&words[at..]) {
            Some((count, number)) => {
                found.push((at..at + count, number));
                at += count;
            }
            None => at += 1,
        }
    }
    found
}

/// The longest account number that the words begin with, in groups.
fn longest(words: &[&str]) -> Option<(usize, String)> {
    let full = words.iter().take_while(|word| word.len() == GROUP && word.bytes().all(is_sign)).count();
    let most = (full + 1).min(words.len()).min(LENGTHS.end().div_ceil(GROUP));
    let number = |count: usize| (count, words[..count].concat());
    let grouped = |count: &usize| *count > 1 && words[count - 1].len() <= GROUP;
    (2..=most).rev().filter(grouped).map(number).find(|(_, number)| holds(number))
}

/// Whether it has an account number's form and its check digits are right: of other words that look like one,
/// one in a hundred has them.
fn holds(folded: &str) -> bool {
    let bytes = folded.as_bytes();
    let form = LENGTHS.contains(&bytes.len())
        && bytes[..2].iter().all(u8::is_ascii_lowercase)
        && bytes[2..4].iter().all(u8::is_ascii_digit)
        && bytes[4..].iter().copied().all(is_sign);
    if !form {
        return false;
    }
    // ISO 7064, mod 97-10: the first four go to the end, letters count 10 to 35.
    let rest = bytes[4..].iter().chain(&bytes[..4]).fold(0u32, |rest, byte| match byte {
        b'0'..=b'9' => (rest * 10 + u32::from(byte - b'0')) % 97,
        letter => (rest * 100 + u32::from(letter - b'a') + 10) % 97,
    });
    rest == 1
}

fn is_sign(byte: u8) -> bool {
    byte.is_ascii_digit() || byte.is_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_in_groups() {
        // The examples of the registry.
        for (number, expected) in [
            ("de89370400440532013000", Some("de89 3704 0044 0532 0130 00")),
            ("fr1420041010050500013m02606", Some("fr14 2004 1010 0505 0001 3m02 606")),
            ("no9386011117947", Some("no93 8601 1117 947")),
            ("mt84malt011000012345mtlcast001s", Some("mt84 malt 0110 0001 2345 mtlc ast0 01s")),
            ("de88370400440532013000", None),
            ("de89", None),
            ("information1234", None),
            ("12345678901234567", None),
            ("été9370400440532013000", None),
        ] {
            assert_eq!(groups(number).map(|groups| groups.join(" ")).as_deref(), expected, "{number}");
        }
    }

    #[test]
    fn what_stands_in_groups_is_one_number() {
        let found = |text: &str| {
            let words: Vec<&str> = text.split(' ').collect();
            joined(&words).into_iter().map(|(at, number)| format!("{at:?} {number}")).collect::<Vec<_>>().join("; ")
        };
        for (text, expected) in [
            ("pay to de89 3704 0044 0532 0130 00 in march", "2..8 de89370400440532013000"),
            ("gb82 west 1234 5698 7654 32", "0..6 gb82west12345698765432"),
            ("be68 5390 0754 7034 paid", "0..4 be68539007547034"),
            ("de89 3704 0044 0532 0130 01", ""),
            (
                "from de89 3704 0044 0532 0130 00 to be68 5390 0754 7034",
                "1..7 de89370400440532013000; 8..12 be68539007547034",
            ),
            ("each word here have four", ""),
            ("", ""),
        ] {
            assert_eq!(found(text), expected, "{text}");
        }
    }
}
