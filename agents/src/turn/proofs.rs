//! What holds for every sequence of inputs, in whatever order they come.

use super::tests::{call, citation, fault, setup};
use super::*;
use proptest::prelude::*;
use protocol::{Decision, Reach, Summary, Verdict};

/// An input as chance makes it; calls are named by number so that they can refer to each other.
#[derive(Clone, Debug)]
enum Chance {
    Plain(Input),
    Call(usize),
    Judged(usize, Verdict),
    Decided(usize, Decision),
    Finished(usize, bool),
}

fn chance() -> impl Strategy<Value = Chance> {
    let verdict = prop_oneof![Just(Verdict::Allow), Just(Verdict::Ask), Just(Verdict::Deny)];
    let decision = prop_oneof![
        Just(Decision::AllowOnce),
        Just(Decision::AllowAlways),
        Just(Decision::Deny),
        Just(Decision::Expired)
    ];
    let ending = prop_oneof![3 => Just(Ending::Done), 1 => Just(Ending::Length), 1 => Just(Ending::Cancelled)];
    let heard = prop_oneof![
        4 => "[ a-zé\n]{0,6}".prop_map(Heard::Text),
        1 => "[a-z ]{0,6}".prop_map(Heard::Reasoning),
        1 => Just(Heard::Loading { done: 1, total: 2 }),
        1 => Just(Heard::Reading { done: 1, total: 2 }),
        3 => ending.prop_map(|ending| Heard::Done { ending, usage: Usage::default() }),
    ];
    let plain = prop_oneof![
        4 => Just(Input::Started),
        4 => ((0u32..3), any::<bool>()).prop_map(|(relevant, near)| {
            Input::Retrieved { relevant, closest: near.then(|| Box::new(citation())), ms: 1 }
        }),
        1 => Just(Input::SearchFailed { fault: fault() }),
        6 => prop::collection::vec("[a-z]{1,4}\\.".prop_map(LeftOut::Text), 0..2)
            .prop_map(|left_out| Input::PromptBuilt { tokens: 9, left_out }),
        12 => (0u64..5000, heard).prop_map(|(at, heard)| Input::Model { at, heard }),
        1 => Just(Input::EngineGone { fault: fault() }),
        2 => any::<bool>().prop_map(|supported| Input::Cited {
            citations: if supported { vec![citation()] } else { vec![] },
            unsupported: vec![],
            supported,
            closest: (!supported).then(|| Box::new(citation())),
            ms: 1
        }),
        1 => Just(Input::CiteFailed { fault: fault() }),
        2 => Just(Input::Tick),
        1 => any::<bool>().prop_map(|now| Input::StopRequested { now }),
    ];
    prop_oneof![
        8 => plain.prop_map(Chance::Plain),
        2 => (0usize..4).prop_map(Chance::Call),
        2 => ((0usize..4), verdict).prop_map(|(call, verdict)| Chance::Judged(call, verdict)),
        2 => ((0usize..4), decision).prop_map(|(call, decision)| Chance::Decided(call, decision)),
        2 => ((0usize..4), any::<bool>()).prop_map(|(call, failed)| Chance::Finished(call, failed)),
    ]
}

fn input(chance: &Chance, calls: &[ToolCall]) -> Input {
    match chance {
        Chance::Plain(input) => input.clone(),
        Chance::Call(n) => Input::Model { at: 1, heard: Heard::Call(calls[*n].clone()) },
        Chance::Judged(n, verdict) => Input::Judged {
            call: calls[*n].call,
            step: StepKind::Searched,
            summary: Summary::Text("s".into()),
            reach: Reach::Write,
            may_always: true,
            verdict: *verdict,
        },
        Chance::Decided(n, decision) => Input::Decided { call: calls[*n].call, decision: *decision },
        Chance::Finished(n, failed) => Input::ToolFinished {
            call: calls[*n].call,
            told: Told { text: "t".into(), count: Some(1), failed: *failed, trouble: None, undo: None },
            ms: 1,
        },
    }
}

/// Follows a turn and checks after each step what must hold.
struct Watch {
    turn: Turn,
    text: String,
    shown: String,
    ends: usize,
    allowed: Vec<ToolCall>,
}

