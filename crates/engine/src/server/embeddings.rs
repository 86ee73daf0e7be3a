//! Vectors of texts: `POST /v1/embeddings`.

use super::{Problem, Shared, named, parse};
use axum::{Json, body::Bytes, extract::rejection::BytesRejection};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde::Deserialize;
use serde_json::{Value, json};

/// Texts in one request.
const MAX_TEXTS: usize = 2048;

#[derive(Deserialize)]
struct Request {
    input: Input,
    model: Option<String>,
    #[serde(default)]
    encoding_format: Format,
    dimensions: Option<usize>,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "a text or a list of texts")]
enum Input {
    One(String),
    Many(Vec<String>),
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Format {
    #[default]
    Float,
    Base64,
}

pub(super) async fn embeddings(server: Shared, body: Result<Bytes, BytesRejection>) -> Result<Json<Value>, Problem> {
    let request: Request = parse(body)?;
    let embedder = server.embedder()?;
    named(request.model.as_deref(), &embedder.id)?;
    let texts = match request.input {
        Input::One(text) => vec![text],
        Input::Many(texts) => texts,
    };
    if texts.is_empty() || texts.len() > MAX_TEXTS {
        return Err(Problem::invalid("input", format!("between 1 and {MAX_TEXTS} texts are taken at once")));
    }
    if request.dimensions.is_some_and(|n| n != embedder.width) {
        return Err(Problem::invalid("dimensions", format!("this model has {} dimensions", embedder.width)));
    }
    let embedded = embedder.embed(texts).await?;
    let tokens: usize = embedded.iter().map(|e| e.tokens).sum();
    let data: Vec<Value> = embedded
        .iter()
        .enumerate()
        .map(|(index, e)| {
            let vector = match request.encoding_format {
                Format::Float => json!(e.vector),
                Format::Base64 => {
                    let bytes: Vec<u8> = e.vector.iter().flat_map(|x| x.to_le_bytes()).collect();
                    json!(BASE64_STANDARD.encode(bytes))
                }
            };
            json!({"object": "embedding", "index": index, "embedding": vector})
        })
        .collect();
    let usage = json!({"prompt_tokens": tokens, "total_tokens": tokens});
    Ok(Json(json!({"object": "list", "data": data, "model": embedder.id, "usage": usage})))
}
