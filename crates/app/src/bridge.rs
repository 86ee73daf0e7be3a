//! Where two crates that do not know each other meet: the ledger in the log, the embedder in the
//! library.

use async_trait::async_trait;
use egress::LedgerFn;
use futures::FutureExt;
use models::{Embedder, Reranker};
use protocol::{Actor, Fault, LedgerEntry};
use std::sync::Arc;
use store::{Change, Store};

/// The gate's ledger is a part of the log: written, signed and verified like everything else, and on
/// the disk before the first byte goes out.
pub(crate) fn ledger(store: Store) -> LedgerFn {
    Arc::new(move |entry: LedgerEntry| {
        let store = store.clone();
        async move {
            store.record(&Actor::System, Change::WentOut { entry }).await.map_err(|error| error.to_string())?;
            store.settled().await.map_err(|error| error.to_string())
        }
        .boxed()
    })
}

/// The endpoints with their keys, which the log does not have.
pub(crate) async fn endpoints(store: &Store) -> Result<Vec<models::Endpoint>, Fault> {
    let mut endpoints = Vec::new();
    for store::Endpoint { name, url, model, .. } in store.endpoints().await? {
        let key = store.endpoint_key(&name).await?;
        endpoints.push(models::Endpoint { name, url, model, key, context: None });
    }
    Ok(endpoints)
}

/// When today began: midnight UTC, as the gate counts.
pub(crate) fn today() -> i64 {
    let day = time::Duration::DAY.whole_milliseconds();
    let now = time::OffsetDateTime::now_utc().unix_timestamp_nanos() / 1_000_000;
    i64::try_from(now - now.rem_euclid(day)).unwrap_or(0)
}

/// The library's view of an embedding model.
pub(crate) fn embedder(embedder: Arc<dyn Embedder>) -> Arc<dyn library::Embed> {
    Arc::new(Bridge(embedder))
}

/// The library's view of a reranker.
pub(crate) fn ranker(reranker: Arc<dyn Reranker>) -> Arc<dyn library::Rank> {
    Arc::new(Ranks(reranker))
}

struct Ranks(Arc<dyn Reranker>);

#[async_trait]
impl library::Rank for Ranks {
    async fn rank(&self, query: &str, texts: &[String]) -> Result<Vec<f32>, String> {
        self.0.rank(query, texts).await.map_err(|error| error.to_string())
    }
}

struct Bridge(Arc<dyn Embedder>);

#[async_trait]
impl library::Embed for Bridge {
    fn id(&self) -> &str {
        self.0.id()
    }
    fn dims(&self) -> usize {
        self.0.dims()
    }
    async fn embed(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, String> {
        self.0.embed(texts).await.map_err(|error| error.to_string())
    }
    async fn embed_query(&self, text: String) -> Result<Vec<f32>, String> {
        self.0.embed_query(text).await.map_err(|error| error.to_string())
    }
}
