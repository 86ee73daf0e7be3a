//! What a prompt looks like, and what goes first when it does not fit.

use super::*;
use crate::turn::{Told, ToolCall as Call};
use protocol::{CallId, DocumentId, Part};

fn passage(name: &str, page: u32, text: &str) -> Passage {
    Passage {
        document: DocumentId::new(),
        name: name.into(),
        page,
        start: 0,
        end: text.chars().count() as u32,
        text: text.into(),
        section: None,
        language: None,
        hash: String::new(),
        score: 1.0,
        words: 1.0,
        meaning: None,
        page_hash: String::new(),
        header: None,
        place: None,
    }
}

fn parts() -> Parts {
    Parts {
        role: "Be brief.".into(),
        earlier: vec![("Who?".into(), "Anna.".into())],
        passages: vec![passage("a.pdf", 3, "Anna pays the rent."), passage("b.md", 1, "Bert owns the house.")],
        question: "Qui paie ?".into(),
        language: Language::French,
        rounds: Vec::new(),
        so_far: String::new(),
    }
}

/// A tokenizer of one token per char, so that budgets are easy to read.
async fn chars(parts: Parts) -> Result<u32, ()> {
    Ok(parts.messages().iter().map(|message| message.content.chars().count() as u32).sum())
}

fn run<T>(future: impl Future<Output = T>) -> T {
    futures::executor::block_on(future)
}

#[test]
fn what_changes_least_comes_first() {
    let call = Call { call: CallId::new(), id: "c1".into(), name: "search_documents".into(), arguments: "{}".into() };
    let told =
        Told { text: "[3] c.md, page 2\nMore.".into(), count: Some(1), failed: false, trouble: None, undo: None };
    let rounds = vec![Round { text: "I look.".into(), calls: vec![(call, Some(told))] }];
    let messages = Parts { rounds, ..parts() }.messages();
    let told = spoken(&messages);
    let expected = [
        ("system", "Be brief.\n\nRépondez en français."),
        ("user", "Who?"),
        ("assistant", "Anna."),
        (
            "user",
            "Passages from the documents:\n\n[1] a.pdf, page 3\nAnna pays the rent.\n\n[2] b.md, page 1\n\
             Bert owns the house.\n\nQuestion: Qui paie ?",
        ),
        ("assistant", "I look."),
        ("assistant.calls", r#"[{"id":"c1","name":"search_documents","arguments":"{}"}]"#),
        ("tool:c1", "[3] c.md, page 2\nMore."),
    ];
    assert_eq!(told.iter().map(|(role, text)| (role.as_str(), text.as_str())).collect::<Vec<_>>(), expected);
    assert_eq!(unspoken(&told), Some(messages), "an explanation gives the same messages back");
    assert_eq!(unspoken(&[("oracle".into(), "x".into())]), None);

    let messages = Parts { so_far: "Anna".into(), passages: vec![], ..parts() }.messages();
    assert_eq!(messages.last().map(|last| (last.role, last.content.as_str())), Some((Speaker::Assistant, "Anna")));
    assert_eq!(messages[3].content, "Qui paie ?");
}

#[test]
fn what_is_least_useful_goes_first() {
    let long = |n: usize| "x".repeat(n);
    let full = Parts {
        earlier: (0..4).map(|n| (format!("Q{n} {}", long(100)), format!("A{n} {}", long(100)))).collect(),
        passages: (0..4).map(|n| passage("a.pdf", n + 1, &format!("P{n} {}", long(300)))).collect(),
        question: format!("Why? {}", long(600)),
        ..parts()
    };
    let whole = run(chars(full.clone())).unwrap();
    // (budget, exchanges, passages, left out)
    let (exchanges, weakest) = (Part::OldestExchanges, Part::WeakestPassages);
    let cases = [
        (whole, 4, 4, vec![]),
        (whole - 1, 3, 4, vec![(exchanges, 1)]),
        (whole - 400, 1, 4, vec![(exchanges, 3)]),
        (whole - 1000, 0, 3, vec![(exchanges, 4), (weakest, 1)]),
    ];
    for (budget, exchanges, passages, left_out) in cases {
        let fitted = run(fit(full.clone(), budget, chars)).unwrap();
        assert!(fitted.tokens <= budget, "{budget}");
        assert_eq!((fitted.parts.earlier.len(), fitted.parts.passages.len()), (exchanges, passages), "{budget}");
        let expected: Vec<_> = left_out.into_iter().map(|(what, count)| part(what, count)).collect();
        assert_eq!(fitted.left_out, expected);
        assert_eq!(fitted.parts.role, "Be brief.");
    }
    // In the end the best passage and the question are cut in their middles; their ends stay.
    let fitted = run(fit(full.clone(), 900, chars)).unwrap();
    assert!(fitted.parts.passages[0].text.starts_with("P0 x") && fitted.parts.question.starts_with("Why?"));
    assert!(fitted.left_out.len() >= 3);
    // And where nothing more can go, it says so.
    assert_eq!(run(fit(full, 20, chars)).map(|_| ()), Err(Unfit::TooLong));
    assert_eq!(
        run(fit(parts(), 10_000, |_| async { Err("no tokenizer") })).map(|_| ()),
        Err(Unfit::Count("no tokenizer"))
    );
}

#[test]
fn every_part_is_capped_even_where_all_would_fit() {
    let parts = Parts {
        earlier: (0..20).map(|n| (format!("Q{n}"), "x".repeat(9_000))).collect(),
        passages: vec![passage("a.pdf", 1, &"y".repeat(9_000))],
        ..parts()
    };
    let fitted = run(fit(parts, u32::MAX, chars)).unwrap();
    assert_eq!(fitted.parts.earlier.len(), EXCHANGES);
    assert_eq!(fitted.parts.earlier[0].0, "Q8", "the newest stay");
    assert!(fitted.tokens < 12 * 2_010 + 3_000);
    let expected = [part(Part::OldestExchanges, 8), part(Part::MiddleOfMessage, 12), part(Part::MiddleOfPassage, 1)];
    assert_eq!(fitted.left_out, expected);
}

#[test]
fn long_tool_results_are_cut_before_they_break_the_prompt() {
    let call = Call { call: CallId::new(), id: "c".into(), name: "search_documents".into(), arguments: "{}".into() };
    let told = Told { text: "z".repeat(4_000), count: None, failed: false, trouble: None, undo: None };
    let rounds = vec![Round { text: String::new(), calls: vec![(call, Some(told))] }];
    let fitted = run(fit(Parts { rounds, passages: vec![], ..parts() }, 1_000, chars)).unwrap();
    assert!(fitted.left_out.contains(&part(Part::MiddleOfToolResult, 1)));
    assert_eq!(fitted.parts.rounds[0].calls.len(), 1, "the call keeps its answer");
}
