//! In which order are the columns of a page read that were drawn row by row?
//!
//! PDFium gives chars in the order in which the file draws them. Some programs draw a page of two columns
//! line by line across both, and what PDFium takes for one line is then the halves of two sentences. Here
//! such lines are taken apart, where a blank strip runs down through many of them in a row and there is
//! prose on both sides of it. Rows of a table, whose cells are labels and figures, stay rows.

use super::{Line, Piece, around};

/// A gap is at least so many line heights wide where a strip may run through it.
const LEAST_GAP: f32 = 0.6;
/// So many lines in a row have text on both sides of the strip, at least.
const LEAST_ROWS: usize = 5;
/// A line of prose has so many chars on either side, on the average; those of a script without blanks count double.
const PROSE_CHARS: f32 = 14.0;
/// Rows of figures have fewer letters than this share of their chars.
const FIGURES: f32 = 0.6;
/// A line of a column is full where it has at least this share of its width.
const FULL: f32 = 0.7;
/// So large a share of a column's lines is full.
const MOST_FULL: f32 = 0.55;
/// So large a share of a column's chars are letters.
const LETTERS: f32 = 0.7;
/// Lines further apart than so many line heights are rows of cells.
const CELL_GAP: f32 = 0.6;
/// A page with more rows is not looked at: it is data.
const MOST_ROWS: usize = 2_000;
/// Columns in columns.
const DEEPEST: usize = 4;

/// What stands side by side, from left to right.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub words: Vec<Piece>,
    pub sides: [u16; 4],
    size: f32,
    hyphenated: bool,
    /// The lines that it was made of, where it stays as it was.
    pub lines: Vec<Line>,
}

/// A strip with nothing in it, and the rows that it runs through.
struct Strip {
    /// From where to where, across the page.
    sides: (u16, u16),
    /// The first row, and the one after the last.
    rows: (usize, usize),
}

/// The lines of a page as they are read; `aspect` takes heights to widths.
pub(super) fn in_reading_order(lines: Vec<Line>, aspect: f32) -> Vec<Line> {
    order(lines, aspect, DEEPEST)
}

fn order(lines: Vec<Line>, aspect: f32, depth: usize) -> Vec<Line> {
    if depth == 0 || lines.len() < LEAST_ROWS || lines.len() > MOST_ROWS {
        return lines;
    }
    let rows = rows(lines);
    let (mut ordered, mut at) = (Vec::new(), 0);
    while at < rows.len() {
        match strip_from(&rows, at, aspect) {
            Some(strip) => {
                let region = &rows[at..strip.rows.1];
                for cells in cells(region, &strip) {
                    let (left, right) = apart(&region[cells.0..cells.1], &strip);
                    ordered.extend(order(left, aspect, depth - 1));
                    ordered.extend(order(right, aspect, depth - 1));
                }
                at = strip.rows.1;
            }
            None => {
                ordered.extend(rows[at].lines.iter().cloned());
                at += 1;
            }
        }
    }
    ordered
}

/// Puts lines that follow each other and stand side by side into rows.
pub(super) fn rows(lines: Vec<Line>) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for line in lines {
        match rows.last_mut() {
            Some(row) if is_beside(row.sides, line.sides) => {
                row.words.extend(line.whole_words());
                row.sides = around(row.sides, line.sides);
                row.size = row.size.max(line.size);
                row.hyphenated = line.hyphenated;
                row.lines.push(line);
            }
            Some(_) | None => rows.push(Row {
                words: line.whole_words().collect(),
                sides: line.sides,
                size: line.size,
                hyphenated: line.hyphenated,
                lines: vec![line],
            }),
        }
    }
    rows
}

/// Whether the second stands to the right of the first, at its height.
fn is_beside(first: [u16; 4], second: [u16; 4]) -> bool {
    let shared = i32::from(first[3].min(second[3])) - i32::from(first[1].max(second[1]));
    let lower = (first[3] - first[1]).min(second[3].saturating_sub(second[1]));
    second[0] >= first[2] && shared * 2 > i32::from(lower)
}

impl Row {
    pub fn height(&self) -> f32 {
        f32::from(self.sides[3].saturating_sub(self.sides[1])).max(1.0)
    }

    fn is_figures(&self) -> bool {
        let chars = || self.words.iter().flat_map(|word| word.text.chars());
        (chars().filter(|c| c.is_alphabetic()).count() as f32) < FIGURES * chars().count() as f32
    }

    /// The gaps between its words that a strip may run through.
    fn gaps(&self, aspect: f32) -> impl Iterator<Item = (u16, u16)> {
        let least = LEAST_GAP * self.height() * aspect;
        let between = self.words.windows(2).map(|pair| (pair[0].sides[2], pair[1].sides[0]));
        between.filter(move |(from, to)| f32::from(to.saturating_sub(*from)) >= least)
    }
}

/// The best strip that begins at a row: through as many rows as can be, with prose on both sides.
fn strip_from(rows: &[Row], first: usize, aspect: f32) -> Option<Strip> {
    let strips = rows[first].gaps(aspect).map(|gap| run_down(rows, first, gap, aspect));
    let fit = strips.filter(|strip| is_prose(&rows[strip.rows.0..strip.rows.1], strip));
    fit.max_by_key(|strip| (strip.rows.1, strip.sides.1 - strip.sides.0))
}

