//! What clients of the engine read, form by form: a promise to programs that are not ours.

use super::{Problem, reply::Reply, stream::respond};
use crate::{
    answer::Piece,
    error::EngineError,
    scheduler::{Done, Event, Finish, Likely, Reading},
};
use axum::http::StatusCode;
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::sync::mpsc::unbounded_channel;

fn pieces() -> [Piece; 3] {
    [
        Piece::Reasoning("I look at the lease.".into()),
        Piece::Text("900 euros".into()),
        Piece::Call { name: "search".into(), arguments: r#"{"query":"rent"}"#.into() },
    ]
}

fn done(finish: Finish) -> Done {
    Done { finish, stop: None, prompt: 40, cached: 8, prompt_ms: 16.0, written: 3, written_ms: 250.0, drafted: (4, 1) }
}

fn reply(choices: usize) -> Reply {
    Reply::new("chatcmpl-1".into(), "tiny".into(), Arc::new(|token: u32| token.to_le_bytes()[..1].to_vec()), choices)
}

fn likely() -> Likely {
    Likely { drawn: (b'9'.into(), -0.5), top: vec![(b'9'.into(), -0.5), (b'8'.into(), -1.25)] }
}

/// A form with what differs from run to run taken out.
fn fixed(mut form: Value) -> String {
    if form.get("created").is_some() {
        form["created"] = json!("…");
    }
    if form.get("system_fingerprint").is_some() {
        form["system_fingerprint"] = json!("…");
    }
    form.to_string()
}

/// Every line of a stream of these events.
async fn streamed(events: Vec<Event>) -> String {
    let (to, from) = unbounded_channel();
    events.into_iter().for_each(|event| drop(to.send(event)));
    drop(to);
    let body = respond(reply(1), vec![from], true, true).into_body();
    let bytes = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let lines = std::str::from_utf8(&bytes).unwrap().lines().filter_map(|line| line.strip_prefix("data: "));
    lines.map(|line| serde_json::from_str(line).map_or_else(|_| line.to_owned(), fixed)).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn what_clients_read_stays_what_it_is() {
    let mut forms = vec!["stream:".to_owned()];
    let mut events = vec![Event::Reading(Reading { total: 40, cached: 8, done: 24, ms: 8.0 })];
    events.push(Event::Likely(likely()));
    events.extend(pieces().map(Event::Piece));
    events.push(Event::Done(done(Finish::Stop)));
    forms.push(streamed(events).await);
    forms.push("a stream that fails:".to_owned());
    forms.push(streamed(vec![Event::Failed(EngineError::Closing)]).await);

    forms.push("whole:".to_owned());
    for (some, finish) in [(&pieces()[..], Finish::Stop), (&pieces()[1..2], Finish::Length), (&[], Finish::Stop)] {
        let mut reply = reply(1);
        some.iter().for_each(|piece| drop(reply.add(0, piece)));
        assert!(reply.done(0, done(finish)));
        forms.push(fixed(reply.whole()));
    }
    forms.push("two choices:".to_owned());
    let mut two = reply(2);
    for at in [1, 0] {
        two.add_likely(at, &likely());
        two.add(at, &Piece::Text(format!("choice {at}")));
        assert_eq!(two.done(at, done(Finish::Stop)), at == 0);
    }
    forms.push(fixed(two.whole()));

    forms.push("problems:".to_owned());
    for status in [400, 401, 403, 404, 429, 500, 503] {
        let status = StatusCode::from_u16(status).unwrap();
        forms.push(Problem::new(status, "a_code", "A message.").body().to_string());
    }
    forms.push(Problem::invalid("messages", "a message has a role").body().to_string());
    forms.push(Problem::from(EngineError::ContextFull { asked: 5000, context: 2048 }).body().to_string());
    let unknown = EngineError::UnknownModel { asked: "gpt-4o".into(), serves: "tiny".into() };
    forms.push(Problem::from(unknown).body().to_string());
    insta::assert_snapshot!(forms.join("\n"));
}
