//! The feed-forward part of a layer: one for all tokens, or experts between which a router chooses.

use super::{
    layer::{Expert, Feed},
    pass::{Pass, add_bias},
    plan::{Gate, Plan},
    work::{Work, size},
};
use kernels::{Activations, Cpu, Form, Product, QuantMatrix};

/// The sum of the chosen experts' weights is taken to be at least this, so that nothing is divided by zero: the
/// smallest normal half-precision number.
const LEAST: f32 = 6.103_515_6e-5;

impl Pass<'_, '_> {
    /// The feed-forward part of the normed stream in layer `at`, added to the stream.
    pub(super) fn feed(&mut self, at: usize, feed: &Feed<QuantMatrix>, norm: Option<&[f32]>) {
        match feed {
            Feed::One(part) => {
                let Work { normed, gate, up, input, .. } = &mut *self.work;
                inner(self.cpu, self.plan, at, part, normed, input, gate, up);
                let of = if part.gate.is_some() { gate } else { up };
                self.cpu.load(input, of, self.plan.shape.feed_forward, part.down.matrix.form());
                self.join(&part.down, norm);
            }
            Feed::Routed { router, experts } => {
                let chosen = self.route(router);
                let tokens = self.tokens();
                size(&mut self.work.branch, tokens, self.plan.shape.width).fill(0.0);
                match &chosen[..] {
                    [chosen] => self.experts_of_one(at, experts, chosen),
                    _ => self.experts_of_many(at, experts, &chosen),
                }
                self.join_branch(norm);
            }
        }
    }

    /// For each token the experts it is sent to, in their order, and their weights.
    fn route(&mut self, router: &QuantMatrix) -> Vec<Vec<(usize, f32)>> {
        let (shape, tokens) = (&self.plan.shape, self.tokens());
        let Work { normed, gate, input, .. } = &mut *self.work;
        self.cpu.load(input, normed, shape.width, router.form());
        let logits = size(gate, tokens, shape.experts);
        self.cpu.multiply(input, &mut [Product::into(router, logits)]);
        logits.chunks_exact(shape.experts).map(|logits| choose(logits, shape.experts_used)).collect()
    }

