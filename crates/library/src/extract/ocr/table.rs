//! The table of words that Tesseract writes (TSV) as text with the places of its words. Pure.

use crate::{
    extract::{WordBox, tidy},
    words::{goes_on, is_linked, is_own},
};

/// A word of which it is less sure, in percent, is a speck of the scan more often than a word.
const LEAST_SURE: f32 = 25.0;
/// Shorter words are specks of a scan as often as words.
const LEAST_LETTERS: usize = 4;
/// Words of one picture.
const MOST_WORDS: usize = 40_000;
/// The grid on which word boxes are stored.
const GRID: u64 = 65_535;

/// What was read in a picture.
#[derive(Debug, Default, PartialEq)]
pub struct Recognised {
    pub text: String,
    pub words: Vec<WordBox>,
    /// The picture's size in pixels.
    pub width: u32,
    pub height: u32,
}

impl Recognised {
    /// How many letters of words it has that are no specks.
    pub fn certain(&self) -> usize {
        let words = self.text.split(|c: char| !c.is_alphanumeric()).map(|word| word.chars().count());
        words.filter(|letters| *letters >= LEAST_LETTERS).sum()
    }
}

/// Reads the table. What is no row of it is passed over.
pub fn read(table: &str) -> Recognised {
    let mut read = Recognised::default();
    let mut chars = 0u32;
    let (mut paragraph, mut line) = (None, None);
    for row in table.lines() {
        let cells: Vec<&str> = row.splitn(12, '\t').collect();
        let &[level, page, block, par, number, _, left, top, width, height, sure, ref text @ ..] = cells.as_slice()
        else {
            continue;
        };
        let (left, top, width, height) = (pixels(left), pixels(top), pixels(width), pixels(height));
        if level == "1" && read.width == 0 {
            (read.width, read.height) = (width as u32, height as u32);
        }
        let word = tidy(text.first().copied().unwrap_or_default()).split_whitespace().collect::<Vec<_>>().join(" ");
        let certain = sure.parse::<f32>().is_ok_and(|sure| sure >= LEAST_SURE);
        if level != "5"
            || word.is_empty()
            || !certain
            || read.words.len() >= MOST_WORDS
            || read.width == 0
            || read.height == 0
        {
            continue;
        }
        let this = (page, block, par);
        let apart = match (paragraph == Some(this), line == Some((this, number))) {
            _ if read.text.is_empty() => "",
            (false, _) => "\n\n",
            (true, false) if is_parted(&read.text, &word) => "",
            // Words that a line's end has cut in two are one.
            (true, false) if cut_in_two(&read.text, &word) => {
                read.text.pop();
                chars -= 1;
                if let Some(last) = read.words.last_mut() {
                    last.length -= 1;
                }
                ""
            }
            (true, _) => " ",
        };
        (paragraph, line) = (Some(this), Some((this, number)));
        read.text.push_str(apart);
        chars += apart.len() as u32;
        let length = word.chars().count() as u32;
        let across = |at: u64| (at * GRID / u64::from(read.width)).min(GRID) as u16;
        let down = |at: u64| (at * GRID / u64::from(read.height)).min(GRID) as u16;
        if let Ok(length) = u16::try_from(length) {
            let sides = [across(left), down(top), across(left + width), down(top + height)];
            read.words.push(WordBox { start: chars, length, sides });
        }
        read.text.push_str(&word);
        chars += length;
    }
    read
}

fn pixels(text: &str) -> u64 {
    text.parse::<u32>().map_or(0, u64::from)
}

/// Whether a line ends in the middle of a word that the next begins with the rest of.
fn cut_in_two(text: &str, next: &str) -> bool {
    let mut end = text.chars().rev();
    end.next() == Some('-') && end.next().is_some_and(char::is_alphabetic) && goes_on(next)
}

/// Whether a line ends after a hyphen of a word's own: `Baden-`, `Württemberg`.
fn is_parted(text: &str, next: &str) -> bool {
    let last = text.rsplit([' ', '\n']).next().unwrap_or_default();
    last.strip_suffix('-').is_some_and(|stem| is_own(stem, next) || (goes_on(next) && is_linked(stem, next)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_lines_and_paragraphs() {
        let table = "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext\n\
            1\t1\t0\t0\t0\t0\t0\t0\t1000\t2000\t-1\t\n\
            5\t1\t1\t1\t1\t1\t100\t200\t50\t20\t96.5\tDer\n\
            5\t1\t1\t1\t1\t2\t160\t200\t50\t20\t95\tMiet-\n\
            5\t1\t1\t1\t2\t1\t100\t230\t90\t20\t91\tvertrag\n\
            5\t1\t1\t1\t2\t2\t200\t230\t9\t20\t3\t~\n\
            5\t1\t1\t1\t2\t3\t220\t230\t90\t20\t90\tendet.\n\
            5\t1\t2\t1\t1\t1\t100\t900\t90\t20\t90\tBaden-\n\
            5\t1\t2\t1\t2\t1\t100\t930\t90\t20\t90\tZürich\n\
            5\t1\t2\n5\tx";
        let read = read(table);
        assert_eq!(read.text, "Der Mietvertrag endet.\n\nBaden-Zürich");
        assert_eq!((read.width, read.height), (1000, 2000));
        let words: Vec<String> = read
            .words
            .iter()
            .map(|word| read.text.chars().skip(word.start as usize).take(word.length.into()).collect())
            .collect();
        assert_eq!(words, ["Der", "Miet", "vertrag", "endet.", "Baden-", "Zürich"]);
        assert_eq!(read.words[0].sides, [6553, 6553, 9830, 7208]);
    }

    #[test]
    fn a_table_of_anything_is_read() {
        for table in [
            "",
            "\t\t\t",
            "5\t1\t1\t1\t1\t1\t9\t9\t9\t9\t99\tword",
            "1\t\t\t\t\t\t0\t0\t0\t0\t-1\t\n5\t\t\t\t\t\t9\t9\t9\t9\t99\tx",
        ] {
            assert_eq!(read(table).text, "", "{table:?}");
        }
        let far =
            read("1\t1\t0\t0\t0\t0\t0\t0\t10\t10\t-1\t\n5\t1\t1\t1\t1\t1\t4294967295\t9\t4294967295\t9\t99\tword");
        assert_eq!(far.words[0].sides[0], 65_535);
    }
}
