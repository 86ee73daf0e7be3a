//! How are keys and values kept in half the memory?
//!
//! In 8 bits, as blocks of up to 32 values of one position that share a half-precision scale (the largest magnitude
//! becomes 127), which is 8.5 bits for each value. Attention reads half precision: a head's segment is widened into
//! a small space that stays in the cache before it is read, so that every instruction set needs one more routine and
//! no second attention. It costs time and saves memory: 0.53 of it is left.
//!
//! In a segment each layer's head has its keys' codes in groups of 16 positions, `[group][dimension][position]`,
//! their scales `[group][block][position]`, then its values' codes row by row and their scales row by row.

use crate::isa::{Isa, Kind};
use crate::kv::{GROUP, SEGMENT};
use crate::portable;
use half::f16;

#[cfg(target_arch = "aarch64")]
use crate::neon;
#[cfg(target_arch = "x86_64")]
use crate::{avx2, avx512};

/// Values that share a scale.
const BLOCK: usize = 32;

/// The largest magnitude that is kept.
const LARGEST: f32 = 65_000.0;

/// Codes of 16 positions or columns.
pub(crate) type Codes = [i8; GROUP];
/// The half-precision scales of 16 positions or columns, or their values.
pub(crate) type Halves = [u16; GROUP];

/// The sizes of a head: its values, and the same rounded up to whole groups.
#[derive(Clone, Copy)]
pub(crate) struct Layout {
    pub width: usize,
    pub padded: usize,
}

impl Layout {
    fn blocks(self) -> usize {
        self.width.div_ceil(BLOCK)
    }

    /// What the keys of a head take in a segment, in units of two bytes.
    pub fn keys(self) -> usize {
        self.width * SEGMENT / 2 + self.blocks() * SEGMENT
    }

    /// What its values take.
    pub fn values(self) -> usize {
        self.padded * SEGMENT / 2 + self.blocks() * SEGMENT
    }

    /// Remembers a key at a place of its segment.
    pub fn put_key(self, place: &mut [u16], slot: usize, key: &[f32]) {
        let (codes, scales) = place.split_at_mut(self.width * SEGMENT / 2);
        let (group, lane) = (slot / GROUP, slot % GROUP);
        let codes = &mut signed_mut(codes)[group * self.width * GROUP..][..self.width * GROUP];
        let scales = &mut scales[group * self.blocks() * GROUP..][..self.blocks() * GROUP];
        let of_blocks = codes.chunks_mut(BLOCK * GROUP).zip(scales.chunks_exact_mut(GROUP));
        for (values, (codes, scales)) in key.chunks(BLOCK).zip(of_blocks) {
            let (scale, inverse) = scale(values);
            scales[lane] = scale;
            for (value, codes) in values.iter().zip(codes.chunks_exact_mut(GROUP)) {
                codes[lane] = code(*value, inverse);
            }
        }
    }

    /// Remembers a value at a place of its segment.
    pub fn put_value(self, place: &mut [u16], slot: usize, value: &[f32]) {
        let (codes, scales) = place.split_at_mut(self.padded * SEGMENT / 2);
        let codes = &mut signed_mut(codes)[slot * self.padded..][..self.padded];
        let scales = &mut scales[slot * self.blocks()..][..self.blocks()];
        for ((values, codes), place) in value.chunks(BLOCK).zip(codes.chunks_mut(BLOCK)).zip(scales) {
            let (scale, inverse) = scale(values);
            *place = scale;
            for (value, code_place) in values.iter().zip(codes) {
                *code_place = code(*value, inverse);
            }
        }
    }

    /// Widens the first `seen` keys of a head's segment, and what else is in their last group, to half precision.
    pub fn widen_keys(self, isa: Isa, place: &[u16], seen: usize, out: &mut [u16]) {
        let (codes, scales) = place.split_at(self.width * SEGMENT / 2);
        let (codes, scales) = (groups(signed(codes)), scales.as_chunks::<GROUP>().0);
        let (out, _) = out.as_chunks_mut::<GROUP>();
        let of_groups = codes.chunks_exact(self.width).zip(scales.chunks_exact(self.blocks()));
        for ((codes, scales), out) in of_groups.zip(out.chunks_exact_mut(self.width)).take(seen.div_ceil(GROUP)) {
            for ((codes, scales), out) in codes.chunks(BLOCK).zip(scales).zip(out.chunks_mut(BLOCK)) {
                isa.widen(codes, scales, out);
            }
        }
    }

    /// Widens the first `seen` values of a head's segment to half precision.
    pub fn widen_values(self, isa: Isa, place: &[u16], seen: usize, out: &mut [u16]) {
        let (codes, scales) = place.split_at(self.padded * SEGMENT / 2);
        let of_rows = signed(codes).chunks_exact(self.padded).zip(scales.chunks_exact(self.blocks()));
        for ((codes, scales), out) in of_rows.zip(out.chunks_exact_mut(self.padded)).take(seen) {
            for ((codes, scale), out) in codes.chunks(BLOCK).zip(scales).zip(out.chunks_mut(BLOCK)) {
                isa.widen(groups(codes), &[*scale; GROUP], out.as_chunks_mut::<GROUP>().0);
            }
        }
    }
}

