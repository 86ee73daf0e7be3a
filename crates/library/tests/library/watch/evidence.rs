//! Quotes of a document that was edited afterwards.

use super::*;
use protocol::*;
use store::Change;

/// An answer that quotes a document's first page; its citation.
async fn quote(eye: &Eye, document: &DocumentView, quote: &str) -> CitationView {
    let store = &eye.here.store;
    let page = store.derived().page(document.id, 1).await.unwrap();
    let start = page.text.find(quote).unwrap() as u32;
    let (agent, chat, asked, item) = (AgentId::new(), ChatId::new(), ItemId::new(), ItemId::new());
    let cited = CitationView {
        number: 1,
        at: 1,
        document: document.id,
        name: document.name.clone(),
        page: 1,
        start,
        end: start + quote.len() as u32,
        quote: quote.into(),
        page_hash: page.hash,
        place: None,
        now: Default::default(),
        now_called: None,
    };
    let changes = [
        Change::AgentAdded { agent, role: "r".into(), name: "R".into(), about: String::new(), mark: 1 },
        Change::ChatStarted { chat, agent, title: String::new() },
        Change::MessageAdded {
            item: asked,
            chat,
            parent: None,
            author: "Ada".into(),
            text: "How long?".into(),
            attached: vec![],
        },
        Change::AnswerStarted { item, chat, parent: asked, agent, turn: TurnId::new() },
        Change::AnswerEnded {
            item,
            text: "So long.".into(),
            status: ItemStatus::Complete,
            steps: vec![],
            citations: vec![cited.clone()],
            unsupported: vec![],
            supported: Some(Support::Yes),
            made: None,
            explanation: None,
        },
    ];
    for change in changes {
        store.record(&eye.here.person, change).await.unwrap();
    }
    cited
}

/// What became of a citation's source.
async fn now(eye: &Eye, cited: &CitationView) -> SourceNow {
    let mut cited = [cited.clone()];
    eye.library.look_up(&mut cited).await.unwrap();
    cited[0].now
}

#[tokio::test(flavor = "multi_thread")]
async fn a_citation_says_what_became_of_its_source() {
    let eye = Eye::new(&[("lease.md", "# Lease\n\nThe ocelot may stay for ninety days.")]).await;
    let lease = eye.named("lease.md").await.unwrap();
    let cited = quote(&eye, &lease, "stay for ninety days").await;
    assert_eq!(now(&eye, &cited).await, SourceNow::AsCited);
    write(&eye.path("lease.md"), "# Lease\n\nThe ocelot may stay for\nninety days. Nobody else may.");
    rest();
    eye.look().await;
    assert_eq!(now(&eye, &cited).await, SourceNow::AsCited, "something else has changed");
    write(&eye.path("lease.md"), "# Lease\n\nThe ocelot leaves at once.");
    rest();
    eye.look().await;
    assert_eq!(now(&eye, &cited).await, SourceNow::Changed);
    let gone = CitationView { page: 7, ..cited.clone() };
    assert_eq!(now(&eye, &gone).await, SourceNow::Changed, "no such page any more");
    // Set back to what it was, it says what it said.
    write(&eye.path("lease.md"), "# Lease\n\nThe ocelot may stay for ninety days.");
    rest();
    eye.look().await;
    assert_eq!(now(&eye, &cited).await, SourceNow::AsCited);
    eye.library.remove(&eye.here.person, lease.id).await.unwrap();
    assert_eq!(now(&eye, &cited).await, SourceNow::Removed);
    eye.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_citation_says_what_its_document_is_called_by_now() {
    let eye = Eye::new(&[("draft.md", "# Lease\n\nThe ocelot may stay for ninety days.")]).await;
    let draft = eye.named("draft.md").await.unwrap();
    let cited = quote(&eye, &draft, "stay for ninety days").await;
    let called = async || {
        let mut cited = [cited.clone()];
        eye.library.look_up(&mut cited).await.unwrap();
        let [CitationView { name, now, now_called, .. }] = cited;
        (name, now, now_called)
    };
    assert_eq!(called().await, ("draft.md".to_owned(), SourceNow::AsCited, None));
    fs::rename(eye.path("draft.md"), eye.path("final.md")).unwrap();
    rest();
    eye.look().await;
    assert_eq!(called().await, ("draft.md".to_owned(), SourceNow::AsCited, Some("final.md".to_owned())));
    eye.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quote_of_an_earlier_version_still_stands_in_it() {
    let eye = Eye::new(&[("lease.md", "# Lease\n\nThe ocelot may stay for ninety days.")]).await;
    let lease = eye.named("lease.md").await.unwrap();
    quote(&eye, &lease, "stay for ninety days").await;
    // Edited so often that most versions are not kept; the quoted one is.
    for n in 0..24 {
        write(&eye.path("lease.md"), &format!("# Lease\n\nThe ocelot leaves, draft {n}."));
        rest();
        eye.look().await;
    }
    let versions = eye.here.store.versions(lease.id).await.unwrap();
    let kept: Vec<bool> = versions.iter().map(|version| eye.here.store.blobs().path(&version.hash).is_some()).collect();
    assert_eq!((kept.len(), kept.iter().filter(|kept| **kept).count()), (25, 21), "{kept:?}");
    assert!(kept[24] && !kept[23], "the first is quoted");
    let report = eye.library.check_documents().await.unwrap();
    assert!(report.intact, "{report:?}");
    assert_eq!(report.quotes, 1);
    // An invented quote is still found out.
    let now = eye.named("lease.md").await.unwrap();
    quote(&eye, &now, "draft 23").await;
    fs::remove_file(eye.here.store.blobs().path(&versions[24].hash).unwrap()).unwrap();
    let report = eye.library.check_documents().await.unwrap();
    assert!(matches!(report.altered[..], [AlteredDocument { what: Alteration::Quote { .. }, .. }]), "{report:?}");
    // Erased for good, no version is left.
    eye.library.remove(&eye.here.person, lease.id).await.unwrap();
    eye.library.purge(&eye.here.person, lease.id, true).await.unwrap();
    assert_eq!(eye.here.blobs(), 0);
    eye.end().await;
}
