//! The inner loops in plain Rust: the reference for the vector units, and the source from which the compiler
//! makes the elementwise ones.
//!
//! The functions are inlined into a shell for each instruction set (see `level`), where the loops become its
//! instructions. `FUSED` says whether `a * b + c` is one instruction there; without one, asking for it would
//! call a slow routine.

use super::product::Curve;
use super::tile::{CODES, CodePanel, CodeTile, Codes, Counts, HalfPanel, Line, Panel, ROWS, Sums, Tile};
use half::{bf16, f16};

#[inline(always)]
fn fma<const FUSED: bool>(a: f32, b: f32, c: f32) -> f32 {
    if FUSED { a.mul_add(b, c) } else { a * b + c }
}

/// The products of a tile with a panel.
pub(crate) fn floats(tile: &[Tile], panel: &[Panel], sums: &mut Sums) {
    *sums = super::tile::NO_SUMS;
    for (tile, panel) in tile.iter().zip(panel) {
        for (step, weights) in panel.iter().enumerate() {
            for (sums, weights) in sums.iter_mut().zip(weights) {
                for (row, sums) in tile.iter().zip(sums) {
                    for (sum, weight) in sums.0.iter_mut().zip(&weights.0) {
                        *sum = fma::<FUSED>(row.0[step], *weight, *sum);
                    }
                }
            }
        }
    }
}

/// Whether the target has a fused multiplication without being asked at run time.
pub(crate) const FUSED: bool = cfg!(any(target_arch = "aarch64", target_feature = "fma"));

/// The products of a tile in codes with a panel whose codes are 128 too high.
pub(crate) fn codes(tile: &[CodeTile], panel: &[CodePanel], counts: &mut Counts) {
    *counts = super::tile::NO_COUNTS;
    for (tile, panel) in tile.iter().zip(panel) {
        for (step, weights) in panel.iter().enumerate() {
            for (half, weights) in counts.iter_mut().zip(weights) {
                for (row, counts) in tile.iter().zip(half) {
                    let values = &row.0[4 * step..][..4];
                    for (count, weights) in counts.0.iter_mut().zip(weights.0.as_chunks::<4>().0) {
                        for (weight, value) in weights.iter().zip(values) {
                            *count += (i32::from(*weight) - 128) * i32::from(*value);
                        }
                    }
                }
            }
        }
    }
}

/// Half precision to single.
pub(crate) fn widen(halves: &[HalfPanel], panels: &mut [Panel]) {
    each_half(halves, panels, |half| f16::from_bits(half).to_f32());
}

/// bfloat16 to single.
pub(crate) fn widen_brain(halves: &[HalfPanel], panels: &mut [Panel]) {
    each_half(halves, panels, |half| bf16::from_bits(half).to_f32());
}

fn each_half(halves: &[HalfPanel], panels: &mut [Panel], value: impl Fn(u16) -> f32) {
    for (halves, lines) in halves.as_flattened().iter().zip(panels.as_flattened_mut()) {
        for (at, half) in halves.iter().enumerate() {
            lines[at / 16].0[at % 16] = value(*half);
        }
    }
}

/// e^x, to about two units in the last place: x = n ln 2 + r, a polynomial for e^r (Cephes) and n put into
/// the exponent. Clamped to where the result is a normal number.
#[inline(always)]
pub(crate) fn exp<const FUSED: bool>(x: f32) -> f32 {
    // Adding it rounds to a whole number, which then stands in the lowest bits.
    const ROUND: f32 = 12_582_912.0;
    let x = x.clamp(-87.0, 88.0);
    let shifted = fma::<FUSED>(x, std::f32::consts::LOG2_E, ROUND);
    let n = shifted - ROUND;
    // ln 2 in two parts, the first exact in few bits, so that n times it is exact.
    let r = fma::<FUSED>(n, -0.693_359_4, x);
    let r = fma::<FUSED>(n, 2.121_944_4e-4, r);
    let p = fma::<FUSED>(1.987_569_1e-4, r, 1.398_199_9e-3);
    let p = fma::<FUSED>(p, r, 8.333_452e-3);
    let p = fma::<FUSED>(p, r, 4.166_579_6e-2);
    let p = fma::<FUSED>(p, r, 1.666_666_5e-1);
    let p = fma::<FUSED>(p, r, 0.5);
    let p = fma::<FUSED>(p, r * r, r + 1.0);
    p * f32::from_bits((shifted.to_bits().wrapping_add(127)) << 23)
}

