//! How an answer came about, and whether it comes about again.

use crate::*;
use serde::{Deserialize, Serialize};
use std::fmt;

/// How an answer came about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// The answer.
    pub item: ItemId,
    /// The model's name; empty where none was asked.
    pub model: String,
    /// SHA-256 of the model file, hex; empty for endpoints.
    pub model_hash: String,
    /// The engine's name and version.
    pub engine: String,
    /// Sampling temperature.
    pub temperature: f32,
    /// Sampling top-p.
    pub top_p: f32,
    /// Only the likeliest so many tokens; None: all.
    #[serde(default)]
    pub top_k: Option<u32>,
    /// The least share of the likeliest token's probability; None: any.
    #[serde(default)]
    pub min_p: Option<f32>,
    /// Random seed.
    pub seed: u64,
    /// The longest answer allowed, in tokens.
    pub max_tokens: u32,
    /// Texts that end the answer.
    #[serde(default)]
    pub stop: Vec<String>,
    /// The messages as sent, in order: role and content.
    pub prompt: Vec<(String, String)>,
    /// The passages the model saw.
    pub passages: Vec<PassageView>,
    /// What was left out of the prompt.
    pub left_out: Vec<LeftOut>,
    /// What the search before the answer found, and whether that was enough; None where there was none.
    #[serde(default)]
    pub evidence: Option<Evidence>,
}

/// What a search found for a question, measured against what it takes to answer it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// What was searched for: the question, or the one before it and the question.
    pub query: String,
    /// The score of the best passage, 0 to 1.
    pub score: f32,
    /// The least score that answers a question.
    pub threshold: f32,
    /// The best passages, whether they were enough or not.
    pub candidates: Vec<PassageView>,
}

/// A passage of a document, as a search scored it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PassageView {
    /// The document.
    pub document: DocumentId,
    /// Its name.
    pub name: String,
    /// The page, from 1.
    pub page: u32,
    /// Where it starts in the page's text.
    pub start: u32,
    /// Where it ends.
    pub end: u32,
    /// BLAKE3 of the passage, hex.
    pub hash: String,
    /// The fused score.
    pub score: f32,
    /// The share of the question's words that it holds, rare words counting more; 0 to 1.
    #[serde(default)]
    pub words: f32,
    /// How near it is in meaning, 0 to 1 (a cosine on the starter model's scale); None where that was not computed.
    #[serde(default)]
    pub meaning: Option<f32>,
    /// What people call the place; None where it is the page's number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
}

/// What a repeated answer showed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReplayReport {
    /// The answer.
    pub item: ItemId,
    /// Whether the same text came out.
    pub same: bool,
    /// What differs.
    pub differences: Vec<Difference>,
    /// The repeated text.
    pub text: String,
}

/// What differs between an answer and its repetition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Difference {
    /// The model's file: SHA-256, hex; empty where there is none.
    ModelFile {
        /// At the answer.
        then: String,
        /// At the repetition.
        now: String,
    },
    /// The engine's name and version.
    Engine {
        /// At the answer.
        then: String,
        /// At the repetition.
        now: String,
    },
    /// A passage says something else now.
    PassageChanged {
        /// Its document's name.
        document: String,
        /// Its page.
        page: u32,
    },
    /// A passage is no longer there.
    PassageGone {
        /// Its document's name.
        document: String,
        /// Its page.
        page: u32,
    },
    /// The text.
    Text {
        /// From this char on, counted from 1.
        at: u64,
        /// What stands around there in the answer.
        then: String,
        /// What stands around there in the repetition.
        now: String,
    },
}

/// In English, for terminals.
impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let or_none = |text: &str| if text.is_empty() { "none".to_owned() } else { text.to_owned() };
        match self {
            Self::ModelFile { then, now } => {
                write!(f, "The model file differs: SHA-256 {} then, {} now.", or_none(then), or_none(now))
            }
            Self::Engine { then, now } => {
                write!(f, "The engine differs: {} then, {} now.", or_none(then), or_none(now))
            }
            Self::PassageChanged { document, page } => {
                write!(f, "The passage on page {page} of {document} has changed.")
            }
            Self::PassageGone { document, page } => {
                write!(f, "The passage on page {page} of {document} is no longer there.")
            }
            Self::Text { at, then, now } => {
                write!(f, "The text differs from character {at}: “{then}” then, “{now}” now.")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{from_str, to_string};

    #[test]
    fn sentences_of_earlier_versions_are_still_read() {
        let step = r#"{"kind":{"is":"left_out"},"state":"done","detail":"The weakest passage.","count":1,"ms":null}"#;
        let step: StepView = from_str(step).unwrap();
        assert_eq!((step.detail, step.decided, step.undo), (Detail::Text("The weakest passage.".into()), None, None));
        assert_eq!(from_str::<LeftOut>(r#""The question.""#).unwrap(), LeftOut::Text("The question.".into()));
        assert_eq!(from_str::<Summary>(r#""Rename it""#).unwrap(), Summary::Text("Rename it".into()));
        let supported = ["true", "false", r#""yes""#, r#""quoted""#, r#""no""#, r#""unchecked""#];
        let expected = [Support::Yes, Support::No, Support::Yes, Support::Quoted, Support::No, Support::Unchecked];
        assert_eq!(supported.map(|word| from_str::<Support>(word).unwrap()), expected);
        let old = r#"{"item":"01900000-0000-7000-8000-000000000001","model":"m","model_hash":"","engine":"e",
            "temperature":0.0,"top_p":1.0,"seed":0,"max_tokens":9,"prompt":[],"passages":[],"left_out":["The question."]}"#;
        let old: Explanation = from_str(old).unwrap();
        assert_eq!((old.top_k, old.evidence, old.left_out.len()), (None, None, 1));
    }

    #[test]
    fn every_detail_comes_back_as_it_was() {
        let details = [
            (Detail::Text("rent".into()), r#""rent""#),
            (
                Detail::LeftOut(vec![LeftOut::Part { what: Part::OldestExchanges, count: 3 }]),
                r#"[{"what":"oldest_exchanges","count":3}]"#,
            ),
            (
                Detail::Does(Summary::Known(Doing::RenameChat { title: "Lease".into() })),
                r#"{"does":"rename_chat","title":"Lease"}"#,
            ),
            (Detail::Failed { failed: ToolTrouble::TooSlow }, r#"{"failed":"too_slow"}"#),
        ];
        for (detail, form) in details {
            assert_eq!(to_string(&detail).unwrap(), form);
            assert_eq!(from_str::<Detail>(form).unwrap(), detail);
        }
    }
}
