//! What can be fetched, does it fit, and how fast would it be here?

use super::{Models, ModelsEvent, blocking};
use crate::{
    ModelError,
    catalogue::{Catalogue, Offer, hub_address},
    download,
    memory::{self, Need},
};
use protocol::{Fit, GateVerdict, OfferView, OffersView, Verdict};
use std::sync::PoisonError;

/// Whether this can be the address of a hub or mirror: http or https, a host, and no secret in it. To be
/// asked before it is written anywhere.
///
/// # Errors
/// What is wrong with it, without repeating it.
pub fn check_hub(address: &str) -> Result<(), ModelError> {
    hub_address(address).map(drop).map_err(|reason| ModelError::Invalid { reason })
}

impl Models {
    /// The catalogue, with what this machine makes of each entry. The machine is measured if it was not
    /// yet, which takes about a second.
    ///
    /// # Errors
    /// The address of the hub cannot be used.
    pub async fn offers(&self) -> Result<OffersView, ModelError> {
        self.measure_machine().await;
        let inner = self.inner.clone();
        let catalogue = self.catalogue().await;
        let here = blocking(move || Ok(inner.shelf.scan())).await?;
        let hub = self.hub(&catalogue)?;
        let url = hub_address(&hub).map_err(|reason| ModelError::Invalid { reason })?;
        let (memory, disk) = (memory::memory(), memory::disk_free(&self.inner.config.folder));
        let offers = catalogue.offers.iter().map(|offer| {
            let there = here.iter().any(|found| found.id == offer.id && found.kind.is_ok());
            self.offer_view(offer, &hub, there, memory, disk)
        });
        let verdict = match self.inner.gate.verdict(&url) {
            GateVerdict::Allowed => Verdict::Allow,
            GateVerdict::Denied | GateVerdict::Sealed => Verdict::Deny,
        };
        Ok(OffersView {
            offers: offers.collect(),
            host: download::host(&url),
            hub,
            verdict,
            memory_per_second: self.inner.speeds.machine().map(|machine| machine.memory_per_second),
        })
    }

    fn offer_view(&self, offer: &Offer, hub: &str, here: bool, memory: memory::Memory, disk: u64) -> OfferView {
        // With the cache in 8 bits, which it would be run with where it does not fit otherwise.
        let need = self.need(offer).small().total();
        let headroom = self.inner.config.headroom;
        let held = self.inner.supervisor.board().held().memory();
        let fits = |there: u64| there == 0 || need.saturating_add(headroom) <= there;
        let fit = if !here && disk != 0 && offer.bytes() > disk {
            Fit::NoDisk
        } else if fits(memory.free.saturating_add(held)) {
            Fit::Fits
        } else if fits(memory.total) {
            Fit::Tight
        } else {
            Fit::TooLarge
        };
        let chat = offer.purpose == protocol::ModelUse::Chat;
        OfferView {
            id: offer.id.clone(),
            name: offer.name.clone(),
            purpose: offer.purpose,
            maker: offer.maker.clone(),
            origin: offer.origin.clone(),
            licence: offer.licence.clone(),
            languages: offer.languages.clone(),
            parameters: offer.parameters,
            context: offer.context,
            quantisation: offer.quantisation.clone(),
            bytes: offer.bytes(),
            pinned: offer.pinned(),
            memory: need,
            fit,
            expected_per_second: self.inner.speeds.expected(offer.read_per_token()).filter(|_| chat),
            here,
            page: offer.page(hub),
        }
    }

    /// The memory that a model of the catalogue needs at the context that it would be run with.
    fn need(&self, offer: &Offer) -> Need {
        match offer.purpose {
            protocol::ModelUse::Chat => Need::of(offer.bytes(), offer.cache_per_token, self.context(offer.context)),
            protocol::ModelUse::Embedding | protocol::ModelUse::Reranking => Need::of(offer.bytes(), 0, 0),
        }
    }

    /// The catalogue as it is now. One of the models folder that cannot be read is told, and the one that
    /// comes with Atelier holds.
    pub(super) async fn catalogue(&self) -> Catalogue {
        let folder = self.inner.config.folder.clone();
        match blocking(move || Catalogue::of(&folder)).await {
            Ok(catalogue) => catalogue,
            Err(error) => {
                let _ = self.inner.events.send(ModelsEvent::Trouble(Box::new(error.fault())));
                Catalogue::builtin()
            }
        }
    }

    /// Fetches from this mirror from now on; `None`: from the catalogue's hub.
    ///
    /// # Errors
    /// It is no address of a hub.
    pub fn set_mirror(&self, mirror: Option<String>) -> Result<(), ModelError> {
        let mirror = mirror.map(|mirror| mirror.trim().to_owned()).filter(|mirror| !mirror.is_empty());
        let checked = mirror.as_deref().map(hub_address).transpose();
        checked.map_err(|reason| ModelError::Invalid { reason })?;
        *self.inner.mirror.lock().unwrap_or_else(PoisonError::into_inner) = mirror;
        Ok(())
    }

    /// The address that models are fetched from.
    pub(super) fn hub(&self, catalogue: &Catalogue) -> Result<String, ModelError> {
        let mirror = self.inner.mirror.lock().unwrap_or_else(PoisonError::into_inner).clone();
        mirror.or_else(|| catalogue.hub.clone()).ok_or_else(|| ModelError::Invalid {
            reason: "the catalogue names no hub, and the settings no mirror".to_owned(),
        })
    }
}
