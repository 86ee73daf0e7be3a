//! Any bytes as a model file: its header, whether it would run, and if so, one token.

use crate::{bounded, place};
use engine::{
    arch::{self, Opening},
    commands::inspect::inspect,
    error::EngineError,
    gguf::Gguf,
    template::ChatTemplate,
    tokenizer::{Special, Tokenizer},
};
use serde_json::json;
use std::path::Path;

/// A byte of the file may become a whole number of 8 in a list that doubles as it grows.
const EACH: usize = 64;
/// Errors, the program's tables, and the automata that cut text, which are the same for every file.
const MORE: usize = 24 << 20;

/// Opens it as far as it goes.
///
/// # Panics
/// If inspecting the file says anything else than what happens.
pub fn run(data: &[u8]) {
    let path = place::file("model.gguf", data);
    bounded(data, EACH, MORE, || {
        let said = inspect(&path);
        let happens = all(&path);
        match (said, happens) {
            (Ok(said), happens) => {
                let _ = said.table();
                let fits = matches!(happens, Ok(()) | Err(EngineError::Template(_)));
                assert!(!said.supported || fits, "it is said to run and does not: {happens:?}");
            }
            (Err(error), happens) => {
                assert!(!error.to_string().is_empty() && happens.is_err(), "it cannot be inspected and runs: {error}");
            }
        }
    });
}

fn all(path: &Path) -> Result<(), EngineError> {
    let file = Gguf::open(path)?;
    let end = file.tensors().values().map(|tensor| tensor.start + tensor.bytes).max().unwrap_or(0);
    assert!(end <= file.file_bytes(), "a tensor outside the file");
    assert!(file.tensors().values().all(|tensor| file.bytes(tensor).len() == tensor.bytes));
    let tokenizer = Tokenizer::open(&file)?;
    let tokens = tokenizer.encode(&[("ab the <|im_end|> 12é", Special::Parse)], true)?;
    let template = ChatTemplate::open(&file, &tokenizer)?;
    let mut opening = Opening { threads: 1, positions: 8, kv: kernels::KvKind::F16, progress: &mut |_, _| {} };
    let mut decoder = arch::open(&file, &mut opening)?;
    let mut cache = decoder.new_cache(8)?;
    let token = tokens.first().copied().filter(|id| (*id as usize) < decoder.shape().vocab).unwrap_or(0);
    let logits = decoder.read(&[token, 0], &mut cache)?;
    assert_eq!(logits.len(), decoder.shape().vocab, "one logit for each token");
    if let Some(template) = template {
        template.render(json!([{"role": "user", "content": "the"}]), None, true, &json!({}))?;
    }
    Ok(())
}
