//! The three routes: open a session, answer a request, send events.

use super::{Served, guard::cookie_name, session::Entry};
use axum::{
    Json,
    extract::{
        Query, State, WebSocketUpgrade,
        ws::{Message, WebSocket},
    },
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use futures::{SinkExt, StreamExt};
use protocol::{Envelope, Request};
use serde::Deserialize;
use serde_json::json;
use std::time::Duration;
use tokio::time::MissedTickBehavior;

/// How often a client is asked whether it is still there, and how long it may take in what is sent.
const PING: Duration = Duration::from_secs(20);
/// So many pings may stay without an answer.
const UNHEARD: u32 = 2;

/// The one-time token.
#[derive(Deserialize)]
pub(super) struct Token {
    token: String,
}

/// Spends the one-time token and sets the session cookie.
pub(super) async fn open_session(State(served): State<Served>, Json(Token { token }): Json<Token>) -> Response {
    match served.sessions.open(&token) {
        Ok(Entry::Session(session)) => {
            let name = cookie_name(served.address);
            let cookie = format!("{name}={session}; Path=/; HttpOnly; SameSite=Strict");
            eprintln!("Another browser: http://{}/#token={}", served.address, served.sessions.token());
            ([(header::SET_COOKIE, cookie)], Json(json!({ "ok": null }))).into_response()
        }
        Ok(Entry::Spent) => {
            (StatusCode::UNAUTHORIZED, "this address was used already; the terminal shows another").into_response()
        }
        Ok(Entry::Unknown) => {
            let why = "this is not the address that the terminal shows; open that one, as it is";
            (StatusCode::UNAUTHORIZED, why).into_response()
        }
        Err(fault) => (StatusCode::INTERNAL_SERVER_ERROR, Json(json!({ "fault": fault }))).into_response(),
    }
}

/// Answers one request: `{"ok": reply}` or `{"fault": fault}`.
pub(super) async fn call(State(served): State<Served>, Json(request): Json<Request>) -> Response {
    let answered = match served.app.see_through(&served.person, request).await {
        Ok(reply) => json!({ "ok": reply }),
        Err(fault) => json!({ "fault": fault }),
    };
    Json(answered).into_response()
}

/// After which event to go on.
#[derive(Deserialize)]
pub(super) struct After {
    #[serde(default)]
    after: u64,
}

/// Sends every event after a number, one JSON text frame each.
pub(super) async fn events(
    State(served): State<Served>,
    Query(After { after }): Query<After>,
    upgrade: WebSocketUpgrade,
) -> Response {
    upgrade.on_upgrade(move |socket| send_events(served, socket, after))
}

async fn send_events(served: Served, socket: WebSocket, after: u64) {
    let mut events = served.app.events(&served.person, after);
    let (mut to, mut from) = socket.split();
    let mut pings = tokio::time::interval(PING);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut unheard = 0;
    loop {
        let message = tokio::select! {
            next = events.next() => match next {
                Some(envelope) => match text(&envelope) {
                    Some(message) => message,
                    None => continue,
                },
                None => break,
            },
            // The client says nothing on this socket: what comes are its answers to pings, and its end.
            heard = from.next() => match heard {
                Some(Ok(Message::Close(_)) | Err(_)) | None => break,
                Some(Ok(_)) => {
                    unheard = 0;
                    continue;
                }
            },
            _ = pings.tick() => {
                if unheard == UNHEARD {
                    break;
                }
                unheard += 1;
                Message::Ping(Default::default())
            }
        };
        match tokio::time::timeout(PING, to.send(message)).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) | Err(_) => break,
        }
    }
}

fn text(envelope: &Envelope) -> Option<Message> {
    serde_json::to_string(envelope).ok().map(|frame| Message::Text(frame.into()))
}
