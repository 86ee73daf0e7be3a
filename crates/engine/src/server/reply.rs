//! What an answer has become so far, and the forms in which it is told.

use crate::{
    answer::Piece,
    scheduler::{Done, Finish, Likely, Reading},
};
use serde_json::{Value, json};
use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

/// Which program wrote an answer.
pub(super) const FINGERPRINT: &str = concat!("atelier-engine-", env!("CARGO_PKG_VERSION"));

/// The bytes of a token, as they appear in an answer.
pub(super) type TokenBytes = Arc<dyn Fn(u32) -> Vec<u8> + Send + Sync>;

/// An answer that grows, in as many choices as were asked for.
pub(super) struct Reply {
    id: String,
    model: String,
    created: u64,
    bytes: TokenBytes,
    pub(super) choices: Vec<Choice>,
}

/// One of the answers to a request.
#[derive(Default)]
pub(super) struct Choice {
    content: String,
    reasoning: String,
    calls: Vec<Value>,
    /// How likely its tokens were; those behind `told` have not been streamed.
    likely: Vec<Value>,
    told: usize,
    done: Option<Done>,
}

impl Reply {
    pub(super) fn new(id: String, model: String, bytes: TokenBytes, choices: usize) -> Self {
        let created = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
        let choices = (0..choices).map(|_| Choice::default()).collect();
        Self { id, model, created, bytes, choices }
    }

    /// Adds a piece to a choice and returns it as the delta of a chunk.
    pub(super) fn add(&mut self, at: usize, piece: &Piece) -> Value {
        let choice = &mut self.choices[at];
        match piece {
            Piece::Text(text) => {
                choice.content.push_str(text);
                json!({"content": text})
            }
            Piece::Reasoning(text) => {
                choice.reasoning.push_str(text);
                json!({"reasoning_content": text})
            }
            Piece::Arguments(text) => {
                if let Some(Value::String(all)) = choice.calls.last_mut().map(|call| &mut call["function"]["arguments"])
                {
                    all.push_str(text);
                }
                let index = choice.calls.len().saturating_sub(1);
                json!({"tool_calls": [{"index": index, "function": {"arguments": text}}]})
            }
            Piece::Call { name, arguments } => {
                let number = choice.calls.len();
                let id = format!("call_{}_{at}_{number}", self.id.trim_start_matches("chatcmpl-"));
                let function = json!({"name": name, "arguments": arguments});
                let mut call = json!({"id": id, "type": "function", "function": function});
                choice.calls.push(call.clone());
                call["index"] = json!(number);
                json!({"tool_calls": [call]})
            }
        }
    }

    /// Adds how likely a token of a choice was.
    pub(super) fn add_likely(&mut self, at: usize, likely: &Likely) {
        let token = told(likely, &self.bytes);
        self.choices[at].likely.push(token);
    }

    /// A choice is complete; true if all are.
    pub(super) fn done(&mut self, at: usize, done: Done) -> bool {
        self.choices[at].done = Some(done);
        self.choices.iter().all(|choice| choice.done.is_some())
    }

    /// The answer in one piece, once every choice is done.
    pub(super) fn whole(&self) -> Value {
        let mut body = self.base("chat.completion");
        let choices = self.choices.iter().enumerate().map(|(index, choice)| {
            let message = choice.message();
            let logprobs = choice.logprobs(0);
            json!({"index": index, "message": message, "logprobs": logprobs, "finish_reason": choice.finish()})
        });
        body["choices"] = choices.collect();
        body["usage"] = self.usage();
        body["timings"] = self.timings();
        body
    }

    /// A part of a choice, with how likely its tokens were as far as that is untold.
    pub(super) fn chunk(&mut self, at: usize, delta: &Value) -> Value {
        let mut chunk = self.base("chat.completion.chunk");
        let choice = &mut self.choices[at];
        let logprobs = choice.logprobs(choice.told);
        choice.told = choice.likely.len();
        chunk["choices"] =
            json!([{"index": at, "delta": delta, "logprobs": logprobs, "finish_reason": choice.finish()}]);
        chunk
    }

