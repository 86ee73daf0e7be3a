//! A vocabulary of any tokens, kinds, merges and scores, and any text to cut with it.

use crate::{
    bounded,
    build::Build,
    parts::{items, sections, text},
    place,
};
use engine::{
    gguf::Gguf,
    tokenizer::{Special, Tokenizer},
};

/// A character of a text is a symbol and a pair that waits; a token has a text, its bytes and places in tables.
const EACH: usize = 2048;
/// The automata that cut text.
const MORE: usize = 48 << 20;

/// Sections: flags, the rule's name, tokens, their kinds, merges, scores, the text.
///
/// # Panics
/// If a text becomes tokens that are not in the vocabulary.
pub fn run(data: &[u8]) {
    let [flags, rule, tokens, kinds, merges, scores, words] = sections(data);
    let flag = |at: usize| flags.first().is_some_and(|flags| flags >> at & 1 == 1);
    let tokens = items(tokens);
    let mut kinds: Vec<i32> = kinds.iter().map(|kind| i32::from(kind % 8)).collect();
    let mut scores: Vec<f32> = scores.chunks(4).map(|four| number(four)).collect();
    if flag(0) {
        kinds.resize(tokens.len(), 1);
        scores.resize(tokens.len(), -1.0);
    }
    let model = ["gpt2", "llama", "gemma4", "gpt2"][usize::from(flags.first().unwrap_or(&0) >> 6)];
    let mut build = Build::default()
        .text("tokenizer.ggml.model", model)
        .text("tokenizer.ggml.pre", &text(rule))
        .texts("tokenizer.ggml.tokens", &tokens)
        .numbers("tokenizer.ggml.token_type", &kinds)
        .texts("tokenizer.ggml.merges", &items(merges))
        .fractions("tokenizer.ggml.scores", &scores)
        .flag("tokenizer.ggml.add_bos_token", flag(1))
        .flag("tokenizer.ggml.add_space_prefix", flag(2))
        .number("tokenizer.ggml.bos_token_id", flags.get(1).map_or(0, |id| u32::from(*id)))
        .number("tokenizer.ggml.eos_token_id", flags.get(2).map_or(0, |id| u32::from(*id)));
    if flag(3) {
        build = build.text("general.name", "phi-3");
    }
    let path = place::file("vocabulary.gguf", &build.bytes());
    let words = text(words);
    bounded(data, EACH, MORE, || {
        let Ok(file) = Gguf::open(&path) else { return };
        let Ok(tokenizer) = Tokenizer::open(&file) else { return };
        for special in [Special::Parse, Special::Plain] {
            let ids = tokenizer.encode(&[(&words, special), ("x", Special::Plain)], true).expect("a short text");
            assert!(ids.iter().all(|id| (*id as usize) < tokenizer.len()), "tokens of the vocabulary");
            let _ = (tokenizer.decode(&ids, true), tokenizer.decode(&ids, false));
        }
        let _ = (tokenizer.bos_text(), tokenizer.eos_text(), tokenizer.control_texts().count());
        let _ = tokenizer.answer_bytes(u32::MAX);
    });
}

fn number(bytes: &[u8]) -> f32 {
    let mut four = [0; 4];
    four[..bytes.len()].copy_from_slice(bytes);
    f32::from_le_bytes(four)
}
