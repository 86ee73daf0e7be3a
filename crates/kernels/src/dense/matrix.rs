//! How does a weight matrix lie in memory, so that a whole text can be multiplied with it?

use super::plain;
use super::tile::{Bytes, CODES, COLS, CodePanel, HalfPanel, Line, Panel, STEPS};
use crate::arena::{Arena, Placed};
use crate::error::ShapeError;
use crate::format::Format;
use half::{bf16, f16};

/// How the numbers of a weight file are stored, little-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Number {
    /// Single precision.
    F32,
    /// Half precision.
    F16,
    /// The upper half of single precision.
    BF16,
}

impl Number {
    /// Bytes of one number.
    #[must_use]
    pub const fn bytes(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F16 | Self::BF16 => 2,
        }
    }

    /// The number at `at`.
    fn read(self, bytes: &[u8], at: usize) -> f32 {
        match self {
            Self::F32 => bytes.as_chunks::<4>().0.get(at).map_or(0.0, |four| f32::from_le_bytes(*four)),
            Self::F16 => bytes.as_chunks::<2>().0.get(at).map_or(0.0, |two| f16::from_le_bytes(*two).to_f32()),
            Self::BF16 => bytes.as_chunks::<2>().0.get(at).map_or(0.0, |two| bf16::from_le_bytes(*two).to_f32()),
        }
    }

    fn format(self) -> Format {
        match self {
            Self::F32 => Format::F32,
            Self::F16 => Format::F16,
            Self::BF16 => Format::BF16,
        }
    }
}

/// In what precision weights are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    /// As they are in the file.
    #[default]
    File,
    /// In half precision.
    F16,
    /// In 8 bits, with one scale for the weights of an output; what is multiplied with them is rounded to
    /// 8 bits too, with one scale for each token.
    Int8,
}

/// A weight matrix of `outputs x inputs`, packed in panels of 32 outputs.
pub struct DenseMatrix {
    outputs: usize,
    inputs: usize,
    pub(super) store: Store,
}

pub(super) enum Store {
    Floats(Placed<Panel>),
    Halves { panels: Placed<HalfPanel>, brain: bool },
    Codes { panels: Placed<CodePanel>, scales: Vec<f32> },
}

impl DenseMatrix {
    /// Packs the rows of `parts`, one below the other: each is a matrix of `inputs` columns, row by row, as a
    /// file has it. Several make one product of several that read the same input. Parts of different numbers
    /// are kept in single precision.
    pub fn pack(
        parts: &[(Number, &[u8])],
        inputs: usize,
        precision: Precision,
        arena: &mut Arena,
    ) -> Result<Self, ShapeError> {
        let mut outputs = 0usize;
        for (number, bytes) in parts {
            let row = inputs.checked_mul(number.bytes()).filter(|row| *row > 0);
            let row = row.ok_or(ShapeError::Empty { rows: 0, columns: inputs })?;
            let rows = bytes.len() / row;
            if !bytes.len().is_multiple_of(row) {
                let (format, expected) = (number.format(), rows * row);
                return Err(ShapeError::Bytes { rows, columns: inputs, format, expected, actual: bytes.len() });
            }
            outputs = outputs.checked_add(rows).ok_or(ShapeError::TooLarge)?;
        }
        // With more, sums of codes would leave 32 bits.
        if inputs > 1 << 16 {
            return Err(ShapeError::TooLarge);
        }
        if outputs == 0 {
            return Err(ShapeError::Empty { rows: 0, columns: inputs });
        }
        let kinds: Vec<Number> = parts.iter().map(|(number, _)| *number).collect();
        let one = kinds.iter().all(|number| *number == kinds[0]).then_some(kinds[0]);
        let store = match (precision, one) {
            (Precision::Int8, _) => codes(parts, outputs, inputs, arena)?,
            (Precision::F16, _) | (Precision::File, Some(Number::F16)) => halves(parts, outputs, inputs, false, arena)?,
            (Precision::File, Some(Number::BF16)) => halves(parts, outputs, inputs, true, arena)?,
            (Precision::File, _) => floats(parts, outputs, inputs, arena)?,
        };
        Ok(Self { outputs, inputs, store })
    }

    /// Values that a product gives for each token.
    #[must_use]
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// Values of each token that go into a product.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Bytes of the packed weights.
    #[must_use]
    pub fn bytes(&self) -> usize {
        match &self.store {
            Store::Floats(panels) => size_of_val::<[Panel]>(panels),
            Store::Halves { panels, .. } => size_of_val::<[HalfPanel]>(panels),
            Store::Codes { panels, scales } => size_of_val::<[CodePanel]>(panels) + size_of_val::<[f32]>(scales),
        }
    }

