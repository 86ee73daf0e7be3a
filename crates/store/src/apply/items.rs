//! Questions and answers: a tree of items that only grows.

use super::{Applied, chats, json};
use crate::{StoreError, items::support_number};
use protocol::*;
use sqlx::SqliteConnection;

type Done = Result<(), StoreError>;

#[allow(clippy::too_many_arguments)] // the fields of the change, each once
pub(super) async fn message_added(
    conn: &mut SqliteConnection,
    at: &Applied,
    item: ItemId,
    chat: ChatId,
    parent: Option<ItemId>,
    author: &str,
    text: &str,
    attached: &[DocumentId],
) -> Done {
    let (stamp, attached) = (at.key(), json(&attached)?);
    let (status, parent) = (json(&ItemStatus::Complete)?, parent.map(|parent| parent.0));
    sqlx::query!(
        "INSERT INTO items
         (id, chat, parent, kind, author, stamp, ms, text, status, attached, steps, unsupported, ended_stamp)
         VALUES (?1, ?2, ?3, 'question', ?4, ?5, ?6, ?7, ?8, ?9, '[]', '[]', ?5)
         ON CONFLICT (id) DO NOTHING",
        item.0,
        chat.0,
        parent,
        author,
        stamp,
        at.at.ms,
        text,
        status,
        attached
    )
    .execute(&mut *conn)
    .await?;
    chats::spoken(conn, at, chat, item).await
}

pub(super) async fn answer_started(
    conn: &mut SqliteConnection,
    at: &Applied,
    item: ItemId,
    chat: ChatId,
    parent: ItemId,
    agent: AgentId,
    turn: TurnId,
) -> Done {
    let (stamp, writing) = (at.key(), json(&ItemStatus::Writing)?);
    // For an item that is there this goes on writing: its text and evidence stay until the new end.
    // Its earlier end may have been erased from the log.
    sqlx::query!(
        "INSERT INTO items
         (id, chat, parent, kind, author, stamp, ms, text, status, attached, steps, unsupported, turn)
         VALUES (?1, ?2, ?3, 'answer', coalesce((SELECT name FROM agents WHERE id = ?4), ''), ?5, ?6, '', ?7, '[]', '[]', '[]', ?8)
         ON CONFLICT (id) DO UPDATE SET status = ?7, turn = ?8, ended_stamp = NULL
         WHERE ended_stamp IS NULL OR ended_stamp < ?5",
        item.0,
        chat.0,
        parent.0,
        agent.0,
        stamp,
        at.at.ms,
        writing,
        turn.0
    )
    .execute(&mut *conn)
    .await?;
    chats::spoken(conn, at, chat, item).await
}

/// How an answer ended.
pub(super) struct End<'a> {
    pub text: &'a str,
    pub status: &'a ItemStatus,
    pub steps: &'a [StepView],
    pub citations: &'a [CitationView],
    pub unsupported: &'a [Span],
    pub supported: &'a Option<Support>,
    pub made: &'a Option<Made>,
    pub explanation: &'a Option<Box<Explanation>>,
}

pub(super) async fn answer_ended(conn: &mut SqliteConnection, at: &Applied, item: ItemId, end: End<'_>) -> Done {
    let (stamp, status, steps) = (at.key(), json(end.status)?, json(&end.steps)?);
    let (unsupported, made) = (json(&end.unsupported)?, end.made.as_ref().map(json).transpose()?);
    let supported = end.supported.map(support_number);
    let done = sqlx::query!(
        "UPDATE items SET text = ?1, status = ?2, steps = ?3, unsupported = ?4, supported = ?5, made = ?6, ended_stamp = ?7
         WHERE id = ?8 AND (ended_stamp IS NULL OR ended_stamp < ?7)",
        end.text,
        status,
        steps,
        unsupported,
        supported,
        made,
        stamp,
        item.0
    )
    .execute(&mut *conn)
    .await?;
    if done.rows_affected() == 0 {
        return Ok(());
    }
    sqlx::query!("DELETE FROM checkpoints WHERE item = ?", item.0).execute(&mut *conn).await?;
    sqlx::query!("DELETE FROM citations WHERE item = ?", item.0).execute(&mut *conn).await?;
    for (ordinal, citation) in end.citations.iter().enumerate() {
        cite(conn, item, ordinal as i64, citation).await?;
    }
    sqlx::query!("DELETE FROM explanations WHERE item = ?", item.0).execute(&mut *conn).await?;
    if let Some(explanation) = end.explanation {
        let explanation = json(explanation)?;
        sqlx::query!("INSERT INTO explanations (item, explanation) VALUES (?, ?)", item.0, explanation)
            .execute(&mut *conn)
            .await?;
    }
    sqlx::query!(
        "UPDATE chats SET changed_ms = max(changed_ms, ?) WHERE id = (SELECT chat FROM items WHERE id = ?)",
        at.at.ms,
        item.0
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn cite(conn: &mut SqliteConnection, item: ItemId, ordinal: i64, citation: &CitationView) -> Done {
    sqlx::query!(
        r#"INSERT INTO citations (item, ordinal, number, at, document, name, page, start, "end", quote, page_hash, place)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"#,
        item.0,
        ordinal,
        citation.number,
        citation.at,
        citation.document.0,
        citation.name,
        citation.page,
        citation.start,
        citation.end,
        citation.quote,
        citation.page_hash,
        citation.place
    )
    .execute(conn)
    .await?;
    Ok(())
}
