//! Does the client keep its promises with servers that behave and servers that do not?

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test may fail loudly, also in its helpers

mod contract;
mod far_end;

use egress::{Errand, Gate};
use far_end::FarEnd;
use futures::{FutureExt, StreamExt};
use models::*;
use protocol::{LedgerEntry, Place, RuleId, RuleSubject, RuleView, Verdict};
use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use tokio_util::sync::CancellationToken;

struct Setup {
    _dir: tempfile::TempDir,
    far: FarEnd,
    gate: Gate,
    ledger: Arc<Mutex<Vec<LedgerEntry>>>,
    models: Models,
}

async fn setup(verdict: Option<Verdict>) -> Setup {
    let (dir, far) = (tempfile::tempdir().unwrap(), FarEnd::start().await);
    let ledger = Arc::<Mutex<Vec<LedgerEntry>>>::default();
    let lines = ledger.clone();
    let gate = Gate::new(Arc::new(move |entry| {
        lines.lock().unwrap().push(entry);
        async { Ok(()) }.boxed()
    }));
    let subject = RuleSubject::Host { host: far.addr.to_string() };
    gate.set_rules(
        verdict.map(|verdict| RuleView { id: RuleId::new(), subject, verdict, at: 0 }).into_iter().collect(),
    );
    let config = ModelsConfig::new(dir.path().join("models"), "/no/engine", dir.path().join("logs"));
    let models = Models::open(config, gate.clone()).await.unwrap();
    models.set_endpoints(vec![Endpoint {
        name: "far".into(),
        url: format!("http://{}/v1", far.addr),
        model: "big".into(),
        key: Some("sk-secret".into()),
        context: Some(4096),
    }]);
    Setup { _dir: dir, far, gate, ledger, models }
}

fn prompt(words: &str) -> Prompt {
    let tool = ToolDef {
        name: "search".into(),
        description: "finds".into(),
        parameters: serde_json::json!({"type": "object"}),
    };
    Prompt {
        messages: vec![Message::new(Role::System, "Be brief."), Message::new(Role::User, words)],
        tools: vec![tool],
        sampling: Sampling { seed: Some(7), stop: vec!["END".into()], ..Sampling::default() },
        errand: Errand::new("Ada", "asks"),
    }
}

impl Setup {
    async fn ask(&self, words: &str) -> (String, Result<Delta, ModelError>) {
        let model = self.models.chat_model(Some("endpoint:far")).await.unwrap();
        let mut stream = model.chat(prompt(words), CancellationToken::new()).await.unwrap();
        let (mut text, mut last) = (String::new(), None);
        while let Some(delta) = stream.next().await {
            assert!(!matches!(last, Some(Ok(Delta::Done { .. }) | Err(_))), "something came after the end");
            if let Ok(Delta::Text(more)) = &delta {
                text.push_str(more);
            }
            last = Some(delta);
        }
        (text, last.expect("an answer has an end"))
    }
}

#[tokio::test]
async fn an_answer_streams_and_the_request_is_what_was_asked() {
    let setup = setup(Some(Verdict::Allow)).await;
    let (text, last) = setup.ask("hi").await;
    assert_eq!(text, "Hello world");
    let Ok(Delta::Done { finish, prompt_tokens, completion_tokens, ttft, .. }) = last else { panic!("{last:?}") };
    assert_eq!((finish, prompt_tokens, completion_tokens), (Finish::Stop, 7, 2));
    assert!(ttft.unwrap() > Duration::ZERO);
    let request = setup.far.requests().pop().unwrap();
    assert_eq!(request.path, "/v1/chat/completions");
    assert!(request.head.contains("authorization: bearer sk-secret"));
    let expected = serde_json::json!({
        "model": "big", "stream": true, "stream_options": {"include_usage": true},
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hi"}],
        "temperature": 0.0, "max_tokens": 512, "seed": 7, "stop": ["END"],
        "tools": [{"type": "function", "function": {"name": "search", "description": "finds", "parameters": {"type": "object"}}}],
    });
    assert_eq!(request.body, expected);
    setup.gate.settled().await;
    let line = setup.ledger.lock().unwrap().pop().unwrap();
    assert_eq!((line.who.as_str(), line.why.as_str()), ("Ada", "asks"));
    assert!(line.sent > 100 && line.received > 100);
}

