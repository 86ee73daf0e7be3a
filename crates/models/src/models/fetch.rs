//! Models from elsewhere, one download per id at a time.

use super::Models;
use crate::{
    ModelError,
    download::{self, Download, ProgressFn},
};
use protocol::ModelView;
use std::sync::PoisonError;
use tokio_util::sync::CancellationToken;

impl Models {
    /// Fetches a model file through the gate into the models folder, resuming what an earlier try
    /// left. It gets its name only when its length, SHA-256 and header are right.
    pub async fn download(
        &self,
        what: Download,
        report: ProgressFn,
        stop: CancellationToken,
    ) -> Result<ModelView, ModelError> {
        let _running = Running::begin(self, &what.id)?;
        download::fetch(&self.inner.gate, self.inner.shelf.clone(), &what, &report, &stop).await?;
        self.changed();
        self.one(&what.id).await
    }
}

/// Two downloads of one id would write into the same part.
struct Running<'a> {
    models: &'a Models,
    id: String,
}

impl<'a> Running<'a> {
    fn begin(models: &'a Models, id: &str) -> Result<Self, ModelError> {
        let mut running = models.inner.fetching.lock().unwrap_or_else(PoisonError::into_inner);
        if !running.insert(id.to_owned()) {
            return Err(ModelError::Busy);
        }
        Ok(Self { models, id: id.to_owned() })
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.models.inner.fetching.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
    }
}
