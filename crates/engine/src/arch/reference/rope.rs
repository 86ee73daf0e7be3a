//! The rotations for each position, from the formulas of their papers.

use super::{Plan, read::Reader};
use crate::error::Result;
use candle_core::{Device, Tensor};

/// Cosines and sines, `[positions, rope_width / 2]`.
pub(super) struct Table {
    pub cos: Tensor,
    pub sin: Tensor,
}

/// With the same angle per position for each pair in all layers.
fn table(angles: &[f64], magnitude: f64, positions: usize, device: &Device) -> Result<Table> {
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "f64 on the way to f32")]
    let fill = |f: fn(f64) -> f64| -> Vec<f32> {
        (0..positions).flat_map(|p| angles.iter().map(move |angle| (f(p as f64 * angle) * magnitude) as f32)).collect()
    };
    let size = (positions, angles.len());
    Ok(Table {
        cos: Tensor::from_vec(fill(f64::cos), size, device)?,
        sin: Tensor::from_vec(fill(f64::sin), size, device)?,
    })
}

#[allow(clippy::cast_precision_loss, reason = "a head has few pairs")]
fn angles(pairs: usize, base: f32) -> Vec<f64> {
    (0..pairs).map(|pair| 1.0 / f64::from(base).powf(pair as f64 / pairs as f64)).collect()
}

/// Of the layers that turn locally.
pub(super) fn local(plan: &Plan, positions: usize, device: &Device) -> Result<Table> {
    table(&angles(plan.shape.rope_width / 2, plan.local_base), 1.0, positions, device)
}

/// As the file says.
#[allow(clippy::cast_precision_loss, reason = "contexts are below 2^52")]
pub(super) fn main(read: &mut Reader<'_>, plan: &Plan, positions: usize) -> Result<Table> {
    let pairs = plan.shape.rope_width / 2;
    let key = |name: &str| format!("{}.rope.scaling.{name}", plan.shape.architecture);
    let number = |name: &str, usual: f64| read.file.fraction(&key(name)).map_or(usual, f64::from);
    let original = read.file.count(&key("original_context_length")).unwrap_or(plan.shape.context);
    let (stretch, mut magnitude) = (number("factor", 1.0), number("attn_factor", 1.0));
    let (fast, slow) = (number("yarn_beta_fast", 32.0), number("yarn_beta_slow", 1.0));
    let damp = number("yarn_log_multiplier", 0.0);
    let kind = read.file.text(&key("type")).unwrap_or("linear").to_owned();

    let mut angles = angles(pairs, plan.shape.rope_base);
    let long = if positions > original { "rope_factors_long.weight" } else { "rope_factors_short.weight" };
    for name in ["rope_freqs.weight", long] {
        if let Some(factors) = read.optional(name, &[pairs])? {
            let factors = factors.to_vec1::<f32>()?;
            angles.iter_mut().zip(factors).for_each(|(angle, factor)| *angle /= f64::from(factor));
            break;
        }
    }
    match kind.as_str() {
        "linear" | "longrope" => angles.iter_mut().for_each(|angle| *angle /= stretch),
        "none" => {}
        "yarn" => {
            // The pair that turns so often over the original context (equation 16 and after in the paper).
            let width = 2.0 * pairs as f64;
            let pair = |turns: f64| {
                width * (original as f64 / (turns * 2.0 * std::f64::consts::PI)).ln()
                    / (2.0 * f64::from(plan.shape.rope_base).ln())
            };
            let (low, high) = (pair(fast).floor().max(0.0), pair(slow).ceil().min(width - 1.0));
            for (at, angle) in angles.iter_mut().enumerate() {
                let kept = 1.0 - ((at as f64 - low) / (high - low).max(0.001)).clamp(0.0, 1.0);
                *angle = *angle * kept + *angle / stretch * (1.0 - kept);
            }
            if stretch > 1.0 {
                magnitude *= (0.1 * stretch.ln() + 1.0) / (0.1 * damp * stretch.ln() + 1.0);
            }
        }
        other => return Err(read.file.unsupported(format!("'{other}' rope scaling"))),
    }
    table(&angles, magnitude, positions, read.device)
}
