//! Tables with lines between their rows only: what stands between two lines is a row, and blank strips that run down
//! through all rows part its cells.

use super::{Line, Piece, Rule, TableRow, around, several::lines as lines_of};

/// So many lines make a table, at least: two rows between three.
const LEAST_RULES: usize = 3;
/// Words nearer than so many line heights are of one cell.
const CELL_GAP: f32 = 0.5;
/// The names of the columns may stand over the first line, so many line heights away at most.
const NAMES_GAP: f32 = 1.2;
/// Rows are no higher than so many line heights.
const HIGHEST: f32 = 14.0;
/// Of so many rows at least one has a cell of several lines.
const WRAPPED: usize = 6;

/// A part of a page whose rows have lines between them.
pub(super) struct Strip {
    /// Left, top, right, bottom.
    pub sides: [u16; 4],
    /// Where its lines lie, from top to bottom.
    ys: Vec<u16>,
}

impl Strip {
    /// The strips of a page: lines across, one under the other, that begin and end together.
    pub(super) fn all(across: &[Rule], near_x: u16) -> Vec<Self> {
        let mut groups: Vec<Vec<Rule>> = Vec::new();
        let mut sorted = across.to_vec();
        sorted.sort_unstable_by_key(|rule| rule.at);
        for rule in sorted {
            let alike = |one: &Rule| one.from.abs_diff(rule.from) <= near_x && one.to.abs_diff(rule.to) <= near_x;
            match groups.iter_mut().find(|group| group.last().is_some_and(alike)) {
                Some(group) => group.push(rule),
                None => groups.push(vec![rule]),
            }
        }
        let strip = |group: &Vec<Rule>| {
            let ys: Vec<u16> = group.iter().map(|rule| rule.at).collect();
            let (first, last) = (group.first()?, group.last()?);
            Some(Self { sides: [first.from, first.at, first.to, last.at], ys })
        };
        groups.iter().filter(|group| group.len() >= LEAST_RULES).filter_map(strip).collect()
    }

    /// Its rows with their cells, where they are a table; and where it begins then, the names of its columns included.
    pub(super) fn rows(mut self, lines: &[Line], aspect: f32) -> Option<(Self, Vec<TableRow>)> {
        let height = usual_height(lines)?;
        let gap = CELL_GAP * height * aspect;
        self.take_names(lines, height, gap);
        if self.ys.windows(2).any(|pair| f32::from(pair[1] - pair[0]) > HIGHEST * height) {
            return None;
        }
        let mut bands: Vec<Vec<Piece>> = vec![Vec::new(); self.ys.len() - 1];
        for word in lines.iter().flat_map(Line::whole_words) {
            if let Some(band) = self.band(&word) {
                bands[band].push(word);
            }
        }
        let columns = columns(bands.iter().flatten(), gap);
        if columns.len() < 2 || !self.is_whole(lines) || bridged(&bands, columns.len(), gap) {
            return None;
        }
        let rows: Vec<TableRow> = bands.iter().map(|band| row(band, &columns)).collect();
        let whole = rows.iter().all(is_one_row);
        let several = rows.iter().filter(|row| row.len() > 1).count();
        let rows: Vec<TableRow> = rows.into_iter().filter(|row| !row.is_empty()).collect();
        // Where no cell is wrapped the lines say nothing that the blanks between the words do not say better.
        let wrapped = rows.iter().filter(|row| row.iter().any(|(_, words)| lines_of(words).len() > 1)).count();
        (whole && several >= 2 && several * 2 > rows.len() && wrapped * WRAPPED >= rows.len()).then_some((self, rows))
    }

    /// Whether a word lies in it.
    pub(super) fn holds(&self, word: &Piece) -> bool {
        self.band(word).is_some()
    }

    /// Whether it is as wide as the text beside it: lines under the figures of one column are a part of a table.
    fn is_whole(&self, lines: &[Line]) -> bool {
        let level = |word: &&Piece| (self.sides[1]..=self.sides[3]).contains(&(word.sides[1] / 2 + word.sides[3] / 2));
        let all = lines.iter().flat_map(|line| &line.words).filter(level);
        let (mut inside, mut count) = (0, 0);
        for word in all {
            count += 1;
            inside += usize::from(self.holds(word));
        }
        inside * 20 >= count * 19
    }

