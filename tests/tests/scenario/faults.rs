//! What goes wrong: a kill in mid-answer, an altered log, a damaged model, a second instance.

use atelier_tests::{place, sample, serve::Served, workspace::Workspace};
use protocol::{ContinueAnswer, EngineState, ItemKind, ItemStatus, ItemView, Open, ReadChat, SendMessage, StartChat};
use std::time::Duration;

const LONG: Duration = Duration::from_secs(180);

fn answer(served: &Served, chat: protocol::ChatId) -> Option<ItemView> {
    let page = served.call(ReadChat { chat, before: None, limit: 10 });
    page.items.into_iter().rev().find(|item| item.kind == ItemKind::Answer)
}

/// Starts a long answer and waits until some of it is written.
fn writing(served: &Served) -> (protocol::ChatId, ItemView) {
    let opened = served.call(Open {});
    let agent = opened.agents.iter().find(|agent| agent.role == "assistant").expect("an assistant");
    let chat = served.call(StartChat { agent: agent.id }).id;
    let text = "Write an essay about the history of Europe from the Romans until today.".to_owned();
    served.call(SendMessage { chat, text, attached: Vec::new() });
    let item = served.until("some text of the answer", LONG, |served| {
        answer(served, chat).filter(|item| item.text.split_whitespace().count() > 12)
    });
    (chat, item)
}

#[test]
fn killed_in_mid_answer_it_comes_back_and_can_go_on() {
    let workspace = Workspace::new();
    let mut served = Served::start(&workspace);
    served.log_in();
    let (chat, _) = writing(&served);
    // The partial text is written down four times a second. Not much longer: where the model begins to repeat
    // itself, guessing makes it fast, and the answer is over.
    std::thread::sleep(Duration::from_millis(600));
    let before = answer(&served, chat).expect("the answer");
    assert_eq!(before.status, ItemStatus::Writing, "the answer was too short for this test: {}", before.text);
    served.kill();

    let mut served = Served::start(&workspace);
    served.log_in();
    let page = served.call(ReadChat { chat, before: None, limit: 10 });
    assert_eq!(page.items[0].text, "Write an essay about the history of Europe from the Romans until today.");
    let item = answer(&served, chat).expect("the answer is still there");
    assert_eq!(item.status, ItemStatus::Interrupted);
    assert!(!item.text.trim().is_empty(), "its text so far is kept");
    // Between the look at it and the kill it may have been written on and kept.
    let (seen, kept) = (before.text.trim_end(), item.text.trim_end());
    assert!(seen.starts_with(kept) || kept.starts_with(seen), "kept: {kept}\nseen: {seen}");

    let kept = item.text.clone();
    served.call(ContinueAnswer { item: item.id });
    let longer = served.until("the answer goes on", LONG, |served| {
        answer(served, chat).filter(|item| item.status != ItemStatus::Writing && item.status != ItemStatus::Interrupted)
    });
    assert!(longer.text.starts_with(kept.trim_end()), "kept: {kept}\nnow: {}", longer.text);
    assert!(longer.text.len() > kept.len());
    drop(served);
    let verified = workspace.run(["log", "verify"]);
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
}

/// The engine that this process has started, found as the system lists processes.
#[cfg(target_os = "linux")]
fn engine_of(parent: u32) -> Option<u32> {
    let parent = parent.to_string();
    let number = |entry: std::fs::DirEntry| entry.file_name().to_str()?.parse::<u32>().ok();
    std::fs::read_dir("/proc").expect("a list of processes").flatten().filter_map(number).find(|pid| {
        let read = |name: &str| std::fs::read_to_string(format!("/proc/{pid}/{name}")).unwrap_or_default();
        let child =
            read("status").lines().any(|line| line.strip_prefix("PPid:").map(str::trim) == Some(parent.as_str()));
        child && read("cmdline").contains("atelier-engine\0serve")
    })
}

