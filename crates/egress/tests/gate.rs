//! Does the gate keep its promises against real sockets?

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test may fail loudly, also in its helpers

mod far_end;

use egress::{EgressError, Errand, Gate, Outgoing, Url};
use far_end::{FarEnd, Script};
use futures::{FutureExt, StreamExt};
use protocol::{GateVerdict, LedgerEntry, RuleId, RuleSubject, RuleView, Verdict};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

#[derive(Clone, Default)]
struct Ledger(Arc<Mutex<Vec<LedgerEntry>>>);

impl Ledger {
    fn gate(&self) -> Gate {
        let lines = self.0.clone();
        Gate::new(Arc::new(move |entry| {
            lines.lock().unwrap().push(entry);
            async { Ok(()) }.boxed()
        }))
    }
    fn lines(&self) -> Vec<LedgerEntry> {
        self.0.lock().unwrap().clone()
    }
}

fn rule(host: impl ToString, verdict: Verdict) -> RuleView {
    RuleView { id: RuleId::new(), subject: RuleSubject::Host { host: host.to_string() }, verdict, at: 0 }
}

fn url(far: &FarEnd, path: &str) -> Url {
    Url::parse(&format!("http://{}{path}", far.addr)).unwrap()
}

fn errand() -> Errand {
    Errand::new("Ada", "asks a remote model")
}

const HELLO: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 5\r\n\r\nhello";

#[tokio::test]
async fn an_allowed_request_is_in_the_ledger_before_and_after_with_its_bytes() {
    let far = FarEnd::start(Script::Say(HELLO.into())).await;
    let ledger = Ledger::default();
    let gate = ledger.gate();
    gate.set_rules(vec![rule(far.addr, Verdict::Allow)]);
    let outgoing =
        Outgoing::post_json(url(&far, "/v1/x?q=1"), &serde_json::json!({"a": 1})).unwrap().bearer("k").unwrap();
    let answer = gate.send(&errand(), outgoing).await.unwrap();
    assert_eq!(ledger.lines().len(), 1);
    assert_eq!(gate.totals().open, 1);
    assert_eq!(&answer.bytes(100).await.unwrap()[..], b"hello");
    gate.settled().await;

    let lines = ledger.lines();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0].id, lines[1].id);
    assert_eq!((lines[0].sent, lines[0].received), (0, 0));
    let crossed = (far.seen()[0].len() as u64, HELLO.len() as u64);
    assert_eq!((lines[1].sent, lines[1].received), crossed, "{}", far.text(0));
    assert_eq!(lines[1].host, far.addr.to_string());
    assert_eq!((lines[1].who.as_str(), lines[1].why.as_str()), ("Ada", "asks a remote model"));
    assert_eq!(lines[1].verdict, GateVerdict::Allowed);
    let totals = gate.totals();
    assert_eq!((totals.sent_today, totals.received_today), crossed);
    assert_eq!((totals.open, totals.refused_today), (0, 0));
    let request = far.text(0).to_lowercase();
    assert!(request.starts_with("post /v1/x?q=1 http/1.1\r\n") && request.contains("authorization: bearer k\r\n"));
    assert!(!request.contains("cookie") && !request.contains("transfer-encoding"), "{request}");
}

