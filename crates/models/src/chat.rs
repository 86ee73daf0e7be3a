//! What a model is to the rest of Atelier: something to chat with, or something that embeds.

use crate::ModelError;
use async_trait::async_trait;
use egress::Errand;
use futures::stream::BoxStream;
use protocol::Place;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// A model that writes answers.
#[async_trait]
pub trait ChatModel: Send + Sync {
    /// What it is and where it runs.
    fn card(&self) -> &ModelCard;

    /// Starts an answer. The stream ends after [`Delta::Done`] or an error; an answer that breaks
    /// off is an error, never a silent end. When `stop` is cancelled, or the stream is dropped, the
    /// connection is closed at once; a cancelled stream ends with [`Finish::Cancelled`].
    async fn chat(
        &self,
        prompt: Prompt,
        stop: CancellationToken,
    ) -> Result<BoxStream<'static, Result<Delta, ModelError>>, ModelError>;

    /// How many tokens of the context `prompt` takes: counted by the model's own tokenizer where
    /// the server offers it, otherwise a cautious estimate.
    async fn count_tokens(&self, prompt: &Prompt) -> Result<u32, ModelError>;
}

/// A model that turns texts into vectors.
#[async_trait]
pub trait Embedder: Send + Sync {
    /// Changes when the vectors would: vectors of different ids must not be compared.
    fn id(&self) -> &str;

    /// How long each vector is.
    fn dims(&self) -> usize;

    /// One vector per passage of a document, in the same order.
    async fn embed(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, ModelError>;

    /// The vector of what is asked for: some models read a question in another way than what answers it.
    async fn embed_query(&self, text: String) -> Result<Vec<f32>, ModelError>;
}

/// A model that reads a query and a text together and says how well the text answers.
#[async_trait]
pub trait Reranker: Send + Sync {
    /// The model.
    fn id(&self) -> &str;

    /// A number for each text, in the same order: the higher, the better it answers.
    async fn rank(&self, query: &str, texts: &[String]) -> Result<Vec<f32>, ModelError>;
}

/// What a chat model is and where it runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelCard {
    /// The model's id, or `endpoint:NAME`.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// Where it runs.
    pub place: Place,
    /// Its context in tokens, as it runs here.
    pub context: u32,
    /// Its parameters; 0 where that is not told.
    pub parameters: u64,
    /// Whether it can drive tools.
    pub tools: bool,
    /// The SHA-256 of its file, hex; empty for a model elsewhere.
    pub sha256: String,
    /// What runs it, with its version: `atelier-engine 0.1.0`, or the endpoint's host.
    pub engine: String,
}

/// Who says a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The instructions.
    System,
    /// The person.
    User,
    /// The model.
    Assistant,
    /// A tool's outcome.
    Tool,
}

/// A tool call that a model made earlier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolCall {
    /// The call's id.
    pub id: String,
    /// The tool.
    pub name: String,
    /// Its arguments as JSON text.
    pub arguments: String,
}

/// A message of a prompt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Who says it.
    pub role: Role,
    /// The text.
    pub content: String,
    /// The calls that the model made in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<ToolCall>,
    /// The call that it is the outcome of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_call_id: Option<String>,
}

impl Message {
    /// A message of plain text.
    pub fn new(role: Role, content: impl Into<String>) -> Self {
        Self { role, content: content.into(), tool_calls: Vec::new(), tool_call_id: None }
    }
}

/// A tool as a model sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolDef {
    /// Its name.
    pub name: String,
    /// What it does.
    pub description: String,
    /// The JSON schema of its arguments.
    pub parameters: Value,
}

/// How the next token is drawn. What is `None` is left to the server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sampling {
    /// 0 is greedy.
    pub temperature: f32,
    /// Nucleus sampling.
    pub top_p: Option<f32>,
    /// The k likeliest.
    pub top_k: Option<u32>,
    /// The least share of the likeliest token's probability.
    pub min_p: Option<f32>,
    /// The seed.
    pub seed: Option<u64>,
    /// The longest answer.
    pub max_tokens: u32,
    /// Texts that end the answer.
    pub stop: Vec<String>,
}

impl Default for Sampling {
    fn default() -> Self {
        Self { temperature: 0.0, top_p: None, top_k: None, min_p: None, seed: None, max_tokens: 512, stop: Vec::new() }
    }
}

/// Everything an answer is asked with.
#[derive(Clone, Debug, PartialEq)]
pub struct Prompt {
    /// The messages, oldest first.
    pub messages: Vec<Message>,
    /// The tools on offer.
    pub tools: Vec<ToolDef>,
    /// How tokens are drawn.
    pub sampling: Sampling,
    /// On whose behalf and why, for the gate.
    pub errand: Errand,
}

/// Why an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finish {
    /// The model was done.
    Stop,
    /// The answer reached its limit.
    Length,
    /// The model waits for the outcome of its tool calls.
    ToolCalls,
    /// It was stopped.
    Cancelled,
}

/// The next piece of an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Delta {
    /// The model is being loaded: bytes.
    Loading {
        /// Bytes loaded.
        done: u64,
        /// Bytes in all.
        total: u64,
    },
    /// The prompt is being read: tokens.
    Reading {
        /// Tokens read.
        done: u32,
        /// Tokens in all.
        total: u32,
    },
    /// What the model says to itself.
    Reasoning(String),
    /// What it says.
    Text(String),
    /// A whole tool call, after its pieces were put together.
    ToolCall {
        /// The call's id.
        id: String,
        /// The tool.
        name: String,
        /// Its arguments as JSON text, as the model wrote them.
        arguments: String,
    },
    /// The end.
    Done {
        /// Why.
        finish: Finish,
        /// Tokens of the prompt; 0 where the server does not say.
        prompt_tokens: u32,
        /// Tokens written; 0 where the server does not say.
        completion_tokens: u32,
        /// Writing speed, from the server where it says so, otherwise as seen from here.
        tokens_per_second: Option<f32>,
        /// From the request to the first piece of text, with loading.
        ttft: Option<Duration>,
    },
}
