//! The Llama family: Llama, SmolLM 2, Mistral, EuroLLM, Lucie and what is converted to their form; with experts
//! (Mixtral); SmolLM 3, which leaves every fourth layer without rotation; Ministral 3.

use super::{
    keys::Keys,
    plan::{Heat, Mixer, Plan, Turn},
};
use crate::error::Result;
use kernels::Pairs;

/// Llama: files pair neighbouring values for rotation.
pub(super) fn llama(keys: Keys<'_>) -> Result<Plan> {
    Ok(Plan { pairs: Pairs::Neighbours, ..Plan::plain(keys)? })
}

/// SmolLM 3: layers 4, 8, ... know nothing of positions (Yang et al., "RoPE to NoPE and back again").
pub(super) fn smollm3(keys: Keys<'_>) -> Result<Plan> {
    let plan = llama(keys)?;
    let turn = |layer: usize| if (layer + 1).is_multiple_of(4) { Turn::None } else { Turn::Main };
    let mixers = (0..plan.shape.layers).map(|layer| Mixer::Attention { window: None, turn: turn(layer) }).collect();
    Ok(Plan { mixers, ..plan })
}

/// Ministral 3: queries grow with their distance from the start, in steps of the original context.
pub(super) fn mistral3(keys: Keys<'_>) -> Result<Plan> {
    let plan = llama(keys)?;
    let length = keys.count("rope.scaling.original_context_length").unwrap_or(plan.shape.context);
    let heat = match keys.scale("attention.temperature_scale")? {
        Some(_) if length == 0 => return Err(keys.file.malformed("its original context is 0")),
        scale => scale.map(|scale| Heat { scale, length }),
    };
    Ok(Plan { heat, ..plan })
}
