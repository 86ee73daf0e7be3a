//! Tables whose cells have borders: the words between four lines are a cell, however they lie in it. Pure.
//!
//! Where lines across and lines down meet, they are the grid of a table. A cell whose border to the next is missing
//! is one with it.

use super::{
    Line, Piece, around,
    tables::{Part, TableRow},
};
use std::collections::BTreeMap;

/// A line that is drawn on a page, straight across or straight down; in 65535ths of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Across, or down.
    pub across: bool,
    /// Where it lies: from the top if it runs across, from the left if it runs down.
    pub at: u16,
    /// Where it begins and ends.
    pub from: u16,
    pub to: u16,
}

/// Rules as near as this, in points, are one; and as near as this to another they meet it.
const NEAR: f32 = 2.5;
/// A table has so many rows and columns at least, and so many cells at most.
const LEAST: usize = 2;
const MOST: usize = 10_000;
/// So many of its cells have words.
const LEAST_FILLED: usize = 4;
/// More words in a cell, on the average, are a text in a frame.
const MOST_WORDS: usize = 80;
/// Of so many words, at most one lies across a border: else the lines are a drawing's.
const ACROSS: usize = 12;

/// The tables of a page among its lines, in their places; the lines that are in none stay. `width` and `height` are
/// the page's, in points.
pub(super) fn find(lines: Vec<Line>, rules: &[Rule], width: f32, height: f32) -> Vec<Part> {
    let mut grids = grids(rules, tolerance(width), tolerance(height));
    // What is inside another goes first.
    grids.sort_by_key(|grid| grid.area());
    let mut tables: Vec<Table> = Vec::new();
    for grid in grids {
        tables.extend(Table::of(grid, &lines, &tables));
    }
    if tables.is_empty() {
        return lines.into_iter().map(Part::Line).collect();
    }
    let mut written = vec![false; tables.len()];
    let mut parts = Vec::new();
    for line in lines {
        let mut outside = Line { words: Vec::new(), ..line.clone() };
        let mut inside = Vec::new();
        for word in line.words {
            match tables.iter().position(|table| table.grid.holds(&word)) {
                Some(at) => inside.push(at),
                None => outside.words.push(word),
            }
        }
        if let Some(sides) = outside.words.iter().map(|word| word.sides).reduce(around) {
            outside.hyphenated &= inside.is_empty();
            parts.push(Part::Line(Line { sides, ..outside }));
        }
        for at in inside {
            if !std::mem::replace(&mut written[at], true) {
                parts.push(Part::Table(tables[at].rows.clone()));
            }
        }
    }
    parts
}

/// How near two lines are one, on a side of so many points.
fn tolerance(points: f32) -> u16 {
    if points > 0.0 { (NEAR / points * 65_535.0) as u16 } else { 60 }
}

/// The borders of a table.
struct Grid {
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
fn grids(rules: &[Rule], near_x: u16, near_y: u16) -> Vec<Grid> {
    let across = merged(rules.iter().filter(|rule| rule.across), near_y, near_x);
    let down = merged(rules.iter().filter(|rule| !rule.across), near_x, near_y);
    let all: Vec<Rule> = across.iter().chain(&down).copied().collect();
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

/// Rules in one direction, those that are one made one.
fn merged<'a>(rules: impl Iterator<Item = &'a Rule>, beside: u16, behind: u16) -> Vec<Rule> {
    let mut all: Vec<Rule> = rules.copied().collect();
    all.sort_unstable_by_key(|rule| (rule.at, rule.from));
    let mut found: Vec<Rule> = Vec::new();
    // Where those begin that may still be near.
    let mut first = 0;
    for rule in all {
        while first < found.len() && found[first].at.saturating_add(beside) < rule.at {
            first += 1;
        }
        let one = found[first..].iter_mut().find(|one| {
            one.at.abs_diff(rule.at) <= beside
                && rule.from <= one.to.saturating_add(behind)
                && one.from <= rule.to.saturating_add(behind)
        });
        match one {
            Some(one) => (one.from, one.to) = (one.from.min(rule.from), one.to.max(rule.to)),
            None => found.push(rule),
        }
    }
    found
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
            places(rules.iter().map(|rule| rule.at).chain(ends(others)).collect(), near)
        };
        let (xs, ys) = (places_of(&down, &across, near.0), places_of(&across, &down, near.1));
        let (rows, columns) = (ys.len() - 1, xs.len() - 1);
        let fits = rows.min(columns) >= LEAST && rows.saturating_mul(columns) <= MOST;
        fits.then_some(Self { xs, ys, across, down, near })
    }

    fn area(&self) -> u64 {
        let side = |places: &[u16]| u64::from(places[places.len() - 1] - places[0]);
        side(&self.xs) * side(&self.ys)
    }

    fn columns(&self) -> usize {
        self.xs.len() - 1
    }

    /// Whether a word lies in it.
    fn holds(&self, word: &Piece) -> bool {
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
}

/// Whether a rule near this place covers a point of it.
fn covers(rules: &[Rule], at: u16, point: u16, near: u16) -> bool {
    rules.iter().any(|rule| rule.at.abs_diff(at) <= near && rule.from <= point && point <= rule.to)
}

/// A table with its words.
struct Table {
    grid: Grid,
    rows: Vec<TableRow>,
}

impl Table {
    /// The words of the lines that lie between the borders, but for those of the tables inside; None where they are
    /// no table.
    fn of(grid: Grid, lines: &[Line], inside: &[Self]) -> Option<Self> {
        let (owners, columns) = (grid.owners(), grid.columns());
        let mut cells: Vec<Vec<Piece>> = vec![Vec::new(); owners.len()];
        let (mut words, mut across) = (0usize, 0usize);
        for line in lines {
            let last = line.words.len().saturating_sub(1);
            for (n, word) in line.words.iter().enumerate() {
                let Some((row, column)) = grid.cell(word) else { continue };
                if inside.iter().any(|table| table.grid.holds(word)) {
                    continue;
                }
                words += 1;
                across += usize::from(grid.crosses(word, &owners));
                let mut word = word.clone();
                if n == last && line.hyphenated && !word.text.ends_with(['-', '\u{ad}', '\u{2010}']) {
                    // PDFium has taken it away.
                    word.text.push('\u{ad}');
                }
                cells[owners[row * columns + column]].push(word);
            }
        }
        let filled = cells.iter().filter(|cell| !cell.is_empty()).count();
        if filled < LEAST_FILLED || across * ACROSS > words || words > MOST_WORDS * filled {
            return None;
        }
        let rows: Vec<TableRow> = cells
            .chunks(columns)
            .map(|row| {
                let cells = (1..).zip(row).filter(|(_, words)| !words.is_empty());
                cells.map(|(column, words)| (column, words.clone())).collect::<TableRow>()
            })
            .filter(|row| !row.is_empty())
            .collect();
        let several = rows.iter().filter(|row| row.len() > 1).count();
        (several >= LEAST).then_some(Self { grid, rows })
    }
}

#[cfg(test)]
mod tests;
