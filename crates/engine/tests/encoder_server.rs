//! What the server answers on `/v1/embeddings` and `/v1/rerank`, with small random models.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;
#[path = "encoder/model.rs"]
#[allow(dead_code, reason = "each test file uses a part")]
mod model;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use candle_core::DType;
use common::Engine;
use model::{Family, WIDTH};
use serde_json::{Value, json};
use std::{
    fs,
    io::Read,
    path::Path,
    time::{Duration, Instant},
};

const EMBED: &str = "/v1/embeddings";
const RANK: &str = "/v1/rerank";

/// An encoder that was trained to be cut and has prompts, and a reranker.
fn models(folder: &Path) -> (String, String) {
    let (encoder, reranker) = (folder.join("tiny-e5"), folder.join("tiny-ranker"));
    model::write(&encoder, Family::Bert, &model::tensors(Family::Bert, "", 1), DType::F32);
    let mut config = model::config(Family::Bert);
    config["matryoshka_dimensions"] = json!([16, 32]);
    fs::write(encoder.join("config.json"), config.to_string()).unwrap();
    let prompts = json!({"prompts": {"query": "lease ", "document": ""}, "default_prompt_name": null});
    fs::write(encoder.join("config_sentence_transformers.json"), prompts.to_string()).unwrap();
    let tensors = model::tensors(Family::XlmRoberta, "roberta.", 2);
    model::write(&reranker, Family::XlmRoberta, &tensors, DType::F32);
    (encoder.to_str().unwrap().to_owned(), reranker.to_str().unwrap().to_owned())
}

fn vector(answer: &Value, at: usize) -> Vec<f32> {
    serde_json::from_value(answer["data"][at]["embedding"].clone()).unwrap()
}

