//! Is what stands between two lines one row, or are there several without lines between them?

use super::{Piece, TableRow};
use crate::extract::pdf::layout::tables::{add, goes_on};

/// Words whose middles are nearer than this share of their height stand on one line.
const ONE_LINE: f32 = 0.5;
/// A figure has so many letters at most: `12 Std.`, `USD 900`.
const MOST_LETTERS: usize = 5;

/// The rows in a row of cells. A column of figures has one in each line, and no figure is wrapped: then each line is
/// a row, but for one that goes on with the cells above it.
pub(super) fn rows(row: TableRow) -> Vec<TableRow> {
    let figures = |(_, words): &(u32, Vec<Piece>)| {
        let lines = lines(words);
        lines.len() > 1 && lines.iter().all(|line| is_figure(line))
    };
    if row.is_empty() {
        return Vec::new();
    }
    if row.len() < 2 || !row.iter().any(figures) {
        return vec![row];
    }
    let words: Vec<(u32, Piece)> =
        row.into_iter().flat_map(|(column, words)| words.into_iter().map(move |word| (column, word))).collect();
    let mut rows: Vec<TableRow> = Vec::new();
    for line in grouped(words, |(_, word)| word) {
        let mut row: TableRow = Vec::new();
        for (column, word) in line {
            match row.iter_mut().find(|(other, _)| *other == column) {
                Some((_, words)) => words.push(word),
                None => row.push((column, vec![word])),
            }
        }
        row.sort_by_key(|(column, _)| *column);
        match rows.last_mut() {
            Some(above) if goes_on(above, &row) => add(above, row),
            Some(_) | None => rows.push(row),
        }
    }
    rows
}

/// The words of a cell by their lines, from the top to the bottom.
pub(super) fn lines(words: &[Piece]) -> Vec<Vec<&Piece>> {
    grouped(words.iter().collect(), |word| word)
}

fn middle(word: &Piece) -> u16 {
    word.sides[1] / 2 + word.sides[3] / 2
}

/// What stands on one line together; each line as it was told.
fn grouped<T>(words: Vec<T>, piece: impl Fn(&T) -> &Piece) -> Vec<Vec<T>> {
    let mut order: Vec<(u16, u16)> = words.iter().map(|word| (middle(piece(word)), piece(word).height())).collect();
    order.sort_unstable();
    let mut starts: Vec<u16> = Vec::new();
    let mut last: Option<(u16, u16)> = None;
    for (at, height) in order {
        let far = last.is_none_or(|(above, high)| f32::from(at - above) > ONE_LINE * f32::from(high.max(height)));
        if far {
            starts.push(at);
        }
        last = Some((at, height));
    }
    let mut lines: Vec<Vec<T>> = starts.iter().map(|_| Vec::new()).collect();
    for word in words {
        let at = starts.partition_point(|start| *start <= middle(piece(&word))).saturating_sub(1);
        lines[at].push(word);
    }
    lines
}

/// Whether a line of a cell is a figure, or a sign for none.
fn is_figure(line: &[&Piece]) -> bool {
    let chars = || line.iter().flat_map(|word| word.text.chars());
    let letters = chars().filter(|c| c.is_alphabetic()).count();
    letters <= MOST_LETTERS && (chars().any(|c| c.is_ascii_digit()) || letters == 0)
}
