//! Whether the log holds: every hash, every signature, no gap, and no missing end.

use crate::{
    Stamp, Store, StoreError,
    blobs::blocking,
    head::{self, Head, Kept},
    keys::{hex, unhex},
    record::{Header, body_hash, signed_by},
    write::hash_from,
};
use ed25519_dalek::VerifyingKey;
use protocol::{BadRecord, DeviceId, LogReport, RecordId, WorkspaceId};
use sqlx::SqliteConnection;
use std::{
    collections::{BTreeSet, HashSet},
    sync::Arc,
};
use uuid::Uuid;

/// How many records are checked in one go.
const BATCH: i64 = 500;

/// How long a salt is; with another, bytes could move between salt and body unnoticed.
const SALT: usize = 32;

/// A record as the tables hold it.
struct Row {
    id: Uuid,
    seq: i64,
    ms: i64,
    counter: i64,
    actor: String,
    kind: String,
    subject: String,
    scope: Option<Uuid>,
    body_hash: Vec<u8>,
    prev: Vec<u8>,
    hash: Vec<u8>,
    signature: Vec<u8>,
    salt: Option<Vec<u8>>,
    body: Option<Vec<u8>>,
}

/// One device's sequence while it is checked.
#[derive(Clone)]
struct Sequence {
    workspace: WorkspaceId,
    device: DeviceId,
    key: VerifyingKey,
    /// Chats and documents that a record says were purged.
    purged: Arc<HashSet<String>>,
    /// Records of which a record says that their body was erased.
    erased: Arc<HashSet<String>>,
    last: Head,
}

impl Store {
    /// Checks the whole log and names the first record that does not hold.
    pub async fn verify(&self, workspace: WorkspaceId) -> Result<LogReport, StoreError> {
        if workspace != self.home().workspace {
            return Err(StoreError::not_found("workspace", workspace));
        }
        let mut tx = self.pool().begin().await?;
        let devices = sqlx::query_scalar!(
            r#"SELECT device AS "device!: Uuid" FROM records GROUP BY device
               UNION SELECT device FROM local_devices"#
        )
        .fetch_all(&mut *tx)
        .await?;
        // A head file speaks for its device, whatever was taken out of the database.
        let heads = head::devices(&self.inner.dir)?;
        let devices: BTreeSet<DeviceId> = devices.into_iter().map(DeviceId).chain(heads).collect();
        let purged =
            sqlx::query_scalar!("SELECT subject FROM records WHERE kind IN ('chat_purged', 'document_purged')")
                .fetch_all(&mut *tx)
                .await?;
        let purged: Arc<HashSet<String>> = Arc::new(purged.into_iter().collect());
        let erased =
            sqlx::query_scalar!("SELECT subject FROM records WHERE kind = 'record_erased'").fetch_all(&mut *tx).await?;
        let erased: Arc<HashSet<String>> = Arc::new(erased.into_iter().collect());
        let mut report = LogReport {
            intact: true,
            records: 0,
            devices: devices.len() as u32,
            head: String::new(),
            first_bad: None,
            altered: Vec::new(),
        };
        for device in devices {
            let bad = match self.key_of(&mut tx, device).await? {
                None => Some((1, "the key that signs this device's records is not known".to_owned())),
                Some(key) => {
                    let (purged, erased) = (purged.clone(), erased.clone());
                    let mut sequence = Sequence { workspace, device, key, purged, erased, last: Head::default() };
                    let bad = self.check(&mut tx, &mut sequence).await?;
                    report.records += sequence.last.seq;
                    if device == self.home().device {
                        report.head = hex(&sequence.last.hash);
                    }
                    bad
                }
            };
            if let (Some((seq, reason)), None) = (bad, &report.first_bad) {
                report.intact = false;
                report.first_bad = Some(BadRecord { device, seq, reason });
            }
        }
        Ok(report)
    }

    /// This device's key is the one it signs with, whatever the database says.
    async fn key_of(&self, conn: &mut SqliteConnection, device: DeviceId) -> Result<Option<VerifyingKey>, StoreError> {
        if device == self.home().device {
            let key = unhex(&self.home().public_key)?.try_into().ok();
            return Ok(key.and_then(|key| VerifyingKey::from_bytes(&key).ok()));
        }
        if let Ok(writing) = self.writing()
            && let Some(key) = writing.keys.public_key(device).await
        {
            return Ok(Some(key));
        }
        let key = sqlx::query_scalar!("SELECT public_key FROM devices WHERE id = ?", device.0);
        let key = key.fetch_optional(conn).await?.and_then(|key| <[u8; 32]>::try_from(key).ok());
        Ok(key.and_then(|key| VerifyingKey::from_bytes(&key).ok()))
    }

