//! Do all inner loops of the encoder compute what plain arithmetic in double precision says?

use super::level::Level;
use super::{Curve, DenseMatrix, Distances, Finish, Number, Precision};
use crate::{Arena, Cpu};

/// Numbers between -1 and 1, the same for the same seed.
fn random(seed: u64, count: usize) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

fn bytes(values: &[f32], number: Number) -> Vec<u8> {
    let each = |value: &f32| match number {
        Number::F32 => value.to_le_bytes().to_vec(),
        Number::F16 => half::f16::from_f32(*value).to_le_bytes().to_vec(),
        Number::BF16 => half::bf16::from_f32(*value).to_le_bytes().to_vec(),
    };
    values.iter().flat_map(each).collect()
}

/// The error function by its series, in double precision.
fn erf(x: f64) -> f64 {
    // From here on it is one, and the series' terms are too large for what remains of them.
    if x.abs() > 5.0 {
        return x.signum();
    }
    let (mut term, mut sum) = (x, x);
    for n in 1..200 {
        term *= -x * x / f64::from(n);
        sum += term / f64::from(2 * n + 1);
    }
    sum * 2.0 / std::f64::consts::PI.sqrt()
}

fn exact(curve: Curve, x: f64) -> f64 {
    match curve {
        Curve::Straight => x,
        Curve::Gelu => 0.5 * x * (1.0 + erf(x / std::f64::consts::SQRT_2)),
        Curve::GeluTanh => 0.5 * x * (1.0 + ((2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x * x * x)).tanh()),
        Curve::Relu => x.max(0.0),
        Curve::Silu => x / (1.0 + (-x).exp()),
        Curve::Tanh => x.tanh(),
    }
}

const CURVES: [Curve; 6] = [Curve::Straight, Curve::Gelu, Curve::GeluTanh, Curve::Relu, Curve::Silu, Curve::Tanh];

#[test]
fn curves_are_what_they_are_called() {
    for level in Level::available() {
        for curve in CURVES {
            let mut values: Vec<f32> = (-500..=500).map(|n| n as f32 / 100.0).collect();
            let inputs = values.clone();
            level.bend(curve, &mut values);
            for (value, input) in values.iter().zip(inputs) {
                let expected = exact(curve, f64::from(input));
                assert!((f64::from(*value) - expected).abs() < 2e-6, "{level:?} {curve:?} {input}: {value} {expected}");
            }
            // Far out it must neither overflow nor become NaN.
            let mut far = [-1e30, -200.0, 200.0, 1e30];
            level.bend(curve, &mut far);
            assert!(far.iter().all(|value| value.is_finite()), "{level:?} {curve:?} {far:?}");
        }
    }
}

#[test]
fn products_agree_with_double_precision() {
    for level in Level::available() {
        for (at, (rows, inputs, outputs)) in
            [(1, 1, 1), (5, 7, 3), (12, 16, 32), (13, 65, 33), (50, 100, 70), (200, 384, 96)].into_iter().enumerate()
        {
            let seed = at as u64;
            let (input, weights) = (random(seed, rows * inputs), random(seed + 50, outputs * inputs));
            let (bias, residual) = (random(seed + 60, outputs), random(seed + 70, rows * outputs));
            for (number, precision, tolerance) in [
                (Number::F32, Precision::File, 1e-5),
                (Number::F16, Precision::File, 1e-5),
                (Number::BF16, Precision::File, 1e-5),
                (Number::F32, Precision::F16, 5e-3),
                (Number::F16, Precision::Int8, 0.15),
            ] {
                let raw = bytes(&weights, number);
                let packed = DenseMatrix::pack(&[(number, &raw)], inputs, precision, &mut Arena::new(0)).unwrap();
                let read = |at: usize| match number {
                    Number::F32 => weights[at],
                    Number::F16 => half::f16::from_f32(weights[at]).to_f32(),
                    Number::BF16 => half::bf16::from_f32(weights[at]).to_f32(),
                };
                let finish = Finish { bias: &bias, curve: Curve::Gelu, residual: Some(&residual) };
                let mut out = vec![f32::NAN; rows * outputs];
                Cpu::new(2).dense_on(level, &input, &packed, finish, &mut out);
                for (at, out) in out.iter().enumerate() {
                    let (row, output) = (at / outputs, at % outputs);
                    let sum: f64 = (0..inputs)
                        .map(|i| f64::from(input[row * inputs + i]) * f64::from(read(output * inputs + i)))
                        .sum();
                    let expected = exact(Curve::Gelu, sum + f64::from(bias[output])) + f64::from(residual[at]);
                    let off = (f64::from(*out) - expected).abs();
                    let allowed = tolerance * (1.0 + (inputs as f64).sqrt() * 0.3);
                    assert!(off < allowed, "{level:?} {number:?} {precision:?} {rows}x{inputs}x{outputs}: {off}");
                }
            }
        }
    }
}

