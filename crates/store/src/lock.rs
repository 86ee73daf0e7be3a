//! Who has the workspace open: one process at a time, known by a lock on a file.
//!
//! The operating system drops the lock when the process ends, however it ends, so there is no
//! stale lock to clean up. What stands in the file only helps a person: the process number.

use crate::StoreError;
use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{Read, Seek, Write},
    path::Path,
};

/// The lock, held until dropped.
pub(crate) struct Lock {
    file: File,
    /// Whether the process that held the lock before ended without closing the workspace.
    pub unclean: bool,
}

impl Lock {
    /// Takes the lock of a data folder or says who has it.
    pub fn take(dir: &Path) -> Result<Self, StoreError> {
        let path = dir.join("lock");
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(|source| StoreError::NotWritable { dir: dir.to_owned(), source })?;
        let mut pid = String::new();
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                // Where a lock forbids reading as well, the process stays unnamed.
                let _ = file.read_to_string(&mut pid);
                return Err(StoreError::InUse { dir: dir.to_owned(), pid: pid.trim().parse().ok() });
            }
            Err(TryLockError::Error(source)) => return Err(StoreError::Io { path, source }),
        }
        file.read_to_string(&mut pid).map_err(StoreError::io(&path))?;
        let lock = Self { file, unclean: !pid.trim().is_empty() };
        if let Err(error) = lock.say(&std::process::id().to_string()) {
            // The lock holds without it: a full disk is no reason to stay shut.
            tracing::warn!(%error, "the lock file could not be written");
        }
        Ok(lock)
    }

    /// Notes that the workspace was closed in good order.
    pub fn closed(&self) {
        if let Err(error) = self.say("") {
            tracing::warn!(%error, "the lock file could not be emptied; the next start checks the database");
        }
    }

    /// Overwrites before it shortens: a disk without room leaves the old words, not an empty file that
    /// looks like a good end.
    fn say(&self, what: &str) -> std::io::Result<()> {
        let mut file = &self.file;
        file.rewind()?;
        file.write_all(what.as_bytes())?;
        file.set_len(what.len() as u64)
    }
}
