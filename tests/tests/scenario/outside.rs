//! What leaves is what was allowed, to the byte, and the ledger says so whatever happens.

use atelier_tests::{far_end::FarEnd, workspace::Workspace};
use serde_json::Value;
use std::{
    process::{Output, Stdio},
    time::{Duration, SystemTime},
};

fn words() -> Vec<String> {
    ["Three ", "uses ", "of ", "paper."].map(str::to_owned).to_vec()
}

/// A workspace without models of its own, and an endpoint `far` that no rule allows yet.
fn workspace(far: &FarEnd) -> Workspace {
    let workspace = Workspace::new();
    let out = run(&workspace, &["egress", "--endpoint", &format!("far=http://{},big", far.address)]);
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    workspace
}

fn command(workspace: &Workspace, args: &[&str]) -> std::process::Command {
    let models = workspace.folder().join("models");
    std::fs::create_dir_all(&models).unwrap();
    let mut command = workspace.command();
    command.env("ATELIER_MODELS", models).env("ATELIER_ENDPOINT_KEY", "the-key").arg("--json").args(args);
    command
}

fn run(workspace: &Workspace, args: &[&str]) -> Output {
    command(workspace, args).output().unwrap()
}

fn json(workspace: &Workspace, args: &[&str]) -> Value {
    let out = run(workspace, args);
    assert!(out.status.success(), "{args:?}: {}", String::from_utf8_lossy(&out.stdout));
    serde_json::from_slice(&out.stdout).unwrap()
}

const ASK: &[&str] = &["ask", "Name three uses of paper.", "--role", "assistant", "--model", "endpoint:far"];

/// The newest line of the ledger.
fn newest(ledger: &Value) -> &Value {
    ledger["entries"].get(0).unwrap_or_else(|| panic!("the ledger is empty: {ledger}"))
}

#[test]
fn an_endpoint_gets_what_was_allowed_and_the_ledger_has_every_byte() {
    let far = FarEnd::start(words(), Duration::ZERO);
    let workspace = workspace(&far);
    let host = far.address.to_string();

    // Without a rule: refused before a connection is made, and written down.
    let refused = run(&workspace, ASK);
    assert_eq!(refused.status.code(), Some(4), "{}", String::from_utf8_lossy(&refused.stdout));
    assert!(String::from_utf8_lossy(&refused.stdout).contains("egress.denied"));
    let ledger = json(&workspace, &["egress"]);
    let line = newest(&ledger);
    assert_eq!((line["verdict"]["is"].as_str(), line["host"].as_str()), (Some("denied"), Some(&*host)), "{line}");
    assert_eq!((line["sent"].as_u64(), far.exchanges().len()), (Some(0), 0), "{line}");

    // Allowed: the answer comes, and the ledger has what the other side saw, to the byte.
    json(&workspace, &["egress", "--allow", &host]);
    let answer = json(&workspace, ASK);
    assert_eq!(answer["answer"], words().concat());
    let [exchange] = &far.exchanges()[..] else { panic!("{:?}", far.exchanges()) };
    let request = String::from_utf8_lossy(&exchange.got);
    assert!(request.contains("Bearer the-key") && request.contains("uses of paper"), "{request}");
    let ledger = json(&workspace, &["egress"]);
    let line = newest(&ledger);
    assert_eq!(line["verdict"]["is"], "allowed");
    assert_eq!(
        (line["sent"].as_u64(), line["received"].as_u64()),
        (Some(exchange.got.len() as u64), Some(exchange.said as u64))
    );
    assert_eq!(answer["egress_bytes"], line["sent"], "what the answer says it sent");
    assert_eq!((line["who"].as_str(), line.get("open")), (Some("Assistant"), None), "{line}");
    let why = line["why"].as_str().unwrap();
    assert!(why.contains(answer["item"].as_str().unwrap()), "the reason leads to the answer: {why}");

    // Sealed: nothing, whatever the rules say.
    json(&workspace, &["egress", "--seal"]);
    let refused = run(&workspace, ASK);
    assert_eq!(refused.status.code(), Some(4));
    assert!(String::from_utf8_lossy(&refused.stdout).contains("egress.sealed"));
    assert_eq!(far.exchanges().len(), 1, "a sealed workspace made a connection");

    // Another process adds up the same, from the ledger alone.
    let ledger = json(&workspace, &["egress"]);
    assert_eq!(newest(&ledger)["verdict"]["is"], "sealed");
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let today = |line: &&Value| line["at"].as_u64().unwrap() / 86_400_000 == now / 86_400;
    let lines: Vec<&Value> = ledger["entries"].as_array().unwrap().iter().filter(today).collect();
    let sum = |name: &str| lines.iter().map(|line| line[name].as_u64().unwrap()).sum::<u64>();
    let refused = lines.iter().filter(|line| line["verdict"]["is"] != "allowed").count() as u64;
    let totals = &ledger["totals"];
    let told = ["sent_today", "received_today", "refused_today"].map(|name| totals[name].as_u64().unwrap());
    assert_eq!(told, [sum("sent"), sum("received"), refused]);
    assert_eq!(totals["sealed"], true);
    assert!(workspace.run(["log", "verify"]).status.success());
}

