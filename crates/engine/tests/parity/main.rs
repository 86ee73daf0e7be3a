//! Do the fast decoders compute what the plain one does?
//!
//! The measure is candle in f32 on dequantised weights (`arch::reference`), and two things are asked of it.
//!
//! *Is the decoder right?* The reference then rounds where the kernels do (activations to 8 bits, keys and
//! values to half precision), so that what is left is what sums in another order leave. On random weights that
//! is next to nothing. On a real model it is not: where a value lies next to the border between two codes, the
//! last bit of a sum decides, and what is decided otherwise decides more otherwise in every layer behind it.
//! So the real model is tested in two ways. Without codes, its weights as half-precision numbers, the two
//! decoders must agree to 2 in 1000. With codes they may come apart no further than the reference does from
//! itself when its input is changed by a part in ten million, which measures just that.
//!
//! *Is what is rounded little enough?* The reference is then exact. The bound is on quality: 2 in 1000 where
//! weights are plain numbers, 2 in 100 where they are codes, more for a real model.
//!
//! Differences are the length of the difference of the logits over their own length. Between thread counts
//! and ways of cutting a prompt there is no difference at all.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod model;
mod peer;
mod plans;
#[path = "../common/starter.rs"]
mod starter;

use candle_core::Device;
use engine::{
    arch::{self, Decoder, Opening, Run, Wanted, reference},
    gguf::{Gguf, Kind},
    tokenizer::{Special, Tokenizer},
};
use kernels::KvKind;
use model::{CONTEXT, Plan, VOCAB};
use plans::{KINDS, ours, structures, tokens};

fn fast(file: &Gguf, threads: usize) -> Box<dyn Decoder> {
    keeping(file, threads, KvKind::F16)
}

fn keeping(file: &Gguf, threads: usize, kv: KvKind) -> Box<dyn Decoder> {
    arch::open(file, &mut Opening { threads, positions: CONTEXT, kv, progress: &mut |_, _| {} }).unwrap()
}

fn plain(file: &Gguf) -> Box<dyn Decoder> {
    reference::open(file, &mut Opening { threads: 1, positions: CONTEXT, kv: KvKind::F16, progress: &mut |_, _| {} })
        .unwrap()
}

fn rounded(file: &Gguf, nudge: f32) -> Box<dyn Decoder> {
    let mut opening = Opening { threads: 1, positions: CONTEXT, kv: KvKind::F16, progress: &mut |_, _| {} };
    reference::open_rounded(file, &mut opening, nudge).unwrap()
}

