//! What is put before a text, so that the encoder knows whether it asks or answers?
//!
//! Some models were trained with a prefix for questions and one for passages, and are much worse without.
//! Newer ones name their prompts in `config_sentence_transformers.json`; for older ones the model cards' are
//! here, chosen by the folder's name.

use std::collections::BTreeMap;

/// What a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It asks.
    Query,
    /// It may answer.
    Document,
}

/// Prefixes by name.
#[derive(Clone, Debug, Default)]
pub struct Prompts {
    by_name: BTreeMap<String, String>,
    default: Option<String>,
}

/// Names under which the makers of models file the prompt of each role.
const QUERY: [&str; 3] = ["query", "search_query", "retrieval.query"];
const DOCUMENT: [&str; 4] = ["document", "passage", "search_document", "retrieval.passage"];

impl Prompts {
    /// The prompts of the model's file; if it has none, those of its model card, found by the folder's name.
    pub(crate) fn new(by_name: BTreeMap<String, String>, default: Option<String>, folder: &str) -> Self {
        let mut prompts = Self { by_name, default };
        if prompts.by_name.values().all(String::is_empty) {
            for (name, prompt) in known(folder) {
                prompts.by_name.insert((*name).to_owned(), (*prompt).to_owned());
            }
        }
        prompts
    }

    /// The names, for messages.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(String::as_str)
    }

    /// The prompt of this name.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<&str> {
        self.by_name.get(name).map(String::as_str)
    }

    /// The prompt for a role; empty if the model makes no difference.
    #[must_use]
    pub fn role(&self, role: Role) -> &str {
        let names: &[&str] = match role {
            Role::Query => &QUERY,
            Role::Document => &DOCUMENT,
        };
        names.iter().find_map(|name| self.named(name)).unwrap_or_default()
    }

    /// The prompt where a request names none.
    #[must_use]
    pub fn default(&self) -> &str {
        self.default.as_deref().and_then(|name| self.named(name)).unwrap_or_default()
    }
}

/// The prompts on the cards of models that do not carry them in a file.
fn known(folder: &str) -> &'static [(&'static str, &'static str)] {
    let e5 = folder.starts_with("e5-") || folder.contains("multilingual-e5-");
    if e5 && !folder.contains("instruct") && !folder.contains("mistral") {
        return &[("query", "query: "), ("passage", "passage: ")];
    }
    if folder.starts_with("bge-") && folder.contains("-en") {
        return &[("query", "Represent this sentence for searching relevant passages: ")];
    }
    &[]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prompts_come_from_the_file_and_else_from_the_card() {
        let file = BTreeMap::from([("query".to_owned(), "Q: ".to_owned()), ("document".to_owned(), String::new())]);
        for (file, folder, query, document) in [
            (file, "multilingual-e5-small", "Q: ", ""),
            (BTreeMap::new(), "multilingual-e5-small", "query: ", "passage: "),
            (BTreeMap::new(), "multilingual-e5-large-instruct", "", ""),
            (BTreeMap::new(), "bge-small-en-v1.5", "Represent this sentence for searching relevant passages: ", ""),
            (BTreeMap::new(), "bge-m3", "", ""),
            (BTreeMap::new(), "all-minilm-l6-v2", "", ""),
        ] {
            let prompts = Prompts::new(file, None, folder);
            assert_eq!((prompts.role(Role::Query), prompts.role(Role::Document)), (query, document), "{folder}");
            assert_eq!(prompts.default(), "");
        }
    }
}
