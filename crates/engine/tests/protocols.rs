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
    // What is read again from the cache is not counted as another prompt.
    for counted in ["prompt_tokens", "completion_tokens", "total_tokens"] {
        assert_eq!(chunks.last().unwrap()["usage"][counted], plain["usage"][counted], "{counted}");
    }

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
        json!({"prompt": "x", "best_of": 2}),
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
    // What is no request of this protocol is told in its form as well.
    let other = |method: &str, path: &str| {
        let (status, text) = engine.ask(method, path, &[("x-api-key", TOKEN)], "{}");
        (status, serde_json::from_str::<Value>(&text).unwrap())
    };
    for (found, status, kind) in [
        (ask(&body, "wrong"), 401, "authentication_error"),
        (without("max_tokens", json!(null)), 400, "invalid_request_error"),
        (without("model", json!("claude-x")), 404, "not_found_error"),
        (without("container", json!("x")), 400, "invalid_request_error"),
        (without("messages", json!([])), 400, "invalid_request_error"),
        (other("POST", "/v1/messages/batches"), 404, "not_found_error"),
        (other("GET", path), 405, "invalid_request_error"),
    ] {
        assert_eq!(found.0, status, "{}", found.1);
        assert_eq!(found.1["error"]["type"], kind, "{}", found.1);
        assert_eq!(found.1["type"], "error");
    }
}

#[test]
fn clients_of_openais_responses_are_answered() {
    let Some(engine) = engine() else { return };
    let path = "/v1/responses";
    let body = json!({
        "model": "SmolLM2-135M-Instruct.Q4_1",
        "instructions": "You count.",
        "input": [{"role": "user", "content": [{"type": "input_text", "text": "Count from one to ten in words."}]}],
        "max_output_tokens": 40,
        "temperature": 0,
    });
    let with = |more: Value| {
        let mut body = body.clone();
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let (status, whole) = engine.post(path, &body);
    assert_eq!(status, 200, "{whole}");
    let text = |whole: &Value| whole["output"][0]["content"][0]["text"].as_str().unwrap().to_owned();
    assert!(!text(&whole).is_empty() && whole["object"] == "response" && whole["output"][0]["role"] == "assistant");
    let usage = &whole["usage"];
    let count = |of: &str| usage[of].as_u64().unwrap();
    assert_eq!(count("total_tokens"), count("input_tokens") + count("output_tokens"));
    let (_, counted) = engine.post("/v1/responses/input_tokens", &body);
    assert_eq!(counted["input_tokens"].as_u64().unwrap(), count("input_tokens"));
    // The same conversation in the older form is the same prompt and the same answer.
    let said = json!([{"role": "system", "content": "You count."},
                      {"role": "user", "content": "Count from one to ten in words."}]);
    let (_, chat) = engine.post("/v1/chat/completions", &json!({"messages": said, "max_tokens": 40, "temperature": 0}));
    assert_eq!(chat["choices"][0]["message"]["content"].as_str().unwrap(), text(&whole));
    assert_eq!(chat["usage"]["prompt_tokens"], usage["input_tokens"]);

    let told = events(&engine, path, &with(json!({"stream": true, "top_logprobs": 2})));
    let kinds: Vec<&str> = told.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(kinds[..2], ["response.created", "response.in_progress"]);
    assert_eq!(kinds[2..4], ["response.output_item.added", "response.content_part.added"]);
    let last = told.last().unwrap();
    let state = last["type"].as_str().unwrap().strip_prefix("response.").unwrap();
    assert_eq!(last["response"]["status"], state);
    let joined: String = told.iter().filter_map(|event| event["delta"].as_str()).collect();
    assert_eq!((joined, text(&last["response"])), (text(&whole), text(&whole)));
    let likely = last["response"]["output"][0]["content"][0]["logprobs"].as_array().unwrap();
    assert!(likely.len() > 5 && likely.iter().all(|token| token["top_logprobs"].as_array().unwrap().len() == 2));

    let (_, cut) = engine.post(path, &with(json!({"max_output_tokens": 3})));
    assert_eq!(
        (&cut["status"], &cut["incomplete_details"]["reason"]),
        (&json!("incomplete"), &json!("max_output_tokens"))
    );
    let schema = json!({"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"],
                        "additionalProperties": false});
    let format = json!({"format": {"type": "json_schema", "name": "x", "schema": schema, "strict": true}});
    let (_, formed) = engine.post(path, &with(json!({"text": format, "max_output_tokens": 60})));
    let formed: Value = serde_json::from_str(&text(&formed)).unwrap();
    assert!(formed["n"].is_i64(), "{formed}");

    for (more, param) in [
        (json!({"previous_response_id": "resp_1"}), json!("previous_response_id")),
        (json!({"background": true}), json!("background")),
        (json!({"truncation": "auto"}), json!("truncation")),
        (json!({"tools": [{"type": "web_search"}]}), json!("tools")),
        (json!({"include": ["file_search_call.results"]}), json!("include")),
        (json!({"input": [{"type": "item_reference", "id": "x"}]}), json!("input")),
        (json!({"max_output_tokens": 0}), json!("max_output_tokens")),
        (json!({"personality": "pirate"}), json!("personality")),
    ] {
        let (status, answer) = engine.post(path, &with(more));
        assert_eq!((status, &answer["error"]["param"]), (400, &param), "{answer}");
    }
    let (status, gone) = engine.get("/v1/responses/resp_1");
    assert_eq!((status, &gone["error"]["code"]), (404, &json!("response_not_kept")));
}

