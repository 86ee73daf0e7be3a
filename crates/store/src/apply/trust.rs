//! Rules, endpoints, single values, and what went outside.

use super::{Applied, json, word};
use crate::StoreError;
use protocol::{LedgerEntry, RuleId, RuleSubject, Verdict};
use serde::Serialize;
use sqlx::SqliteConnection;

type Done = Result<(), StoreError>;

pub(super) async fn rule_set(
    conn: &mut SqliteConnection,
    at: &Applied,
    rule: RuleId,
    subject: &RuleSubject,
    verdict: &Verdict,
) -> Done {
    let (stamp, subject, verdict) = (at.key(), json(subject)?, word(verdict)?);
    sqlx::query!(
        "INSERT INTO rules (id, subject, verdict, ms, removed, stamp) VALUES (?1, ?2, ?3, ?4, 0, ?5)
         ON CONFLICT (id) DO UPDATE SET subject = ?2, verdict = ?3, removed = 0, stamp = ?5 WHERE stamp < ?5",
        rule.0,
        subject,
        verdict,
        at.at.ms,
        stamp
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn rule_removed(conn: &mut SqliteConnection, at: &Applied, rule: RuleId) -> Done {
    let stamp = at.key();
    sqlx::query!("UPDATE rules SET removed = 1, stamp = ?1 WHERE id = ?2 AND stamp < ?1", stamp, rule.0)
        .execute(conn)
        .await?;
    Ok(())
}

pub(super) async fn endpoint_set(
    conn: &mut SqliteConnection,
    at: &Applied,
    name: &str,
    url: &str,
    model: &str,
    has_key: bool,
) -> Done {
    let stamp = at.key();
    sqlx::query!(
        "INSERT INTO endpoints (name, url, model, has_key, removed, stamp) VALUES (?1, ?2, ?3, ?4, 0, ?5)
         ON CONFLICT (name) DO UPDATE SET url = ?2, model = ?3, has_key = ?4, removed = 0, stamp = ?5 WHERE stamp < ?5",
        name,
        url,
        model,
        has_key,
        stamp
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn endpoint_removed(conn: &mut SqliteConnection, at: &Applied, name: &str) -> Done {
    let stamp = at.key();
    sqlx::query!("UPDATE endpoints SET removed = 1, stamp = ?1 WHERE name = ?2 AND stamp < ?1", stamp, name)
        .execute(conn)
        .await?;
    Ok(())
}

/// Sets a single value of the workspace.
pub(super) async fn register(conn: &mut SqliteConnection, at: &Applied, name: &str, value: &impl Serialize) -> Done {
    let (stamp, value) = (at.key(), json(value)?);
    sqlx::query!(
        "INSERT INTO registers (name, value, stamp) VALUES (?1, ?2, ?3)
         ON CONFLICT (name) DO UPDATE SET value = ?2, stamp = ?3 WHERE stamp < ?3",
        name,
        value,
        stamp
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn went_out(conn: &mut SqliteConnection, at: &Applied, entry: &LedgerEntry) -> Done {
    let (stamp, verdict) = (at.key(), json(&entry.verdict)?);
    let (sent, received) = (entry.sent as i64, entry.received as i64);
    sqlx::query!(
        "INSERT INTO ledger (id, ms, who, why, host, sent, received, verdict, open, stamp)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
         ON CONFLICT (id) DO UPDATE
         SET sent = ?6, received = ?7, verdict = ?8, open = ?9, stamp = ?10 WHERE stamp < ?10",
        entry.id.0,
        entry.at,
        entry.who,
        entry.why,
        entry.host,
        sent,
        received,
        verdict,
        entry.open,
        stamp
    )
    .execute(conn)
    .await?;
    Ok(())
}
