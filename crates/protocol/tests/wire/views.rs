//! Every view, as replies and events carry it.

use crate::{ID, fault, written};
use protocol::*;
use serde_json::{Value, json};

pub fn chat() -> Value {
    json!({ "id": ID, "agent": ID, "title": "Lease", "started_at": 1, "changed_at": 2, "items": 3 })
}

pub fn step() -> Value {
    json!({ "kind": { "is": "searched" }, "state": "done", "detail": "rent", "count": 2, "ms": 3 })
}

pub fn item(status: Value) -> Value {
    json!({
        "id": ID, "chat": ID, "parent": ID, "kind": "answer", "author": "Researcher", "at": 1,
        "text": "The rent is 900 euros.", "status": status, "attached": [ID],
        "steps": [
            step(),
            { "kind": { "is": "reasoned" }, "state": "running", "detail": "", "count": null, "ms": null },
            {
                "kind": { "is": "tool", "name": "rename_chat" }, "state": "done", "count": null, "ms": 4,
                "detail": { "does": "rename_chat", "title": "Lease" }, "decided": "allow_once",
                "undo": { "does": "rename_chat", "from": "Rent", "to": "Lease" },
            },
            {
                "kind": { "is": "tool", "name": "rename_chat" }, "state": "failed", "count": null, "ms": null,
                "detail": { "failed": "arguments" }, "decided": "deny",
            },
            {
                "kind": { "is": "left_out" }, "state": "failed", "count": 1, "ms": null,
                "detail": [{ "what": "oldest_exchanges", "count": 1 }, "a sentence of an earlier version"],
            },
            { "kind": { "is": "checked" }, "state": "done", "detail": "", "count": 1, "ms": 2 },
        ],
        "citations": [{
            "number": 1, "at": 22, "document": ID, "name": "lease.pdf", "page": 1, "start": 2, "end": 3,
            "quote": "900 euros", "page_hash": "00ff",
        }, {
            "number": 2, "at": 30, "document": ID, "name": "rent.xlsx", "page": 1, "start": 2, "end": 3,
            "quote": "900", "page_hash": "00ff", "place": "Rent!B4:D4",
        }],
        "unsupported": [{ "start": 1, "end": 2 }], "supported": "yes",
        "made": {
            "model": "A", "place": "outside", "prompt_tokens": 1, "completion_tokens": 2, "ttft_ms": 3,
            "tokens_per_second": 4.5, "egress_bytes": 5,
        },
        "branches": [ID],
    })
}

pub fn approval() -> Value {
    json!({
        "asked": ID, "chat": ID, "agent": "Assistant", "tool": "rename_chat", "reach": "write",
        "summary": "Rename it", "may_always": true, "at": 1,
    })
}

pub fn neighbour() -> Value {
    json!({ "workspace": ID, "name": "Estate", "folder": "/home/ada/Atelier/Estate" })
}

pub fn folder(state: Value) -> Value {
    json!({
        "id": ID, "path": "/home/ada/Contracts", "added_at": 1, "files": 2, "gone": 5, "looked_at": 3, "state": state,
        "note": fault(), "left_out": [{ "path": "/a", "fault": fault() }], "more_left_out": 4,
        "passed_over": { "hidden": 3, "links": 2, "system": 1 },
    })
}

pub fn document(state: Value) -> Value {
    json!({
        "id": ID, "name": "lease.pdf", "origin": "/home/ada/lease.pdf", "format": "pdf", "bytes": 1, "hash": "00ff",
        "pages": 2, "passages": 3, "language": "en", "author": "Ada", "dated": 1, "added_at": 4, "state": state, "notes": [fault()],
    })
}

pub fn progress() -> Value {
    json!({ "total": 4, "done": 2, "failed": 1, "current": "lease.pdf", "paused": false, "left_ms": 900,
        "embedded": 5, "passages": 6, "stopped": fault() })
}

