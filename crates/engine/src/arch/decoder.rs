//! The fast decoder: a plan's tensors on the kernels.

use super::{
    Decoder, KvCache, Opening, Run, Shape,
    batch::{Part, batches, stores},
    check_runs,
    layer::{Model, check_tensors},
    pass::{Pass, Turns},
    plan::{Mixer, Plan, Turn},
    rotation::Rotation,
    weights::Weights,
    work::{Work, size},
};
use crate::{
    error::{EngineError, Result},
    gguf::Gguf,
};
use kernels::{Attention, Cpu, KvKind, KvStore, Product, QuantMatrix, Rope, ShapeError};

/// A decoder on the kernels.
pub(super) struct Fast {
    plan: Plan,
    cpu: Cpu,
    model: Model<QuantMatrix>,
    attention: Attention,
    turns: Turns,
    kv: KvKind,
    work: Work,
}

impl Fast {
    /// Opens a file that is to be computed as `plan` says.
    pub fn open(file: &Gguf, opening: &mut Opening<'_>, plan: Plan) -> Result<Self> {
        check(file, &plan)?;
        let cpu = Cpu::new(opening.threads);
        let model = Model::read(&mut Weights::new(file, &cpu, opening.progress), &plan)?;
        let rope = |rotation: Rotation| Rope::new(plan.pairs, rotation.speeds, rotation.magnitude);
        let turns = Turns {
            main: rope(Rotation::read(file, &plan, opening.positions)?),
            local: plan.mixers.iter().any(local).then(|| rope(Rotation::local(&plan))),
        };
        let attention = attention(&plan)?;
        Ok(Self { plan, cpu, model, attention, turns, kv: opening.kv, work: Work::default() })
    }

    /// Computes a batch: parts of some runs, whose tokens lie one after the other. The stream of each token is
    /// left in `work`.
    fn batch(&mut self, parts: &[Part], runs: &mut [Run<'_>]) -> Result<()> {
        let (plan, cpu, work) = (&self.plan, &self.cpu, &mut self.work);
        let mut positions = Vec::new();
        let mut tokens = Vec::new();
        for part in parts {
            positions.extend((0..part.count).map(|at| part.position + at));
            tokens.extend_from_slice(&runs[part.run].tokens[part.start..part.start + part.count]);
        }
        let width = plan.shape.width;
        for (token, row) in tokens.iter().zip(size(&mut work.stream, tokens.len(), width).chunks_exact_mut(width)) {
            self.model.embedding.row(*token as usize, row);
        }
        if plan.scales.embedding != 1.0 {
            cpu.scale(&mut work.stream, width, plan.scales.embedding);
        }
        let stores = stores(parts, runs)?;
        let (turns, attention, positions) = (&self.turns, self.attention, &positions[..]);
        Pass { plan, cpu, turns, attention, work, positions, parts, stores }.run(&self.model.layers);
        Ok(())
    }

    /// The logits after some tokens of the batch at hand, rows of the vocabulary.
    fn logits(&mut self, rows: &[usize]) -> Vec<f32> {
        let (plan, cpu, work) = (&self.plan, &self.cpu, &mut self.work);
        let (width, vocab) = (plan.shape.width, plan.shape.vocab);
        let output = self.model.output.as_ref().unwrap_or(&self.model.embedding);
        let mut chosen = Vec::with_capacity(rows.len() * width);
        for row in rows {
            chosen.extend_from_slice(&work.stream[row * width..][..width]);
        }
        cpu.rms_norm_in_place(&mut chosen, &self.model.norm, plan.shape.epsilon);
        cpu.load(&mut work.input, &chosen, width, output.form());
        let mut logits = vec![0.0; rows.len() * vocab];
        cpu.multiply(&work.input, &mut [Product::into(output, &mut logits)]);
        if let Some(bias) = &self.model.output_bias {
            cpu.add_bias(&mut logits, bias);
        }
        if plan.scales.logits != 1.0 {
            cpu.scale(&mut logits, vocab, plan.scales.logits);
        }
        if let Some(cap) = plan.logit_cap {
            cpu.soft_cap(&mut logits, vocab, cap);
        }
        logits
    }
}

/// Whether a file can be opened, without reading its weights.
pub(super) fn check(file: &Gguf, plan: &Plan) -> Result<()> {
    check_tensors(file, plan)?;
    Rotation::read(file, plan, 0)?;
    attention(plan)?;
    store(&plan.shape, KvKind::F16).map(drop)
}

fn attention(plan: &Plan) -> Result<Attention> {
    let Shape { heads, kv_heads, head_width, .. } = plan.shape;
    let attention = Attention::new(heads, kv_heads, head_width, plan.scales.attention).map_err(failed)?;
    Ok(plan.attention_cap.map_or(attention, |cap| attention.capped(cap)))
}

/// What is kept of a text, empty.
pub(super) fn store(shape: &Shape, kind: KvKind) -> Result<KvStore> {
    KvStore::new(shape.attention_layers(), shape.kv_heads, shape.head_width)
        .and_then(|store| store.of_kind(kind))
        .and_then(|store| store.with_inputs(shape.convolutions, shape.width))
        .map_err(failed)
}

fn local(mixer: &Mixer) -> bool {
    matches!(mixer, Mixer::Attention { turn: Turn::Local, .. })
}

impl Decoder for Fast {
    fn shape(&self) -> &Shape {
        &self.plan.shape
    }

    fn new_cache(&self, positions: usize) -> Result<KvCache> {
        Ok(KvCache::new(positions, store(&self.plan.shape, self.kv)?))
    }

    fn forward(&mut self, runs: &mut [Run<'_>]) -> Result<Vec<Vec<f32>>> {
        check_runs(runs, self.plan.shape.vocab)?;
        for run in runs.iter_mut() {
            let (from, to) = (run.cache.len(), run.cache.len() + run.tokens.len());
            run.cache.store::<KvStore>(run.tokens.len())?.reserve(from, to).map_err(failed)?;
            self.turns.main.reserve(to);
            if let Some(local) = &mut self.turns.local {
                local.reserve(to);
            }
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
            for (owner, row) in owners.iter().zip(self.logits(&rows).chunks_exact(self.plan.shape.vocab)) {
                logits[*owner].extend_from_slice(row);
            }
        }
        runs.iter_mut().for_each(|run| run.cache.advance(run.tokens.len()));
        Ok(logits)
    }

    fn layout(&self) -> String {
        // Another instruction set rounds sums in another order.
        let (version, architecture) = (env!("CARGO_PKG_VERSION"), &self.plan.shape.architecture);
        format!("{version} {architecture} {} {}", self.cpu.isa().name(), self.kv.name())
    }

    fn pieces(&self) -> Vec<u64> {
        self.cpu.pool().pieces()
    }
}

pub(super) fn failed(error: ShapeError) -> EngineError {
    EngineError::Compute(error.to_string())
}
