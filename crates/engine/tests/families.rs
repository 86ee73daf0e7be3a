//! Metadata that cannot be ends in an error that says so, for what only some families of models have: never a panic,
//! a hang or an answer that makes no sense. And what checking says without reading weights is what opening does.

#![allow(clippy::unwrap_used, reason = "a test may")]

#[allow(dead_code, reason = "the parity tests use the rest")]
#[path = "parity/model.rs"]
mod model;
#[allow(dead_code, reason = "the parity tests use the rest")]
#[path = "parity/plans.rs"]
mod plans;

use engine::{
    arch::{self, Memory, Opening},
    error::EngineError,
    gguf::{Gguf, Kind},
};
use model::{Entry, Plan};

/// What opening a file comes to; checking it must come to the same.
fn open(plan: Plan) -> Result<(), EngineError> {
    let written = model::write(plan);
    let file = Gguf::open(&written.path)?;
    let checked = arch::check(&file);
    let mut opening = Opening { threads: 1, positions: 64, kv: kernels::KvKind::F16, progress: &mut |_, _| {} };
    let opened = arch::open(&file, &mut opening);
    assert_eq!(checked.is_ok(), opened.is_ok(), "{checked:?} and {:?}", opened.as_ref().err());
    let mut decoder = opened?;
    let mut cache = decoder.new_cache(64)?;
    decoder.read(&[1, 2, 3], &mut cache).map(drop)
}

/// Metadata under the architecture's name.
type Entries = &'static [(&'static str, Entry)];

/// A structure by name, with metadata replaced.
fn with(name: &str, more: Entries) -> Plan {
    let (_, plan) = plans::structures(Kind::F32).into_iter().find(|(other, _)| *other == name).unwrap();
    Plan { more: Box::leak(replaced(plan.more, more).into_boxed_slice()), ..plan }
}

fn replaced(old: Entries, new: Entries) -> Vec<(&'static str, Entry)> {
    let kept = old.iter().filter(|(key, _)| !new.iter().any(|(other, _)| other == key));
    kept.chain(new).copied().collect()
}

