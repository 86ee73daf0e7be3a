//! The form of every change in the log is a promise: it is written down here.

use super::*;

const ID: Uuid = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001);

fn all() -> Vec<Change> {
    let (chat, item, agent, member) = (ChatId(ID), ItemId(ID), AgentId(ID), MemberId(ID));
    let (document, rule, asked) = (DocumentId(ID), RuleId(ID), CallId(ID));
    let text = || "text".to_owned();
    let passage = PassageView {
        document,
        name: text(),
        page: 1,
        start: 2,
        end: 3,
        hash: text(),
        score: 0.25,
        words: 0.5,
        meaning: Some(0.75),
        place: None,
    };
    let fault = Fault::new(FaultKind::Busy, "a.code", "A message.").hint("A hint.").safe("Safe.").with("name", 1);
    vec![
        Change::WorkspaceStarted { workspace: WorkspaceId(ID), name: text() },
        Change::MemberJoined { member, name: text() },
        Change::DeviceAdded { device: DeviceId(ID), member, name: text(), public_key: "00ff".into() },
        Change::AgentAdded { agent, role: text(), name: text(), about: text(), mark: 3 },
        Change::ChatStarted { chat, agent, title: text() },
        Change::ChatRenamed { chat, title: text() },
        Change::ChatRemoved { chat },
        Change::ChatRestored { chat },
        Change::ChatPurged { chat },
        Change::BranchChosen { chat, item },
        Change::MessageAdded { item, chat, parent: Some(item), author: text(), text: text(), attached: vec![document] },
        Change::AnswerStarted { item, chat, parent: item, agent, turn: TurnId(ID) },
        Change::AnswerEnded {
            item,
            text: text(),
            status: ItemStatus::Failed { fault },
            steps: vec![StepView {
                kind: StepKind::Tool { name: text() },
                state: StepState::Done,
                detail: Detail::Does(Summary::Known(Doing::RenameChat { title: text() })),
                count: Some(1),
                ms: Some(2),
                decided: Some(Decision::AllowOnce),
                undo: Some(Undo::RenameChat { from: text(), to: text() }),
            }],
            citations: vec![CitationView {
                number: 1,
                at: 2,
                document,
                name: text(),
                page: 3,
                start: 4,
                end: 5,
                quote: text(),
                page_hash: text(),
                place: Some(text()),
                now: Default::default(),
                now_called: None,
            }],
            unsupported: vec![Span { start: 1, end: 2 }],
            supported: Some(Support::Quoted),
            made: Some(Made {
                model: text(),
                place: Place::Here,
                prompt_tokens: 1,
                completion_tokens: 2,
                ttft_ms: 3,
                tokens_per_second: 4.5,
                egress_bytes: 5,
            }),
            explanation: Some(Box::new(Explanation {
                item,
                model: text(),
                model_hash: text(),
                engine: text(),
                temperature: 0.5,
                top_p: 1.0,
                top_k: Some(40),
                min_p: Some(0.5),
                seed: u64::MAX,
                max_tokens: 1,
                stop: vec![text()],
                prompt: vec![("user".into(), text())],
                passages: vec![passage.clone()],
                left_out: vec![LeftOut::Part { what: Part::WeakestPassages, count: 2 }],
                evidence: Some(Evidence { query: text(), score: 0.75, threshold: 0.5, candidates: vec![passage] }),
            })),
        },
        Change::ApprovalAsked {
            asked,
            chat,
            agent: text(),
            tool: text(),
            reach: Reach::Machine,
            summary: Summary::Known(Doing::RenameChat { title: text() }),
            may_always: true,
        },
        Change::ApprovalSettled { asked, decision: Decision::AllowOnce },
        Change::DocumentAdded { document, name: text(), origin: text(), format: text(), bytes: 1, hash: text() },
        Change::DocumentCameIn { document, container: Some(document) },
        Change::DocumentRemoved { document },
        Change::DocumentRestored { document },
        Change::DocumentPurged { document },
        Change::DocumentRevised { document, format: text(), bytes: 1, hash: text() },
        Change::DocumentMoved { document, name: text(), origin: text() },
        Change::DocumentGone { document, folder: FolderId(ID) },
        Change::DocumentLabelled { document, label: text(), held: true },
        Change::FolderWatched { folder: FolderId(ID), member: MemberId(ID), path: text() },
        Change::FolderPaused { folder: FolderId(ID), paused: true },
        Change::FolderForgotten { folder: FolderId(ID) },
        Change::RuleSet { rule, subject: RuleSubject::Host { host: text() }, verdict: Verdict::Deny },
        Change::RuleRemoved { rule },
        Change::EndpointSet { name: text(), url: text(), model: text(), has_key: true },
        Change::EndpointRemoved { name: text() },
        Change::SettingsChanged { settings: Settings::default() },
        Change::WentOut {
            entry: LedgerEntry {
                id: EntryId(ID),
                at: 1,
                who: text(),
                why: text(),
                host: text(),
                sent: 2,
                received: 3,
                verdict: GateVerdict::Sealed,
                open: true,
            },
        },
        Change::Sealed { sealed: true },
        Change::RecordErased { record: RecordId(ID) },
    ]
}

/// One more variant makes this count wrong, and the snapshot below incomplete.
#[test]
fn none_is_forgotten() {
    let mut kinds: Vec<_> = all().iter().map(Change::kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    assert_eq!(kinds.len(), 35);
}

#[test]
fn the_form_in_the_log_stays_what_it_is() {
    let forms: Vec<_> = all().iter().map(|change| String::from_utf8(encode(change).unwrap()).unwrap()).collect();
    insta::assert_snapshot!(forms.join("\n"));
}

#[test]
fn every_form_comes_back_and_names_its_kind() {
    for change in all() {
        let body = encode(&change).unwrap();
        assert_eq!(decode(1, &body).unwrap(), change);
        let value: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(value["change"], change.kind());
    }
}

#[test]
fn what_earlier_versions_wrote_is_read() {
    let id = "01900000-0000-7000-8000-000000000001";
    let ended = format!(
        r#"{{"v":1,"change":"answer_ended","item":"{id}","text":"t","status":{{"is":"complete"}},
        "steps":[{{"kind":{{"is":"left_out"}},"state":"done","detail":"The weakest passage.","count":1,"ms":null}}],
        "citations":[],"unsupported":[],"supported":false,"made":null,"explanation":null}}"#
    );
    let Change::AnswerEnded { supported, steps, .. } = decode(1, ended.as_bytes()).unwrap() else { panic!() };
    assert_eq!((supported, steps[0].detail.clone()), (Some(Support::No), Detail::Text("The weakest passage.".into())));
    let asked = format!(
        r#"{{"v":1,"change":"approval_asked","asked":"{id}","chat":"{id}","agent":"A","tool":"rename_chat",
        "reach":"write","summary":"Rename this chat to “Lease”","may_always":true}}"#
    );
    let Change::ApprovalAsked { summary, .. } = decode(1, asked.as_bytes()).unwrap() else { panic!() };
    assert_eq!(summary, Summary::Text("Rename this chat to “Lease”".into()));
}

#[test]
fn a_form_of_another_version_is_refused() {
    for body in [r#"{"v":2,"change":"sealed","sealed":true}"#, r#"{"change":"sealed"}"#, r#"{"v":1,"change":"x"}"#, ""]
    {
        assert!(matches!(decode(7, body.as_bytes()), Err(StoreError::Unreadable { number: 7, .. })), "{body}");
    }
}
