//! Shapes and weights of any kind in the kernels: what fits is computed, the same for one token as for many.

use crate::{bounded, parts::Random};
use kernels::{
    Activations, Arena, Attention, Cpu, Curve, DenseMatrix, Finish, Format, Isa, KvStore, Number, Precision, Product,
    QuantMatrix, Text,
};

/// Numbers of an input, one after the other.
struct Numbers<'a>(&'a [u8]);

impl Numbers<'_> {
    fn byte(&mut self) -> usize {
        let (first, rest) = self.0.split_first().unwrap_or((&0, &[]));
        self.0 = rest;
        usize::from(*first)
    }
    /// Any number, most often a large one.
    fn any(&mut self) -> usize {
        let (eight, rest) = self.0.split_at(self.0.len().min(8));
        self.0 = rest;
        eight.iter().rev().fold(0, |all, byte| all << 8 | usize::from(*byte))
    }
    /// As many bytes as are needed, what there is over and over.
    fn fill(&self, count: usize) -> Vec<u8> {
        let some = if self.0.is_empty() { &[0x3C][..] } else { self.0 };
        some.iter().copied().cycle().take(count).collect()
    }
}

/// The first byte says what: shapes of any size, a matrix of a format, a matrix of numbers, an attention.
pub fn run(data: &[u8]) {
    let mut numbers = Numbers(data);
    bounded(data, 4096, 64 << 20, || match numbers.byte() % 4 {
        0 => shapes(&mut numbers),
        1 => quantised(&mut numbers),
        2 => dense(&mut numbers),
        _ => attention(&mut numbers),
    });
}

/// Sizes without the bytes for them: an error, whatever they are.
fn shapes(numbers: &mut Numbers<'_>) {
    let format = Format::ALL[numbers.byte() % Format::ALL.len()];
    let (rows, columns, heads) = (numbers.any(), numbers.any(), numbers.any());
    let cpu = Cpu::new(1);
    let mut arena = Arena::new(0);
    let packed = QuantMatrix::pack(format, rows, columns, numbers.0, &mut arena, &cpu);
    let right = format.row_bytes(columns).and_then(|row| row.checked_mul(rows)) == Some(numbers.0.len());
    assert_eq!(packed.is_ok(), right && rows > 0 && columns > 0, "{rows} x {columns} of {format:?}");
    let _ = QuantMatrix::packed_bytes(format, rows, columns);
    for number in [Number::F32, Number::F16, Number::BF16] {
        drop(DenseMatrix::pack(&[(number, numbers.0)], columns, Precision::Int8, &mut arena));
    }
    let _ = Attention::new(rows, columns, heads, 1.0);
    if let Ok(mut store) = KvStore::new(rows, columns, heads) {
        let _ = store.bytes(usize::MAX);
        if store.bytes(1) < 64 << 20 {
            store.reserve(0, 200).expect("room for few positions");
        }
    }
}

fn quantised(numbers: &mut Numbers<'_>) {
    let format = Format::ALL[numbers.byte() % Format::ALL.len()];
    let (rows, blocks, tokens) = (1 + numbers.byte() % 40, 1 + numbers.byte() % 3, 1 + numbers.byte() % 9);
    let columns = blocks * format.block().0.max(32);
    let bytes = numbers.fill(format.row_bytes(columns).expect("whole blocks") * rows);
    let input = floats(numbers, tokens * columns);
    for isa in Isa::available() {
        let cpu = Cpu::with(isa, 1);
        let matrix = QuantMatrix::pack(format, rows, columns, &bytes, &mut Arena::new(0), &cpu).expect("a sound shape");
        let multiply = |values: &[f32]| {
            let mut loaded = Activations::new();
            cpu.load(&mut loaded, values, columns, matrix.form());
            let mut out = vec![0.0; values.len() / columns * rows];
            cpu.multiply(&loaded, &mut [Product::into(&matrix, &mut out)]);
            out
        };
        let together = multiply(&input);
        for (one, all) in input.chunks(columns).zip(together.chunks(rows)) {
            same(&multiply(one), all);
        }
        let mut row = vec![0.0; columns];
        matrix.row(rows - 1, &mut row);
    }
}

