//! Do the kernels compute what they say, on every instruction set, for any shape, thread count and batch?
//!
//! Tolerances: a product may differ from exact arithmetic by what 8-bit activations round away (a bound
//! computed for each case); instruction sets may differ from each other by 1e-5 of the sum of magnitudes;
//! thread counts and batches may not differ at all.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use kernels::{
    Activations, Arena, Attention, Cpu, Form, Format, Isa, KvKind, KvStore, Pairs, Product, QuantMatrix, Rope, SEGMENT,
    Text,
};
use proptest::prelude::*;
use support::{Random, raw};

fn matrix(cpu: &Cpu, format: Format, rows: usize, columns: usize, bytes: &[u8]) -> QuantMatrix {
    let mut arena = Arena::new(QuantMatrix::packed_bytes(format, rows, columns));
    QuantMatrix::pack(format, rows, columns, bytes, &mut arena, cpu).unwrap()
}

fn multiply(cpu: &Cpu, matrix: &QuantMatrix, values: &[f32]) -> Vec<f32> {
    let mut input = Activations::new();
    cpu.load(&mut input, values, matrix.columns(), matrix.form());
    let mut out = vec![f32::NAN; values.len() / matrix.columns() * matrix.rows()];
    cpu.multiply(&input, &mut [Product::into(matrix, &mut out)]);
    out
}

