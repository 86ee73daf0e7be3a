//! `atelier serve` lets in one browser, and nobody else's page.

use atelier_tests::{http, serve::Served, workspace::Workspace};
use protocol::Open;
use serde_json::json;
use std::time::Duration;

#[test]
fn only_the_right_host_origin_and_session_are_served() {
    let workspace = Workspace::new();
    let mut served = Served::start(&workspace);
    let open = json!({ "call": "Open" });
    let own = format!("http://{}", served.address);
    let local = format!("localhost:{}", served.address.port());
    let rebound = format!("rebound.example:{}", served.address.port());
    let send = |method: &str, path: &str, host: &str, origin: Option<&str>| {
        let mut headers = vec![("Host", host)];
        headers.extend(origin.map(|origin| ("Origin", origin)));
        let body = (method == "POST").then_some(&open);
        http::send(served.address, method, path, &headers, body, Duration::from_secs(20)).unwrap().status
    };
    let host = served.address.to_string();
    for (method, path, host, origin, expected) in [
        ("GET", "/", &host, None, 200),
        ("GET", "/", &local, None, 200),
        ("GET", "/", &rebound, None, 403),
        ("GET", "/../../../../etc/passwd", &host, None, 404),
        ("POST", "/", &host, Some(&*own), 405),
        ("POST", "/api/call", &rebound, Some(&*own), 403),
        ("POST", "/api/call", &host, Some("http://rebound.example"), 403),
        ("POST", "/api/call", &host, None, 403),
        ("POST", "/api/call", &host, Some(&*own), 401),
        ("POST", "/api/session", &host, Some("http://rebound.example"), 403),
    ] {
        assert_eq!(send(method, path, host, origin), expected, "{method} {path} {host} {origin:?}");
    }

    // A body longer than any request: refused by its announced length, before it is read.
    let long = [("Content-Length", "70000000")];
    assert_eq!(served.raw("POST", "/api/call", &long, None).status, 413);
    for token in ["", "0", &"0".repeat(64)] {
        let refused = served.raw("POST", "/api/session", &[], Some(&json!({ "token": token })));
        assert!(refused.status == 401 && refused.text().contains("not the address"), "{}", refused.text());
    }
    let forged = format!("atelier-session-{}={}", served.address.port(), "0".repeat(64));
    for cookie in [&*forged, "atelier-session=1", "atelier-session-1=1"] {
        assert_eq!(served.raw("POST", "/api/call", &[("Cookie", cookie)], Some(&open)).status, 401, "{cookie}");
    }

    let cookie = served.log_in();
    let flags: Vec<&str> = cookie.split("; ").skip(1).collect();
    assert_eq!(flags, ["Path=/", "HttpOnly", "SameSite=Strict"]);
    assert_eq!(served.call(Open {}).agents.len(), 2);
    // The session is no use to a page of another origin.
    let elsewhere = [("Origin", "http://rebound.example")];
    assert_eq!(served.raw("POST", "/api/call", &elsewhere, Some(&open)).status, 403);
    // The token is spent.
    let again = served.raw("POST", "/api/session", &[], Some(&json!({ "token": served.token })));
    assert!(again.status == 401 && again.text().contains("used already"), "{}", again.text());

    let page = served.raw("GET", "/", &[], None);
    let policy = page.header("content-security-policy").expect("a policy");
    assert!(policy.contains("default-src 'none'") && !policy.contains("http:"), "{policy}");
    assert_eq!(page.header("x-dns-prefetch-control"), Some("off"), "a link in an answer would be looked up");
    assert!(page.text().contains("x-dns-prefetch-control"), "the page in the window has no headers");
}

#[test]
fn a_request_to_end_closes_the_workspace() {
    let workspace = Workspace::new();
    let mut served = Served::start(&workspace);
    served.log_in();
    served.call(Open {});
    assert_eq!(served.end(), Some(143));
    // An empty lock file says that it was closed in good order.
    assert_eq!(std::fs::read_to_string(workspace.data().join("lock")).unwrap(), "");
}

#[test]
fn a_reader_that_goes_away_ends_the_command_in_good_order() {
    let workspace = Workspace::new();
    workspace.json(["chats"]);
    let mut command = workspace.command();
    command.args(["--json", "log", "show"]).stdout(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(std::fs::read_to_string(workspace.data().join("lock")).unwrap(), "");
}

#[test]
fn other_machines_are_let_in_only_on_purpose() {
    let workspace = Workspace::new();
    let out = workspace.run(["serve", "--listen", "0.0.0.0:0"]);
    assert_eq!(out.status.code(), Some(4), "{}", String::from_utf8_lossy(&out.stderr));
}
