//! The OpenAI-compatible forms as they cross the wire, with llama-server's additions.

use crate::{Message, Prompt, Role, ToolDef};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The body of `/v1/chat/completions`. `local` asks our own engine for what only it and
/// llama-server understand; other servers may refuse unknown fields.
pub(crate) fn chat(model: &str, prompt: &Prompt, local: bool) -> Value {
    let sampling = &prompt.sampling;
    let mut body = json!({
        "model": model,
        "messages": messages(&prompt.messages),
        "stream": true,
        "stream_options": { "include_usage": true },
        "temperature": sampling.temperature,
        "max_tokens": sampling.max_tokens,
    });
    let mut set = |name: &str, value: Option<Value>| {
        if let (Some(value), Some(body)) = (value, body.as_object_mut()) {
            body.insert(name.to_owned(), value);
        }
    };
    set("top_p", sampling.top_p.map(Value::from));
    set("seed", sampling.seed.map(Value::from));
    set("stop", (!sampling.stop.is_empty()).then(|| json!(sampling.stop)));
    set("tools", (!prompt.tools.is_empty()).then(|| tools(&prompt.tools)));
    // Not in OpenAI's own form, but in that of every server that runs open models.
    set("top_k", sampling.top_k.map(Value::from));
    set("min_p", sampling.min_p.map(Value::from));
    set("return_progress", local.then(|| Value::from(true)));
    body
}

pub(crate) fn messages(messages: &[Message]) -> Value {
    messages
        .iter()
        .map(|message| {
            let role = match message.role {
                Role::System => "system",
                Role::User => "user",
                Role::Assistant => "assistant",
                Role::Tool => "tool",
            };
            let mut form = json!({ "role": role, "content": message.content });
            if !message.tool_calls.is_empty() {
                form["tool_calls"] = message
                    .tool_calls
                    .iter()
                    .map(|call| {
                        let function = json!({ "name": call.name, "arguments": call.arguments });
                        json!({ "id": call.id, "type": "function", "function": function })
                    })
                    .collect();
            }
            if let Some(id) = &message.tool_call_id {
                form["tool_call_id"] = id.as_str().into();
            }
            form
        })
        .collect()
}

pub(crate) fn tools(tools: &[ToolDef]) -> Value {
    tools.iter().map(|tool| json!({ "type": "function", "function": tool })).collect()
}

/// A piece of a streamed answer. Everything is optional: servers differ.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Chunk {
    #[serde(default)]
    pub(crate) choices: Vec<Choice>,
    pub(crate) usage: Option<Counts>,
    pub(crate) timings: Option<Timings>,
    pub(crate) prompt_progress: Option<Progress>,
    pub(crate) error: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Choice {
    #[serde(default)]
    pub(crate) index: u32,
    pub(crate) delta: Option<Piece>,
    pub(crate) finish_reason: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Piece {
    pub(crate) content: Option<String>,
    #[serde(alias = "reasoning")]
    pub(crate) reasoning_content: Option<String>,
    pub(crate) tool_calls: Option<Vec<CallPiece>>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct CallPiece {
    pub(crate) index: Option<u32>,
    pub(crate) id: Option<String>,
    pub(crate) function: Option<FunctionPiece>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct FunctionPiece {
    pub(crate) name: Option<String>,
    pub(crate) arguments: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Counts {
    #[serde(default)]
    pub(crate) prompt_tokens: u32,
    #[serde(default)]
    pub(crate) completion_tokens: u32,
}

/// llama-server's measurements of the whole answer.
#[derive(Debug, Deserialize)]
pub(crate) struct Timings {
    pub(crate) predicted_n: Option<u32>,
    pub(crate) predicted_per_second: Option<f32>,
}

/// llama-server's progress in reading the prompt: tokens, of which `cache` were known already.
#[derive(Debug, Deserialize)]
pub(crate) struct Progress {
    #[serde(default)]
    pub(crate) total: u32,
    #[serde(default)]
    pub(crate) processed: u32,
}

/// What an error body says, in whichever of the usual forms; cut to one line that fits a message.
pub(crate) fn error_text(body: &Value) -> String {
    let text = [&body["error"]["message"], &body["message"], &body["error"], &body["detail"], body]
        .into_iter()
        .find_map(Value::as_str)
        .map_or_else(|| body.to_string(), str::to_owned);
    one_line(&text)
}

/// The text as one line of at most 300 chars.
pub(crate) fn one_line(text: &str) -> String {
    let line: Vec<_> = text.split_whitespace().collect();
    line.join(" ").chars().take(300).collect()
}

/// The answer of `/v1/embeddings`.
#[derive(Debug, Deserialize)]
pub(crate) struct Embeddings {
    pub(crate) data: Vec<Embedding>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Embedding {
    pub(crate) index: usize,
    pub(crate) embedding: Vec<f32>,
}

/// The body of `/v1/rerank`.
#[derive(Debug, Serialize)]
pub(crate) struct RerankRequest<'a> {
    pub(crate) model: &'a str,
    pub(crate) query: &'a str,
    pub(crate) documents: &'a [String],
    /// The model's own numbers: those between 0 and 1 are all the same where it is very sure.
    pub(crate) raw_scores: bool,
}

/// The answer of `/v1/rerank`.
#[derive(Debug, Deserialize)]
pub(crate) struct Reranked {
    pub(crate) results: Vec<RerankedOne>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct RerankedOne {
    pub(crate) index: usize,
    pub(crate) relevance_score: f32,
}

/// The body of `/v1/embeddings`.
#[derive(Debug, Serialize)]
pub(crate) struct EmbeddingsRequest<'a> {
    pub(crate) model: &'a str,
    pub(crate) input: &'a [String],
    pub(crate) encoding_format: &'static str,
    /// What the texts are: some models were trained with other words before a query than before a document.
    pub(crate) input_type: &'static str,
    /// A passage is found by its beginning rather than not at all.
    pub(crate) truncate: bool,
}
