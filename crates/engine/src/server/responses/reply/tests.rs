//! Does an answer become the items and events that OpenAI's clients read?

use super::*;
use crate::{
    error::EngineError,
    scheduler::{Likely, Reading},
};
use std::sync::Arc;

fn reply() -> Reply {
    let bytes = Arc::new(|token: u32| vec![b'a' + token as u8]);
    let count = Box::new(|text: &str| text.split(' ').count());
    let request = [("store".to_owned(), json!(false))].into_iter().collect();
    Reply { created: 1, ..Reply::new(7, "tiny".into(), request, bytes, count) }
}

fn done(finish: Finish) -> Event {
    let (prompt, cached, written, drafted) = (40, 8, 9, (0, 0));
    Event::Done(Done { finish, stop: None, prompt, cached, prompt_ms: 1.0, written, written_ms: 2.0, drafted })
}

fn reading() -> Event {
    Event::Reading(Reading { total: 40, cached: 8, done: 8, ms: 0.0 })
}

#[test]
fn pieces_become_items() {
    let mut reply = reply();
    let mut told = reply.take(reading());
    told.extend(reply.take(Event::Piece(Piece::Reasoning("I look.".into()))));
    told.extend(reply.take(Event::Likely(Likely { drawn: (3, -0.5), top: vec![(3, -0.5)] })));
    for piece in [
        Piece::Text("One ".into()),
        Piece::Text("moment.".into()),
        Piece::Call { name: "search".into(), arguments: "{\"query\":".into() },
        Piece::Arguments("\"rent\"}".into()),
    ] {
        told.extend(reply.take(Event::Piece(piece)));
    }
    told.extend(reply.take(done(Finish::Stop)));
    let numbers: Vec<u64> = told.iter().filter_map(|event| event["sequence_number"].as_u64()).collect();
    assert_eq!(numbers, (0..told.len() as u64).collect::<Vec<_>>());
    let lines: Vec<String> = told.iter().map(Value::to_string).collect();
    insta::assert_snapshot!(lines.join("\n"));
    assert_eq!(told.last().unwrap()["response"], reply.whole());
}

#[test]
fn thought_is_told_as_a_summary_where_one_was_asked_for() {
    let mut reply = reply();
    reply.tell_summary();
    let mut told = reply.take(reading());
    for piece in [Piece::Reasoning("I ".into()), Piece::Reasoning("look.".into()), Piece::Text("One moment.".into())] {
        told.extend(reply.take(Event::Piece(piece)));
    }
    told.extend(reply.take(done(Finish::Stop)));
    let kinds: Vec<&str> = told.iter().filter_map(|event| event["type"].as_str()).collect();
    assert_eq!(
        kinds[2..9],
        [
            "response.output_item.added",
            "response.reasoning_summary_part.added",
            "response.reasoning_summary_text.delta",
            "response.reasoning_summary_text.delta",
            "response.reasoning_summary_text.done",
            "response.reasoning_summary_part.done",
            "response.output_item.done",
        ]
    );
    assert_eq!((&told[2]["item"]["summary"], &told[4]["summary_index"]), (&json!([]), &json!(0)));
    assert!(told[4].get("content_index").is_none() && !kinds.iter().any(|kind| kind.contains("reasoning_text")));
    let thought = json!([{"type": "summary_text", "text": "I look."}]);
    assert_eq!((&told[8]["item"]["summary"], told[8]["item"].get("content")), (&thought, None));
    assert_eq!(reply.whole()["output"][0]["summary"], thought);
}

#[test]
fn what_was_cut_off_says_so() {
    let mut cut = reply();
    cut.take(reading());
    cut.take(Event::Piece(Piece::Text("One".into())));
    cut.take(Event::Piece(Piece::Call { name: "erase".into(), arguments: "{\"what\":".into() }));
    let last = cut.take(done(Finish::Length)).pop().unwrap();
    let states = |whole: &Value| {
        let items = whole["output"].as_array().unwrap();
        items.iter().map(|item| item["status"].as_str().unwrap().to_owned()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(last["type"], "response.incomplete");
    assert_eq!(last["response"]["incomplete_details"]["reason"], "max_output_tokens");
    assert_eq!(states(&last["response"]), "completed incomplete");

    let mut failed = reply();
    failed.take(reading());
    failed.take(Event::Piece(Piece::Text("One".into())));
    let last = failed.take(Event::Failed(EngineError::Closing)).pop().unwrap();
    assert_eq!((&last["type"], &last["response"]["status"]), (&json!("response.failed"), &json!("failed")));
    assert_eq!(states(&last["response"]), "incomplete");
    assert!(last["response"]["error"]["code"].is_string() && last["response"]["usage"].is_null());
}