#[test]
fn what_cannot_be_is_refused() {
    use Entry::{Count, Counts, Fraction, Fractions, Text};
    let (malformed, unsupported, incomplete) = ("model.malformed", "model.unsupported", "model.incomplete");
    let cases: &[(&str, Entries, &str)] = &[
        ("qwen3moe", &[("expert_count", Count(0))], malformed),
        ("qwen3moe", &[("expert_count", Count(1_000_000))], malformed),
        ("qwen3moe", &[("expert_used_count", Count(0))], malformed),
        ("qwen3moe", &[("expert_used_count", Count(7))], malformed),
        ("qwen3moe", &[("expert_feed_forward_length", Count(96))], malformed),
        ("gemma2", &[("attention.sliding_window", Count(0))], malformed),
        ("gemma2", &[("attn_logit_softcapping", Fraction(f32::NAN))], malformed),
        ("gemma2", &[("final_logit_softcapping", Fraction(-3.0))], malformed),
        ("gemma3", &[("attention.sliding_window_pattern", Counts(&[1, 0]))], malformed),
        ("gemma3", &[("rope.scaling.factor", Fraction(f32::INFINITY))], malformed),
        ("gemma3", &[("rope.freq_base_swa", Fraction(f32::NAN))], malformed),
        ("phi3", &[("rope.scaling.attn_factor", Fraction(f32::NAN))], malformed),
        ("phi3", &[("rope.dimension_count", Count(0))], malformed),
        ("phi3", &[("rope.dimension_count", Count(200))], malformed),
        ("llama, yarn", &[("rope.scaling.original_context_length", Count(0))], malformed),
        ("llama, yarn", &[("rope.scaling.yarn_beta_fast", Fraction(-1.0))], malformed),
        ("llama, yarn", &[("rope.scaling.type", Text("dynamic"))], unsupported),
        ("mistral3", &[("attention.temperature_scale", Fraction(f32::NEG_INFINITY))], malformed),
        ("granite", &[("logit_scale", Fraction(0.0))], incomplete),
        ("granite", &[("logit_scale", Fraction(f32::NAN))], malformed),
        ("granite", &[("residual_scale", Fraction(1e30))], malformed),
        ("apertus", &[("xielu.alpha_p", Fractions(&[1.0, 2.0, 3.0]))], malformed),
        ("apertus", &[("xielu.beta", Fractions(&[1.0, f32::NAN]))], malformed),
        ("lfm2", &[("attention.head_count_kv", Counts(&[0, 2, 0]))], malformed),
        ("lfm2", &[("attention.head_count_kv", Counts(&[0, -2, 0, 0]))], malformed),
        ("lfm2", &[("attention.head_count_kv", Counts(&[0, 0, 0, 0]))], malformed),
        ("lfm2", &[("attention.head_count_kv", Counts(&[2, 1, 2, 2]))], unsupported),
        ("lfm2", &[("shortconv.l_cache", Count(0))], malformed),
        ("lfm2", &[("shortconv.l_cache", Count(4))], malformed),
        ("lfm2", &[("shortconv.l_cache", Count(500_000))], malformed),
        ("llama", &[("attention.head_count_kv", Counts(&[2, 0]))], malformed),
        ("llama", &[("attention.value_length", Count(32))], unsupported),
        ("glm4", &[("rope.dimension_sections", Counts(&[8, 12, 12, 0]))], unsupported),
        ("glm4", &[("nextn_predict_layers", Count(2))], malformed),
    ];
    for (name, more, code) in cases {
        let error = open(with(name, more)).err().unwrap_or_else(|| panic!("{name} opened with {:?}", more[0].0));
        assert_eq!(error.code(), *code, "{name}, {}: {error}", more[0].0);
        assert!(!error.to_string().is_empty() && !error.hint().is_empty());
    }
}

#[test]
fn tensors_that_would_be_left_out_are_refused() {
    // The norms of queries and keys in a model whose family has none: to leave them out would be another model.
    let (_, qwen) = plans::structures(Kind::F32).into_iter().find(|(name, _)| *name == "qwen3").unwrap();
    let written = model::write_as(qwen, "qwen2");
    let error = arch::check(&Gguf::open(&written.path).unwrap()).unwrap_err();
    assert_eq!(error.code(), "model.unsupported");
    assert!(error.to_string().contains("blk.0.attn_k_norm.weight"), "{error}");
}

#[test]
fn every_architecture_of_the_table_is_compared() {
    let compared: Vec<&str> = plans::structures(Kind::F32).iter().map(|(_, plan)| plan.architecture).collect();
    for architecture in arch::ARCHITECTURES {
        assert!(compared.contains(&architecture.name), "{} is compared with nothing", architecture.name);
    }
}

#[test]
fn memory_counts_only_what_is_kept() {
    // Of four layers of LFM 2 one keeps keys and values; the others keep their inputs, which are wider.
    let memory = |name: &str| {
        let (_, plan) = plans::structures(Kind::Q8_0).into_iter().find(|(other, _)| *other == name).unwrap();
        let written = model::write(plan);
        let file = Gguf::open(&written.path).unwrap();
        let shape = arch::check(&file).unwrap();
        (Memory::of(&file, &shape), shape)
    };
    let (_, lfm) = memory("lfm2");
    assert_eq!((lfm.attention_layers(), lfm.convolutions), (1, 3));
    let (experts, shape) = memory("qwen3moe");
    assert_eq!((shape.experts, shape.experts_used, shape.feed_forward), (6, 2, 512));
    // Six experts of three matrices of 256 x 512 in each of two layers, in a little over a byte for each weight.
    assert!(experts.weights > 2 * 6 * 3 * 256 * 512 && experts.weights < 2 * 2 * 6 * 3 * 256 * 512, "{experts:?}");
}
