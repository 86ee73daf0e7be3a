//! `atelier-engine perplexity FILE TEXT`: how well does a model foresee a text?
//!
//! As llama.cpp's tool of that name does it, so that the numbers can be compared: windows of tokens that do not
//! overlap, each begun with the token that begins texts if the vocabulary asks for it, of which the second half
//! counts.

use crate::{
    arch::{self, Opening, Run, Wanted},
    error::{EngineError, Result},
    gguf::Gguf,
    tokenizer::{Special, Tokenizer},
};
use kernels::KvKind;
use serde::Serialize;
use std::{fs, path::Path};

/// The most tokens whose logits are held at a time.
const STEP: usize = 64;

/// How well a model foresees a text.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Perplexity {
    /// Tokens of the text.
    pub tokens: usize,
    /// Tokens that count.
    pub counted: usize,
    /// The exponential of the mean of `-ln p` over them, p being what the model gave the token that came.
    pub perplexity: f64,
}

/// Measures it in windows of `window` tokens, at least 2.
pub fn perplexity(model: &Path, text: &Path, window: usize, threads: usize, kv: KvKind) -> Result<Perplexity> {
    let file = Gguf::open(model)?;
    let text = fs::read_to_string(text).map_err(|source| EngineError::Io { file: text.to_owned(), source })?;
    let tokenizer = Tokenizer::open(&file)?;
    let tokens = tokenizer.encode(&[(&text, Special::Plain)], true)?;
    let begin = tokenizer.encode(&[("", Special::Plain)], true)?.first().copied();
    if window < 2 || tokens.len() < window {
        let message = format!("{} tokens are no window of {window}", tokens.len());
        return Err(EngineError::Compute(message));
    }
    let mut opening = Opening { threads, positions: window, kv, progress: &mut |_, _| {} };
    let mut decoder = arch::open(&file, &mut opening)?;
    let vocab = decoder.shape().vocab;
    let (mut sum, mut counted) = (0.0, 0u32);
    for window in tokens.chunks_exact(window) {
        let mut window = window.to_vec();
        if let Some(begin) = begin {
            window[0] = begin;
        }
        let mut cache = decoder.new_cache(window.len())?;
        let half = window.len() / 2;
        decoder.forward(&mut [Run { tokens: &window[..half], cache: &mut cache, wanted: Wanted::None }])?;
        // The last token is only foreseen.
        let next = &window[half + 1..];
        for (tokens, next) in window[half..window.len() - 1].chunks(STEP).zip(next.chunks(STEP)) {
            let logits = decoder.forward(&mut [Run { tokens, cache: &mut cache, wanted: Wanted::Each }])?;
            for (row, next) in logits.iter().flat_map(|rows| rows.chunks_exact(vocab)).zip(next) {
                sum += surprise(row, *next as usize);
                counted += 1;
            }
        }
    }
    if counted == 0 {
        return Err(EngineError::Compute("a window of two tokens counts none".to_owned()));
    }
    Ok(Perplexity { tokens: tokens.len(), counted: counted as usize, perplexity: (sum / f64::from(counted)).exp() })
}

/// `-ln` of the share that softmax gives a token.
fn surprise(logits: &[f32], token: usize) -> f64 {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let total: f64 = logits.iter().map(|logit| f64::from(logit - largest).exp()).sum();
    total.ln() - f64::from(logits.get(token).copied().unwrap_or(f32::NEG_INFINITY) - largest)
}

impl Perplexity {
    /// For a terminal.
    #[must_use]
    pub fn table(&self) -> String {
        format!("perplexity {:.4} over {} of {} tokens\n", self.perplexity, self.counted, self.tokens)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certain_token_surprises_nobody() {
        assert!(surprise(&[-50.0, 50.0], 1).abs() < 1e-9);
        assert!((surprise(&[1.0; 8], 3) - 8f64.ln()).abs() < 1e-9);
    }
}
