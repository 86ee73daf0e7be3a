//! Phi 3, 3.5 and 4: queries, keys and values in one tensor, gate and up in another; long contexts by factors
//! for each pair of the rotation (LongRoPE, Ding et al.).

use super::{
    keys::Keys,
    plan::{Gate, Mixer, Plan, Turn},
};
use crate::error::Result;

/// Phi 3. The window is the one the models are trained with, in every layer. llama.cpp leaves it out, so beyond
/// it the two differ; within it they do not.
pub(super) fn phi3(keys: Keys<'_>) -> Result<Plan> {
    let plan = Plan::plain(keys)?;
    let window = keys.count("attention.sliding_window").filter(|window| *window > 0);
    let mixers = vec![Mixer::Attention { window, turn: Turn::Main }; plan.shape.layers];
    Ok(Plan { mixers, gate: Gate::FusedSilu, ..plan })
}
