//! How long an append to the log takes: `cargo run -p store --example append [COUNT] [DIR]`.
//!
//! Prints one JSON line: microseconds at the median, the 90th and the 99th percentile, and the worst.

use protocol::{Actor, AgentId, ChatId, ItemId};
use std::time::Instant;
use store::{Change, Keeping, Options, Store};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let count: usize = args.next().map_or(Ok(2000), |count| count.parse())?;
    let temporary = tempfile::tempdir()?;
    let dir = args.next().map_or_else(|| temporary.path().to_owned(), Into::into);
    let options = Options { keeping: Keeping::Files, ..Options::default() };
    let store = Store::open(&dir, options).await?.store;
    let actor = Actor::Person { member: store.home().member };
    let (agent, chat) = (AgentId::new(), ChatId::new());
    let (role, name, about) = ("assistant".into(), "Ada".into(), String::new());
    store.record(&actor, Change::AgentAdded { agent, role, name, about, mark: 0 }).await?;
    store.record(&actor, Change::ChatStarted { chat, agent, title: String::new() }).await?;
    let mut times = Vec::with_capacity(count);
    let mut parent = None;
    for n in 0..count {
        let item = ItemId::new();
        let text = format!("question {n}: what does the contract say about the notice period?");
        let change = Change::MessageAdded { item, chat, parent, author: "Ada".into(), text, attached: vec![] };
        let start = Instant::now();
        store.record(&actor, change).await?;
        times.push(start.elapsed().as_micros());
        parent = Some(item);
    }
    times.sort_unstable();
    let at = |share: f64| times.get((count as f64 * share) as usize).copied().unwrap_or_default();
    let worst = times.last().copied().unwrap_or_default();
    println!(
        r#"{{"appends":{count},"median_us":{},"p90_us":{},"p99_us":{},"worst_us":{worst}}}"#,
        at(0.5),
        at(0.9),
        at(0.99)
    );
    // What a caller waits for: the same, on the disk.
    let mut acknowledged = Vec::with_capacity(count.min(500));
    for n in 0..count.min(500) {
        let item = ItemId::new();
        let text = format!("question {n}: and who signs it?");
        let change = Change::MessageAdded { item, chat, parent, author: "Ada".into(), text, attached: vec![] };
        let start = Instant::now();
        store.record(&actor, change).await?;
        store.settled().await?;
        acknowledged.push(start.elapsed().as_micros());
        parent = Some(item);
    }
    acknowledged.sort_unstable();
    let at = |share: f64| acknowledged.get((acknowledged.len() as f64 * share) as usize).copied().unwrap_or_default();
    println!(
        r#"{{"acknowledged":{},"median_us":{},"p90_us":{},"p99_us":{}}}"#,
        acknowledged.len(),
        at(0.5),
        at(0.9),
        at(0.99)
    );
    let start = Instant::now();
    let page = store.chat_page(chat, None, 100).await?;
    println!(
        r#"{{"chat_of":{},"page":{},"open_us":{}}}"#,
        page.chat.items,
        page.items.len(),
        start.elapsed().as_micros()
    );
    let start = Instant::now();
    let report = store.verify(store.home().workspace).await?;
    println!(r#"{{"verified":{},"intact":{},"ms":{}}}"#, report.records, report.intact, start.elapsed().as_millis());
    store.close().await;
    Ok(())
}
