//! What a change does to the tables: the one `apply`, for local writes, merges and rebuilds alike.
//!
//! It takes what has happened as it is, so it must give the same tables whenever it runs: rows are
//! added once (`DO NOTHING`), a field is overwritten only by a later stamp, and what was purged
//! stays purged.

mod chats;
mod documents;
mod folders;
mod items;
mod people;
mod trust;

use crate::{Change, Stamp, StoreError};
use protocol::{DeviceId, RecordId};
use serde::Serialize;
use sqlx::SqliteConnection;
use uuid::Uuid;

/// When and where a change was recorded.
pub(crate) struct Applied {
    pub at: Stamp,
    pub device: DeviceId,
}

impl Applied {
    fn key(&self) -> Vec<u8> {
        self.at.key(self.device)
    }
}

/// Applies a change to the tables.
pub(crate) async fn apply(conn: &mut SqliteConnection, at: &Applied, change: &Change) -> Result<(), StoreError> {
    if let Some(scope) = late(change)
        && purged(conn, scope).await?
    {
        return Ok(());
    }
    match change {
        Change::WorkspaceStarted { workspace, name } => people::workspace_started(conn, at, *workspace, name).await,
        Change::MemberJoined { member, name } => people::member_joined(conn, at, *member, name).await,
        Change::DeviceAdded { device, member, name, public_key } => {
            people::device_added(conn, at, *device, *member, name, public_key).await
        }
        Change::AgentAdded { agent, role, name, about, mark } => {
            people::agent_added(conn, at, *agent, role, name, about, *mark).await
        }
        Change::ChatStarted { chat, agent, title } => chats::started(conn, at, *chat, *agent, title).await,
        Change::ChatRenamed { chat, title } => chats::renamed(conn, at, *chat, title).await,
        Change::ChatRemoved { chat } => chats::removed(conn, at, *chat, true).await,
        Change::ChatRestored { chat } => chats::removed(conn, at, *chat, false).await,
        Change::ChatPurged { chat } => chats::purged(conn, *chat).await,
        Change::BranchChosen { chat, item } => chats::chosen(conn, at, *chat, *item).await,
        Change::MessageAdded { item, chat, parent, author, text, attached } => {
            items::message_added(conn, at, *item, *chat, *parent, author, text, attached).await
        }
        Change::AnswerStarted { item, chat, parent, agent, turn } => {
            items::answer_started(conn, at, *item, *chat, *parent, *agent, *turn).await
        }
        Change::AnswerEnded { item, text, status, steps, citations, unsupported, supported, made, explanation } => {
            let end = items::End { text, status, steps, citations, unsupported, supported, made, explanation };
            items::answer_ended(conn, at, *item, end).await
        }
        Change::ApprovalAsked { asked, chat, agent, tool, reach, summary, may_always } => {
            let asks = chats::Asks { agent, tool, reach, summary, may_always: *may_always };
            chats::approval_asked(conn, at, *asked, *chat, asks).await
        }
        Change::ApprovalSettled { asked, decision } => chats::approval_settled(conn, *asked, decision).await,
        Change::DocumentAdded { document, name, origin, format, bytes, hash } => {
            let file = documents::File { name, origin, format, bytes: *bytes, hash };
            documents::added(conn, at, *document, file).await
        }
        Change::DocumentCameIn { document, container } => documents::came_in(conn, at, *document, *container).await,
        Change::DocumentRemoved { document } => documents::removed(conn, at, *document, true).await,
        Change::DocumentRestored { document } => documents::removed(conn, at, *document, false).await,
        Change::DocumentPurged { document } => documents::purged(conn, *document).await,
        Change::DocumentRevised { document, format, bytes, hash } => {
            documents::revised(conn, at, *document, format, *bytes, hash).await
        }
        Change::DocumentMoved { document, name, origin } => documents::moved(conn, at, *document, name, origin).await,
        Change::DocumentGone { document, folder } => documents::gone(conn, at, *document, *folder).await,
        Change::DocumentLabelled { document, label, held } => {
            documents::labelled(conn, at, *document, label, *held).await
        }
        Change::FolderWatched { folder, member, path } => folders::watched(conn, at, *folder, *member, path).await,
        Change::FolderPaused { folder, paused } => folders::paused(conn, at, *folder, *paused).await,
        Change::FolderForgotten { folder } => folders::forgotten(conn, at, *folder).await,
        Change::RuleSet { rule, subject, verdict } => trust::rule_set(conn, at, *rule, subject, verdict).await,
        Change::RuleRemoved { rule } => trust::rule_removed(conn, at, *rule).await,
        Change::EndpointSet { name, url, model, has_key } => {
            trust::endpoint_set(conn, at, name, url, model, *has_key).await
        }
        Change::EndpointRemoved { name } => trust::endpoint_removed(conn, at, name).await,
        Change::SettingsChanged { settings } => trust::register(conn, at, "settings", settings).await,
        Change::WentOut { entry } => trust::went_out(conn, at, entry).await,
        Change::Sealed { sealed } => trust::register(conn, at, "sealed", sealed).await,
        Change::RecordErased { record } => erase_body(conn, *record).await,
    }
}

