//! Which lines of a page are rows of a table, and which words of a row are a cell?
//!
//! A PDF says nothing of tables: there are words and where they lie. Lines in a row whose words stand in the
//! same columns, with blank strips between, are a table where they are not something else that looks so: a
//! list with its marks, numbered paragraphs, sentences with wide blanks.

use super::{Line, Piece, around, columns::rows};

/// Words further apart than so many line heights are in different cells.
const CELL_GAP: f32 = 0.8;
/// A table has so many rows with several cells, at least.
const LEAST_ROWS: usize = 3;
/// Rows further apart than so many line heights are not of one table.
const ROW_GAP: f32 = 2.5;
/// Lines nearer than so many line heights may be of one row.
const LINE_GAP: f32 = 0.5;
/// A cell of a table of two columns has so many words on the average, at most: more are a text with something
/// beside it.
const MOST_WORDS: f32 = 6.0;
/// So large a share of the rows of a table of words has the same number of cells; a line of prose with wide blanks
/// has now more of them, now fewer.
const ALIKE: f32 = 0.8;
/// So large a share of the cells after the first of a row begins like the middle of a sentence, in prose.
const LOWER: f32 = 0.5;
/// So large a share of a table's cells has a figure, or its rows are alike.
const FIGURES: f32 = 0.15;
/// So large a share of the rows has a cell in at least two of the columns.
const FILLED: f32 = 0.6;

/// A part of a page.
pub(super) enum Part {
    /// Text.
    Line(Line),
    /// A table.
    Table(Vec<TableRow>),
}

/// A row of a table: its cells with their columns from 1.
pub(super) type TableRow = Vec<(u32, Vec<Piece>)>;

/// The words of a row that stand together, with the sides that they have in common.
struct Words {
    words: Vec<Piece>,
    sides: [u16; 4],
}

/// Finds the tables among the lines of a page; `aspect` takes heights to widths.
pub(super) fn find(lines: Vec<Line>, aspect: f32) -> Vec<Part> {
    let rows = rows(lines);
    let cells: Vec<Vec<Words>> = rows.iter().map(|row| apart(&row.words, CELL_GAP * row.height() * aspect)).collect();
    let (mut parts, mut at) = (Vec::new(), 0);
    while at < rows.len() {
        let mut table = Columns::default();
        let mut end = at;
        // The rows that have several cells; between them a cell may go on alone.
        let mut full = Vec::new();
        for next in at..rows.len() {
            let near = next == at || {
                let (above, below) = (rows[next - 1].sides, rows[next].sides);
                let gap = f32::from(below[1]) - f32::from(above[3]);
                below[1] >= above[1] && gap < ROW_GAP * rows[next].height().min(rows[next - 1].height())
            };
            let several = cells[next].len() > 1;
            if !near || (next == at && !several) || !(table.take(&cells[next], several)) {
                break;
            }
            if several {
                full.push(next);
                end = next + 1;
            }
        }
        if is_table(&full, &cells, &table) {
            let mut written: Vec<TableRow> = Vec::new();
            let close = |n: usize| {
                n > at && {
                    let gap = f32::from(rows[n].sides[1]) - f32::from(rows[n - 1].sides[3]);
                    gap < LINE_GAP * rows[n].height()
                }
            };
            for (n, row) in cells.iter().enumerate().skip(at) {
                let inside = n < end;
                let fits = inside || (close(n) && table.take(row, false));
                if !fits {
                    break;
                }
                let row = table.row(row);
                match written.last_mut() {
                    Some(last) if close(n) && goes_on(last, &row) => add(last, row),
                    Some(_) if !inside => break,
                    Some(_) | None => written.push(row),
                }
                end = end.max(n + 1);
            }
            parts.push(Part::Table(written));
        } else {
            // What looks so for long and is none is no table further down either.
            end = if full.len() < LEAST_ROWS { at + 1 } else { end };
            parts.extend(rows[at..end].iter().flat_map(|row| row.lines.iter().cloned()).map(Part::Line));
        }
        at = end;
    }
    parts
}

/// Whether a line goes on with the cells of the row above: its first cell is empty, and it holds words only.
pub(super) fn goes_on(above: &TableRow, row: &TableRow) -> bool {
    let words = |cell: &[Piece]| cell.iter().flat_map(|word| word.text.chars()).all(|c| !c.is_ascii_digit());
    row.iter().all(|(column, cell)| *column > 1 && words(cell) && above.iter().any(|(other, _)| other == column))
}

/// Adds the words of a line to the cells that it goes on with.
pub(super) fn add(above: &mut TableRow, row: TableRow) {
    for (column, words) in row {
        if let Some((_, cell)) = above.iter_mut().find(|(other, _)| *other == column) {
            cell.extend(words);
        }
    }
}

