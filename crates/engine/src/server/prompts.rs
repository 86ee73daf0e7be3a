//! Which texts are to be gone on with? A `prompt` is a text, a list of tokens or a list of several of these.
//!
//! Beside OpenAI's forms llama-server's are taken: tokens and texts in one list are one prompt, and an object may hold
//! its text as `prompt_string`.

use super::{Problem, draw::check_room};
use crate::tokenizer::{Special, Tokenizer};
use serde::Deserialize;

/// What a `prompt` holds.
#[derive(Deserialize)]
#[serde(untagged, expecting = "a text, a list of texts, a list of tokens or a list of lists of tokens")]
pub(super) enum Prompts {
    Text(String),
    Marked(Marked),
    Texts(Vec<String>),
    Mixed(Vec<Part>),
    Many(Vec<One>),
}

/// One of several prompts.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum One {
    Text(String),
    Marked(Marked),
    Mixed(Vec<Part>),
}

/// A part of a prompt.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Part {
    Token(u32),
    Text(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Marked {
    pub(super) prompt_string: String,
}

/// A prompt that is read.
pub(super) struct Read {
    pub(super) tokens: Vec<u32>,
    pub(super) text: String,
}

impl Prompts {
    pub(super) fn count(&self) -> usize {
        match self {
            Self::Text(_) | Self::Marked(_) | Self::Mixed(_) => 1,
            Self::Texts(texts) => texts.len(),
            Self::Many(all) => all.len(),
        }
    }

    /// The tokens and the text of each prompt, if it leaves room for an answer. Control tokens may be spelled: who
    /// sends a prompt writes all of it.
    pub(super) fn read(self, tokenizer: &Tokenizer, context: usize) -> Result<Vec<Read>, Problem> {
        let all = match self {
            Self::Text(text) => vec![One::Text(text)],
            Self::Marked(marked) => vec![One::Marked(marked)],
            Self::Texts(texts) => texts.into_iter().map(One::Text).collect(),
            Self::Mixed(parts) => vec![One::Mixed(parts)],
            Self::Many(all) => all,
        };
        all.into_iter().map(|one| one.read(tokenizer, context)).collect()
    }
}

impl One {
    fn read(self, tokenizer: &Tokenizer, context: usize) -> Result<Read, Problem> {
        let read = match self {
            Self::Text(text) | Self::Marked(Marked { prompt_string: text }) => {
                Read { tokens: tokenizer.encode(&[(&text, Special::Parse)], true)?, text }
            }
            Self::Mixed(parts) => {
                let tokens = mixed(&parts, tokenizer, Special::Parse, true)?;
                Read { text: tokenizer.decode(&tokens, true), tokens }
            }
        };
        if read.tokens.is_empty() || read.tokens.iter().any(|token| *token as usize >= tokenizer.len()) {
            return Err(Problem::invalid("prompt", "a prompt has tokens of this model, at least one"));
        }
        check_room(&read.tokens, context)?;
        Ok(read)
    }
}

/// The tokens of parts. With `begin`, the token that begins a text comes first where a text does.
pub(super) fn mixed(parts: &[Part], tokenizer: &Tokenizer, special: Special, begin: bool) -> Result<Vec<u32>, Problem> {
    let mut tokens = Vec::new();
    for (at, part) in parts.iter().enumerate() {
        match part {
            Part::Token(token) => tokens.push(*token),
            Part::Text(text) => tokens.extend(tokenizer.encode(&[(text, special)], begin && at == 0)?),
        }
    }
    Ok(tokens)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn prompts_come_in_many_forms() {
        for (value, count) in [
            (json!("a"), Some(1)),
            (json!(["a", "b"]), Some(2)),
            (json!([1, 2, 3]), Some(1)),
            (json!([[1, 2], [3]]), Some(2)),
            (json!([1, "a", 2]), Some(1)),
            (json!(["a", [1, "b"], {"prompt_string": "c"}]), Some(3)),
            (json!({"prompt_string": "c"}), Some(1)),
            (json!([]), Some(0)),
            (json!({"prompt_string": "c", "multimodal_data": ["aGk="]}), None),
            (json!([-1]), None),
            (json!([1.5]), None),
            (json!(null), None),
        ] {
            let found = Prompts::deserialize(&value).ok().map(|prompts| prompts.count());
            assert_eq!(found, count, "{value}");
        }
        let one: Prompts = serde_json::from_value::<Prompts>(Value::from(vec![7, 8])).unwrap();
        assert!(matches!(one, Prompts::Mixed(parts) if parts.len() == 2));
    }
}
