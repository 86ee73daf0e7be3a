//! The fast forward pass of dense decoders: attention with grouped keys, then a gated feed-forward part.
//!
//! What differs between families is little: how values are paired for rotation, and what the file holds
//! besides (biases, norms of queries and keys). The results do not depend on the number of threads nor on how
//! a prompt is cut, because no kernel's result does.

use super::{
    Decoder, KvCache, Opening, Run, Shape,
    batch::{BATCH, Part, batches, stores},
    check_runs,
    rotation::Rotation,
    weights::{Linear, Weights, check_matrix, check_vector, read_vector},
};
use crate::{
    error::{EngineError, Result},
    gguf::Gguf,
};
use kernels::{Activations, Attention, Cpu, Form, KvStore, Pairs, Product, QuantMatrix, Rope, ShapeError, Text};

/// The divisors of the rotation's speeds.
const FACTORS: &str = "rope_freqs.weight";

/// A decoder on the kernels.
pub(super) struct Dense {
    shape: Shape,
    cpu: Cpu,
    embedding: QuantMatrix,
    layers: Vec<Layer>,
    norm: Vec<f32>,
    /// None where the embedding is also the output.
    output: Option<QuantMatrix>,
    attention: Attention,
    rope: Rope,
    work: Work,
}

struct Layer {
    attention_norm: Vec<f32>,
    query: Linear,
    key: Linear,
    value: Linear,
    out: Linear,
    query_norm: Option<Vec<f32>>,
    key_norm: Option<Vec<f32>>,
    ffn_norm: Vec<f32>,
    gate: Linear,
    up: Linear,
    down: Linear,
}

/// Buffers of one batch, kept between batches.
#[derive(Default)]
struct Work {
    /// The residual stream.
    stream: Vec<f32>,
    normed: Vec<f32>,
    query: Vec<f32>,
    key: Vec<f32>,
    value: Vec<f32>,
    mixed: Vec<f32>,
    gate: Vec<f32>,
    up: Vec<f32>,
    input: Activations,
}

impl Dense {
    /// Opens a file whose values are paired for rotation as `pairs` says.
    pub fn open(file: &Gguf, opening: &mut Opening<'_>, pairs: Pairs) -> Result<Self> {
        let shape = Shape::read(file)?;
        let (width, head, inner) = (shape.width, shape.head_width, shape.feed_forward);
        let (queries, keys) = (shape.heads * head, shape.kv_heads * head);
        check_values(file, &shape)?;
        let cpu = Cpu::new(opening.threads);
        let mut weights = Weights::new(file, &cpu, opening.progress);
        let embedding = weights.matrix("token_embd.weight", width, shape.vocab)?;
        let mut layers = Vec::new();
        for i in 0..shape.layers {
            let name = |part: &str| format!("blk.{i}.{part}");
            layers.push(Layer {
                attention_norm: weights.vector(&name("attn_norm.weight"), width)?,
                query: weights.linear(&name("attn_q"), width, queries)?,
                key: weights.linear(&name("attn_k"), width, keys)?,
                value: weights.linear(&name("attn_v"), width, keys)?,
                out: weights.linear(&name("attn_output"), queries, width)?,
                query_norm: weights.optional_vector(&name("attn_q_norm.weight"), head)?,
                key_norm: weights.optional_vector(&name("attn_k_norm.weight"), head)?,
                ffn_norm: weights.vector(&name("ffn_norm.weight"), width)?,
                gate: weights.linear(&name("ffn_gate"), width, inner)?,
                up: weights.linear(&name("ffn_up"), width, inner)?,
                down: weights.linear(&name("ffn_down"), inner, width)?,
            });
        }
        let norm = weights.vector("output_norm.weight", width)?;
        let output = weights.optional_matrix("output.weight", width, shape.vocab)?;
        let factors = weights.optional_vector(FACTORS, shape.rope_width / 2)?;
        let rotation = Rotation::read(file, &shape, factors.as_deref())?;
        #[allow(clippy::cast_precision_loss, reason = "a head is at most 4096 wide")]
        let scale = 1.0 / (head as f32).sqrt();
        let attention = Attention::new(shape.heads, shape.kv_heads, head, scale).map_err(failed)?;
        let rope = Rope::new(pairs, rotation.speeds, rotation.magnitude);
        Ok(Self { shape, cpu, embedding, layers, norm, output, attention, rope, work: Work::default() })
    }

