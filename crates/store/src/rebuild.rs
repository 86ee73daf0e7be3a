//! How the tables are built again from the log.

use crate::{
    Stamp, Store, StoreError,
    apply::{self, Applied},
    change,
};
use protocol::DeviceId;
use sqlx::SqliteConnection;
use uuid::Uuid;

impl Store {
    /// Drops every table that is a view of the log and builds it again; returns how many records
    /// were applied. Derived tables and unfinished text stay as they are.
    pub async fn rebuild(&self) -> Result<u64, StoreError> {
        let _turn = self.inner.chain.lock().await;
        let mut tx = self.begin().await?;
        let unfinished =
            sqlx::query!(r#"SELECT item AS "item: Uuid", text, ms FROM checkpoints"#).fetch_all(&mut *tx).await?;
        empty(&mut tx).await?;
        // In the order of their stamps, whichever order they arrived in.
        let numbers =
            sqlx::query_scalar!(r#"SELECT number AS "number!: i64" FROM records ORDER BY ms, counter, device, seq"#)
                .fetch_all(&mut *tx)
                .await?;
        let mut applied = 0;
        for number in numbers {
            applied += u64::from(again(&mut tx, number).await?);
        }
        for text in unfinished {
            sqlx::query!(
                "INSERT OR REPLACE INTO checkpoints (item, text, ms)
                 SELECT id, ?2, ?3 FROM items WHERE id = ?1 AND ended_stamp IS NULL",
                text.item,
                text.text,
                text.ms
            )
            .execute(&mut *tx)
            .await?;
        }
        tx.commit().await?;
        Ok(applied)
    }
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
