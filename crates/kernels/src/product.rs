//! How are activations multiplied with weights, for one token or for many?
//!
//! Work is cut into panels of 16 output rows. For one token each thread takes one stretch of panels, which it
//! reads once, in order. For many, tokens are cut into batches that stay in the second-level cache, and
//! threads claim short stretches of panels, so that a core that is busy elsewhere delays nobody.
//! Each output is one sum over the blocks of its row from left to right, whatever the batch or the thread.

use crate::activations::{Activations, Block, Form};
use crate::cpu::Cpu;
use crate::isa::{Isa, Kind};
use crate::matrix::QuantMatrix;
use crate::portable;
use crate::tile::ROWS;
use std::ops::Range;

#[cfg(target_arch = "aarch64")]
use crate::neon;
#[cfg(target_arch = "x86_64")]
use crate::{avx_vnni, avx2, avx512};

/// Activations of a batch of tokens: what stays in the second-level cache while panels stream by.
const BATCH_BYTES: usize = 192 << 10;
/// So few tokens take no longer to compute than their weights take to come from memory: each thread reads one
/// stretch of them in order, as for a single token.
const FEW: usize = 8;
/// Stretches a thread claims in a region with many tokens, at least.
const CLAIMS: usize = 8;

/// One product of a region: a matrix and where its outputs go.
pub struct Product<'a> {
    matrix: &'a QuantMatrix,
    out: &'a mut [f32],
    add: bool,
}

impl<'a> Product<'a> {
    /// `out = matrix * activations`, row by row for each token: `tokens x matrix.rows()` values.
    pub fn into(matrix: &'a QuantMatrix, out: &'a mut [f32]) -> Self {
        Self { matrix, out, add: false }
    }

    /// As [`Product::into`], added to what is in `out`.
    pub fn add_to(matrix: &'a QuantMatrix, out: &'a mut [f32]) -> Self {
        Self { matrix, out, add: true }
    }
}

/// A stretch of panels for a batch of tokens.
pub(crate) struct Task<'a> {
    pub matrix: &'a QuantMatrix,
    pub input: &'a Activations,
    pub panels: Range<usize>,
    pub tokens: Range<usize>,
    pub out: Output,
    pub add: bool,
}

/// Where a task writes. Tasks write disjoint rows of disjoint tokens.
#[derive(Clone, Copy)]
pub(crate) struct Output {
    start: *mut f32,
    rows: usize,
    tokens: usize,
}

// SAFETY: the pointer is to `f32`s borrowed mutably for the length of the region (`Cpu::multiply`), and every
// panel of every token is written by exactly one task.
unsafe impl Sync for Output {}
// SAFETY: as above.
unsafe impl Send for Output {}

impl Output {
    /// Puts the sums of `N` rows from `row` on for one token, leaving out those that only fill up the last panel.
    ///
    /// # Safety
    /// No other thread may write these rows of this token during the region.
    #[inline(always)]
    pub(crate) unsafe fn put<const N: usize>(&self, token: usize, row: usize, sums: &[f32; N], add: bool) {
        debug_assert!(token < self.tokens);
        let count = N.min(self.rows.saturating_sub(row));
        if count == 0 {
            return;
        }
        // SAFETY: `token` comes from the range that `multiply` cut, and `row + count <= rows`, so the place lies
        // inside the `tokens * rows` values; the caller keeps others out.
        let out = unsafe { std::slice::from_raw_parts_mut(self.start.add(token * self.rows + row), count) };
        if let Ok(out) = <&mut [f32; N]>::try_from(&mut *out) {
            for (out, sum) in out.iter_mut().zip(sums) {
                *out = if add { *out + sum } else { *sum };
            }
            return;
        }
        for (out, sum) in out.iter_mut().zip(sums) {
            *out = if add { *out + sum } else { *sum };
        }
    }
}