    /// One token: the experts' first products in one region, their last in another.
    fn experts_of_one(&mut self, at: usize, experts: &[Expert<QuantMatrix>], chosen: &[(usize, f32)]) {
        let (cpu, shape) = (self.cpu, &self.plan.shape);
        let Work { normed, gate, up, mixed, branch, input, inputs, .. } = &mut *self.work;
        let (inner, width) = (shape.feed_forward, shape.width);
        let experts: Vec<&Expert<QuantMatrix>> = chosen.iter().map(|(expert, _)| &experts[*expert]).collect();
        let form = experts.iter().map(|expert| form(expert)).reduce(Form::and).unwrap_or(Form::Both);
        cpu.load(input, normed, width, form);
        size(gate, experts.len(), inner);
        size(up, experts.len(), inner);
        let places = gate.chunks_exact_mut(inner).zip(up.chunks_exact_mut(inner));
        let mut products = Vec::new();
        for (expert, (gate, up)) in experts.iter().zip(places) {
            products.extend(expert.gate.as_ref().map(|linear| Product::into(&linear.matrix, gate)));
            products.push(Product::into(&expert.up.matrix, up));
        }
        cpu.multiply(input, &mut products);
        activate(cpu, self.plan, at, gate, up);
        inputs.resize_with(experts.len().max(inputs.len()), Activations::new);
        for ((expert, gate), input) in experts.iter().zip(gate.chunks_exact(inner)).zip(inputs.iter_mut()) {
            cpu.load(input, gate, inner, expert.down.matrix.form());
        }
        let places = size(mixed, experts.len(), width).chunks_exact_mut(width);
        let products = experts.iter().zip(&*inputs).zip(places);
        let mut products: Vec<(&Activations, Product<'_>)> =
            products.map(|((expert, input), place)| (input, Product::into(&expert.down.matrix, place))).collect();
        cpu.multiply_each(&mut products);
        for ((_, weight), row) in chosen.iter().zip(mixed.chunks_exact(width)) {
            add(branch, row, *weight);
        }
    }

    /// Many tokens: expert after expert, with the tokens that are sent to it.
    fn experts_of_many(&mut self, at: usize, experts: &[Expert<QuantMatrix>], chosen: &[Vec<(usize, f32)>]) {
        let (cpu, width) = (self.cpu, self.plan.shape.width);
        let Work { normed, query, gate, up, mixed, branch, input, .. } = &mut *self.work;
        let mut sent: Vec<Vec<(usize, f32)>> = experts.iter().map(|_| Vec::new()).collect();
        for (token, chosen) in chosen.iter().enumerate() {
            chosen.iter().for_each(|(expert, weight)| sent[*expert].push((token, *weight)));
        }
        for (expert, tokens) in experts.iter().zip(&sent).filter(|(_, tokens)| !tokens.is_empty()) {
            let gathered = size(query, tokens.len(), width);
            for ((token, _), row) in tokens.iter().zip(gathered.chunks_exact_mut(width)) {
                row.copy_from_slice(&normed[token * width..][..width]);
            }
            inner(cpu, self.plan, at, expert, gathered, input, gate, up);
            cpu.load(input, gate, self.plan.shape.feed_forward, expert.down.matrix.form());
            cpu.multiply(input, &mut [Product::into(&expert.down.matrix, size(mixed, tokens.len(), width))]);
            for ((token, weight), row) in tokens.iter().zip(mixed.chunks_exact(width)) {
                add(&mut branch[token * width..][..width], row, *weight);
            }
        }
    }
}

/// The gated inner values of some tokens: in `gate`, or in `up` where the part has no gate.
#[allow(clippy::too_many_arguments, reason = "buffers that are borrowed apart")]
fn inner(
    cpu: &Cpu,
    plan: &Plan,
    at: usize,
    part: &Expert<QuantMatrix>,
    values: &[f32],
    input: &mut Activations,
    gate: &mut Vec<f32>,
    up: &mut Vec<f32>,
) {
    let (tokens, width) = (values.len() / plan.shape.width, plan.shape.feed_forward);
    cpu.load(input, values, plan.shape.width, form(part));
    let mut products = vec![Product::into(&part.up.matrix, size(up, tokens, width))];
    if let Some(linear) = &part.gate {
        products.insert(0, Product::into(&linear.matrix, size(gate, tokens, width)));
    }
    cpu.multiply(input, &mut products);
    add_bias(cpu, &part.up, up);
    if let Some(linear) = &part.gate {
        add_bias(cpu, linear, gate);
    }
    activate(cpu, plan, at, gate, up);
}

fn activate(cpu: &Cpu, plan: &Plan, at: usize, gate: &mut [f32], up: &mut [f32]) {
    let width = plan.shape.feed_forward;
    match &plan.gate {
        Gate::Silu | Gate::FusedSilu => cpu.silu_multiply(gate, up, width),
        Gate::Gelu => cpu.gelu_multiply(gate, up, width),
        Gate::Xielu(numbers) => cpu.xielu(up, width, numbers[at]),
    }
}

/// The form of activations that a part's first products need.
fn form(part: &Expert<QuantMatrix>) -> Form {
    let up = part.up.matrix.form();
    part.gate.as_ref().map_or(up, |gate| gate.matrix.form().and(up))
}

/// The `count` best of some logits, in the order of the experts, with their shares: softmax over all, then the
/// chosen ones made to sum up to 1.
fn choose(logits: &[f32], count: usize) -> Vec<(usize, f32)> {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let shares: Vec<f32> = logits.iter().map(|logit| (logit - largest).exp()).collect();
    let total: f32 = shares.iter().sum();
    let mut order: Vec<usize> = (0..logits.len()).collect();
    // Where two are equal the first is taken.
    order.sort_by(|a, b| logits[*b].total_cmp(&logits[*a]).then(a.cmp(b)));
    order.truncate(count);
    order.sort_unstable();
    let sum = order.iter().map(|expert| shares[*expert] / total).sum::<f32>().max(LEAST);
    order.into_iter().map(|expert| (expert, shares[expert] / total / sum)).collect()
}

fn add(sum: &mut [f32], row: &[f32], weight: f32) {
    sum.iter_mut().zip(row).for_each(|(sum, value)| *sum += weight * value);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_experts_share_a_token() {
        let chosen = choose(&[0.0, 3f32.ln(), -9.0, 0.0, f32::MIN], 2);
        assert_eq!(chosen.iter().map(|(expert, _)| *expert).collect::<Vec<_>>(), [0, 1]);
        assert!((chosen[0].1 - 0.25).abs() < 1e-6 && (chosen[1].1 - 0.75).abs() < 1e-6, "{chosen:?}");
        assert_eq!(choose(&[f32::NAN; 3], 3).len(), 3);
    }
}
