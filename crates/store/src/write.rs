//! How a change gets into the log: the one write path.

use crate::{
    Change, Stamp, Store, StoreError,
    apply::{self, Applied},
    change::{self, Scope},
    check,
    head::Head,
    record::{self, Hash, Header},
};
use ed25519_dalek::SigningKey;
use protocol::{Actor, DeviceId, RecordId, WorkspaceId};
use sqlx::{Sqlite, SqliteConnection, Transaction};
use std::sync::Arc;
use uuid::Uuid;

/// Where this device's sequence stands. Whoever holds its lock is the writer.
#[derive(Clone)]
pub(crate) struct Chain {
    pub workspace: WorkspaceId,
    pub device: DeviceId,
    pub key: Arc<SigningKey>,
    pub head: Head,
    pub at: Stamp,
    /// Whether a commit was begun whose end was not seen: what is in the database counts.
    pub doubtful: bool,
}

impl Chain {
    /// Reads from the log where the sequence stands.
    pub async fn reload(&mut self, conn: &mut SqliteConnection) -> Result<(), StoreError> {
        self.head = head_of(conn, self.device).await?;
        self.at = newest_stamp(conn).await?;
        self.doubtful = false;
        Ok(())
    }
}

/// The last record of a device.
pub(crate) async fn head_of(conn: &mut SqliteConnection, device: DeviceId) -> Result<Head, StoreError> {
    let last = sqlx::query!("SELECT seq, hash FROM records WHERE device = ? ORDER BY seq DESC LIMIT 1", device.0)
        .fetch_optional(conn)
        .await?;
    Ok(match last {
        Some(last) => Head { seq: last.seq as u64, hash: hash_from(last.hash)? },
        None => Head::default(),
    })
}

async fn newest_stamp(conn: &mut SqliteConnection) -> Result<Stamp, StoreError> {
    // Records arrive in rising stamps on one device; with several, a recent one holds the newest.
    let newest = sqlx::query!(
        r#"SELECT ms, counter FROM (SELECT ms, counter FROM records ORDER BY number DESC LIMIT 1000)
           ORDER BY ms DESC, counter DESC LIMIT 1"#
    )
    .fetch_optional(conn)
    .await?;
    Ok(newest.map_or(Stamp::default(), |newest| Stamp { ms: newest.ms, counter: newest.counter as u32 }))
}

pub(crate) fn hash_from(bytes: Vec<u8>) -> Result<Hash, StoreError> {
    bytes.try_into().map_err(|_| StoreError::Invalid("a stored hash has a wrong length".into()))
}

/// A writing transaction: everything in it is recorded, or nothing.
pub struct Tx {
    sql: Transaction<'static, Sqlite>,
    chain: Chain,
    actor: Actor,
}

impl Tx {
    /// Appends a signed record of a change and applies it to the tables.
    pub async fn record(&mut self, change: Change) -> Result<RecordId, StoreError> {
        check::check(&mut self.sql, &change).await?;
        self.record_unchecked(change).await
    }

    /// The same for a change that no person could make: one that rewrites what has ended.
    pub(crate) async fn record_unchecked(&mut self, change: Change) -> Result<RecordId, StoreError> {
        let body = change::encode(&change)?;
        let salt = record::salt()?;
        let at = self.chain.at.next(crate::clock::now());
        let header = Header {
            id: RecordId::new(),
            workspace: self.chain.workspace,
            device: self.chain.device,
            seq: self.chain.head.seq + 1,
            at,
            actor: record::actor_text(&self.actor),
            kind: change.kind().to_owned(),
            subject: change.subject(),
            scope: self.scope(&change).await?,
            body_hash: record::body_hash(&salt, &body),
            prev: self.chain.head.hash,
        };
        let hash = header.hash();
        let signature = record::sign(&self.chain.key, &hash);
        self.append(&header, &hash, &signature, &salt, &body).await?;
        let applied = Applied { at, device: header.device };
        apply::apply(&mut self.sql, &applied, &change).await?;
        self.chain.head = Head { seq: header.seq, hash };
        self.chain.at = at;
        Ok(header.id)
    }

