//! Does the engine answer as the older and the other protocol have it? The starter model, `/v1/completions` and
//! Anthropic's `/v1/messages`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use common::{Engine, TOKEN, starter};
use serde_json::{Value, json};

fn engine() -> Option<Engine> {
    Some(Engine::ready(&starter::models()?, &["--context", "1024"]))
}

/// The JSON of each server-sent event.
fn events(engine: &Engine, path: &str, body: &Value) -> Vec<Value> {
    let (status, text) = engine.ask("POST", path, &[], &body.to_string());
    assert_eq!(status, 200, "{text}");
    let lines = text.lines().filter_map(|line| line.strip_prefix("data: ")).filter(|line| *line != "[DONE]");
    lines.map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn texts_are_gone_on_with() {
    let Some(engine) = engine() else { return };
    let path = "/v1/completions";
    let ask = |more: Value| {
        let mut body = json!({"prompt": "The capital of France is", "temperature": 0, "max_tokens": 8});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let (status, answer) = engine.post(path, &body);
        assert_eq!(status, 200, "{answer}");
        (body, answer)
    };
    let text = |answer: &Value, at: usize| answer["choices"][at]["text"].as_str().unwrap().to_owned();
    let (body, plain) = ask(json!({}));
    assert_eq!(
        (&plain["object"], &plain["choices"][0]["finish_reason"]),
        (&json!("text_completion"), &json!("length"))
    );
    assert!(text(&plain, 0).contains("Paris"), "{plain}");
    assert_eq!(plain["usage"]["completion_tokens"], 8);

    let mut streamed = body;
    streamed["stream"] = json!(true);
    streamed["stream_options"] = json!({"include_usage": true});
    let chunks = events(&engine, path, &streamed);
    let joined: String = chunks.iter().filter_map(|chunk| chunk["choices"][0]["text"].as_str()).collect();
    assert_eq!(joined, text(&plain, 0));
    streamed["logprobs"] = json!(0);
    let offsets: Vec<u64> = events(&engine, path, &streamed)
        .iter()
        .flat_map(|chunk| chunk["choices"][0]["logprobs"]["text_offset"].as_array().cloned().unwrap_or_default())
        .filter_map(|offset| offset.as_u64())
        .collect();
    assert!(offsets.len() == 8 && offsets.is_sorted() && offsets[7] > 8, "{offsets:?}");
    assert_eq!(chunks.last().unwrap()["usage"], plain["usage"]);

    let (_, tokens) = engine.post("/tokenize", &json!({"content": "The capital of France is"}));
    let prompts = json!([tokens["tokens"], tokens["tokens"]]);
    let (_, several) = ask(json!({"prompt": prompts, "n": 2, "logprobs": 2}));
    assert_eq!(several["choices"].as_array().unwrap().len(), 4);
    for at in 0..4 {
        assert_eq!(text(&several, at), text(&plain, 0), "greedy choices are the same");
        let logprobs = &several["choices"][at]["logprobs"];
        assert_eq!(logprobs["tokens"].as_array().unwrap().len(), 8);
        assert_eq!(logprobs["top_logprobs"][3].as_object().unwrap().len(), 2);
        assert_eq!(logprobs["text_offset"][0], 0);
    }
    assert_eq!(several["usage"]["prompt_tokens"], plain["usage"]["prompt_tokens"].as_u64().unwrap() * 2);

    let (_, echoed) = ask(json!({"echo": true, "stop": "Paris"}));
    assert!(
        text(&echoed, 0).starts_with("The capital of France is") && !text(&echoed, 0).contains("Paris"),
        "{echoed}"
    );
    assert_eq!(echoed["choices"][0]["finish_reason"], "stop");
    let (_, whole) = ask(json!({"prompt": "<|im_start|>user\nhi", "echo": true, "max_tokens": 1}));
    assert!(text(&whole, 0).starts_with("<|im_start|>user\nhi"), "what was sent comes back: {whole}");
    let (_, formed) = ask(json!({"json_schema": {"type": "integer", "minimum": 1, "maximum": 9}}));
    assert!((1..=9).contains(&text(&formed, 0).trim().parse::<i32>().unwrap()), "{formed}");

    for wrong in [
        json!({"prompt": []}),
        json!({"prompt": [99_999_999]}),
        json!({"prompt": "x", "suffix": "y"}),
        json!({"prompt": "x", "logprobs": 99}),
        json!({"prompt": "x", "echo": true, "logprobs": 1}),
        json!({"prompt": "word ".repeat(3000)}),
        // More than may wait.
        json!({"prompt": vec!["x"; 16], "n": 8}),
    ] {
        let (status, answer) = engine.post(path, &wrong);
        assert_eq!(status, 400, "{answer}");
    }
}

#[test]
fn anthropic_clients_are_answered() {
    let Some(engine) = engine() else { return };
    let path = "/v1/messages";
    let said = json!([{"role": "user", "content": "Count from one to ten in words."}]);
    let body = json!({"model": "SmolLM2-135M-Instruct.Q4_1", "messages": said, "max_tokens": 40, "temperature": 0});
    // Their clients send the token under another name.
    let ask = |body: &Value, key: &str| {
        let headers = [("Authorization", ""), ("x-api-key", key), ("anthropic-version", "2023-06-01")];
        let (status, text) = engine.ask("POST", path, &headers, &body.to_string());
        (status, serde_json::from_str::<Value>(&text).unwrap())
    };
    let (status, whole) = ask(&body, TOKEN);
    assert_eq!(status, 200, "{whole}");
    let text = whole["content"][0]["text"].as_str().unwrap();
    assert!(!text.is_empty() && whole["role"] == "assistant" && whole["type"] == "message");
    assert!(["end_turn", "max_tokens"].contains(&whole["stop_reason"].as_str().unwrap()));
    let input =
        |usage: &Value| usage["input_tokens"].as_u64().unwrap() + usage["cache_read_input_tokens"].as_u64().unwrap();
    let (_, counted) = engine.post("/v1/messages/count_tokens", &body);
    assert_eq!(counted["input_tokens"].as_u64().unwrap(), input(&whole["usage"]));

    let mut streamed = body.clone();
    streamed["stream"] = json!(true);
    let told = events(&engine, path, &streamed);
    let kinds: Vec<&str> = told.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(kinds[..3], ["message_start", "ping", "content_block_start"]);
    assert_eq!(kinds[kinds.len() - 3..], ["content_block_stop", "message_delta", "message_stop"]);
    let joined: String = told.iter().filter_map(|event| event["delta"]["text"].as_str()).collect();
    assert_eq!(joined, text);

    let mut stopped = body.clone();
    let word = text.split_whitespace().nth(3).unwrap();
    stopped["stop_sequences"] = json!([word]);
    let (_, stopped) = ask(&stopped, TOKEN);
    assert_eq!((&stopped["stop_reason"], &stopped["stop_sequence"]), (&json!("stop_sequence"), &json!(word)));

    let without = |name: &str, value: Value| {
        let mut body = body.clone();
        body[name] = value;
        ask(&body, TOKEN)
    };
    for (found, status, kind) in [
        (ask(&body, "wrong"), 401, "authentication_error"),
        (without("max_tokens", json!(null)), 400, "invalid_request_error"),
        (without("model", json!("claude-x")), 404, "not_found_error"),
        (without("container", json!("x")), 400, "invalid_request_error"),
        (without("messages", json!([])), 400, "invalid_request_error"),
    ] {
        assert_eq!(found.0, status, "{}", found.1);
        assert_eq!(found.1["error"]["type"], kind, "{}", found.1);
        assert_eq!(found.1["type"], "error");
    }
}
