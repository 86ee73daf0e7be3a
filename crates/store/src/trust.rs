//! Rules, the seal, endpoints and their keys, settings, approvals, and what went outside.

use crate::{
    Change, Store, StoreError,
    items::{from_word, parse},
    keys::Secret,
};
use protocol::*;
use serde::de::DeserializeOwned;
use uuid::Uuid;

/// How many rules, endpoints and approvals are listed.
const LISTED: i64 = 10_000;

/// How many lines of the ledger are read at once.
const LINES: u32 = 10_000;

/// An OpenAI-compatible server that a person has configured. Its key is asked for apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Its name here.
    pub name: String,
    /// Its base address.
    pub url: String,
    /// The model's name there.
    pub model: String,
    /// Whether a key is kept for it.
    pub has_key: bool,
}

impl Store {
    /// The rules in force, oldest first.
    pub async fn rules(&self) -> Result<Vec<RuleView>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT id AS "id: Uuid", subject, verdict, ms FROM rules WHERE removed = 0 ORDER BY ms, id LIMIT ?"#,
            LISTED
        );
        let rows = rows.fetch_all(self.pool()).await?.into_iter();
        rows.map(|row| {
            Ok(RuleView {
                id: RuleId(row.id),
                subject: parse(&row.subject)?,
                verdict: from_word(&row.verdict)?,
                at: row.ms,
            })
        })
        .collect()
    }

    /// The settings.
    pub async fn settings(&self) -> Result<Settings, StoreError> {
        Ok(self.register("settings").await?.unwrap_or_default())
    }

    /// Whether the workspace is sealed.
    pub async fn sealed(&self) -> Result<bool, StoreError> {
        Ok(self.register("sealed").await?.unwrap_or_default())
    }

    async fn register<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, StoreError> {
        let value = sqlx::query_scalar!("SELECT value FROM registers WHERE name = ?", name);
        value.fetch_optional(self.pool()).await?.map(|value| parse(&value)).transpose()
    }

    /// The endpoints, by name.
    pub async fn endpoints(&self) -> Result<Vec<Endpoint>, StoreError> {
        let rows = sqlx::query_as!(
            Endpoint,
            r#"SELECT name AS "name!", url, model, has_key AS "has_key: bool"
               FROM endpoints WHERE removed = 0 ORDER BY name LIMIT ?"#,
            LISTED
        );
        Ok(rows.fetch_all(self.pool()).await?)
    }

    /// Configures an endpoint. The key goes where secrets are kept, never into the log.
    pub async fn set_endpoint(
        &self,
        actor: &Actor,
        name: &str,
        url: &str,
        model: &str,
        key: Option<String>,
    ) -> Result<(), StoreError> {
        let secret = self.endpoint_secret(name);
        let has_key = key.is_some();
        let before = self.kept_key(name).await?;
        match key {
            Some(key) => drop(self.writing()?.keys.put(&secret, key.into_bytes()).await?),
            None if before.is_some() => self.writing()?.keys.remove(&secret).await?,
            None => {}
        }
        let change = Change::EndpointSet { name: name.into(), url: url.into(), model: model.into(), has_key };
        let Err(error) = self.record(actor, change).await else { return Ok(()) };
        // The log did not take it: the secret is as it was, too.
        match before {
            Some(key) => drop(self.writing()?.keys.put(&secret, key).await?),
            None if has_key => self.writing()?.keys.remove(&secret).await?,
            None => {}
        }
        Err(error)
    }

    /// Forgets an endpoint and its key.
    pub async fn remove_endpoint(&self, actor: &Actor, name: &str) -> Result<(), StoreError> {
        // The key first: where it cannot be deleted, the endpoint stays in sight.
        let secret = self.endpoint_secret(name);
        let before = self.kept_key(name).await?;
        if before.is_some() {
            self.writing()?.keys.remove(&secret).await?;
        }
        let Err(error) = self.record(actor, Change::EndpointRemoved { name: name.into() }).await else { return Ok(()) };
        if let Some(key) = before {
            self.writing()?.keys.put(&secret, key).await?;
        }
        Err(error)
    }

    /// The key of an endpoint, where one is kept.
    pub async fn endpoint_key(&self, name: &str) -> Result<Option<String>, StoreError> {
        let key = match self.writing()?.keys.get_soon(&self.endpoint_secret(name)).await {
            // The endpoint refuses us then; the rest of the workspace goes on.
            Err(StoreError::Locked) => return Ok(None),
            key => key?,
        };
        key.map(|(key, _)| String::from_utf8(key).map_err(|_| StoreError::Key(format!("the key of {name} is no text"))))
            .transpose()
    }

    /// The key that is kept for an endpoint; a keychain that has it is waited for.
    async fn kept_key(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let known = sqlx::query_scalar!(
            r#"SELECT count(*) AS "n!: i64" FROM endpoints WHERE name = ? AND removed = 0 AND has_key = 1"#,
            name
        );
        if known.fetch_one(self.pool()).await? == 0 {
            return Ok(None);
        }
        Ok(self.writing()?.keys.get(&self.endpoint_secret(name)).await?.map(|(key, _)| key))
    }

    fn endpoint_secret(&self, name: &str) -> Secret {
        Secret::Endpoint(self.home().workspace, name.to_owned())
    }

    /// The approvals that wait for a person, oldest first.
    pub async fn approvals_waiting(&self) -> Result<Vec<ApprovalView>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT asked AS "asked: Uuid", chat AS "chat: Uuid", agent, tool, reach, summary,
                      may_always AS "may_always: bool", ms
               FROM approvals WHERE decision IS NULL ORDER BY ms, asked LIMIT ?"#,
            LISTED
        );
        let rows = rows.fetch_all(self.pool()).await?.into_iter();
        rows.map(|row| {
            Ok(ApprovalView {
                asked: CallId(row.asked),
                chat: ChatId(row.chat),
                agent: row.agent,
                tool: row.tool,
                reach: from_word(&row.reach)?,
                // Earlier versions wrote a bare sentence.
                summary: parse(&row.summary).unwrap_or(Summary::Text(row.summary)),
                may_always: row.may_always,
                at: row.ms,
            })
        })
        .collect()
    }

    /// The newest lines of the outbound ledger before `before`, or of all; newest first.
    pub async fn ledger(&self, before: Option<EntryId>, limit: u32) -> Result<Vec<LedgerEntry>, StoreError> {
        let (before, limit) = (before.map(|before| before.0), limit.min(LINES));
        let rows = sqlx::query!(
            r#"SELECT id AS "id: Uuid", ms, who, why, host, sent, received, verdict, open AS "open: bool"
               FROM ledger
               WHERE ?1 IS NULL OR (ms, id) < (SELECT ms, id FROM ledger WHERE id = ?1)
               ORDER BY ms DESC, id DESC LIMIT ?2"#,
            before,
            limit
        );
        let rows = rows.fetch_all(self.pool()).await?.into_iter();
        rows.map(|row| {
            Ok(LedgerEntry {
                id: EntryId(row.id),
                at: row.ms,
                who: row.who,
                why: row.why,
                host: row.host,
                sent: row.sent.unsigned_abs(),
                received: row.received.unsigned_abs(),
                verdict: parse(&row.verdict)?,
                open: row.open,
            })
        })
        .collect()
    }

    /// What the ledger adds up to since a moment. Open connections are the gate's to know: 0 here.
    pub async fn egress_totals(&self, since_ms: i64) -> Result<EgressTotals, StoreError> {
        let sums = sqlx::query!(
            r#"SELECT coalesce(sum(sent), 0) AS "sent!: i64", coalesce(sum(received), 0) AS "received!: i64",
                      count(*) FILTER (WHERE json_extract(verdict, '$.is') <> 'allowed') AS "refused!: i64"
               FROM ledger WHERE ms >= ?"#,
            since_ms
        )
        .fetch_one(self.pool())
        .await?;
        Ok(EgressTotals {
            sent_today: sums.sent.unsigned_abs(),
            received_today: sums.received.unsigned_abs(),
            refused_today: sums.refused.unsigned_abs(),
            open: 0,
            sealed: self.sealed().await?,
        })
    }
}
