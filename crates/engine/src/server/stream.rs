//! An answer on its way to the client: whole, or as server-sent events.

use super::{
    Problem,
    reply::{Reply, progress},
};
use crate::{error::EngineError, scheduler::Event};
use axum::{
    Json,
    response::{
        IntoResponse, Response,
        sse::{self, KeepAlive, Sse},
    },
};
use futures::{StreamExt, stream};
use serde_json::{Value, json};
use std::convert::Infallible;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio_stream::wrappers::UnboundedReceiverStream;

/// What happens to each choice, in one stream. When the client goes, the receivers are dropped with it, and the
/// scheduler notices before its next token.
pub(super) fn together(received: Vec<UnboundedReceiver<Event>>) -> impl futures::Stream<Item = (usize, Event)> + Unpin {
    let each = received.into_iter().enumerate();
    stream::select_all(each.map(|(at, events)| UnboundedReceiverStream::new(events).map(move |event| (at, event))))
}

/// The answer in one piece.
pub(super) async fn whole(mut reply: Reply, received: Vec<UnboundedReceiver<Event>>) -> Result<Response, Problem> {
    let mut events = together(received);
    while let Some((at, event)) = events.next().await {
        match event {
            Event::Reading(_) => {}
            Event::Piece(piece) => {
                reply.add(at, &piece);
            }
            Event::Likely(likely) => reply.add_likely(at, &likely),
            Event::Done(done) => {
                if reply.done(at, done) {
                    return Ok(Json(reply.whole()).into_response());
                }
            }
            Event::Failed(error) => return Err(error.into()),
        }
    }
    Err(EngineError::Closing.into())
}

/// The answer as server-sent events.
pub(super) fn respond(
    mut reply: Reply,
    received: Vec<UnboundedReceiver<Event>>,
    with_progress: bool,
    with_usage: bool,
) -> Response {
    let opening = json!({"role": "assistant", "content": null});
    let first: Vec<_> = (0..reply.choices.len()).map(|at| line(&reply.chunk(at, &opening))).collect();
    let rest = together(received).flat_map(move |(at, event)| {
        let mut lines = Vec::new();
        match event {
            Event::Reading(reading) => {
                if with_progress && at == 0 {
                    let mut chunk = reply.chunk(at, &json!({}));
                    chunk["prompt_progress"] = progress(&reading);
                    lines.push(line(&chunk));
                }
            }
            Event::Piece(piece) => {
                let delta = reply.add(at, &piece);
                lines.push(line(&reply.chunk(at, &delta)));
            }
            // Told with the text that it belongs to.
            Event::Likely(likely) => reply.add_likely(at, &likely),
            Event::Done(done) => {
                let all = reply.done(at, done);
                let mut last = reply.chunk(at, &json!({}));
                // Once, with the last chunk: clients add up what they are told.
                if all && !with_usage {
                    last["timings"] = reply.timings();
                }
                lines.push(line(&last));
                if all {
                    if with_usage {
                        let mut usage = reply.bare();
                        usage["usage"] = reply.usage();
                        usage["timings"] = reply.timings();
                        lines.push(line(&usage));
                    }
                    lines.push(Ok(sse::Event::default().data("[DONE]")));
                }
            }
            Event::Failed(error) => lines.push(line(&Problem::from(&error).body())),
        }
        stream::iter(lines)
    });
    Sse::new(stream::iter(first).chain(rest)).keep_alive(KeepAlive::default()).into_response()
}

pub(super) fn line(body: &Value) -> Result<sse::Event, Infallible> {
    Ok(sse::Event::default().data(body.to_string()))
}
