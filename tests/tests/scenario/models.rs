//! A model comes from a hub through cuts, kills and refusals, is used, measured, carried on a stick to a
//! machine without a network, and removed.

use atelier_tests::{hub::Hub, place, workspace::Workspace};
use serde_json::{Value, json};
use std::{
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

const STARTER: &str = "SmolLM2-135M-Instruct.Q4_1.gguf";
/// The published SHA-256 of the starter model.
const SHA256: &str = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53";

fn command(workspace: &Workspace, args: &[&str]) -> Command {
    let mut command = workspace.command();
    command.env("ATELIER_MODELS", workspace.folder().join("models")).arg("--json").args(args);
    command
}

fn run(workspace: &Workspace, args: &[&str]) -> Output {
    command(workspace, args).output().unwrap()
}

fn good(workspace: &Workspace, args: &[&str]) -> Value {
    let out = run(workspace, args);
    assert!(out.status.success(), "{args:?}: {}", String::from_utf8_lossy(&out.stdout));
    serde_json::from_slice(&out.stdout).unwrap()
}

fn bad(workspace: &Workspace, args: &[&str]) -> Value {
    let out = run(workspace, args);
    assert!(!out.status.success(), "{args:?}");
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    // What it fetched comes first, then the fault.
    let at = text.rfind("{\n  \"fault\"").unwrap_or_else(|| panic!("{args:?} told no fault: {text}"));
    serde_json::from_str::<Value>(&text[at..]).unwrap()["fault"].clone()
}

/// A workspace whose models folder has a catalogue with one model of this hub.
fn workspace(hub: &Hub) -> Workspace {
    let workspace = Workspace::new();
    let folder = workspace.folder().join("models");
    std::fs::create_dir_all(&folder).unwrap();
    let catalogue = json!({
        "hub": format!("http://{}", hub.address),
        "offers": [{
            "id": "far.Q4_1", "name": "Far", "purpose": "chat", "maker": "A maker", "origin": "FR",
            "licence": "Apache-2.0", "languages": ["en"], "parameters": 134_515_008_u64, "context": 8192,
            "quantisation": "Q4_1", "cache_per_token": 46_080, "repository": "maker/far",
            "files": [{ "path": "far.Q4_1.gguf", "bytes": 98_000_000 }],
        }],
    });
    std::fs::write(folder.join("catalogue.json"), catalogue.to_string()).unwrap();
    workspace
}

#[test]
fn a_model_is_fetched_through_a_cut_and_a_kill_and_answers() {
    let hub = Hub::start(&place::models().join(STARTER), SHA256, Duration::from_millis(40), 20 << 20);
    let here = workspace(&hub);
    let offers = good(&here, &["models", "catalogue", "--all"]);
    let far = offers["offers"].as_array().unwrap().iter().find(|offer| offer["id"] == "far.Q4_1").unwrap();
    assert_eq!((&far["origin"], &far["here"], &far["pinned"]), (&json!("FR"), &json!(false), &json!(false)));
    assert!(far["expected_per_second"].as_f64().unwrap() > 1.0, "the machine was measured: {far}");
    assert_eq!(offers["verdict"], "deny");
    // Nothing leaves before a person has allowed it.
    assert_eq!(bad(&here, &["models", "get", "far.Q4_1"])["code"], "egress.denied");
    assert!(hub.seen().is_empty());
    good(&here, &["egress", "--allow", &hub.address.to_string()]);
    // Killed in the middle of its second connection, after the first one broke off.
    let mut child = command(&here, &["models", "get", "far.Q4_1"]).stdout(Stdio::null()).spawn().unwrap();
    let (since, part) = (Instant::now(), here.folder().join("models/.far.Q4_1.download/far.Q4_1.gguf.part"));
    while part.metadata().map_or(0, |data| data.len()) < 40 << 20 {
        assert!(since.elapsed() < Duration::from_secs(60), "not in time: {:?}", hub.seen());
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!here.folder().join("models/far.Q4_1.gguf").exists(), "never half a file under the final name");
    let list = good(&here, &["models", "list"]);
    let left = &list["downloads"][0];
    assert_eq!((&left["id"], &left["state"]["is"]), (&json!("far.Q4_1"), &json!("paused")));
    let kept = left["done"].as_u64().unwrap();
    assert!(kept >= 20 << 20, "{left}");
    let asked = hub.seen().len();
    let fetched = good(&here, &["models", "get", "far.Q4_1"]);
    assert_eq!((&fetched[0]["sha256"], &fetched[0]["fault"]), (&json!(SHA256), &Value::Null));
    let seen = hub.seen();
    assert_eq!(seen[1], "GET 0");
    assert!(seen[2].starts_with("GET 2097152") || seen[2] == format!("GET {}", 20 << 20), "{seen:?}");
    assert_eq!(seen[asked..], [format!("GET {kept}")], "it goes on where it ended");
    // The ledger has what came over connections that ended; the killed one may have brought more than it says.
    let received = good(&here, &["egress"])["totals"]["received_today"].as_u64().unwrap();
    assert!(received >= (98_362_432 - kept) + (20 << 20), "{received}");
    let measured = good(&here, &["models", "measure", "far.Q4_1"]);
    assert!(measured["tokens_per_second"].as_f64().unwrap() > 1.0);
    let answer = good(&here, &["ask", "--role", "assistant", "Say yes."]);
    assert!(answer["completion_tokens"].as_u64().unwrap() > 0, "{answer}");

    // On a stick to a machine without a network.
    let stick = here.folder().join("stick");
    std::fs::create_dir(&stick).unwrap();
    let pack = good(&here, &["models", "pack", "far.Q4_1", "--to", stick.to_str().unwrap()]);
    let folder = pack["folder"].as_str().unwrap();
    let there = Workspace::new();
    let fault = bad(&there, &["models", "add", folder]);
    assert_eq!((&fault["code"], &fault["values"]["signer"]), (&json!("model.signer"), &pack["signer"]));
    let added = good(&there, &["models", "add", folder, "--signer", pack["signer"].as_str().unwrap()]);
    assert_eq!((&added["id"], &added["sha256"]), (&json!("far.Q4_1"), &json!(SHA256)));
    good(&here, &["models", "remove", "far.Q4_1"]);
    assert_eq!(good(&here, &["models", "list"])["models"], json!([]));
}
