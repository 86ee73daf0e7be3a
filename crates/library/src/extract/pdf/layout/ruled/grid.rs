//! Tables with lines around their cells: where lines across and lines down meet, they are a grid.

use super::{Line, Piece, Rule, TableRow, several};
use std::collections::BTreeMap;

/// A table has so many rows and columns at least, and so many cells at most.
const LEAST: usize = 2;
const MOST: usize = 10_000;
/// So many of its cells have words.
const LEAST_FILLED: usize = 4;
/// More words in a cell, on the average, are a text in a frame.
const MOST_WORDS: usize = 80;
/// A cell of several rows and columns has at most one of so many of its words.
const LARGEST: usize = 3;
/// Words of a cell that are further apart than so many line heights are in different columns.
const CELL_GAP: f32 = 1.2;
/// Of so many lines of cells, at most one has such a blank.
const PARTED: usize = 5;
/// Of so many words, at most one lies across a border: else the lines are a drawing's.
const ACROSS: usize = 12;

/// The borders of a table.
pub(super) struct Grid {
    /// Where its borders lie, from left to right and from top to bottom.
    xs: Vec<u16>,
    ys: Vec<u16>,
    /// Its rules.
    across: Vec<Rule>,
    down: Vec<Rule>,
    /// How near they are one: across the page, and down it.
    near: (u16, u16),
}

/// Rules that meet each other, with at least two columns and two rows between them.
pub(super) fn grids(across: &[Rule], down: &[Rule], (near_x, near_y): (u16, u16)) -> Vec<Grid> {
    let all: Vec<Rule> = across.iter().chain(down).copied().collect();
    let mut group: Vec<usize> = (0..all.len()).collect();
    for (a, one) in all.iter().enumerate().take(across.len()) {
        for (b, other) in all.iter().enumerate().skip(across.len()) {
            if meet(one, other, near_x, near_y) {
                let (one, other) = (root(&mut group, a), root(&mut group, b));
                group[one] = other;
            }
        }
    }
    let mut found: BTreeMap<usize, Vec<Rule>> = BTreeMap::new();
    for (at, rule) in all.iter().enumerate() {
        found.entry(root(&mut group, at)).or_default().push(*rule);
    }
    found.into_values().filter_map(|rules| Grid::of(&rules, (near_x, near_y))).collect()
}

fn root(group: &mut [usize], mut at: usize) -> usize {
    while group[at] != at {
        group[at] = group[group[at]];
        at = group[at];
    }
    at
}

/// Whether a rule across meets one that runs down.
fn meet(across: &Rule, down: &Rule, near_x: u16, near_y: u16) -> bool {
    let within =
        |at: u16, rule: &Rule, near: u16| at.saturating_add(near) >= rule.from && at <= rule.to.saturating_add(near);
    within(down.at, across, near_x) && within(across.at, down, near_y)
}

/// Places in order, those that are near each other one.
fn places(mut at: Vec<u16>, near: u16) -> Vec<u16> {
    at.sort_unstable();
    at.dedup_by(|next, before| next.abs_diff(*before) <= near);
    at
}

impl Grid {
    fn of(rules: &[Rule], near: (u16, u16)) -> Option<Self> {
        let (across, down): (Vec<Rule>, Vec<Rule>) = rules.iter().partition(|rule| rule.across);
        if across.is_empty() || down.is_empty() {
            return None;
        }
        // A table may be open at its sides: there its lines end.
        let ends = |rules: &[Rule]| {
            let from = rules.iter().map(|rule| rule.from).min();
            from.into_iter().chain(rules.iter().map(|rule| rule.to).max()).collect::<Vec<_>>()
        };
        let places_of = |rules: &[Rule], others: &[Rule], near: u16| {
            // Borders that touch are of two cells side by side.
            places(rules.iter().map(|rule| rule.at).chain(ends(others)).collect(), 2 * near)
        };
        let (xs, ys) = (places_of(&down, &across, near.0), places_of(&across, &down, near.1));
        let (rows, columns) = (ys.len() - 1, xs.len() - 1);
        let fits = rows.min(columns) >= LEAST && rows.saturating_mul(columns) <= MOST;
        fits.then_some(Self { xs, ys, across, down, near })
    }

    pub(super) fn area(&self) -> u64 {
        let side = |places: &[u16]| u64::from(places[places.len() - 1] - places[0]);
        side(&self.xs) * side(&self.ys)
    }

    fn columns(&self) -> usize {
        self.xs.len() - 1
    }

    /// Whether a word lies in it.
    pub(super) fn holds(&self, word: &Piece) -> bool {
        self.cell(word).is_some()
    }

    /// The row and the column that a word's middle lies in.
    fn cell(&self, word: &Piece) -> Option<(usize, usize)> {
        let [left, top, right, bottom] = word.sides;
        let band = |places: &[u16], at: u16| {
            let after = places.partition_point(|place| *place <= at);
            (after > 0 && after < places.len()).then(|| after - 1)
        };
        Some((band(&self.ys, top / 2 + bottom / 2)?, band(&self.xs, left / 2 + right / 2)?))
    }

