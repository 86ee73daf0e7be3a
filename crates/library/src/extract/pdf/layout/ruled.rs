//! Tables whose cells or rows have borders: the words between the lines are a cell, however they lie in it. Pure.

mod grid;
mod rows;
mod several;

use super::{
    Line, Piece, around,
    tables::{Part, TableRow},
};
use grid::Grid;
use rows::Strip;

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
/// However small the page: a twentieth of it.
const NEAREST: f32 = 3_276.0;

/// The tables of a page among its lines, in their places; the lines that are in none stay. `width` and `height` are
/// the page's, in points.
pub(super) fn find(lines: Vec<Line>, rules: &[Rule], width: f32, height: f32) -> Vec<Part> {
    let tables = tables(&lines, rules, width, height);
    if tables.is_empty() {
        return lines.into_iter().map(Part::Line).collect();
    }
    let mut written = vec![false; tables.len()];
    let mut parts = Vec::new();
    for line in lines {
        let mut outside = Line { words: Vec::new(), ..line.clone() };
        let mut inside = Vec::new();
        for word in line.words {
            match tables.iter().position(|table| table.holds(&word)) {
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

/// A table with its rows.
struct Table {
    place: Place,
    rows: Vec<TableRow>,
}

/// Where a table lies.
enum Place {
    Grid(Grid),
    Strip(Strip),
}

impl Table {
    /// Whether a word lies in it.
    fn holds(&self, word: &Piece) -> bool {
        match &self.place {
            Place::Grid(grid) => grid.holds(word),
            Place::Strip(strip) => strip.holds(word),
        }
    }
}

/// The tables of a page: those with borders around their cells, then those with lines between their rows.
fn tables(lines: &[Line], rules: &[Rule], width: f32, height: f32) -> Vec<Table> {
    let near = (tolerance(width), tolerance(height));
    let across = merged(rules.iter().filter(|rule| rule.across), near.1, near.0);
    let down = merged(rules.iter().filter(|rule| !rule.across), near.0, near.1);
    let mut grids = grid::grids(&across, &down, near);
    // What is inside another goes first.
    grids.sort_by_key(Grid::area);
    let mut tables: Vec<Table> = Vec::new();
    for grid in grids {
        let rows = grid.rows(lines, |word| tables.iter().any(|table| table.holds(word)));
        tables.extend(rows.map(|rows| Table { place: Place::Grid(grid), rows }));
    }
    let aspect = if width > 0.0 && height > 0.0 { height / width } else { 1.0 };
    for strip in Strip::all(&across, near.0) {
        let taken = |word: &Piece| tables.iter().any(|table| table.holds(word));
        let free = !lines.iter().flat_map(|line| &line.words).any(|word| strip.holds(word) && taken(word));
        let found = if free { strip.rows(lines, aspect) } else { None };
        tables.extend(found.map(|(strip, rows)| Table { place: Place::Strip(strip), rows }));
    }
    tables
}

/// How near two lines are one, on a side of so many points.
fn tolerance(points: f32) -> u16 {
    if points > 0.0 { (NEAR / points * 65_535.0).min(NEAREST) as u16 } else { 60 }
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

#[cfg(test)]
mod tests;