fn dense(numbers: &mut Numbers<'_>) {
    let number = [Number::F32, Number::F16, Number::BF16][numbers.byte() % 3];
    let precision = [Precision::File, Precision::F16, Precision::Int8][numbers.byte() % 3];
    let curve =
        [Curve::Straight, Curve::Gelu, Curve::GeluTanh, Curve::Relu, Curve::Silu, Curve::Tanh][numbers.byte() % 6];
    let (outputs, inputs, tokens) = (1 + numbers.byte() % 70, 1 + numbers.byte() % 70, 1 + numbers.byte() % 20);
    let bytes = numbers.fill(outputs * inputs * number.bytes());
    let (values, bias) = (floats(numbers, tokens * inputs), floats(numbers, outputs));
    let matrix = DenseMatrix::pack(&[(number, &bytes)], inputs, precision, &mut Arena::new(0)).expect("a sound shape");
    for isa in Isa::available() {
        let cpu = Cpu::with(isa, 1);
        let multiply = |values: &[f32]| {
            let mut out = vec![0.0; values.len() / inputs * outputs];
            cpu.dense(values, &matrix, Finish { bias: &bias, curve, residual: None }, &mut out);
            out
        };
        let together = multiply(&values);
        for (one, all) in values.chunks(inputs).zip(together.chunks(outputs)) {
            same(&multiply(one), all);
        }
    }
}

fn attention(numbers: &mut Numbers<'_>) {
    let (kv_heads, shared, width) = (1 + numbers.byte() % 3, 1 + numbers.byte() % 5, 1 + numbers.byte() % 70);
    let (first, tokens) = (numbers.byte(), 1 + numbers.byte() % 20);
    let heads = kv_heads * shared;
    let attention = Attention::new(heads, kv_heads, width, 0.5).expect("sound sizes");
    let row = kv_heads * width;
    let (keys, values) = (floats(numbers, (first + tokens) * row), floats(numbers, (first + tokens) * row));
    let queries = floats(numbers, tokens * heads * width);
    for isa in Isa::available() {
        let cpu = Cpu::with(isa, 1);
        let mut store = KvStore::new(1, kv_heads, width).expect("sound sizes");
        store.reserve(0, first + tokens).expect("room");
        cpu.remember(&mut store, 0, 0, &keys, &values);
        let mut together = vec![0.0; queries.len()];
        cpu.attend(&attention, 0, &[Text { store: &store, first, tokens }], &queries, &mut together);
        for (at, (query, all)) in queries.chunks(heads * width).zip(together.chunks(heads * width)).enumerate() {
            let mut one = vec![0.0; query.len()];
            cpu.attend(&attention, 0, &[Text { store: &store, first: first + at, tokens: 1 }], query, &mut one);
            same(&one, all);
        }
    }
}

/// Numbers that are for the most part ordinary, now and then the bits of the input as they are.
fn floats(numbers: &Numbers<'_>, count: usize) -> Vec<f32> {
    let mut random = Random(count as u64);
    let bytes = numbers.fill(count.saturating_mul(4));
    bytes
        .as_chunks::<4>()
        .0
        .iter()
        .map(
            |four| {
                if random.below(16) == 0 { f32::from_le_bytes(*four) } else { random.below(2001) as f32 / 1000.0 - 1.0 }
            },
        )
        .collect()
}

/// The same bits, or no numbers both.
fn same(one: &[f32], many: &[f32]) {
    let equal = |(a, b): (&f32, &f32)| a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan();
    assert!(one.len() == many.len() && one.iter().zip(many).all(equal), "one token: {one:?}\namong others: {many:?}");
}
