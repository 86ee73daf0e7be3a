//! The pages of a document, and what is found in them.

use crate::*;
use serde::{Deserialize, Serialize};

/// A rectangle on a page as fractions of its width and height, from the top left.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rect {
    /// Left.
    pub x: f32,
    /// Top.
    pub y: f32,
    /// Width.
    pub w: f32,
    /// Height.
    pub h: f32,
}

/// One page for the viewer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PageView {
    /// The document.
    pub document: DocumentId,
    /// Its name.
    pub name: String,
    /// Its format.
    pub format: String,
    /// The page, from 1.
    pub page: u32,
    /// Pages in all.
    pub pages: u32,
    /// The page's text.
    pub text: String,
    /// The page as a PNG in base64, for formats with a fixed layout.
    pub picture: Option<String>,
    /// The picture's width in pixels.
    pub width: u32,
    /// The picture's height in pixels.
    pub height: u32,
    /// Where the passage lies on the picture.
    pub boxes: Vec<Rect>,
    /// Where each word lies on the picture, in the order of the text: to select, copy and mark words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<WordPlace>,
    /// The passage in `text`, where it was found.
    pub passage: Option<Span>,
    /// BLAKE3 of the page's text, hex.
    pub page_hash: String,
    /// What people call the page: a sheet's name, `Slide 3`, a chapter's title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// What the page's text consists of, where the format says; else it is drawn as it is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blocks: Vec<Block>,
    /// The header cells of the table that the page begins in the middle of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<String>,
}

/// Where a word of a page lies on its picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WordPlace {
    /// Its first char in the page's text.
    pub start: u32,
    /// Its length in chars.
    pub length: u16,
    /// Left, top, right and bottom, in 65,535ths of the page's width and height from the top left.
    pub sides: [u16; 4],
}

/// The rectangles of a stretch of text on its page: one for each line, at most [`MOST_LINES`].
pub fn lines(words: &[WordPlace], stretch: Span) -> Vec<Rect> {
    let mut lines: Vec<[u16; 4]> = Vec::new();
    for next in words.iter().filter_map(|word| word.inside(stretch)) {
        // A word further left than the line's start begins another line or column.
        if let Some(line) = lines.last_mut().filter(|line| same_line(**line, next) && next[0] >= line[0]) {
            *line = [line[0], line[1].min(next[1]), line[2].max(next[2]), line[3].max(next[3])];
        } else if lines.len() < MOST_LINES {
            lines.push(next);
        } else {
            break;
        }
    }
    lines.into_iter().map(Rect::from_sides).collect()
}

/// Lines of one stretch of text that are drawn, at most.
pub const MOST_LINES: usize = 400;
/// Words of one line overlap in height by at least this share of the lower one.
const SAME_LINE: f32 = 0.5;

fn same_line(a: [u16; 4], b: [u16; 4]) -> bool {
    let height = |s: [u16; 4]| f32::from(s[3].saturating_sub(s[1]));
    let overlap = f32::from(a[3].min(b[3])) - f32::from(a[1].max(b[1]));
    overlap >= SAME_LINE * height(a).min(height(b))
}

impl WordPlace {
    /// The sides of the part of the word that lies in a stretch of text; its letters count as equally wide.
    fn inside(&self, stretch: Span) -> Option<[u16; 4]> {
        let (length, from) = (u32::from(self.length), self.start.max(stretch.start));
        let to = self.start.saturating_add(length).min(stretch.end);
        if from >= to {
            return None;
        }
        let [left, top, right, bottom] = self.sides;
        let width = u32::from(right.saturating_sub(left));
        let side = |at: u32| left.saturating_add(u16::try_from(width * (at - self.start) / length).unwrap_or(u16::MAX));
        Some([side(from), top, side(to), bottom])
    }
}

impl Rect {
    /// From left, top, right and bottom in 65,535ths.
    fn from_sides([left, top, right, bottom]: [u16; 4]) -> Self {
        let fraction = |side: u16| f32::from(side) / 65_535.0;
        let (w, h) = (fraction(right.saturating_sub(left)), fraction(bottom.saturating_sub(top)));
        Self { x: fraction(left), y: fraction(top), w, h }
    }
}

/// A page of a document, without its text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PageEntry {
    /// Its number, from 1.
    pub page: u32,
    /// What people call it: a sheet's name, `Slide 3`, a chapter's title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Its width in points; 0 where the format has no fixed layout.
    pub width: f32,
    /// Its height in points.
    pub height: f32,
}

/// Where words stand in a document.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// How often, in the whole document.
    pub total: u32,
    /// The first of them, in order.
    pub finds: Vec<Find>,
}

/// One place where the words stand.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Find {
    /// The page, from 1.
    pub page: u32,
    /// Where in the page's text.
    pub span: Span,
    /// The words before, cut at a word, with their white space as single blanks.
    pub before: String,
    /// The words themselves, as they stand there.
    pub words: String,
    /// The words after.
    pub after: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(start: u32, x: u16, y: u16) -> WordPlace {
        WordPlace { start, length: 4, sides: [x, y, x + 400, y + 100] }
    }

    fn sides(words: &[WordPlace], start: u32, end: u32) -> Vec<(f32, f32, f32)> {
        let rounded = |r: &Rect| ((r.x * 65_535.0).round(), (r.y * 65_535.0).round(), (r.w * 65_535.0).round());
        lines(words, Span { start, end }).iter().map(rounded).collect()
    }

    #[test]
    fn one_rectangle_for_each_line() {
        let words = [
            word(0, 1000, 1000),
            word(5, 1500, 1000),
            word(10, 2000, 1010),
            word(15, 1000, 1200),
            word(20, 1500, 1200),
        ];
        assert_eq!(sides(&words, 5, 19), [(1500.0, 1000.0, 900.0), (1000.0, 1200.0, 400.0)]);
        assert_eq!(sides(&words, 30, 40), []);
    }

    #[test]
    fn a_part_of_a_word_is_a_part_of_its_width() {
        let words = [word(0, 1000, 1000)];
        assert_eq!(sides(&words, 1, 3), [(1100.0, 1000.0, 200.0)]);
        assert_eq!(sides(&[WordPlace { length: 0, ..words[0] }], 0, 3), []);
    }
}
