//! Models of this machine: the same client, with the supervised engine as its server.

use crate::{
    ChatModel, Delta, Embedder, ModelCard, ModelError, Prompt, Reranker, client,
    engine::{Lease, Load, Outfit, Supervisor},
    files::Shelf,
    speed::Speeds,
};
use async_trait::async_trait;
use egress::{EgressError, Errand, Gate};
use futures::stream::{BoxStream, StreamExt};
use protocol::EngineState;
use std::{sync::Arc, time::Instant};
use tokio_util::sync::CancellationToken;

/// Texts per embedding request: enough to keep the engine busy, few enough that another model
/// does not wait long for its turn.
const BATCH: usize = 32;

/// What both kinds of local model need.
#[derive(Clone)]
pub(crate) struct Here {
    pub(crate) gate: Gate,
    pub(crate) supervisor: Arc<Supervisor>,
    pub(crate) shelf: Arc<Shelf>,
    pub(crate) speeds: Arc<Speeds>,
    /// What the engine is to hold.
    pub(crate) outfit: Outfit,
}

impl Here {
    /// The engine with the models loaded; their files are checked first, which takes time only
    /// if they have changed since they were last checked. An embedding model beside a chat model
    /// that is not as it should be is left out: chats go on without it.
    async fn lease(&self) -> Result<Lease, ModelError> {
        let (shelf, mut outfit) = (self.shelf.clone(), self.outfit.clone());
        let checked = tokio::task::spawn_blocking(move || {
            let check = |load: &Load| shelf.hashes().check(&load.weights, false).map(drop);
            outfit.chat.as_ref().map(check).transpose()?;
            match outfit.embedding.as_ref().map(check).transpose() {
                Err(error) if outfit.chat.is_some() => {
                    tracing::warn!(%error, "the chat model runs without the embedding model");
                    outfit.embedding = None;
                }
                checked => drop(checked?),
            }
            match outfit.reranker.as_ref().map(check).transpose() {
                Err(error) if outfit.chat.is_some() || outfit.embedding.is_some() => {
                    tracing::warn!(%error, "the other models run without the reranker");
                    outfit.reranker = None;
                }
                checked => drop(checked?),
            }
            Ok::<_, ModelError>(outfit)
        });
        let outfit = checked.await.map_err(|_| ModelError::Closed)??;
        self.supervisor.lease(outfit).await
    }
}

/// Whether the connection broke, so that a crash may be behind it.
fn broke(error: &ModelError) -> bool {
    matches!(
        error,
        ModelError::BrokeOff { .. }
            | ModelError::Egress(
                EgressError::Broken { .. }
                    | EgressError::Unreachable { .. }
                    | EgressError::Refused { .. }
                    | EgressError::Cut { .. }
            )
    )
}

/// A chat model of this machine.
pub(crate) struct LocalChat {
    pub(crate) card: ModelCard,
    pub(crate) here: Here,
    /// Bytes that writing a token reads.
    pub(crate) reads: u64,
}

#[async_trait]
impl ChatModel for LocalChat {
    fn card(&self) -> &ModelCard {
        &self.card
    }