#[test]
fn a_kill_leaves_what_had_crossed_in_the_ledger() {
    // Ever new words: an answer that repeats itself is stopped.
    let words = (0..300).map(|n| format!("Use {n} is number {}. ", n * n)).collect();
    let far = FarEnd::start(words, Duration::from_millis(100));
    let workspace = workspace(&far);
    json(&workspace, &["egress", "--allow", &far.address.to_string()]);
    let mut child = command(&workspace, ASK).stdout(Stdio::null()).spawn().unwrap();
    // Some seconds of an answer: its bytes are written down about once a second.
    far.until("the answer is under way", |all| all.first().is_some_and(|exchange| exchange.said > 3_000));
    child.kill().unwrap();
    child.wait().unwrap();
    let ledger = json(&workspace, &["egress"]);
    let line = newest(&ledger);
    let exchange = &far.exchanges()[0];
    assert_eq!(
        (line["sent"].as_u64(), line["open"].as_bool()),
        (Some(exchange.got.len() as u64), Some(true)),
        "{line}"
    );
    let received = line["received"].as_u64().unwrap();
    assert!(received > 300 && received <= exchange.said as u64, "{line} of {}", exchange.said);
    assert!(workspace.run(["log", "verify"]).status.success());
}

#[test]
fn no_secret_of_an_address_is_written_or_repeated() {
    let workspace = Workspace::new();
    for address in ["https://me:hush-hush@a.test/v1", "https://a.test/v1?key=hush-hush", "ftp://hush-hush.test"] {
        let out = run(&workspace, &["egress", "--endpoint", &format!("far={address},big")]);
        assert_eq!(out.status.code(), Some(2), "{address}");
        let said = String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
        assert!(said.contains("endpoint.url") && !said.contains("hush-hush"), "{said}");
    }
    for file in std::fs::read_dir(workspace.data()).unwrap().map(|entry| entry.unwrap().path()) {
        let bytes = if file.is_file() { std::fs::read(&file).unwrap() } else { Vec::new() };
        assert!(!bytes.windows(9).any(|window| window == b"hush-hush"), "{}", file.display());
    }
}

#[test]
fn rules_and_endpoints_are_taken_back() {
    let far = FarEnd::start(words(), Duration::ZERO);
    let workspace = workspace(&far);
    let host = far.address.to_string();
    json(&workspace, &["egress", "--allow", &host]);
    let ledger = json(&workspace, &["egress", "--remove-rule", &host]);
    assert_eq!(ledger["rules"].as_array().unwrap().len(), 0);
    assert_eq!(run(&workspace, &["egress", "--remove-rule", &host]).status.code(), Some(3));
    assert_eq!(run(&workspace, ASK).status.code(), Some(4));
    json(&workspace, &["egress", "--remove-endpoint", "far"]);
    assert_eq!(json(&workspace, &["models", "list"])["endpoints"].as_array().unwrap().len(), 0);
    assert_eq!(run(&workspace, &["egress", "--remove-endpoint", "far"]).status.code(), Some(3));
    assert_eq!(far.exchanges().len(), 0);
}

#[test]
fn a_rule_that_would_have_no_effect_is_refused() {
    let workspace = Workspace::new();
    for host in ["a@b.test", "*.a.test", "https://a.test/", "a.test:port", "a.test?x", ""] {
        for verdict in ["--deny", "--allow"] {
            let out = run(&workspace, &["egress", &format!("{verdict}={host}")]);
            assert_eq!(out.status.code(), Some(2), "{verdict} {host}");
        }
    }
    assert_eq!(json(&workspace, &["egress"])["rules"].as_array().unwrap().len(), 0);
}
