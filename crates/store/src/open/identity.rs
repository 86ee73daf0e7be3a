//! Who writes: which workspace this is, whose it is, and which device continues its sequence.
//!
//! A sequence is continued only by the device that has its key, and only where its head file shows
//! that nothing is missing. Otherwise it is left as it stands, as evidence, and a new device begins.

use super::{Home, Options, inspect};
use crate::{
    Change, Store, StoreError,
    clock::now,
    head::{self, HeadFile, Kept},
    keys::{Keeping, Keys, hex},
    record::Hash,
    write::{Tx, hash_from, head_of},
};
use ed25519_dalek::SigningKey;
use protocol::{Actor, DeviceId, Fault, FaultKind, KeyPlace, MemberId, WorkspaceId};
use sqlx::SqliteConnection;
use std::path::Path;
use uuid::Uuid;

/// What the database says of the workspace.
pub(super) struct Known {
    workspace: WorkspaceId,
    name: String,
    member: MemberId,
    member_name: String,
    device: Result<(DeviceId, SigningKey, KeyPlace), Why>,
}

/// Why the last device's sequence cannot be continued.
#[derive(Clone, Copy)]
enum Why {
    /// Its private key is not to be found.
    NoKey,
    /// Records that its head file proves are not there.
    Cut,
    /// Its head file is gone or not rightly signed.
    NoHead,
    /// The folder holds a workspace in which this machine has not written yet.
    Elsewhere,
}

/// The identity to write with.
pub(super) struct Identity {
    pub home: Home,
    pub key: SigningKey,
    new: New,
    keeping: Keeping,
}

enum New {
    Nothing,
    Device(Why),
    Workspace,
}