    /// The transaction's connection, for reads that must see what it has written.
    pub(crate) fn conn(&mut self) -> &mut SqliteConnection {
        &mut self.sql
    }

    async fn append(
        &mut self,
        header: &Header,
        hash: &Hash,
        signature: &[u8; 64],
        salt: &[u8; 32],
        body: &[u8],
    ) -> Result<(), StoreError> {
        let (seq, counter) = (header.seq as i64, i64::from(header.at.counter));
        let (body_hash, prev) = (header.body_hash.as_slice(), header.prev.as_slice());
        let (hash, signature, salt) = (hash.as_slice(), signature.as_slice(), salt.as_slice());
        let done = sqlx::query!(
            "INSERT INTO records (id, device, seq, ms, counter, actor, kind, subject, scope, body_hash, prev, hash, signature)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            header.id.0,
            header.device.0,
            seq,
            header.at.ms,
            counter,
            header.actor,
            header.kind,
            header.subject,
            header.scope,
            body_hash,
            prev,
            hash,
            signature,
        )
        .execute(&mut *self.sql)
        .await?;
        let number = done.last_insert_rowid();
        // A body without its record is what somebody left who cut the log's end off: the number is free.
        sqlx::query!(
            "INSERT INTO bodies (record, salt, body) VALUES (?, ?, ?)
             ON CONFLICT (record) DO UPDATE SET salt = excluded.salt, body = excluded.body",
            number,
            salt,
            body
        )
        .execute(&mut *self.sql)
        .await?;
        Ok(())
    }

    async fn scope(&mut self, change: &Change) -> Result<Option<Uuid>, StoreError> {
        Ok(match change.scope() {
            Scope::Never => None,
            Scope::Of(id) => Some(id),
            Scope::OfItem(item) => {
                let chat = sqlx::query_scalar!(r#"SELECT chat AS "chat: Uuid" FROM items WHERE id = ?"#, item.0);
                chat.fetch_optional(&mut *self.sql).await?
            }
            Scope::OfApproval(asked) => {
                let chat =
                    sqlx::query_scalar!(r#"SELECT chat AS "chat: Uuid" FROM approvals WHERE asked = ?"#, asked.0);
                chat.fetch_optional(&mut *self.sql).await?
            }
        })
    }
}

impl Store {
    /// Writes to the log: what `work` records is there whole once this returns, or not at all.
    ///
    /// It survives the process from then on, and a power cut as soon as the disk has confirmed it:
    /// `settled` waits for that, and nothing is acknowledged before. Waits for the writes before it.
    /// Dropping the future undoes it, except where the commit has begun.
    pub async fn write<T>(
        &self,
        actor: &Actor,
        work: impl AsyncFnOnce(&mut Tx) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        // The writer's lock spans the transaction: that is what makes it the only writer.
        let writing = self.writing()?;
        let mut chain = writing.chain.lock().await;
        writing.settler.works()?;
        let mut sql = self.begin().await?;
        if chain.doubtful {
            chain.reload(&mut sql).await?;
        }
        let mut tx = Tx { sql, chain: chain.clone(), actor: actor.clone() };
        let value = match work(&mut tx).await {
            Ok(value) => value,
            Err(error) => {
                if let Err(error) = tx.sql.rollback().await {
                    tracing::warn!(%error, "a transaction could not be rolled back; its connection is dropped");
                }
                return Err(error);
            }
        };
        chain.doubtful = true;
        tx.sql.commit().await?;
        *chain = tx.chain;
        writing.settler.note(chain.head);
        Ok(value)
    }

    /// Writes a single change.
    pub async fn record(&self, actor: &Actor, change: Change) -> Result<RecordId, StoreError> {
        self.write(actor, async |tx: &mut Tx| tx.record(change).await).await
    }
}
