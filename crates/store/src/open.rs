//! How a workspace is opened: one process at a time, checked, brought to this version, and with
//! everything in order that the last run left behind.

use crate::{
    Inner, Store, StoreError, Writing, backup,
    blobs::Blobs,
    checkpoint,
    db::Db,
    head,
    keys::{self, Keeping, Keys},
    lock::Lock,
    private::private_dir,
    settle::Settler,
    write::Chain,
};
use protocol::{DeviceId, Fault, KeyPlace, MemberId, WorkspaceId};
use sqlx::migrate::Migrator;
use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

mod identity;
pub(crate) mod inspect;

pub(crate) static MIGRATIONS: Migrator = sqlx::migrate!("../../migrations");

/// The name of the database in the data folder.
pub(crate) const DATABASE: &str = "workspace.db";

/// How a workspace is opened, and how one is called that is new.
#[derive(Clone, Debug)]
pub struct Options {
    /// The name of a new workspace.
    pub workspace: String,
    /// The name of its person.
    pub member: String,
    /// The name of a new device.
    pub device: String,
    /// Where secrets are kept.
    pub keeping: Keeping,
}

impl Default for Options {
    fn default() -> Self {
        let person = ["USER", "USERNAME"].into_iter().find_map(|name| std::env::var(name).ok());
        Self {
            workspace: "My workspace".into(),
            member: person.filter(|name| !name.is_empty() && name != "root").unwrap_or_else(|| "You".into()),
            device: "This device".into(),
            keeping: Keeping::default(),
        }
    }
}

/// The workspace, its person and this device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// Its name.
    pub name: String,
    /// The person at this device.
    pub member: MemberId,
    /// Their name.
    pub member_name: String,
    /// This device.
    pub device: DeviceId,
    /// Where its private key is kept.
    pub key_place: KeyPlace,
    /// Its public key, hex.
    pub public_key: String,
}

/// An open workspace, and what its person should know.
pub struct Opened {
    /// The workspace.
    pub store: Store,
    /// What was found or done while opening.
    pub notices: Vec<Fault>,
}

impl Store {
    /// Opens the workspace in a data folder; makes one where there is none.
    pub async fn open(dir: impl AsRef<Path>, options: Options) -> Result<Opened, StoreError> {
        open(dir.as_ref(), options, &MIGRATIONS, None).await
    }

    /// A workspace that is gone when it is dropped: the real thing in a temporary folder.
    pub async fn in_memory() -> Result<Self, StoreError> {
        let temporary = tempfile::tempdir().map_err(StoreError::io(std::env::temp_dir()))?;
        let dir = temporary.path().to_owned();
        let options = Options { keeping: Keeping::Memory, ..Options::default() };
        Ok(open(&dir, options, &MIGRATIONS, Some(temporary)).await?.store)
    }
}

async fn open(
    dir: &Path,
    options: Options,
    migrations: &Migrator,
    temporary: Option<tempfile::TempDir>,
) -> Result<Opened, StoreError> {
    private_dir(dir).map_err(|source| match source.kind() {
        ErrorKind::AlreadyExists | ErrorKind::NotADirectory => StoreError::NotAFolder { dir: dir.to_owned() },
        _ => StoreError::NotWritable { dir: dir.to_owned(), source },
    })?;
    let lock = Arc::new(take(dir).await?);
    let path = dir.join(DATABASE);
    // What is left over harms nothing; the next start tries again.
    if let Err(error) = backup::sweep(dir).and_then(|()| keys::sweep(dir)) {
        tracing::warn!(%error, "leftovers of the last run could not be removed");
    }
    let found = inspect::inspect(&path, migrations, lock.unclean).await.map_err(|error| damaged(error, dir, &path))?;
    let before = match found {
        inspect::Found::Older { schema } => Some(Before::take(dir, &path, schema).await?),
        inspect::Found::Nothing | inspect::Found::Current => None,
    };
    let db = Db::open(&path).await?;
    let begun = match migrate(&db, migrations, found).await {
        Ok(()) => begin(dir, &path, &options, &db, lock.clone(), temporary).await,
        Err(error) => Err(error),
    };
    let error = match begun {
        Ok(opened) => return Ok(opened),
        Err(error) => error,
    };
    db.close().await;
    match (before, error) {
        // A keychain that waits for its person says nothing about the file.
        (Some(_), error @ StoreError::Locked) => Err(error),
        (Some(before), error) => Err(before.put_back(dir, &path, &error)),
        (None, error) => Err(damaged(error, dir, &path)),
    }
}

/// Takes the lock. One that names no process is on its way out: its holder closed the workspace and has not ended,
/// or a program that it started still has its files. That takes a moment, not longer.
async fn take(dir: &Path) -> Result<Lock, StoreError> {
    for _ in 0..40 {
        match Lock::take(dir) {
            Err(StoreError::InUse { pid: None, .. }) => tokio::time::sleep(Duration::from_millis(25)).await,
            taken => return taken,
        }
    }
    Lock::take(dir)
}

