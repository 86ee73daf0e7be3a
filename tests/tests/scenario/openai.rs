//! The engine serves the official OpenAI client for Python, unchanged.

use atelier_tests::{http, place};
use std::{
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

const TOKEN: &str = "a-token-of-the-test";

struct Engine {
    child: Child,
    address: SocketAddr,
}

impl Engine {
    fn start() -> Self {
        let models = place::models();
        let mut child = Command::new(place::program("atelier-engine"))
            .args(["serve", "--port", "0", "--model"])
            .arg(models.join(place::CHAT_MODEL))
            .arg("--embedding")
            .arg(models.join(place::EMBEDDING_MODEL))
            .env("ATELIER_ENGINE_TOKEN", TOKEN)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let started: serde_json::Value = serde_json::from_str(&line).unwrap();
        let address = started["listening"].as_str().unwrap().parse().unwrap();
        Self { child, address }
    }

    fn wait(&self) {
        let since = Instant::now();
        loop {
            let health = http::send(self.address, "GET", "/health", &[], None, Duration::from_secs(20));
            match health.map(|reply| (reply.status, reply.text())) {
                Ok((200, _)) => return,
                Ok((500, why)) => panic!("the engine failed: {why}"),
                Ok(_) | Err(_) => {}
            }
            assert!(since.elapsed() < Duration::from_secs(120), "the engine is not ready");
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_official_python_clients_work_with_the_engine() {
    let bin = if cfg!(windows) { "venv/Scripts/python.exe" } else { "venv/bin/python" };
    let engine = Engine::start();
    engine.wait();
    for client in ["openai_client.py", "anthropic_client.py"] {
        let out = Command::new(place::cached(bin))
            .arg(place::root().join("tests/python").join(client))
            .args([format!("http://{}/v1", engine.address), TOKEN.to_owned()])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
        assert!(out.status.success(), "{client}: {said}");
    }
}
