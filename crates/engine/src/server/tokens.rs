//! Tokens of a text and texts of tokens, as llama-server answers them.

use super::{Problem, Shared, messages, parse};
use crate::{error::EngineError, tokenizer::Special};
use axum::{Json, body::Bytes, extract::rejection::BytesRejection};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct Tokenize {
    content: String,
    #[serde(default)]
    add_special: bool,
    #[serde(default = "yes")]
    parse_special: bool,
    #[serde(default)]
    with_pieces: bool,
}

fn yes() -> bool {
    true
}

/// `POST /tokenize`.
pub(super) async fn tokenize(server: Shared, body: Result<Bytes, BytesRejection>) -> Result<Json<Value>, Problem> {
    let request: Tokenize = parse(body)?;
    let tokenizer = server.chat()?.tokenizer.clone();
    blocking(move || {
        let special = if request.parse_special { Special::Parse } else { Special::Plain };
        let ids = tokenizer.encode(&[(&request.content, special)], request.add_special)?;
        let piece = |id: &u32| json!({"id": id, "piece": tokenizer.decode(&[*id], true)});
        let tokens = if request.with_pieces { ids.iter().map(piece).collect() } else { json!(ids) };
        Ok(Json(json!({"tokens": tokens})))
    })
    .await
}

#[derive(Deserialize)]
struct Detokenize {
    tokens: Vec<u32>,
}

/// `POST /detokenize`.
pub(super) async fn detokenize(server: Shared, body: Result<Bytes, BytesRejection>) -> Result<Json<Value>, Problem> {
    let request: Detokenize = parse(body)?;
    let chat = server.chat()?;
    Ok(Json(json!({"content": chat.tokenizer.decode(&request.tokens, true)})))
}

/// `POST /apply-template`: the prompt, and how many tokens it has.
pub(super) async fn apply_template(
    server: Shared,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Value>, Problem> {
    let request: messages::Chat = parse(body)?;
    let chat = server.chat()?;
    let (template, tokenizer) = (chat.template.clone(), chat.tokenizer.clone());
    blocking(move || {
        let prompt = request.prompt(template.as_deref())?;
        let tokens = tokenizer.encode(&prompt.parts(), true)?.len();
        Ok(Json(json!({"prompt": prompt.text(), "tokens": tokens})))
    })
    .await
}

/// Runs what takes more than a moment off the threads that answer requests.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => Err(EngineError::Compute(error.to_string()).into()),
    }
}
