//! Which model answers?

use models::{ChatModel, ModelError, Models};
use protocol::EngineState;
use std::sync::Arc;

/// Where models come from.
pub(crate) enum ModelSource {
    /// The catalogue.
    Models(Models),
    /// A script, to put a turn into every state.
    #[cfg(test)]
    Script(Arc<dyn ChatModel>),
}

impl ModelSource {
    /// The model that was chosen with [`Models::choose`], or the only one, or the first.
    pub async fn chosen(&self) -> Result<Arc<dyn ChatModel>, ModelError> {
        match self {
            Self::Models(models) => models.chat_model(None).await,
            #[cfg(test)]
            Self::Script(model) => Ok(model.clone()),
        }
    }

    /// Where the engine is: counting a prompt may be what loads the model.
    pub fn engine(&self) -> EngineState {
        match self {
            Self::Models(models) => models.engine_state(),
            #[cfg(test)]
            Self::Script(_) => EngineState::Off,
        }
    }

    /// The model whose file has this SHA-256, or else the one of this name.
    pub async fn same(&self, sha256: &str, name: &str) -> Result<Option<Arc<dyn ChatModel>>, ModelError> {
        match self {
            Self::Models(models) => {
                let known = models.view().models;
                let by_hash = known.iter().find(|model| !sha256.is_empty() && model.sha256 == sha256);
                match by_hash.or_else(|| known.iter().find(|model| model.name == name)) {
                    Some(model) => models.chat_model(Some(&model.id)).await.map(Some),
                    None => Ok(None),
                }
            }
            #[cfg(test)]
            Self::Script(model) => Ok(Some(model.clone())),
        }
    }
}
