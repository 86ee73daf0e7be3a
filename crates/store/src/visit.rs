//! How another workspace on this machine is looked into, and which ones are.
//!
//! A visit reads and never writes: not the database, not a file beside it. It takes no lock, so that the workspace
//! can be open in its own window meanwhile; SQLite's write-ahead log keeps readers and the writer apart.

use crate::{
    Home, Inner, Store, StoreError,
    blobs::Blobs,
    clock::now,
    db::Db,
    keys::hex,
    open::{
        DATABASE, MIGRATIONS,
        inspect::{Found, inspect},
    },
};
use protocol::{DeviceId, KeyPlace, MemberId, WorkspaceId};
use sqlx::SqlitePool;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};
use uuid::Uuid;

/// How many other workspaces are listed.
const LISTED: i64 = 100;

/// Another workspace on this machine that is searched from here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Neighbour {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// What it was called when it was last looked into.
    pub name: String,
    /// Its data folder, absolute.
    pub folder: PathBuf,
}

impl Store {
    /// Opens the workspace in a data folder to read it, whether another process has it open or not.
    ///
    /// # Errors
    /// There is none, it has another version's form, or it cannot be read.
    pub async fn visit(dir: impl AsRef<Path>) -> Result<Self, StoreError> {
        let dir = dir.as_ref();
        let path = dir.join(DATABASE);
        if !tokio::fs::metadata(&path).await.is_ok_and(|file| file.is_file()) {
            return Err(StoreError::NoWorkspace { dir: dir.to_owned() });
        }
        match inspect(&path, &MIGRATIONS, false).await.map_err(|error| locked_out(dir, error))? {
            Found::Current => {}
            Found::Older { .. } => return Err(StoreError::Older { dir: dir.to_owned() }),
            Found::Nothing => return Err(StoreError::NoWorkspace { dir: dir.to_owned() }),
        }
        let db = Db::visit(&path).await.map_err(|error| locked_out(dir, error))?;
        let home = match home(&db.readers).await {
            Ok(Some(home)) => home,
            other => {
                db.close().await;
                return Err(other.err().unwrap_or_else(|| StoreError::NoWorkspace { dir: dir.to_owned() }));
            }
        };
        let blobs = Blobs::new(dir.join("blobs"));
        let inner = Inner { home, dir: dir.to_owned(), db, blobs, writing: None, _temporary: None };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// What tells the file that lies in the database's place from another one that is put there, as when a snapshot
    /// is put back; None where the system has no such thing (there an open file cannot be replaced).
    pub async fn file_number(&self) -> Option<(u64, u64)> {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            tokio::fs::metadata(self.database()).await.ok().map(|file| (file.dev(), file.ino()))
        }
        #[cfg(not(unix))]
        None
    }

    /// The other workspaces that are searched from here, the first first.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn neighbours(&self) -> Result<Vec<Neighbour>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT folder AS "folder!", workspace AS "workspace: Uuid", name
               FROM neighbours ORDER BY since, rowid LIMIT ?"#,
            LISTED
        );
        let rows = rows.fetch_all(self.pool()).await?.into_iter().map(|row| Neighbour {
            workspace: WorkspaceId(row.workspace),
            name: row.name,
            folder: PathBuf::from(row.folder),
        });
        Ok(rows.collect())
    }

    /// Searches another workspace from here, from now on; one that is known gets its new place and name.
    ///
    /// # Errors
    /// The folder's name is no text, or the database cannot be written to.
    pub async fn add_neighbour(&self, neighbour: &Neighbour) -> Result<(), StoreError> {
        let Some(folder) = neighbour.folder.to_str() else {
            return Err(StoreError::Invalid(format!("the name of {} is no text", neighbour.folder.display())));
        };
        let since = now();
        let mut tx = self.begin().await?;
        sqlx::query!("DELETE FROM neighbours WHERE folder = ? AND workspace <> ?", folder, neighbour.workspace.0)
            .execute(&mut *tx)
            .await?;
        sqlx::query!(
            "INSERT INTO neighbours (folder, workspace, name, since) VALUES (?, ?, ?, ?)
             ON CONFLICT (workspace) DO UPDATE SET folder = excluded.folder, name = excluded.name",
            folder,
            neighbour.workspace.0,
            neighbour.name,
            since
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// No longer searches another workspace from here; false: it was not.
    ///
    /// # Errors
    /// The database cannot be written to.
    pub async fn remove_neighbour(&self, workspace: WorkspaceId) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let gone = sqlx::query!("DELETE FROM neighbours WHERE workspace = ?", workspace.0);
        let gone = gone.execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(gone.rows_affected() > 0)
    }
}

/// What SQLite says of a folder in which it may not put its side files.
fn locked_out(dir: &Path, error: StoreError) -> StoreError {
    match error.is_access() {
        true => StoreError::NotWritable { dir: dir.to_owned(), source: std::io::ErrorKind::PermissionDenied.into() },
        false => error,
    }
}

/// Whose workspace it is, as its tables say; None where they say nothing.
async fn home(pool: &SqlitePool) -> Result<Option<Home>, StoreError> {
    let row = sqlx::query!(
        r#"SELECT workspaces.id AS "workspace: Uuid", workspaces.name,
                  members.id AS "member: Uuid", members.name AS member_name,
                  devices.id AS "device: Uuid", devices.public_key
           FROM workspaces, members, devices
           ORDER BY workspaces.ms, members.ms, devices.ms LIMIT 1"#
    );
    Ok(row.fetch_optional(pool).await?.map(|row| Home {
        workspace: WorkspaceId(row.workspace),
        name: row.name,
        member: MemberId(row.member),
        member_name: row.member_name,
        device: DeviceId(row.device),
        // Its key is neither looked for nor used.
        key_place: KeyPlace::Memory,
        public_key: hex(&row.public_key),
    }))
}