/// Neither the rows beside it, nor the number of threads, nor the width of the registers changes a result.
#[test]
fn a_row_alone_is_a_row_in_company() {
    let (rows, inputs, outputs) = (61, 130, 100);
    let (input, weights) = (random(1, rows * inputs), random(2, outputs * inputs));
    let raw = bytes(&weights, Number::F32);
    for precision in [Precision::File, Precision::F16, Precision::Int8] {
        let packed = DenseMatrix::pack(&[(Number::F32, &raw)], inputs, precision, &mut Arena::new(0)).unwrap();
        let run = |level, threads, input: &[f32]| {
            let mut out = vec![0.0; input.len() / inputs * outputs];
            Cpu::new(threads).dense_on(level, input, &packed, Finish::default(), &mut out);
            out
        };
        let vectors: Vec<Level> = Level::available().into_iter().skip(1).collect();
        for level in Level::available() {
            let whole = run(level, 1, &input);
            assert_eq!(run(level, 3, &input), whole, "{level:?} {precision:?}");
            for (row, values) in input.chunks(inputs).enumerate() {
                assert_eq!(run(level, 2, values), whole[row * outputs..][..outputs], "{level:?} {precision:?} {row}");
            }
            if vectors.contains(&level) {
                assert_eq!(whole, run(vectors[0], 1, &input), "{level:?} {precision:?}");
            }
        }
    }
}

#[test]
fn attention_agrees_with_double_precision_and_keeps_texts_apart() {
    for level in Level::available() {
        for (heads, size) in [(1, 4), (3, 32), (2, 64), (2, 40)] {
            let width = heads * size;
            let lengths = [1usize, 17, 0, 33, 12, 100, 16, 780];
            let rows: usize = lengths.iter().sum();
            let input: Vec<f32> = random(9, rows * 3 * width).iter().map(|x| x * 3.0).collect();
            let mut out = vec![f32::NAN; rows * width];
            // Nothing, for every head its own and a window that is the same for all, in turn.
            let reach = 9;
            let values = match size {
                32 => random(7, heads * (2 * reach + 1)),
                64 => (0..=2 * reach).map(|at| if (3..16).contains(&at) { 0.0 } else { f32::MIN }).collect(),
                _ => Vec::new(),
            };
            let distances = (!values.is_empty()).then_some(Distances { values: &values, reach });
            Cpu::new(2).attend_on(level, &input, heads, &lengths, distances, &mut out);
            let mut start = 0;
            for length in lengths {
                let text = &input[start * 3 * width..(start + length) * 3 * width];
                let whole = &out[start * width..(start + length) * width];
                let mut alone = vec![0.0; length * width];
                Cpu::new(1).attend_on(level, text, heads, &[length], distances, &mut alone);
                assert_eq!(alone, whole, "{level:?} {length}");
                for (row, head) in [(0, 0), (length / 2, heads - 1), (length.saturating_sub(1), 0)] {
                    if length > 0 {
                        expect(text, width, size, (row, head), distances, &whole[row * width + head * size..][..size]);
                    }
                }
                start += length;
            }
        }
    }
}

fn expect(
    text: &[f32],
    width: usize,
    size: usize,
    (row, head): (usize, usize),
    distances: Option<Distances<'_>>,
    found: &[f32],
) {
    let part = |row: usize, which: usize| &text[row * 3 * width + which * width + head * size..][..size];
    let length = text.len() / (3 * width);
    let score = |key: usize| -> f64 {
        let dot: f64 = part(row, 0).iter().zip(part(key, 1)).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
        let more = distances.map_or(0.0, |Distances { values, reach }| {
            let away = (key as i64 - row as i64).clamp(-(reach as i64), reach as i64) + reach as i64;
            let own = if values.len() > 2 * reach + 1 { head * (2 * reach + 1) } else { 0 };
            f64::from(values[own + away as usize])
        });
        dot / (size as f64).sqrt() + more
    };
    let scores: Vec<f64> = (0..length).map(score).collect();
    let most = scores.iter().fold(f64::MIN, |most, score| most.max(*score));
    let total: f64 = scores.iter().map(|score| (score - most).exp()).sum();
    for (at, found) in found.iter().enumerate() {
        let expected: f64 =
            (0..length).map(|key| (scores[key] - most).exp() / total * f64::from(part(key, 2)[at])).sum();
        assert!((f64::from(*found) - expected).abs() < 2e-5, "{length} {row} {head}: {found} {expected}");
    }
}

#[test]
fn layer_norm_has_mean_bias_and_length_weight() {
    for level in Level::available() {
        for width in [1, 5, 16, 40, 384] {
            let (values, weight, bias) = (random(3, width), random(4, width), random(5, width));
            let mut row = values.clone();
            level.layer_norm(&mut row, &weight, &bias, 1e-5);
            let mean = values.iter().map(|x| f64::from(*x)).sum::<f64>() / width as f64;
            let variance = values.iter().map(|x| (f64::from(*x) - mean).powi(2)).sum::<f64>() / width as f64;
            for at in 0..width {
                let normal = (f64::from(values[at]) - mean) / (variance + 1e-5).sqrt();
                let expected = normal * f64::from(weight[at]) + f64::from(bias[at]);
                assert!((f64::from(row[at]) - expected).abs() < 1e-5, "{level:?} {width} {at}");
            }
        }
    }
}

#[test]
fn wrong_shapes_are_errors() {
    let pack = |bytes: &[u8], inputs| {
        DenseMatrix::pack(&[(Number::F32, bytes)], inputs, Precision::File, &mut Arena::new(0)).map(drop).unwrap_err()
    };
    assert_eq!(pack(&[0; 8], 0).to_string(), "a matrix of 0 rows and 0 columns is empty");
    assert_eq!(pack(&[], 4).to_string(), "a matrix of 0 rows and 4 columns is empty");
    assert!(pack(&[0; 10], 2).to_string().contains("need 8 bytes, not 10"));
    assert!(pack(&[0; 10], usize::MAX).to_string().contains("empty"));
}
