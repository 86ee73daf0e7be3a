//! The numbers and bullets that Word writes before the paragraphs of a list.

use super::super::xml::{Node, Xml};
use protocol::Fault;
use std::collections::HashMap;

/// Levels of a list.
const LEVELS: usize = 9;

#[derive(Clone, Debug, Default)]
struct Level {
    format: String,
    text: String,
    start: u32,
}

/// The lists of a document, and how far each has counted.
#[derive(Debug, Default)]
pub(super) struct Numbering {
    /// The levels of each abstract list.
    lists: HashMap<u32, Vec<Level>>,
    /// Which abstract list a list is, and where its levels start anew.
    used: HashMap<u32, (u32, Vec<Option<u32>>)>,
    counters: HashMap<u32, [Option<u32>; LEVELS]>,
    begun: std::collections::HashSet<u32>,
}

impl Numbering {
    pub fn read(text: &str) -> Result<Self, Fault> {
        let mut xml = Xml::of(text);
        let mut lists = Self::default();
        let (mut list, mut used, mut level) = (None::<u32>, None::<u32>, None::<usize>);
        while let Some(node) = xml.next()? {
            let tag = match node {
                Node::Open(tag) => tag,
                Node::Close(name) => {
                    match name.as_str() {
                        "abstractNum" => list = None,
                        "num" => used = None,
                        "lvl" | "lvlOverride" => level = None,
                        _ => {}
                    }
                    continue;
                }
                Node::Text(_) => continue,
            };
            match tag.name() {
                "abstractNum" => list = tag.number("abstractNumId"),
                "num" => used = tag.number("numId"),
                "abstractNumId" => {
                    if let (Some(used), Some(list)) = (used, tag.number("val")) {
                        lists.used.entry(used).or_default().0 = list;
                    }
                }
                "lvl" | "lvlOverride" => level = tag.number("ilvl").filter(|level| *level < LEVELS),
                "startOverride" => {
                    if let (Some(used), Some(level)) = (used, level) {
                        let starts = &mut lists.used.entry(used).or_default().1;
                        starts.resize(LEVELS, None);
                        starts[level] = tag.number("val");
                    }
                }
                name @ ("start" | "numFmt" | "lvlText") => {
                    if let (Some(list), Some(level)) = (list, level) {
                        let levels = lists.lists.entry(list).or_default();
                        levels.resize(LEVELS, Level { start: 1, ..Level::default() });
                        let value = tag.attr("val").unwrap_or_default();
                        match name {
                            "start" => levels[level].start = value.parse().unwrap_or(1),
                            "numFmt" => levels[level].format = value,
                            _ => levels[level].text = value,
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(lists)
    }

    /// The mark before the next paragraph of a list at a depth; None where the list has none there.
    pub fn next(&mut self, list: u32, depth: u8) -> Option<String> {
        let depth = usize::from(depth).min(LEVELS - 1);
        let (of, starts) = self.used.get(&list)?.clone();
        let levels = self.lists.get(&of)?;
        let counters = self.counters.entry(of).or_default();
        if self.begun.insert(list) {
            for (counter, start) in counters.iter_mut().zip(&starts) {
                if start.is_some() {
                    *counter = None;
                }
            }
        }
        let start = |at: usize| starts.get(at).copied().flatten().unwrap_or(levels[at].start);
        counters[depth] = Some(counters[depth].map_or(start(depth), |n| n.saturating_add(1)));
        counters[depth + 1..].fill(None);
        let level = &levels[depth];
        match level.format.as_str() {
            "none" => return None,
            // The sign is often of a font of signs.
            "bullet" => return Some("-".to_owned()),
            _ => {}
        }
        let mut mark = String::new();
        let mut chars = level.text.chars().peekable();
        while let Some(c) = chars.next() {
            match chars.peek().and_then(|c| c.to_digit(10)).filter(|_| c == '%') {
                Some(digit) if digit > 0 => {
                    chars.next();
                    let at = (digit as usize - 1).min(LEVELS - 1);
                    mark += &numeral(counters[at].unwrap_or_else(|| start(at)), &levels[at].format);
                }
                Some(_) | None => mark.push(c),
            }
        }
        Some(mark.trim().to_owned()).filter(|mark| !mark.is_empty())
    }
}

/// A number as a list writes it.
pub(crate) fn numeral(number: u32, format: &str) -> String {
    match format {
        "lowerLetter" => letters(number).to_lowercase(),
        "upperLetter" => letters(number),
        "lowerRoman" => roman(number).to_lowercase(),
        "upperRoman" => roman(number),
        "decimalZero" => format!("{number:02}"),
        _ => number.to_string(),
    }
}

/// A, B, … Z, AA, BB: the letter repeats.
fn letters(number: u32) -> String {
    let Some(n) = number.checked_sub(1) else { return String::new() };
    char::from(b'A' + (n % 26) as u8).to_string().repeat((n / 26 + 1).min(10) as usize)
}

fn roman(mut number: u32) -> String {
    const SIGNS: [(u32, &str); 13] = [
        (1000, "M"),
        (900, "CM"),
        (500, "D"),
        (400, "CD"),
        (100, "C"),
        (90, "XC"),
        (50, "L"),
        (40, "XL"),
        (10, "X"),
        (9, "IX"),
        (5, "V"),
        (4, "IV"),
        (1, "I"),
    ];
    if number > 4_000 {
        return number.to_string();
    }
    let mut written = String::new();
    for (value, sign) in SIGNS {
        while number >= value {
            written += sign;
            number -= value;
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_count_as_word_counts() {
        let level = |n: u32, format: &str, text: &str| {
            format!(
                "<w:lvl w:ilvl='{n}'><w:start w:val='1'/><w:numFmt w:val='{format}'/><w:lvlText w:val='{text}'/></w:lvl>"
            )
        };
        let text = format!(
            "<w:numbering><w:abstractNum w:abstractNumId='7'>{}{}{}</w:abstractNum>\
             <w:num w:numId='1'><w:abstractNumId w:val='7'/></w:num><w:num w:numId='2'><w:abstractNumId w:val='7'/>\
             <w:lvlOverride w:ilvl='0'><w:startOverride w:val='5'/></w:lvlOverride></w:num></w:numbering>",
            level(0, "decimal", "§ %1."),
            level(1, "lowerLetter", "%1.%2)"),
            level(2, "bullet", "\u{f0b7}"),
        );
        let mut lists = Numbering::read(&text).unwrap();
        let marks: Vec<_> = [(1, 0), (1, 1), (1, 1), (1, 0), (1, 1), (1, 2), (2, 0), (2, 0), (1, 0)]
            .map(|(list, depth)| lists.next(list, depth).unwrap_or_default())
            .into();
        assert_eq!(marks, ["§ 1.", "1.a)", "1.b)", "§ 2.", "2.a)", "-", "§ 5.", "§ 6.", "§ 7."]);
        assert_eq!(lists.next(9, 0), None);
    }

    #[test]
    fn numerals() {
        for (number, format, written) in [
            (4, "upperRoman", "IV"),
            (1_994, "lowerRoman", "mcmxciv"),
            (28, "upperLetter", "BB"),
            (3, "lowerLetter", "c"),
            (7, "decimalZero", "07"),
            (7, "ordinal", "7"),
            (0, "upperLetter", ""),
        ] {
            assert_eq!(numeral(number, format), written);
        }
    }
}
