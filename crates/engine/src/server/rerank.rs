//! Documents in the order of how well they answer: `POST /v1/rerank`, in the form of Jina and Cohere, or in that of Text Embeddings
//! Inference.
//!
//! `relevance_score` lies between 0 and 1 (the sigmoid of the model's logit); with `raw_scores` it is the
//! logit itself, which is what llama-server gives.

use super::{Problem, Shared, named, parse};
use axum::{Json, body::Bytes, extract::rejection::BytesRejection};
use serde::Deserialize;
use serde_json::{Value, json};

/// Documents in one request.
const MAX_DOCUMENTS: usize = 2048;

#[derive(Deserialize)]
struct Request {
    model: Option<String>,
    query: String,
    documents: Option<Vec<Document>>,
    /// The documents in the form of Text Embeddings Inference, which asks for the bare list of scores.
    texts: Option<Vec<Document>>,
    top_n: Option<usize>,
    return_documents: Option<bool>,
    raw_scores: Option<bool>,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "a text or {\"text\": a text}")]
enum Document {
    Plain(String),
    Text { text: String },
}

pub(super) async fn rerank(server: Shared, body: Result<Bytes, BytesRejection>) -> Result<Json<Value>, Problem> {
    let request: Request = parse(body)?;
    let reranker = server.reranker()?;
    named(request.model.as_deref(), &reranker.id)?;
    let bare = request.documents.is_none() && request.texts.is_some();
    let asked = request.documents.or(request.texts).unwrap_or_default();
    if asked.is_empty() || asked.len() > MAX_DOCUMENTS {
        let message = format!("between 1 and {MAX_DOCUMENTS} documents are taken at once");
        return Err(Problem::invalid("documents", message));
    }
    if request.query.trim().is_empty() {
        return Err(Problem::invalid("query", "a query says something"));
    }
    if request.top_n == Some(0) {
        return Err(Problem::invalid("top_n", "at least one result is given"));
    }
    let documents: Vec<String> = asked
        .into_iter()
        .map(|document| match document {
            Document::Plain(text) | Document::Text { text } => text,
        })
        .collect();
    let name = if bare { "score" } else { "relevance_score" };
    let kept = (request.return_documents == Some(true)).then(|| documents.clone());
    let scores = reranker.rank(request.query, documents).await?;
    let tokens: usize = scores.iter().map(|score| score.tokens).sum();
    let mut order: Vec<usize> = (0..scores.len()).collect();
    // The sort is stable: documents that answer equally well stay in the order they were sent in.
    order.sort_by(|a, b| scores[*b].logit.total_cmp(&scores[*a].logit));
    order.truncate(request.top_n.unwrap_or(usize::MAX));
    let results: Vec<Value> = order
        .into_iter()
        .map(|index| {
            let score = scores[index];
            let value = if request.raw_scores == Some(true) { f64::from(score.logit) } else { score.relevance() };
            let mut result = json!({"index": index, name: value});
            if let Some(text) = kept.as_ref().and_then(|kept| kept.get(index)) {
                result["document"] = json!({"text": text});
            }
            result
        })
        .collect();
    if bare {
        return Ok(Json(Value::Array(results)));
    }
    let usage = json!({"prompt_tokens": tokens, "total_tokens": tokens});
    Ok(Json(json!({"object": "list", "model": reranker.id, "results": results, "usage": usage})))
}
