//! Does a model come from a hub that misbehaves, whole or not at all?

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test may fail loudly, also in its helpers

mod far_end;
mod gguf_file;
mod hub;

use egress::Gate;
use futures::FutureExt;
use hub::{COMMIT, Hub, Mood, Says, Script, sha256};
use models::*;
use protocol::{DownloadState, DownloadView, Fault, ModelUse, RuleId, RuleSubject, RuleView, Verdict};
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

struct Setup {
    dir: tempfile::TempDir,
    models: Models,
    file: Vec<u8>,
}

async fn open(folder: &Path, allowed: &[SocketAddr]) -> Models {
    let gate = Gate::new(Arc::new(|_| async { Ok(()) }.boxed()));
    let rule = |host: &SocketAddr| RuleView {
        id: RuleId::new(),
        subject: RuleSubject::Host { host: host.to_string() },
        verdict: Verdict::Allow,
        at: 0,
    };
    gate.set_rules(allowed.iter().map(rule).collect());
    let mut config = ModelsConfig::new(folder, "/no/engine", folder.join("logs"));
    config.backoff = Duration::from_millis(1);
    Models::open(config, gate).await.unwrap()
}

async fn setup(allowed: &[SocketAddr]) -> Setup {
    let dir = tempfile::tempdir().unwrap();
    let models = open(&dir.path().join("models"), allowed).await;
    Setup { dir, models, file: gguf_file::bytes("far") }
}

/// A hub with the one file.
async fn hub(moods: &[Mood], says: Says, store: Option<SocketAddr>) -> Hub {
    let files = [("far.gguf".to_owned(), gguf_file::bytes("far"))].into();
    Hub::start(Script { files, moods: moods.to_vec(), says, store }).await
}

/// Puts a catalogue with one chat model and one embedding model of this hub into the models folder.
fn catalogue(setup: &Setup, hub: &Hub, sha256: Option<&str>) {
    let file = |path: &str, sha256: Option<&str>, optional: bool| serde_json::json!({ "path": path, "bytes": 300, "sha256": sha256, "optional": optional });
    let offer = |id: &str, purpose: &str, files: serde_json::Value| {
        serde_json::json!({
            "id": id, "name": id, "purpose": purpose, "maker": "A maker", "origin": "FR", "licence": "Apache-2.0",
            "languages": ["fr"], "parameters": 32, "context": 2048, "quantisation": "F32", "cache_per_token": 4096,
            "repository": "owner/name", "files": files,
        })
    };
    let files = serde_json::json!([
        file("config.json", None, false),
        file("tokenizer.json", None, false),
        file("modules.json", None, true),
        file("model.safetensors", None, false),
    ]);
    let offers =
        [offer("far", "chat", serde_json::json!([file("far.gguf", sha256, false)])), offer("mini", "embedding", files)];
    let text = serde_json::json!({ "hub": format!("http://{}", hub.addr), "offers": offers });
    std::fs::write(setup.folder().join("catalogue.json"), text.to_string()).unwrap();
}

impl Setup {
    fn folder(&self) -> PathBuf {
        self.dir.path().join("models")
    }
    fn target(&self) -> PathBuf {
        self.folder().join("far.gguf")
    }
    /// Fetches from an address and waits for the end.
    async fn fetch(&self, hub: &Hub, sha256: Option<String>) -> Result<Vec<DownloadView>, Fault> {
        self.end_of("far", || async { self.models.get_from(&format!("http://{}/far.gguf", hub.addr), sha256, "Ada") })
            .await
    }
    /// Fetches from the catalogue and waits for the end.
    async fn get(&self, id: &str) -> Result<Vec<DownloadView>, Fault> {
        self.end_of(id, || self.models.get(id, "Ada")).await
    }
    async fn end_of<F: Future<Output = Result<DownloadView, ModelError>>>(
        &self,
        id: &str,
        begin: impl FnOnce() -> F,
    ) -> Result<Vec<DownloadView>, Fault> {
        let mut events = self.models.events();
        begin().await.map_err(|error| error.fault())?;
        let mut seen = Vec::new();
        loop {
            let event = tokio::time::timeout(Duration::from_secs(30), events.recv()).await.unwrap().unwrap();
            let ModelsEvent::Downloads(all) = event else { continue };
            match all.into_iter().find(|download| download.id == id) {
                None => return Ok(seen),
                Some(DownloadView { state: DownloadState::Failed { fault }, .. }) => return Err(fault),
                Some(download) => seen.push(download),
            }
        }
    }
    fn right(&self) -> Option<String> {
        Some(sha256(&self.file))
    }
    /// What is in the folder beside lists.
    fn left(&self) -> Vec<String> {
        let names = std::fs::read_dir(self.folder()).unwrap().flatten();
        let names = names.map(|entry| entry.file_name().to_string_lossy().into_owned());
        names.filter(|name| name.contains("far") || name.contains("mini")).collect()
    }
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
        let hub = hub(moods, Says::All, None).await;
        let setup = setup(&[hub.addr]).await;
        let seen = setup.fetch(&hub, setup.right()).await.unwrap_or_else(|fault| panic!("{moods:?}: {fault}"));
        let states = |is: DownloadState| seen.iter().any(|view| view.state == is);
        assert!(states(DownloadState::Waiting) && states(DownloadState::Running) && states(DownloadState::Checking));
        let last = seen.last().unwrap();
        assert_eq!((last.done, last.total), (setup.file.len() as u64, Some(setup.file.len() as u64)), "{moods:?}");
        assert_eq!(std::fs::read(setup.target()).unwrap(), setup.file);
        let view = setup.models.view();
        assert_eq!((view.models.len(), view.models[0].sha256.as_str()), (1, sha256(&setup.file).as_str()));
        assert_eq!(setup.left(), ["far.gguf"], "{moods:?}");
    }
}