    fn band(&self, word: &Piece) -> Option<usize> {
        let [left, top, right, bottom] = word.sides;
        let (x, y) = (left / 2 + right / 2, top / 2 + bottom / 2);
        let after = self.ys.partition_point(|at| *at <= y);
        let inside = self.sides[0] <= x && x <= self.sides[2] && after > 0 && after < self.ys.len();
        inside.then(|| after - 1)
    }

    /// Takes the line of words over its first rule in, where it is near enough to be the names of its columns.
    fn take_names(&mut self, lines: &[Line], height: f32, gap: f32) {
        let over = |word: &Piece| {
            let gap = f32::from(self.ys[0]) - f32::from(word.sides[3]);
            let beside = word.sides[2] > self.sides[0] && word.sides[0] < self.sides[2];
            beside && (-0.3 * height..NAMES_GAP * height).contains(&gap)
        };
        let mut names: Vec<&Piece> = lines.iter().flat_map(|line| &line.words).filter(|word| over(word)).collect();
        let Some(sides) = names.iter().map(|word| word.sides).reduce(around) else { return };
        // A sentence over a line is no row of names: there are strips between names.
        names.sort_unstable_by_key(|word| word.sides[0]);
        let wide = |pair: &[&Piece]| f32::from(pair[1].sides[0]) - f32::from(pair[0].sides[2]) > gap;
        if sides[1] < self.ys[0] && names.windows(2).any(wide) {
            self.sides[1] = sides[1];
            self.ys.insert(0, sides[1]);
        }
    }
}

/// The height of most words.
fn usual_height(lines: &[Line]) -> Option<f32> {
    let mut heights: Vec<u16> = lines.iter().flat_map(|line| &line.words).map(Piece::height).collect();
    heights.sort_unstable();
    heights.get(heights.len() / 2).map(|height| f32::from(*height).max(1.0))
}

/// From where to where each column reaches.
fn columns<'a>(words: impl Iterator<Item = &'a Piece>, gap: f32) -> Vec<(u16, u16)> {
    let mut all: Vec<(u16, u16)> = words.map(|word| (word.sides[0], word.sides[2])).collect();
    all.sort_unstable();
    let mut columns: Vec<(u16, u16)> = Vec::new();
    for (from, to) in all {
        match columns.last_mut() {
            Some(last) if f32::from(from) - f32::from(last.1) < gap => last.1 = last.1.max(to),
            Some(_) | None => columns.push((from, to)),
        }
    }
    columns
}

/// The words of a row in their columns, from 1.
fn row(words: &[Piece], columns: &[(u16, u16)]) -> TableRow {
    let inside = |word: &&Piece, (from, to): (u16, u16)| from <= word.sides[0] && word.sides[0] < to;
    let cell = |column: (u16, u16)| words.iter().filter(|word| inside(word, column)).cloned().collect::<Vec<_>>();
    (1..).zip(columns).map(|(n, column)| (n, cell(*column))).filter(|(_, words)| !words.is_empty()).collect()
}

/// Whether words lie across the strips between the columns, so that some line has more cells than there are columns.
fn bridged(bands: &[Vec<Piece>], columns: usize, gap: f32) -> bool {
    bands.iter().flat_map(|band| lines_of(band)).any(|mut line| {
        line.sort_unstable_by_key(|word| word.sides[0]);
        let wide = |pair: &&[&Piece]| f32::from(pair[1].sides[0]) - f32::from(pair[0].sides[2]) >= gap;
        line.windows(2).filter(wide).count() >= columns
    })
}

/// Whether what stands between two lines is one row and not several: then some cell of it has one line of words.
fn is_one_row(row: &TableRow) -> bool {
    row.is_empty() || row.iter().any(|(_, words)| lines_of(words).len() == 1)
}