    /// A chunk that belongs to no choice.
    pub(super) fn bare(&self) -> Value {
        let mut chunk = self.base("chat.completion.chunk");
        chunk["choices"] = json!([]);
        chunk
    }

    fn base(&self, object: &str) -> Value {
        json!({
            "id": self.id,
            "object": object,
            "created": self.created,
            "model": self.model,
            "system_fingerprint": FINGERPRINT,
        })
    }

    fn all_done(&self) -> impl Iterator<Item = &Done> {
        self.choices.iter().filter_map(|choice| choice.done.as_ref())
    }

    /// The prompt counts once, however many choices there are.
    pub(super) fn usage(&self) -> Value {
        let first = self.all_done().next();
        let (prompt, cached) = first.map_or((0, 0), |done| (done.prompt, done.cached));
        let written: usize = self.all_done().map(|done| done.written).sum();
        json!({
            "prompt_tokens": prompt,
            "completion_tokens": written,
            "total_tokens": prompt + written,
            "prompt_tokens_details": {"cached_tokens": cached},
        })
    }

    /// What the first choice took.
    pub(super) fn timings(&self) -> Value {
        self.all_done().next().map_or(Value::Null, timings)
    }
}

/// How likely a token was, as OpenAI tells it.
pub(super) fn told(likely: &Likely, bytes: &TokenBytes) -> Value {
    let form = |(id, logprob): &(u32, f32)| {
        let bytes = bytes(*id);
        json!({"token": String::from_utf8_lossy(&bytes), "logprob": logprob, "bytes": bytes})
    };
    let mut token = form(&likely.drawn);
    token["top_logprobs"] = likely.top.iter().map(form).collect();
    token
}

/// What an answer took, as llama-server tells it.
#[allow(clippy::cast_precision_loss, reason = "counts of tokens are small")]
pub(super) fn timings(done: &Done) -> Value {
    let computed = done.prompt - done.cached;
    let rate = |count: usize, ms: f64| if ms > 0.0 { count as f64 * 1000.0 / ms } else { 0.0 };
    let each = |count: usize, ms: f64| if count > 0 { ms / count as f64 } else { 0.0 };
    // The first token is drawn from what reading the prompt gave: only the others took time of their own.
    let others = done.written.saturating_sub(1);
    json!({
        "cache_n": done.cached,
        "prompt_n": computed,
        "prompt_ms": done.prompt_ms,
        "prompt_per_token_ms": each(computed, done.prompt_ms),
        "prompt_per_second": rate(computed, done.prompt_ms),
        "predicted_n": done.written,
        "predicted_ms": done.written_ms,
        "predicted_per_token_ms": each(others, done.written_ms),
        "predicted_per_second": rate(others, done.written_ms),
        "draft_n": done.drafted.0,
        "draft_n_accepted": done.drafted.1,
    })
}

impl Choice {
    fn finish(&self) -> Option<&'static str> {
        self.done.as_ref().map(|done| match done.finish {
            Finish::Stop if !self.calls.is_empty() => "tool_calls",
            Finish::Stop => "stop",
            Finish::Length => "length",
        })
    }

    fn message(&self) -> Value {
        let content = if self.content.is_empty() && !self.calls.is_empty() { Value::Null } else { json!(self.content) };
        let mut message = json!({"role": "assistant", "content": content});
        if !self.reasoning.is_empty() {
            message["reasoning_content"] = json!(self.reasoning);
        }
        if !self.calls.is_empty() {
            message["tool_calls"] = json!(self.calls);
        }
        message
    }

    fn logprobs(&self, from: usize) -> Value {
        match &self.likely[from..] {
            [] => Value::Null,
            tokens => json!({"content": tokens, "refusal": null}),
        }
    }
}

/// How far a prompt has been read.
pub(super) fn progress(reading: &Reading) -> Value {
    json!({"total": reading.total, "cache": reading.cached, "processed": reading.done, "time_ms": reading.ms})
}
