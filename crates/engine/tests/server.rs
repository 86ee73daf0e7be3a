//! What the real server answers, with the real starter models.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::{Engine, starter::models};
use serde_json::{Value, json};
use std::{
    io::Read as _,
    io::{BufRead, BufReader},
    thread,
    time::{Duration, Instant},
};

const CHAT: &str = "/v1/chat/completions";

fn question(text: &str, more: Value) -> Value {
    let mut body = json!({"messages": [{"role": "user", "content": text}], "temperature": 0, "max_tokens": 24});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

fn content(answer: &Value) -> &str {
    answer["choices"][0]["message"]["content"].as_str().unwrap()
}

#[test]
fn the_main_server_works() {
    let Some(folder) = models() else { return };
    let engine = Engine::ready(&folder, &["--context", "2048"]);
    models_are_listed(&engine);
    strangers_are_refused(&engine);
    wrong_requests_are_refused(&engine);
    tools_that_are_not_taught_are_left_out(&engine);
    streams_say_what_whole_answers_say(&engine);
    answers_have_the_form_that_was_asked_for(&engine);
    a_seed_draws_the_same_again(&engine);
    stop_strings_stop(&engine);
    a_second_turn_reads_only_what_is_new(&engine);
    tokens_go_there_and_back(&engine);
    documents_cannot_forge_turns(&engine);
    nobody_listening_ends_an_answer(&engine);
    embeddings_agree_with_the_reference(&engine);
    let mut engine = engine;
    assert!(engine.wait().success(), "it ends with its standard input");
}

fn models_are_listed(engine: &Engine) {
    let (status, list) = engine.get("/v1/models");
    assert_eq!(status, 200);
    let kinds: Vec<&str> =
        list["data"].as_array().unwrap().iter().map(|m| m["meta"]["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["chat", "embedding"]);
    assert_eq!(list["data"][0]["id"], "SmolLM2-135M-Instruct.Q4_1");
    assert_eq!(list["data"][0]["meta"]["n_ctx"], 2048);
}

fn strangers_are_refused(engine: &Engine) {
    let port = engine.address.rsplit(':').next().unwrap();
    let evil = format!("evil.example:{port}");
    /// A path, the headers to send with it, and the status that it gets.
    type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], u16);
    let cases: &[Case] = &[
        ("/v1/models", &[("Authorization", "Bearer wrong")], 401),
        ("/v1/models", &[("Authorization", "")], 401),
        ("/v1/models", &[("Host", &evil)], 403),
        ("/health", &[("Host", &evil)], 403),
        ("/health", &[("Authorization", "")], 200),
        ("/nothing", &[], 404),
        (CHAT, &[], 405),
    ];
    for (path, headers, expected) in cases {
        let (status, body) = engine.ask("GET", path, headers, "");
        assert_eq!(status, *expected, "{path} {headers:?}: {body}");
        let body: Value = serde_json::from_str(&body).unwrap();
        assert!(status == 200 || body["error"]["code"].is_string(), "{body}");
    }
}

fn wrong_requests_are_refused(engine: &Engine) {
    let tool = json!([{"type": "function", "function": {"name": "f"}}]);
    let cases = [
        (json!({}), "invalid_json"),
        (json!({"messages": []}), "invalid_request"),
        (question("x", json!({"temperature": -1})), "invalid_request"),
        (question("x", json!({"n": 9})), "invalid_request"),
        (question("x", json!({"top_logprobs": 3})), "invalid_request"),
        (question("x", json!({"frequency_penalty": 2.5})), "invalid_request"),
        (question("x", json!({"dry_multiplier": 0.5})), "invalid_request"),
        (question("x", json!({"temprature": 0})), "invalid_request"),
        (question("x", json!({"response_format": {"type": "xml"}})), "invalid_request"),
        (question("x", json!({"json_schema": {"type": "nothing"}})), "invalid_request"),
        (question("x", json!({"grammar": "root ::= \"a"})), "invalid_request"),
        // The model's template teaches no tools: a call that must come is refused.
        (question("x", json!({"tools": tool, "tool_choice": "required"})), "invalid_request"),
        (question(&"word ".repeat(3000), json!({})), "context_length_exceeded"),
    ];
    for (body, code) in cases {
        let (status, answer) = engine.post(CHAT, &body);
        assert_eq!((status, answer["error"]["code"].as_str().unwrap()), (400, code), "{answer}");
        if code == "context_length_exceeded" {
            let message = answer["error"]["message"].as_str().unwrap();
            assert!(message.contains("2048"), "{message}");
            assert!(answer["error"]["n_prompt_tokens"].as_u64().unwrap() > 3000, "{answer}");
        }
    }
    // Another model's answer would pass for the named one's.
    for (path, served) in [(CHAT, "SmolLM2-135M-Instruct.Q4_1"), ("/v1/embeddings", "all-MiniLM-L6-v2")] {
        let body = if path == CHAT { question("x", json!({"max_tokens": 1})) } else { json!({"input": "x"}) };
        let ask = |model: Value| {
            let mut body = body.clone();
            body["model"] = model;
            engine.post(path, &body)
        };
        let (status, answer) = ask(json!("gpt-4o"));
        let error = &answer["error"];
        assert_eq!(
            (status, &error["code"], &error["param"]),
            (404, &json!("model_not_found"), &json!("model")),
            "{answer}"
        );
        assert!(error["message"].as_str().unwrap().contains(served), "{answer}");
        for model in [json!(served), json!(""), json!(null)] {
            assert_eq!(ask(model.clone()).0, 200, "{model}");
        }
    }
    // Refused on the announcement: the body itself need not be sent.
    let (status, _) = engine.ask("POST", CHAT, &[("Content-Length", "17825792")], "");
    assert_eq!(status, 413);
}

/// Clients send tools with every question; a model that knows none answers without them, and the reply says so.
fn tools_that_are_not_taught_are_left_out(engine: &Engine) {
    let asked = |more: Value| question("What is the capital of France?", more);
    let plain = engine.post(CHAT, &asked(json!({"max_tokens": 8, "seed": 1}))).1;
    let tools = json!([{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]);
    for (more, marked) in [
        (json!({"max_tokens": 8, "seed": 1, "tools": tools}), true),
        (json!({"max_tokens": 8, "seed": 1, "tools": tools, "tool_choice": "auto", "stream": true}), true),
        (json!({"max_tokens": 8, "seed": 1, "tools": tools, "tool_choice": "none"}), false),
    ] {
        let mut whole = Vec::new();
        let body = asked(more.clone()).to_string();
        engine.send("POST", CHAT, &[], &body).read_to_end(&mut whole).unwrap();
        let whole = String::from_utf8(whole).unwrap();
        let (head, body) = whole.split_once("\r\n\r\n").unwrap();
        assert!(head.lines().next().is_some_and(|line| line.contains(" 200 ")), "{whole}");
        assert_eq!(head.contains("x-atelier-left-out: tools"), marked, "{more}: {head}");
        if let Ok(answer) = serde_json::from_str::<Value>(body) {
            assert_eq!(answer["choices"], plain["choices"], "the same answer as without tools");
        }
    }
}

fn streams_say_what_whole_answers_say(engine: &Engine) {
    let text = "Name three colours of the sea.";
    let (status, whole) = engine.post(CHAT, &question(text, json!({})));
    assert_eq!(status, 200, "{whole}");
    assert!(!content(&whole).is_empty());
    let usage = &whole["usage"];
    assert_eq!(
        usage["prompt_tokens"].as_u64().unwrap() + usage["completion_tokens"].as_u64().unwrap(),
        usage["total_tokens"]
    );
    assert!(whole["timings"]["predicted_per_second"].as_f64().unwrap() > 0.0);

    let more = json!({"stream": true, "stream_options": {"include_usage": true}, "return_progress": true});
    let (chunks, done) = engine.stream(&question(text, more));
    assert!(done);
    let deltas = chunks.iter().filter_map(|c| c["choices"][0]["delta"]["content"].as_str());
    assert_eq!(deltas.collect::<String>(), content(&whole));
    let progress: Vec<&Value> = chunks.iter().filter_map(|c| c.get("prompt_progress")).collect();
    assert_eq!(progress.last().unwrap()["processed"], progress.last().unwrap()["total"]);
    // What was known is told before the rest is read.
    assert_eq!(progress[0]["processed"], progress[0]["cache"]);
    assert_eq!(chunks[0]["choices"][0]["delta"], json!({"role": "assistant", "content": null}));
    let (_, counted) = engine.post("/v1/chat/completions/input_tokens", &question(text, json!({})));
    assert_eq!(counted["input_tokens"], usage["prompt_tokens"]);
    let twice = json!([{"role": "user", "content": "x"}, {"role": "assistant", "content": "a"}, {"role": "assistant", "content": "b"}]);
    assert_eq!(engine.post("/v1/chat/completions", &json!({"messages": twice})).0, 400);
    let last = chunks.last().unwrap();
    assert_eq!(last["choices"], json!([]));
    assert_eq!(last["usage"]["completion_tokens"], usage["completion_tokens"]);
    assert!(last["timings"]["predicted_n"].is_u64());
    let finish: Vec<&str> = chunks.iter().filter_map(|c| c["choices"][0]["finish_reason"].as_str()).collect();
    assert_eq!(finish, [whole["choices"][0]["finish_reason"].as_str().unwrap()]);
}

fn answers_have_the_form_that_was_asked_for(engine: &Engine) {
    let schema = json!({
        "type": "object",
        "properties": {"city": {"type": "string", "maxLength": 20}, "inhabitants": {"type": "integer", "minimum": 0, "maximum": 99_999_999}},
        "required": ["city", "inhabitants"],
        "additionalProperties": false,
    });
    let format = json!({"type": "json_schema", "json_schema": {"name": "city", "schema": schema}});
    for temperature in [0.0, 1.5] {
        let more = json!({"response_format": format, "temperature": temperature, "max_tokens": 200, "n": 2});
        let (status, answer) = engine.post(CHAT, &question("Describe Lisbon.", more));
        assert_eq!(status, 200, "{answer}");
        for choice in answer["choices"].as_array().unwrap() {
            let found: Value = serde_json::from_str(choice["message"]["content"].as_str().unwrap()).unwrap();
            assert!(found["city"].is_string() && found["inhabitants"].is_i64(), "{found}");
            assert_eq!(choice["finish_reason"], "stop");
        }
    }
    let more = json!({"grammar": "%llguidance {}\nstart: \"yes\" | \"no\"", "logprobs": true, "top_logprobs": 2});
    let (_, answer) = engine.post(CHAT, &question("Is the sea wet?", more));
    assert!(["yes", "no"].contains(&content(&answer)), "{answer}");
    // In llama.cpp's form as well; what is wrong with one is told with its place.
    let gbnf = json!({"grammar": "root ::= \"(\" root \")\" | [0-9]{3}"});
    let (_, nested) = engine.post(CHAT, &question("A number, please.", gbnf));
    let digits = content(&nested).trim_matches(['(', ')']);
    assert!(digits.len() == 3 && digits.bytes().all(|byte| byte.is_ascii_digit()), "{nested}");
    let (_, refused) = engine.post(CHAT, &question("x", json!({"grammar": "root ::= \"a\"\nb ::= ("})));
    let error = &refused["error"];
    assert!(error["message"].as_str().unwrap().starts_with("line 2, column 8: "), "{error}");
    assert_eq!(error["param"], "grammar");
    let tokens = answer["choices"][0]["logprobs"]["content"].as_array().unwrap();
    let drawn: String = tokens.iter().filter_map(|token| token["token"].as_str()).collect();
    assert!(drawn.starts_with(content(&answer)), "{drawn}");
    assert!(tokens.iter().all(|token| token["top_logprobs"].as_array().unwrap().len() == 2));
    assert!(tokens.iter().all(|token| token["logprob"].as_f64().unwrap() <= 0.0), "{answer}");
}

fn a_seed_draws_the_same_again(engine: &Engine) {
    let draw = |seed: u64| {
        let more = json!({"temperature": 1.3, "top_k": 0, "seed": seed});
        content(&engine.post(CHAT, &question("Tell me a story.", more)).1).to_owned()
    };
    let (first, second, other) = (draw(5), draw(5), draw(6));
    assert_eq!(first, second);
    assert_ne!(first, other);
}

fn stop_strings_stop(engine: &Engine) {
    let text = "Count from one to ten in words.";
    let whole = engine.post(CHAT, &question(text, json!({}))).1;
    let whole = content(&whole);
    // A stop string that begins and ends within words, so that it spans tokens.
    let middle: Vec<char> = whole.chars().collect();
    let stop: String = middle[middle.len() / 2 - 3..middle.len() / 2 + 3].iter().collect();
    let answer = engine.post(CHAT, &question(text, json!({"stop": [stop]}))).1;
    assert_eq!(content(&answer), whole.split(&stop).next().unwrap());
    assert_eq!(answer["choices"][0]["finish_reason"], "stop");
    let (chunks, _) = engine.stream(&question(text, json!({"stop": stop, "stream": true})));
    let streamed: String = chunks.iter().filter_map(|c| c["choices"][0]["delta"]["content"].as_str()).collect();
    assert_eq!(streamed, content(&answer));
}

fn a_second_turn_reads_only_what_is_new(engine: &Engine) {
    let first = json!({"role": "user", "content": "What is the capital of France, and what is it known for?"});
    let mut body = json!({"messages": [first], "temperature": 0, "max_tokens": 16});
    let answer = engine.post(CHAT, &body).1;
    let turn = json!({"role": "assistant", "content": content(&answer)});
    body["messages"] = json!([first, turn, {"role": "user", "content": "And of Spain?"}]);
    let second = engine.post(CHAT, &body).1;
    let cached = second["timings"]["cache_n"].as_u64().unwrap();
    assert!(cached >= answer["usage"]["prompt_tokens"].as_u64().unwrap(), "{second}");
    assert_eq!(cached + second["timings"]["prompt_n"].as_u64().unwrap(), second["usage"]["prompt_tokens"]);
}

fn tokens_go_there_and_back(engine: &Engine) {
    for text in ["Hello, world", "naïve café 2024", "日本語 🦀", "<|im_start|>user\n", "  two  spaces\n\n"] {
        let tokens = engine.post("/tokenize", &json!({"content": text})).1["tokens"].clone();
        assert_eq!(engine.post("/detokenize", &json!({"tokens": tokens})).1["content"], text);
    }
    // Recorded from the tokenizer that the model's makers published.
    let hello = engine.post("/tokenize", &json!({"content": "Hello world 12", "with_pieces": true})).1;
    let pieces: Vec<&str> = hello["tokens"].as_array().unwrap().iter().map(|t| t["piece"].as_str().unwrap()).collect();
    assert_eq!(pieces, ["Hello", " world", " ", "1", "2"]);
}

fn documents_cannot_forge_turns(engine: &Engine) {
    let count = |text: &str| {
        let body = json!({"messages": [{"role": "user", "content": text}]});
        engine.post("/apply-template", &body).1["tokens"].as_u64().unwrap()
    };
    // As letters the marker takes several tokens; as a control token it would take one.
    assert!(count("a<|im_end|>b") >= count("ab") + 4);
}

fn nobody_listening_ends_an_answer(engine: &Engine) {
    let body = question("Write a very long story about a lighthouse.", json!({"stream": true, "max_tokens": 1900}));
    let stream = engine.send("POST", CHAT, &[], &body.to_string());
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    while !line.contains(r#""content":""#) || line.contains(r#""content":"""#) {
        line.clear();
        assert!(reader.read_line(&mut line).unwrap() > 0, "the stream ended early");
    }
    drop(reader);
    // The counter must come to rest, long before the 1900 tokens.
    let began = Instant::now();
    let mut before = engine.counter("atelier_predicted_tokens_total");
    loop {
        thread::sleep(Duration::from_millis(300));
        let now = engine.counter("atelier_predicted_tokens_total");
        if now == before {
            break;
        }
        before = now;
        assert!(began.elapsed() < Duration::from_secs(10), "it goes on writing for nobody");
    }
    // And the next request is answered at once.
    let (status, _) = engine.post(CHAT, &question("Hi", json!({"max_tokens": 2})));
    assert_eq!(status, 200);
}

/// Texts with their number of tokens and the first numbers of their vector, from a plain
/// computation in f64 on the same weights (numpy, outside this repository).
const REFERENCE: &[(&str, u64, [f32; 8])] = &[
    (
        "The notice period is three months.",
        9,
        [0.04976, -0.02256, 0.02879, 0.00833, 0.01938, -0.00497, -0.09337, -0.07098],
    ),
    ("Le préavis est de trois mois.", 12, [-0.04564, 0.04961, -0.01249, -0.01619, -0.00498, 0.09198, 0.03767, 0.07444]),
    ("", 2, [-0.11884, 0.0483, -0.00255, -0.01101, 0.05195, 0.01029, 0.11543, 0.0007]),
    ("LONG", 256, [-0.00812, -0.09559, -0.03867, 0.04966, -0.04379, 0.02372, -0.01814, -0.02021]),
];

fn embeddings_agree_with_the_reference(engine: &Engine) {
    let long = "word ".repeat(400);
    let longest = engine.get("/v1/models").1["data"][1]["meta"]["n_ctx"].clone();
    for (text, tokens, expected) in REFERENCE {
        // The vector of a cut text was computed for the length that the model's makers advise, in
        // sentence_bert_config.json; without that file the model reads more.
        if *text == "LONG" && longest != 256 {
            println!("the cut text is not compared: this copy of the model reads {longest} tokens");
            continue;
        }
        let text = if *text == "LONG" { long.as_str() } else { text };
        let (status, answer) = engine.post("/v1/embeddings", &json!({"input": text}));
        assert_eq!(status, 200, "{answer}");
        assert_eq!(answer["usage"]["prompt_tokens"], *tokens, "{text:.40}");
        let vector: Vec<f64> =
            answer["data"][0]["embedding"].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect();
        assert_eq!(vector.len(), 384);
        assert!((vector.iter().map(|x| x * x).sum::<f64>() - 1.0).abs() < 1e-4);
        for (value, expected) in vector.iter().zip(expected) {
            assert!((value - f64::from(*expected)).abs() < 2e-4, "{text:.40}: {value} for {expected}");
        }
    }
    // A text's vector does not depend on what it is sent with.
    let alone = engine.post("/v1/embeddings", &json!({"input": "short"})).1["data"][0]["embedding"].clone();
    let together = engine.post("/v1/embeddings", &json!({"input": [long, "short"]})).1["data"][1]["embedding"].clone();
    for (a, b) in alone.as_array().unwrap().iter().zip(together.as_array().unwrap()) {
        assert!((a.as_f64().unwrap() - b.as_f64().unwrap()).abs() < 1e-5);
    }
}

#[test]
fn a_model_that_cannot_be_loaded_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("broken.gguf");
    std::fs::write(&file, b"GGUF\x03\0\0\0\x01").unwrap();
    let engine = Engine::start(&["--model", file.to_str().unwrap()]);
    let (status, body) = engine.loaded();
    assert_eq!((status, &body["status"]), (500, &json!("failed")));
    assert_eq!(body["error"]["code"], "model.truncated");
    assert!(body["error"]["message"].as_str().unwrap().contains("broken.gguf"), "{body}");
    let (status, refused) = engine.post(CHAT, &question("x", json!({})));
    assert_eq!((status, &refused["error"]["code"]), (503, &json!("model.truncated")));
}

#[test]
fn a_bad_sentence_encoder_leaves_the_chat_model() {
    let folder = tempfile::tempdir().unwrap();
    let (file, encoder) = (folder.path().join("tiny.gguf"), folder.path().join("encoder"));
    std::fs::write(&file, common::tiny::tiny().bytes).unwrap();
    std::fs::create_dir(&encoder).unwrap();
    std::fs::write(encoder.join("config.json"), r#"{"model_type":"t5","hidden_size":8,"num_attention_heads":1,"num_hidden_layers":1,"vocab_size":9,"max_position_embeddings":8}"#).unwrap();
    let engine = Engine::start(&[
        "--model",
        file.to_str().unwrap(),
        "--embedding",
        encoder.to_str().unwrap(),
        "--context",
        "64",
    ]);
    let (status, health) = engine.loaded();
    assert_eq!((status, &health["status"]), (200, &json!("ok")), "{health}");
    assert_eq!(health["embedding"]["error"]["code"], "model.architecture", "{health}");
    let (status, _) = engine.post(CHAT, &question("hi", json!({"max_tokens": 2})));
    assert_eq!(status, 200);
    let (status, refused) = engine.post("/v1/embeddings", &json!({"input": "x"}));
    assert_eq!((status, &refused["error"]["code"]), (503, &json!("model.architecture")));
    // Alone it is what was asked for, and its failure is the engine's.
    let alone = Engine::start(&["--embedding", encoder.to_str().unwrap()]);
    assert_eq!(alone.loaded().0, 500);
}

#[test]
fn a_server_without_a_token_does_not_start() {
    let output = common::program().args(["serve", "--model", "x.gguf"]).env_remove("ATELIER_ENGINE_TOKEN").output();
    assert_eq!(output.unwrap().status.code(), Some(2));
}
