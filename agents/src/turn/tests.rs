//! Scenarios of a turn, each a table of inputs and the effects that must follow.

use super::*;
use protocol::{CallId, ChatId, CitationView, DocumentId, ItemId, Part, Reach, Span, Summary, TurnId, Verdict};

pub(in crate::turn) fn setup() -> Setup {
    Setup {
        turn: TurnId::new(),
        chat: ChatId::new(),
        item: ItemId::new(),
        question: "Who pays?".into(),
        retrieve: true,
        documents_only: true,
        tools: false,
        phrases: Phrases {
            nothing_found: "Nothing found.".into(),
            comes_closest: "Closest:".into(),
            documents_say: "The documents say:".into(),
            model_says: "The model:".into(),
        },
        quotes_first: false,
        so_far: String::new(),
        limits: Limits::default(),
    }
}
pub(in crate::turn) fn fault() -> Fault {
    Fault::new(FaultKind::Unavailable, "engine.gone", "The engine went away.")
}
pub(in crate::turn) fn call(name: &str) -> ToolCall {
    ToolCall { call: CallId::new(), id: "1".into(), name: name.into(), arguments: "{}".into() }
}
pub(in crate::turn) fn citation() -> CitationView {
    CitationView {
        number: 1,
        at: 4,
        document: DocumentId::new(),
        name: "a.pdf".into(),
        page: 1,
        start: 0,
        end: 4,
        quote: "Anna".into(),
        page_hash: String::new(),
        place: None,
        now: Default::default(),
        now_called: None,
    }
}
pub(in crate::turn) fn text(text: &str) -> Input {
    Input::Model { at: 700, heard: Heard::Text(text.into()) }
}
pub(in crate::turn) fn done(ending: Ending) -> Input {
    let usage = Usage { prompt_tokens: 100, completion_tokens: 5, tokens_per_second: 20.0 };
    Input::Model { at: 900, heard: Heard::Done { ending, usage } }
}
pub(in crate::turn) fn found() -> Input {
    Input::Retrieved { relevant: 3, closest: None, ms: 12 }
}
pub(in crate::turn) fn built() -> Input {
    Input::PromptBuilt { tokens: 100, left_out: vec![] }
}
pub(in crate::turn) fn cited() -> Input {
    Input::Cited {
        citations: vec![citation()],
        unsupported: vec![Span { start: 5, end: 9 }],
        supported: true,
        closest: None,
        ms: 3,
    }
}
pub(in crate::turn) fn judged(call: &ToolCall, verdict: Verdict) -> Input {
    let step = StepKind::Tool { name: call.name.clone() };
    Input::Judged {
        call: call.call,
        step,
        summary: Summary::Text("Rename".into()),
        reach: Reach::Write,
        may_always: true,
        verdict,
    }
}
pub(in crate::turn) fn called(call: &ToolCall) -> Input {
    Input::Model { at: 800, heard: Heard::Call(call.clone()) }
}

/// The effects as words, so that a table reads like the story.
pub(in crate::turn) fn words(effects: &[Effect]) -> String {
    let word = |effect: &Effect| match effect {
        Effect::Retrieve => "retrieve".to_owned(),
        Effect::BuildPrompt => "build".to_owned(),
        Effect::AskModel => "ask".to_owned(),
        Effect::CancelModel => "cancel model".to_owned(),
        Effect::Judge(call) => format!("judge {}", call.name),
        Effect::AskPerson { tool, .. } => format!("ask person {tool}"),
        Effect::Withdraw(_) => "withdraw".to_owned(),
        Effect::RunTool(call) => format!("run {}", call.name),
        Effect::CancelTool(_) => "cancel tool".to_owned(),
        Effect::Cite(_) => "cite".to_owned(),
        Effect::SaveCheckpoint(text) => format!("save {text:?}"),
        Effect::Emit(Event::Delta { at, text, .. }) => format!("delta {at} {text:?}"),
        Effect::Emit(Event::TurnMoved { state, .. }) => {
            let state = serde_json::to_value(state).unwrap();
            format!("→{}", state["is"].as_str().unwrap())
        }
        Effect::Emit(Event::StepChanged { index, step, .. }) => format!("step {index} {:?}", step.state),
        Effect::Emit(Event::Notice(_)) => "notice".to_owned(),
        Effect::Emit(other) => format!("{other:?}"),
        Effect::Record(ended) => {
            let status = serde_json::to_value(&ended.status).unwrap();
            let (is, text) = (status["is"].as_str().unwrap().to_owned(), &ended.text);
            format!("record {is} {text:?} {:?} {}", ended.supported, ended.citations.len())
        }
        Effect::Finish => "finish".to_owned(),
    };
    effects.iter().map(word).collect::<Vec<_>>().join(", ")
}

