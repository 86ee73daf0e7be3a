//! Answers to chats: `POST /v1/chat/completions`.

use super::{
    Problem, Shared,
    form::{Form, Said},
    messages, named, parameters, parse,
    reply::Reply,
    stream,
    tokens::blocking,
};
use crate::{answer::Answer, error::EngineError, sampling::Sampling, scheduler::Job};
use axum::{body::Bytes, extract::rejection::BytesRejection, response::Response};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::{
    hash::{BuildHasher, Hasher, RandomState},
    sync::Arc,
};
use tokio::sync::mpsc::unbounded_channel;

/// Answers to one request.
const MAX_CHOICES: u32 = 8;
/// Tokens whose probabilities are told at each place.
const MAX_LIKELY: usize = 20;
/// Stop strings in one request, and the longest one.
const MAX_STOPS: (usize, usize) = (16, 256);

#[derive(Deserialize)]
struct Request {
    #[serde(flatten)]
    chat: messages::Chat,
    #[serde(default)]
    stream: Option<bool>,
    stream_options: Option<StreamOptions>,
    #[serde(default)]
    return_progress: Option<bool>,
    temperature: Option<f32>,
    top_p: Option<f32>,
    top_k: Option<i64>,
    min_p: Option<f32>,
    seed: Option<i64>,
    max_tokens: Option<i64>,
    max_completion_tokens: Option<i64>,
    stop: Option<Stop>,
    n: Option<u32>,
    logprobs: Option<bool>,
    top_logprobs: Option<usize>,
    response_format: Option<Value>,
    json_schema: Option<Value>,
    grammar: Option<String>,
    parallel_tool_calls: Option<bool>,
    model: Option<String>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Deserialize)]
struct StreamOptions {
    #[serde(default)]
    include_usage: Option<bool>,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "a text or a list of texts")]
enum Stop {
    One(String),
    Many(Vec<String>),
}

impl Request {
    /// What the engine does not do is refused, never left out silently.
    fn check(&self) -> Result<(), Problem> {
        if self.n.is_some_and(|n| !(1..=MAX_CHOICES).contains(&n)) {
            return Err(Problem::invalid("n", format!("between 1 and {MAX_CHOICES} answers are given to a request")));
        }
        if self.top_logprobs.is_some_and(|n| n > MAX_LIKELY) {
            return Err(Problem::invalid("top_logprobs", format!("at most {MAX_LIKELY} are told")));
        }
        if self.top_logprobs.is_some_and(|n| n > 0) && self.logprobs != Some(true) {
            return Err(Problem::invalid("top_logprobs", "they are told only with logprobs"));
        }
        parameters::check(&self.rest)
    }

    fn sampling(&self) -> Result<Sampling, Problem> {
        // The defaults are llama-server's.
        let sampling = Sampling {
            temperature: self.temperature.unwrap_or(0.8),
            top_p: self.top_p.unwrap_or(0.95),
            top_k: self.top_k.map_or(40, |k| usize::try_from(k).unwrap_or(0)),
            min_p: self.min_p.unwrap_or(0.05),
            seed: self.seed.and_then(|s| u64::try_from(s).ok()).unwrap_or_else(random),
        };
        sampling.check()?;
        Ok(sampling)
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
        match form {
            Form::Tools { required: false, .. } if self.chat.begun() => Ok(Form::Free),
            Form::Free => Ok(Form::Free),
            Form::Json(..) | Form::Grammar(_) | Form::Tools { required: true, .. } if self.chat.begun() => {
                Err(Problem::invalid("messages", "an answer that is gone on with can be given no form"))
            }
            form => Ok(form),
        }
    }

    /// For how many tokens at each place their probability is told.
    fn likely(&self) -> Option<usize> {
        (self.logprobs == Some(true)).then(|| self.top_logprobs.unwrap_or(0))
    }

    fn limit(&self) -> Option<usize> {
        self.max_completion_tokens.or(self.max_tokens).and_then(|n| usize::try_from(n).ok())
    }

    fn stops(&mut self) -> Result<Vec<String>, Problem> {
        let stops = match self.stop.take() {
            None => Vec::new(),
            Some(Stop::One(stop)) => vec![stop],
            Some(Stop::Many(stops)) => stops,
        };
        if stops.len() > MAX_STOPS.0 || stops.iter().any(|s| s.len() > MAX_STOPS.1) {
            let message = format!("at most {} stop strings of {} bytes are taken", MAX_STOPS.0, MAX_STOPS.1);
            return Err(Problem::invalid("stop", message));
        }
        Ok(stops)
    }
}

pub(super) async fn completions(server: Shared, body: Result<Bytes, BytesRejection>) -> Result<Response, Problem> {
    let mut request: Request = parse(body)?;
    request.check()?;
    let (sampling, limit, stops) = (request.sampling()?, request.limit(), request.stops()?);
    let streamed = request.stream == Some(true);
    let (choices, likely) = (request.n.unwrap_or(1), request.likely());
    let progress = request.return_progress == Some(true);
    let usage = request.stream_options.as_ref().is_some_and(|o| o.include_usage == Some(true));
    let chat = server.chat()?;
    named(request.model.as_deref(), &chat.id)?;
    let calls = chat.template.as_ref().and_then(|template| template.calls()).filter(|_| request.chat.calls());
    let (template, tokenizer, context) = (chat.template.clone(), chat.tokenizer.clone(), chat.context);
    let (form, grammars) = (request.form()?, chat.grammars.clone());
    let (prompt, reasoning, grammar) = blocking(move || {
        let prompt = request.chat.prompt(template.as_deref())?;
        let tokens = tokenizer.encode(&prompt.parts(), true)?;
        // One position must be left for the answer.
        if tokens.len() >= context {
            return Err(EngineError::ContextFull { asked: tokens.len(), context }.into());
        }
        let reasoning = prompt.opens_reasoning();
        let grammar = form.grammar(|| grammars.get(), calls, reasoning)?;
        Ok((tokens, reasoning, grammar))
    })
    .await?;

    let mut received = Vec::new();
    for choice in 0..choices {
        let (events, events_of_choice) = unbounded_channel();
        // Each choice has a sequence of its own; the first has the one that it would have alone.
        let sampling = Sampling { seed: sampling.seed.wrapping_add(u64::from(choice)), ..sampling };
        let answer = Answer::new(stops.clone(), calls, reasoning);
        // Where the queue is full for one, the others end, because nobody listens to them.
        let (prompt, grammar) = (prompt.clone(), grammar.clone());
        chat.scheduler.submit(Job { prompt, sampling, limit, likely, grammar, answer, events })?;
        received.push(events_of_choice);
    }
    let id = format!("chatcmpl-{:016x}", random());
    let tokenizer = chat.tokenizer.clone();
    let bytes = Arc::new(move |token| tokenizer.answer_bytes(token).to_vec());
    let reply = Reply::new(id, chat.id.clone(), bytes, received.len());
    if streamed { Ok(stream::respond(reply, received, progress, usage)) } else { stream::whole(reply, received).await }
}

/// A number nobody can foretell, from the keys that the standard library draws for hash maps.
fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}
