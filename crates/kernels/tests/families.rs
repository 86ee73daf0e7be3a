//! Do the kernels that only some families of models need compute what they say: windows and caps of attention,
//! gates, short convolutions, and products with an input each?
//!
//! Tolerances are those of `properties.rs`; thread counts and cuts may not differ at all.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use kernels::{Activations, Arena, Attention, Cpu, Format, Isa, KvStore, Product, QuantMatrix, ShortConv, Text, Xielu};
use proptest::prelude::*;
use support::{Random, raw};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn windows_and_caps_are_right(
        shared in 1usize..6, width in 1usize..40, first in 0usize..300, tokens in 1usize..12,
        window in 1usize..330, capped: bool, seed: u64,
    ) {
        let (kv_heads, end) = (2, first + tokens);
        let heads = kv_heads * shared;
        let mut random = Random(seed);
        let keys = random.floats(end * kv_heads * width);
        let values = random.floats(end * kv_heads * width);
        let queries = random.floats(tokens * heads * width);
        let (scale, cap) = (3.0 / (width as f32).sqrt(), capped.then_some(1.5f32));
        let mut attention = Attention::new(heads, kv_heads, width, scale).unwrap().windowed(window);
        if let Some(cap) = cap {
            attention = attention.capped(cap);
        }
        let mut exact = Vec::new();
        for token in 0..tokens {
            for head in 0..heads {
                let query = &queries[(token * heads + head) * width..][..width];
                let at = |position: usize| (position * kv_heads + head / shared) * width;
                let seen: Vec<usize> = (0..=first + token).filter(|position| first + token - position < window).collect();
                let weight = |position: &usize| -> f64 {
                    let pairs = query.iter().zip(&keys[at(*position)..]);
                    let score = pairs.map(|(q, k)| f64::from(*q) * f64::from(*k)).sum::<f64>() * f64::from(scale);
                    cap.map_or(score, |cap| f64::from(cap) * (score / f64::from(cap)).tanh()).exp()
                };
                let weights: Vec<f64> = seen.iter().map(weight).collect();
                let total: f64 = weights.iter().sum();
                for d in 0..width {
                    let mixed = seen.iter().zip(&weights).map(|(p, weight)| weight * f64::from(values[at(*p) + d]));
                    exact.push(mixed.sum::<f64>() / total);
                }
            }
        }
        for isa in Isa::available() {
            let mut expected: Option<Vec<f32>> = None;
            for (threads, step) in [(1, tokens), (2, tokens), (2, 1), (3, 5)] {
                let cpu = Cpu::with(isa, threads);
                let mut store = KvStore::new(1, kv_heads, width).unwrap();
                store.reserve(0, end).unwrap();
                cpu.remember(&mut store, 0, 0, &keys, &values);
                let mut out = vec![f32::NAN; queries.len()];
                for start in (0..tokens).step_by(step) {
                    let stop = tokens.min(start + step);
                    let rows = start * heads * width..stop * heads * width;
                    let text = Text { store: &store, first: first + start, tokens: stop - start };
                    cpu.attend(&attention, 0, &[text], &queries[rows.clone()], &mut out[rows]);
                }
                for (found, exact) in out.iter().zip(&exact) {
                    prop_assert!((f64::from(*found) - exact).abs() < 4e-3, "{isa:?} {found} {exact}");
                }
                let expected = expected.get_or_insert_with(|| out.clone());
                prop_assert_eq!(&*expected, &out, "{:?}, {} threads, {} at once", isa, threads, step);
            }
        }
    }

    #[test]
    fn gates_are_right(width in 1usize..200, rows in 1usize..40, seed: u64) {
        let mut random = Random(seed);
        let values: Vec<f32> = random.floats(rows * width).iter().map(|value| value * 12.0).collect();
        let others = random.floats(rows * width);
        let cpu = Cpu::new(2);
        let numbers = Xielu { square: 0.8, tail: 1.3, line: 0.5, edge: -1e-6 };
        let (mut gelu, mut xielu, mut capped) = (values.clone(), values.clone(), values.clone());
        let (mut scaled, mut multiplied, mut sum) = (values.clone(), values.clone(), values.clone());
        cpu.gelu_multiply(&mut gelu, &others, width);
        cpu.xielu(&mut xielu, width, numbers);
        cpu.soft_cap(&mut capped, width, 5.0);
        cpu.scale(&mut scaled, width, 0.25);
        cpu.multiply_rows(&mut multiplied, &others, width);
        cpu.add_scaled(&mut sum, &others, width, 0.22);
        for (at, (value, other)) in values.iter().zip(&others).enumerate() {
            let (x, y) = (f64::from(*value), f64::from(*other));
            let close = |found: f32, exact: f64| (f64::from(found) - exact).abs() < 2e-6 * (1.0 + exact.abs());
            let u = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x.powi(3));
            let exact = 0.5 * x * (1.0 + u.tanh()) * y;
            prop_assert!(close(gelu[at], exact), "gelu({x}) * {y}: {} {exact}", gelu[at]);
            let bent = if x > 0.0 { 0.8f32.into() } else { 0.0 } * x * x;
            let below = if x > 0.0 { 0.0 } else { f64::from(1.3f32) * (x.min(-1e-6).exp_m1() - x) };
            let exact = bent + below + 0.5 * x;
            prop_assert!(close(xielu[at], exact), "xielu({x}): {} {exact}", xielu[at]);
            prop_assert!(close(capped[at], 5.0 * (x / 5.0).tanh()), "{x} capped: {}", capped[at]);
            prop_assert_eq!(scaled[at], value * 0.25);
            prop_assert_eq!(multiplied[at], value * other);
            prop_assert!(close(sum[at], x + f64::from(0.22f32) * y), "{}", sum[at]);
        }
    }

    #[test]
    fn convolutions_are_right(taps in 1usize..6, width in 1usize..40, tokens in 1usize..300, cut in 1usize..200, seed: u64) {
        let mut random = Random(seed);
        let (inputs, weights) = (random.floats(tokens * width), random.floats(taps * width));
        let conv = ShortConv::new(taps, &weights);
        let cpu = Cpu::new(2);
        let store = || {
            let mut store = KvStore::new(1, 1, 2).unwrap().with_inputs(3, width).unwrap();
            store.reserve(0, tokens).unwrap();
            store
        };
        let (mut whole, mut parts) = (vec![f32::NAN; inputs.len()], vec![f32::NAN; inputs.len()]);
        cpu.convolve(&mut store(), 2, &conv, 0, &inputs, &mut whole);
        let mut kept = store();
        for start in (0..tokens).step_by(cut) {
            let part = start * width..tokens.min(start + cut) * width;
            cpu.convolve(&mut kept, 2, &conv, start, &inputs[part.clone()], &mut parts[part]);
        }
        prop_assert_eq!(&whole, &parts);
        // A fork that goes on as the text did.
        let from = tokens / 2;
        let mut fork = kept.fork(from);
        fork.reserve(from, tokens).unwrap();
        let mut rest = vec![f32::NAN; (tokens - from) * width];
        cpu.convolve(&mut fork, 2, &conv, from, &inputs[from * width..], &mut rest);
        prop_assert_eq!(&whole[from * width..], &rest[..]);
        for (at, found) in whole.iter().enumerate() {
            let (position, of) = (at / width, at % width);
            let exact: f64 = (0..taps.min(position + 1))
                .map(|back| f64::from(weights[of * taps + taps - 1 - back]) * f64::from(inputs[(position - back) * width + of]))
                .sum();
            prop_assert!((f64::from(*found) - exact).abs() < 1e-3 * taps as f64, "{found} {exact}");
        }
    }

    #[test]
    fn products_with_an_input_each_are_those_alone(format in prop::sample::select(Format::ALL.to_vec()), rows in 1usize..40, count in 1usize..6, seed: u64) {
        let columns = format.block().0.max(32);
        let mut random = Random(seed);
        let packing = Cpu::new(1);
        let matrices: Vec<QuantMatrix> = (0..count).map(|at| {
            let bytes = raw(format, rows + at, columns, &mut random);
            QuantMatrix::pack(format, rows + at, columns, &bytes, &mut Arena::new(0), &packing).unwrap()
        }).collect();
        let values = random.floats(count * columns);
        for isa in Isa::available() {
            let cpu = Cpu::with(isa, 2);
            let inputs: Vec<Activations> = values.chunks_exact(columns).map(|values| {
                let mut input = Activations::new();
                cpu.load(&mut input, values, columns, matrices[0].form());
                input
            }).collect();
            let mut found: Vec<Vec<f32>> = matrices.iter().map(|matrix| vec![f32::NAN; matrix.rows()]).collect();
            let products = matrices.iter().zip(&inputs).zip(&mut found);
            let mut products: Vec<_> = products.map(|((matrix, input), out)| (input, Product::into(matrix, out))).collect();
            cpu.multiply_each(&mut products);
            for ((matrix, input), found) in matrices.iter().zip(&inputs).zip(&found) {
                let mut alone = vec![f32::NAN; matrix.rows()];
                cpu.multiply(input, &mut [Product::into(matrix, &mut alone)]);
                prop_assert_eq!(&alone, found);
            }
        }
    }
}