#[test]
fn vectors_and_ranks_are_served() {
    let folder = tempfile::tempdir().unwrap();
    let (encoder, reranker) = models(folder.path());
    let engine = Engine::start(&["--embedding", &encoder, "--reranker", &reranker, "--threads", "2"]);
    assert_eq!(engine.loaded().0, 200);
    let list = engine.get("/v1/models").1;
    let kinds: Vec<&str> =
        list["data"].as_array().unwrap().iter().map(|m| m["meta"]["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["embedding", "reranker"]);
    assert_eq!(list["data"][1]["meta"]["architecture"], "xlm-roberta");
    tokens_are_taken_as_they_are(&engine);
    vectors_are_cut_where_the_model_allows_it(&engine);
    prompts_go_before_the_text(&engine);
    documents_come_in_their_order(&engine);
    wrong_requests_are_refused(&engine);
    let counted = engine.counter("atelier_embedding_tokens_total");
    let used = engine.post(EMBED, &json!({"input": "rent"})).1["usage"]["total_tokens"].as_u64().unwrap();
    assert_eq!(engine.counter("atelier_embedding_tokens_total"), counted + used);
}

fn tokens_are_taken_as_they_are(engine: &Engine) {
    // [CLS] lease rent [SEP]
    let text = engine.post(EMBED, &json!({"input": "lease rent"})).1;
    assert_eq!(text["usage"], json!({"prompt_tokens": 4, "total_tokens": 4}));
    for input in [json!([2, 4, 5, 3]), json!([[2, 4, 5, 3]]), json!(["lease rent"])] {
        let answer = engine.post(EMBED, &json!({"input": input})).1;
        assert_eq!((vector(&answer, 0), &answer["usage"]), (vector(&text, 0), &text["usage"]), "{input}");
    }
    let coded = engine.post(EMBED, &json!({"input": ["rent", "lease rent"], "encoding_format": "base64"})).1;
    let bytes = BASE64_STANDARD.decode(coded["data"][1]["embedding"].as_str().unwrap()).unwrap();
    let floats: Vec<f32> = bytes.as_chunks::<4>().0.iter().map(|four| f32::from_le_bytes(*four)).collect();
    assert_eq!(floats, vector(&text, 0));
}

fn vectors_are_cut_where_the_model_allows_it(engine: &Engine) {
    let ask = |n: usize| engine.post(EMBED, &json!({"input": "three months", "dimensions": n}));
    let whole = vector(&ask(WIDTH).1, 0);
    let cut = vector(&ask(16).1, 0);
    assert_eq!((whole.len(), cut.len()), (WIDTH, 16));
    let length = whole[..16].iter().map(|x| x * x).sum::<f32>().sqrt();
    assert!(cut.iter().zip(&whole).all(|(cut, whole)| (cut - whole / length).abs() < 1e-6));
    let (status, refused) = ask(17);
    assert_eq!((status, &refused["error"]["param"]), (400, &json!("dimensions")), "{refused}");
}

fn prompts_go_before_the_text(engine: &Engine) {
    let ask = |body: Value| engine.post(EMBED, &body).1;
    let written = vector(&ask(json!({"input": "lease rent"})), 0);
    let plain = vector(&ask(json!({"input": "rent"})), 0);
    assert_ne!(written, plain);
    for (more, expected) in [
        (json!({"input_type": "query"}), &written),
        (json!({"input_type": "search_query"}), &written),
        (json!({"prompt_name": "query"}), &written),
        (json!({"input_type": "document"}), &plain),
        (json!({"input_type": "passage"}), &plain),
    ] {
        let mut body = json!({"input": "rent"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        assert_eq!(vector(&ask(body), 0), *expected, "{more}");
    }
}

fn documents_come_in_their_order(engine: &Engine) {
    let documents = json!(["rent", {"text": "notice period three months"}, "", "bail préavis"]);
    let body = json!({"model": "tiny-ranker", "query": "notice", "documents": documents, "return_documents": true});
    let (status, answer) = engine.post(RANK, &body);
    assert_eq!(status, 200, "{answer}");
    let results = answer["results"].as_array().unwrap();
    let scores: Vec<f64> = results.iter().map(|r| r["relevance_score"].as_f64().unwrap()).collect();
    assert!(scores.is_sorted_by(|a, b| a >= b) && scores.iter().all(|s| (0.0..=1.0).contains(s)), "{answer}");
    assert_eq!(results.len(), 4);
    for result in results {
        let sent = &documents[result["index"].as_u64().unwrap() as usize];
        assert_eq!(&result["document"]["text"], sent.get("text").unwrap_or(sent));
    }
    assert!(answer["usage"]["total_tokens"].as_u64().unwrap() > 16, "{answer}");
    // In the form of Text Embeddings Inference, the bare list.
    let bare = engine.post("/rerank", &json!({"query": "notice", "texts": documents})).1;
    let bare: Vec<(u64, f64)> = serde_json::from_value::<Vec<Value>>(bare)
        .unwrap()
        .iter()
        .map(|one| (one["index"].as_u64().unwrap(), one["score"].as_f64().unwrap()))
        .collect();
    let named = results.iter().map(|one| (one["index"].as_u64().unwrap(), one["relevance_score"].as_f64().unwrap()));
    assert!(bare.iter().copied().eq(named), "{bare:?}");
    // The same scores alone, as logits, and no more of them than asked for.
    let raw = json!({"query": "notice", "documents": documents, "raw_scores": true, "top_n": 2});
    let raw = engine.post(RANK, &raw).1;
    assert_eq!(raw["results"].as_array().unwrap().len(), 2);
    for (result, raw) in results.iter().zip(raw["results"].as_array().unwrap()) {
        assert_eq!(result["index"], raw["index"]);
        let sigmoid = 1.0 / (1.0 + (-raw["relevance_score"].as_f64().unwrap()).exp());
        assert!((sigmoid - result["relevance_score"].as_f64().unwrap()).abs() < 1e-9);
        assert!(raw.get("document").is_none());
    }
}

fn wrong_requests_are_refused(engine: &Engine) {
    let many = vec!["x"; 2049];
    for (path, body, status, code) in [
        (EMBED, json!({}), 400, "invalid_json"),
        (EMBED, json!({"input": []}), 400, "invalid_request"),
        (EMBED, json!({"input": many}), 400, "invalid_request"),
        (EMBED, json!({"input": [[]]}), 400, "invalid_request"),
        (EMBED, json!({"input": [64]}), 400, "invalid_request"),
        (EMBED, json!({"input": [-1]}), 400, "invalid_json"),
        (EMBED, json!({"input": vec![5; 71]}), 400, "context_length_exceeded"),
        (EMBED, json!({"input": "x", "prompt_name": "nothing"}), 400, "invalid_request"),
        (EMBED, json!({"input": "x", "prompt_name": "query", "input_type": "query"}), 400, "invalid_request"),
        (EMBED, json!({"input": [4], "input_type": "query"}), 400, "invalid_request"),
        (EMBED, json!({"input": "x", "input_type": "clustering"}), 400, "invalid_request"),
        (EMBED, json!({"input": "x", "model": "other"}), 404, "model_not_found"),
        (RANK, json!({"query": "x"}), 400, "invalid_request"),
        (EMBED, json!({"input": "rent ".repeat(80)}), 400, "context_length_exceeded"),
        ("/embedding", json!({"content": "rent ".repeat(80)}), 400, "context_length_exceeded"),
        (RANK, json!({"query": "x", "documents": []}), 400, "invalid_request"),
        (RANK, json!({"query": "x", "documents": many}), 400, "invalid_request"),
        (RANK, json!({"query": " ", "documents": ["x"]}), 400, "invalid_request"),
        (RANK, json!({"query": "x", "documents": ["x"], "top_n": 0}), 400, "invalid_request"),
        (RANK, json!({"query": "x", "documents": [{"title": "x"}]}), 400, "invalid_json"),
        (RANK, json!({"query": "x", "documents": ["x"], "model": "tiny-e5"}), 404, "model_not_found"),
    ] {
        let (got, answer) = engine.post(path, &body);
        assert_eq!((got, answer["error"]["code"].as_str().unwrap()), (status, code), "{answer}");
        assert!(answer["error"]["message"].is_string() && answer["error"]["type"].is_string(), "{answer}");
    }
}

#[test]
fn a_full_queue_says_so_and_clients_that_left_cost_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (encoder, reranker) = models(folder.path());
    let engine = Engine::start(&["--embedding", &encoder, "--threads", "1"]);
    assert_eq!(engine.loaded().0, 200);
    let (status, refused) = engine.post(RANK, &json!({"query": "x", "documents": ["x"]}));
    assert_eq!((status, &refused["error"]["code"]), (404, &json!("model_not_loaded")));
    drop(reranker);

    let long = json!({"input": vec!["rent ".repeat(80); 2048], "truncate": true}).to_string();
    let began = Instant::now();
    assert_eq!(engine.ask("POST", EMBED, &[], &long).0, 200);
    let one = began.elapsed();
    // One is computed and 32 wait; the others are told.
    let streams: Vec<_> = (0..48).map(|_| engine.send("POST", EMBED, &[], &long)).collect();
    let busy = streams.iter().filter(|stream| {
        let mut start = [0; 16];
        let mut stream: &std::net::TcpStream = stream;
        stream.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
        let read = stream.read(&mut start).unwrap_or(0);
        String::from_utf8_lossy(&start[..read]).contains(" 429")
    });
    assert!(busy.count() > 0, "48 requests at once, and none was told to wait");
    drop(streams);
    let began = Instant::now();
    let status = loop {
        let (status, _) = engine.post(EMBED, &json!({"input": "rent"}));
        if status != 429 {
            break status;
        }
    };
    assert_eq!(status, 200);
    let waited = began.elapsed();
    assert!(waited < one * 10 + Duration::from_secs(1), "{waited:?} after {one:?} each: it worked for nobody");
}

#[test]
fn a_bad_reranker_leaves_the_encoder() {
    let folder = tempfile::tempdir().unwrap();
    let (encoder, _) = models(folder.path());
    let engine = Engine::start(&["--embedding", &encoder, "--reranker", "/nowhere"]);
    let (status, health) = engine.loaded();
    assert_eq!((status, &health["reranker"]["error"]["code"]), (200, &json!("model.unreadable")), "{health}");
    assert_eq!(engine.post(EMBED, &json!({"input": "rent"})).0, 200);
    let (status, refused) = engine.post(RANK, &json!({"query": "x", "documents": ["x"]}));
    assert_eq!((status, &refused["error"]["code"]), (503, &json!("model.unreadable")));
}
