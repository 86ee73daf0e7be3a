//! Every call, as clients send it.

use crate::{ID, views, written};
use protocol::Request;
use serde_json::{Value, json};

fn examples() -> Vec<Value> {
    let call = |name: &str, with: Value| {
        let mut call = json!({ "call": name });
        call.as_object_mut().unwrap().extend(with.as_object().unwrap().clone());
        call
    };
    vec![
        call("Open", json!({})),
        call("StartChat", json!({ "agent": ID })),
        call("RenameChat", json!({ "chat": ID, "title": "Lease" })),
        call("RemoveChat", json!({ "chat": ID })),
        call("RestoreChat", json!({ "chat": ID })),
        call("PurgeChat", json!({ "chat": ID })),
        call("ReadChat", json!({ "chat": ID, "before": ID, "limit": 50 })),
        call("ReadChat", json!({ "chat": ID, "before": null, "limit": 50 })),
        call("SendMessage", json!({ "chat": ID, "text": "What is the rent?", "attached": [ID] })),
        call("EditMessage", json!({ "item": ID, "text": "What is the rent?" })),
        call("Regenerate", json!({ "item": ID })),
        call("ContinueAnswer", json!({ "item": ID })),
        call("ChooseBranch", json!({ "item": ID })),
        call("StopTurn", json!({ "turn": ID, "now": true })),
        call("Decide", json!({ "asked": ID, "decision": "allow_once" })),
        call("Decide", json!({ "asked": ID, "decision": "allow_always" })),
        call("Decide", json!({ "asked": ID, "decision": "deny" })),
        call("Explain", json!({ "item": ID })),
        call("Replay", json!({ "item": ID })),
        call("ExportChat", json!({ "chat": ID })),
        call("PlanImport", json!({ "paths": ["/home/ada/Contracts"] })),
        call("ImportPaths", json!({ "paths": ["/home/ada/Contracts"] })),
        call("ImportBytes", json!({ "name": "a.md", "base64": "IyBB" })),
        call("ListDocuments", json!({})),
        call("RemoveDocument", json!({ "document": ID })),
        call("RestoreDocument", json!({ "document": ID })),
        call("PurgeDocument", json!({ "document": ID, "answers": true })),
        call("RevealDocument", json!({ "document": ID })),
        call("LabelDocuments", json!({ "documents": [ID], "label": "Client A", "on": true })),
        call("RetryDocument", json!({ "document": ID })),
        call("ReadEarlierAgain", json!({})),
        call("UnlockDocument", json!({ "document": ID, "password": "open sesame" })),
        call("PauseImport", json!({ "paused": true })),
        call("Search", json!({ "query": "rent", "mode": "hybrid", "limit": 10, "within": null })),
        call("Search", json!({ "query": "rent", "mode": "text", "limit": 10, "within": ID })),
        call("Search", json!({ "query": "rent", "mode": "vector", "limit": 10, "within": null })),
        call("Search", json!({ "query": "rent", "mode": "reranked", "limit": 10, "within": null })),
        call("ListNeighbours", json!({})),
        call("AddNeighbour", json!({ "folder": "/home/ada/Atelier/Estate" })),
        call("RemoveNeighbour", json!({ "workspace": ID })),
        call("SearchNeighbours", json!({ "query": "rent", "mode": "hybrid", "limit": 3 })),
        call("MoreLikeThis", json!({ "document": ID, "page": 1, "start": 2, "limit": 10 })),
        call("CheckIndex", json!({ "mend": true })),
        call("RebuildIndex", json!({})),
        call("ReadPage", json!({ "document": ID, "page": 1, "passage": { "start": 2, "end": 3 }, "width": 900 })),
        call("ListPages", json!({ "document": ID })),
        call("FindInDocument", json!({ "document": ID, "words": "the lease", "limit": 10 })),
        call("ListRemoved", json!({})),
        call("WatchFolder", json!({ "path": "/home/ada/Contracts" })),
        call("ListFolders", json!({})),
        call("PauseFolder", json!({ "folder": ID, "paused": true })),
        call("LookAgain", json!({ "folder": ID })),
        call("LookAgain", json!({ "folder": null })),
        call("UnwatchFolder", json!({ "folder": ID, "documents": false })),
        call("RestoreGone", json!({ "folder": ID })),
        call("ListModels", json!({})),
        call("AddModel", json!({ "path": "/home/ada/a.gguf", "signer": "00ff 11ee" })),
        call("ListOffers", json!({})),
        call("GetModel", json!({ "model": "a" })),
        call("GetModelFrom", json!({ "url": "https://a.example/a.gguf", "sha256": "00ff" })),
        call("PauseDownload", json!({ "model": "a" })),
        call("DropDownload", json!({ "model": "a" })),
        call("RemoveModel", json!({ "model": "a" })),
        call("RestoreModel", json!({ "model": "a" })),
        call("MeasureModel", json!({ "model": "a" })),
        call("PackModels", json!({ "models": ["a", "b"], "folder": "/media/stick" })),
        call("VerifyModel", json!({ "model": "a" })),
        call("ChooseModel", json!({ "model": "a" })),
        call("AddEndpoint", json!({ "name": "office", "url": "https://a.example/v1", "model": "m", "key": "k" })),
        call("RemoveEndpoint", json!({ "name": "office" })),
        call("ReadLedger", json!({ "before": ID, "limit": 50 })),
        call("Seal", json!({ "sealed": true })),
        call("ListRules", json!({})),
        call("AddRule", json!({ "subject": { "is": "host", "host": "a.example:443" }, "verdict": "allow" })),
        call("AddRule", json!({ "subject": { "is": "tool", "name": "rename_chat" }, "verdict": "ask" })),
        call("RemoveRule", json!({ "rule": ID })),
        call("VerifyLog", json!({})),
        call("CheckDocuments", json!({})),
        call("ReadLog", json!({ "before": 7, "limit": 50 })),
        call("ChangeSettings", json!({ "settings": views::settings() })),
    ]
}

#[test]
fn requests() {
    let examples = examples();
    for name in Request::NAMES {
        assert!(examples.iter().any(|example| example["call"] == *name), "no example of {name}");
    }
    let forms: Vec<String> = examples.iter().map(written::<Request>).collect();
    insta::assert_snapshot!("requests", forms.join("\n"));
}
