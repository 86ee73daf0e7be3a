//! Measurements on data that is not in the repository: `ATELIER_MEASURE=/path/to/data cargo test --workspace
//! --test library measure -- --ignored --nocapture`. The figures stand in docs/decisions. Thresholds are
//! set on some sets and reported on others: see docs/decisions/0006-citations.md.

mod answers;
mod claims;
mod watching;
use crate::common::*;
use library::Library;
use protocol::SearchMode;
use serde_json::Value;
use std::{collections::HashMap, fs, path::PathBuf, time::Instant};

fn data() -> PathBuf {
    std::env::var_os("ATELIER_MEASURE").map(PathBuf::from).expect("ATELIER_MEASURE names the data folder")
}

/// The embedding model of a running `atelier-engine`: ATELIER_ENGINE (host:port) and ATELIER_ENGINE_TOKEN.
struct Engine(String);

#[async_trait::async_trait]
impl library::Embed for Engine {
    fn id(&self) -> &str {
        "engine"
    }
    fn dims(&self) -> usize {
        384
    }
    #[allow(clippy::disallowed_methods)] // a measurement asks the engine on this machine directly
    async fn embed(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, String> {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let token = std::env::var("ATELIER_ENGINE_TOKEN").unwrap_or_default();
        let body = serde_json::json!({ "input": texts, "model": "embedding" }).to_string();
        let request = format!(
            "POST /v1/embeddings HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n\
             Connection: close\r\nContent-Length: {}\r\n\r\n{body}",
            self.0,
            body.len()
        );
        let mut stream = tokio::net::TcpStream::connect(&self.0).await.map_err(|e| e.to_string())?;
        stream.write_all(request.as_bytes()).await.map_err(|e| e.to_string())?;
        let mut reply = String::new();
        stream.read_to_string(&mut reply).await.map_err(|e| e.to_string())?;
        let at = reply.find('{').ok_or("no JSON")?;
        let end = reply.rfind('}').ok_or("no JSON")?;
        let reply: Value = serde_json::from_str(&reply[at..=end]).map_err(|e| format!("{e}: {reply}"))?;
        let vector =
            |v: &Value| v["embedding"].as_array().unwrap().iter().map(|x| x.as_f64().unwrap() as f32).collect();
        Ok(reply["data"].as_array().ok_or("no data")?.iter().map(vector).collect())
    }
}

/// Uses the engine's embedding model where one is named.
async fn with_engine(library: &Library) -> SearchMode {
    let Ok(engine) = std::env::var("ATELIER_ENGINE") else { return SearchMode::Text };
    library.set_embedder(Some(std::sync::Arc::new(Engine(engine))));
    tokio::time::timeout(std::time::Duration::from_secs(3000), library.idle()).await.unwrap();
    SearchMode::Hybrid
}

fn lines(path: PathBuf) -> Vec<Value> {
    fs::read_to_string(path).unwrap().lines().map(|l| serde_json::from_str(l).unwrap()).collect()
}

fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_owned()
}

/// Every file of a folder is read or fails with a reason; `ATELIER_FILES` names the folder.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs data that is not in the repository"]
async fn corpus() {
    let folder = std::env::var_os("ATELIER_FILES").map_or_else(|| data().join("documents"), PathBuf::from);
    let here = Here::new().await;
    let library = here.open().await;
    let began = Instant::now();
    let plan = library.import(&here.person, &[folder]).await.unwrap();
    tokio::time::timeout(std::time::Duration::from_secs(1800), library.idle()).await.unwrap();
    let took = began.elapsed();
    let (mut pages, mut counts) = (0, HashMap::<String, u32>::new());
    for view in here.store.documents().await.unwrap() {
        pages += view.pages;
        let outcome = match &view.state {
            protocol::DocumentState::Ready { .. } => "ready".to_owned(),
            protocol::DocumentState::Failed { fault } => {
                println!("{}: {}", view.name, fault.message);
                fault.code.clone()
            }
            other => format!("{other:?}"),
        };
        *counts.entry(format!("{} {outcome}", view.format)).or_default() += 1;
        if let Some(out) = std::env::var_os("ATELIER_TEXT_OUT") {
            let mut all = String::new();
            for page in 1..=view.pages {
                let stored = here.store.derived().page(view.id, page).await.unwrap();
                all += &stored.text;
                all += "\n\u{c}";
            }
            fs::write(PathBuf::from(out).join(format!("{}.txt", view.name)), all).unwrap();
        }
    }
    println!(
        "{} documents, {} left out, {pages} pages in {took:.1?}: {counts:#?}",
        plan.documents.len(),
        plan.left_out.len()
    );
    library.shutdown().await;
}
