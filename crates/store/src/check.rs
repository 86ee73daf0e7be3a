//! Whether a change fits what is there, before it gets into the log for good.
//!
//! Only local writes are checked. A record that is in a log has happened: `apply` takes it as it is.

use crate::{Change, StoreError};
use protocol::{ChatId, DocumentId, FolderId, ItemId};
use sqlx::SqliteConnection;
use uuid::Uuid;

/// The longest name or title that is kept.
const NAME_LIMIT: usize = 1_000;

/// The longest path of a watched folder, in bytes: what systems take.
const PATH_LIMIT: usize = 4_096;

/// The largest text of one record: a log is for words, files are blobs.
const TEXT_LIMIT: usize = 16 << 20;

/// Refuses a change that refers to things that are not there, or that are in another state.
pub(crate) async fn check(conn: &mut SqliteConnection, change: &Change) -> Result<(), StoreError> {
    match change {
        Change::ChatStarted { agent, title, .. } => {
            short("title", title)?;
            let known =
                sqlx::query_scalar!("SELECT count(*) FROM agents WHERE id = ?", agent.0).fetch_one(conn).await?;
            there(known > 0, "agent", agent)
        }
        Change::ChatRenamed { chat, title } => {
            short("title", title)?;
            chat_removed(conn, *chat).await.map(|_| ())
        }
        Change::ChatRemoved { chat } | Change::ChatRestored { chat } => chat_removed(conn, *chat).await.map(|_| ()),
        Change::ChatPurged { chat } => match chat_removed(conn, *chat).await? {
            true => Ok(()),
            false => Err(StoreError::Invalid("only a removed chat can be erased".into())),
        },
        Change::BranchChosen { chat, item } => in_chat(conn, *item, *chat).await,
        Change::MessageAdded { chat, parent, text, .. } => {
            long("message", text)?;
            chat_removed(conn, *chat).await?;
            match parent {
                Some(parent) => in_chat(conn, *parent, *chat).await,
                None => Ok(()),
            }
        }
        Change::AnswerStarted { item, chat, parent, agent, .. } => {
            let known =
                sqlx::query_scalar!("SELECT count(*) FROM agents WHERE id = ?", agent.0).fetch_one(&mut *conn).await?;
            there(known > 0, "agent", agent)?;
            in_chat(conn, *parent, *chat).await?;
            match item_row(conn, *item).await? {
                None => Ok(()),
                Some(row) if row.kind != "answer" => {
                    Err(StoreError::Invalid("a question cannot be answered in its own place".into()))
                }
                Some(row) if !row.ended => Err(StoreError::Invalid("this answer is being written already".into())),
                Some(row) => there(row.chat == chat.0, "item", item),
            }
        }
        Change::AnswerEnded { item, text, .. } => {
            long("answer", text)?;
            match item_row(conn, *item).await? {
                None => Err(StoreError::not_found("item", item)),
                Some(row) if row.kind != "answer" => Err(StoreError::Invalid("a question has no end".into())),
                Some(row) if row.ended => Err(StoreError::Invalid("this answer has ended already".into())),
                Some(_) => Ok(()),
            }
        }
        Change::ApprovalAsked { chat, .. } => chat_removed(conn, *chat).await.map(|_| ()),
        Change::ApprovalSettled { asked, .. } => {
            let settled = sqlx::query_scalar!("SELECT decision FROM approvals WHERE asked = ?", asked.0);
            match settled.fetch_optional(conn).await? {
                None => Err(StoreError::not_found("approval", asked)),
                Some(Some(_)) => Err(StoreError::Invalid("this was decided already".into())),
                Some(None) => Ok(()),
            }
        }
        Change::DocumentAdded { name, bytes, .. } => {
            short("name", name)?;
            fits(*bytes)
        }
        Change::DocumentCameIn { document, container } => {
            document_removed(conn, *document).await?;
            match container {
                Some(container) if container == document => {
                    Err(StoreError::Invalid("no document lies in itself".into()))
                }
                Some(container) => document_removed(conn, *container).await.map(|_| ()),
                None => Ok(()),
            }
        }
        Change::DocumentRemoved { document } | Change::DocumentRestored { document } => {
            document_removed(conn, *document).await.map(|_| ())
        }
        Change::DocumentRevised { document, bytes, .. } => {
            fits(*bytes)?;
            document_removed(conn, *document).await.map(|_| ())
        }
        Change::DocumentMoved { document, name, .. } => {
            short("name", name)?;
            document_removed(conn, *document).await.map(|_| ())
        }
        Change::DocumentLabelled { document, label, .. } => {
            short("label", label)?;
            match label.trim() == label && !label.is_empty() {
                true => document_removed(conn, *document).await.map(|_| ()),
                false => Err(StoreError::Invalid("a label has words".into())),
            }
        }
        Change::DocumentGone { document, folder } => {
            document_removed(&mut *conn, *document).await?;
            watched(conn, *folder).await
        }
        Change::FolderWatched { path, .. } => match path.len() > PATH_LIMIT {
            true => Err(StoreError::Invalid(format!("a path may have {PATH_LIMIT} bytes"))),
            false => Ok(()),
        },
        Change::FolderPaused { folder, .. } | Change::FolderForgotten { folder } => watched(conn, *folder).await,
        Change::DocumentPurged { document } => match document_removed(conn, *document).await? {
            true => Ok(()),
            false => Err(StoreError::Invalid("only a removed document can be erased".into())),
        },
        Change::RuleRemoved { rule } => {
            let known = sqlx::query_scalar!("SELECT count(*) FROM rules WHERE id = ? AND removed = 0", rule.0);
            there(known.fetch_one(conn).await? > 0, "rule", rule)
        }
        Change::EndpointSet { name, url, model, .. } => {
            short("name", name)?;
            short("address", url)?;
            short("model", model)
        }
        Change::EndpointRemoved { name } => {
            let known = sqlx::query_scalar!("SELECT count(*) FROM endpoints WHERE name = ? AND removed = 0", name);
            there(known.fetch_one(conn).await? > 0, "endpoint", name)
        }
        Change::WorkspaceStarted { name, .. }
        | Change::MemberJoined { name, .. }
        | Change::DeviceAdded { name, .. } => short("name", name),
        Change::AgentAdded { .. }
        | Change::RuleSet { .. }
        | Change::SettingsChanged { .. }
        | Change::WentOut { .. }
        | Change::Sealed { .. } => Ok(()),
        Change::RecordErased { record } => {
            let ends =
                sqlx::query_scalar!("SELECT count(*) FROM records WHERE id = ? AND kind = 'answer_ended'", record.0);
            there(ends.fetch_one(conn).await? > 0, "record", record)
        }
    }
}

