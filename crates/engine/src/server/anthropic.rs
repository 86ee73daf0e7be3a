//! Answers in Anthropic's form: `POST /v1/messages` and `POST /v1/messages/count_tokens`.

mod reply;
mod request;

use super::{
    Problem, Shared,
    chat::{Ready, length},
    draw::random,
    named, parse,
    stream::together,
};
use crate::{error::EngineError, models::Chat, scheduler::Event};
use axum::{
    Json,
    body::Bytes,
    extract::rejection::BytesRejection,
    http::{StatusCode, Uri},
    response::{
        IntoResponse, Response,
        sse::{self, KeepAlive, Sse},
    },
};
use futures::{StreamExt, stream};
use reply::Reply;
use request::{Count, Request};
use serde_json::{Value, json};
use std::convert::Infallible;

/// An error as Anthropic's clients read it.
pub(super) struct Refusal(Problem);

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl From<EngineError> for Refusal {
    fn from(error: EngineError) -> Self {
        Self(error.into())
    }
}

impl Refusal {
    fn body(&self) -> Value {
        let kind = match self.0.status() {
            StatusCode::UNAUTHORIZED => "authentication_error",
            StatusCode::FORBIDDEN => "permission_error",
            StatusCode::NOT_FOUND => "not_found_error",
            StatusCode::PAYLOAD_TOO_LARGE => "request_too_large",
            StatusCode::TOO_MANY_REQUESTS => "rate_limit_error",
            StatusCode::SERVICE_UNAVAILABLE => "overloaded_error",
            status if status.is_client_error() => "invalid_request_error",
            _ => "api_error",
        };
        // With what OpenAI's form has besides: the code, the parameter, what to do.
        let mut body = self.0.body();
        body["error"]["type"] = kind.into();
        body["type"] = "error".into();
        if let Some((asked, context)) = self.0.too_long() {
            // The words by which Anthropic's clients know that a conversation is to be cut down.
            body["error"]["message"] = format!("prompt is too long: {asked} tokens > {context} maximum").into();
        }
        body
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.0.status(), self.0.patience(), Json(self.body())).into_response()
    }
}

/// Whether a path is one of this protocol's.
pub(super) fn speaks(path: &str) -> bool {
    path == "/v1/messages" || path.starts_with("/v1/messages/")
}

/// A problem in the form of the protocol that a path belongs to.
pub(super) fn spoken(uri: &Uri, problem: Problem) -> Response {
    if speaks(uri.path()) { Refusal(problem).into_response() } else { problem.into_response() }
}

pub(super) async fn messages(server: Shared, body: Result<Bytes, BytesRejection>) -> Result<Response, Refusal> {
    let request: Request = parse(body)?;
    let draw = request.draw()?;
    let limit = request.limit()?;
    let chat = server.chat()?;
    named(request.model(), &chat.id)?;
    let prompt = request.chat()?;
    let form = request.form()?;
    let form = if prompt.begun() { form.behind_a_beginning()? } else { form };
    let ready = Ready::new(chat, prompt, form).await?;
    let toolless = ready.toolless();
    let received = ready.submit(chat, &draw, Some(limit), None)?;
    let mut reply = Reply::new(format!("msg_{:016x}", random()), chat.id.clone(), chat.context);
    let mut events = together(received);
    if draw.streamed {
        let lines = events.flat_map(move |(_, event)| {
            let told = match event {
                Event::Failed(error) => vec![Refusal::from(error).body()],
                event => reply.take(event),
            };
            stream::iter(told.iter().map(line).collect::<Vec<_>>())
        });
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

pub(super) async fn count_tokens(server: Shared, body: Result<Bytes, BytesRejection>) -> Result<Json<Value>, Refusal> {
    let request: Count = parse(body)?;
    let chat: &Chat = server.chat()?;
    named(request.model(), &chat.id)?;
    let prompt = request.chat()?;
    Ok(Json(json!({"input_tokens": length(chat, prompt).await?})))
}

/// An event under its own name.
fn line(body: &Value) -> Result<sse::Event, Infallible> {
    let name = body["type"].as_str().unwrap_or("error").to_owned();
    Ok(sse::Event::default().event(name).data(body.to_string()))
}
