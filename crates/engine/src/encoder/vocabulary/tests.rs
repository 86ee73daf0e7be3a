//! Are the tokens those that the models' own tokenizers give? llama.cpp's sources bring two vocabularies of encoders,
//! each with texts and with the tokens that the makers' tokenizer has for them.

use super::described;
use crate::{gguf::Gguf, peer};
use std::{collections::HashMap, fs};
use tokenizers::Tokenizer;

#[path = "../../../tests/common/starter.rs"]
mod starter;

/// Between the texts of a file.
const BETWEEN: &str = "\n__ggml_vocab_test__\n";

fn opened(path: &std::path::Path) -> Tokenizer {
    described(&Gguf::open(path).unwrap()).unwrap().parse().unwrap()
}

#[test]
fn pieces_of_words_are_the_makers() {
    let Some(folder) = peer::sources() else { return };
    let path = folder.join("models/ggml-vocab-bert-bge.gguf");
    let tokenizer = opened(&path);
    let read = |ending: &str| fs::read_to_string(path.with_extension(format!("gguf.{ending}"))).unwrap();
    let (texts, tokens) = (read("inp"), read("out"));
    assert_eq!(tokens.lines().count(), 46);
    for (text, tokens) in texts.split(BETWEEN).zip(tokens.lines()) {
        let expected: Vec<u32> = tokens.split_whitespace().map(|token| token.parse().unwrap()).collect();
        assert_eq!(tokenizer.encode(text, false).unwrap().get_ids(), expected, "{text:?}");
    }
}

/// No cut of a word has a better sum of scores than the one that is taken: compared with a plain search.
#[test]
fn unigrams_are_the_best_cut() {
    let Some(folder) = peer::sources() else { return };
    let path = folder.join("models/ggml-vocab-nomic-bert-moe.gguf");
    let (tokenizer, file) = (opened(&path), Gguf::open(&path).unwrap());
    // As the makers' own tokenizer has it.
    assert_eq!(tokenizer.encode("Hello world!", true).unwrap().get_ids(), [0, 35378, 8999, 38, 2]);
    let texts = file.get("tokenizer.ggml.tokens").unwrap().as_texts().unwrap();
    let scores = file.get("tokenizer.ggml.scores").unwrap().as_fractions().unwrap();
    let kinds = file.get("tokenizer.ggml.token_type").unwrap().as_counts().unwrap();
    let score: HashMap<&str, f32> =
        (0..texts.len()).filter(|id| kinds[*id] == 1).map(|id| (texts[id].as_str(), scores[id])).collect();
    let all: Vec<String> = serde_json::from_str(include_str!("../../../tests/tokens/texts.json")).unwrap();
    let (mut compared, mut longest) = (0, 0);
    for word in all.iter().flat_map(|text| text.split_whitespace()) {
        // Letters that the map of characters leaves alone: those before it would have to be mapped here too.
        if !word.chars().all(|c| c.is_ascii_alphanumeric() || ('а'..='я').contains(&c) || ('α'..='ω').contains(&c))
        {
            continue;
        }
        let spaced: Vec<char> = format!("\u{2581}{word}").chars().collect();
        let mut best = vec![f32::NEG_INFINITY; spaced.len() + 1];
        best[0] = 0.0;
        for from in 0..spaced.len() {
            for to in from + 1..=spaced.len() {
                let piece: String = spaced[from..to].iter().collect();
                if let Some(score) = score.get(piece.as_str()) {
                    best[to] = best[to].max(best[from] + score);
                }
            }
        }
        let found = tokenizer.encode(word, false).unwrap();
        assert!(!found.get_ids().contains(&3), "{word}: unknown");
        let sum: f32 = found.get_ids().iter().map(|id| scores[*id as usize]).sum();
        assert!((sum - best[spaced.len()]).abs() < 1e-3, "{word}: {sum} and {}", best[spaced.len()]);
        compared += 1;
        longest = longest.max(found.get_ids().len());
    }
    assert!(compared > 100 && longest > 3, "{compared} words were compared, of {longest} pieces at most");
}

/// The starter's encoder has the vocabulary of `bert-bge`: its own tokenizer gives the same tokens, special ones included.
#[test]
fn a_file_and_a_folder_read_the_same_tokens() {
    let (Some(folder), Some(models)) = (peer::sources(), starter::models()) else { return };
    let file = opened(&folder.join("models/ggml-vocab-bert-bge.gguf"));
    let mut own = Tokenizer::from_file(models.join(starter::EMBEDDING).join("tokenizer.json")).unwrap();
    own.with_padding(None);
    own.with_truncation(None).unwrap();
    let texts: Vec<String> = serde_json::from_str(include_str!("../../../tests/tokens/texts.json")).unwrap();
    for text in &texts {
        let (found, expected) = (file.encode(text.as_str(), true).unwrap(), own.encode(text.as_str(), true).unwrap());
        assert_eq!(found.get_ids(), expected.get_ids(), "{text:?}");
        let pair = ("notice period", text.as_str());
        let (found, expected) = (file.encode(pair, true).unwrap(), own.encode(pair, true).unwrap());
        assert_eq!((found.get_ids(), found.get_type_ids()), (expected.get_ids(), expected.get_type_ids()), "{text:?}");
    }
}
