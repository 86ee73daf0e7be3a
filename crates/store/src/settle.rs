//! When a committed record is safe from a power cut too.
//!
//! A commit hands its pages to the operating system, which is enough to survive the end of the
//! process. One task follows the commits, syncs the write-ahead log for all that have gathered,
//! and only then writes the head file: so a head is never ahead of the log on the disk.

use crate::{
    StoreError,
    blobs::blocking,
    head::{Head, HeadFile},
};
use std::{
    fs::OpenOptions,
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::watch;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// How long commits gather before one sync serves them all.
const GATHER: Duration = Duration::from_millis(60);

/// Follows the commits; ends after a last sync, when closed or dropped.
pub(crate) struct Settler {
    committed: watch::Sender<Head>,
    safe: watch::Receiver<u64>,
    closing: CancellationToken,
    tasks: TaskTracker,
}

impl Settler {
    /// Starts from a head whose record is in the database.
    pub fn start(wal: PathBuf, file: HeadFile, from: Head) -> Self {
        let (committed, mut commits) = watch::channel(from);
        let (safe_to, safe) = watch::channel(0);
        // What an earlier process committed may never have been synced.
        commits.mark_changed();
        let closing = CancellationToken::new();
        let (closed, file, tasks) = (closing.clone(), Arc::new(Mutex::new(file)), TaskTracker::new());
        tasks.spawn(async move {
            let mut going_on = true;
            while going_on {
                going_on = tokio::select! {
                    changed = commits.changed() => changed.is_ok(),
                    () = closed.cancelled() => false,
                };
                if going_on {
                    tokio::select! { () = tokio::time::sleep(GATHER) => {}, () = closed.cancelled() => {} }
                }
                let head = *commits.borrow_and_update();
                if head.seq == *safe_to.borrow() {
                    continue;
                }
                let (wal, file) = (wal.clone(), file.clone());
                match blocking(move || settle(&wal, &file, &head)).await {
                    Ok(()) => {
                        safe_to.send_replace(head.seq);
                    }
                    // The records are in the database; the head lags, which proves nothing missing.
                    Err(error) => tracing::warn!(%error, "records could not be synced yet"),
                }
            }
        });
        tasks.close();
        Self { committed, safe, closing, tasks }
    }

    /// A record was committed.
    pub fn note(&self, head: Head) {
        self.committed.send_replace(head);
    }

    /// Waits until everything committed so far is safe; false where the disk did not take it in time.
    pub async fn settled(&self, limit: Duration) -> bool {
        let upto = self.committed.borrow().seq;
        let mut safe = self.safe.clone();
        let waited = tokio::time::timeout(limit, safe.wait_for(|safe| *safe >= upto)).await;
        waited.is_ok_and(|safe| safe.is_ok())
    }

    /// Syncs a last time and ends.
    pub async fn close(&self) {
        self.closing.cancel();
        self.tasks.wait().await;
    }
}

fn settle(wal: &Path, file: &Mutex<HeadFile>, head: &Head) -> Result<(), StoreError> {
    // Syncing needs the right to write on some systems. The file goes when the last connection
    // closes: then its pages are in the database, synced by SQLite.
    match OpenOptions::new().write(true).open(wal) {
        Ok(wal_file) => wal_file.sync_data().map_err(StoreError::io(wal))?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(StoreError::io(wal)(error)),
    }
    file.lock().unwrap_or_else(PoisonError::into_inner).write(head)
}