    /// Whether a file can be opened, without reading its weights.
    pub fn check(file: &Gguf) -> Result<Shape> {
        let shape = Shape::read(file)?;
        check_values(file, &shape)?;
        for Tensor { name, dims, optional } in tensors(&shape) {
            if optional && !file.tensors().contains_key(&name) {
                continue;
            }
            let info = file.tensor_of(&name, &dims)?;
            match dims.len() {
                1 => check_vector(file, &name, info).map(drop)?,
                _ => check_matrix(file, &name, info)?,
            }
        }
        let factors = file.tensors().contains_key(FACTORS).then(|| read_vector(file, FACTORS, shape.rope_width / 2));
        Rotation::read(file, &shape, factors.transpose()?.as_deref())?;
        Attention::new(shape.heads, shape.kv_heads, shape.head_width, 1.0).map_err(failed)?;
        Ok(shape)
    }

    /// Computes a batch: parts of some runs, whose tokens lie one after the other. The stream of each token is
    /// left in `work`.
    fn batch(&mut self, parts: &[Part], runs: &mut [Run<'_>]) -> Result<()> {
        let (shape, cpu, work) = (&self.shape, &self.cpu, &mut self.work);
        let mut positions = Vec::new();
        let mut tokens = Vec::new();
        for part in parts {
            positions.extend((0..part.count).map(|at| part.position + at));
            tokens.extend_from_slice(&runs[part.run].tokens[part.start..part.start + part.count]);
        }
        work.size(shape, tokens.len());
        for (token, row) in tokens.iter().zip(work.stream.chunks_exact_mut(shape.width)) {
            self.embedding.row(*token as usize, row);
        }
        let mut stores = stores(parts, runs)?;
        for (at, layer) in self.layers.iter().enumerate() {
            cpu.rms_norm(&work.stream, &layer.attention_norm, shape.epsilon, &mut work.normed);
            let form = form_for([&layer.query, &layer.key, &layer.value]);
            cpu.load(&mut work.input, &work.normed, shape.width, form);
            cpu.multiply(
                &work.input,
                &mut [
                    Product::into(&layer.query.matrix, &mut work.query),
                    Product::into(&layer.key.matrix, &mut work.key),
                    Product::into(&layer.value.matrix, &mut work.value),
                ],
            );
            add_bias(cpu, &layer.query, &mut work.query);
            add_bias(cpu, &layer.key, &mut work.key);
            add_bias(cpu, &layer.value, &mut work.value);
            if let Some(norm) = &layer.query_norm {
                cpu.rms_norm_in_place(&mut work.query, norm, shape.epsilon);
            }
            if let Some(norm) = &layer.key_norm {
                cpu.rms_norm_in_place(&mut work.key, norm, shape.epsilon);
            }
            cpu.rotate(&self.rope, shape.heads, shape.head_width, &positions, &mut work.query);
            cpu.rotate(&self.rope, shape.kv_heads, shape.head_width, &positions, &mut work.key);
            let (mut keys, mut values) = (&work.key[..], &work.value[..]);
            for (store, part) in stores.iter_mut().zip(parts) {
                let (own_keys, own_values);
                let size = part.count * shape.kv_heads * shape.head_width;
                (own_keys, keys) = keys.split_at(size);
                (own_values, values) = values.split_at(size);
                cpu.remember(store, at, part.position, own_keys, own_values);
            }
            let texts: Vec<Text<'_>> = stores
                .iter()
                .zip(parts)
                .map(|(store, part)| Text { store, first: part.position, tokens: part.count })
                .collect();
            cpu.attend(&self.attention, at, &texts, &work.query, &mut work.mixed);

            cpu.load(&mut work.input, &work.mixed, shape.heads * shape.head_width, layer.out.matrix.form());
            cpu.multiply(&work.input, &mut [Product::add_to(&layer.out.matrix, &mut work.stream)]);
            add_bias(cpu, &layer.out, &mut work.stream);

            cpu.rms_norm(&work.stream, &layer.ffn_norm, shape.epsilon, &mut work.normed);
            cpu.load(&mut work.input, &work.normed, shape.width, form_for([&layer.gate, &layer.up]));
            cpu.multiply(
                &work.input,
                &mut [Product::into(&layer.gate.matrix, &mut work.gate), Product::into(&layer.up.matrix, &mut work.up)],
            );
            add_bias(cpu, &layer.gate, &mut work.gate);
            add_bias(cpu, &layer.up, &mut work.up);
            cpu.silu_multiply(&mut work.gate, &work.up, shape.feed_forward);
            cpu.load(&mut work.input, &work.gate, shape.feed_forward, layer.down.matrix.form());
            cpu.multiply(&work.input, &mut [Product::add_to(&layer.down.matrix, &mut work.stream)]);
            add_bias(cpu, &layer.down, &mut work.stream);
        }
        Ok(())
    }

    /// The logits after some tokens of the batch at hand, rows of the vocabulary.
    fn logits(&mut self, rows: &[usize]) -> Vec<f32> {
        let (shape, cpu, work) = (&self.shape, &self.cpu, &mut self.work);
        let output = self.output.as_ref().unwrap_or(&self.embedding);
        let mut chosen = Vec::with_capacity(rows.len() * shape.width);
        for row in rows {
            chosen.extend_from_slice(&work.stream[row * shape.width..][..shape.width]);
        }
        let normed = &mut work.normed[..chosen.len()];
        cpu.rms_norm(&chosen, &self.norm, shape.epsilon, normed);
        cpu.load(&mut work.input, normed, shape.width, output.form());
        let mut logits = vec![0.0; rows.len() * shape.vocab];
        cpu.multiply(&work.input, &mut [Product::into(output, &mut logits)]);
        logits
    }
}

impl Decoder for Dense {
    fn shape(&self) -> &Shape {
        &self.shape
    }

