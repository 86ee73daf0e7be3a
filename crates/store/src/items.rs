//! Items of a chat: one, or a line of them from the root, with their evidence and branches.

use crate::{Store, StoreError};
use protocol::*;
use serde::de::DeserializeOwned;
use sqlx::SqliteConnection;
use std::collections::HashMap;
use uuid::Uuid;

/// How long a line of items may be that is read at once.
const LINEAGE: u32 = 20_000;

struct Row {
    id: Uuid,
    chat: Uuid,
    parent: Option<Uuid>,
    kind: String,
    author: String,
    ms: i64,
    text: String,
    status: String,
    attached: String,
    steps: String,
    unsupported: String,
    supported: Option<u8>,
    made: Option<String>,
}

impl Store {
    /// One item.
    pub async fn item(&self, item: ItemId) -> Result<ItemView, StoreError> {
        let mut tx = self.pool().begin().await?;
        lineage(&mut tx, item, 1).await?.pop().ok_or_else(|| StoreError::not_found("item", item))
    }

    /// The items from the root to this one, root first.
    pub async fn lineage(&self, item: ItemId) -> Result<Vec<ItemView>, StoreError> {
        let mut tx = self.pool().begin().await?;
        let line = lineage(&mut tx, item, LINEAGE).await?;
        if line.is_empty() { Err(StoreError::not_found("item", item)) } else { Ok(line) }
    }

    /// How an answer came about; None for questions, and for answers that have not ended.
    pub async fn explanation(&self, item: ItemId) -> Result<Option<Explanation>, StoreError> {
        let row = sqlx::query_scalar!("SELECT explanation FROM explanations WHERE item = ?", item.0);
        row.fetch_optional(self.pool()).await?.map(|text| parse(&text)).transpose()
    }
}

/// The last `limit` items of the line that ends with this one, oldest first.
pub(crate) async fn lineage(
    conn: &mut SqliteConnection,
    last: ItemId,
    limit: u32,
) -> Result<Vec<ItemView>, StoreError> {
    let rows = sqlx::query_as!(
        Row,
        r#"WITH RECURSIVE line (id, parent, depth) AS (
               SELECT id, parent, 1 FROM items WHERE id = ?1
               UNION ALL
               SELECT items.id, items.parent, line.depth + 1
               FROM line JOIN items ON items.id = line.parent WHERE line.depth < ?2
           )
           SELECT items.id AS "id: Uuid", items.chat AS "chat: Uuid", items.parent AS "parent: Uuid",
                  items.kind, items.author, items.ms,
                  coalesce(checkpoints.text, items.text) AS "text!: String",
                  items.status, items.attached, items.steps, items.unsupported,
                  items.supported AS "supported: u8", items.made
           FROM line JOIN items ON items.id = line.id
           LEFT JOIN checkpoints ON checkpoints.item = items.id AND items.ended_stamp IS NULL
           ORDER BY line.depth DESC"#,
        last.0,
        limit
    )
    .fetch_all(&mut *conn)
    .await?;
    let mut citations = citations(conn, last, limit).await?;
    let mut branches = branches(conn, last, limit).await?;
    rows.into_iter()
        .map(|row| {
            let cited = citations.remove(&row.id).unwrap_or_default();
            let beside = branches.remove(&row.id).unwrap_or_default();
            view(row, cited, beside)
        })
        .collect()
}

async fn citations(
    conn: &mut SqliteConnection,
    last: ItemId,
    limit: u32,
) -> Result<HashMap<Uuid, Vec<CitationView>>, StoreError> {
    let rows = sqlx::query!(
        r#"WITH RECURSIVE line (id, parent, depth) AS (
               SELECT id, parent, 1 FROM items WHERE id = ?1
               UNION ALL
               SELECT items.id, items.parent, line.depth + 1
               FROM line JOIN items ON items.id = line.parent WHERE line.depth < ?2
           )
           SELECT c.item AS "item: Uuid", c.number AS "number: u32", c.at AS "at: u32",
                  c.document AS "document: Uuid", c.name, c.page AS "page: u32", c.start AS "start: u32",
                  c."end" AS "end: u32", c.quote, c.page_hash, c.place
           FROM line JOIN citations AS c ON c.item = line.id ORDER BY c.item, c.ordinal"#,
        last.0,
        limit
    )
    .fetch_all(conn)
    .await?;
    let mut by_item: HashMap<Uuid, Vec<CitationView>> = HashMap::new();
    for row in rows {
        by_item.entry(row.item).or_default().push(CitationView {
            number: row.number,
            at: row.at,
            document: DocumentId(row.document),
            name: row.name,
            page: row.page,
            start: row.start,
            end: row.end,
            quote: row.quote,
            page_hash: row.page_hash,
            place: row.place,
            now: Default::default(),
            now_called: None,
        });
    }
    Ok(by_item)
}

