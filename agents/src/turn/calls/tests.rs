//! Scenarios of tool calls: judged, asked for, run, told, stopped, bounded.

use super::super::tests::*;
use super::*;
use protocol::{ToolTrouble, Undo};

fn with_tools() -> Setup {
    Setup { tools: true, retrieve: false, documents_only: false, ..setup() }
}
fn calling(tool: &ToolCall) -> Turn {
    let mut turn = Turn::new(with_tools());
    for input in [Input::Started, built(), text("I look."), called(tool)] {
        turn.step(input);
    }
    let begun = format!("step 0 Running, →working, judge {}", tool.name);
    assert_eq!(words(&turn.step(done(Ending::Done))), begun);
    turn
}

#[test]
fn a_tool_call_is_judged_asked_for_run_and_told() {
    let tool = call("rename_chat");
    let undo = Some(Undo::RenameChat { from: "Old".into(), to: "New".into() });
    let told = Told { text: "Renamed.".into(), count: None, failed: false, trouble: None, undo };
    let finished = Input::ToolFinished { call: tool.call, told: told.clone(), ms: 4 };

    let mut turn = calling(&tool);
    assert_eq!(words(&turn.step(finished.clone())), "", "nothing runs before it is allowed");
    assert_eq!(words(&turn.step(judged(&tool, Verdict::Ask))), "step 0 Running, →asking, ask person rename_chat");
    assert_eq!(words(&turn.step(finished.clone())), "", "nothing runs before it is allowed");
    assert_eq!(words(&turn.step(judged(&tool, Verdict::Allow))), "", "it is judged once");
    let other = Input::Decided { call: CallId::new(), decision: Decision::AllowOnce };
    assert_eq!(words(&turn.step(other)), "", "another call's yes is no yes");
    let yes = Input::Decided { call: tool.call, decision: Decision::AllowOnce };
    assert_eq!(words(&turn.step(yes)), "step 0 Running, →working, run rename_chat");
    assert_eq!(words(&turn.step(finished.clone())), "step 0 Done, build");
    assert_eq!((turn.steps[0].decided, turn.steps[0].undo.clone()), (Some(Decision::AllowOnce), told.undo.clone()));
    assert_eq!(turn.rounds(), [Round { text: "I look.".into(), calls: vec![(tool.clone(), Some(told))] }]);
    assert_eq!(words(&turn.step(built())), "→reading, ask");
    assert_eq!(words(&turn.step(text(" Done."))), "→writing, delta 7 \"\\n\\n\", delta 9 \"Done.\"");
    assert_eq!(words(&turn.step(done(Ending::Done))), "record complete \"I look.\\n\\nDone.\" None 0, finish");

    let mut turn = calling(&tool);
    assert_eq!(words(&turn.step(judged(&tool, Verdict::Allow))), "step 0 Running, run rename_chat");

    let mut turn = calling(&tool);
    assert_eq!(words(&turn.step(judged(&tool, Verdict::Deny))), "step 0 Running, step 0 Refused, build");
    assert!(turn.rounds()[0].calls[0].1.as_ref().unwrap().failed);

    for (decision, expected) in [
        (Decision::Deny, "step 0 Running, step 0 Refused, build"),
        (Decision::Expired, "step 0 Running, step 0 Refused, record stopped \"I look.\" None 0, finish"),
        (Decision::AllowAlways, "step 0 Running, →working, run rename_chat"),
    ] {
        let mut turn = calling(&tool);
        turn.step(judged(&tool, Verdict::Ask));
        assert_eq!(words(&turn.step(Input::Decided { call: tool.call, decision })), expected);
        assert_eq!(turn.steps[0].decided, Some(decision));
    }

    let mut turn = calling(&tool);
    let unknown =
        Input::ToolFinished { call: tool.call, told: Told::failed(ToolTrouble::Unknown, "No such tool."), ms: 0 };
    assert_eq!(words(&turn.step(unknown)), "step 0 Failed, build");
    assert_eq!(turn.steps[0].detail, Detail::Failed { failed: ToolTrouble::Unknown });
}

#[test]
fn a_stop_ends_a_tool_call_too() {
    let tool = call("rename_chat");
    let soft = Input::StopRequested { now: false };
    let mut asking = calling(&tool);
    asking.step(judged(&tool, Verdict::Ask));
    assert_eq!(words(&asking.step(soft.clone())), "withdraw, record stopped \"I look.\" None 0, finish");

    let mut running = calling(&tool);
    running.step(judged(&tool, Verdict::Allow));
    assert_eq!(words(&running.step(soft.clone())), "→stopping");
    let told = Told { text: "Renamed.".into(), count: None, failed: false, trouble: None, undo: None };
    let finished = Input::ToolFinished { call: tool.call, told, ms: 4 };
    assert_eq!(words(&running.step(finished)), "step 0 Done, record stopped \"I look.\" None 0, finish");

    let mut running = calling(&tool);
    running.step(judged(&tool, Verdict::Allow));
    running.step(soft.clone());
    assert_eq!(words(&running.step(soft)), "cancel tool, record stopped \"I look.\" None 0, finish");
}

#[test]
fn tool_rounds_are_bounded() {
    let limits = Limits { rounds: 2, calls: 2, ..Limits::default() };
    let mut turn = Turn::new(Setup { limits, ..with_tools() });
    turn.step(Input::Started);
    for round in 0..2 {
        assert!(turn.offers_tools());
        turn.step(built());
        let tools: Vec<ToolCall> = (0..5).map(|_| call("search_documents")).collect();
        tools.iter().for_each(|tool| drop(turn.step(called(tool))));
        turn.step(done(Ending::Done));
        for tool in &tools[..2] {
            turn.step(Input::ToolFinished { call: tool.call, told: Told::failed(ToolTrouble::Broke, "no"), ms: 0 });
        }
        assert_eq!(turn.rounds()[round].calls.len(), 2);
    }
    assert!(!turn.offers_tools());
    turn.step(built());
    turn.step(called(&call("search_documents")));
    assert_eq!(words(&turn.step(done(Ending::Done))), "record failed \"\" None 0, finish");
}
