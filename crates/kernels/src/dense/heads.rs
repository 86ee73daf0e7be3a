//! What does each token take from all tokens of its own text?

use super::level::Level;
use super::product::{Grid, Scratch};
use super::tile::{self, COLS, Line, NO_PANEL, NO_SUMS, NO_TILE, Panel, ROWS, STEPS};
use crate::cpu::Cpu;
use std::ops::Range;

/// Query tokens that one piece of work takes: a long text is shared out.
const QUERIES: usize = 64 * ROWS;

/// What is added to a score by where the key stands, seen from the query.
#[derive(Clone, Copy, Debug)]
pub struct Distances<'a> {
    /// For each head, or once for all heads, `2 * reach + 1` numbers: for the key `reach` places before the query, and so
    /// on up to `reach` places behind it. What stands farther takes the number of the farthest.
    pub values: &'a [f32],
    /// See `values`.
    pub reach: usize,
}

impl Distances<'_> {
    /// For every query of a text of `live` tokens at once: the number for a key that stands `d` places behind the query
    /// is at `live - 1 + d`.
    fn line(&self, head: usize, live: usize, line: &mut Vec<f32>) {
        let count = 2 * self.reach + 1;
        let own = if self.values.len() == count { self.values } else { &self.values[head * count..][..count] };
        let place = |at: usize| (at + self.reach + 1).saturating_sub(live).min(count - 1);
        line.clear();
        line.extend((0..2 * live - 1).map(|at| own[place(at)]));
    }
}

/// One head of one text.
struct Piece {
    /// Rows of the text.
    rows: Range<usize>,
    head: usize,
    /// Of these rows, those that ask.
    asking: Range<usize>,
}

impl Cpu {
    /// Softmax attention without a mask. `input` has a row for each token: `width` values of the query, then
    /// of the key, then of the value, each in `heads` equal heads. Tokens see those of their own text only:
    /// `lengths` are the texts' tokens, one text after the other, without padding. `out` gets `width` values
    /// for each token.
    ///
    /// # Panics
    /// If the sizes do not fit together.
    pub fn attend_whole(&self, input: &[f32], heads: usize, lengths: &[usize], out: &mut [f32]) {
        self.attend_on(Level::of(self.isa()), input, heads, lengths, None, out);
    }

    /// The same with something added to each score by how far the key is from the query.
    ///
    /// # Panics
    /// If the sizes do not fit together.
    pub fn attend_near(
        &self,
        input: &[f32],
        heads: usize,
        lengths: &[usize],
        distances: Distances<'_>,
        out: &mut [f32],
    ) {
        self.attend_on(Level::of(self.isa()), input, heads, lengths, Some(distances), out);
    }

    pub(super) fn attend_on(
        &self,
        level: Level,
        input: &[f32],
        heads: usize,
        lengths: &[usize],
        distances: Option<Distances<'_>>,
        out: &mut [f32],
    ) {
        if let Some(Distances { values, reach }) = distances {
            let count = 2 * reach + 1;
            assert!(values.len() == count || values.len() == heads * count, "numbers for one head or all");
        }
        let rows: usize = lengths.iter().sum();
        assert!(heads > 0, "at least one head");
        if rows == 0 {
            assert!(input.is_empty() && out.is_empty(), "texts for all tokens");
            return;
        }
        let width = out.len() / rows;
        assert_eq!(out.len(), rows * width, "whole rows of output");
        assert_eq!(input.len(), 3 * out.len(), "query, key and value of each token");
        assert!(width > 0 && width.is_multiple_of(heads), "equal heads");
        let mut pieces = Vec::new();
        let mut start = 0;
        for length in lengths {
            let rows = start..start + length;
            for head in 0..heads {
                let asking = rows.clone().step_by(QUERIES).map(|from| from..rows.end.min(from + QUERIES));
                pieces.extend(asking.map(|asking| Piece { rows: rows.clone(), head, asking }));
            }
            start += length;
        }
        let grid = Grid::new(out);
        self.pool().claim(pieces.len(), 1, |items| {
            Scratch::with(|scratch| {
                for piece in &pieces[items] {
                    attend(level, input, width, width / heads, piece, distances, scratch, &grid);
                }
            });
        });
    }
}