#[tokio::test]
async fn it_goes_on_where_it_ended_and_asks_for_the_same_file() {
    let hub = hub(&[Mood::Cut(50), Mood::Fine], Says::All, None).await;
    let setup = setup(&[hub.addr]).await;
    setup.fetch(&hub, setup.right()).await.unwrap();
    let gets = hub.gets();
    assert_eq!(gets.len(), 2);
    assert!(!gets[0].contains("range:"));
    assert!(gets[1].contains("range: bytes=50-\r\n") && gets[1].contains("if-range: \"v1\""), "{}", gets[1]);
}

#[tokio::test]
async fn also_in_a_later_run_but_never_by_itself() {
    let hub = hub(
        &[Mood::Cut(50), Mood::Cut(0), Mood::Cut(0), Mood::Cut(0), Mood::Cut(0), Mood::Cut(0), Mood::Fine],
        Says::All,
        None,
    )
    .await;
    let setup = setup(&[hub.addr]).await;
    catalogue(&setup, &hub, setup.right().as_deref());
    let fault = setup.get("far").await.unwrap_err();
    assert!(fault.code == "egress.broken" || fault.code == "model.broke_off", "{fault}");
    assert!(!setup.target().exists(), "never half a file under the final name");
    setup.models.shutdown().await;
    let again = open(&setup.folder(), &[hub.addr]).await;
    let left = again.downloads();
    assert_eq!((left.len(), left[0].id.as_str(), left[0].done, &left[0].state), (1, "far", 50, &DownloadState::Paused));
    assert_eq!(
        (left[0].total, hub.gets().len()),
        (Some(setup.file.len() as u64), 6),
        "nothing was asked of it meanwhile"
    );
    let setup = Setup { models: again, ..setup };
    setup.get("far").await.unwrap();
    assert!(hub.gets().last().unwrap().contains("range: bytes=50-"));
    assert_eq!(std::fs::read(setup.target()).unwrap(), setup.file);
}

#[tokio::test]
async fn what_is_wrong_gets_no_name() {
    const MOODS: &[(&[Mood], &str, usize)] = &[
        (&[Mood::OtherBytes], "model.altered", 1),
        (&[Mood::Longer], "egress.broken", 0),
        (&[Mood::Status(404)], "model.hub", 1),
        (&[Mood::Status(403)], "model.hub", 1),
        (&[Mood::Status(503)], "model.hub", 6),
    ];
    for (moods, code, requests) in MOODS {
        let hub = hub(moods, Says::All, None).await;
        let setup = setup(&[hub.addr]).await;
        let fault = setup.fetch(&hub, setup.right()).await.unwrap_err();
        assert_eq!(fault.code, *code, "{moods:?}: {fault}");
        assert!(!setup.target().exists() && setup.models.view().models.is_empty());
        let seen = hub.gets().len();
        assert!(seen <= 10 && (*requests == 0 || seen == *requests), "{moods:?}: {seen} requests");
        setup.models.give_up("far").await.unwrap();
        assert!(setup.left().is_empty() && setup.models.downloads().is_empty());
    }
    let page = [("far.gguf".to_owned(), b"<!DOCTYPE html>".to_vec())].into();
    let hub = Hub::start(Script { files: page, ..Script::default() }).await;
    let setup = setup(&[hub.addr]).await;
    assert_eq!(setup.fetch(&hub, None).await.unwrap_err().code, "model.unknown");
    let base = format!("http://{}", hub.addr);
    for (url, sha256) in [
        ("file:///etc/passwd.gguf".to_owned(), None),
        (format!("{base}/far.bin"), None),
        (format!("{base}/.gguf"), None),
        (format!("{base}/far.gguf"), Some("beef".to_owned())),
        ("http://me:secret@x.example/far.gguf".to_owned(), None),
    ] {
        let fault = setup.models.get_from(&url, sha256, "Ada").unwrap_err().fault();
        assert_eq!(fault.code, "model.invalid", "{url}");
        assert!(!fault.message.contains("secret"));
    }
    assert_eq!(setup.models.get("../far", "Ada").await.unwrap_err().fault().code, "model.not_found");
}