impl Watch {
    fn step(&mut self, input: Input) {
        let was_over = self.turn.ended();
        match &input {
            Input::Judged { call, verdict: Verdict::Allow, .. }
            | Input::Decided { call, decision: Decision::AllowOnce | Decision::AllowAlways } => {
                self.allowed.push(ToolCall { call: *call, ..call_of(*call) });
            }
            _ => {}
        }
        let effects = self.turn.step(input);
        assert!(!was_over || effects.is_empty(), "it wants something after its end");
        for (place, effect) in effects.iter().enumerate() {
            match effect {
                Effect::Emit(Event::Delta { at, text, .. }) => {
                    assert_eq!(*at, self.shown.chars().count() as u64, "a delta that does not follow");
                    self.shown.push_str(text);
                }
                Effect::RunTool(tool) => {
                    assert!(self.allowed.iter().any(|known| known.call == tool.call), "ran without a yes");
                }
                Effect::Record(ended) => {
                    assert_eq!(ended.text, self.turn.text());
                    assert!(ended.steps.iter().all(|step| step.state != StepState::Running));
                }
                Effect::Finish => {
                    self.ends += 1;
                    assert_eq!(place + 1, effects.len(), "something after the end");
                    assert!(matches!(effects[place - 1], Effect::Record(_)), "an end without a record");
                }
                _ => {}
            }
        }
        assert!(self.turn.text().starts_with(&self.text), "the text shrank or changed");
        assert_eq!(self.turn.text(), self.shown, "the clients see another text");
        self.text = self.turn.text().to_owned();
        assert_eq!(self.turn.ended(), self.ends == 1);
        assert!(self.turn.rounds().len() <= self.turn.setup.limits.rounds);
        assert!(self.text.chars().count() <= self.turn.setup.limits.chars);
    }
}

fn call_of(id: protocol::CallId) -> ToolCall {
    ToolCall { call: id, id: String::new(), name: String::new(), arguments: String::new() }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn whatever_comes(
        (retrieve, documents_only, tools, quotes_first) in
            (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>()),
        so_far in "[a-z ]{0,3}",
        chances in prop::collection::vec(chance(), 0..60),
        hard in any::<bool>(),
    ) {
        let limits = Limits { rounds: 2, calls: 2, chars: 60, reasoning: 10 };
        let setup = Setup { retrieve, documents_only, tools, quotes_first, so_far: so_far.clone(), limits, ..setup() };
        let calls: Vec<ToolCall> = (0..4).map(|_| call("tool")).collect();
        let turn = Turn::new(setup);
        let mut watch = Watch { turn, text: so_far.clone(), shown: so_far, ends: 0, allowed: vec![] };
        for chance in &chances {
            watch.step(input(chance, &calls));
        }
        // A stop always ends it: `now` at once, a second one at once.
        if hard {
            watch.step(Input::StopRequested { now: true });
        } else {
            watch.step(Input::StopRequested { now: false });
            watch.step(Input::StopRequested { now: false });
        }
        prop_assert_eq!(watch.ends, 1);
        // And nothing wakes it again.
        for chance in &chances {
            watch.step(input(chance, &calls));
        }
        watch.step(Input::Shutdown);
        prop_assert_eq!(watch.ends, 1);
    }

    /// A single soft stop is enough as soon as the running thing reports once more.
    #[test]
    fn one_soft_stop_ends_it_with_the_next_news(chances in prop::collection::vec(chance(), 0..40)) {
        let calls: Vec<ToolCall> = (0..4).map(|_| call("tool")).collect();
        let mut turn = Turn::new(Setup { tools: true, ..setup() });
        for chance in &chances {
            turn.step(input(chance, &calls));
        }
        turn.step(Input::StopRequested { now: false });
        let mut news = vec![Input::Model { at: 1, heard: Heard::Text("x".into()) }];
        news.extend(calls.iter().map(|call| Input::ToolFinished { call: call.call, told: Told::refused("x"), ms: 1 }));
        news.push(Input::Cited { citations: vec![], unsupported: vec![], supported: false, closest: None, ms: 1 });
        for input in news {
            turn.step(input);
        }
        prop_assert!(turn.ended());
    }
}
