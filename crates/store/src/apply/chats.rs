//! Chats, which of their branches is shown, and the approvals asked in them.

use super::{Applied, erase_bodies, json, word};
use crate::StoreError;
use protocol::{AgentId, CallId, ChatId, Decision, ItemId, Reach, Summary};
use sqlx::SqliteConnection;

type Done = Result<(), StoreError>;

pub(super) async fn started(
    conn: &mut SqliteConnection,
    at: &Applied,
    chat: ChatId,
    agent: AgentId,
    title: &str,
) -> Done {
    let stamp = at.key();
    sqlx::query!(
        "INSERT INTO chats
         (id, agent, title, title_stamp, ms, changed_ms, chosen, chosen_stamp, removed, removed_stamp)
         VALUES (?1, ?2, ?3, ?4, ?5, ?5, NULL, ?4, 0, ?4)
         ON CONFLICT (id) DO NOTHING",
        chat.0,
        agent.0,
        title,
        stamp,
        at.at.ms
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn renamed(conn: &mut SqliteConnection, at: &Applied, chat: ChatId, title: &str) -> Done {
    let stamp = at.key();
    sqlx::query!(
        "UPDATE chats SET title = ?1, title_stamp = ?2 WHERE id = ?3 AND title_stamp < ?2",
        title,
        stamp,
        chat.0
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn removed(conn: &mut SqliteConnection, at: &Applied, chat: ChatId, removed: bool) -> Done {
    let stamp = at.key();
    sqlx::query!(
        "UPDATE chats SET removed = ?1, removed_stamp = ?2 WHERE id = ?3 AND removed_stamp < ?2",
        removed,
        stamp,
        chat.0
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Shows the branch that an item is on.
pub(super) async fn chosen(conn: &mut SqliteConnection, at: &Applied, chat: ChatId, item: ItemId) -> Done {
    let stamp = at.key();
    sqlx::query!(
        "UPDATE chats SET chosen = ?1, chosen_stamp = ?2 WHERE id = ?3 AND chosen_stamp < ?2",
        item.0,
        stamp,
        chat.0
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Something was said: the chat moves up, and the new item's branch is the one to show.
pub(super) async fn spoken(conn: &mut SqliteConnection, at: &Applied, chat: ChatId, item: ItemId) -> Done {
    changed(conn, at, chat).await?;
    chosen(conn, at, chat, item).await
}

/// Moves a chat up in the list.
pub(super) async fn changed(conn: &mut SqliteConnection, at: &Applied, chat: ChatId) -> Done {
    sqlx::query!("UPDATE chats SET changed_ms = max(changed_ms, ?) WHERE id = ?", at.at.ms, chat.0)
        .execute(conn)
        .await?;
    Ok(())
}

pub(super) async fn purged(conn: &mut SqliteConnection, chat: ChatId) -> Done {
    erase_bodies(conn, chat.0).await?;
    // Children before parents: items refer to items, so that check waits for the end.
    sqlx::query!("PRAGMA defer_foreign_keys = ON").execute(&mut *conn).await?;
    sqlx::query!("DELETE FROM citations WHERE item IN (SELECT id FROM items WHERE chat = ?)", chat.0)
        .execute(&mut *conn)
        .await?;
    sqlx::query!("DELETE FROM explanations WHERE item IN (SELECT id FROM items WHERE chat = ?)", chat.0)
        .execute(&mut *conn)
        .await?;
    sqlx::query!("DELETE FROM checkpoints WHERE item IN (SELECT id FROM items WHERE chat = ?)", chat.0)
        .execute(&mut *conn)
        .await?;
    sqlx::query!("DELETE FROM approvals WHERE chat = ?", chat.0).execute(&mut *conn).await?;
    sqlx::query!("DELETE FROM items WHERE chat = ?", chat.0).execute(&mut *conn).await?;
    sqlx::query!("DELETE FROM chats WHERE id = ?", chat.0).execute(&mut *conn).await?;
    Ok(())
}

/// What an agent asks a person.
pub(super) struct Asks<'a> {
    pub agent: &'a str,
    pub tool: &'a str,
    pub reach: &'a Reach,
    pub summary: &'a Summary,
    pub may_always: bool,
}

pub(super) async fn approval_asked(
    conn: &mut SqliteConnection,
    at: &Applied,
    asked: CallId,
    chat: ChatId,
    asks: Asks<'_>,
) -> Done {
    let (reach, summary) = (word(asks.reach)?, json(asks.summary)?);
    sqlx::query!(
        "INSERT INTO approvals (asked, chat, agent, tool, reach, summary, may_always, ms, decision)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL)
         ON CONFLICT (asked) DO NOTHING",
        asked.0,
        chat.0,
        asks.agent,
        asks.tool,
        reach,
        summary,
        asks.may_always,
        at.at.ms
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn approval_settled(conn: &mut SqliteConnection, asked: CallId, decision: &Decision) -> Done {
    let decision = word(decision)?;
    sqlx::query!("UPDATE approvals SET decision = ? WHERE asked = ? AND decision IS NULL", decision, asked.0)
        .execute(conn)
        .await?;
    Ok(())
}
