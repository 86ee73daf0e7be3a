//! Which requests the engine answers: an OpenAI-compatible server on loopback.

mod anthropic;
mod chat;
mod completions;
mod draw;
mod embeddings;
mod form;
#[cfg(test)]
mod forms;
mod guard;
mod llama;
mod messages;
mod parameters;
mod problem;
mod prompts;
mod reply;
mod rerank;
mod responses;
mod status;
mod stream;
mod tokens;

pub use problem::Problem;

use crate::{
    encoder::{Embedder, Reranker},
    error::EngineError,
    models::{Chat, Loading, Models},
};
use axum::{
    Router,
    body::Bytes,
    extract::DefaultBodyLimit,
    http::{StatusCode, Uri},
    middleware,
    routing::{delete, get, post},
};
use serde::de::DeserializeOwned;
use std::{net::SocketAddr, sync::Arc};

/// The largest body of a request.
pub const MAX_BODY: usize = 16 << 20;

/// What every handler knows.
pub struct Server {
    /// The models.
    pub loading: Arc<Loading>,
    /// The bearer token that every request but /health must carry.
    pub token: String,
    /// Where the server listens.
    pub address: SocketAddr,
}

/// Shared by all handlers.
type Shared = axum::extract::State<Arc<Server>>;

impl Server {
    fn models(&self) -> Result<&Models, Problem> {
        match self.loading.loaded() {
            None => Err(Problem::from(&EngineError::Loading)),
            Some(Ok(models)) => Ok(models),
            Some(Err(error)) => Err(Problem::from(error).with_status(StatusCode::SERVICE_UNAVAILABLE)),
        }
    }
    fn chat(&self) -> Result<&Chat, Problem> {
        Ok(self.models()?.chat.as_ref().ok_or(EngineError::NoModel("chat"))?)
    }
    fn embedder(&self) -> Result<&Embedder, Problem> {
        let models = self.models()?;
        match (&models.embedder, &models.without_embedder) {
            (Some(embedder), _) => Ok(embedder),
            (None, Some(error)) => Err(Problem::from(error).with_status(StatusCode::SERVICE_UNAVAILABLE)),
            (None, None) => Err(EngineError::NoModel("embedding").into()),
        }
    }
    fn reranker(&self) -> Result<&Reranker, Problem> {
        let models = self.models()?;
        match (&models.reranker, &models.without_reranker) {
            (Some(reranker), _) => Ok(reranker),
            (None, Some(error)) => Err(Problem::from(error).with_status(StatusCode::SERVICE_UNAVAILABLE)),
            (None, None) => Err(EngineError::NoModel("reranker").into()),
        }
    }
}

/// Refuses a request that names another model than the one that is served: another one's answer would
/// pass for the named one's. A name with the file's ending means the same; none, or an empty one, means
/// whatever is served.
fn named(model: Option<&str>, serves: &str) -> Result<(), EngineError> {
    let asked = model.unwrap_or_default();
    let stem = asked.strip_suffix(".gguf").unwrap_or(asked);
    if asked.is_empty() || stem == serves {
        return Ok(());
    }
    // A name may be as long as the body; in the answer its beginning will do.
    let asked = asked.chars().take(200).collect();
    Err(EngineError::UnknownModel { asked, serves: serves.to_owned() })
}

/// The routes, behind the guards.
pub fn router(server: Arc<Server>) -> Router {
    let openai = Router::new()
        .route("/models", get(status::models))
        .route("/models/{id}", get(status::model))
        .route("/chat/completions", post(chat::completions))
        .route("/chat/completions/input_tokens", post(chat::input_tokens))
        .route("/responses", post(responses::respond))
        .route("/responses/input_tokens", post(responses::count))
        .route("/rerank", post(rerank::rerank))
        .route("/reranking", post(rerank::rerank))
        .route("/health", get(status::health));
    Router::new()
        // llama-server answers these with and without a version.
        .merge(openai.clone())
        .nest("/v1", openai)
        .route("/v1/completions", post(completions::completions))
        .route("/v1/responses/{id}", get(responses::earlier).delete(responses::earlier))
        .route("/v1/messages", post(anthropic::messages))
        .route("/v1/messages/count_tokens", post(anthropic::count_tokens))
        .route("/v1/embeddings", post(embeddings::embeddings))
        .route("/completion", post(llama::completion))
        .route("/completions", post(llama::completion))
        .route("/embedding", post(embeddings::own))
        .route("/embeddings", post(embeddings::own))
        .route("/tokenize", post(tokens::tokenize))
        .route("/detokenize", post(tokens::detokenize))
        .route("/apply-template", post(tokens::apply_template))
        .route("/lora-adapters", get(async || axum::Json(serde_json::Value::Array(Vec::new()))))
        .route("/v1/cache", delete(status::forget))
        .route("/props", get(status::props))
        .route("/slots", get(status::slots))
        .route("/metrics", get(status::metrics))
        .fallback(async |uri: Uri| {
            anthropic::spoken(&uri, Problem::new(StatusCode::NOT_FOUND, "not_found", "there is no such path"))
        })
        .method_not_allowed_fallback(async |uri: Uri| {
            let message = "this path takes another method";
            anthropic::spoken(&uri, Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message))
        })
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(middleware::from_fn_with_state(server.clone(), guard::check))
        .with_state(server)
}

/// A request's body as JSON, with errors in the form that clients expect.
fn parse<T: DeserializeOwned>(body: Result<Bytes, axum::extract::rejection::BytesRejection>) -> Result<T, Problem> {
    let body = body.map_err(|rejection| {
        let status = rejection.status();
        let code = if status == StatusCode::PAYLOAD_TOO_LARGE { "body_too_large" } else { "invalid_body" };
        Problem::new(status, code, rejection.body_text())
    })?;
    serde_json::from_slice(&body)
        .map_err(|e| Problem::new(StatusCode::BAD_REQUEST, "invalid_json", format!("the body cannot be read: {e}")))
}
