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

    served.log_in();
    assert_eq!(served.call(Open {}).agents.len(), 2);
    // The token is spent.
    let again = served.raw("POST", "/api/session", &[], Some(&json!({ "token": served.token })));
    assert_eq!(again.status, 401, "{}", again.text());

    let page = served.raw("GET", "/", &[], None);
    let policy = page.header("content-security-policy").expect("a policy");
    assert!(policy.contains("default-src 'none'") && !policy.contains("http:"), "{policy}");
}

#[test]
fn other_machines_are_let_in_only_on_purpose() {
    let workspace = Workspace::new();
    let out = workspace.run(["serve", "--listen", "0.0.0.0:0"]);
    assert_eq!(out.status.code(), Some(4), "{}", String::from_utf8_lossy(&out.stderr));
}
