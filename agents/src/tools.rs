//! Which tools may a model call? One table, one file per tool.

mod rename_chat;
mod search_documents;

use crate::{Scope, ToolSpec};
use async_trait::async_trait;
use library::{Library, LibraryError, Passage};
use models::ToolDef;
use protocol::{Actor, ChatId, DocumentId, Fault, StepKind, ToolTrouble, Undo};
use serde_json::Value;
use store::{Store, StoreError};

/// All tools. A new one is a file and a line here.
pub static TOOLS: &[&dyn Tool] = &[&search_documents::SearchDocuments, &rename_chat::RenameChat];

/// Something that a model can have done. Whether it is done is decided elsewhere: see [`crate::judge`].
#[async_trait]
pub trait Tool: Send + Sync {
    /// All that the model and the person are told about it.
    fn spec(&self) -> &'static ToolSpec;

    /// What a call with these arguments would touch. Reads nothing and does nothing.
    ///
    /// # Errors
    /// The arguments are not what the tool takes; the model is told.
    fn scope(&self, arguments: &Value) -> Result<Scope, ToolError>;

    /// Does it. Dropping the future cancels it: a change is made whole or not at all.
    ///
    /// # Errors
    /// The model is told that it failed; a person is told why.
    async fn run(&self, arguments: Value, cx: &ToolCx) -> Result<Outcome, ToolError>;

    /// How its step is shown.
    fn step(&self) -> StepKind {
        StepKind::Tool { name: self.spec().name.to_owned() }
    }
}

/// What a tool may use: the workspace, in the agent's name.
pub struct ToolCx {
    /// The workspace's log.
    pub store: Store,
    /// The workspace's documents.
    pub library: Library,
    /// The agent, on behalf of a person.
    pub actor: Actor,
    /// The chat that it is called from.
    pub chat: ChatId,
    /// Only these documents, where the question names some.
    pub documents: Vec<DocumentId>,
    /// How many passages the model has seen: numbering goes on from there.
    pub seen: usize,
}

/// What came of a call.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What the model is told.
    pub text: String,
    /// How many results, for the person.
    pub count: Option<u32>,
    /// Passages that the model has now seen.
    pub passages: Vec<Passage>,
    /// How it can be taken back.
    pub undo: Option<Undo>,
}

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub enum ToolError {
    /// The arguments are wrong; the model may try again.
    #[error("{0}")]
    Arguments(String),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The library.
    #[error(transparent)]
    Library(Box<LibraryError>),
}

impl From<LibraryError> for ToolError {
    fn from(error: LibraryError) -> Self {
        Self::Library(Box::new(error))
    }
}

impl ToolError {
    /// What the model is told. What broke inside is not its business.
    pub fn told(&self) -> String {
        match self {
            Self::Arguments(why) => why.clone(),
            Self::Store(_) | Self::Library(_) => "The tool failed. Go on without it.".to_owned(),
        }
    }
    /// What the step says about it.
    pub fn trouble(&self) -> ToolTrouble {
        match self {
            Self::Arguments(_) => ToolTrouble::Arguments,
            Self::Store(_) | Self::Library(_) => ToolTrouble::Broke,
        }
    }
    /// What a person is told; None where only the model made a mistake.
    pub fn fault(&self) -> Option<Fault> {
        match self {
            Self::Arguments(_) => None,
            Self::Store(error) => Some(error.fault()),
            Self::Library(error) => Some(error.fault()),
        }
    }
}

/// The tool of this name.
pub fn tool(name: &str) -> Option<&'static dyn Tool> {
    TOOLS.iter().copied().find(|tool| tool.spec().name == name)
}

/// The tools as a model sees them.
pub(crate) fn offers() -> Vec<ToolDef> {
    TOOLS
        .iter()
        .map(|tool| tool.spec())
        .map(|spec| ToolDef {
            name: spec.name.to_owned(),
            description: spec.description.to_owned(),
            // A test reads every schema.
            parameters: serde_json::from_str(spec.parameters).unwrap_or_default(),
        })
        .collect()
}

/// A text argument: there, not blank, within `limit` chars.
fn text_argument(arguments: &Value, name: &str, limit: usize) -> Result<String, ToolError> {
    let text = arguments.get(name).and_then(Value::as_str).map(str::trim).unwrap_or_default();
    if text.is_empty() {
        return Err(ToolError::Arguments(format!("`{name}` must be a text that is not empty.")));
    }
    if text.chars().count() > limit {
        return Err(ToolError::Arguments(format!("`{name}` may have {limit} characters.")));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::{Doing, Reach, Summary};
    use serde_json::json;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_unique_and_schemas_are_objects() {
        let names: BTreeSet<_> = TOOLS.iter().map(|tool| tool.spec().name).collect();
        assert_eq!(names.len(), TOOLS.len());
        for offer in offers() {
            assert_eq!(offer.parameters["type"], "object", "{}", offer.name);
            assert!(tool(&offer.name).is_some());
        }
        assert!(tool("format_disk").is_none());
    }

    #[test]
    fn scopes_come_from_the_arguments_and_stay_within_the_tool() {
        let cases = [
            (
                "search_documents",
                json!({"query": " notice period "}),
                Some((Reach::Read, Summary::Text("notice period".into()))),
            ),
            ("search_documents", json!({"query": ""}), None),
            ("search_documents", json!({"text": "x"}), None),
            ("search_documents", json!({"query": 7}), None),
            ("search_documents", json!("notice"), None),
            ("search_documents", json!({"query": "x".repeat(2000)}), None),
            (
                "rename_chat",
                json!({"title": "Lease"}),
                Some((Reach::Write, Summary::Known(Doing::RenameChat { title: "Lease".into() }))),
            ),
            ("rename_chat", json!({"title": "a\nb"}), None),
            ("rename_chat", json!({"title": "  "}), None),
            ("rename_chat", json!({"title": "x".repeat(201)}), None),
        ];
        for (name, arguments, expected) in cases {
            let tool = tool(name).unwrap();
            let scope = tool.scope(&arguments);
            match (scope, expected) {
                (Ok(scope), Some((reach, summary))) => {
                    assert_eq!((scope.reach, scope.summary), (reach, summary));
                    assert!(scope.reach <= tool.spec().reach);
                }
                (Err(error), None) => assert!(error.fault().is_none(), "the model's mistake is the model's"),
                (scope, expected) => panic!("{name} {arguments}: {scope:?}, not {expected:?}"),
            }
        }
    }
}
