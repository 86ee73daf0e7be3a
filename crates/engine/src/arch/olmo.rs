//! Norms only after: OLMo 2 and 3, which norm all queries of a token together, and EXAONE 4, which norms each head.

use super::{
    keys::Keys,
    plan::{HeadNorms, Plan, Turn},
};
use crate::error::Result;

/// OLMo 2, and OLMo 3 with windows, within which the rotation is not scaled.
pub(super) fn olmo2(keys: Keys<'_>) -> Result<Plan> {
    let plan = Plan { norms_before: false, norms_after: true, head_norms: HeadNorms::Whole, ..Plan::plain(keys)? };
    let mixers = match keys.count("attention.sliding_window") {
        None | Some(0) => plan.mixers,
        Some(window) => Plan::windows(&keys.windowed(4, plan.shape.layers)?, window, Turn::Local, Turn::Main),
    };
    Ok(Plan { mixers, ..plan })
}

/// EXAONE 4. The 32 B model, known by its 64 layers, has windows and rotates only within them.
pub(super) fn exaone4(keys: Keys<'_>) -> Result<Plan> {
    let plan = Plan { norms_before: false, norms_after: true, head_norms: HeadNorms::Each, ..Plan::plain(keys)? };
    if plan.shape.layers != 64 {
        return Ok(plan);
    }
    let window =
        if keys.get("attention.sliding_window").is_some() { keys.size("attention.sliding_window")? } else { 4096 };
    let mixers = Plan::windows(&keys.windowed(4, plan.shape.layers)?, window, Turn::Main, Turn::None);
    Ok(Plan { mixers, ..plan })
}
