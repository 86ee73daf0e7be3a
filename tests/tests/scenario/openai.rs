//! The engine serves the official OpenAI client for Python, unchanged.

use atelier_tests::place;
use std::process::Command;

#[test]
fn the_official_python_client_works_with_the_engine() {
    let bin = if cfg!(windows) { "venv/Scripts/python.exe" } else { "venv/bin/python" };
    let models = place::models();
    let out = Command::new(place::cached(bin))
        .arg(place::root().join("tests/python/openai_client.py"))
        .env("ATELIER_ENGINE", place::program("atelier-engine"))
        .env("ATELIER_MODEL", models.join(place::CHAT_MODEL))
        .env("ATELIER_EMBEDDING", models.join(place::EMBEDDING_MODEL))
        .output()
        .unwrap();
    assert!(out.status.success(), "{}\n{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
}
