//! The forward pass over a batch: what each layer adds to the stream.
//!
//! The results do not depend on the number of threads nor on how a prompt is cut, because no kernel's result does.

use super::{
    batch::Part,
    layer::{Conv, Heads, Layer, Linear, Mixing},
    plan::{Plan, Turn},
    work::{Work, size},
};
use kernels::{Attention, Cpu, Form, KvStore, Product, QuantMatrix, Rope, Text};

/// The rotations of a model.
pub(super) struct Turns {
    pub main: Rope,
    /// Of the layers that turn locally, if there are any.
    pub local: Option<Rope>,
}

/// A batch on its way through the layers.
pub(super) struct Pass<'a, 'b> {
    pub plan: &'a Plan,
    pub cpu: &'a Cpu,
    pub turns: &'a Turns,
    pub attention: Attention,
    pub work: &'a mut Work,
    /// The position of each token in its text.
    pub positions: &'a [usize],
    pub parts: &'a [Part],
    pub stores: Vec<&'b mut KvStore>,
}

impl Pass<'_, '_> {
    /// All layers. The stream holds the embeddings before, and after what the last norm is given.
    pub fn run(&mut self, layers: &[Layer<QuantMatrix>]) {
        // Layers that attend and layers that convolve are counted apart: that is how their memory is kept.
        let (mut attending, mut convolving) = (0, 0);
        for (at, layer) in layers.iter().enumerate() {
            self.norm(layer.norm.as_deref());
            let out = match &layer.mixing {
                Mixing::Attention(heads) => {
                    self.attend(heads, attending);
                    attending += 1;
                    &heads.out
                }
                Mixing::Convolution(conv) => {
                    self.convolve(conv, convolving);
                    convolving += 1;
                    &conv.out
                }
            };
            let Work { mixed, input, .. } = &mut *self.work;
            self.cpu.load(input, mixed, out.matrix.columns(), out.matrix.form());
            self.join(out, layer.norm_after.as_deref());
            self.norm(layer.feed_norm.as_deref());
            self.feed(at, &layer.feed, layer.feed_norm_after.as_deref());
        }
    }

    /// Tokens of the batch.
    pub(super) fn tokens(&self) -> usize {
        self.positions.len()
    }

    /// What a part is given: the stream, normed if the plan says so.
    fn norm(&mut self, weight: Option<&[f32]>) {
        let Work { stream, normed, .. } = &mut *self.work;
        normed.resize(stream.len(), 0.0);
        match weight {
            Some(weight) => self.cpu.rms_norm(stream, weight, self.plan.shape.epsilon, normed),
            None => normed.copy_from_slice(stream),
        }
    }

    /// Multiplies the loaded input with a part's last matrix and adds that to the stream.
    pub(super) fn join(&mut self, out: &Linear<QuantMatrix>, norm: Option<&[f32]>) {
        let Work { stream, branch, input, .. } = &mut *self.work;
        if norm.is_none() && self.plan.scales.residual == 1.0 {
            self.cpu.multiply(input, &mut [Product::add_to(&out.matrix, stream)]);
            add_bias(self.cpu, out, stream);
            return;
        }
        self.cpu.multiply(
            input,
            &mut [Product::into(&out.matrix, size(branch, self.positions.len(), self.plan.shape.width))],
        );
        add_bias(self.cpu, out, branch);
        self.join_branch(norm);
    }

    /// Adds what a part has put into `branch` to the stream.
    pub(super) fn join_branch(&mut self, norm: Option<&[f32]>) {
        let Work { stream, branch, .. } = &mut *self.work;
        if let Some(norm) = norm {
            self.cpu.rms_norm_in_place(branch, norm, self.plan.shape.epsilon);
        }
        self.cpu.add_scaled(stream, branch, self.plan.shape.width, self.plan.scales.residual);
    }