#[tokio::test]
async fn the_hub_says_what_a_file_has_to_be_and_the_catalogue_has_the_last_word() {
    let right = sha256(&gguf_file::bytes("far"));
    let wrong = "cd".repeat(32);
    for (says, pinned, outcome) in [
        (Says::All, None, Ok(())),
        (Says::All, Some(&right), Ok(())),
        (Says::NoHead, Some(&right), Ok(())),
        (Says::Nothing, Some(&right), Ok(())),
        (Says::NoHead, None, Err("model.unproven")),
        (Says::Nothing, None, Err("model.unproven")),
        (Says::OtherHash, None, Err("model.altered")),
        (Says::OtherHash, Some(&right), Err("model.replaced")),
        (Says::All, Some(&wrong), Err("model.replaced")),
        (Says::Status(401), None, Err("model.hub")),
        (Says::Status(500), None, Err("model.hub")),
    ] {
        let hub = hub(&[Mood::Fine], says, None).await;
        let setup = setup(&[hub.addr]).await;
        catalogue(&setup, &hub, pinned.map(String::as_str));
        let ended = setup.get("far").await.map(drop).map_err(|fault| fault.code);
        assert_eq!(ended, outcome.map_err(str::to_owned), "{says:?} {pinned:?}");
        assert_eq!(setup.target().exists(), outcome.is_ok());
        let expected = format!("get /owner/name/resolve/{COMMIT}/far.gguf");
        if says == Says::All && outcome.is_ok() {
            assert!(hub.gets()[0].starts_with(&expected), "the commit is kept: {}", hub.gets()[0]);
        }
        if says == Says::All && pinned == Some(&wrong) {
            assert!(hub.gets().is_empty(), "what cannot be right is not fetched");
        }
    }
}

#[tokio::test]
async fn an_embedding_model_comes_as_a_whole_folder() {
    let source = tempfile::tempdir().unwrap();
    gguf_file::write_encoder(source.path(), 4);
    let names = ["config.json", "tokenizer.json", "model.safetensors"];
    let files = names.map(|name| (name.to_owned(), std::fs::read(source.path().join(name)).unwrap()));
    let script = Script { files: files.into(), moods: vec![Mood::Fine, Mood::Cut(1), Mood::Fine], ..Script::default() };
    let hub = Hub::start(script.clone()).await;
    let setup = setup(&[hub.addr]).await;
    catalogue(&setup, &hub, None);
    setup.get("mini").await.unwrap();
    let view = setup.models.view();
    assert_eq!(
        (view.models.len(), view.models[0].id.as_str(), view.models[0].purpose),
        (1, "mini", ModelUse::Embedding)
    );
    assert!(view.models[0].fault.is_none() && !view.models[0].sha256.is_empty());
    assert_eq!(setup.left(), ["mini"]);
    // Again over what is there: the old one is put aside, not mixed with the new one.
    std::fs::write(setup.folder().join("mini/leftover"), "x").unwrap();
    setup.get("mini").await.unwrap();
    assert!(!setup.folder().join("mini/leftover").exists());
    // Half of one goes on where it ended, although a file that it can be without is not there.
    let half = vec![Mood::Fine, Mood::Fine, Mood::Cut(20), Mood::Status(404), Mood::Fine];
    let slow = Hub::start(Script { moods: half, ..script.clone() }).await;
    let third = self::setup(&[slow.addr]).await;
    catalogue(&third, &slow, None);
    assert_eq!(third.get("mini").await.unwrap_err().code, "model.hub");
    third.get("mini").await.unwrap();
    let gets = slow.gets();
    assert!(gets.len() == 5 && gets[4].contains("range: bytes=20-"), "{gets:?}");
    // A small file that is not what the hub names is found out too.
    let mut files = script.files.clone();
    files.insert("config.json".to_owned(), b"{\"model_type\":\"bert\",\"hidden_size\":9}".to_vec());
    let liar = Hub::start(Script { files, moods: vec![Mood::OtherBytes, Mood::Fine], ..Script::default() }).await;
    let other = self::setup(&[liar.addr]).await;
    catalogue(&other, &liar, None);
    assert_eq!(other.get("mini").await.unwrap_err().code, "model.altered");
    assert!(other.models.view().models.is_empty());
}

