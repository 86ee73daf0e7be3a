//! Searches the workspace's documents and shows the model what it found.

use super::{Outcome, Tool, ToolCx, ToolError, text_argument};
use crate::{
    Scope, ToolSpec,
    prompt::{TOLD, numbered, shorten},
};
use async_trait::async_trait;
use protocol::{Reach, StepKind, Summary};
use serde_json::Value;

pub(super) struct SearchDocuments;

/// How many passages one search shows.
const PASSAGES: usize = 6;
/// The longest query, in chars.
const QUERY: usize = 500;

static SPEC: ToolSpec = ToolSpec {
    name: "search_documents",
    description: "Searches the user's documents by words and by meaning. Returns numbered passages with document and page.",
    parameters: r#"{
        "type": "object",
        "properties": { "query": { "type": "string", "description": "What to look for, in the documents' language" } },
        "required": ["query"],
        "additionalProperties": false
    }"#,
    reach: Reach::Read,
    may_always: true,
};

#[async_trait]
impl Tool for SearchDocuments {
    fn spec(&self) -> &'static ToolSpec {
        &SPEC
    }

    fn scope(&self, arguments: &Value) -> Result<Scope, ToolError> {
        let query = text_argument(arguments, "query", QUERY)?;
        Ok(Scope { reach: Reach::Read, hosts: Vec::new(), summary: Summary::Text(query) })
    }

    async fn run(&self, arguments: Value, cx: &ToolCx) -> Result<Outcome, ToolError> {
        let query = text_argument(&arguments, "query", QUERY)?;
        let passages = cx.library.retrieve(&query, PASSAGES, &cx.documents).await?;
        let mut text = match passages.is_empty() {
            true => "The documents have no passage about this.".to_owned(),
            false => numbered(&passages, cx.seen + 1),
        };
        shorten(&mut text, TOLD);
        Ok(Outcome { text, count: u32::try_from(passages.len()).ok(), passages, undo: None })
    }

    fn step(&self) -> StepKind {
        StepKind::Searched
    }
}