pub(in crate::turn) fn story(setup: Setup, table: &[(Input, &str)]) -> Turn {
    let mut turn = Turn::new(setup);
    for (number, (input, expected)) in table.iter().enumerate() {
        assert_eq!(words(&turn.step(input.clone())), *expected, "line {number}: {input:?}");
    }
    turn
}

#[test]
fn an_answer_from_documents() {
    let turn = story(
        setup(),
        &[
            (Input::Started, "step 0 Running, →searching, retrieve"),
            (found(), "step 0 Done, build"),
            (
                Input::PromptBuilt {
                    tokens: 100,
                    left_out: vec![LeftOut::Part { what: Part::WeakestPassages, count: 2 }],
                },
                "step 1 Running, step 1 Done, →reading, ask",
            ),
            (Input::Model { at: 5, heard: Heard::Loading { done: 1, total: 2 } }, "→loading"),
            (Input::Model { at: 9, heard: Heard::Reading { done: 1, total: 2 } }, "→reading"),
            (text(" "), ""),
            (text(" Anna"), "→writing, delta 0 \"Anna\""),
            (Input::Tick, "save \"Anna\""),
            (Input::Tick, ""),
            (text(" païs."), "delta 4 \" païs.\""),
            (text("!"), "delta 10 \"!\""),
            (done(Ending::Done), "step 2 Running, →checking, cite"),
            (cited(), "step 2 Done, record complete \"Anna païs.!\" Some(Yes) 1, finish"),
            (text("late"), ""),
            (Input::StopRequested { now: true }, ""),
        ],
    );
    assert_eq!((turn.ttft_ms, turn.usage.completion_tokens), (Some(700), 5));
}

#[test]
fn nothing_found_is_said_and_no_model_is_asked() {
    let sentence = "delta 0 \"Nothing found.\", record complete \"Nothing found.\" Some(No) 0, finish";
    story(
        setup(),
        &[
            (Input::Started, "step 0 Running, →searching, retrieve"),
            (Input::Retrieved { relevant: 0, closest: None, ms: 1 }, &format!("step 0 Done, {sentence}")),
        ],
    );
    // Without any document there is nothing to search either.
    let turn = story(Setup { retrieve: false, ..setup() }, &[(Input::Started, sentence)]);
    assert!(!turn.asked_model);
    // The general role goes on without passages, and claims nothing about documents.
    story(
        Setup { documents_only: false, ..setup() },
        &[
            (Input::Started, "step 0 Running, →searching, retrieve"),
            (Input::Retrieved { relevant: 0, closest: None, ms: 1 }, "step 0 Done, build"),
            (built(), "→reading, ask"),
            (text("Hm."), "→writing, delta 0 \"Hm.\""),
            (done(Ending::Done), "record complete \"Hm.\" None 0, finish"),
        ],
    );
}

#[test]
fn a_failed_search_ends_a_researcher_and_only_a_researcher() {
    let failed = Input::SearchFailed { fault: fault() };
    let begin = (Input::Started, "step 0 Running, →searching, retrieve");
    story(setup(), &[begin.clone(), (failed.clone(), "step 0 Failed, record failed \"\" None 0, finish")]);
    story(Setup { documents_only: false, ..setup() }, &[begin, (failed, "step 0 Failed, notice, build")]);
}