/// The words of a line, cut where they are further apart than `gap`.
fn apart(words: &[Piece], gap: f32) -> Vec<Words> {
    let mut cells: Vec<Words> = Vec::new();
    for word in words {
        match cells.last_mut() {
            Some(cell) if f32::from(word.sides[0].saturating_sub(cell.sides[2])) < gap => {
                cell.sides = around(cell.sides, word.sides);
                cell.words.push(word.clone());
            }
            Some(_) | None => cells.push(Words { words: vec![word.clone()], sides: word.sides }),
        }
    }
    cells
}

/// From where to where each column reaches, from left to right.
#[derive(Default)]
struct Columns(Vec<(u16, u16)>);

impl Columns {
    /// Takes a row in; false where it does not fit: two of its cells would be in one column, or two columns
    /// become one. One cell alone must stand in a column that is there.
    fn take(&mut self, row: &[Words], several: bool) -> bool {
        let mut columns = self.0.clone();
        columns.extend(row.iter().map(|cell| (cell.sides[0], cell.sides[2])));
        columns.sort_unstable();
        let mut merged: Vec<(u16, u16)> = Vec::new();
        for (from, to) in columns {
            match merged.last_mut() {
                Some(last) if from < last.1 => last.1 = last.1.max(to),
                Some(_) | None => merged.push((from, to)),
            }
        }
        let fits = match several {
            true => merged.len() >= row.len() && merged.len() >= self.0.len(),
            false => merged.len() == self.0.len(),
        };
        if fits {
            self.0 = merged;
        }
        fits
    }

    /// The column that a cell stands in, from 1.
    fn of(&self, cell: &Words) -> u32 {
        self.0.iter().position(|(from, to)| cell.sides[0] >= *from && cell.sides[0] < *to).map_or(1, |at| at as u32 + 1)
    }

    /// A row with the columns of its cells.
    fn row(&self, row: &[Words]) -> TableRow {
        row.iter().map(|cell| (self.of(cell), cell.words.clone())).collect()
    }
}

/// Whether rows with several cells each are a table.
fn is_table(full: &[usize], cells: &[Vec<Words>], columns: &Columns) -> bool {
    let count = columns.0.len();
    if full.len() < LEAST_ROWS || count < 2 {
        return false;
    }
    let mut filled = vec![0usize; count];
    let (mut words, mut marks, mut several) = (vec![0usize; count], 0, 0);
    for row in full.iter().map(|at| &cells[*at]) {
        for cell in row {
            let column = columns.of(cell) as usize - 1;
            filled[column] += 1;
            words[column] += cell.words.len();
        }
        several += usize::from(row.len() > 1);
        marks += usize::from(row.first().is_some_and(is_mark));
    }
    // A text that goes on beside a number in the margin is words of its column, too.
    let within = full[0]..full[full.len() - 1];
    for row in within.filter(|at| !full.contains(at)).map(|at| &cells[at]) {
        for cell in row {
            words[columns.of(cell) as usize - 1] += cell.words.len();
        }
    }
    let enough = |filled: &&usize| **filled as f32 >= FILLED * full.len() as f32;
    let short = filled.iter().zip(&words).all(|(filled, words)| *words as f32 <= MOST_WORDS * (*filled).max(1) as f32);
    let list = marks * 2 > full.len();
    several >= LEAST_ROWS
        && filled.iter().filter(enough).count() > 1
        && !(count == 2 && (list || !short))
        && !is_cut_prose(full, cells)
}

/// Whether the rows are lines of sentences with wide blanks: words only, which begin in lower case, and as many
/// in one line as chance will have it.
fn is_cut_prose(full: &[usize], cells: &[Vec<Words>]) -> bool {
    let rows: Vec<&Vec<Words>> = full.iter().map(|at| &cells[*at]).collect();
    let all = || rows.iter().flat_map(|row| row.iter());
    let first = |cell: &Words| cell.words.first().and_then(|word| word.text.chars().next());
    let later = || rows.iter().flat_map(|row| row.iter().skip(1));
    let lower = later().filter(|cell| first(cell).is_some_and(char::is_lowercase)).count();
    let figure = |cell: &&Words| cell.words.iter().any(|word| word.text.contains(|c: char| c.is_ascii_digit()));
    let figures = all().filter(figure).count();
    let usual = rows.iter().map(|row| rows.iter().filter(|other| other.len() == row.len()).count()).max().unwrap_or(0);
    lower as f32 > LOWER * later().count() as f32
        && (figures as f32) < FIGURES * all().count() as f32
        && (usual as f32) < ALIKE * rows.len() as f32
}

/// The mark of an item or the number of a paragraph: `•`, `(a)`, `4.2`, `IV.`.
fn is_mark(cell: &Words) -> bool {
    let [word] = &cell.words[..] else { return false };
    let text = word.text.as_str();
    let inner = text.trim_matches(['(', ')', '.', '[', ']', ':']);
    let short = inner.chars().count() <= 4 && inner.chars().all(|c| c.is_alphanumeric() || c == '.');
    !text.chars().any(char::is_alphanumeric) || (short && (text != inner || inner.contains('.')))
}
