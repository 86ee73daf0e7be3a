//! Do the fast decoders compute what the plain one does?
//!
//! The measure is candle in f32 on dequantised weights (`arch::reference`). Stated tolerance, as the length
//! of the difference of the logits over their own length: 2 in 1000 where weights are plain numbers (keys and
//! values are kept in half precision), 2 in 100 where they are codes (activations are rounded to 8 bits).
//! Between thread counts and ways of cutting a prompt, no difference at all.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod model;

use engine::{
    arch::{self, Decoder, Opening, reference},
    gguf::{Gguf, Kind},
    tokenizer::{Special, Tokenizer},
};
use model::{CONTEXT, Plan, VOCAB};
use std::path::PathBuf;

fn fast(file: &Gguf, threads: usize) -> Box<dyn Decoder> {
    arch::open(file, &mut Opening { threads, positions: CONTEXT, progress: &mut |_, _| {} }).unwrap()
}

fn plain(file: &Gguf) -> Box<dyn Decoder> {
    reference::open(file, &mut Opening { threads: 1, positions: CONTEXT, progress: &mut |_, _| {} }).unwrap()
}

/// The logits after each part.
fn read(decoder: &mut dyn Decoder, parts: &[&[u32]]) -> Vec<Vec<f32>> {
    let mut cache = decoder.new_cache(CONTEXT).unwrap();
    parts.iter().map(|part| decoder.forward(part, &mut cache).unwrap()).collect()
}

fn tokens(count: u32) -> Vec<u32> {
    (0..count).map(|at| (at * 37 + at * at / 3 + 5) % VOCAB as u32).collect()
}

fn difference(found: &[f32], expected: &[f32]) -> f32 {
    let length = |values: &mut dyn Iterator<Item = f32>| values.map(|value| value * value).sum::<f32>().sqrt();
    let apart = length(&mut found.iter().zip(expected).map(|(found, expected)| found - expected));
    apart / length(&mut expected.iter().copied())
}

fn best(logits: &[f32], count: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..logits.len()).collect();
    order.sort_by(|a, b| logits[*b].total_cmp(&logits[*a]));
    order.truncate(count);
    order
}

fn tolerance(kind: Kind) -> f32 {
    if matches!(kind, Kind::F32 | Kind::F16 | Kind::BF16) { 2e-3 } else { 2e-2 }
}

fn check(what: &str, plan: Plan) {
    let written = model::write(plan);
    let file = Gguf::open(&written.path).unwrap();
    let tokens = tokens(40);
    // A prompt, a few single tokens, a second turn.
    let parts: Vec<&[u32]> = vec![&tokens[..17], &tokens[17..18], &tokens[18..19], &tokens[19..40]];
    let found = read(&mut *fast(&file, 2), &parts);
    let expected = read(&mut *plain(&file), &parts);
    for (at, (found, expected)) in found.iter().zip(&expected).enumerate() {
        let apart = difference(found, expected);
        println!("{what}: part {at} differs by {apart:.5}");
        assert!(apart < tolerance(plan.kind), "{what}: part {at} differs by {apart}");
    }
}

#[test]
fn every_quantisation_agrees_with_the_reference() {
    use Kind::{BF16, F16, F32, Q2_K, Q3_K, Q4_0, Q4_1, Q4_K, Q5_0, Q5_1, Q5_K, Q6_K, Q8_0};
    for kind in [F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K] {
        check(kind.name(), Plan::new("llama", kind));
    }
}

#[test]
fn every_structure_agrees_with_the_reference() {
    let llama = Plan::new("llama", Kind::F16);
    let table = [
        ("own output", Plan { tied: false, ..llama }),
        ("rope factors", Plan { factors: true, ..llama }),
        ("linear rope scaling", Plan { linear_scaling: Some(4.0), ..llama }),
        ("biases", Plan { biases: true, ..llama }),
        ("every head its own keys", Plan { heads: 4, kv_heads: 4, ..llama }),
        ("six heads share keys", Plan { heads: 6, kv_heads: 1, ..llama }),
        ("narrow heads", Plan { heads: 3, kv_heads: 3, head: 24, ..llama }),
        ("qwen2", Plan { biases: true, ..Plan::new("qwen2", Kind::Q8_0) }),
        ("qwen3", Plan { head_norms: true, head: 128, ..Plan::new("qwen3", Kind::Q4_K) }),
    ];
    for (what, plan) in table {
        check(what, plan);
    }
}

#[test]
fn threads_and_cuts_change_nothing() {
    for kind in [Kind::Q4_1, Kind::Q6_K, Kind::F16] {
        let written = model::write(Plan::new("llama", kind));
        let file = Gguf::open(&written.path).unwrap();
        let tokens = tokens(300);
        let expected = read(&mut *fast(&file, 1), &[&tokens]).pop().unwrap();
        for threads in [1, 2, 3] {
            let mut decoder = fast(&file, threads);
            for cut in [1, 7, 128, 299, 300] {
                let parts: Vec<&[u32]> = tokens.chunks(cut).collect();
                let found = read(&mut *decoder, &parts).pop().unwrap();
                assert!(found == expected, "{}: {threads} threads, {cut} at once", kind.name());
            }
        }
    }
}

