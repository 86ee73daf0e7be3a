//! What can go wrong in the store, and how a person is told.

use protocol::{Fault, FaultKind};
use std::path::PathBuf;

/// Everything the store can fail with.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process has the workspace open.
    #[error("{dir} is already open in another Atelier")]
    InUse {
        /// The data folder.
        dir: PathBuf,
        /// Which process, where it could be read.
        pid: Option<u32>,
    },
    /// The data folder cannot be written to.
    #[error("{dir} cannot be written to")]
    NotWritable {
        /// The data folder.
        dir: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The data folder is a file.
    #[error("{dir} is not a folder")]
    NotAFolder {
        /// What was named.
        dir: PathBuf,
    },
    /// A newer Atelier wrote this database.
    #[error("{path} was written by a newer Atelier (schema {found}, this one knows {known})")]
    Newer {
        /// The database.
        path: PathBuf,
        /// Its schema version.
        found: i64,
        /// The newest version known here.
        known: i64,
    },
    /// The file is there but is no Atelier database.
    #[error("{path} is not an Atelier workspace")]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The database file is damaged.
    #[error("{path} is damaged: {reason}")]
    Damaged {
        /// The database.
        path: PathBuf,
        /// What was found.
        reason: String,
        /// Snapshots that could be put back, newest first.
        backups: Vec<PathBuf>,
    },
    /// An upgrade failed; the database is as it was before.
    #[error("the workspace could not be brought to this version: {reason}")]
    Migration {
        /// What failed.
        reason: String,
        /// The snapshot that was put back.
        restored: PathBuf,
        /// Where the file lies that did not open.
        failed: PathBuf,
    },
    /// The disk did not confirm what was written.
    #[error("the disk did not confirm the last changes: {reason}")]
    NotSynced {
        /// What the system said.
        reason: String,
    },
    /// No space is left on the disk.
    #[error("the disk is full")]
    DiskFull,
    /// The thing is not there.
    #[error("no {what} {id}")]
    NotFound {
        /// What kind of thing.
        what: &'static str,
        /// Its id.
        id: String,
    },
    /// The change does not fit what is there.
    #[error("{0}")]
    Invalid(String),
    /// A record that this version cannot read.
    #[error("record {number} cannot be read: {reason}")]
    Unreadable {
        /// Its number in this database.
        number: i64,
        /// Why.
        reason: String,
    },
    /// The keychain that has this device's key does not answer.
    #[error("the keychain that has this device's key did not answer")]
    Locked,
    /// The keychain or the key file failed.
    #[error("the device key: {0}")]
    Key(String),
    /// SQLite said no.
    #[error("the database: {0}")]
    Sql(#[source] sqlx::Error),
    /// The file system said no.
    #[error("{path}: {source}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A value could not be turned into JSON or back.
    #[error("a stored value: {0}")]
    Json(#[from] serde_json::Error),
    /// An answer is being written, from passages that are to be erased perhaps.
    #[error("an answer is being written")]
    Writing,
    /// Something was erased, but a reader kept old pages of the write-ahead log.
    #[error("it is erased, but a copy remains in the write-ahead log for now")]
    Traces,
    /// The workspace is another one, which is looked into and never changed.
    #[error("this workspace is only looked into from another one")]
    Visited,
    /// There is no workspace in a folder.
    #[error("{dir} is no workspace")]
    NoWorkspace {
        /// The folder.
        dir: PathBuf,
    },
    /// A workspace to be looked into has an older form, which only opening it brings up to date.
    #[error("the workspace in {dir} was last opened with an older version")]
    Older {
        /// Its folder.
        dir: PathBuf,
    },
    /// The store is being closed.
    #[error("the workspace is being closed")]
    Closed,
}

/// SQLite's primary result codes that mean something to a person.
mod code {
    pub const READONLY: i32 = 8;
    pub const IOERR: i32 = 10;
    pub const CORRUPT: i32 = 11;
    pub const FULL: i32 = 13;
    pub const CANTOPEN: i32 = 14;
    pub const NOTADB: i32 = 26;
}

/// SQLite's primary result code, where the error has one.
fn primary(error: &sqlx::Error) -> Option<i32> {
    let extended: i32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(extended & 0xff)
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::PoolClosed => Self::Closed,
            error if primary(&error) == Some(code::FULL) => Self::DiskFull,
            error => Self::Sql(error),
        }
    }
}

