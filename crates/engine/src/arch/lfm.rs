//! LFM 2: most layers are short convolutions between two gates, the others attend with normed queries and keys.

use super::{
    keys::Keys,
    plan::{HeadNorms, Mixer, Plan, Turn},
};
use crate::error::Result;

/// No file needs a convolution as long.
const MOST_TAPS: usize = 64;

/// LFM 2. A layer without key heads is a convolution.
pub(super) fn lfm2(keys: Keys<'_>) -> Result<Plan> {
    let plan = Plan::plain(keys)?;
    let layers = plan.shape.layers;
    let taps = keys.size("shortconv.l_cache")?;
    if !(2..=MOST_TAPS).contains(&taps) {
        return Err(keys.file.malformed(format!("{} is {taps}", keys.name("shortconv.l_cache"))));
    }
    let window = keys.count("attention.sliding_window").filter(|window| *window > 0);
    let heads = keys.each("attention.head_count_kv", layers)?.unwrap_or_else(|| vec![plan.shape.kv_heads; layers]);
    let mixer = |heads: &usize| match heads {
        0 => Mixer::Convolution,
        _ => Mixer::Attention { window, turn: Turn::Main },
    };
    let mixers = heads.iter().map(mixer).collect();
    Ok(Plan { mixers, taps, head_norms: HeadNorms::Each, last_norm: "token_embd_norm.weight", ..plan })
}
