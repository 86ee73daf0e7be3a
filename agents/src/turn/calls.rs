//! How are a model's tool calls judged, allowed and run, one after the other?

use super::*;
use protocol::{CallId, Decision, Detail, Reach, Summary, Verdict};
use std::collections::VecDeque;

#[cfg(test)]
mod tests;

/// The calls of one round.
#[derive(Debug)]
pub(super) struct Calling {
    call: ToolCall,
    rest: VecDeque<ToolCall>,
    step: usize,
    phase: Phase,
}

#[derive(Debug, PartialEq, Eq)]
enum Phase {
    Judging,
    Asking,
    Running,
    /// Nothing of this call goes on any more.
    Over,
}

/// What the policy found out about a call.
#[derive(Debug)]
pub(super) struct Judgement {
    pub(super) step: StepKind,
    pub(super) summary: Summary,
    pub(super) reach: Reach,
    pub(super) may_always: bool,
    pub(super) verdict: Verdict,
}

impl Calling {
    /// Whether a tool runs, so that a stop waits for it.
    pub(super) fn is_running(&self) -> bool {
        self.phase == Phase::Running
    }
    /// Cancels whatever this call is at.
    pub(super) fn give_up(&mut self, out: &mut Vec<Effect>) {
        match std::mem::replace(&mut self.phase, Phase::Over) {
            Phase::Asking => out.push(Effect::Withdraw(self.call.call)),
            Phase::Running => out.push(Effect::CancelTool(self.call.call)),
            Phase::Judging | Phase::Over => {}
        }
    }
}

impl Turn {
    pub(super) fn call_tools(&mut self, from: usize, mut calls: Vec<ToolCall>, out: &mut Vec<Effect>) {
        let text = self.text.get(from..).unwrap_or_default().to_owned();
        // Calls beyond the limit are dropped here, so that every call the next prompt shows has an answer.
        calls.truncate(self.setup.limits.calls.max(1));
        self.rounds.push(Round { text, calls: calls.iter().cloned().map(|call| (call, None)).collect() });
        self.next_call(calls.into(), out);
    }

    fn next_call(&mut self, mut rest: VecDeque<ToolCall>, out: &mut Vec<Effect>) {
        let Some(call) = rest.pop_front() else { return self.prompt(out) };
        let step = self.add_step(StepKind::Tool { name: call.name.clone() }, Detail::default(), out);
        self.moved(TurnState::Working, out);
        out.push(Effect::Judge(call.clone()));
        self.state = State::Calling(Calling { call, rest, step, phase: Phase::Judging });
    }

    pub(super) fn judged(&mut self, call: CallId, judgement: Judgement, out: &mut Vec<Effect>) {
        let State::Calling(calling) = &mut self.state else { return };
        if calling.call.call != call || calling.phase != Phase::Judging {
            return;
        }
        let Judgement { step: kind, summary, reach, may_always, verdict } = judgement;
        let (step, tool) = (calling.step, calling.call.clone());
        calling.phase = match verdict {
            Verdict::Allow => Phase::Running,
            Verdict::Ask => Phase::Asking,
            Verdict::Deny => Phase::Over,
        };
        self.steps[step].kind = kind;
        self.steps[step].detail = match summary.clone() {
            Summary::Text(words) => Detail::Text(words),
            known @ Summary::Known(_) => Detail::Does(known),
        };
        self.show_step(step, out);
        match verdict {
            Verdict::Allow => out.push(Effect::RunTool(tool)),
            Verdict::Ask => {
                self.moved(TurnState::Asking, out);
                out.push(Effect::AskPerson { call, tool: tool.name, reach, summary, may_always });
            }
            Verdict::Deny => self.refuse("The workspace's policy does not allow this. Nothing was done.", out),
        }
    }

    pub(super) fn decided(&mut self, call: CallId, decision: Decision, out: &mut Vec<Effect>) {
        let State::Calling(calling) = &mut self.state else { return };
        if calling.call.call != call || calling.phase != Phase::Asking {
            return;
        }
        // The card that asked goes; what was decided stays, in a row of its own.
        let step = calling.step;
        self.steps[step].decided = Some(decision);
        self.show_step(step, out);
        let State::Calling(calling) = &mut self.state else { return };
        match decision {
            Decision::AllowOnce | Decision::AllowAlways => {
                calling.phase = Phase::Running;
                let tool = calling.call.clone();
                self.moved(TurnState::Working, out);
                out.push(Effect::RunTool(tool));
            }
            Decision::Deny => {
                calling.phase = Phase::Over;
                self.refuse("The person said no. Nothing was done.", out);
            }
            // Nobody is there: going on without the answer would be guessing.
            Decision::Expired => {
                calling.phase = Phase::Over;
                self.close_step(step, StepState::Refused, None, None, out);
                self.check(ItemStatus::Stopped, out);
            }
        }
    }

    fn refuse(&mut self, why: &str, out: &mut Vec<Effect>) {
        self.call_over(Told::refused(why), StepState::Refused, None, out);
    }

    pub(super) fn tool_finished(&mut self, call: CallId, told: Told, ms: u64, out: &mut Vec<Effect>) {
        let State::Calling(calling) = &mut self.state else { return };
        // A call that nobody has allowed can only have failed.
        let expected = match calling.phase {
            Phase::Running => true,
            Phase::Judging => told.failed,
            Phase::Asking | Phase::Over => false,
        };
        if calling.call.call != call || !expected {
            return;
        }
        calling.phase = Phase::Over;
        let step = calling.step;
        let state = if told.failed { StepState::Failed } else { StepState::Done };
        if let (Some(failed), true) = (told.trouble, self.steps[step].detail == Detail::default()) {
            self.steps[step].detail = Detail::Failed { failed };
        }
        self.steps[step].undo = told.undo.clone();
        if self.steps[step].kind == StepKind::Searched && !told.failed {
            self.passages = self.passages.saturating_add(told.count.unwrap_or(0));
        }
        self.call_over(told, state, Some(ms), out);
    }

    /// Closes the call's step, keeps what the model is told, and goes on to the next call or prompt.
    fn call_over(&mut self, told: Told, state: StepState, ms: Option<u64>, out: &mut Vec<Effect>) {
        let State::Calling(calling) = &mut self.state else { return };
        let (step, call, rest) = (calling.step, calling.call.call, std::mem::take(&mut calling.rest));
        self.close_step(step, state, told.count, ms, out);
        if let Some(round) = self.rounds.last_mut()
            && let Some((_, slot)) = round.calls.iter_mut().find(|(known, _)| known.call == call)
        {
            *slot = Some(told);
        }
        if self.stopping { self.check(ItemStatus::Stopped, out) } else { self.next_call(rest, out) }
    }
}