impl StoreError {
    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| match source.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Self::DiskFull,
            _ => Self::Io { path, source },
        }
    }

    pub(crate) fn not_found(what: &'static str, id: impl ToString) -> Self {
        Self::NotFound { what, id: id.to_string() }
    }

    /// Whether the database file itself is broken.
    pub(crate) fn is_damage(&self) -> bool {
        match self {
            Self::Damaged { .. } => true,
            Self::Sql(error) => matches!(primary(error), Some(code::CORRUPT | code::NOTADB)),
            _ => false,
        }
    }

    /// Whether it is about rights: a file or its folder may not be written to.
    pub(crate) fn is_access(&self) -> bool {
        matches!(self, Self::Sql(error) if matches!(primary(error), Some(code::READONLY | code::CANTOPEN)))
    }

    /// Whether the same may go well later: there is room again, or a disk that is plugged in.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::DiskFull | Self::Io { .. } | Self::Sql(_)) && !self.is_damage()
    }

    /// What a person is told.
    pub fn fault(&self) -> Fault {
        let message = self.to_string();
        let fault = |kind, code: &str| Fault::new(kind, code, Fault::sentence(&message));
        match self {
            Self::InUse { dir, pid } => fault(FaultKind::Busy, "store.in_use")
                .safe("Your workspace is safe.")
                .hint("Use the window that is open, or quit it and try again.")
                .with("dir", dir.display())
                .with("pid", pid.map(|pid| pid.to_string()).unwrap_or_default()),
            Self::NotWritable { dir, source } => fault(FaultKind::Unavailable, "store.not_writable")
                .safe("Nothing was changed.")
                .hint("Give yourself the right to write to this folder, or choose another with --data.")
                .with("dir", dir.display())
                .with("reason", source),
            Self::NotAFolder { dir } => fault(FaultKind::Invalid, "store.not_a_folder")
                .safe("Nothing was changed.")
                .hint("Name a folder with --data; it is made if it is not there.")
                .with("dir", dir.display()),
            Self::Newer { path, found, known } => fault(FaultKind::Invalid, "store.newer")
                .safe("The workspace was not touched.")
                .hint("Install the newest Atelier and open it with that.")
                .with("path", path.display())
                .with("found", found)
                .with("known", known),
            Self::Foreign { path } => fault(FaultKind::Invalid, "store.foreign")
                .safe("The file was not touched.")
                .hint("Choose another data folder.")
                .with("path", path.display()),
            Self::Damaged { path, reason, backups } => {
                let named: Vec<_> = backups.iter().map(|path| path.display().to_string()).collect();
                fault(FaultKind::Damaged, "store.damaged")
                    .safe("The file was left as it is; nothing more was written to it.")
                    .hint(match named.first() {
                        Some(newest) => format!(
                            "Make a copy of the data folder, then remove workspace.db-wal and workspace.db-shm if they are there and put a snapshot in the file's place: {newest} is the newest of {}.",
                            named.len()
                        ),
                        None => "Make a copy of the data folder, then put your own backup in the file's place; there is no snapshot here.".into(),
                    })
                    .with("path", path.display())
                    .with("reason", reason)
                    .with("backups", named.join(", "))
            }
            Self::Migration { reason, restored, failed } => fault(FaultKind::Damaged, "store.migration")
                .safe("The workspace is as it was before.")
                .hint("Go on with the version that you had, and report this.")
                .with("reason", reason)
                .with("backup", restored.display())
                .with("failed", failed.display()),
            Self::DiskFull => fault(FaultKind::Unavailable, "store.disk_full")
                .safe("Everything that was saved before is safe; this change was not saved.")
                .hint("Free some space, then try again."),
            Self::NotSynced { reason } => fault(FaultKind::Unavailable, "store.not_synced")
                .safe("Everything that was confirmed before is safe; the last change may be missing after a power cut.")
                .hint("Check the disk, then quit Atelier and open the workspace again.")
                .with("reason", reason),
            Self::NotFound { what, id } => {
                fault(FaultKind::NotFound, "store.not_found").with("what", what).with("id", id)
            }
            Self::Invalid(_) => fault(FaultKind::Invalid, "store.invalid"),
            Self::Unreadable { number, reason } => fault(FaultKind::Damaged, "store.unreadable")
                .safe("The log was not changed.")
                .hint("Check the log with `atelier log verify`.")
                .with("number", number)
                .with("reason", reason),
            Self::Locked => fault(FaultKind::Unavailable, "store.keychain_locked")
                .safe("Nothing was changed.")
                .hint("Unlock the system's keychain, then open the workspace again."),
            Self::Key(_) => fault(FaultKind::Unavailable, "store.key")
                .safe("Nothing was changed.")
                .hint("Unlock the system's keychain, or set ATELIER_KEYCHAIN=off to keep the key in a file."),
            Self::Sql(error) => match primary(error) {
                Some(code::CORRUPT | code::NOTADB) => fault(FaultKind::Damaged, "store.damaged")
                    .safe("Nothing more was written.")
                    .hint("Quit, and open the workspace again to have it checked."),
                Some(code::READONLY | code::CANTOPEN | code::IOERR) => fault(FaultKind::Unavailable, "store.disk")
                    .safe("Everything that was saved before is safe; this change was not saved.")
                    .hint("Check the disk and the rights of the data folder."),
                _ => fault(FaultKind::Internal, "store.sql").safe("Everything that was saved before is safe."),
            },
            Self::Io { path, .. } => fault(FaultKind::Unavailable, "store.io")
                .safe("Everything that was saved before is safe.")
                .hint("Check the disk and the rights of the data folder.")
                .with("path", path.display()),
            Self::Json(_) => fault(FaultKind::Internal, "store.json"),
            Self::Writing => fault(FaultKind::Busy, "store.writing")
                .safe("Nothing was erased.")
                .hint("Wait until the answer has ended, or stop it, then erase again."),
            Self::Traces => fault(FaultKind::Busy, "store.traces").hint("Quit Atelier once: the copy goes with it."),
            Self::Visited => fault(FaultKind::Invalid, "store.visited")
                .safe("Nothing was changed.")
                .hint("Open that workspace itself to change something in it."),
            Self::NoWorkspace { dir } => fault(FaultKind::NotFound, "store.no_workspace")
                .safe("Nothing was changed.")
                .hint(
                    "Name the data folder of a workspace: the one that is given to --data, in which workspace.db lies.",
                )
                .with("dir", dir.display()),
            Self::Older { dir } => fault(FaultKind::Unavailable, "store.older")
                .safe("Nothing was changed in it.")
                .hint("Open that workspace once with this version; then it can be searched from here.")
                .with("dir", dir.display()),
            Self::Closed => fault(FaultKind::Unavailable, "store.closed"),
        }
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        error.fault()
    }
}
