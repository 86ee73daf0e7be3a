//! How do positions enter attention? By rotating pairs of values by angles that grow with the position.

use crate::cpu::Cpu;

/// Which values of a head form the pairs that are rotated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pairs {
    /// Neighbours: 0 and 1, 2 and 3 (the Llama family's files).
    Neighbours,
    /// The two halves: 0 and n/2, 1 and n/2 + 1 (most other families).
    Halves,
}

/// Rotary position embedding, with tables that grow with the longest text seen.
pub struct Rope {
    pairs: Pairs,
    /// Radians per position for each pair.
    speeds: Vec<f64>,
    /// Multiplies sines and cosines, which some ways of stretching the context ask for.
    magnitude: f64,
    positions: usize,
    /// Cosine and sine of each pair, position after position.
    turns: Vec<[f32; 2]>,
}

impl Rope {
    /// A rotation of `speeds.len()` pairs, pair `i` by `speeds[i]` radians per position.
    #[must_use]
    pub fn new(pairs: Pairs, speeds: Vec<f64>, magnitude: f64) -> Self {
        Self { pairs, speeds, magnitude, positions: 0, turns: Vec::new() }
    }

    /// The plain speeds of `width` values: `base^(-2i / width)`.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "a head has few values")]
    pub fn speeds(width: usize, base: f64) -> Vec<f64> {
        (0..width / 2).map(|pair| base.powf(-2.0 * pair as f64 / width as f64)).collect()
    }

    /// Values of a head that are rotated, from its start.
    #[must_use]
    pub fn width(&self) -> usize {
        self.speeds.len() * 2
    }

    /// Makes the tables long enough for `positions` positions.
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "f64 on the way to f32")]
    pub fn reserve(&mut self, positions: usize) {
        if positions <= self.positions {
            return;
        }
        // Some at once, so that a text that grows by one token does not ask each time.
        let end = positions.next_multiple_of(256);
        self.turns.reserve((end - self.positions) * self.speeds.len());
        for position in self.positions..end {
            self.turns.extend(self.speeds.iter().map(|speed| {
                let (sine, cosine) = (position as f64 * speed).sin_cos();
                [(cosine * self.magnitude) as f32, (sine * self.magnitude) as f32]
            }));
        }
        self.positions = end;
    }

    fn turn(&self, position: usize, head: &mut [f32]) {
        let turns = &self.turns[position * self.speeds.len()..][..self.speeds.len()];
        match self.pairs {
            Pairs::Neighbours => {
                for ([x, y], [cosine, sine]) in head.as_chunks_mut::<2>().0.iter_mut().zip(turns) {
                    (*x, *y) = (*x * cosine - *y * sine, *x * sine + *y * cosine);
                }
            }
            Pairs::Halves => {
                let (first, second) = head[..self.width()].split_at_mut(turns.len());
                for ((x, y), [cosine, sine]) in first.iter_mut().zip(second).zip(turns) {
                    (*x, *y) = (*x * cosine - *y * sine, *x * sine + *y * cosine);
                }
            }
        }
    }
}

impl Cpu {
    /// Rotates the heads of some tokens at `positions`: for each a row of `heads * head_width` values.
    ///
    /// # Panics
    /// If the sizes do not fit together or [`Rope::reserve`] was not called for these positions.
    pub fn rotate(&self, rope: &Rope, heads: usize, head_width: usize, positions: &[usize], values: &mut [f32]) {
        let row = heads * head_width;
        assert!(rope.width() <= head_width, "{} of {head_width} values rotated", rope.width());
        assert!(row > 0 && positions.len() * row == values.len(), "a row for each position");
        assert!(positions.iter().all(|position| *position < rope.positions), "tables for these positions");
        self.each_row(values, row, |first, values| {
            for (position, row) in positions[first..].iter().zip(values.chunks_exact_mut(row)) {
                for head in row.chunks_exact_mut(head_width) {
                    rope.turn(*position, head);
                }
            }
        });
    }
}