/// What must not have been purged for a change still to matter. A change to a row that is gone
/// changes nothing by itself; only those that would add rows need the question.
fn late(change: &Change) -> Option<Uuid> {
    match change {
        Change::ChatStarted { chat, .. }
        | Change::MessageAdded { chat, .. }
        | Change::AnswerStarted { chat, .. }
        | Change::ApprovalAsked { chat, .. } => Some(chat.0),
        Change::DocumentAdded { document, .. }
        | Change::DocumentRevised { document, .. }
        | Change::DocumentLabelled { document, .. } => Some(document.0),
        Change::WorkspaceStarted { .. }
        | Change::MemberJoined { .. }
        | Change::DeviceAdded { .. }
        | Change::AgentAdded { .. }
        | Change::ChatRenamed { .. }
        | Change::ChatRemoved { .. }
        | Change::ChatRestored { .. }
        | Change::ChatPurged { .. }
        | Change::BranchChosen { .. }
        | Change::AnswerEnded { .. }
        | Change::ApprovalSettled { .. }
        | Change::DocumentCameIn { .. }
        | Change::DocumentRemoved { .. }
        | Change::DocumentRestored { .. }
        | Change::DocumentPurged { .. }
        | Change::DocumentMoved { .. }
        | Change::DocumentGone { .. }
        | Change::FolderWatched { .. }
        | Change::FolderPaused { .. }
        | Change::FolderForgotten { .. }
        | Change::RuleSet { .. }
        | Change::RuleRemoved { .. }
        | Change::EndpointSet { .. }
        | Change::EndpointRemoved { .. }
        | Change::SettingsChanged { .. }
        | Change::WentOut { .. }
        | Change::Sealed { .. }
        | Change::RecordErased { .. } => None,
    }
}

async fn purged(conn: &mut SqliteConnection, scope: Uuid) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar!("SELECT count(*) FROM purged WHERE scope = ?", scope).fetch_one(conn).await? > 0)
}

/// Erases the bodies of everything recorded about a chat or document, and remembers that.
async fn erase_bodies(conn: &mut SqliteConnection, scope: Uuid) -> Result<(), StoreError> {
    sqlx::query!("INSERT INTO purged (scope) VALUES (?) ON CONFLICT (scope) DO NOTHING", scope)
        .execute(&mut *conn)
        .await?;
    sqlx::query!("DELETE FROM bodies WHERE record IN (SELECT number FROM records WHERE scope = ?)", scope)
        .execute(&mut *conn)
        .await?;
    Ok(())
}

/// Erases the body of one record.
async fn erase_body(conn: &mut SqliteConnection, record: RecordId) -> Result<(), StoreError> {
    sqlx::query!("DELETE FROM bodies WHERE record = (SELECT number FROM records WHERE id = ?)", record.0)
        .execute(conn)
        .await?;
    Ok(())
}

/// A list or structure as its column holds it.
fn json(value: &impl Serialize) -> Result<String, StoreError> {
    Ok(serde_json::to_string(value)?)
}

/// A name of a closed set as its column holds it: `allow_once`, `machine`.
fn word(value: &impl Serialize) -> Result<String, StoreError> {
    match serde_json::to_value(value)? {
        serde_json::Value::String(word) => Ok(word),
        other => Err(StoreError::Invalid(format!("{other} is not a word"))),
    }
}
