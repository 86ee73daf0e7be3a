//! A chat of many items, for tests and measurements: `cargo run -p store --example fill DIR COUNT`.
//!
//! The workspace must have been opened by Atelier before, so that it has agents. Prints one JSON line
//! with the chat's id.

use protocol::{Actor, ChatId, ItemId, ItemStatus, Settings, TurnId};
use store::{Change, Keeping, Options, Store};

/// Pairs of question and answer in one transaction.
const AT_ONCE: usize = 250;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(dir), Some(count)) = (args.next(), args.next()) else { return Err("fill DIR COUNT".into()) };
    let pairs = count.parse::<usize>()? / 2;
    let options = Options { keeping: Keeping::Files, ..Options::default() };
    let store = Store::open(&dir, options).await?.store;
    let actor = Actor::Person { member: store.home().member };
    let agent = store.agents().await?.first().ok_or("no agent: open the workspace once with Atelier")?.id;
    // So that nobody is welcomed instead of seeing it.
    let settings = Settings { welcomed: true, ..store.settings().await? };
    store.record(&actor, Change::SettingsChanged { settings }).await?;
    let chat = ChatId::new();
    let title = format!("{count} items");
    store.record(&actor, Change::ChatStarted { chat, agent, title }).await?;
    let mut parent = None;
    for begin in (0..pairs).step_by(AT_ONCE) {
        parent = store
            .write(&actor, async |tx| {
                let mut parent = parent;
                for n in begin..pairs.min(begin + AT_ONCE) {
                    let (question, answer) = (ItemId::new(), ItemId::new());
                    for change in pair(chat, agent, parent, (question, answer), n) {
                        tx.record(change).await?;
                    }
                    parent = Some(answer);
                }
                Ok(parent)
            })
            .await?;
    }
    println!("{}", serde_json::json!({ "chat": chat, "items": pairs * 2 }));
    store.close().await;
    Ok(())
}

fn pair(
    chat: ChatId,
    agent: protocol::AgentId,
    parent: Option<ItemId>,
    (question, answer): (ItemId, ItemId),
    n: usize,
) -> [Change; 3] {
    let asked = format!("Question {n}: what does the contract say about the notice period?");
    let text = format!(
        "**Answer {n}.** The notice period is three months to the end of a quarter.\n\n- It begins with the letter's \
         arrival.\n- A shorter one needs both signatures.\n\nSee `§ {}` of the contract, and the table in its annex.",
        n % 40 + 1
    );
    [
        Change::MessageAdded { item: question, chat, parent, author: "Ada".into(), text: asked, attached: Vec::new() },
        Change::AnswerStarted { item: answer, chat, parent: question, agent, turn: TurnId::new() },
        Change::AnswerEnded {
            item: answer,
            text,
            status: ItemStatus::Complete,
            steps: Vec::new(),
            citations: Vec::new(),
            unsupported: Vec::new(),
            supported: None,
            made: None,
            explanation: None,
        },
    ]
}