/// A quote that an answer rests on.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredQuote {
    /// The answer.
    pub item: ItemId,
    /// The page, from 1.
    pub page: u32,
    /// Its first char in the page's text.
    pub start: u32,
    /// One past its last char.
    pub end: u32,
    /// Its words.
    pub quote: String,
}

impl Store {
    /// The quotes of a document that answers rest on; those that were erased are not among them.
    pub async fn quotes_of(&self, document: DocumentId) -> Result<Vec<StoredQuote>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT item AS "item: Uuid", page AS "page: u32", start AS "start: u32", "end" AS "end: u32", quote
               FROM citations WHERE document = ? AND quote <> '' ORDER BY item, ordinal"#,
            document.0
        );
        let rows = rows.fetch_all(self.pool()).await?.into_iter().map(|row| StoredQuote {
            item: ItemId(row.item),
            page: row.page,
            start: row.start,
            end: row.end,
            quote: row.quote,
        });
        Ok(rows.collect())
    }
}

/// For each item of the line, all that follow the same parent, oldest first.
async fn branches(
    conn: &mut SqliteConnection,
    last: ItemId,
    limit: u32,
) -> Result<HashMap<Uuid, Vec<ItemId>>, StoreError> {
    let rows = sqlx::query!(
        r#"WITH RECURSIVE line (id, chat, parent, depth) AS (
               SELECT id, chat, parent, 1 FROM items WHERE id = ?1
               UNION ALL
               SELECT items.id, items.chat, items.parent, line.depth + 1
               FROM line JOIN items ON items.id = line.parent WHERE line.depth < ?2
           )
           SELECT of.id AS "item: Uuid", beside.id AS "beside: Uuid"
           FROM line JOIN items AS of ON of.id = line.id
           JOIN items AS beside ON beside.chat = of.chat AND beside.parent IS of.parent
           ORDER BY beside.stamp"#,
        last.0,
        limit
    )
    .fetch_all(conn)
    .await?;
    let mut by_item: HashMap<Uuid, Vec<ItemId>> = HashMap::new();
    for row in rows {
        by_item.entry(row.item).or_default().push(ItemId(row.beside));
    }
    Ok(by_item)
}

fn view(row: Row, citations: Vec<CitationView>, branches: Vec<ItemId>) -> Result<ItemView, StoreError> {
    Ok(ItemView {
        id: ItemId(row.id),
        chat: ChatId(row.chat),
        parent: row.parent.map(ItemId),
        kind: from_word(&row.kind)?,
        author: row.author,
        at: row.ms,
        text: row.text,
        status: parse(&row.status)?,
        attached: parse(&row.attached)?,
        steps: parse(&row.steps)?,
        citations,
        unsupported: parse(&row.unsupported)?,
        supported: row.supported.map(support),
        made: row.made.as_deref().map(parse).transpose()?,
        branches,
    })
}

/// What a number in its column means; the first two stood for no and yes from the start.
fn support(number: u8) -> Support {
    match number {
        0 => Support::No,
        1 => Support::Yes,
        2 => Support::Quoted,
        _ => Support::Unchecked,
    }
}

/// The number that stands for it in its column.
pub(crate) fn support_number(support: Support) -> u8 {
    match support {
        Support::No => 0,
        Support::Yes => 1,
        Support::Quoted => 2,
        Support::Unchecked => 3,
    }
}

/// A list or structure from its column.
pub(crate) fn parse<T: DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    Ok(serde_json::from_str(text)?)
}

/// A name of a closed set from its column.
pub(crate) fn from_word<T: DeserializeOwned>(word: &str) -> Result<T, StoreError> {
    Ok(serde_json::from_value(serde_json::Value::String(word.to_owned()))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_support_comes_back_from_its_column() {
        for known in [Support::Yes, Support::Quoted, Support::No, Support::Unchecked] {
            assert_eq!(support(support_number(known)), known);
        }
    }
}