/// Makes a store of the database and brings in order what the last run left.
async fn begin(
    dir: &Path,
    path: &Path,
    options: &Options,
    db: &Db,
    lock: Arc<Lock>,
    temporary: Option<tempfile::TempDir>,
) -> Result<Opened, StoreError> {
    let (store, mut notices) = assemble(dir, path, options, db.clone(), lock, temporary).await?;
    let recovered = match checkpoint::recover(&store).await {
        // A full disk is no reason to keep a person from what is on it.
        Err(error @ StoreError::DiskFull) => Ok(Some(error.fault())),
        other => other,
    };
    match recovered {
        Ok(notice) => notices.extend(notice),
        Err(error) => {
            if let Ok(writing) = store.writing() {
                writing.settler.close().await;
            }
            return Err(error);
        }
    }
    store.inner.blobs.sweep();
    if let Err(error) = store.erase().await {
        notices.push(error.fault());
    }
    Ok(Opened { store, notices })
}

/// What an upgrade begins from, to be put back where the workspace does not open after it.
struct Before {
    snapshot: PathBuf,
    heads: Vec<PathBuf>,
}

impl Before {
    async fn take(dir: &Path, path: &Path, schema: i64) -> Result<Self, StoreError> {
        let snapshot = backup::snapshot(dir, path, schema).await?;
        Ok(Self { snapshot, heads: head::files(dir)? })
    }

    /// Puts the old file back. Sequences that were begun since go with the file that has them.
    fn put_back(self, dir: &Path, path: &Path, error: &StoreError) -> StoreError {
        let back = backup::restore(&self.snapshot, path).and_then(|failed| {
            for new in head::files(dir)?.into_iter().filter(|file| !self.heads.contains(file)) {
                fs::remove_file(&new).map_err(StoreError::io(&new))?;
            }
            Ok(failed)
        });
        match back {
            Ok(failed) => StoreError::Migration { reason: error.to_string(), restored: self.snapshot, failed },
            Err(other) => StoreError::Damaged {
                path: path.to_owned(),
                reason: format!("an upgrade failed ({error}) and the snapshot could not be put back ({other})"),
                backups: backup::all(dir),
            },
        }
    }
}

/// Says of a damaged database where its snapshots are.
fn damaged(error: StoreError, dir: &Path, path: &Path) -> StoreError {
    if !error.is_damage() {
        return error;
    }
    let reason = match error {
        StoreError::Damaged { reason, .. } => reason,
        other => other.to_string(),
    };
    StoreError::Damaged { path: path.to_owned(), reason, backups: backup::all(dir) }
}

async fn migrate(db: &Db, migrations: &Migrator, found: inspect::Found) -> Result<(), StoreError> {
    migrations.run(db.writer()?).await.map_err(|error| match error {
        sqlx::migrate::MigrateError::Execute(error) => StoreError::from(error),
        other => StoreError::Sql(other.into()),
    })?;
    if let inspect::Found::Older { .. } = found {
        let mut conn = db.writer()?.acquire().await?;
        let broken: Vec<String> =
            sqlx::query_scalar(r#"SELECT "table" FROM pragma_foreign_key_check LIMIT 5"#).fetch_all(&mut *conn).await?;
        if !broken.is_empty() {
            return Err(StoreError::Invalid(format!("rows refer to nothing in {}", broken.join(", "))));
        }
    }
    Ok(())
}

async fn assemble(
    dir: &Path,
    path: &Path,
    options: &Options,
    db: Db,
    lock: Arc<Lock>,
    temporary: Option<tempfile::TempDir>,
) -> Result<(Store, Vec<Fault>), StoreError> {
    let keys = Keys::new(dir, options.keeping);
    let mut conn = db.writer()?.acquire().await?;
    let known = identity::find(&mut conn, dir, &keys).await?;
    let identity = identity::settle(known, options, &keys).await?;
    let key = Arc::new(identity.key.clone());
    let mut chain = Chain {
        workspace: identity.home.workspace,
        device: identity.home.device,
        key,
        head: Default::default(),
        at: Default::default(),
        doubtful: false,
    };
    chain.reload(&mut conn).await?;
    drop(conn);
    let head = identity.head_file(dir)?;
    let mut wal = path.as_os_str().to_owned();
    wal.push("-wal");
    let settler = Settler::start(PathBuf::from(wal), head, chain.head);
    let store = Store {
        inner: Arc::new(Inner {
            home: identity.home.clone(),
            dir: dir.to_owned(),
            blobs: Blobs::new(dir.join("blobs")),
            writing: Some(Writing {
                chain: tokio::sync::Mutex::new(chain),
                settler,
                keys,
                lock: Mutex::new(Some(lock)),
            }),
            db,
            _temporary: temporary,
        }),
    };
    identity::introduce(&store, &identity, options).await?;
    Ok((store, identity.notices()))
}

#[cfg(test)]
mod tests;
