//! Tokens of a text and texts of tokens, as llama-server answers them.

use super::{
    Problem, Shared, messages, parse,
    prompts::{Part, mixed},
};
use crate::{error::EngineError, tokenizer::Special};
use axum::{Json, body::Bytes, extract::rejection::BytesRejection};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct Tokenize {
    content: Content,
    #[serde(default)]
    add_special: bool,
    #[serde(default = "yes")]
    parse_special: bool,
    #[serde(default)]
    with_pieces: bool,
}

/// A text, or texts and tokens in one list.
#[derive(Deserialize)]
#[serde(untagged, expecting = "a text or a list of texts and tokens")]
enum Content {
    Text(String),
    Mixed(Vec<Part>),
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
        let ids = match &request.content {
            Content::Text(text) => tokenizer.encode(&[(text, special)], request.add_special)?,
            Content::Mixed(parts) => mixed(parts, &tokenizer, special, request.add_special)?,
        };
        known(&ids, tokenizer.len())?;
        // A token that is half a character has no text of its own: its bytes are told.
        let piece = |id: &u32| match std::str::from_utf8(tokenizer.bytes(*id)) {
            Ok(text) => json!({"id": id, "piece": text}),
            Err(_) => json!({"id": id, "piece": tokenizer.bytes(*id)}),
        };
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
    known(&request.tokens, chat.tokenizer.len())?;
    Ok(Json(json!({"content": chat.tokenizer.decode(&request.tokens, true)})))
}

/// A number without a token would be left out silently.
fn known(tokens: &[u32], count: usize) -> Result<(), Problem> {
    match tokens.iter().find(|token| **token as usize >= count) {
        Some(token) => Err(Problem::invalid("tokens", format!("there is no token {token}: this model has {count}"))),
        None => Ok(()),
    }
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