    async fn chat(
        &self,
        prompt: Prompt,
        stop: CancellationToken,
    ) -> Result<BoxStream<'static, Result<Delta, ModelError>>, ModelError> {
        let (here, id, asked) = (self.here.clone(), self.card.id.clone(), Instant::now());
        let reads = self.reads;
        let stream = async_stream::stream! {
            let mut states = here.supervisor.board().watch();
            let mut leased = Box::pin(here.lease());
            let lease = loop {
                let state = states.borrow_and_update().clone();
                if let EngineState::Loading { done, total, .. } = state {
                    yield Ok(Delta::Loading { done, total });
                }
                tokio::select! {
                    biased;
                    () = stop.cancelled() => { yield Ok(client::cancelled()); return; }
                    lease = &mut leased => break lease,
                    changed = states.changed() => if changed.is_err() {
                        yield Err(ModelError::Closed);
                        return;
                    },
                }
            };
            drop(leased);
            let mut lease = match lease {
                Ok(lease) => lease,
                Err(error) => { yield Err(error); return; }
            };
            let answer = lease.server.clone().chat(here.gate.clone(), prompt, asked, stop);
            let mut answer = std::pin::pin!(answer);
            while let Some(delta) = answer.next().await {
                match delta {
                    Err(error @ ModelError::Egress(EgressError::Silent { .. })) => {
                        here.supervisor.hangs(&lease).await;
                        yield Err(lease.explain(error).await);
                        return;
                    }
                    Err(error) if broke(&error) => { yield Err(lease.explain(error).await); return; }
                    Ok(Delta::Done { tokens_per_second, .. }) => {
                        here.supervisor.answered().await;
                        if let Some(speed) = tokens_per_second {
                            here.speeds.measured(&id, speed, reads);
                            here.supervisor.board().speed(speed);
                        }
                        yield delta;
                    }
                    other => yield other,
                }
            }
        };
        Ok(stream.boxed())
    }

    async fn count_tokens(&self, prompt: &Prompt) -> Result<u32, ModelError> {
        let mut lease = self.here.lease().await?;
        match lease.server.count(&self.here.gate, prompt).await {
            Err(error) if broke(&error) => Err(lease.explain(error).await),
            counted => counted,
        }
    }
}

/// A reranker of this machine.
pub(crate) struct LocalReranker {
    pub(crate) id: String,
    pub(crate) here: Here,
}

#[async_trait]
impl Reranker for LocalReranker {
    fn id(&self) -> &str {
        &self.id
    }

    async fn rank(&self, query: &str, texts: &[String]) -> Result<Vec<f32>, ModelError> {
        let errand = Errand::atelier("orders passages on this machine");
        let mut lease = self.here.lease().await?;
        lease.server.model.clone_from(&self.id);
        match lease.server.rank(&self.here.gate, &errand, query, texts).await {
            Err(error) if broke(&error) => Err(lease.explain(error).await),
            ranked => ranked,
        }
    }
}

/// An embedding model of this machine.
pub(crate) struct LocalEmbedder {
    pub(crate) id: String,
    pub(crate) model: String,
    pub(crate) dims: usize,
    pub(crate) here: Here,
}

#[async_trait]
impl Embedder for LocalEmbedder {
    fn id(&self) -> &str {
        &self.id
    }

    fn dims(&self) -> usize {
        self.dims
    }

    async fn embed(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, ModelError> {
        self.vectors(&texts, "document").await
    }

    async fn embed_query(&self, text: String) -> Result<Vec<f32>, ModelError> {
        let server = "atelier-engine".to_owned();
        let none = ModelError::Protocol { server, reason: "it sent no vector".to_owned() };
        self.vectors(&[text], "query").await?.pop().ok_or(none)
    }
}

impl LocalEmbedder {
    async fn vectors(&self, texts: &[String], kind: &'static str) -> Result<Vec<Vec<f32>>, ModelError> {
        let errand = Errand::atelier("turns texts into vectors on this machine");
        let mut vectors = Vec::with_capacity(texts.len());
        for batch in texts.chunks(BATCH) {
            let mut lease = self.here.lease().await?;
            lease.server.model.clone_from(&self.model);
            match lease.server.embed(&self.here.gate, &errand, batch, kind).await {
                Ok(batch) => vectors.extend(batch),
                Err(error) if broke(&error) => return Err(lease.explain(error).await),
                Err(error) => return Err(error),
            }
        }
        if let Some(wrong) = vectors.iter().find(|vector| vector.len() != self.dims) {
            let reason = format!("its vectors have {} values, not {}", wrong.len(), self.dims);
            return Err(ModelError::Protocol { server: "atelier-engine".to_owned(), reason });
        }
        Ok(vectors)
    }
}