pub(in crate::turn) fn writing(setup: Setup) -> Turn {
    let mut turn = Turn::new(setup);
    for input in [Input::Started, found(), built(), text("One")] {
        turn.step(input);
    }
    turn
}

#[test]
fn stops_in_two_stages() {
    let soft = Input::StopRequested { now: false };
    let checked = "cancel model, step 1 Running, →checking, cite";
    let mut turn = writing(setup());
    assert_eq!(words(&turn.step(soft.clone())), "→stopping");
    assert_eq!(words(&turn.step(text(" two"))), format!("delta 3 \" two\", {checked}"));
    assert_eq!(words(&turn.step(cited())), "step 1 Done, record stopped \"One two\" Some(Yes) 1, finish");

    // A second request, or `now`, does not wait for the token.
    for second in [soft.clone(), Input::StopRequested { now: true }] {
        let mut turn = writing(setup());
        turn.step(soft.clone());
        assert_eq!(words(&turn.step(second)), "cancel model, record stopped \"One\" Some(Unchecked) 0, finish");
    }
    // The model ended by itself meanwhile.
    let mut turn = writing(setup());
    turn.step(soft.clone());
    assert_eq!(words(&turn.step(done(Ending::Done))), "step 1 Running, →checking, cite");
    // Before a word is written there is nothing to wait for.
    let before: &[(&[Input], &str)] = &[
        (&[], "record stopped \"\" None 0, finish"),
        (&[Input::Started], "record stopped \"\" None 0, finish"),
        (&[Input::Started, found()], "record stopped \"\" None 0, finish"),
        (&[Input::Started, found(), built()], "cancel model, record stopped \"\" None 0, finish"),
    ];
    for (inputs, expected) in before {
        let mut turn = Turn::new(setup());
        inputs.iter().for_each(|input| drop(turn.step(input.clone())));
        assert_eq!(words(&turn.step(soft.clone())), *expected);
    }
    // What was written to its end stays complete, even if nobody waits for the check.
    let mut turn = writing(setup());
    turn.step(done(Ending::Done));
    assert_eq!(words(&turn.step(soft.clone())), "→stopping");
    assert_eq!(words(&turn.step(soft)), "record complete \"One\" Some(Unchecked) 0, finish");
}

#[test]
fn faults_keep_what_was_written() {
    let gone = Input::EngineGone { fault: fault() };
    let mut turn = writing(setup());
    assert_eq!(words(&turn.step(gone.clone())), "notice, cancel model, step 1 Running, →checking, cite");
    assert_eq!(words(&turn.step(cited())), "step 1 Done, record interrupted \"One\" Some(Yes) 1, finish");

    let mut turn = Turn::new(setup());
    for input in [Input::Started, found()] {
        turn.step(input);
    }
    assert_eq!(words(&turn.step(gone)), "record failed \"\" None 0, finish");

    let mut turn = writing(setup());
    assert_eq!(
        words(&turn.step(Input::Shutdown)),
        "cancel model, record interrupted \"One\" Some(Unchecked) 0, finish"
    );

    let mut turn = writing(setup());
    turn.step(done(Ending::Length));
    let failed = Input::CiteFailed { fault: fault() };
    assert_eq!(words(&turn.step(failed)), "step 1 Failed, notice, record cut_short \"One\" Some(Unchecked) 0, finish");

    let mut turn = Turn::new(setup());
    for input in [Input::Started, found(), built()] {
        turn.step(input);
    }
    assert_eq!(words(&turn.step(done(Ending::Done))), "record failed \"\" None 0, finish");
}

