//! When a committed record is safe from a power cut too.
//!
//! A commit hands its pages to the operating system, which is enough to survive the end of the
//! process. One task follows the commits and syncs the write-ahead log at once; what is committed
//! while a sync runs shares the next one. Whoever acknowledges a record waits for that sync. Only
//! after it the head file is written: so a head is never ahead of the log on the disk.
//!
//! A sync that failed is final. The system may have dropped the pages that it could not write and
//! say yes the next time, so from then on nothing is acknowledged until the workspace is opened
//! anew, from what is on the disk.

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

/// How long a disk may take before a person is told that it does not answer.
const LIMIT: Duration = Duration::from_secs(30);

/// How far the disk has confirmed the log.
#[derive(Clone, Debug, Default)]
struct Safe {
    /// The last record that survives a power cut.
    upto: u64,
    /// Why nothing after it will be confirmed.
    failed: Option<String>,
}

/// Follows the commits; ends after a last sync, when closed or dropped.
pub(crate) struct Settler {
    committed: watch::Sender<Head>,
    safe: watch::Receiver<Safe>,
    closing: CancellationToken,
    tasks: TaskTracker,
}

impl Settler {
    /// Starts from a head whose record is in the database.
    pub fn start(wal: PathBuf, file: HeadFile, from: Head) -> Self {
        let (committed, mut commits) = watch::channel(from);
        let (told, safe) = watch::channel(Safe::default());
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
                let head = *commits.borrow_and_update();
                if head.seq == told.borrow().upto {
                    continue;
                }
                let wal = wal.clone();
                if let Err(error) = blocking(move || sync(&wal)).await {
                    tracing::error!(%error, "the write-ahead log could not be synced");
                    told.send_modify(|safe| safe.failed = Some(error.to_string()));
                    return;
                }
                told.send_modify(|safe| safe.upto = head.seq);
                let file = file.clone();
                let written = blocking(move || file.lock().unwrap_or_else(PoisonError::into_inner).write(&head)).await;
                if let Err(error) = written {
                    // The records are safe; a head that lags proves nothing missing.
                    tracing::warn!(%error, "the head file could not be written yet");
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

    /// The number of the last record that was committed.
    pub fn committed(&self) -> u64 {
        self.committed.borrow().seq
    }

    /// Refuses once a sync has failed.
    pub fn works(&self) -> Result<(), StoreError> {
        self.safe.borrow().failed.clone().map_or(Ok(()), |reason| Err(StoreError::NotSynced { reason }))
    }

    /// Waits until everything committed so far is safe.
    pub async fn settled(&self) -> Result<(), StoreError> {
        let upto = self.committed();
        let mut safe = self.safe.clone();
        let waited = safe.wait_for(|safe| safe.upto >= upto || safe.failed.is_some());
        let safe = match tokio::time::timeout(LIMIT, waited).await {
            Ok(Ok(safe)) => safe.clone(),
            Ok(Err(_)) => return Err(StoreError::Closed),
            Err(_) => return Err(StoreError::NotSynced { reason: "the disk does not answer".into() }),
        };
        match safe.failed {
            Some(reason) if safe.upto < upto => Err(StoreError::NotSynced { reason }),
            Some(_) | None => Ok(()),
        }
    }

    /// Syncs a last time and ends.
    pub async fn close(&self) {
        self.closing.cancel();
        self.tasks.wait().await;
    }
}

fn sync(wal: &Path) -> Result<(), StoreError> {
    // Syncing needs the right to write on some systems. The file goes when the last connection
    // closes: then its pages are in the database, synced by SQLite.
    match OpenOptions::new().write(true).open(wal) {
        Ok(file) => file.sync_data().map_err(StoreError::io(wal)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(StoreError::io(wal)(error)),
    }
}
