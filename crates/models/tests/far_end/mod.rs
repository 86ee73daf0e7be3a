//! A scripted OpenAI-compatible far end over a real socket, shared by the tests and the scripted
//! engine. What it answers depends on the words of the last message, so that one server can
//! behave and misbehave.

#![allow(dead_code)] // each test uses its part

use serde_json::{Value, json};
use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::sleep,
};

/// A request as it arrived.
#[derive(Clone, Debug)]
pub struct Request {
    pub path: String,
    pub head: String,
    pub body: Value,
}

#[derive(Clone, Default)]
pub struct Seen {
    pub requests: Arc<Mutex<Vec<Request>>>,
    /// Connections that the other side closed before the end.
    pub left: Arc<Mutex<usize>>,
}

pub struct FarEnd {
    pub addr: SocketAddr,
    pub seen: Seen,
    _task: JoinSet<()>,
}

impl FarEnd {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (addr, seen) = (listener.local_addr().unwrap(), Seen::default());
        let mut task = JoinSet::new();
        task.spawn(accept(listener, seen.clone()));
        Self { addr, seen, _task: task }
    }

    pub fn requests(&self) -> Vec<Request> {
        self.seen.requests.lock().unwrap().clone()
    }

    pub fn left(&self) -> usize {
        *self.seen.left.lock().unwrap()
    }
}

pub async fn accept(listener: TcpListener, seen: Seen) {
    let mut open = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        open.spawn(serve(stream, seen.clone()));
    }
}

/// Reads one request with its body.
pub async fn read(stream: &mut TcpStream) -> Option<Request> {
    let (mut bytes, mut buffer) = (Vec::new(), vec![0; 65536]);
    loop {
        let read = stream.read(&mut buffer).await.ok()?;
        if read == 0 {
            return None;
        }
        bytes.extend_from_slice(&buffer[..read]);
        let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&bytes[..at]).to_lowercase();
        let length =
            head.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse().ok()).unwrap_or(0);
        if bytes.len() < at + 4 + length {
            continue;
        }
        let path = head.split_whitespace().nth(1)?.to_owned();
        let body = serde_json::from_slice(&bytes[at + 4..]).unwrap_or(Value::Null);
        return Some(Request { path, head, body });
    }
}

pub async fn reply(stream: &mut TcpStream, status: u16, body: &Value) {
    let body = body.to_string();
    let head = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
}

async fn serve(mut stream: TcpStream, seen: Seen) {
    let Some(request) = read(&mut stream).await else { return };
    seen.requests.lock().unwrap().push(request.clone());
    answer(&mut stream, &request, &seen).await;
}

/// Answers one request.
pub async fn answer(stream: &mut TcpStream, request: &Request, seen: &Seen) {
    match request.path.rsplit('/').next().unwrap_or_default() {
        "completions" => chat(stream, request, seen).await,
        "embeddings" => {
            let texts = request.body["input"].as_array().cloned().unwrap_or_default();
            // In reverse, since only the index says which is which.
            let data: Vec<_> = texts
                .iter()
                .enumerate()
                .rev()
                .map(|(index, text)| json!({ "index": index, "embedding": [text.as_str().unwrap().len() as f32, 0.5, -1.0] }))
                .collect();
            reply(stream, 200, &json!({ "data": data })).await;
        }
        "apply-template" => {
            let text = request.body["messages"][0]["content"].as_str().unwrap_or_default();
            reply(stream, 200, &json!({ "prompt": text, "tokens": text.split_whitespace().count() })).await;
        }
        _ => reply(stream, 404, &json!({ "error": { "message": "no such path" } })).await,
    }
}

fn event(text: &str) -> String {
    format!("data: {}\n\n", json!({ "choices": [{ "index": 0, "delta": { "content": text } }] }))
}

const STOP: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
const END: &str = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":2}}\n\ndata: [DONE]\n\n";

async fn chat(stream: &mut TcpStream, request: &Request, seen: &Seen) {
    let words = request.body["messages"].as_array().and_then(|all| all.last()).map(|last| last["content"].clone());
    let words = words.as_ref().and_then(Value::as_str).unwrap_or_default();
    match words {
        "401" => return reply(stream, 401, &json!({ "error": { "message": "wrong key" } })).await,
        "500" => return reply(stream, 500, &json!({ "detail": "out of luck" })).await,
        _ => {}
    }
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
    let _ = stream.write_all(head.as_bytes()).await;
    let whole = match words {
        "early close" => event("one"),
        "mid error" => {
            format!("{}data: {{\"error\":{{\"message\":\"out of memory\",\"code\":500}}}}\n\n", event("one"))
        }
        "garbage" => "data: <html>\n\n".to_owned(),
        "crlf" => format!(": ping\r\n\r\n{}", [&event("é😀"), STOP, END].concat().replace('\n', "\r\n")),
        _ => [&event("Hello "), &event("world"), STOP, END].concat(),
    };
    match words {
        "endless" => loop {
            if stream.write_all(event("x").as_bytes()).await.is_err() {
                *seen.left.lock().unwrap() += 1;
                return;
            }
            sleep(Duration::from_millis(5)).await;
        },
        "silent" => {
            let mut byte = [0];
            let _ = stream.read(&mut byte).await;
            *seen.left.lock().unwrap() += 1;
        }
        // Signs of life, and nothing else.
        "hang" => {
            while stream.write_all(b": ping\n\n").await.is_ok() {
                sleep(Duration::from_millis(20)).await;
            }
            *seen.left.lock().unwrap() += 1;
        }
        "crash" => std::process::abort(),
        "slow" => {
            for piece in [event("a"), event("b"), STOP.into(), END.into()] {
                sleep(Duration::from_millis(150)).await;
                let _ = stream.write_all(piece.as_bytes()).await;
            }
        }
        // Byte by byte: every border there is.
        "crlf" => {
            for byte in whole.as_bytes() {
                let _ = stream.write_all(&[*byte]).await;
                let _ = stream.flush().await;
                tokio::task::yield_now().await;
            }
        }
        _ => {
            let _ = stream.write_all(whole.as_bytes()).await;
        }
    }
}
