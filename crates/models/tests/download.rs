//! Does a download come through a server that misbehaves, whole or not at all?

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test may fail loudly, also in its helpers

mod far_end;
mod gguf_file;

use egress::{Errand, Gate};
use futures::FutureExt;
use models::*;
use protocol::{RuleId, RuleSubject, RuleView, Verdict};
use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{io::AsyncWriteExt, net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;

/// How the hub behaves, in the order of the requests; the last one stays.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Mood {
    Fine,
    /// Sends this many bytes of the body and closes.
    Cut(usize),
    /// Ignores that only a part was asked for.
    WholeAlways,
    Status(u16),
    Redirect,
    /// Says that the file is longer than it is.
    Longer,
    OtherBytes,
    Silent,
}

struct Hub {
    addr: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
    _task: JoinSet<()>,
}

async fn hub(moods: &'static [Mood], file: Vec<u8>, elsewhere: Option<SocketAddr>) -> Hub {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (addr, heads) = (listener.local_addr().unwrap(), Arc::<Mutex<Vec<String>>>::default());
    let (mut task, log) = (JoinSet::new(), heads.clone());
    task.spawn(async move {
        let mut number = 0;
        while let Ok((mut stream, _)) = listener.accept().await {
            let Some(request) = far_end::read(&mut stream).await else { continue };
            log.lock().unwrap().push(request.head.clone());
            let mood = *moods.get(number).or(moods.last()).unwrap();
            number += 1;
            let range = request.head.lines().find_map(|line| line.strip_prefix("range: bytes=")?.strip_suffix('-')?.parse().ok());
            let from: usize = if mood == Mood::WholeAlways { 0 } else { range.unwrap_or(0) };
            let total = file.len() + if mood == Mood::Longer { 10 } else { 0 };
            let head = match mood {
                Mood::Status(status) => format!("HTTP/1.1 {status} X\r\nretry-after: 0\r\ncontent-length: 0\r\n\r\n"),
                Mood::Redirect => {
                    let to = elsewhere.unwrap();
                    format!("HTTP/1.1 302 Found\r\nlocation: http://{to}/blob\r\ncontent-length: 0\r\n\r\n")
                }
                Mood::Silent => {
                    tokio::time::sleep(Duration::from_secs(60)).await;
                    continue;
                }
                _ if from > 0 => format!(
                    "HTTP/1.1 206 Partial\r\netag: \"v1\"\r\ncontent-range: bytes {from}-{}/{total}\r\ncontent-length: {}\r\n\r\n",
                    total - 1,
                    total - from
                ),
                _ => format!("HTTP/1.1 200 OK\r\netag: \"v1\"\r\ncontent-length: {total}\r\n\r\n"),
            };
            let _ = stream.write_all(head.as_bytes()).await;
            let mut body = file[from.min(file.len())..].to_vec();
            match mood {
                Mood::Status(_) | Mood::Redirect => continue,
                Mood::Cut(bytes) => body.truncate(bytes),
                Mood::OtherBytes => *body.last_mut().unwrap() ^= 1,
                _ => {}
            }
            let _ = stream.write_all(&body).await;
        }
    });
    Hub { addr, heads, _task: task }
}

struct Setup {
    dir: tempfile::TempDir,
    models: Models,
    file: Vec<u8>,
}

async fn setup(allowed: &[SocketAddr]) -> Setup {
    let dir = tempfile::tempdir().unwrap();
    let gate = Gate::new(Arc::new(|_| async { Ok(()) }.boxed()));
    let rule = |host: &SocketAddr| RuleView {
        id: RuleId::new(),
        subject: RuleSubject::Host { host: host.to_string() },
        verdict: Verdict::Allow,
        at: 0,
    };
    gate.set_rules(allowed.iter().map(rule).collect());
    let config = ModelsConfig::new(dir.path().join("models"), "/no/engine", dir.path().join("logs"));
    let models = Models::open(config, gate).await.unwrap();
    Setup { dir, models, file: file() }
}

/// A whole GGUF file of a few hundred bytes.
fn file() -> Vec<u8> {
    gguf_file::bytes("far")
}

