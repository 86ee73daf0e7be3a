//! How the models look from outside.

use super::{Models, blocking};
use crate::{
    ModelError,
    files::{Found, Kind},
    memory,
};
use protocol::{ModelUse, ModelView, ModelsView};
use std::sync::PoisonError;

/// The ids of those that stand out among the models of the folder: one each at the most.
struct Marks {
    /// The one in use.
    chosen: Option<String>,
    /// The one that comes with Atelier.
    starter: Option<String>,
}

impl Models {
    /// What there is and what it needs, after the engine was asked about every file that is new: what a
    /// model needs is then the same figure wherever it is read.
    pub async fn told_view(&self) -> Result<ModelsView, ModelError> {
        let shelf = self.inner.shelf.clone();
        for found in blocking(move || Ok(shelf.scan())).await?.into_iter().filter(Found::is_untold) {
            self.tell(found).await;
        }
        Ok(self.view())
    }

    /// What there is and what it needs. Reads the folder, but no file that has not changed.
    pub fn view(&self) -> ModelsView {
        let inner = &self.inner;
        let memory = memory::memory();
        let found = inner.shelf.scan();
        if found.iter().any(Found::is_untold) {
            self.tell_new();
        }
        let marks = self.marks(&found);
        let models = found.iter().map(|found| self.view_of(found, memory.free, &marks)).collect();
        let endpoints = inner.endpoints.lock().unwrap_or_else(PoisonError::into_inner).clone();
        ModelsView {
            models,
            endpoints: endpoints.iter().map(|endpoint| endpoint.view(&inner.gate)).collect(),
            memory_free: memory.free,
            memory_total: memory.total,
            disk_free: memory::disk_free(&inner.config.folder),
            folder: inner.config.folder.display().to_string(),
            downloads: inner.downloads.views(),
        }
    }

    /// One model of the folder.
    pub(super) async fn one(&self, id: &str) -> Result<ModelView, ModelError> {
        let found = self.find(id).await?;
        let shelf = self.inner.shelf.clone();
        let marks = self.marks(&blocking(move || Ok(shelf.scan())).await?);
        Ok(self.view_of(&found, memory::memory().free, &marks))
    }

    fn marks(&self, found: &[Found]) -> Marks {
        Marks { chosen: self.chosen_of(found), starter: self.starter_of(found) }
    }

    fn view_of(&self, found: &Found, free: u64, marks: &Marks) -> ModelView {
        let hashes = self.inner.shelf.hashes();
        let fault = self.fault(found);
        let unknown = (ModelUse::Chat, String::new(), String::new(), 0, 0, None);
        let (purpose, architecture, quantisation, context, parameters, licence) = match &found.kind {
            Err(_) => unknown,
            Ok(Kind::Chat(it)) => {
                let (architecture, quantisation) = (it.architecture.clone(), it.quantisation.clone());
                (ModelUse::Chat, architecture, quantisation, it.context, it.parameters, it.licence.clone())
            }
            Ok(kind @ (Kind::Embedding(it) | Kind::Reranker(it))) => {
                let (architecture, quantisation) = (it.architecture.clone(), it.quantisation.clone());
                let purpose = match kind {
                    Kind::Reranker(_) => ModelUse::Reranking,
                    Kind::Embedding(_) | Kind::Chat(_) => ModelUse::Embedding,
                };
                (purpose, architecture, quantisation, it.context, it.parameters, None)
            }
        };
        let need = found.need(self.context(context));
        let held = self.inner.supervisor.board().held();
        let fits = held.fits(&found.id, need, free, self.inner.config.headroom);
        ModelView {
            id: found.id.clone(),
            name: found.name(),
            purpose,
            file: found.path.display().to_string(),
            bytes: found.bytes,
            sha256: hashes.known(&found.weights).unwrap_or_default(),
            architecture,
            quantisation,
            context,
            parameters,
            licence,
            memory: need.total(),
            fits,
            starter: marks.starter.as_deref() == Some(found.id.as_str()),
            chosen: marks.chosen.as_deref() == Some(found.id.as_str()),
            tokens_per_second: self.inner.speeds.of(&found.id),
            expected_per_second: match found.kind {
                Ok(Kind::Chat(_)) => self.inner.speeds.expected(super::measure::reads(found)),
                Ok(Kind::Embedding(_) | Kind::Reranker(_)) | Err(_) => None,
            },
            fault: fault.map(|error| error.fault()),
        }
    }
}
