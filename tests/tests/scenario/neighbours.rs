//! Two workspaces on one machine: one is searched from the other, also while it is open in its own window.

use atelier_tests::{serve::Served, workspace::Workspace};
use protocol::{ListPages, NeighbourOutcome, ReadPage, Request, Search, SearchMode, SearchNeighbours, WorkspaceId};
use serde_json::Value;

/// A workspace with one document in a folder.
fn with(name: &str, text: &str) -> Workspace {
    let workspace = Workspace::new();
    let file = workspace.folder().join(name);
    std::fs::write(&file, text).unwrap();
    workspace.json(["import".as_ref(), file.as_os_str()]);
    workspace
}

#[test]
fn another_workspace_is_searched_from_here_and_nothing_else() {
    let here = with("lease.md", "The tenant may end the lease with ninety days of notice.");
    let there = with("will.md", "The notice of probate was served on the heirs in escrow.");
    let before = here.json(["search", "escrow", "--mode", "text", "--everywhere"]);
    assert_eq!((&before["hits"], &before["elsewhere"]), (&Value::Array(vec![]), &Value::Array(vec![])));

    let data = there.data();
    let added = here.json(["neighbours".as_ref(), "add".as_ref(), data.as_os_str()]);
    assert_eq!(added["name"], "data", "workspaces that nobody has named are called by their folders");
    // Its own window has it open, and goes on.
    let open = Served::start(&there);
    let found = here.json(["search", "notice", "--mode", "text", "--everywhere"]);
    assert_eq!(found["hits"][0]["document"], "lease.md");
    assert_eq!(found["elsewhere"][0]["found"]["hits"][0]["document"], "will.md", "{found}");
    let alone = here.json(["search", "escrow", "--mode", "text"]);
    assert_eq!((&alone["hits"], alone.get("elsewhere")), (&Value::Array(vec![]), None));
    // An agent is not shown what lies elsewhere.
    let answer = here.ask("Who was served the notice of probate?");
    assert!(!answer.to_string().contains("heirs in escrow"), "{answer}");
    drop(open);

    // Through the door that the window has: the page of what was found there.
    let mut served = Served::start(&here);
    served.log_in();
    let within: WorkspaceId = added["workspace"].as_str().unwrap().parse().unwrap();
    let query = Search { query: "escrow".into(), mode: SearchMode::Text, limit: 5, within: Some(within) };
    let reply = served.call(query);
    let hit = &reply.hits[0];
    let page = served.call(ReadPage { document: hit.document, page: 1, passage: None, width: 800 });
    assert!(page.text.contains("heirs in escrow"));
    drop(served);

    // However many look at the same time, right after the start.
    for _ in 0..3 {
        let mut served = Served::start(&here);
        served.log_in();
        let ask = || {
            let all = SearchNeighbours { query: "escrow".into(), mode: SearchMode::Text, limit: 3 };
            let found = served.call(all);
            assert!(matches!(&found[0].outcome, NeighbourOutcome::Found(reply) if reply.hits.len() == 1), "{found:?}");
            let page = served.call(ReadPage { document: hit.document, page: 1, passage: None, width: 800 });
            assert!(page.text.contains("heirs in escrow"));
            assert_eq!(served.call(ListPages { document: hit.document }).len(), 1);
        };
        std::thread::scope(|scope| (0..6).for_each(|_| drop(scope.spawn(ask))));
    }

    let workspace = added["workspace"].as_str().unwrap();
    here.json(["neighbours", "remove", workspace]);
    let mut served = Served::start(&here);
    served.log_in();
    let again: Request = ReadPage { document: hit.document, page: 1, passage: None, width: 800 }.into();
    let gone = served.raw("POST", "/api/call", &[], Some(&serde_json::to_value(&again).unwrap())).json();
    assert_eq!(gone["fault"]["code"], "document.unknown", "it is not read from here any more");
}

#[test]
fn what_cannot_be_searched_says_why_and_keeps_nobody_waiting() {
    let here = with("lease.md", "The tenant may end the lease with ninety days of notice.");
    let there = with("will.md", "The notice of probate was served.");
    let refused = |folder: &std::path::Path| {
        let mut command = here.command();
        let out = command.args(["--json", "neighbours", "add"]).arg(folder).output().unwrap();
        let said: Value = serde_json::from_slice(&out.stdout).unwrap();
        said["fault"]["code"].as_str().unwrap().to_owned()
    };
    assert_eq!(refused(&here.data()), "neighbour.own");
    assert_eq!(refused(here.folder()), "store.no_workspace");
    let data = there.data();
    here.json(["neighbours".as_ref(), "add".as_ref(), data.as_os_str()]);
    std::fs::rename(&data, there.folder().join("moved")).unwrap();
    let out = here.command().args(["--json", "search", "notice", "--mode", "text", "--everywhere"]).output().unwrap();
    let found: Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(out.status.code(), Some(8), "a part of it could not be done: {found}");
    assert_eq!(found["hits"][0]["document"], "lease.md");
    assert_eq!(found["elsewhere"][0]["fault"]["code"], "store.no_workspace");
}
