//! Which models are compared: every architecture with what its files can ask for, and every quantisation.

use super::model::{Entry, Plan};
use engine::gguf::Kind;

/// How keys are rotated beyond the context that a model was first trained for.
const YARN: &[(&str, Entry)] = &[
    ("rope.scaling.type", Entry::Text("yarn")),
    ("rope.scaling.factor", Entry::Fraction(4.0)),
    ("rope.scaling.original_context_length", Entry::Count(256)),
];
const MINISTRAL: &[(&str, Entry)] = &[
    ("rope.scaling.type", Entry::Text("yarn")),
    ("rope.scaling.factor", Entry::Fraction(16.0)),
    ("rope.scaling.original_context_length", Entry::Count(16)),
    ("rope.scaling.yarn_beta_fast", Entry::Fraction(8.0)),
    ("rope.scaling.yarn_beta_slow", Entry::Fraction(2.0)),
    ("rope.scaling.yarn_log_multiplier", Entry::Fraction(1.0)),
    ("attention.temperature_scale", Entry::Fraction(0.1)),
];
const LINEAR: &[(&str, Entry)] =
    &[("rope.scaling.type", Entry::Text("linear")), ("rope.scaling.factor", Entry::Fraction(4.0))];
const EXPERTS: &[(&str, Entry)] =
    &[("feed_forward_length", Entry::Count(2048)), ("expert_feed_forward_length", Entry::Count(512))];
const GEMMA2: &[(&str, Entry)] = &[
    ("attention.sliding_window", Entry::Count(8)),
    ("attn_logit_softcapping", Entry::Fraction(2.0)),
    ("final_logit_softcapping", Entry::Fraction(5.0)),
];
const GEMMA3: &[(&str, Entry)] = &[
    ("attention.sliding_window", Entry::Count(8)),
    ("rope.scaling.type", Entry::Text("linear")),
    ("rope.scaling.factor", Entry::Fraction(8.0)),
    ("rope.freq_base", Entry::Fraction(1_000_000.0)),
];
const PHI: &[(&str, Entry)] = &[
    ("rope.dimension_count", Entry::Count(48)),
    ("rope.scaling.original_context_length", Entry::Count(512)),
    ("rope.scaling.attn_factor", Entry::Fraction(1.2)),
];
const PHI_SHORT: &[(&str, Entry)] = &[("rope.scaling.original_context_length", Entry::Count(4096))];
const PHI_WINDOW: &[(&str, Entry)] = &[("attention.sliding_window", Entry::Count(8))];
const GLM: &[(&str, Entry)] = &[("rope.dimension_count", Entry::Count(32))];
const GRANITE: &[(&str, Entry)] = &[
    ("logit_scale", Entry::Fraction(8.0)),
    ("residual_scale", Entry::Fraction(0.22)),
    ("embedding_scale", Entry::Fraction(12.0)),
    ("attention.scale", Entry::Fraction(0.0156)),
];
const GRANITE_UNTURNED: &[(&str, Entry)] =
    &[("logit_scale", Entry::Fraction(8.0)), ("rope.scaling.finetuned", Entry::Flag(false))];
const APERTUS: &[(&str, Entry)] = &[
    ("xielu.alpha_n", Entry::Fractions(&[0.3, -0.4])),
    ("xielu.alpha_p", Entry::Fractions(&[0.8, 1.1])),
    ("xielu.beta", Entry::Fractions(&[0.5, 0.4])),
    ("xielu.eps", Entry::Fractions(&[-1e-6, -1e-6])),
];
const LFM: &[(&str, Entry)] =
    &[("attention.head_count_kv", Entry::Counts(&[0, 2, 0, 0])), ("shortconv.l_cache", Entry::Count(3))];
const OLMO3: &[(&str, Entry)] = &[
    ("attention.sliding_window", Entry::Count(8)),
    ("rope.scaling.type", Entry::Text("yarn")),
    ("rope.scaling.factor", Entry::Fraction(4.0)),
    ("rope.scaling.original_context_length", Entry::Count(256)),
];

const LONG: &[&str] = &["rope_factors_short.weight", "rope_factors_long.weight"];

