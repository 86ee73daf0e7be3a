//! `atelier removed`, `restore` and `erase`: what was removed, back again or gone for good.

use super::documents::read_for_meaning;
use crate::{
    door::Door,
    out::{Out, bytes, when},
};
use protocol::*;
use std::{collections::HashSet, process::ExitCode};

/// A removed thing.
enum Thing {
    Chat(RemovedChat),
    Document(RemovedDocument),
}

pub(super) async fn removed(door: &Door, out: &Out) -> Result<ExitCode, Fault> {
    let removed = door.call(ListRemoved {}).await?;
    out.value(&removed, |removed| {
        let chats = removed.chats.iter().map(|chat| {
            format!("{}  {}  chat      {:>9}  {}", chat.chat, when(chat.removed_at), chat.items, titled(&chat.title))
        });
        let documents = removed.documents.iter().map(|document| {
            let size = bytes(document.bytes);
            let gone = document.gone_from.as_ref().map(|folder| format!("  (gone from {folder})")).unwrap_or_default();
            let (id, when) = (document.document, when(document.removed_at));
            format!("{id}  {when}  document  {size:>9}  {}{gone}", document.name)
        });
        let rows: Vec<String> = chats.chain(documents).collect();
        if rows.is_empty() { "nothing was removed".to_owned() } else { rows.join("\n") }
    });
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn restore(door: &Door, id: &str, out: &Out) -> Result<ExitCode, Fault> {
    let name = match find(door, id).await? {
        Thing::Chat(chat) => door.call(RestoreChat { chat: chat.chat }).await?.title,
        Thing::Document(document) => {
            door.call(RestoreDocument { document: document.document }).await?;
            read_for_meaning(door, &HashSet::from([document.document]), out).await?;
            document.name
        }
    };
    out.value(&serde_json::json!({ "restored": id }), |_| format!("“{}” is back", titled(&name)));
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn erase(door: &Door, id: &str, answers: bool, yes: bool, out: &Out) -> Result<ExitCode, Fault> {
    let thing = find(door, id).await?;
    if !yes {
        return Err(Fault::new(FaultKind::Refused, "cli.unconfirmed", consequence(&thing, answers))
            .with("name", name(&thing))
            .safe("Nothing was erased.")
            .hint("Say it again with --yes. There is no way back."));
    }
    match &thing {
        Thing::Chat(chat) => door.call(PurgeChat { chat: chat.chat }).await?,
        Thing::Document(document) => door.call(PurgeDocument { document: document.document, answers }).await?,
    }
    out.value(&serde_json::json!({ "erased": id }), |_| "erased for good".to_owned());
    Ok(ExitCode::SUCCESS)
}

async fn find(door: &Door, id: &str) -> Result<Thing, Fault> {
    let Removed { chats, documents } = door.call(ListRemoved {}).await?;
    let chat = chats.into_iter().find(|chat| chat.chat.to_string() == id).map(Thing::Chat);
    let document = || documents.into_iter().find(|document| document.document.to_string() == id).map(Thing::Document);
    chat.or_else(document).ok_or_else(|| {
        Fault::new(FaultKind::NotFound, "cli.not_removed", format!("Nothing that was removed has the id “{id}”."))
            .with("id", id)
            .hint("List what was removed with `atelier removed`.")
    })
}

/// What erasing would do.
fn consequence(thing: &Thing, answers: bool) -> String {
    match thing {
        Thing::Chat(chat) => {
            format!("This would erase the chat “{}” with its {} items for good.", titled(&chat.title), chat.items)
        }
        Thing::Document(document) => {
            let own = match answers {
                true => "and the text of the answers that it was shown for",
                false => "but not what the model said of it in its own words (--answers erases that too)",
            };
            let RemovedDocument { name, answers, .. } = document;
            format!("This would erase “{name}” and its quotes in {answers} answers for good, {own}.")
        }
    }
}

fn name(thing: &Thing) -> &str {
    match thing {
        Thing::Chat(chat) => titled(&chat.title),
        Thing::Document(document) => &document.name,
    }
}

fn titled(title: &str) -> &str {
    if title.is_empty() { "(empty)" } else { title }
}