impl Setup {
    fn what(&self, hub: &Hub) -> Download {
        Download {
            url: format!("http://{}/far.gguf", hub.addr),
            id: "far".into(),
            sha256: Some(sha256(&self.file)),
            bytes: None,
            errand: Errand::new("Ada", "fetches a model"),
            backoff: Duration::from_millis(1),
        }
    }
    async fn fetch(&self, what: Download) -> Result<Vec<DownloadProgress>, ModelError> {
        let seen = Arc::<Mutex<Vec<DownloadProgress>>>::default();
        let log = seen.clone();
        let report: ProgressFn = Arc::new(move |progress| log.lock().unwrap().push(progress));
        self.models.download(what, report, CancellationToken::new()).await?;
        Ok(seen.lock().unwrap().clone())
    }
    fn target(&self) -> PathBuf {
        self.dir.path().join("models/far.gguf")
    }
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn it_comes_through_cuts_and_refusals() {
    const MOODS: &[&[Mood]] = &[
        &[Mood::Fine],
        &[Mood::Cut(50), Mood::Cut(50), Mood::Cut(0), Mood::Fine],
        &[Mood::Cut(50), Mood::WholeAlways],
        &[Mood::Status(429), Mood::Status(503), Mood::Cut(10), Mood::Status(500), Mood::Fine],
        &[Mood::Cut(50), Mood::Status(416), Mood::Fine],
    ];
    for moods in MOODS {
        let hub = hub(moods, file(), None).await;
        let setup = setup(&[hub.addr]).await;
        let seen = setup.fetch(setup.what(&hub)).await.unwrap_or_else(|error| panic!("{moods:?}: {error}"));
        let total = setup.file.len() as u64;
        assert_eq!(seen.last(), Some(&DownloadProgress { done: total, total: Some(total) }), "{moods:?}");
        assert_eq!(std::fs::read(setup.target()).unwrap(), setup.file);
        let view = setup.models.view();
        assert_eq!((view.models.len(), view.models[0].sha256.as_str()), (1, sha256(&setup.file).as_str()));
        let left = std::fs::read_dir(setup.dir.path().join("models")).unwrap();
        assert!(left.flatten().all(|entry| !entry.file_name().to_string_lossy().ends_with(".part")), "{moods:?}");
    }
}

#[tokio::test]
async fn it_goes_on_where_it_ended_and_asks_for_the_same_file() {
    let hub = hub(&[Mood::Cut(50), Mood::Fine], file(), None).await;
    let setup = setup(&[hub.addr]).await;
    setup.fetch(setup.what(&hub)).await.unwrap();
    let heads = hub.heads.lock().unwrap().clone();
    assert_eq!(heads.len(), 2);
    assert!(!heads[0].contains("range:"));
    assert!(heads[1].contains("range: bytes=50-\r\n") && heads[1].contains("if-range: \"v1\""), "{}", heads[1]);
}

#[tokio::test]
async fn also_in_a_later_run() {
    let hub = hub(
        &[Mood::Cut(50), Mood::Cut(0), Mood::Cut(0), Mood::Cut(0), Mood::Cut(0), Mood::Cut(0), Mood::Fine],
        file(),
        None,
    )
    .await;
    let setup = setup(&[hub.addr]).await;
    let error = setup.fetch(setup.what(&hub)).await.unwrap_err();
    assert!(matches!(error, ModelError::Egress(_) | ModelError::BrokeOff { .. }), "{error}");
    assert!(!setup.target().exists(), "never half a file under the final name");
    setup.fetch(setup.what(&hub)).await.unwrap();
    assert!(hub.heads.lock().unwrap().last().unwrap().contains("range: bytes=50-"));
    assert_eq!(std::fs::read(setup.target()).unwrap(), setup.file);
}

#[tokio::test]
async fn what_is_wrong_gets_no_name() {
    const MOODS: &[(&[Mood], &str, usize)] = &[
        (&[Mood::OtherBytes], "model.altered", 1),
        (&[Mood::Longer], "egress.broken", 0),
        (&[Mood::Status(404)], "model.server", 1),
        (&[Mood::Status(503)], "model.server", 6),
    ];
    for (moods, code, requests) in MOODS {
        let hub = hub(moods, file(), None).await;
        let setup = setup(&[hub.addr]).await;
        let fault = setup.fetch(setup.what(&hub)).await.unwrap_err().fault();
        assert_eq!(fault.code, *code, "{moods:?}: {fault}");
        assert!(!setup.target().exists() && setup.models.view().models.is_empty());
        let seen = hub.heads.lock().unwrap().len();
        assert!(seen <= 10 && (*requests == 0 || seen == *requests), "{moods:?}: {seen} requests");
    }
    let hub = hub(&[Mood::Fine], b"<!DOCTYPE html>".to_vec(), None).await;
    let setup = setup(&[hub.addr]).await;
    let page = Download { sha256: None, ..setup.what(&hub) };
    assert_eq!(setup.fetch(page).await.unwrap_err().fault().code, "model.unknown");
    let long = Download { bytes: Some(7), sha256: None, ..setup.what(&hub) };
    assert_eq!(setup.fetch(long).await.unwrap_err().fault().code, "model.damaged");
    let outside = Download { id: "../far".into(), ..setup.what(&hub) };
    assert_eq!(setup.fetch(outside).await.unwrap_err().fault().code, "model.invalid");
}

#[tokio::test]
async fn every_host_on_the_way_needs_a_rule() {
    let store = hub(&[Mood::Fine], file(), None).await;
    let front = hub(&[Mood::Redirect], file(), Some(store.addr)).await;
    let refused = setup(&[front.addr]).await;
    assert_eq!(refused.fetch(refused.what(&front)).await.unwrap_err().fault().code, "egress.denied");
    assert_eq!(store.heads.lock().unwrap().len(), 0);
    let allowed = setup(&[front.addr, store.addr]).await;
    allowed.fetch(allowed.what(&front)).await.unwrap();
    assert!(allowed.target().exists());
}

#[tokio::test]
async fn it_can_be_stopped_and_runs_once_at_a_time() {
    let hub = hub(&[Mood::Silent, Mood::Fine], file(), None).await;
    let setup = setup(&[hub.addr]).await;
    let (stop, report): (_, ProgressFn) = (CancellationToken::new(), Arc::new(|_| {}));
    let (first, second) = tokio::join!(setup.models.download(setup.what(&hub), report.clone(), stop.clone()), async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let second = setup.models.download(setup.what(&hub), report.clone(), stop.clone()).await;
        stop.cancel();
        second
    });
    assert!(matches!(second, Err(ModelError::Busy)));
    assert!(matches!(first, Err(ModelError::Stopped)));
}