#[tokio::test]
async fn what_crossed_is_in_the_ledger_while_the_connection_is_open() {
    let far = FarEnd::start(Script::SayAndWait(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello".into())).await;
    let ledger = Ledger::default();
    let gate = ledger.gate();
    gate.set_rules(vec![rule(far.addr, Verdict::Allow)]);
    let outgoing = Outgoing::post_json(url(&far, "/"), &serde_json::json!({"a": 1})).unwrap();
    let mut stream = gate.send(&errand(), outgoing).await.unwrap().bytes_stream();
    assert_eq!(&stream.next().await.unwrap().unwrap()[..], b"hello");
    until(|| ledger.lines().len() == 2).await;
    let lines = ledger.lines();
    assert_eq!(lines.iter().map(|line| line.open).collect::<Vec<_>>(), [true, true]);
    assert_eq!(lines[1].sent, far.seen()[0].len() as u64);
    assert!(lines[1].received > 5, "{lines:?}");
    // Who waits for this errand waits for its connection to end; other errands do not.
    gate.settled_for(&Errand::atelier("something else")).await;
    let ours = errand();
    let waiting = tokio::time::timeout(Duration::from_millis(50), gate.settled_for(&ours));
    assert!(waiting.await.is_err());
    drop(stream);
    gate.settled_for(&ours).await;
    let last = ledger.lines().pop().unwrap();
    assert_eq!((last.id, last.open, last.sent), (lines[0].id, false, lines[1].sent));
}

#[tokio::test]
async fn a_get_is_counted_too() {
    let far = FarEnd::start(Script::Say(HELLO.into())).await;
    let ledger = Ledger::default();
    let gate = ledger.gate();
    gate.set_rules(vec![rule("127.0.0.1", Verdict::Allow)]);
    gate.send(&errand(), Outgoing::get(url(&far, "/"))).await.unwrap().bytes(5).await.unwrap();
    gate.settled().await;
    assert_eq!(ledger.lines()[1].sent, far.seen()[0].len() as u64, "{}", far.text(0));
}

#[tokio::test]
async fn what_is_refused_never_connects_and_is_written_once() {
    let far = FarEnd::start(Script::Say(HELLO.into())).await;
    for (rules, sealed, expected) in [
        (vec![], false, GateVerdict::Denied),
        (vec![rule(far.addr, Verdict::Deny), rule("127.0.0.1", Verdict::Allow)], false, GateVerdict::Denied),
        (vec![rule(far.addr, Verdict::Ask)], false, GateVerdict::Denied),
        (vec![rule(far.addr, Verdict::Allow)], true, GateVerdict::Sealed),
    ] {
        let ledger = Ledger::default();
        let gate = ledger.gate();
        gate.set_rules(rules);
        gate.set_sealed(sealed);
        let error = gate.send(&errand(), Outgoing::get(url(&far, "/"))).await.unwrap_err();
        assert!(matches!(&error, EgressError::Refused { verdict, .. } if *verdict == expected), "{error}");
        let code = if sealed { "egress.sealed" } else { "egress.denied" };
        assert_eq!(error.fault().code, code);
        gate.settled().await;
        let lines = ledger.lines();
        assert_eq!((lines.len(), lines[0].sent, &lines[0].verdict, lines[0].open), (1, 0, &expected, false));
        assert_eq!(gate.totals().refused_today, 1);
    }
    assert_eq!(far.seen().len(), 0, "the listener saw a connection");
}

#[tokio::test]
async fn without_a_ledger_nothing_goes_out() {
    let far = FarEnd::start(Script::Say(HELLO.into())).await;
    let gate = Gate::new(Arc::new(|_| async { Err("disk full".to_owned()) }.boxed()));
    gate.set_rules(vec![rule(far.addr, Verdict::Allow)]);
    let error = gate.send(&errand(), Outgoing::get(url(&far, "/"))).await.unwrap_err();
    assert!(matches!(error, EgressError::Ledger { .. }), "{error}");
    assert_eq!((far.seen().len(), gate.totals().open), (0, 0));
}

#[tokio::test]
async fn the_engine_is_reached_when_sealed_and_leaves_no_trace() {
    let far = FarEnd::start(Script::Say(HELLO.into())).await;
    let ledger = Ledger::default();
    let gate = ledger.gate();
    gate.set_sealed(true);
    assert!(gate.trust_engine(far.addr));
    gate.send(&errand(), Outgoing::get(url(&far, "/health"))).await.unwrap().bytes(5).await.unwrap();
    gate.settled().await;
    assert_eq!(ledger.lines().len(), 0);
    assert_eq!((gate.totals().sent_today, gate.totals().received_today), (0, 0));
    gate.distrust_engine(far.addr);
    assert!(gate.send(&errand(), Outgoing::get(url(&far, "/health"))).await.is_err());
    assert_eq!(far.seen().len(), 1);
}

fn moved(to: &str, status: u16) -> Vec<u8> {
    format!("HTTP/1.1 {status} Moved\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n").into_bytes()
}

#[tokio::test]
async fn a_redirect_is_judged_anew() {
    let target = FarEnd::start(Script::Say(HELLO.into())).await;
    let far = FarEnd::start(Script::Say(moved(&format!("http://{}/x", target.addr), 307))).await;
    let ledger = Ledger::default();
    let gate = ledger.gate();
    gate.set_rules(vec![rule(far.addr, Verdict::Allow)]);
    let ask = || Outgoing::post_json(url(&far, "/"), &1).unwrap().bearer("secret").unwrap();

    let error = gate.send(&errand(), ask()).await.unwrap_err();
    assert!(matches!(&error, EgressError::Refused { redirected: true, .. }), "{error}");
    gate.trust_engine(target.addr); // nor may a server send us to the engine
    assert!(gate.send(&errand(), ask()).await.is_err());
    gate.distrust_engine(target.addr);
    assert_eq!(target.seen().len(), 0);

    gate.set_rules(vec![rule("127.0.0.1", Verdict::Allow)]);
    let answer = gate.send(&errand(), ask()).await.unwrap();
    assert_eq!(answer.url().path(), "/x");
    let request = target.text(0).to_lowercase();
    assert!(request.starts_with("post /x ") && request.ends_with("\r\n\r\n1"), "307 repeats the body: {request}");
    assert!(!request.contains("secret"), "the key must not follow to another origin");
    drop(answer);
    gate.settled().await;
    let hosts: Vec<_> = ledger.lines().iter().map(|line| line.host.clone()).collect();
    assert_eq!(hosts.iter().filter(|host| **host == target.addr.to_string()).count(), 4, "{hosts:?}");
}

#[tokio::test]
async fn redirects_end() {
    let far = FarEnd::start(Script::Say(moved("/again", 302))).await;
    let gate = Ledger::default().gate();
    gate.set_rules(vec![rule(far.addr, Verdict::Allow)]);
    let error = gate.send(&errand(), Outgoing::get(url(&far, "/"))).await.unwrap_err();
    assert!(matches!(error, EgressError::Redirect { .. }), "{error}");
    assert_eq!(far.seen().len(), 1 + egress::MAX_REDIRECTS);
    let one = gate.send(&errand(), Outgoing::get(url(&far, "/")).without_redirects()).await.unwrap();
    assert_eq!(one.status().as_u16(), 302);
}

#[tokio::test]
async fn sealing_cuts_what_is_open() {
    let far = FarEnd::start(Script::SayAndWait(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello".into())).await;
    let ledger = Ledger::default();
    let gate = ledger.gate();
    gate.set_rules(vec![rule(far.addr, Verdict::Allow)]);
    let mut stream = gate.send(&errand(), Outgoing::get(url(&far, "/"))).await.unwrap().bytes_stream();
    assert_eq!(&stream.next().await.unwrap().unwrap()[..], b"hello");
    gate.set_sealed(true);
    assert!(matches!(stream.next().await, Some(Err(EgressError::Cut { verdict: GateVerdict::Sealed, .. }))));
    assert!(stream.next().await.is_none());
    gate.settled().await;
    assert_eq!(gate.totals().open, 0);
    until(|| far.closed() == 1).await;
}

#[tokio::test]
async fn dropping_the_answer_closes_the_connection_and_the_line() {
    let far = FarEnd::start(Script::SayAndWait(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello".into())).await;
    let ledger = Ledger::default();
    let gate = ledger.gate();
    gate.set_rules(vec![rule(far.addr, Verdict::Allow)]);
    let answer = gate.send(&errand(), Outgoing::get(url(&far, "/"))).await.unwrap();
    drop(answer);
    gate.settled().await;
    assert_eq!(ledger.lines().len(), 2);
    until(|| far.closed() == 1).await;
}

#[tokio::test]
async fn silence_and_early_ends_are_errors() {
    let quiet = FarEnd::start(Script::SayAndWait(Vec::new())).await;
    let short = FarEnd::start(Script::Say(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello".into())).await;
    let gate = Ledger::default().gate();
    gate.set_rules(vec![rule("127.0.0.1", Verdict::Allow)]);
    let ask = Outgoing::get(url(&quiet, "/")).patience(Duration::from_millis(100));
    assert!(matches!(gate.send(&errand(), ask).await, Err(EgressError::Silent { .. })));
    let answer = gate.send(&errand(), Outgoing::get(url(&short, "/"))).await.unwrap();
    assert!(matches!(answer.bytes(100).await, Err(EgressError::Broken { .. })));
    let answer = gate.send(&errand(), Outgoing::get(url(&short, "/"))).await.unwrap();
    assert!(matches!(answer.bytes(3).await, Err(EgressError::TooLarge { limit: 3, .. })));
    let nobody = Outgoing::get(Url::parse("http://127.0.0.1:1/").unwrap());
    assert!(matches!(gate.send(&errand(), nobody).await, Err(EgressError::Unreachable { .. })));
}

#[tokio::test]
async fn a_connection_that_was_never_made_counts_nothing() {
    let ledger = Ledger::default();
    let gate = ledger.gate();
    gate.set_rules(vec![rule("127.0.0.1", Verdict::Allow)]);
    let nobody = Outgoing::post_json(Url::parse("http://127.0.0.1:1/").unwrap(), &1).unwrap();
    gate.send(&errand(), nobody).await.unwrap_err();
    gate.settled().await;
    let last = ledger.lines().pop().unwrap();
    assert_eq!((last.sent, last.received, gate.totals().sent_today), (0, 0, 0));
}

#[tokio::test]
async fn a_big_body_is_streamed_and_counted() {
    const PIECES: usize = 512; // 32 MiB
    let far = FarEnd::start(Script::Flood { pieces: PIECES }).await;
    let ledger = Ledger::default();
    let gate = ledger.gate();
    gate.set_rules(vec![rule(far.addr, Verdict::Allow)]);
    let answer = gate.send(&errand(), Outgoing::get(url(&far, "/"))).await.unwrap();
    let mut stream = answer.bytes_stream();
    let (mut bytes, mut largest) = (0, 0);
    while let Some(piece) = stream.next().await {
        let piece = piece.unwrap();
        bytes += piece.len();
        largest = largest.max(piece.len());
    }
    gate.settled().await;
    assert_eq!(bytes, PIECES * 65536);
    assert!(largest <= 1 << 20, "pieces stay small: {largest}");
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {bytes}\r\n\r\n").len();
    assert_eq!(ledger.lines()[1].received, (bytes + head) as u64);
}

#[tokio::test]
async fn a_server_that_cannot_prove_who_it_is_gets_no_request() {
    let far = FarEnd::start(Script::Say(HELLO.into())).await;
    let ledger = Ledger::default();
    let gate = ledger.gate();
    gate.set_rules(vec![rule(far.addr, Verdict::Allow)]);
    let secret = Url::parse(&format!("https://{}/secret-path", far.addr)).unwrap();
    let error = gate.send(&errand(), Outgoing::get(secret).patience(Duration::from_secs(1))).await.unwrap_err();
    assert!(matches!(error, EgressError::Unreachable { .. } | EgressError::Silent { .. }), "{error}");
    assert!(!far.seen().iter().any(|bytes| bytes.windows(6).any(|window| window == b"secret")));
}

#[tokio::test]
async fn no_proxy_is_taken_from_the_environment() {
    // The variables are read when a client is built; a child process shows it without touching ours.
    if let Ok(target) = std::env::var("ATELIER_TEST_TARGET") {
        let gate = Ledger::default().gate();
        gate.set_rules(vec![rule("127.0.0.1", Verdict::Allow)]);
        let answer = gate.send(&errand(), Outgoing::get(Url::parse(&target).unwrap())).await.unwrap();
        assert_eq!(answer.status().as_u16(), 200);
        return;
    }
    let (far, proxy) = (FarEnd::start(Script::Say(HELLO.into())).await, FarEnd::start(Script::Say(Vec::new())).await);
    #[allow(clippy::disallowed_methods)] // a test that needs another environment needs another process
    let mut child = tokio::process::Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "no_proxy_is_taken_from_the_environment"]);
    for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        child.env(name, format!("http://{}", proxy.addr));
    }
    child.env("ATELIER_TEST_TARGET", url(&far, "/").as_str()).stdout(std::process::Stdio::null());
    assert!(child.status().await.unwrap().success());
    assert_eq!((far.seen().len(), proxy.seen().len()), (1, 0));
}

async fn until(done: impl Fn() -> bool) {
    for _ in 0..1000 {
        if done() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it did not happen");
}
