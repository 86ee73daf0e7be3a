//! From glyphs in reading order to a page's text: words, lines, paragraphs, headings. Pure.

use crate::extract::{Heading, WordBox};
use protocol::Span;
use unicode_normalization::UnicodeNormalization;

/// A char as it stands on the page.
#[derive(Clone, Copy, Debug)]
pub struct Glyph {
    pub value: char,
    /// Left, top, right, bottom in 65535ths; None for spaces and line ends.
    pub sides: Option<[u16; 4]>,
    /// Font size in points.
    pub size: f32,
}

/// A page's text with the places of its words.
#[derive(Debug, Default, PartialEq)]
pub struct LaidOut {
    pub text: String,
    pub words: Vec<WordBox>,
    pub headings: Vec<Heading>,
}

/// PDFium's sign for a hyphen at a line's end.
const LINE_HYPHEN: char = '\u{2}';
/// A heading's font is at least so much larger than the page's body.
const HEADING_SIZE: f32 = 1.15;
/// A heading has at most so many chars.
const HEADING_CHARS: usize = 160;
/// Lines further apart than so many line heights are different paragraphs.
const PARAGRAPH_GAP: f32 = 0.75;
/// A line that ends further left than this share of its paragraph's width ends there on purpose.
const FULL_LINE: f32 = 0.82;
/// Letters of a letter-spaced line that are nearer than this share of its height are one word.
const LETTER_GAP: f32 = 0.12;
/// Words further apart than so many line heights are columns of a table.
const COLUMN_GAP: f32 = 2.0;

#[derive(Clone, Debug)]
struct Piece {
    text: String,
    sides: [u16; 4],
}

#[derive(Clone, Debug, Default)]
struct Line {
    words: Vec<Piece>,
    sides: [u16; 4],
    size: f32,
    hyphenated: bool,
}

impl Line {
    fn height(&self) -> f32 {
        f32::from(self.sides[3].saturating_sub(self.sides[1])).max(1.0)
    }
    /// PDFium puts spaces between the letters of some turned or stretched texts.
    fn is_letter_spaced(&self) -> bool {
        let single = self.words.iter().filter(|w| w.text.chars().count() == 1).count();
        self.words.len() >= 8 && single * 10 >= self.words.len() * 6
    }
    /// Joins words that are hardly apart.
    fn close_up(&mut self, aspect: f32) {
        let apart = LETTER_GAP * self.height() * aspect;
        let mut words: Vec<Piece> = Vec::with_capacity(self.words.len());
        for word in self.words.drain(..) {
            match words.last_mut() {
                Some(last) if f32::from(word.sides[0].saturating_sub(last.sides[2])) < apart => {
                    last.text.push_str(&word.text);
                    last.sides = around(last.sides, word.sides);
                }
                Some(_) | None => words.push(word),
            }
        }
        self.words = words;
    }
    fn has_columns(&self, unit: f32) -> bool {
        self.words.windows(2).any(|w| f32::from(w[1].sides[0].saturating_sub(w[0].sides[2])) > unit)
    }
    fn is_list_item(&self) -> bool {
        let Some(first) = self.words.first() else { return false };
        let text = first.text.as_str();
        matches!(text, "•" | "‣" | "▪" | "◦" | "–" | "-" | "*" | "·" | "○" | "■")
            || (self.words.len() > 1
                && text.ends_with(['.', ')'])
                && text.trim_end_matches(['.', ')']).trim_start_matches('(').len() <= 3
                && text.starts_with(|c: char| c.is_ascii_digit() || c == '(' || c.is_ascii_lowercase()))
    }
}

/// Lays the glyphs of a page out as text. `width` and `height` are the page's, in points.
pub fn lay_out(glyphs: &[Glyph], width: f32, height: f32) -> LaidOut {
    // Both directions of the grid are 65535 wide: this takes heights to widths.
    let aspect = if width > 0.0 && height > 0.0 { height / width } else { 1.0 };
    let lines = lines(glyphs, aspect);
    let body = body_size(&lines);
    let mut out = LaidOut::default();
    let mut chars = 0u32;
    let mut at = 0;
    while at < lines.len() {
        let mut end = at + 1;
        while end < lines.len() && same_paragraph(&lines[end - 1], &lines[end]) {
            end += 1;
        }
        push_paragraph(&mut out, &mut chars, &lines[at..end], body, aspect);
        at = end;
    }
    out
}

