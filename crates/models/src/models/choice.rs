//! Which model answers when none is named, and which one embeds? What the engine does not run is
//! never taken by itself.

use super::{Models, ModelsEvent, blocking};
use crate::{
    ModelError,
    endpoint::PREFIX,
    files::{Encoder, Found, Kind, STARTER, STARTER_EMBEDDING},
};
use std::sync::{PoisonError, atomic::Ordering};

impl Models {
    /// Uses this model for answers when none is named: a model's id or `endpoint:NAME`. `None`: the
    /// first that the engine runs and that is not the starter model, else that one. A model that cannot
    /// be used now is told, and is the chosen one all the same: no other answers in its place.
    pub async fn choose(&self, id: Option<String>) -> Result<(), ModelError> {
        let usable = match &id {
            Some(id) => self.usable(id).await,
            None => Ok(()),
        };
        *self.inner.chosen.lock().unwrap_or_else(PoisonError::into_inner) = id;
        self.inner.supervisor.forgive().await;
        self.changed();
        usable
    }

    /// Whether this model is there and nothing is known to be in its way.
    pub async fn usable(&self, id: &str) -> Result<(), ModelError> {
        match id.strip_prefix(PREFIX) {
            Some(name) => self.endpoint(name).map(drop),
            // What the engine has not said yet it says when the model is used: a start of Atelier does
            // not wait for it.
            None => self.fault(&self.find(id).await?).map_or(Ok(()), Err),
        }
    }

    fn chosen(&self) -> Option<String> {
        self.inner.chosen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The chosen one of these, or the one that answers by itself. One that the engine was not yet
    /// asked about comes after those that it runs.
    pub(super) fn chosen_of(&self, found: &[Found]) -> Option<String> {
        if let Some(chosen) = self.chosen() {
            return Some(chosen);
        }
        let usable =
            found.iter().filter(|found| matches!(found.kind, Ok(Kind::Chat(_))) && self.fault(found).is_none());
        usable.min_by_key(|found| (found.told.is_none(), self.is_starter(found))).map(|found| found.id.clone())
    }

    /// What is in the way of using it, as far as is known.
    pub(super) fn fault(&self, found: &Found) -> Option<ModelError> {
        found.fault().cloned().or_else(|| self.inner.shelf.hashes().fault(&found.weights))
    }

    /// Whether it holds what the chat model that comes with Atelier holds: its name says so only until
    /// its hash is known.
    fn is_starter(&self, found: &Found) -> bool {
        self.inner.shelf.hashes().is_starter(&found.weights).unwrap_or(found.id == STARTER)
    }

    /// The one of these that bears the starter's mark: of two that are the same, the one under its name.
    pub(super) fn starter_of(&self, found: &[Found]) -> Option<String> {
        let all = found.iter().filter(|found| self.is_starter(found));
        all.min_by_key(|found| found.id != STARTER).map(|found| found.id.clone())
    }

    /// The model that answers now: the one that was chosen, or none; where none was, the one that
    /// answers by itself, after asking the engine about all that are new.
    pub(super) async fn pick(&self) -> Result<String, ModelError> {
        if let Some(chosen) = self.chosen() {
            let there = match chosen.strip_prefix(PREFIX) {
                Some(name) => self.endpoint(name).map(drop),
                None => self.find(&chosen).await.map(drop),
            };
            return match there {
                Ok(()) => Ok(chosen),
                Err(ModelError::NotFound { id }) => Err(ModelError::ChosenGone { id }),
                Err(error) => Err(error),
            };
        }
        let shelf = self.inner.shelf.clone();
        let mut found = blocking(move || Ok(shelf.scan())).await?;
        for one in &mut found {
            *one = self.tell(one.clone()).await;
        }
        let mut last = None;
        for _ in 0..found.len() {
            let chosen = self.chosen_of(&found);
            let Some(one) = found.iter().find(|found| chosen.as_ref() == Some(&found.id)) else { break };
            // Only reading all of it shows whether it is the file that it should be.
            match self.checked(one).await {
                Ok(_) => {
                    self.tell_passed_over(&found, one);
                    return Ok(one.id.clone());
                }
                // What is wrong with it is known from now on: the next one is looked at.
                Err(error) => last = Some(error),
            }
        }
        // A file with a fault is a better answer than that there is none.
        let any = || found.iter().find_map(|found| self.fault(found));
        Err(last.or_else(any).unwrap_or(ModelError::NoModel))
    }

    /// Tells of each model that would have answered before this one, were it sound: once, since it lies
    /// there until somebody does something about it.
    fn tell_passed_over(&self, found: &[Found], answers: &Found) {
        for passed in found.iter().filter(|passed| passed.id != STARTER && !passed.path.is_dir()) {
            let before = self.is_starter(answers) || passed.id < answers.id;
            let Some(fault) = self.fault(passed).filter(|_| before) else { continue };
            let mut told = self.inner.passed_over.lock().unwrap_or_else(PoisonError::into_inner);
            if told.insert(passed.id.clone()) {
                let error = ModelError::PassedOver {
                    passed: passed.id.clone(),
                    reason: fault.to_string(),
                    model: answers.name(),
                };
                // Nobody listening is fine: the fault stands with the model.
                let _ = self.inner.events.send(ModelsEvent::Trouble(Box::new(error.fault())));
            }
        }
    }

    /// The model with what the engine says of it, asked now if it was not asked before.
    pub(super) async fn tell(&self, mut found: Found) -> Found {
        if found.is_untold() {
            found.told = self.inner.inspector.ask(&found).await;
            if let Some(told) = &found.told {
                self.inner.shelf.keep(&found, told.clone());
            }
        }
        found
    }

    /// Asks the engine about all files that are new, beside everything else.
    pub(super) fn tell_new(&self) {
        if self.inner.closing.is_cancelled() || self.inner.asking.swap(true, Ordering::AcqRel) {
            return;
        }
        let models = self.clone();
        self.inner.tasks.spawn(async move {
            let closing = models.inner.closing.clone();
            let asked = async {
                let shelf = models.inner.shelf.clone();
                let found = blocking(move || Ok(shelf.scan())).await.unwrap_or_default();
                for found in found.into_iter().filter(Found::is_untold) {
                    if models.tell(found).await.told.is_some() {
                        models.changed();
                    }
                }
            };
            tokio::select! { () = closing.cancelled() => {}, () = asked => {} }
            models.inner.asking.store(false, Ordering::Release);
        });
    }

    /// The embedding model in use: the one that comes with Atelier where it is there, so that adding
    /// another changes no index unasked; else the first.
    pub(super) fn embedding(&self) -> Option<(Found, Encoder)> {
        let encoders = self.inner.shelf.scan().into_iter().filter_map(|found| match &found.kind {
            Ok(Kind::Embedding(encoder)) => {
                let encoder = encoder.clone();
                Some((found, encoder))
            }
            Ok(Kind::Chat(_) | Kind::Reranker(_)) | Err(_) => None,
        });
        encoders.min_by_key(|(found, _)| found.id != STARTER_EMBEDDING)
    }

    /// The reranker in use: the first.
    pub(super) fn ranking(&self) -> Option<Found> {
        self.inner.shelf.scan().into_iter().find(|found| matches!(found.kind, Ok(Kind::Reranker(_))))
    }

    /// The SHA-256 of a model's weights, which must be the right one.
    pub(super) async fn checked(&self, found: &Found) -> Result<String, ModelError> {
        let (shelf, weights) = (self.inner.shelf.clone(), found.weights.clone());
        blocking(move || shelf.hashes().check(&weights, false)).await
    }
}