    fn new_cache(&self, positions: usize) -> Result<KvCache> {
        let store = KvStore::new(self.shape.layers, self.shape.kv_heads, self.shape.head_width).map_err(failed)?;
        Ok(KvCache::new(positions, store))
    }

    fn forward(&mut self, runs: &mut [Run<'_>]) -> Result<Vec<Vec<f32>>> {
        check_runs(runs, self.shape.vocab)?;
        for run in runs.iter_mut() {
            let (from, to) = (run.cache.len(), run.cache.len() + run.tokens.len());
            run.cache.store::<KvStore>(run.tokens.len())?.reserve(from, to).map_err(failed)?;
            self.rope.reserve(to);
        }
        let mut logits: Vec<Vec<f32>> = runs.iter().map(|_| Vec::new()).collect();
        for parts in batches(runs) {
            self.batch(&parts, runs)?;
            let mut first = 0;
            let (mut rows, mut owners) = (Vec::new(), Vec::new());
            for part in &parts {
                let run = &runs[part.run];
                let wanted = run.tokens.len() - run.wanted.rows(run.tokens.len());
                for at in part.start.max(wanted)..part.start + part.count {
                    rows.push(first + at - part.start);
                    owners.push(part.run);
                }
                first += part.count;
            }
            if rows.is_empty() {
                continue;
            }
            for (owner, row) in owners.iter().zip(self.logits(&rows).chunks_exact(self.shape.vocab)) {
                logits[*owner].extend_from_slice(row);
            }
        }
        runs.iter_mut().for_each(|run| run.cache.advance(run.tokens.len()));
        Ok(logits)
    }

    fn layout(&self) -> String {
        // Another instruction set rounds sums in another order.
        format!("{} {} {}", env!("CARGO_PKG_VERSION"), self.shape.architecture, self.cpu.isa().name())
    }

    fn pieces(&self) -> Vec<u64> {
        self.cpu.pool().pieces()
    }
}

impl Work {
    /// Makes the buffers as long as `tokens` tokens need.
    fn size(&mut self, shape: &Shape, tokens: usize) {
        let (queries, keys) = (shape.heads * shape.head_width, shape.kv_heads * shape.head_width);
        for (buffer, width) in [
            (&mut self.stream, shape.width),
            (&mut self.normed, shape.width),
            (&mut self.query, queries),
            (&mut self.key, keys),
            (&mut self.value, keys),
            (&mut self.mixed, queries),
            (&mut self.gate, shape.feed_forward),
            (&mut self.up, shape.feed_forward),
        ] {
            buffer.resize(tokens * width, 0.0);
        }
    }
}

/// What the buffers of a batch take.
pub(super) fn buffers(shape: &Shape) -> usize {
    let (queries, keys) = (shape.heads * shape.head_width, shape.kv_heads * shape.head_width);
    let rows = 2 * shape.width + 2 * queries + 2 * keys + 2 * shape.feed_forward;
    // The input of a product is kept as floats and as codes, which are a little over a byte each.
    let input = shape.width.max(queries).max(shape.feed_forward);
    let each = rows.saturating_add(input.saturating_mul(2)).saturating_mul(size_of::<f32>());
    each.saturating_mul(BATCH).saturating_add(shape.vocab.saturating_mul(size_of::<f32>()))
}

/// A tensor that a decoder reads.
struct Tensor {
    name: String,
    dims: Vec<usize>,
    optional: bool,
}

/// Every tensor that [`Dense::open`] reads.
fn tensors(shape: &Shape) -> Vec<Tensor> {
    let (width, head, inner) = (shape.width, shape.head_width, shape.feed_forward);
    let (queries, keys) = (shape.heads * head, shape.kv_heads * head);
    let one = |name: &str, dims: &[usize], optional| Tensor { name: name.to_owned(), dims: dims.to_vec(), optional };
    let mut all = vec![
        one("token_embd.weight", &[width, shape.vocab], false),
        one("output_norm.weight", &[width], false),
        one("output.weight", &[width, shape.vocab], true),
        one(FACTORS, &[shape.rope_width / 2], true),
    ];
    for i in 0..shape.layers {
        for (part, from, to) in [
            ("attn_q", width, queries),
            ("attn_k", width, keys),
            ("attn_v", width, keys),
            ("attn_output", queries, width),
            ("ffn_gate", width, inner),
            ("ffn_up", width, inner),
            ("ffn_down", inner, width),
        ] {
            all.push(one(&format!("blk.{i}.{part}.weight"), &[from, to], false));
            all.push(one(&format!("blk.{i}.{part}.bias"), &[to], true));
        }
        for (part, length, optional) in [
            ("attn_norm", width, false),
            ("ffn_norm", width, false),
            ("attn_q_norm", head, true),
            ("attn_k_norm", head, true),
        ] {
            all.push(one(&format!("blk.{i}.{part}.weight"), &[length], optional));
        }
    }
    all
}

fn check_values(file: &Gguf, shape: &Shape) -> Result<()> {
    let length = file.count(&format!("{}.attention.value_length", shape.architecture));
    if length.is_some_and(|length| length != shape.head_width) {
        return Err(file.unsupported("values of another width than keys"));
    }
    Ok(())
}

fn add_bias(cpu: &Cpu, linear: &Linear, values: &mut [f32]) {
    if let Some(bias) = &linear.bias {
        cpu.add_bias(values, bias);
    }
}

/// The form of activations that all of these multiply with.
fn form_for<const N: usize>(linears: [&Linear; N]) -> Form {
    linears.into_iter().map(|linear| linear.matrix.form()).reduce(Form::and).unwrap_or(Form::Both)
}

fn failed(error: ShapeError) -> EngineError {
    EngineError::Compute(error.to_string())
}
