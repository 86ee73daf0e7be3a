//! How do the bytes of a file become panels? Loading a model is mostly this.

use crate::format::{Codes, Format, to_half};
use crate::tile::{CodeTile, FloatColumn, ROWS};

/// Fills one panel of codes from the bytes of up to 16 rows.
pub(crate) fn pack_codes<T: CodeTile>(format: Format, rows: &[&[u8]], panel: &mut [T]) {
    match format {
        Format::Q4_0 => blocks::<T, 1>(Format::Q4_0, rows, panel),
        Format::Q4_1 => blocks::<T, 1>(Format::Q4_1, rows, panel),
        Format::Q5_0 => blocks::<T, 1>(Format::Q5_0, rows, panel),
        Format::Q5_1 => blocks::<T, 1>(Format::Q5_1, rows, panel),
        Format::Q8_0 => blocks::<T, 1>(Format::Q8_0, rows, panel),
        Format::Q4K => blocks::<T, 8>(Format::Q4K, rows, panel),
        Format::Q5K => blocks::<T, 8>(Format::Q5K, rows, panel),
        Format::Q6K => blocks::<T, 8>(Format::Q6K, rows, panel),
        Format::F32 | Format::F16 | Format::BF16 => unreachable!("floats have no codes"),
    }
}

/// Tiles that are filled together: about what the first-level cache holds.
const STRIP: usize = 64;

/// Goes from left to right in strips of tiles, which stay in the first-level cache until their 16 rows are in
/// them, and within a strip along each row, as memory is fetched ahead best. A block has `PARTS` tiles.
/// Always inlined, so that each format has a copy of its own.
#[inline(always)]
fn blocks<T: CodeTile, const PARTS: usize>(format: Format, rows: &[&[u8]], panel: &mut [T]) {
    let (_, bytes) = format.block();
    for (at, strip) in panel.chunks_mut(STRIP).enumerate() {
        for (row, of_row) in rows.iter().enumerate().take(ROWS) {
            let of_strip = of_row[at * STRIP / PARTS * bytes..].chunks_exact(bytes);
            for (tiles, block) in strip.as_chunks_mut::<PARTS>().0.iter_mut().zip(of_strip) {
                let block = format.open(block);
                let scales = block.scales::<PARTS>();
                let (first, second) = (halves(scales.scales[0]), halves(scales.scales[1]));
                let offsets = halves(scales.offsets[0]);
                let mut codes = [Codes::default(); PARTS];
                for (part, codes) in codes.iter_mut().enumerate() {
                    *codes = block.codes(part);
                }
                for (part, tile) in tiles.iter_mut().enumerate() {
                    tile.set(row, codes[part], [first[part], second[part]], offsets[part]);
                }
            }
        }
    }
}

#[inline(always)]
fn halves<const N: usize>(values: [f32; N]) -> [u16; N] {
    let mut halves = [0; N];
    for (half, value) in halves.iter_mut().zip(values) {
        *half = to_half(value);
    }
    halves
}

/// Fills one panel of plain numbers from the bytes of up to 16 rows.
pub(crate) fn pack_floats<T: FloatColumn>(width: usize, rows: &[&[u8]], panel: &mut [T]) {
    for (row, bytes) in rows.iter().enumerate() {
        for (column, number) in panel.iter_mut().zip(bytes.chunks_exact(width)) {
            column.set(row, number);
        }
    }
}
