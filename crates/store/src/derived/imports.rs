//! Imports that are under way, so that none of their files is forgotten when the app ends in between.

use super::Derived;
use crate::StoreError;
use protocol::Actor;
use std::path::PathBuf;

/// An import that did not come to its end.
#[derive(Clone, Debug, PartialEq)]
pub struct BegunImport {
    /// Its number.
    pub id: i64,
    /// Who asked for it.
    pub actor: Actor,
    /// The files and folders, absolute.
    pub paths: Vec<PathBuf>,
}

impl Derived {
    /// Notes that these files and folders are being imported; the number ends it.
    ///
    /// # Errors
    /// The database cannot be written to.
    pub async fn begin_import(&self, actor: &Actor, paths: &[PathBuf]) -> Result<i64, StoreError> {
        let (actor, paths) = (serde_json::to_string(actor)?, serde_json::to_string(paths)?);
        let mut tx = self.begin().await?;
        let begun = sqlx::query!("INSERT INTO imports (actor, paths) VALUES (?, ?)", actor, paths);
        let id = begun.execute(&mut *tx).await?.last_insert_rowid();
        tx.commit().await?;
        Ok(id)
    }

    /// An import is at its end, whatever that was.
    ///
    /// # Errors
    /// The database cannot be written to.
    pub async fn end_import(&self, id: i64) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query!("DELETE FROM imports WHERE id = ?", id).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The app closes in order: that it was gone on with now is no reason to give an import up.
    ///
    /// # Errors
    /// The database cannot be written to.
    pub async fn put_imports_off(&self) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query!("UPDATE imports SET attempts = max(attempts - 1, 0)").execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Imports that an earlier run of the app began and did not end, the first first. One that was gone on with
    /// `most` times already is given up: it may be what ends the app.
    ///
    /// # Errors
    /// The database cannot be read or written to.
    pub async fn begun_imports(&self, most: u32) -> Result<Vec<BegunImport>, StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query!("DELETE FROM imports WHERE attempts >= ?", most).execute(&mut *tx).await?;
        sqlx::query!("UPDATE imports SET attempts = attempts + 1").execute(&mut *tx).await?;
        let rows = sqlx::query!("SELECT id, actor, paths FROM imports ORDER BY id").fetch_all(&mut *tx).await?;
        tx.commit().await?;
        let import = |row: (i64, String, String)| {
            let (actor, paths) = (serde_json::from_str(&row.1)?, serde_json::from_str(&row.2)?);
            Ok(BegunImport { id: row.0, actor, paths })
        };
        rows.into_iter().map(|row| import((row.id, row.actor, row.paths))).collect()
    }
}
