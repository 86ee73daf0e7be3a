//! The chats, one chat, and a stretch of the branch that it shows.

use crate::{Store, StoreError, items};
use protocol::{AgentId, ChatId, ChatPage, ChatView, ItemId};
use sqlx::SqliteConnection;
use uuid::Uuid;

/// How many chats are listed.
const CHATS: i64 = 10_000;

/// How many items a page has at most.
const PAGE: u32 = 1_000;

struct Row {
    id: Uuid,
    agent: Uuid,
    title: String,
    ms: i64,
    changed_ms: i64,
    items: i64,
}

impl From<Row> for ChatView {
    fn from(row: Row) -> Self {
        Self {
            id: ChatId(row.id),
            agent: AgentId(row.agent),
            title: row.title,
            started_at: row.ms,
            changed_at: row.changed_ms,
            items: u32::try_from(row.items).unwrap_or(u32::MAX),
        }
    }
}

impl Store {
    /// The chats that are not removed; what was last said in first.
    pub async fn chats(&self) -> Result<Vec<ChatView>, StoreError> {
        let rows = sqlx::query_as!(
            Row,
            r#"SELECT id AS "id: Uuid", agent AS "agent: Uuid", title, ms, changed_ms,
                      (SELECT count(*) FROM items WHERE chat = chats.id) AS "items!: i64"
               FROM chats WHERE removed = 0 ORDER BY changed_ms DESC, id DESC LIMIT ?"#,
            CHATS
        );
        Ok(rows.fetch_all(self.pool()).await?.into_iter().map(ChatView::from).collect())
    }

    /// A chat that is not removed.
    pub async fn chat(&self, chat: ChatId) -> Result<ChatView, StoreError> {
        let mut conn = self.pool().acquire().await?;
        read(&mut conn, chat).await
    }

    /// The newest items of the shown branch that come before `before`, or before its end.
    pub async fn chat_page(&self, chat: ChatId, before: Option<ItemId>, limit: u32) -> Result<ChatPage, StoreError> {
        let limit = limit.clamp(1, PAGE);
        // One transaction: items that arrive between two queries would not fit together.
        let mut tx = self.pool().begin().await?;
        let view = read(&mut tx, chat).await?;
        let last = match before {
            Some(before) => {
                let parent = sqlx::query_scalar!(
                    r#"SELECT parent AS "parent: Uuid" FROM items WHERE id = ? AND chat = ?"#,
                    before.0,
                    chat.0
                );
                parent.fetch_optional(&mut *tx).await?.ok_or_else(|| StoreError::not_found("item", before))?
            }
            None => leaf(&mut tx, chat).await?,
        };
        let mut items = match last {
            Some(last) => items::lineage(&mut tx, ItemId(last), limit + 1).await?,
            None => Vec::new(),
        };
        let more = items.len() > limit as usize;
        if more {
            items.remove(0);
        }
        Ok(ChatPage { chat: view, items, more })
    }

    /// The last item of the shown branch: what a new question follows. None in an empty chat.
    pub async fn leaf(&self, chat: ChatId) -> Result<Option<ItemId>, StoreError> {
        let mut conn = self.pool().acquire().await?;
        Ok(leaf(&mut conn, chat).await?.map(ItemId))
    }
}

async fn read(conn: &mut SqliteConnection, chat: ChatId) -> Result<ChatView, StoreError> {
    let row = sqlx::query_as!(
        Row,
        r#"SELECT id AS "id: Uuid", agent AS "agent: Uuid", title, ms, changed_ms,
                  (SELECT count(*) FROM items WHERE chat = chats.id) AS "items!: i64"
           FROM chats WHERE id = ? AND removed = 0"#,
        chat.0
    );
    Ok(row.fetch_optional(conn).await?.ok_or_else(|| StoreError::not_found("chat", chat))?.into())
}

/// The newest item at or under the chosen one. Children are newer than their parents, so the newest
/// of all is a leaf.
async fn leaf(conn: &mut SqliteConnection, chat: ChatId) -> Result<Option<Uuid>, StoreError> {
    let leaf = sqlx::query_scalar!(
        r#"WITH RECURSIVE under (id) AS (
               SELECT chosen FROM chats WHERE id = ?1 AND chosen IS NOT NULL
               UNION
               SELECT items.id FROM under JOIN items ON items.chat = ?1 AND items.parent = under.id
           )
           SELECT items.id AS "id: Uuid" FROM under JOIN items ON items.id = under.id
           ORDER BY items.stamp DESC LIMIT 1"#,
        chat.0
    );
    Ok(leaf.fetch_optional(conn).await?)
}