    /// Whether there is a border at the right of a cell.
    fn ends_right(&self, row: usize, column: usize) -> bool {
        let middle = self.ys[row] / 2 + self.ys[row + 1] / 2;
        covers(&self.down, self.xs[column + 1], middle, self.near.0)
    }

    /// Whether there is a border below a cell.
    fn ends_below(&self, row: usize, column: usize) -> bool {
        let middle = self.xs[column] / 2 + self.xs[column + 1] / 2;
        covers(&self.across, self.ys[row + 1], middle, self.near.1)
    }

    /// For each cell the one that it is a part of: the first one, from the top left, of those without borders between.
    fn owners(&self) -> Vec<usize> {
        let (rows, columns) = (self.ys.len() - 1, self.columns());
        let mut group: Vec<usize> = (0..rows * columns).collect();
        let join = |group: &mut Vec<usize>, a: usize, b: usize| {
            let (a, b) = (root(group, a), root(group, b));
            group[a.max(b)] = a.min(b);
        };
        for row in 0..rows {
            for column in 0..columns {
                let at = row * columns + column;
                if column + 1 < columns && !self.ends_right(row, column) {
                    join(&mut group, at, at + 1);
                }
                if row + 1 < rows && !self.ends_below(row, column) {
                    join(&mut group, at, at + columns);
                }
            }
        }
        (0..rows * columns).map(|at| root(&mut group, at)).collect()
    }

    /// Whether its lines part some columns and not others: many lines of its cells have wide blanks in them.
    fn has_more_columns(&self, cells: &[Vec<Piece>]) -> bool {
        let aspect = f32::from(self.near.0) / f32::from(self.near.1.max(1));
        let (mut all, mut parted) = (0, 0);
        for mut line in cells.iter().flat_map(|cell| several::lines(cell)) {
            line.sort_unstable_by_key(|word| word.sides[0]);
            let wide = |pair: &[&Piece]| {
                let gap = f32::from(pair[1].sides[0]) - f32::from(pair[0].sides[2]);
                gap > CELL_GAP * f32::from(pair[0].height()) * aspect
            };
            all += 1;
            parted += usize::from(line.windows(2).any(wide));
        }
        parted * PARTED > all
    }

    /// The cells that are several rows and columns of the grid: in a drawing what is around its boxes is one.
    fn joined(&self, owners: &[usize]) -> impl Iterator<Item = usize> {
        let columns = self.columns();
        let apart = move |(at, owner): (usize, &usize)| {
            let (row, column) = (at / columns - owner / columns, (at % columns).abs_diff(owner % columns));
            (row > 0 && column > 0).then_some(*owner)
        };
        owners.iter().enumerate().filter_map(apart)
    }

    /// Whether a word lies across a border between two cells.
    fn crosses(&self, word: &Piece, owners: &[usize]) -> bool {
        let Some((row, column)) = self.cell(word) else { return false };
        let owner = |column: usize| owners[row * self.columns() + column];
        // A little over the border is the font's side bearing.
        let slack = self.near.0;
        let left = (0..column)
            .rev()
            .any(|other| owner(other) != owner(column) && word.sides[0].saturating_add(slack) < self.xs[other + 1]);
        let right = (column + 1..self.columns())
            .any(|other| owner(other) != owner(column) && word.sides[2].saturating_sub(slack) > self.xs[other]);
        left || right
    }

    /// Its rows with their cells, but for the words of the tables inside; None where it is no table.
    pub(super) fn rows(&self, lines: &[Line], inside: impl Fn(&Piece) -> bool) -> Option<Vec<TableRow>> {
        let (owners, columns) = (self.owners(), self.columns());
        let mut cells: Vec<Vec<Piece>> = vec![Vec::new(); owners.len()];
        let (mut words, mut across) = (0usize, 0usize);
        for word in lines.iter().flat_map(Line::whole_words).filter(|word| !inside(word)) {
            let Some((row, column)) = self.cell(&word) else { continue };
            words += 1;
            across += usize::from(self.crosses(&word, &owners));
            cells[owners[row * columns + column]].push(word);
        }
        let filled = cells.iter().filter(|cell| !cell.is_empty()).count();
        let largest = self.joined(&owners).map(|at| cells[at].len()).max().unwrap_or(0);
        if filled < LEAST_FILLED || largest * LARGEST > words || across * ACROSS > words || words > MOST_WORDS * filled
        {
            return None;
        }
        if self.has_more_columns(&cells) {
            return None;
        }
        let row = |row: &[Vec<Piece>]| -> TableRow {
            let cells = (1..).zip(row).filter(|(_, words)| !words.is_empty());
            cells.map(|(column, words)| (column, words.clone())).collect()
        };
        let rows: Vec<TableRow> = cells.chunks(columns).map(row).flat_map(several::rows).collect();
        (rows.iter().filter(|row| row.len() > 1).count() >= LEAST).then_some(rows)
    }
}

/// Whether a rule near this place covers a point of it.
fn covers(rules: &[Rule], at: u16, point: u16, near: u16) -> bool {
    rules.iter().any(|rule| rule.at.abs_diff(at) <= 2 * near && rule.from <= point && point <= rule.to)
}
