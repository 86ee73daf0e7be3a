//! Every event, in its envelope.

use crate::{ID, fault, views, written};
use protocol::{Envelope, Event};
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn examples() -> Vec<Value> {
    let with = |event: &str, with: Value| json!({ "event": event, "with": with });
    let moved = |state: Value| with("TurnMoved", json!({ "chat": ID, "turn": ID, "item": ID, "state": state }));
    vec![
        json!({ "event": "Resync" }),
        with("ChatChanged", views::chat()),
        with("ChatRemoved", json!(ID)),
        with("ItemAdded", views::item(json!({ "is": "writing" }))),
        with("ItemChanged", views::item(json!({ "is": "failed", "fault": fault() }))),
        with("Delta", json!({ "chat": ID, "item": ID, "at": 5, "text": "word " })),
        moved(json!({ "is": "queued", "ahead": 2 })),
        moved(json!({ "is": "searching" })),
        moved(json!({ "is": "loading", "done": 1, "total": 2 })),
        moved(json!({ "is": "reading", "done": 1, "total": 2 })),
        moved(json!({ "is": "writing" })),
        moved(json!({ "is": "working" })),
        moved(json!({ "is": "asking" })),
        moved(json!({ "is": "checking" })),
        moved(json!({ "is": "stopping" })),
        with("StepChanged", json!({ "chat": ID, "item": ID, "index": 0, "step": views::step() })),
        with("TurnEnded", json!({ "chat": ID, "turn": ID })),
        with("ApprovalAsked", views::approval()),
        with("ApprovalSettled", json!({ "asked": ID, "decision": "expired" })),
        with("DocumentChanged", views::document(json!({ "is": "indexing", "done": 1, "total": 2 }))),
        with("DocumentRemoved", json!(ID)),
        with("FolderChanged", views::folder(json!({ "is": "looking", "done": 1, "total": 2 }))),
        with("FolderRemoved", json!(ID)),
        with("NeighboursChanged", json!([views::neighbour()])),
        with("ImportMoved", views::progress()),
        with("ModelsChanged", views::models()),
        with("DownloadsMoved", views::downloads()),
        with("EngineMoved", json!({ "is": "loading", "model": "A", "done": 1, "total": 2 })),
        with("EngineMoved", json!({ "is": "crashed", "fault": fault() })),
        with("EgressMoved", views::totals()),
        with("SettingsChanged", views::settings()),
        with("RulesChanged", json!([views::rule()])),
        with("Notice", fault()),
    ]
}

/// How many kinds of events there are. A new one does not compile here until it is counted, and
/// then the test asks for its example.
fn kinds(event: &Event) -> usize {
    match event {
        Event::Resync
        | Event::ChatChanged(_)
        | Event::ChatRemoved(_)
        | Event::ItemAdded(_)
        | Event::ItemChanged(_)
        | Event::Delta { .. }
        | Event::TurnMoved { .. }
        | Event::StepChanged { .. }
        | Event::TurnEnded { .. }
        | Event::ApprovalAsked(_)
        | Event::ApprovalSettled { .. }
        | Event::DocumentChanged(_)
        | Event::DocumentRemoved(_)
        | Event::FolderChanged(_)
        | Event::FolderRemoved(_)
        | Event::NeighboursChanged(_)
        | Event::ImportMoved(_)
        | Event::ModelsChanged(_)
        | Event::DownloadsMoved(_)
        | Event::EngineMoved(_)
        | Event::EgressMoved(_)
        | Event::SettingsChanged(_)
        | Event::RulesChanged(_)
        | Event::Notice(_) => 24,
    }
}

#[test]
fn events() {
    let examples = examples();
    let named: BTreeSet<&str> = examples.iter().map(|example| example["event"].as_str().unwrap()).collect();
    assert_eq!(named.len(), kinds(&Event::Resync), "an example of every kind");
    let enveloped: Vec<Value> = examples.iter().map(|event| json!({ "seq": 7, "event": event })).collect();
    let forms: Vec<String> = enveloped.iter().map(written::<Envelope>).collect();
    insta::assert_snapshot!("events", forms.join("\n"));
}