#[tokio::test]
async fn every_host_on_the_way_needs_a_rule() {
    let store = hub(&[Mood::Fine], Says::All, None).await;
    let front = hub(&[Mood::Fine], Says::All, Some(store.addr)).await;
    let refused = setup(&[front.addr]).await;
    let fault = refused.fetch(&front, refused.right()).await.unwrap_err();
    assert_eq!(
        (fault.code.as_str(), fault.values["host"].as_str()),
        ("egress.denied", store.addr.to_string().as_str())
    );
    assert_eq!(store.heads.lock().unwrap().len(), 0);
    let allowed = setup(&[front.addr, store.addr]).await;
    allowed.fetch(&front, allowed.right()).await.unwrap();
    assert!(allowed.target().exists());
}

#[tokio::test]
async fn several_come_at_once_and_each_can_be_stopped_and_gone_on_with() {
    let names = ["a", "b", "c", "d", "e"];
    let files = names.map(|name| (format!("{name}.gguf"), gguf_file::bytes(name)));
    let script = Script { files: files.into(), moods: vec![Mood::Slow(8)], ..Script::default() };
    let hub = Hub::start(script).await;
    let setup = setup(&[hub.addr]).await;
    let mut events = setup.models.events();
    for name in names {
        setup.models.get_from(&format!("http://{}/{name}.gguf", hub.addr), None, "Ada").unwrap();
    }
    let again = setup.models.get_from(&format!("http://{}/a.gguf", hub.addr), None, "Ada").unwrap();
    assert_eq!((again.id.as_str(), setup.models.downloads().len()), ("a", 5), "asked for twice, fetched once");
    let (mut most, mut stopped) = (0, false);
    loop {
        let event = tokio::time::timeout(Duration::from_secs(30), events.recv()).await.unwrap().unwrap();
        let ModelsEvent::Downloads(all) = event else { continue };
        let running = all.iter().filter(|download| download.state == DownloadState::Running).count();
        most = most.max(running);
        assert!(running <= 3, "no more than three at once");
        if !stopped && all.iter().any(|download| download.id == "b" && download.done > 0) {
            setup.models.pause("b").unwrap();
            stopped = true;
        }
        let others = all.iter().filter(|download| download.id != "b").count();
        if stopped && others == 0 {
            assert_eq!(
                all.iter().map(|one| (one.id.as_str(), one.state.clone())).collect::<Vec<_>>(),
                [("b", DownloadState::Paused)]
            );
            break;
        }
    }
    assert!(most >= 2, "{most} at once");
    assert!(setup.folder().join("e.gguf").exists() && !setup.folder().join("b.gguf").exists());
    setup.models.get("b", "Ada").await.unwrap();
    while !setup.models.downloads().is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(std::fs::read(setup.folder().join("b.gguf")).unwrap(), gguf_file::bytes("b"));
}

#[tokio::test]
async fn a_full_disk_is_told_before_anything_is_fetched() {
    // A mirror that says nothing before: the catalogue's figure counts.
    let hub = hub(&[Mood::Fine], Says::NoHead, None).await;
    let setup = setup(&[hub.addr]).await;
    catalogue(&setup, &hub, setup.right().as_deref());
    let text = std::fs::read_to_string(setup.folder().join("catalogue.json")).unwrap();
    let huge = text.replace("\"bytes\":300", "\"bytes\":4000000000000000");
    std::fs::write(setup.folder().join("catalogue.json"), huge).unwrap();
    let offers = setup.models.offers().await.unwrap();
    let far = offers.offers.iter().find(|offer| offer.id == "far").unwrap();
    assert_eq!((far.fit, far.here, far.pinned), (protocol::Fit::NoDisk, false, true));
    assert_eq!((offers.verdict, offers.host.as_str()), (Verdict::Allow, hub.addr.to_string().as_str()));
    let fault = setup.get("far").await.unwrap_err();
    assert_eq!(fault.code, "model.disk", "{fault}");
    assert!(hub.gets().is_empty());
}

#[tokio::test]
async fn a_mirror_takes_the_place_of_the_hub_and_needs_a_rule_of_its_own() {
    let (hub, mirror) = (hub(&[Mood::Fine], Says::All, None).await, self::hub(&[Mood::Fine], Says::All, None).await);
    let setup = setup(&[hub.addr]).await;
    catalogue(&setup, &hub, None);
    setup.models.set_mirror(Some(format!("http://{}/", mirror.addr))).unwrap();
    assert_eq!(setup.models.offers().await.unwrap().verdict, Verdict::Deny);
    assert_eq!(setup.get("far").await.unwrap_err().code, "egress.denied");
    for address in ["ftp://x.example", "http://me:secret@x.example", "x"] {
        let error = setup.models.set_mirror(Some(address.to_owned())).unwrap_err();
        assert!(!error.to_string().contains("secret"));
    }
    setup.models.set_mirror(Some(String::new())).unwrap();
    setup.get("far").await.unwrap();
    assert!(mirror.heads.lock().unwrap().is_empty() && setup.target().exists());
}