/// Every architecture, with what its files may ask for.
pub fn structures(kind: Kind) -> Vec<(&'static str, Plan)> {
    let plan = |architecture| Plan::new(architecture, kind);
    let untied = |architecture| Plan { tied: false, ..plan(architecture) };
    vec![
        ("llama", plan("llama")),
        ("llama, own output", untied("llama")),
        ("llama, factors", Plan { factors: &["rope_freqs.weight"], ..plan("llama") }),
        ("llama, linear", Plan { more: LINEAR, ..plan("llama") }),
        ("llama, yarn", Plan { more: YARN, ..plan("llama") }),
        ("llama, biases", Plan { biases: true, ..plan("llama") }),
        ("llama, experts", Plan { experts: 4, ..plan("llama") }),
        ("smollm3", Plan { layers: 5, ..plan("smollm3") }),
        ("mistral3", Plan { more: MINISTRAL, ..untied("mistral3") }),
        ("qwen2", Plan { biases: true, ..plan("qwen2") }),
        ("qwen3", Plan { head: 128, ..plan("qwen3") }),
        ("qwen3, yarn", Plan { more: YARN, ..plan("qwen3") }),
        ("qwen3moe", Plan { experts: 6, more: EXPERTS, ..untied("qwen3moe") }),
        ("gemma2", Plan { layers: 4, more: GEMMA2, ..plan("gemma2") }),
        ("gemma3", Plan { layers: 7, more: GEMMA3, ..plan("gemma3") }),
        ("phi3", Plan { factors: LONG, more: PHI, ..untied("phi3") }),
        ("phi3, short", Plan { factors: LONG, more: PHI_SHORT, ..plan("phi3") }),
        ("glm4", Plan { more: GLM, biases: true, ..untied("glm4") }),
        ("granite", Plan { more: GRANITE, ..plan("granite") }),
        ("granite, unturned", Plan { more: GRANITE_UNTURNED, ..plan("granite") }),
        ("apertus", Plan { more: APERTUS, factors: &["rope_freqs.weight"], ..untied("apertus") }),
        ("lfm2", Plan { layers: 4, more: LFM, ..plan("lfm2") }),
        ("olmo2", untied("olmo2")),
        ("olmo2, windows", Plan { layers: 5, more: OLMO3, ..untied("olmo2") }),
        ("exaone4", plan("exaone4")),
    ]
}

/// What llama.cpp computes otherwise than the models are trained, and shapes that only we allow.
pub fn ours(kind: Kind) -> Vec<(&'static str, Plan)> {
    let llama = Plan::new("llama", kind);
    vec![
        ("phi3, window", Plan { more: PHI_WINDOW, ..Plan::new("phi3", kind) }),
        ("exaone4, windows", Plan { layers: 64, ..Plan::new("exaone4", kind) }),
        ("every head its own keys", Plan { heads: 4, kv_heads: 4, ..llama }),
        ("six heads share keys", Plan { heads: 6, kv_heads: 1, ..llama }),
        ("narrow heads", Plan { heads: 3, kv_heads: 3, head: 24, ..llama }),
    ]
}

/// Every format that weights may be in.
pub const KINDS: [Kind; 13] = [
    Kind::F32,
    Kind::F16,
    Kind::BF16,
    Kind::Q4_0,
    Kind::Q4_1,
    Kind::Q5_0,
    Kind::Q5_1,
    Kind::Q8_0,
    Kind::Q2_K,
    Kind::Q3_K,
    Kind::Q4_K,
    Kind::Q5_K,
    Kind::Q6_K,
];

/// What llama.cpp's logits are recorded of: every structure in plain numbers, and a Llama in every format.
pub fn recorded() -> Vec<(String, Plan)> {
    let kinds = KINDS.into_iter().map(|kind| (format!("llama {}", kind.name()), Plan::new("llama", kind)));
    structures(Kind::F32).into_iter().map(|(name, plan)| (name.to_owned(), plan)).chain(kinds).collect()
}

/// The tokens that are read.
pub fn tokens(count: u32) -> Vec<u32> {
    (0..count).map(|at| (at * 37 + at * at / 3 + 5) % super::model::VOCAB as u32).collect()
}
