//! What went wrong, for a person: what happened, what is safe, what to do.

use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt};

/// The broad kind of a fault: it decides the exit code, the HTTP status and the look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// The request itself is wrong (bad argument, unknown id).
    Invalid,
    /// The thing is not there.
    NotFound,
    /// The policy or a person said no.
    Refused,
    /// Something is in the way now: busy, locked, running.
    Busy,
    /// A file, the disk or a model is damaged or does not fit.
    Damaged,
    /// Something needed is not available: no model, no memory, no disk space.
    Unavailable,
    /// A fault in Atelier itself.
    Internal,
}

/// Every error that a person sees. Libraries have typed errors; the edge turns them into this.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// The broad kind.
    pub kind: FaultKind,
    /// A stable code such as `model.truncated`; the UI translates by it.
    pub code: String,
    /// What happened, in English, one sentence.
    pub message: String,
    /// What is safe ("Your question and documents are safe.").
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub safe: Option<String>,
    /// What to do next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Named values for translated messages: file names, sizes, counts.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, String>,
}

impl Fault {
    /// A fault with its kind, stable code and one sentence on what happened.
    pub fn new(kind: FaultKind, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { kind, code: code.into(), message: message.into(), safe: None, hint: None, values: BTreeMap::new() }
    }
    /// An error's text as a sentence, with a full stop and a capital letter; a path, a host or a code at
    /// its beginning stays as it is.
    pub fn sentence(text: &str) -> String {
        let word = text.split(char::is_whitespace).next().unwrap_or_default();
        let plain = word.chars().all(|c| c.is_lowercase() || matches!(c, ',' | ':' | '\'' | '’'));
        let end = if text.ends_with('.') { "" } else { "." };
        let mut chars = text.chars();
        match chars.next() {
            Some(first) if plain => format!("{}{}{end}", first.to_uppercase(), chars.as_str()),
            Some(_) | None => format!("{text}{end}"),
        }
    }
    /// Adds what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
    /// Adds what is safe.
    #[must_use]
    pub fn safe(mut self, safe: impl Into<String>) -> Self {
        self.safe = Some(safe.into());
        self
    }
    /// Adds a named value for translated messages.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.values.insert(name.to_owned(), value.to_string());
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        for more in [&self.safe, &self.hint].into_iter().flatten() {
            write!(f, " {more}")?;
        }
        Ok(())
    }
}
impl std::error::Error for Fault {}