#[tokio::test]
async fn borders_do_not_matter() {
    let setup = setup(Some(Verdict::Allow)).await;
    let (text, last) = setup.ask("crlf").await;
    assert_eq!(text, "é😀");
    assert!(matches!(last, Ok(Delta::Done { finish: Finish::Stop, .. })));
}

#[tokio::test]
async fn misbehaviour_is_told() {
    let setup = setup(Some(Verdict::Allow)).await;
    for (words, text, code) in [
        ("early close", "one", "model.broke_off"),
        ("mid error", "one", "model.server"),
        ("garbage", "", "model.protocol"),
        ("401", "", "model.server"),
        ("500", "", "model.server"),
    ] {
        let (said, last) = setup.ask(words).await;
        let fault = last.unwrap_err().fault();
        assert_eq!((said.as_str(), fault.code.as_str()), (text, code), "{words}: {fault}");
        assert!(fault.hint.is_some());
        assert!(!format!("{fault:?}").contains("sk-secret"));
    }
}

#[tokio::test]
async fn nothing_is_sent_without_a_rule() {
    let setup = setup(None).await;
    let (_, last) = setup.ask("hi").await;
    assert_eq!(last.unwrap_err().fault().code, "egress.denied");
    assert_eq!(setup.models.view().endpoints[0].verdict, Verdict::Deny);
    assert_eq!(setup.far.requests().len(), 0);
    let model = setup.models.chat_model(Some("endpoint:far")).await.unwrap();
    assert!(model.count_tokens(&prompt("how long is this")).await.unwrap() > 5);
    assert_eq!(setup.far.requests().len(), 0, "counting sends nothing");
}

#[tokio::test]
async fn stopping_closes_the_connection_at_once() {
    let setup = setup(Some(Verdict::Allow)).await;
    let model = setup.models.chat_model(Some("endpoint:far")).await.unwrap();
    for words in ["endless", "silent"] {
        let (before, stop) = (setup.far.left(), CancellationToken::new());
        let mut stream = model.chat(prompt(words), stop.clone()).await.unwrap();
        if words == "endless" {
            assert!(matches!(stream.next().await, Some(Ok(Delta::Text(_)))));
        }
        let later = stop.clone();
        let asked = Instant::now();
        let ended = async {
            loop {
                match stream.next().await {
                    Some(Ok(Delta::Done { finish, .. })) => break finish,
                    Some(Ok(_)) => {}
                    other => panic!("{other:?}"),
                }
            }
        };
        let (finish, ()) = tokio::join!(ended, async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            later.cancel();
        });
        assert_eq!(finish, Finish::Cancelled);
        assert!(asked.elapsed() < Duration::from_secs(2));
        assert!(stream.next().await.is_none());
        for _ in 0..200 {
            if setup.far.left() > before {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(setup.far.left(), before + 1, "{words}: the connection stayed open");
    }
}

#[tokio::test]
async fn endpoints_are_found_by_name_and_hide_their_key() {
    let setup = setup(Some(Verdict::Allow)).await;
    let model = setup.models.chat_model(Some("endpoint:far")).await.unwrap();
    assert_eq!((model.card().place, model.card().context), (Place::Here, 4096));
    setup.models.choose(Some("endpoint:far".into())).await.unwrap();
    assert_eq!(setup.models.chat_model(None).await.unwrap().card().id, "endpoint:far");
    for unknown in ["endpoint:near", "near", "/no/such.gguf"] {
        assert_eq!(setup.models.chat_model(Some(unknown)).await.err().unwrap().fault().code, "model.not_found");
    }
    let endpoint = Endpoint {
        name: "x".into(),
        url: "file:///etc".into(),
        model: "m".into(),
        key: Some("sk-1".into()),
        context: None,
    };
    assert!(!format!("{endpoint:?}").contains("sk-1"));
    setup.models.set_endpoints(vec![endpoint]);
    assert_eq!(setup.models.chat_model(Some("endpoint:x")).await.err().unwrap().fault().code, "model.invalid");
    setup.models.choose(None).await.unwrap();
    assert_eq!(setup.models.chat_model(None).await.err().unwrap().fault().code, "model.none");
}

#[tokio::test]
async fn it_keeps_the_promises_of_every_chat_model() {
    let setup = setup(Some(Verdict::Allow)).await;
    let model = setup.models.chat_model(Some("endpoint:far")).await.unwrap();
    contract::chat_model(&*model, "hi", "endless").await;
}
