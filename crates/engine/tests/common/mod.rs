//! A running `atelier-engine` and the smallest HTTP client that can talk to it.

#![allow(dead_code, reason = "each test file uses a part")]

pub mod blank;
pub mod heap;
pub mod peer;
pub mod starter;
pub mod tiny;
pub mod vocabulary;

use serde_json::Value;
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

pub const TOKEN: &str = "test-token";

/// A child process that ends with its standard input, so with the test at the latest.
pub struct Engine {
    child: Child,
    pub address: String,
}

impl Drop for Engine {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[allow(clippy::disallowed_methods, reason = "tests start the program under test")]
pub fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_atelier-engine"))
}

impl Engine {
    /// Starts without waiting for the models.
    pub fn start(arguments: &[&str]) -> Self {
        let mut child = program()
            .args(["serve", "--exit-with-stdin"])
            .args(arguments)
            .env("ATELIER_ENGINE_TOKEN", TOKEN)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let greeting: Value = serde_json::from_str(&line).unwrap();
        Self { child, address: greeting["listening"].as_str().unwrap().to_owned() }
    }

    /// Starts with the starter models and waits until it is ready.
    pub fn ready(folder: &Path, more: &[&str]) -> Self {
        let (chat, embedding) = (folder.join(starter::CHAT), folder.join(starter::EMBEDDING));
        let models = ["--model", chat.to_str().unwrap(), "--embedding", embedding.to_str().unwrap()];
        let engine = Self::start(&[&models[..], more].concat());
        let (status, body) = engine.loaded();
        assert_eq!(status, 200, "loading failed: {body}");
        engine
    }

    /// Waits until loading is over, and returns what /health says then.
    pub fn loaded(&self) -> (u16, Value) {
        let began = Instant::now();
        loop {
            let (status, body) = self.get("/health");
            if status != 503 {
                return (status, body);
            }
            assert!(body["total"].is_u64() && body["done"].is_u64(), "{body}");
            assert!(began.elapsed() < Duration::from_secs(300), "not loaded in time");
            thread::sleep(Duration::from_millis(50));
        }
    }

    pub fn wait(&mut self) -> std::process::ExitStatus {
        drop(self.child.stdin.take());
        self.child.wait().unwrap()
    }

    /// Sends a request and returns the open connection. HTTP/1.0: the body ends with it.
    #[allow(clippy::disallowed_methods, reason = "a test is the engine's client on this machine")]
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> TcpStream {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(120))).unwrap();
        let mut request = format!("{method} {path} HTTP/1.0\r\n");
        let has = |name: &str| headers.iter().any(|(n, _)| *n == name);
        if !has("Content-Length") {
            request += &format!("Content-Length: {}\r\n", body.len());
        }
        if !has("Host") {
            request += &format!("Host: {}\r\n", self.address);
        }
        if !has("Authorization") {
            request += &format!("Authorization: Bearer {TOKEN}\r\n");
        }
        for (name, value) in headers {
            request += &format!("{name}: {value}\r\n");
        }
        stream.write_all(format!("{request}\r\n{body}").as_bytes()).unwrap();
        stream
    }

    pub fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> (u16, String) {
        let mut whole = Vec::new();
        self.send(method, path, headers, body).read_to_end(&mut whole).unwrap();
        let whole = String::from_utf8(whole).unwrap();
        let (head, body) = whole.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    pub fn get(&self, path: &str) -> (u16, Value) {
        let (status, body) = self.ask("GET", path, &[], "");
        (status, serde_json::from_str(&body).unwrap())
    }

    pub fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let (status, body) = self.ask("POST", path, &[], &body.to_string());
        (status, serde_json::from_str(&body).unwrap())
    }

    /// The JSON of each server-sent event, and whether `[DONE]` came last.
    pub fn stream(&self, body: &Value) -> (Vec<Value>, bool) {
        let (status, text) = self.ask("POST", "/v1/chat/completions", &[], &body.to_string());
        assert_eq!(status, 200, "{text}");
        let lines: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("data: ")).collect();
        let done = lines.last() == Some(&"[DONE]");
        (lines.iter().filter(|l| **l != "[DONE]").map(|l| serde_json::from_str(l).unwrap()).collect(), done)
    }

    /// A counter of /metrics.
    pub fn counter(&self, name: &str) -> u64 {
        let (_, text) = self.ask("GET", "/metrics", &[], "");
        text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok()).unwrap()
    }
}