impl Isa {
    fn multiply(self, task: &Task<'_>) {
        match self.kind() {
            Kind::Portable => portable::product::multiply(task),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: an `Isa` of this kind exists only where the instructions were detected.
            Kind::Avx2 => unsafe { avx2::product::multiply(task) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: an `Isa` of this kind exists only where the instructions were detected.
            Kind::AvxVnni => unsafe { avx_vnni::multiply(task) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: an `Isa` of this kind exists only where the instructions were detected.
            Kind::Avx512 => unsafe { avx512::product::multiply(task) },
            #[cfg(target_arch = "aarch64")]
            // SAFETY: an `Isa` of this kind exists only where the instructions were detected.
            Kind::Neon => unsafe { neon::product::multiply(task) },
        }
    }

    fn quantise(self, values: &[f32], blocks: &mut [Block]) {
        match self.kind() {
            Kind::Portable => portable::rows::quantise(values, blocks),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: an `Isa` of this kind exists only where the instructions were detected.
            Kind::Avx2 | Kind::AvxVnni => unsafe { avx2::rows::quantise(values, blocks) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: an `Isa` of this kind exists only where the instructions were detected.
            Kind::Avx512 => unsafe { avx512::rows::quantise(values, blocks) },
            #[cfg(target_arch = "aarch64")]
            // SAFETY: an `Isa` of this kind exists only where the instructions were detected.
            Kind::Neon => unsafe { neon::rows::quantise(values, blocks) },
        }
    }
}

impl Cpu {
    /// Takes `values`, rows of `width` values for each token, as the input of the next products.
    ///
    /// # Panics
    /// If `values` is not a whole number of rows, or if codes are wanted and `width` is not a multiple of 32.
    pub fn load(&self, input: &mut Activations, values: &[f32], width: usize, form: Form) {
        assert!(width > 0 && values.len().is_multiple_of(width), "whole rows of {width}");
        input.tokens = values.len() / width;
        input.width = width;
        input.floats.clear();
        input.blocks.clear();
        if form != Form::Codes {
            input.floats.extend_from_slice(values);
        }
        if form != Form::Floats {
            assert!(width.is_multiple_of(32), "codes come in blocks of 32");
            input.blocks.resize(values.len() / 32, Block::default());
            let quantise = |first: usize, blocks: &mut [Block]| {
                self.isa().quantise(&values[first * width..][..blocks.len() * 32], blocks);
            };
            if input.tokens == 1 {
                quantise(0, &mut input.blocks);
            } else {
                self.pool().rows(&mut input.blocks, width / 32, quantise);
            }
        }
    }

    /// Computes all `products` of one input in one region.
    ///
    /// # Panics
    /// If a matrix or an output does not fit the input, or the input lacks the form a matrix needs.
    pub fn multiply(&self, input: &Activations, products: &mut [Product<'_>]) {
        let mut panels = 0;
        let parts: Vec<Part<'_>> = products.iter_mut().map(|product| Part::new(input, product, &mut panels)).collect();
        let work = |range: Range<usize>, tokens: Range<usize>| {
            for part in &parts {
                let (start, end) = (range.start.max(part.panels.start), range.end.min(part.panels.end));
                if start < end {
                    self.isa().multiply(&part.task(start..end, tokens.clone()));
                }
            }
        };
        if input.tokens <= FEW {
            self.pool().split(panels, |range| work(range, 0..input.tokens));
            return;
        }
        let batch = ((BATCH_BYTES * 2 / 3 / input.width) & !3).clamp(8, 512);
        let stretch = (panels / (self.threads() * CLAIMS)).clamp(1, 16);
        let stretches = panels.div_ceil(stretch);
        self.pool().claim(stretches * input.tokens.div_ceil(batch), 1, |claimed| {
            for at in claimed {
                let (first, token) = (at % stretches * stretch, at / stretches * batch);
                work(first..panels.min(first + stretch), token..input.tokens.min(token + batch));
            }
        });
    }
}

impl Cpu {
    /// Computes products of one token each, every one with an input of its own, in one region: the experts that a
    /// token was sent to.
    ///
    /// # Panics
    /// As [`Cpu::multiply`], and if an input is not of one token.
    pub fn multiply_each(&self, products: &mut [(&Activations, Product<'_>)]) {
        let mut panels = 0;
        let parts: Vec<Part<'_>> =
            products.iter_mut().map(|(input, product)| Part::new(input, product, &mut panels)).collect();
        assert!(parts.iter().all(|part| part.input.tokens == 1), "one token for each product");
        self.pool().split(panels, |range| {
            for part in &parts {
                let (start, end) = (range.start.max(part.panels.start), range.end.min(part.panels.end));
                if start < end {
                    self.isa().multiply(&part.task(start..end, 0..1));
                }
            }
        });
    }
}

/// A product and its place in the region's row of panels.
struct Part<'a> {
    matrix: &'a QuantMatrix,
    input: &'a Activations,
    out: Output,
    add: bool,
    panels: Range<usize>,
}

impl<'a> Part<'a> {
    /// Checks that the sizes fit together, and takes the panels behind the `panels` of the products before.
    fn new(input: &'a Activations, product: &'a mut Product<'_>, panels: &mut usize) -> Self {
        let matrix = product.matrix;
        assert_eq!(matrix.columns(), input.width, "the input's width");
        assert_eq!(Some(product.out.len()), input.tokens.checked_mul(matrix.rows()), "the output's size");
        match matrix.form() {
            Form::Codes => assert_eq!(input.blocks.len() * 32, input.tokens * input.width, "codes"),
            Form::Floats => assert_eq!(input.floats.len(), input.tokens * input.width, "floats"),
            Form::Both => {}
        }
        let out = Output { start: product.out.as_mut_ptr(), rows: matrix.rows(), tokens: input.tokens };
        let first = *panels;
        *panels += matrix.rows().div_ceil(ROWS);
        Self { matrix, input, out, add: product.add, panels: first..*panels }
    }

    /// The work on the region's panels `range`, which lie in this part.
    fn task(&self, range: Range<usize>, tokens: Range<usize>) -> Task<'a> {
        Task {
            matrix: self.matrix,
            input: self.input,
            panels: range.start - self.panels.start..range.end - self.panels.start,
            tokens,
            out: self.out,
            add: self.add,
        }
    }
}
