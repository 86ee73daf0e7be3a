//! Whether the engine is ready, what it has loaded, and what it has done.

use super::{Problem, Shared, llama};
use crate::{error::EngineError, models::Models};
use axum::{
    Json,
    extract::{Path, RawQuery},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use std::{
    fmt::Write,
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
};

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
    Ok(Json(json!({"object": "list", "data": entries(server.models()?), "has_more": false})))
}

/// `GET /v1/models/ID`.
pub(super) async fn model(server: Shared, Path(id): Path<String>) -> Result<Json<Value>, Problem> {
    let mut entries = entries(server.models()?);
    let at = entries.iter().position(|entry| entry["id"] == id.as_str());
    let served = || entries.iter().filter_map(|entry| entry["id"].as_str()).collect::<Vec<_>>().join(", ");
    let at = at.ok_or_else(|| EngineError::UnknownModel { asked: id.chars().take(200).collect(), serves: served() })?;
    Ok(Json(entries.swap_remove(at)))
}

/// What is served, each in OpenAI's form and in Anthropic's at once.
fn entries(models: &Models) -> Vec<Value> {
    let entry = |id: &str, longest: usize, meta: Value| {
        let mut entry = json!({"id": id, "object": "model", "created": 0, "owned_by": "atelier", "meta": meta});
        entry["type"] = "model".into();
        entry["display_name"] = id.into();
        entry["created_at"] = "1970-01-01T00:00:00Z".into();
        // Tokens that go in, and that come out where there is nothing else.
        entry["max_input_tokens"] = longest.into();
        entry["max_tokens"] = longest.into();
        entry
    };
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
        entry(&chat.id, chat.context, meta)
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
        entry(&embedder.id, embedder.longest, meta)
    });
    let reranker = models.reranker.as_ref().map(|reranker| {
        let meta = json!({
            "kind": "reranker",
            "architecture": reranker.kind,
            "n_ctx": reranker.longest,
            "size": reranker.bytes,
        });
        entry(&reranker.id, reranker.longest, meta)
    });
    [chat, embedder, reranker].into_iter().flatten().collect()
}

/// `GET /props`: what llama-server's clients look at before they talk. Where the file lies stays here; its name is told.
pub(super) async fn props(server: Shared) -> Result<Json<Value>, Problem> {
    let chat = server.chat()?;
    let template = chat.template.as_ref();
    let params = llama::usual(&chat.id, chat.context)?;
    let tools = template.is_some_and(|template| template.tools());
    // Whether what the model thought in earlier turns has a place in its prompt.
    let thoughts = template.is_some_and(|template| template.source().contains("reasoning_content"));
    Ok(Json(json!({
        "default_generation_settings": {"n_ctx": chat.context, "params": params},
        "total_slots": chat.scheduler.streams(),
        "model_alias": chat.id,
        "model_path": format!("{}.gguf", chat.id),
        "chat_template": template.map(|template| template.source()).unwrap_or_default(),
        "chat_template_caps": {
            "supports_tools": tools,
            "supports_tool_calls": tools,
            "supports_preserve_reasoning": thoughts,
        },
        "modalities": {"vision": false, "audio": false},
        "bos_token": chat.tokenizer.bos_text(),
        "eos_token": chat.tokenizer.eos_text(),
        "build_info": concat!("atelier-engine ", env!("CARGO_PKG_VERSION")),
        "is_sleeping": false,
    })))
}

/// `GET /slots`: answers that can be written at a time, and how many are. They share the memory, so that any of them
/// may have all of the context.
pub(super) async fn slots(server: Shared, RawQuery(query): RawQuery) -> Result<Json<Value>, Problem> {
    let chat = server.chat()?;
    let (all, busy) = (chat.scheduler.streams(), chat.scheduler.counters().streams.load(Ordering::Relaxed));
    let must = query.is_some_and(|query| query.split('&').any(|part| part == "fail_on_no_slot=1"));
    if must && busy >= all {
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "no_slot", "every slot is busy"));
    }
    let slot = |id| json!({"id": id, "n_ctx": chat.context, "speculative": true, "is_processing": id < busy});
    Ok(Json((0..all).map(slot).collect()))
}

/// `DELETE /v1/cache`: forgets every text, in memory and on the disk. Answers under way go on.
pub(super) async fn forget(server: Shared) -> Result<StatusCode, Problem> {
    server.chat()?.scheduler.forget()?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /metrics`, in Prometheus' text form.
pub(super) async fn metrics(server: Shared) -> Result<Response, Problem> {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let mut line = |kind: &str, name: &str, help: &str, value: f64| {
        let _ = writeln!(text, "# HELP atelier_{name} {help}\n# TYPE atelier_{name} {kind}\natelier_{name} {value}");
    };
    let models = server.models()?;
    #[allow(clippy::cast_precision_loss, reason = "Prometheus' numbers are f64")]
    let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed) as f64;
    if let Some(chat) = &models.chat {
        let counters = chat.scheduler.counters();
        let totals = [
            ("requests_total", "Chat requests begun.", &counters.jobs),
            ("prompt_tokens_total", "Prompt tokens computed.", &counters.read),
            ("cached_tokens_total", "Prompt tokens known from texts before.", &counters.cached),
            ("predicted_tokens_total", "Tokens written.", &counters.written),
            ("drafted_tokens_total", "Tokens guessed from the text.", &counters.drafted),
            ("accepted_tokens_total", "Guessed tokens that the model wrote.", &counters.accepted),
        ];
        for (name, help, counter) in totals {
            line("counter", name, help, count(counter));
        }
        for (name, help, counter) in [
            ("reading_seconds_total", "Time of steps that read prompts.", &counters.reading),
            ("writing_seconds_total", "Time of steps that only wrote.", &counters.writing),
        ] {
            line("counter", name, help, count(counter) / 1e6);
        }
        #[allow(clippy::cast_precision_loss, reason = "Prometheus' numbers are f64")]
        let now = |gauge: &AtomicUsize| gauge.load(Ordering::Relaxed) as f64;
        for (name, help, gauge) in [
            ("requests_processing", "Answers under way.", &counters.streams),
            ("requests_waiting", "Requests that wait for their turn.", &counters.waiting),
            ("kept_tokens", "Tokens whose keys and values are kept.", &counters.kept),
        ] {
            line("gauge", name, help, now(gauge));
        }
    }
    if let Some(embedder) = &models.embedder {
        line("counter", "embedding_tokens_total", "Tokens of texts embedded.", count(&embedder.tokens));
    }
    if let Some(reranker) = &models.reranker {
        line("counter", "rerank_tokens_total", "Tokens of pairs ranked.", count(&reranker.tokens));
    }
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response())
}
