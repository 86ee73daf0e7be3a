//! Answers in OpenAI's newer form: `POST /v1/responses` and `POST /v1/responses/input_tokens`.
//!
//! Nothing of an answer is kept here, so a request carries the whole conversation; one that names an earlier answer
//! is refused.

mod items;
mod reply;
mod request;

use super::{
    Problem, Shared,
    chat::{Ready, length},
    draw::random,
    named, parse,
    stream::together,
};
use crate::{error::EngineError, models::Chat, scheduler::Event, tokenizer::Special};
use axum::{
    Json,
    body::Bytes,
    extract::{Path, rejection::BytesRejection},
    http::StatusCode,
    response::{
        IntoResponse, Response,
        sse::{self, KeepAlive, Sse},
    },
};
use futures::{StreamExt, stream};
use reply::Reply;
use request::Request;
use serde_json::{Value, json};
use std::{convert::Infallible, sync::Arc};

pub(super) async fn respond(server: Shared, body: Result<Bytes, BytesRejection>) -> Result<Response, Problem> {
    let request: Request = parse(body)?;
    request.check()?;
    let (draw, limit, likely) = (request.draw()?, request.limit()?, request.likely()?);
    let chat = server.chat()?;
    named(request.model(), &chat.id)?;
    let prompt = request.chat()?;
    let form = request.form()?;
    let form = if prompt.begun() { form.behind_a_beginning()? } else { form };
    let ready = Ready::new(chat, prompt, form).await?;
    let toolless = ready.toolless();
    let received = ready.submit(chat, &draw, limit, likely)?;
    let tokenizer = chat.tokenizer.clone();
    let bytes = Arc::new(move |token| tokenizer.answer_bytes(token).to_vec());
    let tokenizer = chat.tokenizer.clone();
    let count =
        Box::new(move |text: &str| tokenizer.encode(&[(text, Special::Plain)], false).map_or(0, |tokens| tokens.len()));
    let mut reply = Reply::new(random(), chat.id.clone(), request.told(&draw), bytes, count);
    if request.progress() {
        reply.tell_progress();
    }
    if request.summary() {
        reply.tell_summary();
    }
    let mut events = together(received);
    if draw.streamed {
        let lines =
            events.flat_map(move |(_, event)| stream::iter(reply.take(event).iter().map(line).collect::<Vec<_>>()));
        return Ok(Ready::mark(toolless, Sse::new(lines).keep_alive(KeepAlive::default()).into_response()));
    }
    while let Some((_, event)) = events.next().await {
        let over = matches!(event, Event::Done(_));
        if let Event::Failed(error) = event {
            return Err(error.into());
        }
        reply.take(event);
        if over {
            return Ok(Ready::mark(toolless, Json(reply.whole()).into_response()));
        }
    }
    Err(EngineError::Closing.into())
}

/// How many tokens a request's prompt has.
pub(super) async fn count(server: Shared, body: Result<Bytes, BytesRejection>) -> Result<Json<Value>, Problem> {
    let request: Request = parse(body)?;
    request.check()?;
    let chat: &Chat = server.chat()?;
    named(request.model(), &chat.id)?;
    let prompt = request.chat()?;
    Ok(Json(json!({"object": "response.input_tokens", "input_tokens": length(chat, prompt).await?})))
}

/// An earlier answer, which is not kept.
pub(super) async fn earlier(Path(id): Path<String>) -> Problem {
    let id: String = id.chars().take(100).collect();
    let message = format!("'{id}' is not here: nothing of an answer is kept");
    Problem::new(StatusCode::NOT_FOUND, "response_not_kept", message)
}

/// An event under its own name.
fn line(body: &Value) -> Result<sse::Event, Infallible> {
    let name = body["type"].as_str().unwrap_or("error").to_owned();
    Ok(sse::Event::default().event(name).data(body.to_string()))
}