/// The scale of a block in half precision, and what its values are multiplied with: the inverse of just that number.
fn scale(values: &[f32]) -> (u16, f32) {
    let largest = values.iter().fold(0f32, |largest, value| largest.max(finite(*value).abs()));
    let scale = f16::from_f32(largest / 127.0);
    let inverse = if scale.to_f32() > 0.0 { 1.0 / scale.to_f32() } else { 0.0 };
    (scale.to_bits(), inverse)
}

fn code(value: f32, inverse: f32) -> i8 {
    // Below the smallest scale the inverse is 0; a scale that was rounded down leaves a little more than 127.
    #[allow(clippy::cast_possible_truncation, reason = "clamped to what fits")]
    let code = (finite(value) * inverse).round_ties_even().clamp(-127.0, 127.0) as i8;
    code
}

/// A finite number, also of what is none, that a scale rounded up does not carry beyond half precision.
#[allow(clippy::manual_clamp, reason = "a clamp keeps what is no number")]
fn finite(value: f32) -> f32 {
    value.min(LARGEST).max(-LARGEST)
}

/// Memory of halves as signed bytes.
fn signed(units: &[u16]) -> &[i8] {
    // SAFETY: all bits are values of both types, and a byte needs no alignment.
    unsafe { std::slice::from_raw_parts(units.as_ptr().cast(), size_of_val(units)) }
}

fn signed_mut(units: &mut [u16]) -> &mut [i8] {
    // SAFETY: as in `signed`, borrowed mutably as long as the units.
    unsafe { std::slice::from_raw_parts_mut(units.as_mut_ptr().cast(), size_of_val(units)) }
}

fn groups(codes: &[i8]) -> &[Codes] {
    codes.as_chunks::<GROUP>().0
}

impl Isa {
    /// `out = codes * scales`, 16 at a time, in half precision.
    fn widen(self, codes: &[Codes], scales: &Halves, out: &mut [Halves]) {
        match self.kind() {
            Kind::Portable => portable::rows::widen(codes, scales, out),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: an `Isa` of this kind exists only where the instructions were detected.
            Kind::Avx2 | Kind::AvxVnni => unsafe { avx2::rows::widen(codes, scales, out) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: an `Isa` of this kind exists only where the instructions were detected.
            Kind::Avx512 => unsafe { avx512::rows::widen(codes, scales, out) },
            #[cfg(target_arch = "aarch64")]
            // SAFETY: an `Isa` of this kind exists only where the instructions were detected.
            Kind::Neon => unsafe { neon::rows::widen(codes, scales, out) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that look random.
    fn numbers(count: usize, seed: u32) -> Vec<f32> {
        let mut state = seed;
        let next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 23) as f32 - 1.0
        };
        std::iter::repeat_with(next).take(count).collect()
    }

    #[test]
    fn what_is_kept_in_eight_bits_comes_back_nearly_and_alike_everywhere() {
        for width in [16, 24, 64, 80, 128] {
            let layout = Layout { width, padded: width.next_multiple_of(GROUP) };
            let (mut keys, mut values) = (vec![0; layout.keys()], vec![0; layout.values()]);
            let rows: Vec<Vec<f32>> = (0..SEGMENT).map(|at| numbers(width, at as u32 + 1)).collect();
            for (slot, row) in rows.iter().enumerate() {
                layout.put_key(&mut keys, slot, row);
                layout.put_value(&mut values, slot, row);
            }
            let size = (width * SEGMENT, layout.padded * SEGMENT);
            let (mut first_keys, mut first_values) = (vec![0; size.0], vec![0; size.1]);
            layout.widen_keys(Isa::portable(), &keys, SEGMENT, &mut first_keys);
            layout.widen_values(Isa::portable(), &values, SEGMENT, &mut first_values);
            for (slot, row) in rows.iter().enumerate() {
                for (d, value) in row.iter().enumerate() {
                    let key = first_keys[(slot / GROUP * width + d) * GROUP + slot % GROUP];
                    for half in [key, first_values[slot * layout.padded + d]] {
                        // Half a step of the scale, and the rounding to half precision.
                        let off = (f16::from_bits(half).to_f32() - value).abs();
                        assert!(off <= 0.5 / 127.0 + 1e-3, "{width} {slot} {d}: {off}");
                    }
                }
            }
            for isa in Isa::available() {
                let (mut other_keys, mut other_values) = (vec![0; size.0], vec![0; size.1]);
                layout.widen_keys(isa, &keys, SEGMENT, &mut other_keys);
                layout.widen_values(isa, &values, SEGMENT, &mut other_values);
                assert!(other_keys == first_keys && other_values == first_values, "{} {width}", isa.name());
            }
        }
    }

    #[test]
    fn what_is_no_number_and_what_is_none_at_all_stay_finite() {
        let layout = Layout { width: 16, padded: 16 };
        let mut values = vec![0; layout.values()];
        let mut row = vec![0.0; 16];
        (row[0], row[1], row[2], row[3]) = (f32::NAN, f32::INFINITY, -1e30, 1e-30);
        layout.put_value(&mut values, 0, &row);
        layout.put_value(&mut values, 1, &[1e-30; 16]);
        let mut out = vec![0; 16 * SEGMENT];
        layout.widen_values(Isa::portable(), &values, SEGMENT, &mut out);
        assert!(out.iter().all(|half| f16::from_bits(*half).is_finite()));
        assert_eq!(out[16..32], [0; 16]);
    }
}
