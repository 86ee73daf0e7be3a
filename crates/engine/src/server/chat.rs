//! Answers to chats: `POST /v1/chat/completions`.

use super::{
    Problem, Shared,
    draw::{Checked, Draw, Wish, check_room, random},
    form::{Form, Said},
    messages, named, parameters, parse,
    reply::Reply,
    stream,
    tokens::blocking,
};
use crate::{
    answer::{self, Answer},
    grammar::Grammar,
    models::Chat,
    scheduler::Event,
};
use axum::{Json, body::Bytes, extract::rejection::BytesRejection, http::HeaderValue, response::Response};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use tokio::sync::mpsc::UnboundedReceiver;

/// Tokens whose probabilities are told at each place.
const MAX_LIKELY: usize = 20;

#[derive(Deserialize)]
struct Request {
    #[serde(flatten)]
    chat: messages::Chat,
    #[serde(flatten)]
    draw: Draw,
    return_progress: Option<bool>,
    max_tokens: Option<i64>,
    n_predict: Option<i64>,
    max_completion_tokens: Option<i64>,
    logprobs: Option<bool>,
    top_logprobs: Option<usize>,
    response_format: Option<Value>,
    json_schema: Option<Value>,
    grammar: Option<String>,
    parallel_tool_calls: Option<bool>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

impl Request {
    /// What the engine does not do is refused, never left out silently.
    fn check(&self) -> Result<(), Problem> {
        if self.top_logprobs.is_some_and(|n| n > MAX_LIKELY) {
            return Err(Problem::invalid("top_logprobs", format!("at most {MAX_LIKELY} are told")));
        }
        if self.top_logprobs.is_some_and(|n| n > 0) && self.logprobs != Some(true) {
            return Err(Problem::invalid("top_logprobs", "they are told only with logprobs"));
        }
        parameters::check(&self.rest)
    }

    /// The form that the answer must have.
    fn form(&self) -> Result<Form, Problem> {
        let (tools, tool_choice) = self.chat.tools();
        let form = Form::read(&Said {
            response_format: self.response_format.as_ref(),
            json_schema: self.json_schema.as_ref(),
            grammar: self.grammar.as_deref(),
            tools,
            tool_choice,
            parallel_tool_calls: self.parallel_tool_calls,
        })?;
        if self.chat.begun() { form.behind_a_beginning() } else { Ok(form) }
    }

    /// For how many tokens at each place their probability is told.
    fn likely(&self) -> Option<usize> {
        (self.logprobs == Some(true)).then(|| self.top_logprobs.unwrap_or(0))
    }

    fn limit(&self) -> Option<usize> {
        self.max_completion_tokens.or(self.max_tokens).or(self.n_predict).and_then(|n| usize::try_from(n).ok())
    }
}

/// A chat on its way to the model: its prompt, and how its answer is to be held and read.
pub(super) struct Ready {
    prompt: Vec<u32>,
    grammar: Option<Grammar>,
    calls: Option<answer::Form>,
    /// Whether the prompt has opened a thought.
    thinking: bool,
    /// Whether the model is not told of the tools, since its template has no words for them.
    toolless: bool,
}

/// Tells a client that its tools were left out. The answer is then one without them, which is what clients that send
/// tools with every question need from a model that cannot call any.
pub(super) const LEFT_OUT: &str = "x-atelier-left-out";

impl Ready {
    /// Lays the chat out by the model's template and compiles the form, off the threads that answer requests.
    pub(super) async fn new(chat: &Chat, mut prompt: messages::Chat, form: Form) -> Result<Self, Problem> {
        let teaches = chat.template.as_ref().is_some_and(|template| template.tools());
        // A call that must come is refused where the prompt is made; one that may come does not.
        let toolless = prompt.calls() && !teaches && !matches!(form, Form::Tools { required: true, .. });
        if toolless {
            tracing::warn!("the model's chat template teaches no tools: the answer is written without them");
            prompt.forget_tools();
        }
        let calls = chat.template.as_ref().and_then(|template| template.calls()).filter(|_| prompt.calls());
        let (template, tokenizer) = (chat.template.clone(), chat.tokenizer.clone());
        let (grammars, context) = (chat.grammars.clone(), chat.context);
        blocking(move || {
            let laid_out = prompt.prompt(template.as_deref())?;
            let prompt = tokenizer.encode(&laid_out.parts(), true)?;
            check_room(&prompt, context)?;
            let thinking = laid_out.opens_reasoning();
            let grammar = form.grammar(|| grammars.get(), calls, thinking)?;
            Ok(Self { prompt, grammar, calls, thinking, toolless })
        })
        .await
    }

    /// Marks a response to it.
    pub(super) fn mark(toolless: bool, mut response: Response) -> Response {
        if toolless {
            response.headers_mut().insert(LEFT_OUT, HeaderValue::from_static("tools"));
        }
        response
    }

    /// Whether the model is not told of the tools.
    pub(super) fn toolless(&self) -> bool {
        self.toolless
    }

    /// Queues it, once for each choice.
    pub(super) fn submit(
        self,
        chat: &Chat,
        draw: &Checked,
        limit: Option<usize>,
        likely: Option<usize>,
    ) -> Result<Vec<UnboundedReceiver<Event>>, Problem> {
        let Self { prompt, grammar, calls, thinking, toolless: _ } = self;
        let answer = || Answer::new(draw.stops.clone(), calls, thinking);
        Ok(draw.submit(chat, &Wish { prompt, limit, likely, grammar }, answer)?)
    }
}

/// How many tokens the prompt of a chat has.
pub(super) async fn length(chat: &Chat, prompt: messages::Chat) -> Result<usize, Problem> {
    let (template, tokenizer) = (chat.template.clone(), chat.tokenizer.clone());
    blocking(move || {
        let prompt = prompt.prompt(template.as_deref())?;
        Ok(tokenizer.encode(&prompt.parts(), true)?.len())
    })
    .await
}

/// `POST /v1/chat/completions/input_tokens`, as llama-server has it.
pub(super) async fn input_tokens(server: Shared, body: Result<Bytes, BytesRejection>) -> Result<Json<Value>, Problem> {
    let request: Request = parse(body)?;
    request.check()?;
    let chat = server.chat()?;
    named(request.draw.model.as_deref(), &chat.id)?;
    Ok(Json(json!({"object": "response.input_tokens", "input_tokens": length(chat, request.chat).await?})))
}

pub(super) async fn completions(server: Shared, body: Result<Bytes, BytesRejection>) -> Result<Response, Problem> {
    let request: Request = parse(body)?;
    request.check()?;
    let (draw, limit, likely) = (request.draw.check()?, request.limit(), request.likely());
    let progress = request.return_progress == Some(true);
    let chat = server.chat()?;
    named(request.draw.model.as_deref(), &chat.id)?;
    let form = request.form()?;
    let ready = Ready::new(chat, request.chat, form).await?;
    let toolless = ready.toolless();
    let received = ready.submit(chat, &draw, limit, likely)?;
    let id = format!("chatcmpl-{:016x}", random());
    let tokenizer = chat.tokenizer.clone();
    let bytes = Arc::new(move |token| tokenizer.answer_bytes(token).to_vec());
    let reply = Reply::new(id, chat.id.clone(), bytes, received.len());
    let response = if draw.streamed {
        stream::respond(reply, received, progress, draw.usage)
    } else {
        stream::whole(reply, received).await?
    };
    Ok(Ready::mark(toolless, response))
}