fn lines(glyphs: &[Glyph], aspect: f32) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    let mut line = Line::default();
    let mut word: Option<Piece> = None;
    let mut last = [0u16; 4];
    let end_word = |line: &mut Line, word: &mut Option<Piece>| {
        if let Some(mut piece) = word.take() {
            piece.text = piece.text.nfc().collect();
            line.words.push(piece);
        }
    };
    let end_line = |lines: &mut Vec<Line>, line: &mut Line| {
        if !line.words.is_empty() {
            lines.push(std::mem::take(line));
        }
    };
    for glyph in glyphs {
        if glyph.value == LINE_HYPHEN {
            end_word(&mut line, &mut word);
            line.hyphenated = true;
            end_line(&mut lines, &mut line);
            continue;
        }
        if matches!(glyph.value, '\n' | '\r') {
            end_word(&mut line, &mut word);
            end_line(&mut lines, &mut line);
            continue;
        }
        if glyph.value.is_whitespace() || matches!(glyph.value, '\u{a0}' | '\u{200b}') {
            end_word(&mut line, &mut word);
            continue;
        }
        let Some(text) = readable(glyph.value) else { continue };
        let sides = glyph.sides.or(word.as_ref().map(|w| w.sides)).unwrap_or(line.sides);
        // PDFium sometimes goes on in another line without saying so.
        if !line.words.is_empty() || word.is_some() {
            let now = word.as_ref().map_or(line.sides, |w| w.sides);
            let elsewhere = sides[1] > now[3] || sides[3] < now[1];
            // Text that runs upwards has its chars above each other, and is one line.
            let upwards = sides[0] <= last[2] && sides[2] >= last[0];
            if elsewhere && sides[0] < last[0] && !upwards {
                end_word(&mut line, &mut word);
                end_line(&mut lines, &mut line);
            }
        }
        line.sides = if line.words.is_empty() && word.is_none() { sides } else { around(line.sides, sides) };
        line.size = line.size.max(glyph.size);
        last = sides;
        match &mut word {
            Some(piece) => {
                piece.text.push_str(&text);
                piece.sides = around(piece.sides, sides);
            }
            None => word = Some(Piece { text, sides }),
        }
    }
    end_word(&mut line, &mut word);
    end_line(&mut lines, &mut line);
    for line in lines.iter_mut().filter(|line| line.is_letter_spaced()) {
        line.close_up(aspect);
    }
    // A soft or hard hyphen that PDFium has left at a line's end.
    for line in &mut lines {
        if let Some(last) = line.words.last_mut()
            && let Some(stem) = last.text.strip_suffix(['\u{ad}', '\u{2010}', '-'])
            && stem.chars().count() > 1
            && stem.chars().all(char::is_alphabetic)
        {
            line.hyphenated = true;
        }
    }
    lines
}

/// Ligatures as letters; no control and private chars.
fn readable(c: char) -> Option<String> {
    match c {
        '\u{fb00}'..='\u{fb06}' => Some(c.nfkc().collect()),
        '\u{ad}' => Some(c.to_string()),
        '\u{e000}'..='\u{f8ff}' | '\u{fffe}' | '\u{ffff}' | '\u{feff}' => None,
        c if c.is_control() => None,
        c => Some(c.to_string()),
    }
}

fn around(a: [u16; 4], b: [u16; 4]) -> [u16; 4] {
    [a[0].min(b[0]), a[1].min(b[1]), a[2].max(b[2]), a[3].max(b[3])]
}

/// The font size that most chars have.
fn body_size(lines: &[Line]) -> f32 {
    let mut sizes: Vec<(f32, usize)> =
        lines.iter().map(|l| (l.size, l.words.iter().map(|w| w.text.len()).sum())).collect();
    sizes.sort_by(|a, b| a.0.total_cmp(&b.0));
    let half = sizes.iter().map(|(_, n)| n).sum::<usize>() / 2;
    let mut seen = 0;
    sizes
        .iter()
        .find(|(_, n)| {
            seen += n;
            seen > half
        })
        .map_or(0.0, |(size, _)| *size)
}

fn same_paragraph(above: &Line, below: &Line) -> bool {
    let height = above.height().max(below.height());
    let gap = f32::from(below.sides[1]) - f32::from(above.sides[3]);
    let overlaps = below.sides[0] < above.sides[2] && above.sides[0] < below.sides[2];
    let same_size = (above.size - below.size).abs() <= 0.12 * above.size.max(below.size);
    overlaps && same_size && gap < PARAGRAPH_GAP * height && gap > -height
}

