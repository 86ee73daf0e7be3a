//! Are the reference and the fast decoder right, and not only equal? llama.cpp's logits on the same files, recorded by
//! `tests/python/record_logits.py`.
//!
//! Both are compared with them. What differs by right: llama.cpp rounds activations to 8 bits in another way, keeps
//! GELU in a table of half-precision numbers, and multiplies weights of 16 bits with activations of the same format.

use super::{difference, fast, model, plain, plans, read};
use engine::gguf::{Gguf, Kind};
use serde_json::Value;

/// What is recorded, by name: the file's check sum, and logits after some of the tokens.
fn recorded() -> Value {
    serde_json::from_str(include_str!("recorded.json")).unwrap()
}

/// FNV-1a of 64 bits of every 61st byte, in hexadecimal.
fn sum(bytes: &[u8]) -> String {
    let sum = bytes
        .iter()
        .step_by(61)
        .fold(0xcbf2_9ce4_8422_2325u64, |sum, byte| (sum ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3));
    format!("{sum:016x}")
}

fn floats(value: &Value) -> Vec<f32> {
    value.as_array().unwrap().iter().map(|value| value.as_f64().unwrap() as f32).collect()
}

/// How far our logits may be from theirs, length over length: the reference's, which rounds nothing, and the fast
/// decoder's.
fn tolerances(kind: Kind) -> (f32, f32) {
    match kind {
        Kind::F32 => (1e-3, 1e-3),
        Kind::F16 => (1e-3, 1e-3),
        Kind::BF16 => (5e-3, 5e-3),
        Kind::Q4_0 | Kind::Q4_1 | Kind::Q5_0 | Kind::Q5_1 | Kind::Q8_0 => (2e-2, 2e-2),
        Kind::Q2_K | Kind::Q3_K | Kind::Q4_K | Kind::Q5_K | Kind::Q6_K => (2e-2, 3e-2),
    }
}

#[test]
fn logits_are_those_of_llama_cpp() {
    let recorded = recorded();
    let places: Vec<usize> =
        recorded["places"].as_array().unwrap().iter().map(|at| at.as_u64().unwrap() as usize).collect();
    let step = recorded["step"].as_u64().unwrap() as usize;
    let tokens = plans::tokens(*places.iter().max().unwrap() as u32 + 1);
    let mut apart = Vec::new();
    for (name, plan) in plans::recorded() {
        let of = &recorded["models"][&name];
        let written = model::write(plan);
        let bytes = std::fs::read(&written.path).unwrap();
        assert_eq!(
            of["sum"],
            sum(&bytes),
            "{name} is another file than was recorded: run tests/python/record_logits.py"
        );
        let file = Gguf::open(&written.path).unwrap();
        let (mut reference, mut decoder) = (plain(&file), fast(&file, 2));
        let most = tolerances(plan.kind);
        for (at, place) in places.iter().enumerate() {
            let theirs = floats(&of["logits"][at]);
            let ours = |decoder: &mut dyn engine::arch::Decoder| -> Vec<f32> {
                let logits = read(decoder, &[&tokens[..=*place]]).pop().unwrap();
                logits.into_iter().step_by(step).collect()
            };
            let found = (difference(&ours(&mut *reference), &theirs), difference(&ours(&mut *decoder), &theirs));
            println!("{name}, after token {place}: the reference {:.5}, the fast decoder {:.5}", found.0, found.1);
            if found.0.is_nan() || found.0 > most.0 || found.1.is_nan() || found.1 > most.1 {
                apart.push(format!("{name} after token {place}: {found:?}, at most {most:?}"));
            }
        }
    }
    assert!(apart.is_empty(), "not what llama.cpp computes:\n{}", apart.join("\n"));
}

#[test]
fn what_a_file_asks_for_can_be_seen_in_what_is_recorded() {
    // A comparison of logits would be worth nothing where a rotation hardly changes them.
    let recorded = recorded();
    let last = |name: &str| floats(recorded["models"][name]["logits"].as_array().unwrap().last().unwrap());
    for (with, without) in [
        ("llama, factors", "llama"),
        ("llama, linear", "llama"),
        ("llama, yarn", "llama"),
        ("llama, biases", "llama"),
        ("granite", "granite, unturned"),
    ] {
        let seen = difference(&last(with), &last(without));
        assert!(seen > 20.0 * tolerances(Kind::F32).0, "{with} and {without} differ by {seen}");
    }
}