#[cfg(target_os = "linux")]
#[test]
fn an_engine_killed_in_mid_answer_is_told_and_answers_the_next_question() {
    let workspace = Workspace::new();
    let mut served = Served::start(&workspace);
    served.log_in();
    let (chat, before) = writing(&served);
    let engine = engine_of(served.pid()).expect("a running engine");
    let killed = std::process::Command::new("kill").args(["-9", &engine.to_string()]).status();
    assert!(killed.is_ok_and(|status| status.success()));

    let item = served.until("the answer breaks off", LONG, |served| {
        answer(served, chat).filter(|item| item.status != ItemStatus::Writing)
    });
    assert_eq!(item.status, ItemStatus::Interrupted, "the answer was too short for this test: {}", item.text);
    assert!(item.text.starts_with(before.text.trim_end()), "seen: {}\nkept: {}", before.text, item.text);
    let EngineState::Crashed { fault } = served.call(Open {}).engine else { panic!("the crash is not told") };
    assert_eq!(fault.code, "engine.crashed");
    assert!(fault.values["how"].contains("signal 9") && fault.safe.is_some(), "{fault}");

    served.call(SendMessage { chat, text: "Say hello.".to_owned(), attached: Vec::new() });
    let next = served.until("the next question is answered", LONG, |served| {
        answer(served, chat).filter(|next| next.id != item.id && next.status != ItemStatus::Writing)
    });
    assert!(matches!(next.status, ItemStatus::Complete | ItemStatus::CutShort), "{:?}", next.status);
    assert!(!next.text.trim().is_empty());
    assert_ne!(engine_of(served.pid()), Some(engine));
    assert!(matches!(served.call(Open {}).engine, EngineState::Ready { .. }));
}

#[test]
fn a_stopped_answer_keeps_its_text() {
    let workspace = Workspace::new();
    let mut served = Served::start(&workspace);
    served.log_in();
    let (chat, _) = writing(&served);
    let turn = served.call(Open {}).turns.first().expect("a running turn").turn;
    served.call(protocol::StopTurn { turn, now: false });
    let item = served.until("the answer stops", LONG, |served| {
        answer(served, chat).filter(|item| item.status != ItemStatus::Writing)
    });
    assert_eq!(item.status, ItemStatus::Stopped);
    assert!(item.text.split_whitespace().count() > 12, "{}", item.text);
}

#[test]
fn an_altered_log_is_noticed_and_named() {
    let workspace = Workspace::new();
    let note = workspace.folder().join("note.md");
    std::fs::write(&note, "# A note\n\nThe spare key hangs behind the blue door.\n").unwrap();
    workspace.json(["import".as_ref(), note.as_os_str()]);
    assert!(workspace.run(["log", "verify"]).status.success());
    // Another program changes a stored hash, as somebody would who covers a trace.
    let altered = std::process::Command::new("python3")
        .args(["-c", ALTER])
        .arg(workspace.data().join("workspace.db"))
        .output()
        .unwrap();
    assert!(altered.status.success(), "{}", String::from_utf8_lossy(&altered.stderr));
    let verified = workspace.run(["log", "verify"]);
    assert_eq!(verified.status.code(), Some(6), "{}", String::from_utf8_lossy(&verified.stdout));
}

/// Flips one byte of the hash in the first record; the table is the one that has `prev` and `signature`.
const ALTER: &str = r#"
import sqlite3, sys
base = sqlite3.connect(sys.argv[1])
for (table,) in base.execute("select name from sqlite_master where type = 'table'").fetchall():
    columns = [row[1] for row in base.execute(f'pragma table_info("{table}")')]
    if {"prev", "signature", "body_hash"} <= set(columns):
        row, value = base.execute(f'select rowid, body_hash from "{table}" order by rowid limit 1').fetchone()
        other = bytes([value[0] ^ 1]) + value[1:] if isinstance(value, bytes) else ("0" if value[0] != "0" else "1") + value[1:]
        base.execute(f'update "{table}" set body_hash = ? where rowid = ?', (other, row))
        base.commit()
        sys.exit(0)
sys.exit("no table of records")
"#;

/// Puts other words into the stored text of a page.
const ALTER_PAGE: &str = r#"
import sqlite3, sys
base = sqlite3.connect(sys.argv[1])
changed = base.execute("update page_texts set text = replace(text, '96,000', '69,000') where text like '%96,000%'")
sys.exit(0 if changed.rowcount == 1 and base.commit() is None else "no such page")
"#;

