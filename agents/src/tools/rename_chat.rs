//! Gives the chat another title. The old one stays in the log, so a person can take it back.

use super::{Outcome, Tool, ToolCx, ToolError, text_argument};
use crate::{Scope, ToolSpec};
use async_trait::async_trait;
use protocol::{Doing, Reach, Summary, Undo};
use serde_json::Value;
use store::Change;

pub(super) struct RenameChat;

/// The longest title, in chars.
const TITLE: usize = 200;

static SPEC: ToolSpec = ToolSpec {
    name: "rename_chat",
    description: "Gives this chat a new title. Only when the user asks for it.",
    parameters: r#"{
        "type": "object",
        "properties": { "title": { "type": "string", "description": "The new title, a few words" } },
        "required": ["title"],
        "additionalProperties": false
    }"#,
    reach: Reach::Write,
    may_always: true,
};

fn title(arguments: &Value) -> Result<String, ToolError> {
    let title = text_argument(arguments, "title", TITLE)?;
    // What a person approves must be what they see: no line breaks, no characters that turn text round.
    let hidden = |c: char| {
        c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if title.contains(hidden) {
        return Err(ToolError::Arguments("`title` must be one line of plain text.".to_owned()));
    }
    Ok(title)
}

#[async_trait]
impl Tool for RenameChat {
    fn spec(&self) -> &'static ToolSpec {
        &SPEC
    }

    fn scope(&self, arguments: &Value) -> Result<Scope, ToolError> {
        let summary = Summary::Known(Doing::RenameChat { title: title(arguments)? });
        Ok(Scope { reach: Reach::Write, hosts: Vec::new(), summary })
    }

    async fn run(&self, arguments: Value, cx: &ToolCx) -> Result<Outcome, ToolError> {
        let title = title(&arguments)?;
        let before = cx.store.chat(cx.chat).await?.title;
        let change = Change::ChatRenamed { chat: cx.chat, title: title.clone() };
        cx.store.write(&cx.actor, async |tx| tx.record(change).await.map(drop)).await?;
        let text = format!("The chat is now called “{title}”.");
        // A chat without a title has none to go back to.
        let undo = (!before.is_empty() && before != title).then_some(Undo::RenameChat { from: before, to: title });
        Ok(Outcome { text, count: None, passages: Vec::new(), undo })
    }
}
