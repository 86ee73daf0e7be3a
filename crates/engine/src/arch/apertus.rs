//! Apertus: normed queries and keys, and xIELU in place of a gate.

use super::{
    keys::Keys,
    plan::{Gate, HeadNorms, Plan},
};
use crate::error::Result;
use kernels::Xielu;

/// Apertus. Files hold the activation's numbers as they are trained: softplus makes them positive.
pub(super) fn apertus(keys: Keys<'_>) -> Result<Plan> {
    let plan = Plan::plain(keys)?;
    let read = |name: &str| keys.fractions(&format!("xielu.{name}"), plan.shape.layers);
    let (negative, positive, beta, edge) = (read("alpha_n")?, read("alpha_p")?, read("beta")?, read("eps")?);
    let numbers = (0..plan.shape.layers).map(|layer| Xielu {
        square: softplus(positive[layer]),
        tail: beta[layer] + softplus(negative[layer]),
        line: beta[layer],
        edge: edge[layer],
    });
    let gate = Gate::Xielu(numbers.collect());
    Ok(Plan { gate, head_norms: HeadNorms::Each, ..plan })
}

/// ln(1 + e^x), which for large x is x.
fn softplus(x: f32) -> f32 {
    if x > 20.0 { x } else { x.exp().ln_1p() }
}
