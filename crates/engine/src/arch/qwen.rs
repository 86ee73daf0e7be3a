//! The Qwen models: 2 and 2.5 with biases, 3 with norms of queries and keys, dense or with experts.

use super::{
    keys::Keys,
    plan::{HeadNorms, Plan},
};
use crate::error::Result;

/// Qwen 2 and 2.5. Biases are used where the file has them.
pub(super) fn qwen2(keys: Keys<'_>) -> Result<Plan> {
    Plan::plain(keys)
}

/// Qwen 3.
pub(super) fn qwen3(keys: Keys<'_>) -> Result<Plan> {
    Ok(Plan { head_norms: HeadNorms::Each, ..Plan::plain(keys)? })
}

/// Qwen 3 with experts in place of the feed-forward part.
pub(super) fn qwen3moe(keys: Keys<'_>) -> Result<Plan> {
    let mut plan = qwen3(keys)?;
    if plan.shape.experts == 0 {
        return Err(keys.file.malformed("it has no experts"));
    }
    if keys.get("expert_feed_forward_length").is_none() {
        // Early files give the width of all chosen experts together.
        plan.shape.feed_forward = (plan.shape.feed_forward / plan.shape.experts_used).max(1);
    }
    Ok(plan)
}