/// The error function, to 2e-7: Abramowitz and Stegun 7.1.26.
#[inline(always)]
fn erf<const FUSED: bool>(x: f32) -> f32 {
    let magnitude = x.abs();
    let t = 1.0 / fma::<FUSED>(magnitude, 0.327_591_1, 1.0);
    let p = fma::<FUSED>(1.061_405_4, t, -1.453_152_1);
    let p = fma::<FUSED>(p, t, 1.421_413_8);
    let p = fma::<FUSED>(p, t, -0.284_496_72);
    let p = fma::<FUSED>(p, t, 0.254_829_6);
    (1.0 - p * t * exp::<FUSED>(-magnitude * magnitude)).copysign(x)
}

#[inline(always)]
fn tanh<const FUSED: bool>(x: f32) -> f32 {
    1.0 - 2.0 / (1.0 + exp::<FUSED>(2.0 * x))
}

/// The curve of each value. Loops here and below are written out: a closure would become a function of its
/// own, without the instructions of the shell that it is inlined into.
#[inline(always)]
pub(crate) fn bend<const FUSED: bool>(curve: Curve, values: &mut [f32]) {
    match curve {
        Curve::Straight => {}
        Curve::Gelu => {
            for x in values {
                *x *= 0.5 * (1.0 + erf::<FUSED>(*x * std::f32::consts::FRAC_1_SQRT_2));
            }
        }
        Curve::GeluTanh => {
            for x in values {
                // sqrt(2 / pi)
                let inner = 0.797_884_6 * *x * fma::<FUSED>(0.044_715, *x * *x, 1.0);
                *x *= 0.5 * (1.0 + tanh::<FUSED>(inner));
            }
        }
        Curve::Relu => {
            for x in values {
                *x = x.max(0.0);
            }
        }
        Curve::Silu => {
            for x in values {
                *x /= 1.0 + exp::<FUSED>(-*x);
            }
        }
        Curve::Tanh => {
            for x in values {
                *x = tanh::<FUSED>(*x);
            }
        }
    }
}

/// Adds the biases to the first `rows` rows and bends them.
#[inline(always)]
pub(crate) fn finish<const FUSED: bool>(sums: &mut Sums, rows: usize, bias: &[Line; 2], curve: Curve) {
    for (half, bias) in sums.iter_mut().zip(bias) {
        for line in &mut half[..rows] {
            for (sum, bias) in line.0.iter_mut().zip(&bias.0) {
                *sum += bias;
            }
        }
        if curve != Curve::Straight {
            for line in &mut half[..rows] {
                bend::<FUSED>(curve, &mut line.0);
            }
        }
    }
}

/// Counts to sums: each has its token's and its output's scale.
#[inline(always)]
pub(crate) fn scale<const FUSED: bool>(counts: &Counts, tokens: &[f32; ROWS], outputs: &[Line; 2], sums: &mut Sums) {
    for ((half, counts), outputs) in sums.iter_mut().zip(counts).zip(outputs) {
        for ((line, counts), scale) in half.iter_mut().zip(counts).zip(tokens) {
            for ((sum, count), output) in line.0.iter_mut().zip(&counts.0).zip(&outputs.0) {
                #[allow(clippy::cast_precision_loss, reason = "the codes are coarser than a float's last bit")]
                let exact = *count as f32;
                *sum = exact * (scale * output);
            }
        }
    }
}

