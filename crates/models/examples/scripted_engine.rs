//! A far end for the supervision tests: a process that keeps to the engine's seam and, where the
//! file beside the model (`MODEL.gguf.script`) says so, breaks it.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test may fail loudly, also in its helpers

#[path = "../tests/far_end/mod.rs"]
mod far_end;

use far_end::{Seen, answer, read, reply};
use serde_json::json;
use std::{
    io::Read,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};
use tokio::{net::TcpListener, task::JoinSet};

/// Whether it still accepts connections and says nothing any more.
static FROZEN: AtomicBool = AtomicBool::new(false);

#[tokio::main]
async fn main() {
    let args: Vec<_> = std::env::args().collect();
    let after = |name: &str| args.iter().position(|arg| arg == name).map(|at| args[at + 1].clone());
    if args[1] == "inspect" {
        return inspect(&args[3]);
    }
    assert_eq!(args[1], "serve");
    let token = std::env::var("ATELIER_ENGINE_TOKEN").unwrap();
    let model = after("--model").or_else(|| after("--embedding")).unwrap();
    let script = std::fs::read_to_string(format!("{model}.script")).unwrap_or_default();
    let started = format!("{model}.started");
    let times = std::fs::read_to_string(&started).map_or(0, |text| text.lines().count());
    std::fs::write(
        &started,
        format!("{}{}\n", std::fs::read_to_string(&started).unwrap_or_default(), args[1..].join(" ")),
    )
    .unwrap();
    eprintln!("starting with {model}");
    match script.trim() {
        "crash at once" => {
            eprintln!("cannot go on");
            std::process::exit(7);
        }
        "crash the first time" if times == 0 => std::process::abort(),
        "talk nonsense" => println!("hello"),
        _ => {}
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{}", json!({ "listening": listener.local_addr().unwrap(), "version": "9.9.9" }));
    if args.iter().any(|arg| arg == "--exit-with-stdin") && script.trim() != "ignore stdin" {
        std::thread::spawn(|| {
            let _ = std::io::stdin().read_to_end(&mut Vec::new());
            std::process::exit(0);
        });
    }
    let loaded = Instant::now() + Duration::from_millis(if script.contains("slow load") { 500 } else { 0 });
    let mut open = JoinSet::new();
    loop {
        let Ok((mut stream, _)) = listener.accept().await else { continue };
        let (token, script) = (token.clone(), script.clone());
        open.spawn(async move {
            let Some(request) = read(&mut stream).await else { return };
            if !request.head.contains(&format!("authorization: bearer {token}")) {
                return reply(&mut stream, 401, &json!({ "error": { "message": "wrong token" } })).await;
            }
            if FROZEN.load(Ordering::SeqCst) {
                return tokio::time::sleep(Duration::from_secs(600)).await;
            }
            if request.body["messages"][0]["content"] == "freeze" {
                FROZEN.store(true, Ordering::SeqCst);
            }
            if request.path != "/health" {
                return answer(&mut stream, &request, &Seen::default()).await;
            }
            let left = loaded.saturating_duration_since(Instant::now()).as_millis() as u64;
            match script.trim() {
                "cannot load" => {
                    let error = json!({ "code": "engine.architecture", "message": "the architecture is not known" });
                    reply(&mut stream, 500, &json!({ "status": "failed", "error": error })).await;
                }
                _ if left > 0 => {
                    reply(&mut stream, 503, &json!({ "status": "loading", "done": 500 - left, "total": 500 })).await;
                }
                _ => reply(&mut stream, 200, &json!({ "status": "ok" })).await,
            }
        });
    }
}

/// What it says of a file: that it runs it, unless the script says otherwise.
fn inspect(file: &str) {
    let script = std::fs::read_to_string(format!("{file}.script")).unwrap_or_default();
    let memory = json!({
        "weights": std::fs::metadata(file).unwrap().len(),
        "segment": 2 << 20,
        "segment_tokens": 128,
        "work": 1 << 20,
    });
    match script.trim() {
        "not for this engine" => {
            let reason = json!({ "code": "model.architecture", "message": format!("{file} is of the architecture gemma3; llama is run") });
            println!("{}", json!({ "supported": false, "reason": reason, "tools": false, "memory": memory }));
        }
        "crash when inspected" => std::process::abort(),
        _ => println!("{}", json!({ "supported": true, "tools": script.contains("tools"), "memory": memory })),
    }
}
