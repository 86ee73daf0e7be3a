//! Models on a stick: written into a signed folder here, added from it elsewhere.

use super::{Models, blocking};
use crate::{
    ModelError,
    pack::{self, Seal},
};
use protocol::{ModelView, PackView};
use std::path::PathBuf;

impl Models {
    /// Writes models into a signed folder under `place`.
    ///
    /// # Errors
    /// A model is not there or not sound, or the place cannot be written to or is too full.
    pub async fn pack(&self, ids: &[String], place: PathBuf, seal: Seal) -> Result<PackView, ModelError> {
        let mut models = Vec::new();
        for id in ids {
            let found = self.find(id).await?;
            self.checked(&found).await?;
            models.push(found);
        }
        blocking(move || pack::write(&models, &place, &seal)).await
    }

    /// Checks a pack and adds its models; the last one is given back. It has to be signed by one of the
    /// keys `trusted`, or by the one with the fingerprint `signer`.
    ///
    /// # Errors
    /// The signer is not known, or the pack is not as it was signed. Nothing is added then.
    pub async fn add_pack(
        &self,
        folder: PathBuf,
        trusted: Vec<[u8; 32]>,
        signer: Option<String>,
    ) -> Result<ModelView, ModelError> {
        let shelf = self.inner.shelf.clone();
        let added = blocking(move || pack::add(&shelf, &folder, &trusted, signer.as_deref())).await?;
        for id in &added {
            self.inner.speeds.forget(id);
            self.tell(self.find(id).await?).await;
        }
        self.changed();
        self.inner.supervisor.forgive().await;
        let last = added.last().ok_or(ModelError::NoModel)?;
        self.one(last).await
    }
}