    /// Three products of the normed stream, into the buffers of queries, keys and values.
    fn three(&mut self, linears: [&Linear<QuantMatrix>; 3]) {
        let (cpu, tokens) = (self.cpu, self.tokens());
        let Work { normed, query, key, value, input, .. } = &mut *self.work;
        let form = linears.map(|linear| linear.matrix.form()).into_iter().reduce(Form::and).unwrap_or(Form::Both);
        cpu.load(input, normed, self.plan.shape.width, form);
        let [first, second, third] = linears.map(|linear| &linear.matrix);
        let mut products = [
            Product::into(first, size(query, tokens, first.rows())),
            Product::into(second, size(key, tokens, second.rows())),
            Product::into(third, size(value, tokens, third.rows())),
        ];
        cpu.multiply(input, &mut products);
        for (linear, values) in linears.into_iter().zip([query, key, value]) {
            add_bias(cpu, linear, values);
        }
    }

    /// Attention of the normed stream, into `mixed`. The layer is the `at`-th that attends.
    fn attend(&mut self, heads: &Heads<QuantMatrix>, at: usize) {
        self.three([&heads.query, &heads.key, &heads.value]);
        let (cpu, shape, tokens) = (self.cpu, &self.plan.shape, self.tokens());
        let (queries, keys) = self.plan.widths();
        let Work { query, key, value, mixed, .. } = &mut *self.work;
        for (norm, values) in [(&heads.query_norm, &mut *query), (&heads.key_norm, &mut *key)] {
            if let Some(norm) = norm {
                cpu.rms_norm_in_place(values, norm, shape.epsilon);
            }
        }
        let turn = match heads.turn {
            Turn::None => None,
            Turn::Main => Some(&self.turns.main),
            Turn::Local => self.turns.local.as_ref(),
        };
        if let Some(turn) = turn {
            cpu.rotate(turn, shape.heads, shape.head_width, self.positions, query);
            cpu.rotate(turn, shape.kv_heads, shape.head_width, self.positions, key);
        }
        if let Some(heat) = self.plan.heat {
            for (position, query) in self.positions.iter().zip(query.chunks_exact_mut(queries)) {
                cpu.scale(query, queries, heat.at(*position));
            }
        }
        let mut start = 0;
        for (store, part) in self.stores.iter_mut().zip(self.parts) {
            let own = start * keys..(start + part.count) * keys;
            cpu.remember(store, at, part.position, &key[own.clone()], &value[own]);
            start += part.count;
        }
        let texts = self.stores.iter().zip(self.parts);
        let texts: Vec<Text<'_>> =
            texts.map(|(store, part)| Text { store, first: part.position, tokens: part.count }).collect();
        let attention = heads.window.map_or(self.attention, |window| self.attention.windowed(window));
        cpu.attend(&attention, at, &texts, query, size(mixed, tokens, queries));
    }

    /// The convolution of the normed stream between its gates, into `mixed`. The layer is the `at`-th that convolves.
    fn convolve(&mut self, conv: &Conv<QuantMatrix>, at: usize) {
        let [before, behind, values] = &conv.into;
        self.three([before, behind, values]);
        let (cpu, width) = (self.cpu, self.plan.shape.width);
        let Work { query, key, value, mixed, .. } = &mut *self.work;
        cpu.multiply_rows(value, query, width);
        mixed.resize(value.len(), 0.0);
        let mut start = 0;
        for (store, part) in self.stores.iter_mut().zip(self.parts) {
            let own = start * width..(start + part.count) * width;
            cpu.convolve(store, at, &conv.conv, part.position, &value[own.clone()], &mut mixed[own]);
            start += part.count;
        }
        cpu.multiply_rows(mixed, key, width);
    }
}

pub(super) fn add_bias(cpu: &Cpu, linear: &Linear<QuantMatrix>, values: &mut [f32]) {
    if let Some(bias) = &linear.bias {
        cpu.add_bias(values, bias);
    }
}
