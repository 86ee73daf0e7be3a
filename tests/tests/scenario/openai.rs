//! The engine serves the official clients of OpenAI and Anthropic for Python, unchanged.

use atelier_tests::{http, place};
use std::{
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

const TOKEN: &str = "a-token-of-the-test";

struct Engine {
    child: Child,
    address: SocketAddr,
}

impl Engine {
    /// With the starter models, or with another chat model in place of that one.
    fn start(chat: Option<&Path>) -> Self {
        let models = place::models();
        let chat = chat.map_or_else(|| models.join(place::CHAT_MODEL), Path::to_path_buf);
        let mut child = Command::new(place::program("atelier-engine"))
            .args(["serve", "--port", "0", "--model"])
            .arg(chat)
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

/// Runs a script of tests/python to its end.
fn run(script: &str, arguments: &[&str]) {
    let bin = if cfg!(windows) { "venv/Scripts/python.exe" } else { "venv/bin/python" };
    let out = Command::new(place::cached(bin))
        .arg(place::root().join("tests/python").join(script))
        .args(arguments)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "{said}");
}

fn clients_work(chat: Option<&Path>) {
    let engine = Engine::start(chat);
    engine.wait();
    let url = format!("http://{}", engine.address);
    run("openai_client.py", &[&format!("{url}/v1"), TOKEN]);
    run("anthropic_client.py", &[&url, TOKEN]);
}

#[test]
fn the_official_python_clients_work_with_the_engine() {
    clients_work(None);
}

#[test]
fn the_official_python_clients_call_tools() {
    let folder = tempfile::tempdir().unwrap();
    let taught = folder.path().join("taught.gguf");
    let starter = place::models().join(place::CHAT_MODEL);
    run("with_template.py", &[starter.to_str().unwrap(), taught.to_str().unwrap()]);
    clients_work(Some(&taught));
}
