//! Why text in a message cannot forge a turn.
//!
//! A template writes control tokens such as `<|im_end|>` as text, and so may a document that a
//! message quotes. Before rendering, each control token's text inside a message is replaced by a
//! private mark; after it, the marks become plain text again, and only what the template itself
//! wrote is read as control tokens.

use crate::{
    error::{EngineError, Result},
    tokenizer::Special,
};
use aho_corasick::{AhoCorasick, MatchKind};
use serde_json::Value;

/// Around a mark's number: characters for private use that no vocabulary gives a meaning.
const OPEN: char = '\u{F0000}';
const CLOSE: char = '\u{F0001}';

pub(super) struct Shield {
    finder: AhoCorasick,
    texts: Vec<String>,
}

impl Shield {
    pub(super) fn new(control: impl Iterator<Item = String>) -> Result<Self> {
        let mut texts: Vec<String> = control.filter(|text| !text.trim().is_empty()).collect();
        texts.extend([OPEN.to_string(), CLOSE.to_string()]);
        let finder = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&texts);
        Ok(Self { finder: finder.map_err(|e| EngineError::Template(e.to_string()))?, texts })
    }

    /// Replaces control tokens by marks in every text of a JSON value, the names in objects included: the
    /// names of a call's arguments are the model's, or a document's that it quotes.
    pub(super) fn hide(&self, value: &mut Value) {
        match value {
            Value::String(text) => {
                if self.finder.is_match(text.as_str()) {
                    *text = self.marked(text);
                }
            }
            Value::Array(list) => list.iter_mut().for_each(|v| self.hide(v)),
            Value::Object(map) => {
                for (name, mut value) in std::mem::take(map) {
                    self.hide(&mut value);
                    let name = if self.finder.is_match(name.as_str()) { self.marked(&name) } else { name };
                    map.insert(name, value);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn marked(&self, text: &str) -> String {
        let mut marked = String::with_capacity(text.len() + 16);
        self.finder.replace_all_with(text, &mut marked, |found, _, out| {
            out.push(OPEN);
            out.push_str(&found.pattern().as_usize().to_string());
            out.push(CLOSE);
            true
        });
        marked
    }

    /// The rendered text in parts: the template's own, and plain text where a mark stood.
    pub(super) fn reveal(&self, rendered: &str) -> Vec<(String, Special)> {
        let mut parts = Vec::new();
        let mut rest = rendered;
        while let Some((before, after)) = rest.split_once(OPEN) {
            let mark = after.split_once(CLOSE);
            let known = mark.and_then(|(number, after)| Some((self.texts.get(number.parse::<usize>().ok()?)?, after)));
            if !before.is_empty() {
                parts.push((before.to_owned(), Special::Parse));
            }
            match known {
                Some((text, after)) => {
                    parts.push((text.clone(), Special::Plain));
                    rest = after;
                }
                // The template has cut the mark apart: what is left of it is dropped.
                None => rest = after,
            }
        }
        if !rest.is_empty() {
            parts.push((rest.to_owned(), Special::Parse));
        }
        parts
    }
}