/// The logits after each part.
fn read(decoder: &mut dyn Decoder, parts: &[&[u32]]) -> Vec<Vec<f32>> {
    let mut cache = decoder.new_cache(CONTEXT).unwrap();
    parts.iter().map(|part| decoder.read(part, &mut cache).unwrap()).collect()
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

/// What sums in another order may leave: with codes, a few that are decided otherwise. The kernels round the
/// scales of k-quants to half precision, and Q2_K and Q3_K to 8 bits, which the reference does not: there,
/// much is decided otherwise, and only the bound on quality is left.
fn same_rounding(kind: Kind) -> f32 {
    match kind {
        Kind::F32 | Kind::F16 | Kind::BF16 => 1e-4,
        Kind::Q4_0 | Kind::Q4_1 | Kind::Q5_0 | Kind::Q5_1 | Kind::Q8_0 => 1e-2,
        Kind::Q2_K | Kind::Q3_K | Kind::Q4_K | Kind::Q5_K | Kind::Q6_K => tolerance(kind),
    }
}

/// How far the logits after each part are apart.
fn apart_in(found: &[Vec<f32>], expected: &[Vec<f32>]) -> Vec<f32> {
    found.iter().zip(expected).map(|(found, expected)| difference(found, expected)).collect()
}

fn check(what: &str, plan: Plan) {
    let written = model::write(plan);
    let file = Gguf::open(&written.path).unwrap();
    let tokens = tokens(40);
    // A prompt, a few single tokens, a second turn.
    let parts: Vec<&[u32]> = vec![&tokens[..17], &tokens[17..18], &tokens[18..19], &tokens[19..40]];
    let found = read(&mut *fast(&file, 2), &parts);
    // What is decided otherwise in one layer decides more otherwise in every layer behind it: how much, the reference
    // shows beside itself.
    let own = apart_in(&read(&mut *rounded(&file, NUDGE), &parts), &read(&mut *rounded(&file, 0.0), &parts));
    let deep = (plan.layers as f32 / 4.0).max(1.0);
    let same = (same_rounding(plan.kind) * deep).max(2.0 * worst(&own).1);
    for (reference, most) in [(plain(&file), tolerance(plan.kind)), (rounded(&file, 0.0), same)] {
        let mut reference = reference;
        for (at, (found, expected)) in found.iter().zip(&read(&mut *reference, &parts)).enumerate() {
            let apart = difference(found, expected);
            println!("{what}: part {at} differs by {apart:.6}, at most {most}");
            assert!(apart < most, "{what}: part {at} differs by {apart}");
        }
    }
}

#[test]
fn every_quantisation_agrees_with_the_reference() {
    for kind in KINDS {
        check(kind.name(), Plan::new("llama", kind));
    }
}

#[test]
fn every_structure_agrees_with_the_reference() {
    for (name, plan) in structures(Kind::F16).into_iter().chain(ours(Kind::F16)) {
        check(name, plan);
    }
}

#[test]
fn every_structure_in_codes_agrees_with_the_reference() {
    for (name, plan) in structures(Kind::Q8_0) {
        check(name, plan);
    }
}

/// What runs on graphics processors, on candle's kernels for the cores: the same program, another device. Their
/// products also round the scale of each block of inputs, to half precision, so the bound for codes is 3 in 100.
#[test]
fn candle_with_codes_agrees_with_the_reference() {
    let kinds = KINDS.into_iter().map(|kind| (kind.name(), Plan::new("llama", kind)));
    let all = kinds.chain(structures(Kind::F16)).chain(structures(Kind::Q8_0)).chain(ours(Kind::F16));
    for (what, plan) in all {
        let written = model::write(plan);
        let file = Gguf::open(&written.path).unwrap();
        let tokens = tokens(40);
        let parts: Vec<&[u32]> = vec![&tokens[..17], &tokens[17..18], &tokens[18..40]];
        let mut opening = Opening { threads: 1, positions: CONTEXT, kv: KvKind::F16, progress: &mut |_, _| {} };
        let mut coded = reference::open_on(&Device::Cpu, &file, &mut opening).unwrap();
        let apart = apart_in(&read(&mut *coded, &parts), &read(&mut *plain(&file), &parts));
        let coded = !matches!(plan.kind, Kind::F32 | Kind::F16 | Kind::BF16);
        let most = if coded { 3e-2 } else { tolerance(plan.kind) } * (plan.layers as f32 / 4.0).max(1.0);
        println!("{what}: {apart:?}, at most {most}");
        assert!(apart.iter().all(|apart| *apart < most), "{what}: {apart:?}");
    }
}

/// One file of each architecture, and a Llama in each way of multiplying.
fn samples() -> Vec<(String, Plan)> {
    let structures = structures(Kind::Q4_1).into_iter().map(|(name, plan)| (name.to_owned(), plan));
    let kinds = [Kind::Q6_K, Kind::Q8_0, Kind::F16].map(|kind| (kind.name().to_owned(), Plan::new("llama", kind)));
    let mut samples: Vec<(String, Plan)> = structures.filter(|(name, _)| !name.contains(',')).chain(kinds).collect();
    samples.push(("olmo2 with windows".to_owned(), named("olmo2, windows", Kind::F16)));
    samples
}

fn named(name: &str, kind: Kind) -> Plan {
    structures(kind).into_iter().find(|(other, _)| *other == name).unwrap().1
}

#[test]
fn threads_and_cuts_change_nothing() {
    for (name, plan) in samples() {
        let written = model::write(plan);
        let file = Gguf::open(&written.path).unwrap();
        let tokens = tokens(300);
        let expected = read(&mut *fast(&file, 1), &[&tokens]).pop().unwrap();
        for (threads, cuts) in [(1, &[7, 300][..]), (2, &[1, 128, 299]), (3, &[100])] {
            let mut decoder = fast(&file, threads);
            for cut in cuts {
                let parts: Vec<&[u32]> = tokens.chunks(*cut).collect();
                let found = read(&mut *decoder, &parts).pop().unwrap();
                assert!(found == expected, "{name}: {threads} threads, {cut} at once");
            }
        }
        // Keys and values in 8 bits: the same for itself, and near.
        let eight = read(&mut *keeping(&file, 1, KvKind::Q8_0), &[&tokens]).pop().unwrap();
        let parts: Vec<&[u32]> = tokens.chunks(7).collect();
        assert!(read(&mut *keeping(&file, 2, KvKind::Q8_0), &parts).pop().unwrap() == eight, "{name} in 8 bits");
        let apart = difference(&eight, &expected);
        println!("{name}: keys and values in 8 bits differ by {apart:.6}");
        assert!(apart > 0.0 && apart < 2e-2, "{name}: {apart}");
    }
}

#[test]
fn company_changes_nothing() {
    for (name, plan) in samples() {
        let written = model::write(plan);
        let file = Gguf::open(&written.path).unwrap();
        let all = tokens(400);
        // Texts of their own length, each read in part before; one more begins as the first does.
        let texts = [&all[..300], &all[3..4], &all[7..150], &all[90..92]];
        let known = [130, 0, 5, 1];
        let mut decoder = fast(&file, 2);
        let mut caches = Vec::new();
        for (text, known) in texts.iter().zip(known) {
            let mut cache = decoder.new_cache(CONTEXT).unwrap();
            if known > 0 {
                decoder.read(&text[..known], &mut cache).unwrap();
            }
            caches.push(cache);
        }
        let mut fork = caches[0].fork(130).unwrap();
        let mut runs: Vec<Run<'_>> = texts
            .iter()
            .zip(known)
            .zip(&mut caches)
            .map(|((text, known), cache)| Run { tokens: &text[known..], cache, wanted: Wanted::Each })
            .collect();
        runs.push(Run { tokens: &all[130..140], cache: &mut fork, wanted: Wanted::Last });
        let found = decoder.forward(&mut runs).unwrap();
        for ((text, known), found) in texts.iter().zip(known).zip(&found) {
            let mut decoder = fast(&file, 1);
            let mut cache = decoder.new_cache(CONTEXT).unwrap();
            for (at, token) in text.iter().enumerate() {
                let logits = decoder.read(&[*token], &mut cache).unwrap();
                if at >= known {
                    let row = &found[(at - known) * logits.len()..][..logits.len()];
                    assert!(row == logits, "{name}: token {at} of a text of {}", text.len());
                }
            }
        }
        assert!(found[4] == read(&mut *decoder, &[&all[..140]])[0], "{name}: the fork");
    }
}

#[test]
fn a_saved_text_goes_on_as_if_it_had_stayed() {
    for plan in [Plan::new("llama", Kind::Q4_0), named("lfm2", Kind::Q4_0), named("gemma3", Kind::Q4_0)] {
        let written = model::write(plan);
        let file = Gguf::open(&written.path).unwrap();
        let tokens = tokens(200);
        for mut decoder in [fast(&file, 2), keeping(&file, 2, KvKind::Q8_0), plain(&file)] {
            let mut cache = decoder.new_cache(CONTEXT).unwrap();
            decoder.read(&tokens[..150], &mut cache).unwrap();
            let mut saved = Vec::new();
            cache.save(&mut saved).unwrap();
            let expected = decoder.read(&tokens[150..], &mut cache).unwrap();
            let mut restored = decoder.new_cache(CONTEXT).unwrap();
            restored.restore(150, &mut &saved[..]).unwrap();
            assert!(decoder.read(&tokens[150..], &mut restored).unwrap() == expected);
            assert_eq!(restored.restore(150, &mut &saved[..saved.len() / 2]).unwrap_err().code(), "compute");
            assert!(restored.is_empty(), "a text that was cut off is not taken for whole");
        }
    }
}

#[test]
fn a_truncated_cache_is_as_if_the_rest_was_never_read() {
    for (name, plan) in samples() {
        let written = model::write(plan);
        let file = Gguf::open(&written.path).unwrap();
        let mut decoder = fast(&file, 2);
        let (tokens, other) = (tokens(200), vec![3; 150]);
        let mut cache = decoder.new_cache(CONTEXT).unwrap();
        decoder.read(&tokens[..130], &mut cache).unwrap();
        decoder.read(&other, &mut cache).unwrap();
        cache.truncate(130);
        let found = decoder.read(&tokens[130..], &mut cache).unwrap();
        assert!(found == read(&mut *decoder, &[&tokens]).pop().unwrap(), "{name}");
    }
}

#[test]
fn a_full_cache_and_unknown_tokens_are_refused() {
    let written = model::write(Plan::new("llama", Kind::Q4_0));
    let mut decoder = fast(&Gguf::open(&written.path).unwrap(), 1);
    let mut cache = decoder.new_cache(8).unwrap();
    let code = |result: engine::error::Result<Vec<f32>>| result.unwrap_err().code();
    assert_eq!(code(decoder.read(&tokens(9), &mut cache)), "context_length_exceeded");
    assert_eq!(code(decoder.read(&[VOCAB as u32], &mut cache)), "compute");
    assert_eq!(code(decoder.read(&[], &mut cache)), "compute");
    assert_eq!(cache.len(), 0);
    assert!(decoder.read(&tokens(8), &mut cache).is_ok());
}

/// A part in ten million: as much as the last bit of a sum.
const NUDGE: f32 = 1e-7;

fn mean(values: &[f32]) -> f32 {
    values.iter().sum::<f32>() / values.len() as f32
}

/// The largest value and where it is.
fn worst(values: &[f32]) -> (usize, f32) {
    values.iter().copied().enumerate().max_by(|a, b| a.1.total_cmp(&b.1)).unwrap()
}

const TEXT: &str = "The harbour was quiet that morning. Two fishermen mended their nets and talked about the \
    weather, the price of diesel and the new bridge, which had been promised for eleven years and was now, to \
    everybody's surprise, almost finished.";

#[test]
fn the_starter_model_agrees_with_the_reference() {
    let Some(path) = starter::chat() else { return };
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
    let ((at, worst), mean) = (worst(&apart), mean(&apart));
    println!("{shared} of {} top-5 shared, {same} of {count} best the same", count * 5);
    println!("without rounding: {mean:.4} on average, {worst:.4} at most, at position {at}");
    assert!(shared * 100 >= count * 5 * 90, "{shared} of {} among the best five", count * 5);
    assert!(same * 100 >= count * 90, "{same} of {count} best tokens");
    // A bound on quality only; that nothing but rounding lies behind it is asserted below.
    assert!(mean < 0.05 && worst < 0.2, "the logits differ by {mean} on average and {worst} at most: {apart:?}");
}

/// The logits of both after each token of the text.
fn apart(found: &mut dyn Decoder, expected: &mut dyn Decoder, ids: &[u32]) -> Vec<f32> {
    let parts: Vec<&[u32]> = ids.chunks(1).collect();
    read(found, &parts)
        .iter()
        .zip(&read(expected, &parts))
        .map(|(found, expected)| difference(found, expected))
        .collect()
}

#[test]
fn the_starter_model_without_codes_is_the_reference() {
    let Some(path) = starter::chat() else { return };
    let file = Gguf::open(&path).unwrap();
    let ids = Tokenizer::open(&file).unwrap().encode(&[(TEXT, Special::Plain)], false).unwrap();
    let half = model::in_half(&file);
    let half = Gguf::open(&half.path).unwrap();
    let errors = apart(&mut *fast(&half, 2), &mut *rounded(&half, 0.0), &ids);
    let (at, worst) = worst(&errors);
    println!("in half precision: {:.6} on average, {worst:.6} at most, at position {at}", mean(&errors));
    assert!(worst < 2e-3, "the logits differ by {worst} at position {at}: {errors:?}");
}

#[test]
fn nothing_but_rounding_lies_between_the_starter_model_and_the_reference() {
    let Some(path) = starter::chat() else { return };
    let file = Gguf::open(&path).unwrap();
    let ids = Tokenizer::open(&file).unwrap().encode(&[(TEXT, Special::Plain)], false).unwrap();
    let ours = apart(&mut *fast(&file, 2), &mut *rounded(&file, 0.0), &ids);
    let own = apart(&mut *rounded(&file, NUDGE), &mut *rounded(&file, 0.0), &ids);
    for (what, errors) in [("the fast decoder", &ours), ("the reference, nudged", &own)] {
        let (at, worst) = worst(errors);
        println!("{what}: {:.5} on average, {worst:.5} at most, at position {at}", mean(errors));
    }
    // Both are means of the same kind over the same positions; they would be equal over a long text.
    assert!(mean(&ours) < mean(&own) * 1.5, "{} and {}: {ours:?}, {own:?}", mean(&ours), mean(&own));
}

#[test]
fn the_starter_model_writes_the_same_whatever_the_threads_and_cuts() {
    let Some(path) = starter::chat() else { return };
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
                logits = decoder.read(part, &mut cache).unwrap();
            }
            let mut written = Vec::new();
            for _ in 0..32 {
                let next = best(&logits, 1)[0] as u32;
                written.push(next);
                logits = decoder.read(&[next], &mut cache).unwrap();
            }
            println!("{threads} threads, {cut} at once: {:?}", tokenizer.decode(&written, false));
            assert_eq!(first.get_or_insert_with(|| written.clone()), &written, "{threads} threads, {cut} at once");
        }
    }
}