#[test]
fn what_the_documents_say_is_quoted_under_a_finished_answer_only() {
    let quoted = CitationView { number: 1, at: 0, quote: "Anna\npays.".into(), ..citation() };
    let unsupported = || Input::Cited {
        citations: vec![],
        unsupported: vec![Span { start: 0, end: 3 }],
        supported: false,
        closest: Some(Box::new(quoted.clone())),
        ms: 1,
    };
    let says = "delta 3 \"\\n\\n\", delta 5 \"The documents say:\\n\\n> Anna pays.\", step 1 Done";
    let quoted_under =
        format!("{says}, record complete \"One\\n\\nThe documents say:\\n\\n> Anna pays.\" Some(Quoted) 1, finish");
    for (end, expected) in [
        (done(Ending::Done), quoted_under.as_str()),
        (done(Ending::Length), "step 1 Done, record cut_short \"One\" Some(No) 0, finish"),
        (done(Ending::Cancelled), "step 1 Done, record interrupted \"One\" Some(No) 0, finish"),
    ] {
        let mut turn = writing(setup());
        turn.step(end);
        assert_eq!(words(&turn.step(unsupported())), expected);
    }
    // Beside other citations it has a number of its own.
    let mut turn = writing(setup());
    turn.step(done(Ending::Done));
    let Input::Cited { unsupported, supported, closest, ms, .. } = unsupported() else { unreachable!() };
    let effects = turn.step(Input::Cited { citations: vec![citation()], unsupported, supported, closest, ms });
    let numbers = effects.iter().find_map(|effect| match effect {
        Effect::Record(ended) => Some(ended.citations.iter().map(|cited| cited.number).collect::<Vec<_>>()),
        _ => None,
    });
    assert_eq!(numbers, Some(vec![1, 2]));
    // A general answer is not told what the documents say.
    let mut turn = writing(Setup { documents_only: false, ..setup() });
    turn.step(done(Ending::Done));
    let found = Input::Cited {
        citations: vec![],
        unsupported: vec![],
        supported: false,
        closest: Some(Box::new(quoted)),
        ms: 1,
    };
    assert_eq!(words(&turn.step(found)), "step 1 Done, record complete \"One\" None 0, finish");
}

#[test]
fn a_long_answer_is_cut_at_the_limit() {
    let limits = Limits { chars: 8, ..Limits::default() };
    let mut turn = writing(Setup { limits, ..setup() });
    let expected = "delta 3 \" two \", cancel model, step 1 Running, →checking, cite";
    assert_eq!(words(&turn.step(text(" two three"))), expected);
    assert_eq!(turn.text(), "One two ");
}

#[test]
fn going_on_keeps_the_text_so_far() {
    let setup = Setup { so_far: "Anna".into(), documents_only: false, retrieve: false, ..setup() };
    let mut turn = Turn::new(setup);
    for input in [Input::Started, built()] {
        turn.step(input);
    }
    assert_eq!(words(&turn.step(Input::Tick)), "", "what is saved already is not saved again");
    assert_eq!(words(&turn.step(text(" pays."))), "→writing, delta 4 \" pays.\"");
    assert_eq!(words(&turn.step(done(Ending::Done))), "record complete \"Anna pays.\" None 0, finish");
}

#[test]
fn reasoning_is_a_step_and_not_text() {
    let think = |at, word: &str| Input::Model { at, heard: Heard::Reasoning(word.into()) };
    let mut turn = Turn::new(setup());
    for input in [Input::Started, found(), built()] {
        turn.step(input);
    }
    assert_eq!(words(&turn.step(think(100, "Let me"))), "step 1 Running, →writing");
    assert_eq!(words(&turn.step(think(150, " see"))), "");
    assert_eq!(words(&turn.step(Input::Tick)), "step 1 Running");
    assert_eq!(words(&turn.step(Input::Tick)), "");
    assert_eq!(words(&turn.step(text("Anna"))), "step 1 Done, →writing, delta 0 \"Anna\"");
    assert_eq!((&turn.steps[1].detail, turn.steps[1].ms), (&Detail::Text("Let me see".into()), Some(600)));
}
