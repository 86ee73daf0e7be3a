//! The log and its tables: what happened in a workspace, kept so that nothing is lost and
//! everything can be checked. The only crate that speaks SQL.
//!
//! Every change is a signed record in an append-only log ([`Store::write`] is the only way in);
//! the tables are views of that log and can be dropped and built again from it. Files are kept
//! beside the database, named by their hash. What is derived from them is in [`Derived`].

mod apply;
mod backup;
mod blobs;
mod change;
mod chats;
mod check;
mod checkpoint;
mod clock;
mod db;
mod derived;
mod documents;
mod error;
mod folders;
mod head;
mod items;
mod keys;
mod labels;
mod lock;
mod log;
mod open;
mod people;
mod private;
mod purge;
mod rebuild;
mod record;
mod redact;
mod removed;
mod settle;
mod trust;
mod verify;
mod versions;
mod visit;
mod write;

pub use blobs::{BlobRef, Blobs, NewBlob};
pub use change::Change;
pub use clock::Stamp;
pub use derived::*;
pub use error::StoreError;
pub use folders::{Paper, Standing, WatchedFolder};
pub use items::StoredQuote;
pub use keys::Keeping;
pub use open::{Home, Opened, Options};
pub use people::{DeviceSigner, SignFn};
pub use private::private_dir;
pub use rebuild::VIEWS;
pub use trust::Endpoint;
pub use versions::Version;
pub use visit::Neighbour;
pub use write::Tx;

use sqlx::{Sqlite, SqlitePool, Transaction};
use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// A workspace on this disk. Clones are handles on the same one.
#[derive(Clone)]
pub struct Store {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    home: Home,
    dir: PathBuf,
    db: db::Db,
    blobs: Blobs,
    /// None in a workspace that is only visited.
    writing: Option<Writing>,
    /// A workspace that lives in memory has a folder all the same; it goes with the workspace.
    _temporary: Option<tempfile::TempDir>,
}

/// What the one process has that writes in a workspace.
struct Writing {
    chain: tokio::sync::Mutex<write::Chain>,
    settler: settle::Settler,
    keys: keys::Keys,
    /// None once closed.
    lock: Mutex<Option<Arc<lock::Lock>>>,
}

/// How long closing waits for a disk that does not answer.
const CLOSING_LIMIT: Duration = Duration::from_secs(10);

impl Store {
    /// The workspace, its person and this device.
    pub fn home(&self) -> &Home {
        &self.inner.home
    }

    /// The data folder.
    pub fn dir(&self) -> &Path {
        &self.inner.dir
    }

    /// The files of the workspace.
    pub fn blobs(&self) -> &Blobs {
        &self.inner.blobs
    }

    /// What is computed from the documents.
    pub fn derived(&self) -> Derived {
        Derived::new(self.clone())
    }

    /// Waits until everything written so far survives a power cut: only then is it acknowledged.
    pub async fn settled(&self) -> Result<(), StoreError> {
        match &self.inner.writing {
            Some(writing) => writing.settler.settled().await,
            None => Ok(()),
        }
    }

    /// The number of this device's last record: whether something was written between two moments.
    pub fn written(&self) -> u64 {
        self.inner.writing.as_ref().map_or(0, |writing| writing.settler.committed())
    }

    /// Closes the workspace in good order. Reads and writes after this fail.
    pub async fn close(&self) {
        let Ok(writing) = self.writing() else { return self.inner.db.close().await };
        let close = async {
            // Takes the writer's turn, so that a write that has begun ends first.
            let _turn = writing.chain.lock().await;
            writing.settler.close().await;
            self.inner.db.close().await;
        };
        if tokio::time::timeout(CLOSING_LIMIT, close).await.is_err() {
            tracing::warn!("the workspace could not be closed in time; it is checked at the next start");
            return;
        }
        // Dropping it lets the next process in.
        if let Some(lock) = writing.lock.lock().unwrap_or_else(PoisonError::into_inner).take() {
            lock.closed();
        }
    }

    /// What writing takes.
    ///
    /// # Errors
    /// The workspace is only visited.
    fn writing(&self) -> Result<&Writing, StoreError> {
        self.inner.writing.as_ref().ok_or(StoreError::Visited)
    }

    fn database(&self) -> PathBuf {
        self.inner.dir.join(open::DATABASE)
    }

    /// Connections for reading.
    pub(crate) fn pool(&self) -> &SqlitePool {
        &self.inner.db.readers
    }

    /// The one writing transaction, for derived tables; the log is written by [`Store::write`] only.
    pub(crate) async fn begin(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        self.inner.db.begin().await
    }
}
