//! What is a weight matrix once it is loaded?

use crate::activations::Form;
use crate::arena::{Arena, Placed, Plain};
use crate::cpu::Cpu;
use crate::error::ShapeError;
use crate::format::Format;
use crate::pack::{pack_codes, pack_floats};
use crate::tile::{Brains, COLUMNS, CodeTile, FloatColumn, Halves, ROWS, Tile4, Tile5, Tile6, Tile8};

/// A weight matrix of `rows` outputs and `columns` inputs, packed in panels of 16 rows.
pub struct QuantMatrix {
    rows: usize,
    columns: usize,
    pub(crate) panels: Panels,
}

/// The packed panels. Q4_0, Q4_1 and Q4_K share one tile, Q5_0, Q5_1 and Q5_K another.
pub(crate) enum Panels {
    Four(Placed<Tile4>),
    Five(Placed<Tile5>),
    Six(Placed<Tile6>),
    Eight(Placed<Tile8>),
    Half(Placed<Halves>),
    Brain(Placed<Brains>),
    Single(Placed<[f32; ROWS]>),
}

impl QuantMatrix {
    /// Packs a tensor of a GGUF file: `rows` rows of `columns` values, row after row, in `format`.
    pub fn pack(
        format: Format,
        rows: usize,
        columns: usize,
        bytes: &[u8],
        arena: &mut Arena,
        cpu: &Cpu,
    ) -> Result<Self, ShapeError> {
        if rows == 0 || columns == 0 {
            return Err(ShapeError::Empty { rows, columns });
        }
        let (block, _) = format.block();
        let row_bytes = format.row_bytes(columns).ok_or(ShapeError::Columns { columns, block, format })?;
        let expected = row_bytes.checked_mul(rows).ok_or(ShapeError::TooLarge)?;
        if bytes.len() != expected {
            return Err(ShapeError::Bytes { rows, columns, format, expected, actual: bytes.len() });
        }
        let source = Source { format, columns, row_bytes, bytes, panels: rows.div_ceil(ROWS) };
        let panels = match format {
            Format::Q4_0 | Format::Q4_1 | Format::Q4K => Panels::Four(source.codes(arena, cpu)?),
            Format::Q5_0 | Format::Q5_1 | Format::Q5K => Panels::Five(source.codes(arena, cpu)?),
            Format::Q6K => Panels::Six(source.codes(arena, cpu)?),
            Format::Q8_0 => Panels::Eight(source.codes(arena, cpu)?),
            Format::F16 => Panels::Half(source.floats(arena, cpu)?),
            Format::BF16 => Panels::Brain(source.floats(arena, cpu)?),
            Format::F32 => Panels::Single(source.floats(arena, cpu)?),
        };
        Ok(Self { rows, columns, panels })
    }

    /// The outputs.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The inputs.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The form of activations this matrix multiplies with.
    #[must_use]
    pub fn form(&self) -> Form {
        match self.panels {
            Panels::Four(_) | Panels::Five(_) | Panels::Six(_) | Panels::Eight(_) => Form::Codes,
            Panels::Half(_) | Panels::Brain(_) | Panels::Single(_) => Form::Floats,
        }
    }

    /// The bytes it takes in memory, which is what a product reads.
    #[must_use]
    pub fn bytes(&self) -> usize {
        match &self.panels {
            Panels::Four(tiles) => size_of_val::<[Tile4]>(tiles),
            Panels::Five(tiles) => size_of_val::<[Tile5]>(tiles),
            Panels::Six(tiles) => size_of_val::<[Tile6]>(tiles),
            Panels::Eight(tiles) => size_of_val::<[Tile8]>(tiles),
            Panels::Half(columns) => size_of_val::<[Halves]>(columns),
            Panels::Brain(columns) => size_of_val::<[Brains]>(columns),
            Panels::Single(columns) => size_of_val::<[[f32; ROWS]]>(columns),
        }
    }

