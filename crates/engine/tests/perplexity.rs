//! Does the engine foresee a text as well as llama.cpp does? Its perplexity, with the value that
//! `tests/python/record_logits.py` recorded.
//!
//! The text is ours: pages on decisions, as they once were. The two may differ by one part in a hundred. Both round
//! activations to 8 bits, each in its way.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::starter;
use engine::commands::perplexity::perplexity;
use kernels::KvKind;
use serde_json::Value;
use std::path::Path;

#[test]
fn perplexity_is_that_of_llama_cpp() {
    let Some(model) = starter::chat() else { return };
    let recorded: Value = serde_json::from_str(include_str!("perplexity/recorded.json")).unwrap();
    let number = |key: &str| recorded[key].as_u64().unwrap() as usize;
    let text = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/perplexity/text.txt");
    let found = perplexity(&model, &text, number("window"), 2, KvKind::F16).unwrap();
    assert_eq!((found.tokens, found.counted), (number("tokens"), number("counted")), "the same tokens count");
    let theirs = recorded["perplexity"].as_f64().unwrap();
    println!("{} here, {theirs} in {}", found.perplexity, recorded["recorded_from"]);
    assert!((found.perplexity / theirs - 1.0).abs() < 0.01, "{} here, {theirs} there", found.perplexity);
    // Keys and values in 8 bits cost next to nothing of that.
    let eight = perplexity(&model, &text, number("window"), 2, KvKind::Q8_0).unwrap();
    println!("{} with keys and values in 8 bits", eight.perplexity);
    assert_ne!(eight.perplexity, found.perplexity);
    assert!((eight.perplexity / theirs - 1.0).abs() < 0.01, "{} in 8 bits, {theirs} there", eight.perplexity);
}