struct ItemRow {
    chat: Uuid,
    kind: String,
    ended: bool,
}

async fn item_row(conn: &mut SqliteConnection, item: ItemId) -> Result<Option<ItemRow>, StoreError> {
    let row = sqlx::query_as!(
        ItemRow,
        r#"SELECT chat AS "chat: Uuid", kind, ended_stamp IS NOT NULL AS "ended!: bool" FROM items WHERE id = ?"#,
        item.0
    );
    Ok(row.fetch_optional(conn).await?)
}

async fn in_chat(conn: &mut SqliteConnection, item: ItemId, chat: ChatId) -> Result<(), StoreError> {
    let row = item_row(conn, item).await?;
    there(row.is_some_and(|row| row.chat == chat.0), "item", item)
}

async fn chat_removed(conn: &mut SqliteConnection, chat: ChatId) -> Result<bool, StoreError> {
    let removed = sqlx::query_scalar!(r#"SELECT removed AS "removed: bool" FROM chats WHERE id = ?"#, chat.0);
    removed.fetch_optional(conn).await?.ok_or_else(|| StoreError::not_found("chat", chat))
}

async fn document_removed(conn: &mut SqliteConnection, document: DocumentId) -> Result<bool, StoreError> {
    let removed = sqlx::query_scalar!(r#"SELECT removed AS "removed: bool" FROM documents WHERE id = ?"#, document.0);
    removed.fetch_optional(conn).await?.ok_or_else(|| StoreError::not_found("document", document))
}

async fn watched(conn: &mut SqliteConnection, folder: FolderId) -> Result<(), StoreError> {
    let known = sqlx::query_scalar!("SELECT count(*) FROM folders WHERE id = ? AND removed = 0", folder.0);
    there(known.fetch_one(conn).await? > 0, "folder", folder)
}

fn fits(bytes: u64) -> Result<(), StoreError> {
    match i64::try_from(bytes) {
        Ok(_) => Ok(()),
        Err(_) => Err(StoreError::Invalid("no file is that large".into())),
    }
}

fn there(is: bool, what: &'static str, id: impl ToString) -> Result<(), StoreError> {
    if is { Ok(()) } else { Err(StoreError::not_found(what, id)) }
}

fn short(what: &str, text: &str) -> Result<(), StoreError> {
    match text.chars().count() > NAME_LIMIT {
        true => Err(StoreError::Invalid(format!("a {what} may have {NAME_LIMIT} characters"))),
        false => Ok(()),
    }
}

fn long(what: &str, text: &str) -> Result<(), StoreError> {
    match text.len() > TEXT_LIMIT {
        true => Err(StoreError::Invalid(format!("a {what} may have {} MB", TEXT_LIMIT >> 20))),
        false => Ok(()),
    }
}
