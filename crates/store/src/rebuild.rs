//! How the tables are built again from the log.

use crate::{
    Stamp, Store, StoreError,
    apply::{self, Applied},
    change,
};
use protocol::DeviceId;
use sqlx::{AssertSqlSafe, SqliteConnection};
use uuid::Uuid;

impl Store {
    /// Drops every table that is a view of the log and builds it again; returns how many records
    /// were applied. Derived tables and unfinished text stay as they are.
    pub async fn rebuild(&self) -> Result<u64, StoreError> {
        let _turn = self.writing()?.chain.lock().await;
        let mut tx = self.begin().await?;
        let applied = all_again(&mut tx).await?;
        tx.commit().await?;
        Ok(applied)
    }

    /// The tables that are not what the log makes of them: somebody has changed them behind its back.
    /// Builds them again and takes that back.
    pub async fn altered_tables(&self) -> Result<Vec<String>, StoreError> {
        let _turn = self.writing()?.chain.lock().await;
        let mut tx = self.begin().await?;
        let before = sums(&mut tx).await?;
        all_again(&mut tx).await?;
        let after = sums(&mut tx).await?;
        tx.rollback().await?;
        let altered = VIEWS.iter().zip(before.iter().zip(&after)).filter(|(_, (before, after))| before != after);
        Ok(altered.map(|(view, _)| (*view).to_owned()).collect())
    }
}

/// The tables that are views of the log.
pub const VIEWS: [&str; 18] = [
    "agents",
    "approvals",
    "chats",
    "citations",
    "devices",
    "documents",
    "endpoints",
    "explanations",
    "folders",
    "items",
    "labels",
    "ledger",
    "members",
    "purged",
    "registers",
    "rules",
    "versions",
    "workspaces",
];

/// A hash of every view's rows, in the order of its key.
async fn sums(conn: &mut SqliteConnection) -> Result<Vec<blake3::Hash>, StoreError> {
    let mut sums = Vec::with_capacity(VIEWS.len());
    for view in VIEWS {
        let columns: Vec<String> = sqlx::query_scalar("SELECT 'quote(\"' || name || '\")' FROM pragma_table_info(?)")
            .bind(view)
            .fetch_all(&mut *conn)
            .await?;
        // Names of our own schema, none from outside.
        let sql = AssertSqlSafe(format!("SELECT {} AS row FROM {view} ORDER BY row", columns.join(" || ',' || ")));
        let mut sum = blake3::Hasher::new();
        for row in sqlx::query_scalar::<_, String>(sql).fetch_all(&mut *conn).await? {
            sum.update(row.as_bytes()).update(b"\n");
        }
        sums.push(sum.finalize());
    }
    Ok(sums)
}

/// Empties the views and applies the whole log again; returns how many records were applied.
async fn all_again(conn: &mut SqliteConnection) -> Result<u64, StoreError> {
    let unfinished =
        sqlx::query!(r#"SELECT item AS "item: Uuid", text, ms FROM checkpoints"#).fetch_all(&mut *conn).await?;
    empty(conn).await?;
    // In the order of their stamps, whichever order they arrived in.
    let numbers =
        sqlx::query_scalar!(r#"SELECT number AS "number!: i64" FROM records ORDER BY ms, counter, device, seq"#)
            .fetch_all(&mut *conn)
            .await?;
    let mut applied = 0;
    for number in numbers {
        applied += u64::from(again(conn, number).await?);
    }
    for text in unfinished {
        sqlx::query!(
            "INSERT INTO checkpoints (item, text, ms)
             SELECT id, ?2, ?3 FROM items WHERE id = ?1 AND ended_stamp IS NULL
             ON CONFLICT (item) DO UPDATE SET text = ?2, ms = ?3",
            text.item,
            text.text,
            text.ms
        )
        .execute(&mut *conn)
        .await?;
    }
    Ok(applied)
}

/// Applies a record again; false where its body was erased.
async fn again(conn: &mut SqliteConnection, number: i64) -> Result<bool, StoreError> {
    let row = sqlx::query!(
        r#"SELECT device AS "device: Uuid", ms, counter, body FROM records JOIN bodies ON record = number
           WHERE number = ?"#,
        number
    );
    let Some(row) = row.fetch_optional(&mut *conn).await? else { return Ok(false) };
    let at = Applied { at: Stamp { ms: row.ms, counter: row.counter as u32 }, device: DeviceId(row.device) };
    apply::apply(conn, &at, &change::decode(number, &row.body)?).await?;
    Ok(true)
}

async fn empty(conn: &mut SqliteConnection) -> Result<(), StoreError> {
    sqlx::query!("PRAGMA defer_foreign_keys = ON").execute(&mut *conn).await?;
    sqlx::query!("DELETE FROM citations").execute(&mut *conn).await?;
    sqlx::query!("DELETE FROM explanations").execute(&mut *conn).await?;
    sqlx::query!("DELETE FROM approvals").execute(&mut *conn).await?;
    sqlx::query!("DELETE FROM items").execute(&mut *conn).await?;
    sqlx::query!("DELETE FROM chats").execute(&mut *conn).await?;
    sqlx::query!("DELETE FROM documents").execute(&mut *conn).await?;
    sqlx::query!("DELETE FROM versions").execute(&mut *conn).await?;
    sqlx::query!("DELETE FROM folders").execute(&mut *conn).await?;
    sqlx::query!("DELETE FROM rules").execute(&mut *conn).await?;
    sqlx::query!("DELETE FROM endpoints").execute(&mut *conn).await?;
    sqlx::query!("DELETE FROM registers").execute(&mut *conn).await?;
    sqlx::query!("DELETE FROM ledger").execute(&mut *conn).await?;
    sqlx::query!("DELETE FROM agents").execute(&mut *conn).await?;
    sqlx::query!("DELETE FROM devices").execute(&mut *conn).await?;
    sqlx::query!("DELETE FROM members").execute(&mut *conn).await?;
    sqlx::query!("DELETE FROM workspaces").execute(&mut *conn).await?;
    sqlx::query!("DELETE FROM purged").execute(&mut *conn).await?;
    Ok(())
}
