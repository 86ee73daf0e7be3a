//! Whether the engine is ready, what it has loaded, and what it has done.

use super::{Problem, Shared};
use crate::error::EngineError;
use axum::{
    Json,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use std::{fmt::Write, sync::atomic::Ordering};

/// `GET /health`: 200 when ready, 503 while loading, 500 when loading has failed. A chat model is ready
/// without the sentence encoder beside it; why that one is missing is told.
pub(super) async fn health(server: Shared) -> Response {
    match server.loading.loaded() {
        None => {
            let (done, total) = server.loading.progress();
            let body = json!({"status": "loading", "done": done, "total": total});
            (StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response()
        }
        Some(Ok(models)) => {
            let mut body = json!({"status": "ok"});
            if let Some(error) = &models.without_embedder {
                body["embedding"] = json!({"status": "failed", "error": form(error)});
            }
            if let Some(error) = &models.without_reranker {
                body["reranker"] = json!({"status": "failed", "error": form(error)});
            }
            Json(body).into_response()
        }
        Some(Err(error)) => {
            let error = form(error);
            (StatusCode::INTERNAL_SERVER_ERROR, Json(json!({"status": "failed", "error": error}))).into_response()
        }
    }
}

fn form(error: &EngineError) -> Value {
    json!({"code": error.code(), "message": error.to_string(), "hint": error.hint()})
}

/// `GET /v1/models`.
pub(super) async fn models(server: Shared) -> Result<Json<Value>, Problem> {
    let models = server.models()?;
    let entry =
        |id: &str, meta: Value| json!({"id": id, "object": "model", "created": 0, "owned_by": "atelier", "meta": meta});
    let chat = models.chat.as_ref().map(|chat| {
        let meta = json!({
            "kind": "chat",
            "architecture": chat.shape.architecture,
            "n_ctx": chat.context,
            "n_ctx_train": chat.shape.context,
            "n_vocab": chat.shape.vocab,
            "n_embd": chat.shape.width,
            "n_params": chat.parameters,
            "size": chat.bytes,
            "chat_template": chat.template.is_some(),
            "tools": chat.template.as_ref().is_some_and(|t| t.tools()),
        });
        entry(&chat.id, meta)
    });
    let embedder = models.embedder.as_ref().map(|embedder| {
        let meta = json!({
            "kind": "embedding",
            "architecture": embedder.kind,
            "n_ctx": embedder.longest,
            "n_embd": embedder.width,
            "size": embedder.bytes,
            "dimensions": embedder.cuts,
            "prompts": embedder.prompts.names().collect::<Vec<_>>(),
        });
        entry(&embedder.id, meta)
    });
    let reranker = models.reranker.as_ref().map(|reranker| {
        let meta = json!({
            "kind": "reranker",
            "architecture": reranker.kind,
            "n_ctx": reranker.longest,
            "size": reranker.bytes,
        });
        entry(&reranker.id, meta)
    });
    let data: Vec<Value> = [chat, embedder, reranker].into_iter().flatten().collect();
    Ok(Json(json!({"object": "list", "data": data})))
}

/// `GET /metrics`, in Prometheus' text form.
pub(super) async fn metrics(server: Shared) -> Result<Response, Problem> {
    let mut text = String::new();
    let models = server.models()?;
    let mut lines = Vec::new();
    if let Some(chat) = &models.chat {
        let counters = chat.scheduler.counters();
        lines.extend([
            ("atelier_requests_total", "Chat requests begun.", &counters.jobs),
            ("atelier_prompt_tokens_total", "Prompt tokens computed.", &counters.read),
            ("atelier_predicted_tokens_total", "Tokens written.", &counters.written),
        ]);
    }
    if let Some(embedder) = &models.embedder {
        lines.push(("atelier_embedding_tokens_total", "Tokens of texts embedded.", &*embedder.tokens));
    }
    if let Some(reranker) = &models.reranker {
        lines.push(("atelier_rerank_tokens_total", "Tokens of pairs ranked.", &*reranker.tokens));
    }
    for (name, help, counter) in lines {
        let value = counter.load(Ordering::Relaxed);
        // Writing to a String cannot fail.
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} counter\n{name} {value}");
    }
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response())
}