    /// Goes through a sequence to its end, or to the first record that does not hold.
    async fn check(
        &self,
        conn: &mut SqliteConnection,
        sequence: &mut Sequence,
    ) -> Result<Option<(u64, String)>, StoreError> {
        // Taken first: records written meanwhile can only make the log longer than the head says.
        let kept = head::read(&self.inner.dir, sequence.workspace, sequence.device, &sequence.key)?;
        loop {
            // From below the first number: whatever stands there would be applied in a rebuild.
            let after = if sequence.last.seq == 0 { i64::MIN } else { sequence.last.seq as i64 };
            let rows = sqlx::query_as!(
                Row,
                r#"SELECT id AS "id: Uuid", seq, ms, counter, actor, kind, subject, scope AS "scope: Uuid",
                          body_hash, prev, hash, signature, salt AS "salt?", body AS "body?"
                   FROM records LEFT JOIN bodies ON record = number
                   WHERE device = ? AND seq > ? ORDER BY seq LIMIT ?"#,
                sequence.device.0,
                after,
                BATCH
            )
            .fetch_all(&mut *conn)
            .await?;
            if rows.is_empty() {
                break;
            }
            let mut going = sequence.clone();
            let (checked, bad) = blocking(move || {
                let bad = rows.iter().find_map(|row| going.next(row).err());
                Ok((going, bad))
            })
            .await?;
            *sequence = checked;
            if let Some(reason) = bad {
                return Ok(Some((sequence.last.seq + 1, reason)));
            }
        }
        let reached = sequence.last.seq;
        let local = sqlx::query_scalar!("SELECT count(*) FROM local_devices WHERE device = ?", sequence.device.0);
        Ok(match kept {
            Kept::Head(kept) if kept.seq > reached => {
                Some((reached + 1, format!("missing: this device has written {} records", kept.seq)))
            }
            Kept::Head(kept) if kept.seq > 0 => {
                let seq = kept.seq as i64;
                let hash = sqlx::query_scalar!(
                    "SELECT hash FROM records WHERE device = ? AND seq = ?",
                    sequence.device.0,
                    seq
                );
                match hash.fetch_optional(conn).await?.map(hash_from).transpose()? {
                    Some(hash) if hash == kept.hash => None,
                    _ => Some((kept.seq, "another record than the one this device has written".into())),
                }
            }
            Kept::Head(_) => None,
            Kept::Missing if local.fetch_one(conn).await? == 0 => None,
            Kept::Missing => {
                Some((reached + 1, "the head file is missing, so nobody can say that nothing follows".into()))
            }
            Kept::Forged => Some((reached + 1, "the head file is not signed by this device".into())),
        })
    }
}

impl Sequence {
    /// Checks that a record is the next one; says why it is not.
    fn next(&mut self, row: &Row) -> Result<(), String> {
        let seq = match u64::try_from(row.seq) {
            Ok(seq) if seq == self.last.seq + 1 => seq,
            Ok(seq) if seq > 0 => return Err(format!("missing: record {seq} comes next")),
            Ok(_) | Err(_) => return Err("a record stands before the first one".into()),
        };
        let (Ok(hash), Ok(prev), Ok(body)) =
            (hash_from(row.hash.clone()), hash_from(row.prev.clone()), hash_from(row.body_hash.clone()))
        else {
            return Err("a hash has a wrong length".into());
        };
        let header = Header {
            id: RecordId(row.id),
            workspace: self.workspace,
            device: self.device,
            seq,
            at: Stamp { ms: row.ms, counter: u32::try_from(row.counter).map_err(|_| "its time is none".to_owned())? },
            actor: row.actor.clone(),
            kind: row.kind.clone(),
            subject: row.subject.clone(),
            scope: row.scope,
            body_hash: body,
            prev,
        };
        if header.hash() != hash {
            return Err("its hash does not fit its content".into());
        }
        if !signed_by(&self.key, &hash, &row.signature) {
            return Err("its signature is not this device's".into());
        }
        if prev != self.last.hash {
            return Err("it does not follow the record before it".into());
        }
        match (&row.salt, &row.body) {
            (Some(salt), _) if salt.len() != SALT => return Err("its salt has a wrong length".into()),
            (Some(salt), Some(text)) if body_hash(salt, text) == body => {}
            (Some(_), Some(_)) => return Err("its body is not the one that was signed".into()),
            // Erased, and a record says so.
            _ if row.scope.is_some_and(|scope| self.purged.contains(&scope.to_string())) => {}
            _ if row.kind == "answer_ended" && self.erased.contains(&row.id.to_string()) => {}
            _ => return Err("its body is missing, and no purge erased it".into()),
        }
        self.last = Head { seq, hash };
        Ok(())
    }
}
