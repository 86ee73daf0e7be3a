//! What the tests share: a workspace with an agent, and short ways to fill it.
#![allow(dead_code)] // each test binary uses its part

use protocol::*;
use std::path::Path;
use store::{Change, Keeping, Opened, Options, Store, StoreError};

/// Notes that a test did not run, in a line that `cargo xtask test` counts; under `CI=true` it fails.
pub fn skip(why: &str) {
    assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "cannot be left out here: {why}");
    // Not `println!`: the test runner would keep that to itself.
    let _ = std::io::Write::write_all(&mut std::io::stdout(), format!("\nskipped: {why}\n").as_bytes());
}

/// Options for tests: keys in files, whatever keychain there is.
pub fn options() -> Options {
    Options { keeping: Keeping::Files, member: "Ada".into(), ..Options::default() }
}

/// Opens a workspace.
pub async fn try_open(dir: &Path) -> Result<Opened, StoreError> {
    Store::open(dir, options()).await
}

/// Opens a workspace that opens without any notice.
pub async fn open(dir: &Path) -> Store {
    let opened = try_open(dir).await.unwrap();
    assert_eq!(opened.notices, []);
    opened.store
}

/// The person of a workspace.
pub fn person(store: &Store) -> Actor {
    Actor::Person { member: store.home().member }
}

/// Adds an agent and starts a chat with it.
pub async fn chat(store: &Store) -> (AgentId, ChatId) {
    let (agent, chat) = (AgentId::new(), ChatId::new());
    let actor = person(store);
    store.record(&actor, agent_added(agent)).await.unwrap();
    store.record(&actor, Change::ChatStarted { chat, agent, title: String::new() }).await.unwrap();
    (agent, chat)
}

pub fn agent_added(agent: AgentId) -> Change {
    Change::AgentAdded { agent, role: "researcher".into(), name: "Rosa".into(), about: "Reads".into(), mark: 3 }
}

/// Adds a question.
pub async fn ask(store: &Store, chat: ChatId, parent: Option<ItemId>, text: &str) -> ItemId {
    let item = ItemId::new();
    store.record(&person(store), question(item, chat, parent, text)).await.unwrap();
    item
}

pub fn question(item: ItemId, chat: ChatId, parent: Option<ItemId>, text: &str) -> Change {
    Change::MessageAdded { item, chat, parent, author: "Ada".into(), text: text.into(), attached: vec![] }
}

/// Starts an answer.
pub async fn begin(store: &Store, agent: AgentId, chat: ChatId, parent: ItemId) -> ItemId {
    let item = ItemId::new();
    let change = Change::AnswerStarted { item, chat, parent, agent, turn: TurnId::new() };
    store.record(&person(store), change).await.unwrap();
    item
}

/// The end of an answer.
pub fn end(item: ItemId, text: &str) -> Change {
    Change::AnswerEnded {
        item,
        text: text.into(),
        status: ItemStatus::Complete,
        steps: vec![],
        citations: vec![],
        unsupported: vec![],
        supported: Some(Support::Yes),
        made: None,
        explanation: None,
    }
}

/// A document.
pub fn document(document: DocumentId, name: &str, hash: &str) -> Change {
    Change::DocumentAdded {
        document,
        name: name.into(),
        origin: format!("/home/ada/{name}"),
        format: "pdf".into(),
        bytes: 1234,
        hash: hash.into(),
    }
}
