//! Are our tokens those of llama.cpp? For each vocabulary file in its sources and each rule that we know,
//! on texts in many languages, with and without control tokens. `tests/python/record_tokens.py` recorded
//! what llama.cpp says; the vocabularies are read where `cargo xtask bench-engine` unpacks its package.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::{peer, vocabulary::vocabulary};
use engine::{
    answer::{Answer, Piece},
    gguf::Gguf,
    tokenizer::{Special, Tokenizer},
};
use serde::Deserialize;
use std::{collections::BTreeMap, fs};

#[derive(Deserialize)]
struct Recorded {
    vocabularies: Vec<Vocabulary>,
}

#[derive(Deserialize)]
struct Vocabulary {
    file: String,
    /// The name of the rule that was put in place of the file's own.
    rule: Option<String>,
    /// `a` with what the vocabulary puts around it.
    begun: Vec<u32>,
    plain: Vec<Vec<u32>>,
    /// Only where they differ from `plain`.
    special: BTreeMap<usize, Vec<u32>>,
}

/// Where we differ knowingly: `</s>` is an ordinary token in these vocabularies, the end of struck-out text
/// in HTML, and llama.cpp takes it for a control token because of its looks.
fn looks_like_control(vocabulary: &Vocabulary, mode: Special, text: &str) -> bool {
    let ordinary = ["ggml-vocab-qwen2.gguf", "ggml-vocab-qwen35.gguf"].contains(&vocabulary.file.as_str());
    ordinary && mode == Special::Parse && text.contains("</s>")
}

/// The file with another name for its rule.
fn renamed(data: &[u8], rule: &str) -> Vec<u8> {
    let key = b"tokenizer.ggml.pre";
    let at = data.windows(key.len()).position(|w| w == key).unwrap() + key.len() + 4;
    let length = u64::from_le_bytes(data[at..at + 8].try_into().unwrap()) as usize;
    let name = [&(rule.len() as u64).to_le_bytes()[..], rule.as_bytes()].concat();
    [&data[..at], &name, &data[at + 8 + length..]].concat()
}

