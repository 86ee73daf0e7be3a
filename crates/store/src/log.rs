//! The log as a person reads it.

use crate::{Store, StoreError, keys::hex, record::actor_from};
use protocol::{Actor, DeviceId, LogLine, RecordId};
use std::collections::HashMap;
use uuid::Uuid;

/// How many records are read at once.
const LINES: u32 = 10_000;

impl Store {
    /// The newest records before number `before`, or of all; newest first.
    pub async fn log_lines(&self, before: Option<u64>, limit: u32) -> Result<Vec<LogLine>, StoreError> {
        let names = self.names().await?;
        let before = before.map_or(i64::MAX, |before| i64::try_from(before).unwrap_or(i64::MAX));
        let limit = limit.min(LINES);
        let rows = sqlx::query!(
            r#"SELECT number AS "number!: i64", id AS "id: Uuid", device AS "device: Uuid", seq, ms, actor, kind,
                      subject, hash, NOT EXISTS (SELECT 1 FROM bodies WHERE record = number) AS "erased!: bool"
               FROM records WHERE number < ? ORDER BY number DESC LIMIT ?"#,
            before,
            limit
        );
        let lines = rows.fetch_all(self.pool()).await?.into_iter().map(|row| LogLine {
            number: row.number.unsigned_abs(),
            id: RecordId(row.id),
            device: DeviceId(row.device),
            seq: row.seq.unsigned_abs(),
            at: row.ms,
            who: who(&row.actor, &names),
            kind: row.kind,
            subject: row.subject,
            hash: hex(&row.hash),
            erased: row.erased,
        });
        Ok(lines.collect())
    }

    async fn names(&self) -> Result<HashMap<Uuid, String>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT id AS "id!: Uuid", name AS "name!" FROM members UNION ALL SELECT id, name FROM agents LIMIT 10000"#
        );
        Ok(rows.fetch_all(self.pool()).await?.into_iter().map(|row| (row.id, row.name)).collect())
    }
}

fn who(actor: &str, names: &HashMap<Uuid, String>) -> String {
    let id = match actor_from(actor) {
        Some(Actor::Person { member }) => member.0,
        Some(Actor::Agent { agent, .. }) => agent.0,
        Some(Actor::System) => return "Atelier".into(),
        None => return actor.into(),
    };
    names.get(&id).cloned().unwrap_or_else(|| id.to_string())
}