    /// Panels of 32 outputs.
    pub(super) fn panels(&self) -> usize {
        self.outputs.div_ceil(COLS)
    }

    /// Chunks of one panel.
    pub(super) fn chunks(&self) -> usize {
        match &self.store {
            Store::Floats(_) | Store::Halves { .. } => self.inputs.div_ceil(STEPS),
            Store::Codes { .. } => self.inputs.div_ceil(CODES),
        }
    }
}

/// Every row with its number: the reader of its values.
fn rows<'a>(parts: &'a [(Number, &'a [u8])], inputs: usize) -> impl Iterator<Item = (usize, Number, &'a [u8])> {
    let each = parts
        .iter()
        .flat_map(move |(number, bytes)| bytes.chunks_exact(inputs * number.bytes()).map(move |row| (*number, row)));
    each.enumerate().map(|(at, (number, row))| (at, number, row))
}

/// Room for the panels of a matrix in chunks of `columns`.
fn room<T: crate::arena::Plain>(outputs: usize, chunks: usize, arena: &mut Arena) -> Result<Placed<T>, ShapeError> {
    arena.place(outputs.div_ceil(COLS).checked_mul(chunks).ok_or(ShapeError::TooLarge)?)
}

fn floats(parts: &[(Number, &[u8])], outputs: usize, inputs: usize, arena: &mut Arena) -> Result<Store, ShapeError> {
    let chunks = inputs.div_ceil(STEPS);
    let mut panels: Placed<Panel> = room(outputs, chunks, arena)?;
    let all = panels.as_mut();
    for (output, number, row) in rows(parts, inputs) {
        let panel = &mut all[output / COLS * chunks..][..chunks];
        for column in 0..inputs {
            let Line(line) = &mut panel[column / STEPS][column % STEPS][output % COLS / 16];
            line[output % 16] = number.read(row, column);
        }
    }
    Ok(Store::Floats(panels))
}

fn halves(
    parts: &[(Number, &[u8])],
    outputs: usize,
    inputs: usize,
    brain: bool,
    arena: &mut Arena,
) -> Result<Store, ShapeError> {
    let chunks = inputs.div_ceil(STEPS);
    let mut panels: Placed<HalfPanel> = room(outputs, chunks, arena)?;
    let all = panels.as_mut();
    for (output, number, row) in rows(parts, inputs) {
        let panel = &mut all[output / COLS * chunks..][..chunks];
        for column in 0..inputs {
            let value = number.read(row, column);
            // A number of the file is met again bit by bit; one that is too large stays finite.
            let bits = if brain {
                bf16::from_f32(value).to_bits()
            } else {
                f16::from_f32(value.clamp(-65504.0, 65504.0)).to_bits()
            };
            panel[column / STEPS][column % STEPS][output % COLS] = bits;
        }
    }
    Ok(Store::Halves { panels, brain })
}

fn codes(parts: &[(Number, &[u8])], outputs: usize, inputs: usize, arena: &mut Arena) -> Result<Store, ShapeError> {
    let chunks = inputs.div_ceil(CODES);
    let mut panels: Placed<CodePanel> = room(outputs, chunks, arena)?;
    let mut scales = vec![0.0; outputs.next_multiple_of(COLS)];
    let all = panels.as_mut();
    for (output, number, row) in rows(parts, inputs) {
        let largest = (0..inputs).fold(0f32, |largest, at| largest.max(number.read(row, at).abs()));
        let inverse = if largest > 0.0 { 127.0 / largest } else { 0.0 };
        scales[output] = largest / 127.0;
        let panel = &mut all[output / COLS * chunks..][..chunks];
        for column in 0..inputs {
            let Bytes(bytes) = &mut panel[column / CODES][column % CODES / 4][output % COLS / 16];
            #[allow(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "the magnitude of a code is at most 127"
            )]
            let code = ((number.read(row, column) * inverse).round_ties_even() + 128.0) as u8;
            bytes[output % 16 * 4 + column % 4] = code;
        }
    }
    Ok(Store::Codes { panels, scales })
}

impl Store {
    /// Chunks of a panel as floats: where they lie, or widened into `scratch`.
    pub(super) fn widened<'a>(
        &'a self,
        range: std::ops::Range<usize>,
        level: super::level::Level,
        scratch: &'a mut Vec<Panel>,
    ) -> &'a [Panel] {
        match self {
            Self::Floats(panels) => &panels[range],
            Self::Halves { panels, brain } => {
                scratch.resize(range.len(), super::tile::NO_PANEL);
                if *brain {
                    plain::widen_brain(&panels[range], scratch);
                } else {
                    level.widen(&panels[range], scratch);
                }
                scratch
            }
            Self::Codes { .. } => &[],
        }
    }
}