#[test]
fn tokens_are_llama_cpps() {
    let Some(folder) = peer::sources() else { return };
    let recorded: Recorded = serde_json::from_str(include_str!("tokens/recorded.json")).unwrap();
    let texts: Vec<String> = serde_json::from_str(include_str!("tokens/texts.json")).unwrap();
    let mut wrong = Vec::new();
    for vocabulary in &recorded.vocabularies {
        let path = folder.join("models").join(&vocabulary.file);
        let changed = tempfile::NamedTempFile::new().unwrap();
        let path = match &vocabulary.rule {
            Some(rule) => {
                fs::write(changed.path(), renamed(&fs::read(&path).unwrap(), rule)).unwrap();
                changed.path().to_owned()
            }
            None => path,
        };
        let name = format!("{} {}", vocabulary.file, vocabulary.rule.as_deref().unwrap_or(""));
        let tokenizer = match Tokenizer::open(&Gguf::open(&path).unwrap()) {
            Ok(tokenizer) => tokenizer,
            Err(error) => {
                wrong.push(format!("{name}: {error}"));
                continue;
            }
        };
        assert_eq!(tokenizer.encode(&[("a", Special::Plain)], true).unwrap(), vocabulary.begun, "{name}");
        for (index, text) in texts.iter().enumerate() {
            let plain = &vocabulary.plain[index];
            let special = vocabulary.special.get(&index).unwrap_or(plain);
            for (mode, expected) in [(Special::Plain, plain), (Special::Parse, special)] {
                let ids = tokenizer.encode(&[(text, mode)], false).unwrap();
                if (ids != *expected) != looks_like_control(vocabulary, mode, text) {
                    let (ours, theirs) = (tokenizer.decode(&ids, true), tokenizer.decode(expected, true));
                    wrong.push(format!("{name} {mode:?} {text:?}\n  {ids:?} {ours:?}\n  {expected:?} {theirs:?}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn hostile_vocabularies_are_refused_by_name() {
    let own = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
    let ids = own(&["<unk>", "a", "b", "ab"]);
    let scored = |scores: Vec<f32>| vocabulary("llama", &ids, &[2, 1, 1, 1]).scores(scores);
    let merged =
        |merge: &str| vocabulary("gpt2", &ids, &[2, 1, 1, 1]).text("pre", "gpt-2").texts("merges", &own(&[merge]));
    for (file, why) in [
        (vocabulary("gpt2", &ids, &[1, 1]), "differ in length"),
        (vocabulary("gpt2", &[], &[]), "differ in length"),
        (vocabulary("gpt2", &ids, &[1; 4]).text("pre", "nobodys-rule"), "nobodys-rule"),
        (vocabulary("gpt2", &ids, &[1; 4]).text("pre", "gpt-2"), "merges"),
        (vocabulary("t5", &ids, &[1; 4]), "'t5'"),
        (vocabulary("llama", &own(&["a", "b", "a"]), &[1; 3]).scores(vec![0.0; 3]), "twice"),
        (scored(vec![0.0; 3]), "differ in number"),
        (scored(vec![0.0, f32::NAN, 0.0, 0.0]), "not a number"),
        (merged("ab"), "is no merge"),
        (merged(""), "is no merge"),
        (merged("b b"), "no token"),
    ] {
        let error = Gguf::open(&file.write()).and_then(|gguf| Tokenizer::open(&gguf)).err();
        let error = error.unwrap_or_else(|| panic!("taken: {why}")).to_string();
        assert!(error.contains(why), "{why}: {error}");
    }
}

#[test]
fn odd_vocabularies_do_no_harm() {
    let words: Vec<String> = ["", "a", "", "▁", "▁a", "<0xGG>", "<0x41>", "<|x|>", ""].map(str::to_owned).into();
    // Added tokens without a text, scores beyond reason, a byte that is none.
    let scores = vec![f32::INFINITY, f32::MIN, 0.0, f32::NEG_INFINITY, f32::MAX, 1e38, 0.0, 0.0, 0.0];
    let file = vocabulary("llama", &words, &[4, 1, 3, 1, 1, 6, 6, 3, 4]).scores(scores);
    let tokenizer = Tokenizer::open(&Gguf::open(&file.write()).unwrap()).unwrap();
    let ids = tokenizer.encode(&[("a<|x|>aA", Special::Parse)], false).unwrap();
    assert_eq!(ids, [4, 7, 4, 6]);
    assert_eq!(tokenizer.decode(&ids, false), " a aA");
    assert_eq!(tokenizer.decode(&[u32::MAX, 5], false), "<0xGG>", "a number without a token is nothing");
}

/// Each way to make an engine go back over what it has read, a million letters long. None of these may take
/// more than a moment; with a quadratic step they would take hours.
#[test]
fn a_megabyte_of_anything_is_cut_in_one_pass() {
    let Some(folder) = peer::sources() else { return };
    let texts = ["a", " ", "\n", "=", "\t ", "A1", "a\u{301}", " \u{a0}x", "'", "哈", "\r", "<|im_start|", "0"];
    for vocabulary in ["qwen2", "deepseek-llm", "falcon", "llama-spm", "gemma-4"] {
        let file = Gguf::open(&folder.join(format!("models/ggml-vocab-{vocabulary}.gguf"))).unwrap();
        let tokenizer = Tokenizer::open(&file).unwrap();
        for text in texts {
            let long = text.repeat((1 << 20) / text.len());
            let ids = tokenizer.encode(&[(&long, Special::Parse)], false).unwrap();
            assert_eq!(tokenizer.decode(&ids, true).trim_start(), long.trim_start(), "{vocabulary}: {text:?}");
        }
    }
}

/// Tokens are pieces of bytes: put together one by one they are the text, whole characters at a time.
#[test]
fn answers_are_put_together_from_broken_characters() {
    let Some(folder) = peer::sources() else { return };
    let texts: Vec<String> = serde_json::from_str(include_str!("tokens/texts.json")).unwrap();
    for vocabulary in ["qwen2", "llama-spm", "gemma-4", "gpt-2"] {
        let file = Gguf::open(&folder.join(format!("models/ggml-vocab-{vocabulary}.gguf"))).unwrap();
        let tokenizer = Tokenizer::open(&file).unwrap();
        for text in &texts {
            let mut answer = Answer::new(Vec::new(), None, false);
            let mut pieces = Vec::new();
            let ids = tokenizer.encode(&[(text, Special::Plain)], false).unwrap();
            for id in &ids {
                answer.push(tokenizer.answer_bytes(*id), &mut pieces);
            }
            answer.finish(&mut pieces);
            let shown: String = pieces.iter().map(|p| if let Piece::Text(t) = p { t.as_str() } else { "?" }).collect();
            // Texts about thoughts and spaces have tests of their own. `▁` is a space in most vocabularies.
            let text = if vocabulary == "llama-spm" || vocabulary == "gemma-4" {
                text.replace('▁', " ")
            } else {
                text.clone()
            };
            if !text.contains("<think>") && !text.trim().is_empty() {
                assert_eq!(shown.trim_start_matches(' '), text.trim_start_matches(' '), "{vocabulary}");
            }
        }
    }
}