    /// What packing will take in memory, to size an [`Arena`]; 0 for a shape that cannot be packed.
    #[must_use]
    pub fn packed_bytes(format: Format, rows: usize, columns: usize) -> usize {
        let tile = match format {
            Format::Q4_0 | Format::Q4_1 | Format::Q4K => size_of::<Tile4>(),
            Format::Q5_0 | Format::Q5_1 | Format::Q5K => size_of::<Tile5>(),
            Format::Q6K => size_of::<Tile6>(),
            Format::Q8_0 => size_of::<Tile8>(),
            Format::F16 | Format::BF16 => size_of::<Halves>() * COLUMNS,
            Format::F32 => size_of::<[f32; ROWS]>() * COLUMNS,
        };
        let columns = columns.div_ceil(COLUMNS);
        rows.div_ceil(ROWS).checked_mul(columns).and_then(|tiles| tiles.checked_mul(tile)).unwrap_or(0)
    }

    /// One row's values, as the products use them: a token's embedding.
    ///
    /// # Panics
    /// If there is no such row or `out` is not as long as a row.
    pub fn row(&self, row: usize, out: &mut [f32]) {
        assert!(row < self.rows, "row {row} of {}", self.rows);
        assert_eq!(out.len(), self.columns, "one row");
        match &self.panels {
            Panels::Four(tiles) => read_codes(tiles, row, out),
            Panels::Five(tiles) => read_codes(tiles, row, out),
            Panels::Six(tiles) => read_codes(tiles, row, out),
            Panels::Eight(tiles) => read_codes(tiles, row, out),
            Panels::Half(columns) => read_floats(columns, row, out),
            Panels::Brain(columns) => read_floats(columns, row, out),
            Panels::Single(columns) => read_floats(columns, row, out),
        }
    }
}

fn read_codes<T: CodeTile>(tiles: &[T], row: usize, out: &mut [f32]) {
    let width = out.len() / COLUMNS;
    for (tile, out) in tiles[row / ROWS * width..].iter().zip(out.chunks_exact_mut(COLUMNS)) {
        out.copy_from_slice(&tile.row(row % ROWS));
    }
}

fn read_floats<T: FloatColumn>(columns: &[T], row: usize, out: &mut [f32]) {
    for (column, out) in columns[row / ROWS * out.len()..].iter().zip(out) {
        *out = column.get(row % ROWS);
    }
}

/// A checked tensor on its way into panels.
struct Source<'a> {
    format: Format,
    columns: usize,
    row_bytes: usize,
    bytes: &'a [u8],
    panels: usize,
}

impl Source<'_> {
    /// The rows of a panel: 16, or fewer at the end of the matrix, where the panel is filled up with zeros.
    fn rows(&self, panel: usize) -> Vec<&[u8]> {
        self.bytes.chunks_exact(self.row_bytes).skip(panel * ROWS).take(ROWS).collect()
    }

    fn codes<T: CodeTile>(&self, arena: &mut Arena, cpu: &Cpu) -> Result<Placed<T>, ShapeError> {
        self.pack(self.columns / COLUMNS, arena, cpu, |rows, panel| pack_codes(self.format, rows, panel))
    }

    fn floats<T: FloatColumn>(&self, arena: &mut Arena, cpu: &Cpu) -> Result<Placed<T>, ShapeError> {
        let (_, width) = self.format.block();
        self.pack(self.columns, arena, cpu, |rows, panel| pack_floats(width, rows, panel))
    }

    fn pack<T: Plain>(
        &self,
        width: usize,
        arena: &mut Arena,
        cpu: &Cpu,
        fill: impl Fn(&[&[u8]], &mut [T]) + Sync,
    ) -> Result<Placed<T>, ShapeError> {
        let mut placed = arena.place::<T>(self.panels.checked_mul(width).ok_or(ShapeError::TooLarge)?)?;
        cpu.pool().rows_once(placed.as_mut(), width, |first, panels| {
            for (at, panel) in panels.chunks_exact_mut(width).enumerate() {
                fill(&self.rows(first + at), panel);
            }
        });
        Ok(placed)
    }
}