#[allow(clippy::too_many_arguments, reason = "what a piece of work needs, and nothing else calls it")]
fn attend(
    level: Level,
    input: &[f32],
    width: usize,
    size: usize,
    piece: &Piece,
    distances: Option<Distances<'_>>,
    scratch: &mut Scratch,
    grid: &Grid,
) {
    let (stride, offset) = (3 * width, piece.head * size);
    let live = piece.rows.len();
    // From a row's first value of this head on; the rows end where the last one's does.
    let of = |rows: &Range<usize>, part: usize| {
        let from = part * width + offset;
        &input[rows.start * stride + from..(rows.end - 1) * stride + from + size]
    };
    #[allow(clippy::cast_precision_loss, reason = "a head has fewer than 2^24 values")]
    let scale = 1.0 / (size as f32).sqrt();
    tile::lay(of(&piece.asking, 0), size, stride, scale, &mut scratch.tiles);
    across(of(&piece.rows, 1), size, stride, live, &mut scratch.keys);
    along(of(&piece.rows, 2), size, stride, live, &mut scratch.values);

    let mut line = Vec::new();
    if let Some(distances) = distances {
        distances.line(piece.head, live, &mut line);
    }
    let (chunks, key_chunks) = (size.div_ceil(16), live.div_ceil(STEPS));
    let mut sums = NO_SUMS;
    for (at, queries) in scratch.tiles.chunks_exact(chunks).enumerate() {
        let first = piece.asking.start + at * ROWS;
        let rows = ROWS.min(piece.asking.end - first);
        // Two chunks of keys for each panel; what a panel has beyond the text is left out below.
        let panels = scratch.keys.len() / chunks;
        scratch.scores.resize(2 * panels, NO_TILE);
        let pairs = scratch.scores.as_chunks_mut::<2>().0;
        for (pair, keys) in pairs.iter_mut().zip(scratch.keys.chunks_exact(chunks)) {
            level.floats(queries, keys, pair);
        }
        let scores = &mut scratch.scores[..key_chunks];
        for row in (0..rows).filter(|_| !line.is_empty()) {
            // The keys of a query stand side by side in the line.
            let from = live - 1 - (first + row - piece.rows.start);
            for (tile, more) in scores.iter_mut().zip(line[from..from + live].chunks(STEPS)) {
                tile[row].0.iter_mut().zip(more).for_each(|(score, more)| *score += more);
            }
        }
        let mut inverses = [0.0; ROWS];
        level.softmax(scores, rows, live, &mut inverses);
        for (panel, values) in scratch.values.chunks_exact(key_chunks).enumerate() {
            level.floats(scores, values, &mut sums);
            let from = panel * COLS;
            let count = COLS.min(size - from);
            for (row, inverse) in inverses.iter().enumerate().take(rows) {
                // SAFETY: each piece has a head and rows of its own, and `out` is borrowed until all end.
                let out = unsafe { grid.cells((first + row) * width + offset + from, count) };
                for (out, half) in out.chunks_mut(16).zip(&sums) {
                    out.iter_mut().zip(&half[row].0).for_each(|(out, sum)| *out = sum * inverse);
                }
            }
        }
    }
}

/// Keys as panels: 32 keys are the outputs, a head's values the columns.
fn across(values: &[f32], size: usize, stride: usize, live: usize, panels: &mut Vec<Panel>) {
    let chunks = size.div_ceil(STEPS);
    panels.clear();
    panels.resize(live.div_ceil(COLS) * chunks, NO_PANEL);
    for (key, values) in values.chunks(stride).enumerate() {
        let panel = &mut panels[key / COLS * chunks..][..chunks];
        let (half, lane) = (key % COLS / 16, key % 16);
        for (chunk, values) in panel.iter_mut().zip(values[..size].chunks(STEPS)) {
            chunk.iter_mut().zip(values).for_each(|(lines, value)| lines[half].0[lane] = *value);
        }
    }
}

/// Values as panels: a head's values are the outputs, the keys the columns.
fn along(values: &[f32], size: usize, stride: usize, live: usize, panels: &mut Vec<Panel>) {
    let chunks = live.div_ceil(STEPS);
    panels.clear();
    panels.resize(size.div_ceil(COLS) * chunks, NO_PANEL);
    for (key, values) in values.chunks(stride).enumerate() {
        for (panel, values) in values[..size].chunks(COLS).enumerate() {
            let lines = &mut panels[panel * chunks + key / STEPS][key % STEPS];
            for (Line(line), values) in lines.iter_mut().zip(values.chunks(16)) {
                line.iter_mut().zip(values).for_each(|(to, from)| *to = *from);
            }
        }
    }
}