fn any_format() -> impl Strategy<Value = Format> {
    prop::sample::select(Format::ALL.to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_packed_row_is_the_files_row(format in any_format(), rows in 1usize..20, blocks in 1usize..4, seed: u64) {
        let columns = blocks * format.block().0.max(7);
        let bytes = raw(format, rows, columns, &mut Random(seed));
        let packed = matrix(&Cpu::new(2), format, rows, columns, &bytes);
        let (mut ours, mut files) = (vec![0.0; columns], vec![0.0; columns]);
        for (row, bytes) in bytes.chunks_exact(bytes.len() / rows).enumerate() {
            packed.row(row, &mut ours);
            format.dequantise(bytes, &mut files);
            // K-formats have scales of their own for each 32 values, which packing rounds to 11 bits.
            let largest = files.iter().fold(0f32, |largest, value| largest.max(value.abs()));
            for (ours, files) in ours.iter().zip(&files) {
                prop_assert!((ours - files).abs() <= largest * 3e-3, "{format:?} {ours} {files}");
            }
        }
    }

    #[test]
    fn products_are_right(format in any_format(), rows in 1usize..40, blocks in 1usize..4, tokens in 1usize..20, seed: u64) {
        let columns = blocks * format.block().0.max(5);
        let mut random = Random(seed);
        let bytes = raw(format, rows, columns, &mut random);
        let values = random.floats(tokens * columns);
        let reference = matrix(&Cpu::with(Isa::portable(), 1), format, rows, columns, &bytes);
        let portable = multiply(&Cpu::with(Isa::portable(), 1), &reference, &values);

        let (mut weights, mut magnitudes) = (vec![0.0; columns], Vec::new());
        for (token, values) in values.chunks_exact(columns).enumerate() {
            for row in 0..rows {
                reference.row(row, &mut weights);
                let (mut exact, mut magnitude, mut bound) = (0f64, 0f64, 1e-6);
                for (weights, values) in weights.chunks(32).zip(values.chunks(32)) {
                    let largest = values.iter().fold(0f32, |largest, value| largest.max(value.abs()));
                    for (weight, value) in weights.iter().zip(values) {
                        let (weight, value) = (f64::from(*weight), f64::from(*value));
                        exact += weight * value;
                        // Offsets cancel against codes, so magnitudes count the largest value of the block.
                        magnitude += weight.abs() * f64::from(largest) + 16.0 * weight.abs() * value.abs();
                        if reference.form() == Form::Codes {
                            bound += weight.abs() * f64::from(largest) / 254.0;
                        }
                    }
                }
                let found = f64::from(portable[token * rows + row]);
                prop_assert!((found - exact).abs() <= bound * 1.001 + magnitude * 1e-5, "{format:?} {found} {exact} {bound}");
                magnitudes.push(magnitude);
            }
        }
        for isa in Isa::available() {
            let alone = Cpu::with(isa, 1);
            let expected = multiply(&alone, &reference, &values);
            for ((found, portable), magnitude) in expected.iter().zip(&portable).zip(&magnitudes) {
                prop_assert!(f64::from(found - portable).abs() <= magnitude * 1e-5 + 1e-5, "{isa:?} {format:?} {found} {portable}");
            }
            for threads in [2, 3] {
                let cpu = Cpu::with(isa, threads);
                let packed = matrix(&cpu, format, rows, columns, &bytes);
                prop_assert_eq!(&multiply(&cpu, &packed, &values), &expected, "{:?} {:?}, {} threads", isa, format, threads);
            }
            for (values, expected) in values.chunks_exact(columns).zip(expected.chunks_exact(rows)) {
                prop_assert_eq!(&multiply(&alone, &reference, values)[..], expected, "{:?} {:?}, one by one", isa, format);
            }
        }
    }

    #[test]
    fn products_of_codes_with_vnni_are_the_same_in_256_and_512_bits(
        format in any_format(), rows in 1usize..40, blocks in 1usize..4, tokens in 1usize..20, seed: u64,
    ) {
        let columns = blocks * format.block().0.max(5);
        let mut random = Random(seed);
        let bytes = raw(format, rows, columns, &mut random);
        let values = random.floats(tokens * columns);
        let reference = matrix(&Cpu::with(Isa::portable(), 1), format, rows, columns, &bytes);
        let [narrow, wide] = ["avx-vnni", "avx512"].map(Isa::named);
        if let (Form::Codes, Some(narrow), Some(wide)) = (reference.form(), narrow, wide) {
            let of = |isa: Isa| multiply(&Cpu::with(isa, 1), &reference, &values);
            prop_assert_eq!(of(narrow), of(wide), "{:?}", format);
        }
    }

    #[test]
    fn attention_is_right(
        kv_heads in 1usize..4, shared in 1usize..7, width in 1usize..40, first in 0usize..300, tokens in 1usize..12, seed: u64,
    ) {
        let (heads, end) = (kv_heads * shared, first + tokens);
        let mut random = Random(seed);
        let keys = random.floats(end * kv_heads * width);
        let values = random.floats(end * kv_heads * width);
        let queries = random.floats(tokens * heads * width);
        let scale = 1.0 / (width as f32).sqrt();
        let attention = Attention::new(heads, kv_heads, width, scale).unwrap();

        let mut exact = Vec::new();
        for token in 0..tokens {
            for head in 0..heads {
                let query = &queries[(token * heads + head) * width..][..width];
                let at = |position: usize| (position * kv_heads + head / shared) * width;
                let dot = |position: usize| -> f64 {
                    query.iter().zip(&keys[at(position)..]).map(|(q, k)| f64::from(*q) * f64::from(*k)).sum()
                };
                let weights: Vec<f64> =
                    (0..=first + token).map(|position| (dot(position) * f64::from(scale)).exp()).collect();
                let total: f64 = weights.iter().sum();
                for d in 0..width {
                    let mixed: f64 =
                        weights.iter().enumerate().map(|(p, weight)| weight * f64::from(values[at(p) + d])).sum();
                    exact.push(mixed / total);
                }
            }
        }
        for isa in Isa::available() {
          for (kind, off) in [(KvKind::F16, 4e-3), (KvKind::Q8_0, 3e-2)] {
            let mut expected: Option<Vec<f32>> = None;
            for (threads, step) in [(1, tokens), (2, tokens), (1, 1), (3, 5)] {
                let cpu = Cpu::with(isa, threads);
                let mut store = KvStore::new(2, kv_heads, width).unwrap().of_kind(kind).unwrap();
                store.reserve(0, end).unwrap();
                let row = kv_heads * width;
                cpu.remember(&mut store, 1, 0, &keys[..first * row], &values[..first * row]);
                let mut out = vec![f32::NAN; queries.len()];
                for start in (0..tokens).step_by(step) {
                    let stop = tokens.min(start + step);
                    let fresh = (first + start) * row..(first + stop) * row;
                    cpu.remember(&mut store, 1, first + start, &keys[fresh.clone()], &values[fresh]);
                    let rows = start * heads * width..stop * heads * width;
                    let text = Text { store: &store, first: first + start, tokens: stop - start };
                    cpu.attend(&attention, 1, &[text], &queries[rows.clone()], &mut out[rows]);
                }
                for (found, exact) in out.iter().zip(&exact) {
                    // Keys and values are kept in half precision, or in 8 bits.
                    prop_assert!((f64::from(*found) - exact).abs() < off, "{isa:?} {kind:?} {found} {exact}");
                }
                let expected = expected.get_or_insert_with(|| out.clone());
                prop_assert_eq!(&*expected, &out, "{:?}, {} threads, {} at once", isa, threads, step);
                // In company: the text whole, beside its own beginning and its last token alone.
                let beginning = store.fork(first + 1);
                let texts = [
                    Text { store: &store, first, tokens },
                    Text { store: &beginning, first, tokens: 1 },
                    Text { store: &store, first: end - 1, tokens: 1 },
                ];
                let (one, last) = (&queries[..heads * width], &queries[(tokens - 1) * heads * width..]);
                let all = [&queries[..], one, last].concat();
                let mut found = vec![f32::NAN; all.len()];
                cpu.attend(&attention, 1, &texts, &all, &mut found);
                let last = &expected[(tokens - 1) * heads * width..];
                prop_assert_eq!(found, [&expected[..], &expected[..heads * width], last].concat());
            }
          }
        }
    }

    #[test]
    fn row_operations_are_right(width in 1usize..150, rows in 1usize..60, seed: u64) {
        let mut random = Random(seed);
        let (values, others) = (random.floats(rows * width), random.floats(rows * width));
        let weight = random.floats(width);
        for isa in Isa::available() {
            let cpu = Cpu::with(isa, 2);
            let mut normed = vec![f32::NAN; values.len()];
            cpu.rms_norm(&values, &weight, 1e-5, &mut normed);
            let mut in_place = values.clone();
            cpu.rms_norm_in_place(&mut in_place, &weight, 1e-5);
            prop_assert_eq!(&normed, &in_place);
            let mut gated: Vec<f32> = values.iter().map(|value| value * 30.0).collect();
            cpu.silu_multiply(&mut gated, &others, width);
            for (at, value) in values.iter().enumerate() {
                let row = &values[at / width * width..][..width];
                let squares: f64 = row.iter().map(|value| f64::from(*value).powi(2)).sum();
                let norm = f64::from(*value) / (squares / width as f64 + 1e-5).sqrt() * f64::from(weight[at % width]);
                prop_assert!((f64::from(normed[at]) - norm).abs() < 1e-5 * (1.0 + norm.abs()), "{isa:?} {} {norm}", normed[at]);
                let gate = f64::from(value * 30.0);
                let silu = gate / (1.0 + (-gate).exp()) * f64::from(others[at]);
                prop_assert!((f64::from(gated[at]) - silu).abs() < 1e-5 * (1.0 + silu.abs()), "{isa:?} {} {silu}", gated[at]);
            }
        }
    }

    #[test]
    fn rotations_turn_by_the_distance(pairs in prop::sample::select(vec![Pairs::Neighbours, Pairs::Halves]), half in 1usize..20, extra in 0usize..5, near in 0usize..600, seed: u64) {
        // The dot product of two rotated vectors depends only on how far apart they are.
        let (width, head) = (half * 2, half * 2 + extra);
        let mut random = Random(seed);
        let (x, y) = (random.floats(head), random.floats(head));
        let mut rope = Rope::new(pairs, Rope::speeds(width, 10_000.0), 1.0);
        rope.reserve(near + 31);
        let cpu = Cpu::new(1);
        let dot = |at: usize, distance: usize| -> f32 {
            let (mut x, mut y) = (x.clone(), y.clone());
            cpu.rotate(&rope, 1, head, &[at], &mut x);
            cpu.rotate(&rope, 1, head, &[at + distance], &mut y);
            assert_eq!(x[width..], y[width..].iter().zip(&x[width..]).map(|(_, x)| *x).collect::<Vec<_>>());
            x.iter().zip(&y).map(|(x, y)| x * y).sum()
        };
        prop_assert!((dot(near, 30) - dot(0, 30)).abs() < 2e-4 * head as f32);
        prop_assert!((dot(near, 0) - x.iter().zip(&y).map(|(x, y)| x * y).sum::<f32>()).abs() < 2e-4 * head as f32);
    }
}

#[test]
fn several_products_share_a_region_and_add() {
    let mut random = Random(5);
    let cpu = Cpu::new(2);
    let (a, b) = (raw(Format::Q4_0, 24, 64, &mut random), raw(Format::F16, 9, 64, &mut random));
    let (a, b) = (matrix(&cpu, Format::Q4_0, 24, 64, &a), matrix(&cpu, Format::F16, 9, 64, &b));
    for tokens in [1, 6] {
        let values = random.floats(tokens * 64);
        let mut input = Activations::new();
        cpu.load(&mut input, &values, 64, a.form().and(b.form()));
        let (mut first, mut second) = (vec![1.0; tokens * 24], vec![2.0; tokens * 9]);
        cpu.multiply(&input, &mut [Product::add_to(&a, &mut first), Product::add_to(&b, &mut second)]);
        let plus = |values: Vec<f32>, plus: f32| -> Vec<f32> { values.iter().map(|value| plus + value).collect() };
        assert_eq!(first, plus(multiply(&cpu, &a, &values), 1.0));
        assert_eq!(second, plus(multiply(&cpu, &b, &values), 2.0));
    }
}

#[test]
fn shapes_that_cannot_be_are_refused() {
    let cpu = Cpu::new(1);
    let pack = |format, rows, columns, bytes: usize| {
        QuantMatrix::pack(format, rows, columns, &vec![0; bytes], &mut Arena::new(0), &cpu).err().unwrap().to_string()
    };
    let table = [
        (Format::Q4_0, 0, 32, 0, "empty"),
        (Format::Q4_0, 1, 33, 18, "not a multiple of the 32"),
        (Format::Q6K, 1, 128, 210, "not a multiple of the 256"),
        (Format::Q8_0, 2, 32, 34, "need 68 bytes, not 34"),
        (Format::F32, usize::MAX, 1 << 40, 4, "too large"),
    ];
    for (format, rows, columns, bytes, expected) in table {
        let message = pack(format, rows, columns, bytes);
        assert!(message.contains(expected), "{message}");
    }
    for (heads, kv_heads, width) in [(0, 1, 8), (3, 2, 8), (2, 0, 8), (2, 2, 0)] {
        assert!(Attention::new(heads, kv_heads, width, 1.0).is_err());
    }
    assert!(KvStore::new(usize::MAX, 8, 64).is_err());
    assert!(KvStore::new(1, 1, usize::MAX).is_err());
}

#[test]
fn texts_that_begin_alike_share_memory_until_one_is_written() {
    let cpu = Cpu::new(1);
    let mut store = KvStore::new(1, 1, 16).unwrap();
    store.reserve(0, SEGMENT + 10).unwrap();
    cpu.remember(&mut store, 0, 0, &vec![1.0; 16 * (SEGMENT + 10)], &vec![1.0; 16 * (SEGMENT + 10)]);
    let before: Vec<Vec<u8>> = store.memory(SEGMENT + 10).map(<[u8]>::to_vec).collect();
    let mut fork = store.fork(SEGMENT + 5);
    assert!(fork.segments().eq(store.segments()), "nothing is copied yet");
    fork.reserve(SEGMENT + 5, SEGMENT + 6).unwrap();
    let same: Vec<bool> = fork.segments().zip(store.segments()).map(|(a, b)| a == b).collect();
    assert_eq!(same, [true, false], "only what is written to is copied");
    cpu.remember(&mut fork, 0, SEGMENT + 5, &[2.0; 16], &[2.0; 16]);
    assert!(store.memory(SEGMENT + 10).eq(before.iter().map(Vec::as_slice)), "the other text is as it was");
    assert!(!fork.memory(SEGMENT + 6).eq(before.iter().map(Vec::as_slice)));

    let mut restored = KvStore::new(1, 1, 16).unwrap();
    restored.reserve(0, SEGMENT + 10).unwrap();
    let mut bytes = before.iter();
    restored.restore(SEGMENT + 10, |place| bytes.next().map(|from| place.copy_from_slice(from)).ok_or(())).unwrap();
    assert!(restored.memory(SEGMENT + 10).eq(before.iter().map(Vec::as_slice)));
}

#[test]
fn infinite_values_do_not_poison_earlier_tokens() {
    // A value too large for half precision must not reach tokens that come before it: 0 * inf is NaN.
    let attention = Attention::new(1, 1, 16, 0.25).unwrap();
    for isa in Isa::available() {
        let cpu = Cpu::with(isa, 1);
        let mut store = KvStore::new(1, 1, 16).unwrap();
        store.reserve(0, 4).unwrap();
        let mut values = vec![1.0; 64];
        values[48..56].fill(f32::INFINITY);
        values[56..].fill(f32::NAN);
        cpu.remember(&mut store, 0, 0, &[0.5; 64], &values);
        let mut out = vec![0.0; 64];
        cpu.attend(&attention, 0, &[Text { store: &store, first: 0, tokens: 4 }], &[1.0; 64], &mut out);
        assert_eq!(out[..48], [1.0; 48]);
        assert!(out.iter().all(|value| value.is_finite()));
    }
}
