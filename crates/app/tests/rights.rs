//! Who may change what is allowed: a person, and nobody on a person's behalf.
#![allow(clippy::unwrap_used, clippy::expect_used)] // a test fails loudly

use app::{App, Config};
use protocol::*;

async fn open(dir: &std::path::Path) -> App {
    let config = Config {
        data: dir.join("data"),
        models: dir.join("models"),
        engine: dir.join("no-engine"),
        worker: Vec::new(),
        model: None,
        max_tokens: None,
        keychain: false,
    };
    App::open(config).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_agent_opens_a_way_for_itself() {
    let dir = tempfile::tempdir().unwrap();
    let app = open(dir.path()).await;
    let person = app.person();
    let Actor::Person { member } = person else { panic!("{person:?}") };
    let agent = app.call(&person, Open {}).await.unwrap().agents[0].id;
    let subject = RuleSubject::Tool { name: "rename_chat".into() };
    let rule = app.call(&person, AddRule { subject: subject.clone(), verdict: Verdict::Deny }).await.unwrap();

    for actor in [Actor::Agent { agent, member }, Actor::System] {
        let refused = |fault: Fault| assert_eq!(fault.code, "policy.person", "{actor:?}");
        let allow = AddRule { subject: subject.clone(), verdict: Verdict::Allow };
        refused(app.call(&actor, allow).await.unwrap_err());
        refused(app.call(&actor, RemoveRule { rule: rule.id }).await.unwrap_err());
        refused(app.call(&actor, Seal { sealed: true }).await.unwrap_err());
        refused(app.call(&actor, Seal { sealed: false }).await.unwrap_err());
    }
    assert_eq!(app.call(&person, ListRules {}).await.unwrap(), [rule]);
    app.shutdown().await;
}
