//! Answers to chats: `POST /v1/chat/completions`.

use super::{
    Problem, Shared,
    draw::{Draw, Wish, random},
    form::{Form, Said},
    messages, named, parameters, parse,
    reply::Reply,
    stream,
    tokens::blocking,
};
use crate::{answer::Answer, error::EngineError};
use axum::{body::Bytes, extract::rejection::BytesRejection, response::Response};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::sync::Arc;

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
}

pub(super) async fn completions(server: Shared, body: Result<Bytes, BytesRejection>) -> Result<Response, Problem> {
    let request: Request = parse(body)?;
    request.check()?;
    let (draw, limit, likely) = (request.draw.check()?, request.limit(), request.likely());
    let progress = request.return_progress == Some(true);
    let chat = server.chat()?;
    named(request.draw.model.as_deref(), &chat.id)?;
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

    let wish = Wish { prompt, limit, likely, grammar };
    let received = draw.submit(chat, &wish, || Answer::new(draw.stops.clone(), calls, reasoning))?;
    let id = format!("chatcmpl-{:016x}", random());
    let tokenizer = chat.tokenizer.clone();
    let bytes = Arc::new(move |token| tokenizer.answer_bytes(token).to_vec());
    let reply = Reply::new(id, chat.id.clone(), bytes, received.len());
    if draw.streamed {
        Ok(stream::respond(reply, received, progress, draw.usage))
    } else {
        stream::whole(reply, received).await
    }
}