pub fn models() -> Value {
    json!({
        "models": [{
            "id": "a", "name": "A", "purpose": "chat", "file": "/m/a.gguf", "bytes": 1, "sha256": "00ff",
            "architecture": "llama", "quantisation": "Q4_1", "context": 2048, "parameters": 135, "licence": "Apache-2.0",
            "memory": 2, "fits": true, "starter": true, "chosen": true, "tokens_per_second": 4.5,
            "expected_per_second": 5.5, "fault": fault(),
        }],
        "endpoints": [{ "name": "office", "url": "https://a.example/v1", "model": "m", "has_key": true, "verdict": "deny" }],
        "memory_free": 1, "memory_total": 2, "disk_free": 3, "folder": "/m", "downloads": downloads(),
    })
}

pub fn downloads() -> Value {
    let one = |id: &str, state: Value| {
        json!({
            "id": id, "name": "A", "host": "hub.example", "done": 1, "total": 2, "bytes_per_second": 3, "left_ms": 4,
            "state": state,
        })
    };
    json!([
        one("a", json!({ "is": "waiting" })),
        one("b", json!({ "is": "running" })),
        one("c", json!({ "is": "checking" })),
        one("d", json!({ "is": "paused" })),
        one("e", json!({ "is": "failed", "fault": fault() })),
    ])
}

fn offers() -> Value {
    let one = |id: &str, fit: &str| {
        json!({
            "id": id, "name": "A", "purpose": "chat", "maker": "M", "origin": "FR", "licence": "Apache-2.0",
            "languages": ["fr"], "parameters": 1, "context": 2, "quantisation": "Q4_K_M", "bytes": 3, "pinned": true,
            "memory": 4, "fit": fit, "expected_per_second": 5.5, "here": false, "page": "https://hub.example/m/a",
        })
    };
    json!({
        "offers": [one("a", "fits"), one("b", "tight"), one("c", "too_large"), one("d", "no_disk")],
        "hub": "https://hub.example", "host": "hub.example", "verdict": "deny", "memory_per_second": 6,
    })
}

pub fn totals() -> Value {
    json!({ "sent_today": 1, "received_today": 2, "refused_today": 3, "open": 4, "sealed": true })
}

pub fn settings() -> Value {
    json!({
        "theme": "dark", "language": "fr", "text_size": 110, "name": "Ada", "chat_model": "endpoint:office",
        "role": "researcher", "temperature": 0.5, "max_tokens": 512, "unload_after_min": 10, "rerank": true, "welcomed": true,
        "model_hub": "https://mirror.example",
    })
}

pub fn rule() -> Value {
    json!({ "id": ID, "subject": { "is": "host", "host": "a.example" }, "verdict": "allow", "at": 1 })
}

fn ledger(verdict: &str) -> Value {
    json!({
        "id": ID, "at": 1, "who": "Assistant", "why": "Answer", "host": "a.example:443", "sent": 2, "received": 3,
        "verdict": { "is": verdict },
    })
}

fn search() -> Value {
    json!({
        "hits": [{
            "document": ID, "name": "lease.pdf", "format": "pdf", "page": 1, "start": 2, "end": 3, "section": "Rent",
            "score": 0.5, "words": 0.25, "meaning": 0.75, "snippet": "900 euros", "marks": [{ "start": 0, "end": 3 }],
            "language": "en", "author": "Ada", "dated": 1, "within": "deal.zip", "unread": true,
        }],
        "documents": 1, "ms": 2, "mode": "hybrid",
        "misread": [{ "text": "soon", "why": "date" }],
        "instead": [{ "typed": "rnet", "found": ["rent"], "why": "typo" }],
        "facets": {
            "formats": [{ "value": "pdf", "count": 1 }], "languages": [{ "value": "en", "count": 1 }],
            "documents": [{ "document": ID, "name": "lease.pdf", "count": 1 }],
        },
    })
}