/// A token's values in 8 bits, into row `row` of a tile; the largest magnitude becomes 127. Returns the scale
/// and the sum of the codes.
#[inline(always)]
pub(crate) fn code<const FUSED: bool>(values: &[f32], row: usize, tile: &mut [CodeTile], found: &mut (f32, i32)) {
    let (lines, rest) = values.as_chunks::<16>();
    let mut most = [0f32; 16];
    for line in lines {
        for (most, value) in most.iter_mut().zip(line) {
            *most = most.max(value.abs());
        }
    }
    let mut largest = 0f32;
    for value in most.iter().chain(rest) {
        largest = largest.max(value.abs());
    }
    let inverse = if largest > 0.0 { 127.0 / largest } else { 0.0 };
    let mut total = 0;
    for (chunk, values) in tile.iter_mut().zip(values.chunks(CODES)) {
        let codes: &mut Codes = &mut chunk[row];
        for (code, value) in codes.0.iter_mut().zip(values) {
            // As in `exp`: adding it rounds, and the whole number stands in the lowest bits.
            #[allow(clippy::cast_possible_truncation, reason = "the magnitude is at most 127")]
            let rounded = (value * inverse + 12_582_912.0).to_bits() as i8;
            *code = rounded;
            total += i32::from(rounded);
        }
    }
    *found = (largest / 127.0, total);
}

/// Rows of scores to weights over the first `live` columns; the others become zero. What makes a row's weights add
/// up to one, `inverses` tells: it is cheaper to multiply what they are summed to.
#[inline(always)]
pub(crate) fn softmax<const FUSED: bool>(tile: &mut [Tile], rows: usize, live: usize, inverses: &mut [f32; ROWS]) {
    for (row, inverse) in inverses.iter_mut().enumerate().take(rows) {
        let mut most = [f32::NEG_INFINITY; 16];
        if let Some(last) = tile.last_mut() {
            // Beyond the text: lower than any score, so that it is never the largest.
            last[row].0[(live - 1) % 16 + 1..].fill(f32::MIN);
        }
        for chunk in tile.iter() {
            for (most, score) in most.iter_mut().zip(&chunk[row].0) {
                *most = most.max(*score);
            }
        }
        let mut width = 8;
        while width > 0 {
            for lane in 0..width {
                most[lane] = most[lane].max(most[lane + width]);
            }
            width /= 2;
        }
        let largest = most[0];
        let mut sums = [0f32; 16];
        let last = tile.len() - 1;
        for (at, chunk) in tile.iter_mut().enumerate() {
            let line = &mut chunk[row].0;
            for score in line.iter_mut() {
                *score = exp::<FUSED>(*score - largest);
            }
            if at == last {
                line[(live - 1) % 16 + 1..].fill(0.0);
            }
            for (sum, weight) in sums.iter_mut().zip(line) {
                *sum += *weight;
            }
        }
        *inverse = 1.0 / joined(sums);
    }
}

/// `row = (row - mean) / sqrt(variance + epsilon) * weight + bias`.
#[inline(always)]
pub(crate) fn layer_norm<const FUSED: bool>(row: &mut [f32], weight: &[f32], bias: &[f32], epsilon: f32) {
    #[allow(clippy::cast_precision_loss, reason = "a row has fewer than 2^24 values")]
    let count = row.len() as f32;
    let mean = total::<false>(row, 0.0) / count;
    let variance = total::<true>(row, mean) / count;
    let scale = 1.0 / (variance + epsilon).sqrt();
    for ((value, weight), bias) in row.iter_mut().zip(weight).zip(bias) {
        *value = fma::<FUSED>((*value - mean) * scale, *weight, *bias);
    }
}

/// The sum over a row of what each value is above `middle`, or of that squared, in 16 lanes that are joined in
/// their order.
#[inline(always)]
fn total<const SQUARED: bool>(row: &[f32], middle: f32) -> f32 {
    let (lines, rest) = row.as_chunks::<16>();
    let mut sums = [0f32; 16];
    for line in lines {
        for (sum, value) in sums.iter_mut().zip(line) {
            let above = *value - middle;
            *sum += if SQUARED { above * above } else { above };
        }
    }
    let mut sum = joined(sums);
    for value in rest {
        let above = *value - middle;
        sum += if SQUARED { above * above } else { above };
    }
    sum
}

/// The sum of 16 lanes: the upper half is added to the lower one until one is left.
#[inline(always)]
fn joined(mut sums: [f32; 16]) -> f32 {
    let mut width = 8;
    while width > 0 {
        for lane in 0..width {
            sums[lane] += sums[lane + width];
        }
        width /= 2;
    }
    sums[0]
}
