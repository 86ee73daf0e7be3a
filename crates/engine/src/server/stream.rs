//! The shapes of an answer: whole, and as server-sent events.

use super::Problem;
use crate::{
    answer::Piece,
    scheduler::{Done, Event, Finish, Reading},
};
use axum::response::{
    IntoResponse, Response,
    sse::{self, KeepAlive, Sse},
};
use futures::{StreamExt, stream};
use serde_json::{Value, json};
use std::{
    convert::Infallible,
    time::{SystemTime, UNIX_EPOCH},
};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio_stream::wrappers::UnboundedReceiverStream;

/// An answer that grows.
pub(super) struct Reply {
    id: String,
    model: String,
    created: u64,
    content: String,
    reasoning: String,
    calls: Vec<Value>,
}

impl Reply {
    pub(super) fn new(id: String, model: String) -> Self {
        let created = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
        Self { id, model, created, content: String::new(), reasoning: String::new(), calls: Vec::new() }
    }

    /// Adds a piece and returns it as the delta of a chunk.
    pub(super) fn add(&mut self, piece: &Piece) -> Value {
        match piece {
            Piece::Text(text) => {
                self.content.push_str(text);
                json!({"content": text})
            }
            Piece::Reasoning(text) => {
                self.reasoning.push_str(text);
                json!({"reasoning_content": text})
            }
            Piece::Arguments(text) => {
                if let Some(Value::String(all)) = self.calls.last_mut().map(|call| &mut call["function"]["arguments"]) {
                    all.push_str(text);
                }
                let index = self.calls.len().saturating_sub(1);
                json!({"tool_calls": [{"index": index, "function": {"arguments": text}}]})
            }
            Piece::Call { name, arguments } => {
                let id = format!("call_{}_{}", self.id.trim_start_matches("chatcmpl-"), self.calls.len());
                let function = json!({"name": name, "arguments": arguments});
                let mut call = json!({"id": id, "type": "function", "function": function});
                self.calls.push(call.clone());
                call["index"] = json!(self.calls.len() - 1);
                json!({"tool_calls": [call]})
            }
        }
    }

    fn finish(&self, done: &Done) -> &'static str {
        match done.finish {
            Finish::Stop if !self.calls.is_empty() => "tool_calls",
            Finish::Stop => "stop",
            Finish::Length => "length",
        }
    }

    fn base(&self, object: &str) -> Value {
        json!({
            "id": self.id,
            "object": object,
            "created": self.created,
            "model": self.model,
            "system_fingerprint": concat!("atelier-engine-", env!("CARGO_PKG_VERSION")),
        })
    }

    /// The answer in one piece.
    pub(super) fn whole(self, done: &Done) -> Value {
        let mut body = self.base("chat.completion");
        let finish = self.finish(done);
        let content = if self.content.is_empty() && !self.calls.is_empty() { Value::Null } else { json!(self.content) };
        let mut message = json!({"role": "assistant", "content": content});
        if !self.reasoning.is_empty() {
            message["reasoning_content"] = json!(self.reasoning);
        }
        if !self.calls.is_empty() {
            message["tool_calls"] = json!(self.calls);
        }
        body["choices"] = json!([{"index": 0, "message": message, "logprobs": null, "finish_reason": finish}]);
        body["usage"] = usage(done);
        body["timings"] = timings(done);
        body
    }

    fn chunk(&self, delta: &Value, finish: Option<&str>) -> Value {
        let mut chunk = self.base("chat.completion.chunk");
        chunk["choices"] = json!([{"index": 0, "delta": delta, "logprobs": null, "finish_reason": finish}]);
        chunk
    }
}

fn usage(done: &Done) -> Value {
    json!({
        "prompt_tokens": done.prompt,
        "completion_tokens": done.written,
        "total_tokens": done.prompt + done.written,
        "prompt_tokens_details": {"cached_tokens": done.cached},
    })
}

#[allow(clippy::cast_precision_loss, reason = "counts of tokens are small")]
fn timings(done: &Done) -> Value {
    let computed = done.prompt - done.cached;
    let rate = |count: usize, ms: f64| if ms > 0.0 { count as f64 * 1000.0 / ms } else { 0.0 };
    json!({
        "cache_n": done.cached,
        "prompt_n": computed,
        "prompt_ms": done.prompt_ms,
        "prompt_per_second": rate(computed, done.prompt_ms),
        "predicted_n": done.written,
        "predicted_ms": done.written_ms,
        "predicted_per_second": rate(done.written, done.written_ms),
    })
}

fn progress(reading: &Reading) -> Value {
    json!({"total": reading.total, "cache": reading.cached, "processed": reading.done, "time_ms": reading.ms})
}

/// The answer as server-sent events. When the client goes, the receiver is dropped with the
/// response, and the scheduler notices before its next token.
pub(super) fn respond(
    mut reply: Reply,
    received: UnboundedReceiver<Event>,
    with_progress: bool,
    with_usage: bool,
) -> Response {
    let opening = reply.chunk(&json!({"role": "assistant", "content": ""}), None);
    let first = stream::iter([line(&opening)]);
    let rest = UnboundedReceiverStream::new(received).flat_map(move |event| {
        let mut lines = Vec::new();
        match event {
            Event::Reading(reading) => {
                if with_progress {
                    let mut chunk = reply.chunk(&json!({}), None);
                    chunk["prompt_progress"] = progress(&reading);
                    lines.push(line(&chunk));
                }
            }
            Event::Piece(piece) => {
                let delta = reply.add(&piece);
                lines.push(line(&reply.chunk(&delta, None)));
            }
            Event::Done(done) => {
                let mut last = reply.chunk(&json!({}), Some(reply.finish(&done)));
                last["timings"] = timings(&done);
                lines.push(line(&last));
                if with_usage {
                    last["choices"] = json!([]);
                    last["usage"] = usage(&done);
                    lines.push(line(&last));
                }
                lines.push(Ok(sse::Event::default().data("[DONE]")));
            }
            Event::Failed(error) => lines.push(line(&Problem::from(&error).body())),
        }
        stream::iter(lines)
    });
    Sse::new(first.chain(rest)).keep_alive(KeepAlive::default()).into_response()
}

fn line(body: &Value) -> Result<sse::Event, Infallible> {
    Ok(sse::Event::default().data(body.to_string()))
}
