//! GLM 4: norms before and after, half of each head rotated, gate and up in one tensor.

use super::{
    keys::Keys,
    plan::{Gate, Plan},
};
use crate::error::Result;
use kernels::Pairs;

/// GLM 4 (0414), whose files pair neighbouring values.
pub(super) fn glm4(keys: Keys<'_>) -> Result<Plan> {
    Ok(Plan { pairs: Pairs::Neighbours, norms_after: true, gate: Gate::FusedSilu, ..Plan::plain(keys)? })
}