fn snapshot() -> Value {
    json!({
        "seq": 7, "version": "0.1.0",
        "workspace": {
            "id": ID, "name": "My workspace", "member": ID, "member_name": "Ada", "device": ID, "key_place": "keychain",
            "public_key": "00ff", "data_dir": "/home/ada",
        },
        "agents": [{ "id": ID, "role": "researcher", "name": "Researcher", "about": "Reads", "mark": 1 }],
        "chats": [chat()], "documents": [document(json!({ "is": "waiting" }))],
        "folders": [folder(json!({ "is": "watching" }))], "import": progress(),
        "models": models(), "engine": { "is": "off" }, "egress": totals(), "approvals": [approval()],
        "turns": [{ "turn": ID, "chat": ID, "item": ID, "state": { "is": "writing" } }],
        "settings": settings(), "notices": [fault()],
    })
}

#[test]
fn views() {
    let open = {
        let mut open = ledger("allowed");
        open["open"] = json!(true);
        open
    };
    let forms = [
        ("Snapshot", written::<Snapshot>(&snapshot())),
        ("ChatPage", {
            let items =
                ["complete", "writing", "stopped", "interrupted", "cut_short"].map(|is| item(json!({ "is": is })));
            written::<ChatPage>(&json!({ "chat": chat(), "items": items, "more": true }))
        }),
        ("DocumentView", written::<DocumentView>(&document(json!({ "is": "reading" })))),
        ("DocumentView", written::<DocumentView>(&document(json!({ "is": "ready", "meaning": true })))),
        ("DocumentView", written::<DocumentView>(&document(json!({ "is": "failed", "fault": fault() })))),
        (
            "ImportPlan",
            written::<ImportPlan>(&json!({
                "files": 2, "bytes": 3, "formats": [{ "format": "pdf", "count": 2 }], "known": 1,
                "left_out": [{ "path": "/a", "fault": fault() }], "documents": [ID],
                "passed_over": { "hidden": 3, "links": 2, "system": 1 },
            })),
        ),
        ("FolderView", written::<FolderView>(&folder(json!({ "is": "waiting" })))),
        ("FolderView", written::<FolderView>(&folder(json!({ "is": "watching" })))),
        ("FolderView", written::<FolderView>(&folder(json!({ "is": "paused" })))),
        ("FolderView", written::<FolderView>(&folder(json!({ "is": "unreachable", "fault": fault() })))),
        ("SearchReply", written::<SearchReply>(&search())),
        (
            "IndexReport",
            written::<IndexReport>(&json!({
                "passages": 9, "words_missing": 1, "words_extra": 2, "damaged": false, "vectors": 8, "vectors_odd": 3,
                "vectors_missing": 4, "vectors_extra": 5, "mended": true,
            })),
        ),
        (
            "PageView",
            written::<PageView>(&json!({
                "document": ID, "name": "lease.pdf", "format": "pdf", "page": 1, "pages": 2, "text": "900 euros",
                "picture": "AA==", "width": 900, "height": 1200, "boxes": [{ "x": 0.5, "y": 0.25, "w": 0.125, "h": 0.5 }],
                "passage": { "start": 0, "end": 3 }, "page_hash": "00ff",
                "words": [{ "start": 0, "length": 3, "sides": [1, 2, 300, 400] }],
            })),
        ),
        (
            "PageEntry",
            written::<Vec<PageEntry>>(&json!([
                { "page": 1, "width": 595.5, "height": 842.0 }, { "page": 2, "label": "Rent", "width": 0.0, "height": 0.0 },
            ])),
        ),
        (
            "Found",
            written::<Found>(&json!({
                "total": 7,
                "finds": [{
                    "page": 2, "span": { "start": 4, "end": 9 }, "before": "of the ", "words": "lease", "after": " ends",
                }],
            })),
        ),
        (
            "PageView",
            written::<PageView>(&json!({
                "document": ID, "name": "rent.xlsx", "format": "xlsx", "page": 2, "pages": 2, "text": "Flat | 900",
                "picture": null, "width": 0, "height": 0, "boxes": [], "passage": null, "page_hash": "00ff",
                "label": "Rent", "columns": ["What", "Euros"],
                "blocks": [
                    { "start": 0, "end": 10, "is": "row", "cells": [[0, 4, 1], [7, 10, 3]], "header": true, "row": 4 },
                    { "start": 0, "end": 4, "is": "row", "cells": [[0, 4, 0]] },
                    { "start": 0, "end": 4, "is": "paragraph" }, { "start": 0, "end": 4, "is": "heading", "level": 2 },
                    { "start": 0, "end": 4, "is": "item", "depth": 1 }, { "start": 0, "end": 4, "is": "code" },
                    { "start": 0, "end": 4, "is": "quote" }, { "start": 0, "end": 4, "is": "note" },
                ],
            })),
        ),
        ("EngineState", written::<EngineState>(&json!({ "is": "ready", "model": "A", "tokens_per_second": 4.5 }))),
        (
            "Explanation",
            written::<Explanation>(&json!({
                "item": ID, "model": "A", "model_hash": "00ff", "engine": "atelier-engine 0.1.0", "temperature": 0.5,
                "top_p": 1.0, "top_k": 40, "min_p": 0.25, "seed": 1, "max_tokens": 2, "stop": ["END"],
                "prompt": [["user", "What is the rent?"]],
                "passages": [{
                    "document": ID, "name": "lease.pdf", "page": 1, "start": 2, "end": 3, "hash": "00ff", "score": 0.5,
                }],
                "left_out": [{ "what": "weakest_passages", "count": 2 }, "an earlier question"],
                "evidence": {
                    "query": "What is the rent?", "score": 0.5, "threshold": 0.25,
                    "candidates": [{
                        "document": ID, "name": "lease.pdf", "page": 1, "start": 2, "end": 3, "hash": "00ff",
                        "score": 0.5, "words": 0.75, "meaning": 0.25,
                    }],
                },
            })),
        ),
        (
            "ReplayReport",
            written::<ReplayReport>(&json!({
                "item": ID, "same": false, "text": "900",
                "differences": [
                    { "is": "model_file", "then": "00ff", "now": "" },
                    { "is": "engine", "then": "a 1", "now": "a 2" },
                    { "is": "passage_changed", "document": "lease.pdf", "page": 1 },
                    { "is": "passage_gone", "document": "lease.pdf", "page": 2 },
                    { "is": "text", "at": 3, "then": "900", "now": "800" },
                ],
            })),
        ),
        (
            "Removed",
            written::<Removed>(&json!({
                "chats": [{ "chat": ID, "title": "Lease", "items": 2, "removed_at": 3 }],
                "documents": [
                    { "document": ID, "name": "lease.pdf", "bytes": 1, "answers": 2, "removed_at": 3 },
                    {
                        "document": ID, "name": "rent.xlsx", "bytes": 1, "answers": 2, "removed_at": 3,
                        "gone_from": "/home/ada/Contracts",
                    },
                ],
            })),
        ),
        ("OffersView", written::<OffersView>(&offers())),
        (
            "PackView",
            written::<PackView>(
                &json!({ "folder": "/s/a.atelier-models", "models": ["a"], "bytes": 1, "signer": "00ff" }),
            ),
        ),
        ("LedgerEntry", written::<LedgerEntry>(&open)),
        ("LedgerEntry", written::<LedgerEntry>(&ledger("denied"))),
        ("LedgerEntry", written::<LedgerEntry>(&ledger("sealed"))),
        ("RuleView", written::<RuleView>(&rule())),
        (
            "LogReport",
            written::<LogReport>(&json!({
                "intact": false, "records": 1, "devices": 2, "head": "00ff",
                "first_bad": { "device": ID, "seq": 3, "reason": "its signature is wrong" }, "altered": ["items"],
            })),
        ),
        (
            "LogLine",
            written::<LogLine>(&json!({
                "number": 1, "id": ID, "device": ID, "seq": 2, "at": 3, "who": "Ada", "kind": "message_added",
                "subject": ID, "hash": "00ff", "erased": true,
            })),
        ),
        ("Actor", written::<Actor>(&json!({ "who": "person", "member": ID }))),
        ("Actor", written::<Actor>(&json!({ "who": "agent", "agent": ID, "member": ID }))),
        ("Actor", written::<Actor>(&json!({ "who": "system" }))),
    ];
    insta::assert_snapshot!("views", forms.map(|(name, form)| format!("{name} {form}")).join("\n"));
}
