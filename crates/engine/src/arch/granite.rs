//! Granite 3 and 4, dense: a Llama with scales for embeddings, residuals, attention and logits.

use super::{
    keys::Keys,
    llama::llama,
    plan::{Mixer, Plan, Scales, Turn},
};
use crate::error::Result;

/// Granite. A file whose rotation is not "finetuned" has none.
pub(super) fn granite(keys: Keys<'_>) -> Result<Plan> {
    let plan = llama(keys)?;
    let logits = keys.scale("logit_scale")?.ok_or_else(|| keys.file.missing(&keys.name("logit_scale")))?;
    let scales = Scales {
        embedding: keys.scale("embedding_scale")?.unwrap_or(1.0),
        residual: keys.scale("residual_scale")?.unwrap_or(1.0),
        logits: 1.0 / logits,
        ..plan.scales
    };
    let turned = keys.file.flag(&keys.name("rope.scaling.finetuned")).unwrap_or(true);
    let turn = if turned { Turn::Main } else { Turn::None };
    let mixers = vec![Mixer::Attention { window: None, turn }; plan.shape.layers];
    Ok(Plan { scales, mixers, ..plan })
}
