//! Models from elsewhere: asked for here, fetched in the background.

use super::{Models, blocking};
use crate::{
    ModelError,
    catalogue::{self, Offer},
    download::{Order, Piece, Proof, address},
    files,
};
use protocol::{DownloadView, ModelUse};
use std::{sync::PoisonError, time::Duration};
use tokio_util::sync::CancellationToken;

/// How long a removed model can be brought back.
const REGRET: Duration = Duration::from_secs(600);

impl Models {
    /// Fetches a model of the catalogue in the background, or goes on with a download that was stopped.
    /// `by` is who asks, for the ledger.
    ///
    /// # Errors
    /// Neither the catalogue nor a stopped download has this id, or too many were asked for.
    pub async fn get(&self, id: &str, by: &str) -> Result<DownloadView, ModelError> {
        let catalogue = self.catalogue().await;
        let order = match catalogue.offer(id) {
            Some(offer) => Some(order(offer, &self.hub(&catalogue)?, by)),
            None => None,
        };
        self.begin(order, id)
    }

    /// Fetches a GGUF file from an address in the background. Without `sha256` only its length and its
    /// header show that it is whole.
    ///
    /// # Errors
    /// The address is none, names no GGUF file, or `sha256` is none.
    pub fn get_from(&self, url: &str, sha256: Option<String>, by: &str) -> Result<DownloadView, ModelError> {
        let invalid = |reason: &str| ModelError::Invalid { reason: reason.to_owned() };
        let parsed = catalogue::hub_address(url.trim().split(['?', '#']).next().unwrap_or_default())
            .map_err(|_| invalid("the address has to begin with https:// or http:// and to carry no password"))?;
        let name = parsed.path_segments().and_then(|mut parts| parts.next_back()).unwrap_or_default().to_owned();
        let stem = name.len().checked_sub(".gguf".len()).and_then(|end| Some((name.get(..end)?, name.get(end..)?)));
        let Some((id, end)) = stem else {
            return Err(invalid("the address does not end with the name of a GGUF file"));
        };
        if !end.eq_ignore_ascii_case(".gguf") || !files::is_id(id) {
            return Err(invalid("the address does not end with the name of a GGUF file"));
        }
        let sha256 = sha256.map(|hash| hash.trim().to_ascii_lowercase()).filter(|hash| !hash.is_empty());
        if sha256.as_ref().is_some_and(|hash| !catalogue::is_sha256(hash)) {
            return Err(invalid("a SHA-256 has 64 digits, 0 to 9 and a to f"));
        }
        let piece = Piece {
            url: url.trim().to_owned(),
            to: format!("{id}.gguf"),
            bytes: None,
            proof: sha256.map_or(Proof::Nothing, Proof::Sha256),
            ask: false,
            optional: false,
            about: 0,
        };
        let order = Order {
            id: id.to_owned(),
            name: id.to_owned(),
            purpose: ModelUse::Chat,
            pieces: vec![piece],
            by: by.to_owned(),
        };
        self.begin(Some(order), id)
    }

    fn begin(&self, order: Option<Order>, id: &str) -> Result<DownloadView, ModelError> {
        let downloads = &self.inner.downloads;
        if let Some(run) = downloads.begin(order, id)? {
            let (models, id) = (self.clone(), id.to_owned());
            self.inner.tasks.spawn(async move {
                match run.run().await {
                    Ok(()) => models.arrived(&id).await,
                    Err(error) => tracing::info!(%error, id, "a download ended without the model"),
                }
            });
        }
        downloads.view(id).ok_or_else(|| ModelError::NotFound { id: id.to_owned() })
    }

    /// A model is here: the engine is asked about it, and everyone is told.
    async fn arrived(&self, id: &str) {
        self.inner.speeds.forget(id);
        if let Ok(found) = self.find(id).await {
            self.tell(found).await;
        }
        self.inner.supervisor.forgive().await;
        self.changed();
    }

    /// All downloads there are.
    pub fn downloads(&self) -> Vec<DownloadView> {
        self.inner.downloads.views()
    }

    /// Stops one; what is here is kept.
    ///
    /// # Errors
    /// There is no such download.
    pub fn pause(&self, id: &str) -> Result<(), ModelError> {
        self.inner.downloads.pause(id)
    }

    /// Gives one up and deletes what is here of it.
    ///
    /// # Errors
    /// There is no such download, or its files cannot be deleted.
    pub async fn give_up(&self, id: &str) -> Result<(), ModelError> {
        self.inner.downloads.give_up(id).await
    }

    /// Takes a model out of the folder. It can be brought back for ten minutes, or until Atelier is closed.
    ///
    /// # Errors
    /// There is no such model in the folder, or its files cannot be moved.
    pub async fn remove(&self, id: &str) -> Result<(), ModelError> {
        let found = self.find(id).await?;
        if self.inner.downloads.runs(&found.id) {
            return Err(ModelError::Busy);
        }
        let (shelf, one) = (self.inner.shelf.clone(), found.clone());
        blocking(move || shelf.put_aside(&one.id, &one.path)).await?;
        // What the engine holds of it would keep its memory, and its room on the disk, until it is idle.
        self.inner.supervisor.let_go(&found.id).await;
        self.changed();
        let regret = self.regret(&found.id);
        let (models, id) = (self.clone(), found.id);
        self.inner.tasks.spawn(async move {
            tokio::select! {
                () = models.inner.closing.cancelled() => {}
                () = tokio::time::sleep(REGRET) => {}
                // It was brought back, or removed once more.
                () = regret.cancelled() => return,
            }
            let shelf = models.inner.shelf.clone();
            if let Err(error) = blocking(move || shelf.delete_aside(Some(&id))).await {
                tracing::warn!(%error, "a removed model could not be deleted");
            }
        });
        Ok(())
    }

    /// Ends the wait for the deletion of a model that was removed before, and begins another.
    fn regret(&self, id: &str) -> CancellationToken {
        let token = CancellationToken::new();
        let mut regrets = self.inner.regrets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = regrets.insert(id.to_owned(), token.clone()) {
            before.cancel();
        }
        token
    }

    /// Brings a removed model back.
    ///
    /// # Errors
    /// Its files are gone, or another model has its name by now.
    pub async fn restore(&self, id: &str) -> Result<(), ModelError> {
        let (shelf, back) = (self.inner.shelf.clone(), id.to_owned());
        blocking(move || shelf.bring_back(&back)).await?;
        self.regret(id);
        self.changed();
        Ok(())
    }
}

/// What has to be fetched for an offer.
fn order(offer: &Offer, hub: &str, by: &str) -> Order {
    let piece = |file: &catalogue::OfferFile| Piece {
        url: address(hub, &offer.repository, &offer.revision, &file.path),
        to: match offer.purpose {
            ModelUse::Chat => format!("{}.gguf", offer.id),
            ModelUse::Embedding | ModelUse::Reranking => file.path.clone(),
        },
        bytes: None,
        proof: file.sha256.clone().map_or(Proof::Nothing, Proof::Sha256),
        ask: true,
        optional: file.optional,
        about: file.bytes,
    };
    Order {
        id: offer.id.clone(),
        name: offer.name.clone(),
        purpose: offer.purpose,
        pieces: offer.files.iter().map(piece).collect(),
        by: by.to_owned(),
    }
}