#[test]
fn a_page_that_was_altered_in_the_database_is_no_evidence_and_is_named() {
    let workspace = Workspace::new();
    workspace.json(["import".as_ref(), sample::folder().join("office-lease.pdf").as_os_str()]);
    let question = "What is the annual rent of Quayside House?";
    let reply = workspace.ask(question);
    assert!(reply["citations"].to_string().contains("96,000"), "{reply}");
    let whole = workspace.json(["log", "verify", "--documents"]);
    assert_eq!(
        (whole["documents"]["intact"].as_bool(), whole["documents"]["documents"].as_u64()),
        (Some(true), Some(1))
    );
    assert!(whole["documents"]["quotes"].as_u64() > Some(0), "{whole}");

    let altered = std::process::Command::new("python3")
        .args(["-c", ALTER_PAGE])
        .arg(workspace.data().join("workspace.db"))
        .output()
        .unwrap();
    assert!(altered.status.success(), "{}", String::from_utf8_lossy(&altered.stderr));
    let reply = workspace.ask(question);
    assert!(!reply.to_string().contains("69,000"), "altered words are quoted: {reply}");
    assert!(reply["notices"].to_string().contains("office-lease.pdf"), "nothing says why: {reply}");
    let found = workspace.json(["search", "annual rent"]);
    assert!(!found.to_string().contains("69,000"), "altered words are found: {found}");
    let verified = workspace.run(["--json", "log", "verify", "--documents"]);
    let said = String::from_utf8_lossy(&verified.stdout);
    assert_eq!(verified.status.code(), Some(6), "{said}");
    assert!(said.contains("office-lease.pdf") && said.contains(r#""is": "page""#), "{said}");
}

#[test]
fn a_truncated_model_is_refused_by_name() {
    let workspace = Workspace::new();
    let models = workspace.folder().join("models");
    std::fs::create_dir_all(&models).unwrap();
    let bytes = std::fs::read(place::models().join(place::CHAT_MODEL)).unwrap();
    std::fs::write(models.join("short.gguf"), &bytes[..bytes.len() / 2]).unwrap();
    let mut command = workspace.command();
    command.env("ATELIER_MODELS", &models).args(["--json", "ask", "Hello?", "--role", "assistant"]);
    let out = command.output().unwrap();
    let said = String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
    assert!(!out.status.success(), "{said}");
    assert!(said.contains("short"), "the file is not named: {said}");
}

#[test]
fn a_second_instance_is_told() {
    let workspace = Workspace::new();
    let mut served = Served::start(&workspace);
    served.log_in();
    served.call(Open {});
    let second = workspace.run(["documents"]);
    let said = String::from_utf8_lossy(&second.stderr);
    assert_eq!(second.status.code(), Some(5), "{said}");
    assert!(!said.trim().is_empty());
    // The first goes on.
    served.call(Open {});
}

#[test]
fn a_question_says_which_of_its_files_could_not_be_read() {
    let workspace = Workspace::new();
    let broken = workspace.folder().join("broken.pdf");
    std::fs::write(&broken, b"%PDF-1.7\nthis is not a document\n").unwrap();
    let good = sample::folder().join("travel-policy.md");
    let ask: [&std::ffi::OsStr; 5] = [
        "ask".as_ref(),
        "What is the boiling point of tungsten?".as_ref(),
        "--import".as_ref(),
        broken.as_ref(),
        good.as_ref(),
    ];
    let out = workspace.run([&["--json".as_ref()], &ask[..]].concat());
    let said = String::from_utf8_lossy(&out.stdout);
    assert_eq!(out.status.code(), Some(8), "{said}");
    let printed: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(printed["import"]["failed"], 1, "{printed}");
    assert!(printed["import"]["documents"].to_string().contains("broken.pdf"), "{printed}");
    let out = workspace.run(ask);
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.code() == Some(8) && said.contains("broken.pdf"), "{said}");
}

#[test]
fn every_event_of_a_stream_is_one_line() {
    let workspace = Workspace::new();
    let out = workspace.run(["--json", "ask", "--stream", "What is the boiling point of tungsten?"]);
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let text = String::from_utf8_lossy(&out.stdout);
    let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    let (answer, events) = lines.split_last().expect("lines");
    assert!(answer["answer"].is_string() && events.iter().all(|event| event["event"].is_string()), "{text}");
    assert!(events.iter().any(|event| event["event"] == "TurnEnded"), "{text}");
}

#[test]
fn a_file_that_cannot_be_read_does_not_stop_the_others() {
    let workspace = Workspace::new();
    let broken = workspace.folder().join("broken.pdf");
    std::fs::write(&broken, b"%PDF-1.7\nthis is not a document\n").unwrap();
    let good = sample::folder().join("travel-policy.md");
    let out = workspace.run(["--json".as_ref(), "import".as_ref(), broken.as_os_str(), good.as_os_str()]);
    let said = String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
    assert_eq!(out.status.code(), Some(8), "done in part: {said}");
    let hits = workspace.json(["search", "hotel room in a capital city"]).to_string();
    assert!(hits.contains("travel-policy.md"), "{hits}");
}