#[test]
fn llama_servers_clients_are_answered() {
    let Some(engine) = engine() else { return };
    let ask = |more: Value| {
        let mut body = json!({"prompt": "The capital of France is", "temperature": 0, "n_predict": 8});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        engine.post("/completion", &body)
    };
    let (status, plain) = ask(json!({"return_tokens": true, "cache_prompt": false, "id_slot": -1}));
    assert_eq!(status, 200, "{plain}");
    let text = plain["content"].as_str().unwrap();
    assert!(text.contains("Paris"), "{plain}");
    assert_eq!(
        (&plain["stop"], &plain["stop_type"], &plain["truncated"]),
        (&json!(true), &json!("limit"), &json!(false))
    );
    assert_eq!((&plain["tokens_predicted"], &plain["timings"]["predicted_n"]), (&json!(8), &json!(8)));
    assert_eq!(plain["generation_settings"]["n_predict"], 8);
    assert!(plain["has_new_line"].is_boolean() && plain["prompt"].as_str().unwrap().ends_with("France is"));
    let (_, spelled) = engine.post("/detokenize", &json!({"tokens": plain["tokens"]}));
    assert_eq!(spelled["content"].as_str().unwrap(), text);

    let mut streamed = json!({"prompt": "The capital of France is", "temperature": 0, "n_predict": 8});
    streamed["stream"] = json!(true);
    streamed["n_probs"] = json!(3);
    streamed["return_progress"] = json!(true);
    let chunks = events(&engine, "/completion", &streamed);
    let joined: String = chunks.iter().filter_map(|chunk| chunk["content"].as_str()).collect();
    assert_eq!(joined, text);
    let tokens: Vec<&Value> = chunks.iter().flat_map(|chunk| chunk["tokens"].as_array().unwrap()).collect();
    assert_eq!(tokens, plain["tokens"].as_array().unwrap().iter().collect::<Vec<_>>());
    let probabilities = || chunks.iter().filter_map(|chunk| chunk["completion_probabilities"].as_array()).flatten();
    assert_eq!(probabilities().count(), 8);
    for token in probabilities() {
        assert!(token["id"].is_u64() && token["logprob"].as_f64().unwrap() <= 0.0, "{token}");
        assert_eq!(token["top_logprobs"].as_array().unwrap().len(), 3);
    }
    assert!(chunks.iter().any(|chunk| chunk["prompt_progress"]["total"].is_u64()));
    assert!(chunks.iter().all(|chunk| chunk["stop"].is_boolean()));
    assert_eq!(
        (&chunks.last().unwrap()["stop"], &chunks.last().unwrap()["stop_type"]),
        (&json!(true), &json!("limit"))
    );

    let (_, stopped) = ask(json!({"stop": ["Paris"]}));
    assert_eq!((&stopped["stop_type"], &stopped["stopping_word"]), (&json!("word"), &json!("Paris")));
    let (_, tokens) = engine.post("/tokenize", &json!({"content": "The capital of France is", "add_special": true}));
    let mixed = json!([tokens["tokens"][0], " capital of", " France is"]);
    let (_, several) = ask(json!({"prompt": [tokens["tokens"], "The capital of France is", mixed]}));
    assert_eq!(several[0]["content"], several[1]["content"]);
    assert_eq!((several.as_array().unwrap().len(), several[2]["index"].as_u64()), (3, Some(2)));
    let fields = json!(["content", "generation_settings/n_predict", "nothing"]);
    let (_, some) = ask(json!({"response_fields": fields}));
    assert_eq!(some, json!({"content": text, "generation_settings/n_predict": 8}));
    let (_, formed) = ask(json!({"grammar": "root ::= \" \" [A-Z] [a-z]{3} \".\"", "n_predict": 20}));
    assert_eq!((formed["content"].as_str().unwrap().len(), &formed["stop_type"]), (6, &json!("eos")), "{formed}");
    let (_, formed) = ask(json!({"json_schema": {"enum": ["Rome", "Paris"]}, "n_predict": 20}));
    assert_eq!(formed["content"].as_str().unwrap().trim(), "\"Paris\"");
    let (_, read) = ask(json!({"n_predict": 0}));
    assert_eq!((&read["content"], &read["tokens_predicted"]), (&json!(""), &json!(0)));

    // A token that may not be drawn is not; what was said is not said again; an answer that may not end does not.
    let paris = engine.post("/tokenize", &json!({"content": " Paris"})).1["tokens"][0].clone();
    for bias in [json!([[paris, false]]), json!({paris.to_string(): -100}), json!([[" Paris", -100]])] {
        let (_, other) = ask(json!({"logit_bias": bias}));
        assert!(!other["content"].as_str().unwrap().contains("Paris"), "{other}");
    }
    let (_, again) = ask(json!({"prompt": "a a a a a a a a", "n_predict": 24}));
    let (_, never) =
        ask(json!({"prompt": "a a a a a a a a", "n_predict": 24, "presence_penalty": 2, "frequency_penalty": 2}));
    let kinds = |answer: &Value| {
        let words = answer["content"].as_str().unwrap().split_whitespace().map(str::to_owned);
        words.collect::<std::collections::BTreeSet<_>>().len()
    };
    assert!(kinds(&never) > kinds(&again) + 3, "{again}\n{never}");
    let (_, endless) =
        ask(json!({"prompt": "<|im_start|>assistant\nYes.<|im_end|>", "ignore_eos": true, "n_predict": 30}));
    assert_eq!(endless["tokens_predicted"], 30);

    for wrong in [
        json!({"prompt": []}),
        json!({"prompt": {"prompt_string": "x", "multimodal_data": ["aGk="]}}),
        json!({"n_probs": 99}),
        json!({"post_sampling_probs": true}),
        json!({"samplers": ["top_k"]}),
        json!({"prompt": "word ".repeat(3000)}),
        json!({"logit_bias": {"99999999": 1}}),
        json!({"repeat_penalty": 0}),
    ] {
        let (status, answer) = ask(wrong.clone());
        assert_eq!(
            (status, answer["error"]["type"].as_str().unwrap()),
            (400, "invalid_request_error"),
            "{wrong}: {answer}"
        );
    }

    let (_, props) = engine.get("/props");
    assert_eq!(props["default_generation_settings"]["n_ctx"], 1024);
    assert_eq!(props["default_generation_settings"]["params"]["top_k"], 40);
    assert!(props["model_path"].as_str().unwrap().ends_with(".gguf") && !props.to_string().contains(".local/share"));
    // The count follows the end of an answer by a moment.
    let rests = |slots: &Value| slots.as_array().unwrap().iter().all(|slot| slot["is_processing"] == false);
    let mut slots = engine.get("/slots").1;
    for _ in 0..100 {
        if rests(&slots) {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
        slots = engine.get("/slots").1;
    }
    assert_eq!(slots.as_array().unwrap().len() as u64, props["total_slots"].as_u64().unwrap());
    assert!(rests(&slots) && slots[0]["n_ctx"] == 1024, "{slots}");
    for query in ["fail_on_no_slot=1", "fail_on_no_slot=x", "%"] {
        assert_eq!(engine.get(&format!("/slots?{query}")).0, 200, "{query}");
    }
    for (path, body) in
        [("/detokenize", json!({"tokens": [1, 99_999_999]})), ("/tokenize", json!({"content": ["x", 99_999_999]}))]
    {
        assert_eq!(engine.post(path, &body).1["error"]["param"], "tokens", "{path}");
    }
    // The bytes of what is no character of its own.
    let (_, pieces) = engine.post("/tokenize", &json!({"content": "\u{10348}", "with_pieces": true}));
    let bytes: Vec<u8> = pieces["tokens"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|token| match &token["piece"] {
            Value::String(text) => text.as_bytes().to_vec(),
            list => list.as_array().unwrap().iter().map(|byte| byte.as_u64().unwrap() as u8).collect(),
        })
        .collect();
    assert_eq!(bytes, "\u{10348}".as_bytes());
    let (_, own) = engine.post("/embedding", &json!({"content": ["sea", "lake"]}));
    let (_, theirs) = engine.post("/v1/embeddings", &json!({"input": ["sea", "lake"]}));
    assert_eq!(own[1]["embedding"][0], theirs["data"][1]["embedding"]);
    let parts = json!({"content": [{"type": "text", "text": "la"}, {"type": "text", "text": "ke"}]});
    let tokens = json!([101, 2712, 102]);
    let (_, mixed) = engine.post("/v1/embeddings", &json!({"input": [tokens, {"prompt_string": "lake"}, parts]}));
    for (at, same) in [(0, 0), (1, 1), (2, 1)] {
        assert_eq!(mixed["data"][at]["embedding"], theirs["data"][same]["embedding"], "{at}");
    }
    for wrong in [json!([]), json!({"content": "x"}), json!([{"content": [{"type": "image_url", "image_url": {}}]}])] {
        assert_eq!(engine.post("/v1/embeddings", &json!({"input": wrong})).0, 400, "{wrong}");
    }
    for (path, same) in [("/models", "/v1/models"), ("/v1/health", "/health")] {
        assert_eq!(engine.get(path), engine.get(same));
    }
}
