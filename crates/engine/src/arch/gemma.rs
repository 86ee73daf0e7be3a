//! Gemma 2 and 3 (text): norms before and after, GELU, scaled embeddings, windows in most layers. The files'
//! norms already hold the 1 that these models add to their weights.

use super::{
    keys::Keys,
    plan::{Gate, HeadNorms, Plan, Scales, Turn},
};
use crate::error::Result;

/// What both have. `largest` is the number of layers of the 27 B model, whose scores are scaled by the width of
/// the stream and not of a head.
fn gemma(keys: Keys<'_>, largest: usize) -> Result<Plan> {
    let plan = Plan::plain(keys)?;
    let shape = &plan.shape;
    let scores = if shape.layers == largest { shape.width / shape.heads } else { shape.head_width };
    #[allow(clippy::cast_precision_loss, reason = "widths are below 2^24")]
    let (embedding, attention) = ((shape.width as f32).sqrt(), 1.0 / (scores.max(1) as f32).sqrt());
    let scales = Scales { embedding, attention, ..plan.scales };
    Ok(Plan { norms_after: true, gate: Gate::Gelu, scales, ..plan })
}

/// Gemma 2: every second layer has a window, scores and logits are capped.
pub(super) fn gemma2(keys: Keys<'_>) -> Result<Plan> {
    let plan = gemma(keys, 46)?;
    let window =
        if keys.get("attention.sliding_window").is_some() { keys.size("attention.sliding_window")? } else { 4096 };
    let mixers = Plan::windows(&keys.windowed(2, plan.shape.layers)?, window, Turn::Main, Turn::Main);
    let attention_cap = keys.scale("attn_logit_softcapping")?.or(Some(50.0));
    let logit_cap = keys.scale("final_logit_softcapping")?.or(Some(30.0));
    Ok(Plan { mixers, attention_cap, logit_cap, ..plan })
}

/// Gemma 3: five of six layers have a window and turn with a base of their own; queries and keys are normed.
pub(super) fn gemma3(keys: Keys<'_>) -> Result<Plan> {
    let plan = gemma(keys, 62)?;
    let mixers = match keys.count("attention.sliding_window") {
        None | Some(0) => plan.mixers,
        Some(window) => Plan::windows(&keys.windowed(6, plan.shape.layers)?, window, Turn::Local, Turn::Main),
    };
    let local_base = keys.scale("rope.freq_base_swa")?.unwrap_or(10_000.0);
    let logit_cap = keys.scale("final_logit_softcapping")?;
    Ok(Plan { mixers, local_base, logit_cap, head_norms: HeadNorms::Each, ..plan })
}