#[test]
fn a_truncated_cache_is_as_if_the_rest_was_never_read() {
    let written = model::write(Plan::new("llama", Kind::Q4_0));
    let file = Gguf::open(&written.path).unwrap();
    let mut decoder = fast(&file, 2);
    let (tokens, other) = (tokens(200), vec![3; 150]);
    let mut cache = decoder.new_cache(CONTEXT).unwrap();
    decoder.forward(&tokens[..130], &mut cache).unwrap();
    decoder.forward(&other, &mut cache).unwrap();
    cache.truncate(130);
    let found = decoder.forward(&tokens[130..], &mut cache).unwrap();
    assert!(found == read(&mut *decoder, &[&tokens]).pop().unwrap());
}

#[test]
fn a_full_cache_and_unknown_tokens_are_refused() {
    let written = model::write(Plan::new("llama", Kind::Q4_0));
    let mut decoder = fast(&Gguf::open(&written.path).unwrap(), 1);
    let mut cache = decoder.new_cache(8).unwrap();
    let code = |result: engine::error::Result<Vec<f32>>| result.unwrap_err().code();
    assert_eq!(code(decoder.forward(&tokens(9), &mut cache)), "context_length_exceeded");
    assert_eq!(code(decoder.forward(&[VOCAB as u32], &mut cache)), "compute");
    assert_eq!(code(decoder.forward(&[], &mut cache)), "compute");
    assert_eq!(cache.len(), 0);
    assert!(decoder.forward(&tokens(8), &mut cache).is_ok());
}

/// The starter model, where it is installed.
fn starter() -> Option<PathBuf> {
    let folder = std::env::var_os("ATELIER_MODELS").map(PathBuf::from).or_else(|| {
        let data = std::env::var_os("XDG_DATA_HOME").map(PathBuf::from);
        let data = data.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".local/share")));
        Some(data?.join("atelier/models"))
    })?;
    let found = std::fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path()).find(|path| {
        path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with("SmolLM2-135M"))
    });
    if found.is_none() {
        println!("skipped: the starter model is not installed");
    }
    found
}

const TEXT: &str = "The harbour was quiet that morning. Two fishermen mended their nets and talked about the \
    weather, the price of diesel and the new bridge, which had been promised for eleven years and was now, to \
    everybody's surprise, almost finished.";

#[test]
fn the_starter_model_agrees_with_the_reference() {
    let Some(path) = starter() else { return };
    let file = Gguf::open(&path).unwrap();
    let ids = Tokenizer::open(&file).unwrap().encode(&[(TEXT, Special::Plain)], false).unwrap();
    let parts: Vec<&[u32]> = ids.chunks(1).collect();
    let found = read(&mut *fast(&file, 2), &parts);
    let expected = read(&mut *plain(&file), &parts);
    let (mut shared, mut same, mut apart) = (0, 0, Vec::new());
    for (found, expected) in found.iter().zip(&expected) {
        let (ours, theirs) = (best(found, 5), best(expected, 5));
        shared += ours.iter().filter(|id| theirs.contains(id)).count();
        same += usize::from(ours[0] == theirs[0]);
        apart.push(difference(found, expected));
    }
    let count = found.len();
    let mean = apart.iter().sum::<f32>() / count as f32;
    let worst = apart.iter().copied().fold(0f32, f32::max);
    println!("{shared} of {} top-5 shared, {same} of {count} best the same", count * 5);
    println!("the logits differ by {mean:.4} on average and {worst:.4} at most");
    assert!(shared * 100 >= count * 5 * 90, "{shared} of {} among the best five", count * 5);
    assert!(same * 100 >= count * 90, "{same} of {count} best tokens");
    // A real model's activations have a few values far larger than the rest, next to which 8 bits leave little:
    // the differences are larger than on random weights.
    assert!(mean < 0.05 && worst < 0.2, "the logits differ by {mean} on average and {worst} at most: {apart:?}");
}

#[test]
fn the_starter_model_writes_the_same_whatever_the_threads_and_cuts() {
    let Some(path) = starter() else { return };
    let file = Gguf::open(&path).unwrap();
    let tokenizer = Tokenizer::open(&file).unwrap();
    let prompt = tokenizer.encode(&[(TEXT, Special::Plain)], false).unwrap();
    let mut first: Option<Vec<u32>> = None;
    for threads in [1, 2] {
        let mut decoder = fast(&file, threads);
        for cut in [prompt.len(), 16, 1] {
            let mut cache = decoder.new_cache(CONTEXT).unwrap();
            let mut logits = Vec::new();
            for part in prompt.chunks(cut) {
                logits = decoder.forward(part, &mut cache).unwrap();
            }
            let mut written = Vec::new();
            for _ in 0..32 {
                let next = best(&logits, 1)[0] as u32;
                written.push(next);
                logits = decoder.forward(&[next], &mut cache).unwrap();
            }
            println!("{threads} threads, {cut} at once: {:?}", tokenizer.decode(&written, false));
            assert_eq!(first.get_or_insert_with(|| written.clone()), &written, "{threads} threads, {cut} at once");
        }
    }
}
