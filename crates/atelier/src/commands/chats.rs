//! `atelier chats`, `export` and `replay`.

use crate::{
    door::{Door, id},
    out::{EXIT_PARTIAL, Out, when},
};
use protocol::*;
use std::process::ExitCode;

pub(super) async fn chats(door: &Door, remove: Option<String>, out: &Out) -> Result<ExitCode, Fault> {
    if let Some(named) = remove {
        let chat = id(&named, "chat")?;
        door.call(RemoveChat { chat }).await?;
        out.note(&format!("the chat is removed; bring it back with `atelier restore {chat}`"));
    }
    let chats = door.call(Open {}).await?.chats;
    out.value(&chats, |chats| {
        if chats.is_empty() {
            return "no chats yet; start one with `atelier ask QUESTION`".to_owned();
        }
        let rows = chats.iter().map(|chat| {
            let title = if chat.title.is_empty() { "(empty)" } else { &chat.title };
            format!("{}  {}  {:>4} items  {title}", chat.id, when(chat.changed_at), chat.items)
        });
        rows.collect::<Vec<_>>().join("\n")
    });
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn export(door: &Door, chat: &str, out: &Out) -> Result<ExitCode, Fault> {
    let markdown = door.call(ExportChat { chat: id(chat, "chat")? }).await?;
    out.value(&serde_json::json!({ "chat": chat, "markdown": markdown }), |_| markdown.clone());
    Ok(ExitCode::SUCCESS)
}

/// Repeats an answer; exit code 8 when something differs.
pub(super) async fn replay(door: &Door, item: &str, out: &Out) -> Result<ExitCode, Fault> {
    let report = door.call(Replay { item: id(item, "answer")? }).await?;
    let same = report.same;
    out.value(&report, |report| {
        if report.same && report.differences.is_empty() {
            return "the same text came out".to_owned();
        }
        let head = if report.same { "the same text came out, yet:" } else { "another text came out:" };
        let mut lines = vec![head.to_owned()];
        lines.extend(report.differences.iter().map(|difference| format!("  {difference}")));
        lines.join("\n")
    });
    Ok(if same { ExitCode::SUCCESS } else { ExitCode::from(EXIT_PARTIAL) })
}