fn push_paragraph(out: &mut LaidOut, chars: &mut u32, lines: &[Line], body: f32, aspect: f32) {
    let left = lines.iter().map(|l| l.sides[0]).min().unwrap_or(0);
    let right = lines.iter().map(|l| l.sides[2]).max().unwrap_or(0);
    let full = f32::from(left) + FULL_LINE * f32::from(right.saturating_sub(left));
    if !out.text.is_empty() {
        push(out, chars, "\n\n");
    }
    let start = *chars;
    for (n, line) in lines.iter().enumerate() {
        for (w, word) in line.words.iter().enumerate() {
            if w > 0 {
                push(out, chars, " ");
            }
            let last = w + 1 == line.words.len();
            let next = lines.get(n + 1).and_then(|l| l.words.first());
            let joined = last && line.hyphenated && next.is_some_and(|next| next.text.starts_with(char::is_lowercase));
            let text = if joined { word.text.trim_end_matches(['-', '\u{ad}', '\u{2010}']) } else { &word.text };
            // A hyphen that joins nothing stays, but for one that PDFium has taken away already.
            let text: String = text.replace('\u{ad}', if last && !joined { "-" } else { "" });
            let from = *chars;
            push(out, chars, &text);
            out.words.push(WordBox { start: from, length: (*chars - from).min(65_535) as u16, sides: word.sides });
            if last && !joined && n + 1 < lines.len() {
                let unit = COLUMN_GAP * line.height() * aspect;
                let columns = line.has_columns(unit) || lines[n + 1].has_columns(unit);
                let flows = f32::from(line.sides[2]) >= full && !columns && !lines[n + 1].is_list_item();
                push(out, chars, if flows { " " } else { "\n" });
            }
        }
    }
    let size = lines.iter().map(|l| l.size).fold(0.0, f32::max);
    let length = (*chars - start) as usize;
    if body > 0.0 && size >= body * HEADING_SIZE && length <= HEADING_CHARS && lines.len() <= 3 {
        let level = if size >= body * 1.8 {
            1
        } else if size >= body * 1.35 {
            2
        } else {
            3
        };
        out.headings.push(Heading { span: Span { start, end: *chars }, level });
    }
}

fn push(out: &mut LaidOut, chars: &mut u32, text: &str) {
    *chars += text.chars().count() as u32;
    out.text.push_str(text);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::slice;

    /// Sets lines of text as glyphs: each a start (x, y in 65535ths), a size in points and the text.
    fn set(lines: &[(u16, u16, f32, &str)]) -> Vec<Glyph> {
        let mut glyphs = Vec::new();
        for (x, y, size, text) in lines {
            let (w, h) = ((size * 50.0) as u16, (size * 80.0) as u16);
            for (n, value) in text.chars().enumerate() {
                let left = x + w * n as u16;
                let sides = (!value.is_whitespace()).then_some([left, *y, left + w, y + h]);
                glyphs.push(Glyph { value, sides, size: *size });
            }
            if !text.ends_with(LINE_HYPHEN) {
                glyphs.push(Glyph { value: '\r', sides: None, size: *size });
                glyphs.push(Glyph { value: '\n', sides: None, size: *size });
            }
        }
        glyphs
    }

    #[test]
    fn lines_become_paragraphs() {
        for (name, lines, expected) in [
            (
                "prose flows",
                &[(1000, 1000, 10.0, "The tenant gives notice"), (1000, 2000, 10.0, "ninety days before.")][..],
                "The tenant gives notice ninety days before.",
            ),
            (
                "a gap parts",
                &[(1000, 1000, 10.0, "First paragraph."), (1000, 4000, 10.0, "Second one.")],
                "First paragraph.\n\nSecond one.",
            ),
            (
                "PDFium's hyphen",
                &[(1000, 1000, 10.0, "the inform\u{2}"), (1000, 2000, 10.0, "ation is here")],
                "the information is here",
            ),
            (
                "a hard hyphen",
                &[(1000, 1000, 10.0, "das Mietver-"), (1000, 2000, 10.0, "hältnis endet")],
                "das Mietverhältnis endet",
            ),
            (
                "a hyphen before a capital stays",
                &[(1000, 1000, 10.0, "the Franco-"), (1000, 2000, 10.0, "German pact")],
                "the Franco-\u{20}German pact",
            ),
            (
                "list items keep their lines",
                &[(1000, 1000, 10.0, "• one apple pie"), (1000, 2000, 10.0, "• two")],
                "• one apple pie\n• two",
            ),
            (
                "rows of a table keep their lines",
                &[(1000, 1000, 10.0, "Rent        1,200"), (1000, 2000, 10.0, "Heat           90")],
                "Rent 1,200\nHeat 90",
            ),
            ("ligatures", &[(1000, 1000, 10.0, "ﬁle oﬃce e\u{301}")], "file office é"),
        ] {
            assert_eq!(lay_out(&set(lines), 595.0, 842.0).text, expected, "{name}");
        }
    }

    #[test]
    fn words_know_their_place_and_large_lines_are_headings() {
        let page = lay_out(
            &set(&[(1000, 1000, 18.0, "Lease"), (1000, 5000, 10.0, "The rent is due on the first of a month.")]),
            595.0,
            842.0,
        );
        assert_eq!(page.headings.len(), 1);
        assert_eq!(slice(&page.text, page.headings[0].span), "Lease");
        for (word, expected) in page.words.iter().zip(page.text.split_whitespace()) {
            let span = Span { start: word.start, end: word.start + u32::from(word.length) };
            assert_eq!(slice(&page.text, span), expected);
        }
        assert_eq!(page.words[1].sides, [1000, 5000, 2500, 5800]);
    }
}