/// Reads the identity from the database; None where it is empty.
pub(super) async fn find(conn: &mut SqliteConnection, dir: &Path, keys: &Keys) -> Result<Option<Known>, StoreError> {
    let workspace = sqlx::query!(r#"SELECT id AS "id: Uuid", name FROM workspaces ORDER BY ms LIMIT 1"#);
    let Some(workspace) = workspace.fetch_optional(&mut *conn).await? else {
        return match sqlx::query_scalar!("SELECT count(*) FROM records").fetch_one(conn).await? {
            0 => inspect::lost(&dir.join("workspace.db"), "it has no workspace").map(|()| None),
            _ => Err(StoreError::Damaged {
                path: dir.join("workspace.db"),
                reason: "the log is there, its tables are empty".into(),
                backups: Vec::new(),
            }),
        };
    };
    let member =
        sqlx::query!(r#"SELECT id AS "id: Uuid", name FROM members ORDER BY ms LIMIT 1"#).fetch_one(&mut *conn).await?;
    let id = WorkspaceId(workspace.id);
    Ok(Some(Known {
        workspace: id,
        name: workspace.name,
        member: MemberId(member.id),
        member_name: member.name,
        device: device(conn, dir, keys, id).await?,
    }))
}

async fn device(
    conn: &mut SqliteConnection,
    dir: &Path,
    keys: &Keys,
    workspace: WorkspaceId,
) -> Result<Result<(DeviceId, SigningKey, KeyPlace), Why>, StoreError> {
    let newest = sqlx::query_scalar!(
        r#"SELECT device AS "device: Uuid" FROM local_devices ORDER BY since DESC, device DESC LIMIT 1"#
    );
    let Some(device) = newest.fetch_optional(&mut *conn).await? else { return Ok(Err(Why::Elsewhere)) };
    let device = DeviceId(device);
    let Some((key, place)) = keys.signing_key(device).await? else { return Ok(Err(Why::NoKey)) };
    let public = sqlx::query_scalar!("SELECT public_key FROM devices WHERE id = ?", device.0);
    if public.fetch_optional(&mut *conn).await?.as_deref() != Some(key.verifying_key().as_bytes().as_slice()) {
        return Ok(Err(Why::NoKey));
    }
    let kept = match head::read(dir, workspace, device, &key.verifying_key())? {
        Kept::Head(kept) => kept,
        Kept::Missing | Kept::Forged => return Ok(Err(Why::NoHead)),
    };
    let log = head_of(conn, device).await?;
    let same = kept.seq == 0 || hash_at(conn, device, kept.seq).await? == Some(kept.hash);
    Ok(if kept.seq <= log.seq && same { Ok((device, key, place)) } else { Err(Why::Cut) })
}

async fn hash_at(conn: &mut SqliteConnection, device: DeviceId, seq: u64) -> Result<Option<Hash>, StoreError> {
    let seq = seq as i64;
    let hash = sqlx::query_scalar!("SELECT hash FROM records WHERE device = ? AND seq = ?", device.0, seq);
    hash.fetch_optional(conn).await?.map(hash_from).transpose()
}

/// Decides who writes from now on. A new key is kept before anything is signed with it.
pub(super) async fn settle(known: Option<Known>, options: &Options, keys: &Keys) -> Result<Identity, StoreError> {
    let (workspace, name, member, member_name, device) = match known {
        Some(known) => (known.workspace, known.name, known.member, known.member_name, Some(known.device)),
        None => (WorkspaceId::new(), options.workspace.clone(), MemberId::new(), options.member.clone(), None),
    };
    let (new, device, (key, key_place)) = match device {
        Some(Ok((device, key, place))) => (New::Nothing, device, (key, place)),
        Some(Err(why)) => {
            let device = DeviceId::new();
            (New::Device(why), device, keys.new_signing_key(device).await?)
        }
        None => {
            let device = DeviceId::new();
            (New::Workspace, device, keys.new_signing_key(device).await?)
        }
    };
    let public_key = hex(key.verifying_key().as_bytes());
    let home = Home { workspace, name, member, member_name, device, key_place, public_key };
    Ok(Identity { home, key, new, keeping: options.keeping })
}

/// Records a new device, and a new workspace before it, as the first of its sequence.
pub(super) async fn introduce(store: &Store, identity: &Identity, options: &Options) -> Result<(), StoreError> {
    let home = &identity.home;
    if let New::Nothing = identity.new {
        return Ok(());
    }
    store
        .write(&Actor::Person { member: home.member }, async |tx: &mut Tx| {
            if let New::Workspace = identity.new {
                tx.record(Change::WorkspaceStarted { workspace: home.workspace, name: home.name.clone() }).await?;
                tx.record(Change::MemberJoined { member: home.member, name: home.member_name.clone() }).await?;
            }
            tx.record(Change::DeviceAdded {
                device: home.device,
                member: home.member,
                name: options.device.clone(),
                public_key: home.public_key.clone(),
            })
            .await?;
            let since = now();
            sqlx::query!("INSERT INTO local_devices (device, since) VALUES (?, ?)", home.device.0, since)
                .execute(tx.conn())
                .await?;
            Ok(())
        })
        .await
}

impl Identity {
    /// The head file, made before the first record so that its absence always means something.
    pub fn head_file(&self, dir: &Path) -> Result<HeadFile, StoreError> {
        HeadFile::open(dir, self.home.workspace, self.home.device, self.key.clone())
    }

    /// What a person should know of it.
    pub fn notices(&self) -> Vec<Fault> {
        let mut notices = Vec::new();
        if let New::Device(why) = self.new {
            let (code, message) = match why {
                Why::NoKey => {
                    ("store.new_device.no_key", "The key of this device was not found, so a new one was made.")
                }
                Why::Cut => {
                    ("store.new_device.cut", "Records that this device wrote are missing from the end of the log.")
                }
                Why::NoHead => {
                    ("store.new_device.no_head", "The file that proves the end of the log is missing or was changed.")
                }
                Why::Elsewhere => ("store.new_device.elsewhere", "This workspace was written on another device."),
            };
            let fault = Fault::new(FaultKind::Damaged, code, message)
                .safe("What is in the log was left as it stands; this device goes on in a new sequence.")
                .hint("Check the log with `atelier log verify`.");
            notices.push(fault);
        }
        let kept_new = !matches!(self.new, New::Nothing);
        if kept_new && self.keeping == Keeping::Keychain && self.home.key_place == KeyPlace::File {
            notices.push(
                Fault::new(
                    FaultKind::Unavailable,
                    "store.key_in_file",
                    "No keychain answered, so this device's key is kept in a file.",
                )
                .safe("Only you can read that file.")
                .hint("Encrypt your disk, so that a stolen laptop does not give the key away."),
            );
        }
        notices
    }
}