/// Follows a gap downwards, as far as a strip of it stays free.
fn run_down(rows: &[Row], first: usize, (mut from, mut to): (u16, u16), aspect: f32) -> Strip {
    let mut last = first + 1;
    // Prose in columns has a gap for each strip; a row of figures below it has more.
    let most = rows[first..].iter().take(LEAST_ROWS).map(|row| row.gaps(aspect).count()).max().unwrap_or(0);
    for (at, row) in rows.iter().enumerate().skip(first + 1) {
        if row.sides[1] < rows[at - 1].sides[1] {
            // It goes on further up: another part of the page.
            break;
        }
        if row.gaps(aspect).count() > most && row.is_figures() {
            // A table under the columns, with the row that names its own.
            if rows[at - 1].gaps(aspect).count() > most {
                last = at - 1;
            }
            break;
        }
        if row.sides[2] <= to.saturating_sub(1).max(from) || row.sides[0] >= from.saturating_add(1).min(to) {
            // It stands on one side only; what reaches into the strip makes it narrower.
            let (narrow_from, narrow_to) =
                if row.sides[2] <= to { (from.max(row.sides[2]), to) } else { (from, to.min(row.sides[0])) };
            if f32::from(narrow_to.saturating_sub(narrow_from)) < LEAST_GAP * row.height() * aspect {
                break;
            }
            (from, to) = (narrow_from, narrow_to);
            last = at + 1;
            continue;
        }
        let least = LEAST_GAP * row.height() * aspect;
        let shared = row.gaps(aspect).map(|(a, b)| (a.max(from), b.min(to)));
        let widest = shared.max_by_key(|(a, b)| i32::from(*b) - i32::from(*a));
        match widest {
            Some((a, b)) if f32::from(b.saturating_sub(a)) >= least => (from, to) = (a, b),
            Some(_) | None => break,
        }
        last = at + 1;
    }
    Strip { sides: (from, to), rows: (first, last) }
}

/// What a row has on one side of a strip.
fn side<'a>(row: &'a Row, strip: &Strip, left: bool) -> &'a [Piece] {
    let until = row.words.iter().position(|word| word.sides[0] >= strip.sides.1).unwrap_or(row.words.len());
    if left { &row.words[..until] } else { &row.words[until..] }
}

fn width(words: &[Piece]) -> f32 {
    words.first().zip(words.last()).map_or(0.0, |(first, last)| f32::from(last.sides[2].saturating_sub(first.sides[0])))
}

/// Whether both sides of a strip are sentences: enough lines, of several words, most of them full.
fn is_prose(rows: &[Row], strip: &Strip) -> bool {
    let both = rows.iter().filter(|row| !side(row, strip, true).is_empty() && !side(row, strip, false).is_empty());
    let both: Vec<&Row> = both.collect();
    let reads = |left: bool| {
        let lines: Vec<&[Piece]> = both.iter().map(|row| side(row, strip, left)).collect();
        let chars = || lines.iter().flat_map(|line| line.iter()).flat_map(|word| word.text.chars());
        let letters = chars().filter(|c| c.is_alphabetic()).count();
        let widest = lines.iter().map(|line| width(line)).fold(0.0, f32::max);
        let full = lines.iter().filter(|line| width(line) >= FULL * widest).count();
        let long: usize = chars().map(|c| if is_wide(c) { 2 } else { 1 }).sum();
        long as f32 >= PROSE_CHARS * lines.len() as f32
            && letters as f32 >= LETTERS * chars().count() as f32
            && full as f32 >= MOST_FULL * lines.len() as f32
    };
    both.len() >= LEAST_ROWS && reads(true) && reads(false)
}

/// Whether a char is of a script without blanks.
fn is_wide(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{ff00}'..='\u{ff60}')
}

/// The parts of a region that are read one after the other: all of it for columns; for cells of a table with
/// sentences in them, each row of cells. It is such a table where every gap between two paragraphs is one on
/// both sides.
fn cells(region: &[Row], strip: &Strip) -> Vec<(usize, usize)> {
    let gaps = |left: bool| -> Vec<usize> {
        let rows = (0..region.len()).filter(|at| !side(&region[*at], strip, left).is_empty());
        let rows: Vec<usize> = rows.collect();
        let wide = rows.windows(2).filter(|pair| {
            let (above, below) = (&region[pair[0]], &region[pair[1]]);
            let gap = f32::from(below.sides[1]) - f32::from(above.sides[3]);
            gap > CELL_GAP * above.height().min(below.height())
        });
        wide.map(|pair| pair[1]).collect()
    };
    let (left, right) = (gaps(true), gaps(false));
    let whole = vec![(0, region.len())];
    // A cell that is shorter than its neighbour has its gap further up, where it ends: both begin together.
    if left.is_empty() || left != right {
        return whole;
    }
    let ends = left.iter().copied().chain([region.len()]);
    let begins = [0].into_iter().chain(left.iter().copied());
    begins.zip(ends).collect()
}

/// The lines to the left and to the right of a strip.
fn apart(rows: &[Row], strip: &Strip) -> (Vec<Line>, Vec<Line>) {
    let line = |row: &Row, left: bool| {
        let words = side(row, strip, left).to_vec();
        let sides = words.iter().map(|word| word.sides).reduce(around)?;
        // PDFium told of a hyphen at the end of the whole row only.
        Some(Line { sides, size: row.size, hyphenated: !left && row.hyphenated, words })
    };
    let all = |left: bool| rows.iter().filter_map(|row| line(row, left)).collect();
    (all(true), all(false))
}
