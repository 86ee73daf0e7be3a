//! What happens next in a turn? A pure machine: inputs in, effects out; no IO, no clock, no async.
//!
//! ```text
//! New → Searching → Prompting → Listening → Checking → Ended
//!                       ↑           ↓
//!                       └──────  Calling        (at most `Limits::rounds` times)
//! ```
//! Whatever comes in whatever order: the turn ends exactly once, wants nothing after `Finish`, its
//! text only grows, and a stop always ends it. An input that the present state does not wait for is
//! late news of something since cancelled, and changes nothing.

pub(crate) mod answer;
mod calls;
pub(crate) mod lead;
mod words;

#[cfg(test)]
mod proofs;
#[cfg(test)]
mod tests;

pub use words::*;

use answer::Found;
use calls::Calling;
use lead::Lead;
use protocol::{
    CitationView, Detail, Event, Fault, FaultKind, ItemStatus, LeftOut, StepKind, StepState, StepView, Support,
    TurnState,
};

/// One run of an agent that writes one answer.
#[derive(Debug)]
pub struct Turn {
    setup: Setup,
    state: State,
    text: String,
    chars: usize,
    /// Where the model's own words begin in the text, in bytes: what is above was quoted by code.
    own: usize,
    lead: Option<Lead>,
    saved: usize,
    steps: Vec<StepView>,
    rounds: Vec<Round>,
    passages: u32,
    left_out_step: Option<usize>,
    asked_model: bool,
    usage: Usage,
    prompt_tokens: u32,
    /// Pieces of text heard in this turn: about one a token.
    pieces: u32,
    last_ms: u64,
    ttft_ms: Option<u64>,
    stopping: bool,
}

#[derive(Debug)]
enum State {
    New,
    Searching { step: usize },
    Prompting,
    Listening(answer::Listening),
    Calling(Calling),
    Checking { status: ItemStatus, step: usize },
    Ended,
}

impl Turn {
    /// A turn that has not begun.
    pub fn new(setup: Setup) -> Self {
        let text = setup.so_far.clone();
        Self {
            chars: text.chars().count(),
            own: 0,
            lead: None,
            saved: text.len(),
            text,
            setup,
            state: State::New,
            steps: Vec::new(),
            rounds: Vec::new(),
            passages: 0,
            left_out_step: None,
            asked_model: false,
            usage: Usage::default(),
            prompt_tokens: 0,
            pieces: 0,
            last_ms: 0,
            ttft_ms: None,
            stopping: false,
        }
    }

    /// The answer so far.
    pub fn text(&self) -> &str {
        &self.text
    }
    /// The rounds of tool calls so far: they follow the question in the prompt.
    pub fn rounds(&self) -> &[Round] {
        &self.rounds
    }
    /// Whether the next prompt offers tools.
    pub fn offers_tools(&self) -> bool {
        self.setup.tools && self.rounds.len() < self.setup.limits.rounds
    }
    /// Whether it is over.
    pub fn ended(&self) -> bool {
        matches!(self.state, State::Ended)
    }

    /// Takes one input and says what is to be done, in order.
    pub fn step(&mut self, input: Input) -> Vec<Effect> {
        let mut out = Vec::new();
        if self.ended() {
            return out;
        }
        match input {
            Input::Started => self.started(&mut out),
            Input::Retrieved { relevant, closest, ms } => self.retrieved(relevant, closest, ms, &mut out),
            Input::SearchFailed { fault } => self.search_failed(fault, &mut out),
            Input::PromptBuilt { tokens, left_out } => self.prompt_built(tokens, left_out, &mut out),
            Input::Model { at, heard } => self.heard(at, heard, &mut out),
            Input::EngineGone { fault } => self.engine_gone(fault, &mut out),
            Input::Judged { call, step, summary, reach, may_always, verdict } => {
                self.judged(call, calls::Judgement { step, summary, reach, may_always, verdict }, &mut out);
            }
            Input::Decided { call, decision } => self.decided(call, decision, &mut out),
            Input::ToolFinished { call, told, ms } => self.tool_finished(call, told, ms, &mut out),
            Input::Cited { citations, unsupported, supported, closest, ms } => {
                self.cited(Found { citations, unsupported, supported, closest }, ms, &mut out);
            }
            Input::CiteFailed { fault } => self.cite_failed(fault, &mut out),
            Input::Tick => self.tick(&mut out),
            Input::StopRequested { now } => self.stop_requested(now, &mut out),
            Input::Shutdown => self.end(ItemStatus::Interrupted, Verified::default(), &mut out),
        }
        out
    }

    fn started(&mut self, out: &mut Vec<Effect>) {
        let State::New = self.state else { return };
        if self.setup.retrieve {
            let step = self.add_step(StepKind::Searched, Detail::Text(self.setup.question.clone()), out);
            self.state = State::Searching { step };
            self.moved(TurnState::Searching, out);
            out.push(Effect::Retrieve);
        } else if self.setup.documents_only {
            self.say_nothing_found(None, out);
        } else {
            self.prompt(out);
        }
    }

    fn retrieved(&mut self, relevant: u32, closest: Option<Box<CitationView>>, ms: u64, out: &mut Vec<Effect>) {
        let State::Searching { step } = self.state else { return };
        self.passages = self.passages.saturating_add(relevant);
        self.close_step(step, StepState::Done, Some(relevant), Some(ms), out);
        if relevant == 0 && self.setup.documents_only {
            return self.say_nothing_found(closest.filter(|_| self.text.is_empty()), out);
        }
        if let Some(closest) = closest.filter(|_| self.setup.documents_only && self.setup.quotes_first) {
            self.lead_with(*closest, out);
        }
        self.prompt(out);
    }

    fn search_failed(&mut self, fault: Fault, out: &mut Vec<Effect>) {
        let State::Searching { step } = self.state else { return };
        self.close_step(step, StepState::Failed, None, None, out);
        if self.setup.documents_only {
            // Without its documents this role must not answer.
            self.end(ItemStatus::Failed { fault }, Verified::default(), out);
        } else {
            out.push(Effect::Emit(Event::Notice(fault)));
            self.prompt(out);
        }
    }

    /// The documents do not answer the question: said in a fixed sentence, and no model is asked. What
    /// comes closest is shown, since the threshold is a measured one and no proof.
    fn say_nothing_found(&mut self, closest: Option<Box<CitationView>>, out: &mut Vec<Effect>) {
        let Phrases { nothing_found, comes_closest, .. } = self.setup.phrases.clone();
        let verified = match closest {
            Some(closest) => {
                let citation = self.quote(&comes_closest, CitationView { number: 1, ..*closest }, out);
                Verified { citations: vec![citation], supported: Some(Support::Quoted), ..Verified::default() }
            }
            None => {
                self.new_paragraph(out);
                self.write(&nothing_found, out);
                Verified { supported: Some(Support::No), ..Verified::default() }
            }
        };
        self.end(ItemStatus::Complete, verified, out);
    }

    fn prompt(&mut self, out: &mut Vec<Effect>) {
        self.state = State::Prompting;
        out.push(Effect::BuildPrompt);
    }

    fn prompt_built(&mut self, tokens: u32, left_out: Vec<LeftOut>, out: &mut Vec<Effect>) {
        let State::Prompting = self.state else { return };
        self.prompt_tokens = tokens;
        if !left_out.is_empty() {
            let parts = left_out.iter().map(|left| match left {
                LeftOut::Part { count, .. } => *count,
                LeftOut::Text(_) => 1,
            });
            let count = Some(parts.fold(0, u32::saturating_add));
            let detail = Detail::LeftOut(left_out);
            match self.left_out_step {
                Some(step) => self.steps[step].detail = detail,
                None => self.left_out_step = Some(self.add_step(StepKind::LeftOut, detail, out)),
            }
            if let Some(step) = self.left_out_step {
                self.close_step(step, StepState::Done, count, None, out);
            }
        }
        self.asked_model = true;
        self.state = State::Listening(answer::Listening::new(self.text.len()));
        self.moved(TurnState::Reading { done: 0, total: tokens }, out);
        out.push(Effect::AskModel);
    }

    fn engine_gone(&mut self, fault: Fault, out: &mut Vec<Effect>) {
        match self.state {
            State::New | State::Prompting | State::Listening(_) => {}
            State::Searching { .. } | State::Calling(_) | State::Checking { .. } | State::Ended => return,
        }
        if self.stopping {
            // The person wanted it to end, and it ends: that the engine went too is no news.
            self.check(ItemStatus::Stopped, out);
        } else if self.own_text().is_empty() {
            self.end(ItemStatus::Failed { fault }, self.only_lead(), out);
        } else {
            out.push(Effect::Emit(Event::Notice(fault)));
            self.check(ItemStatus::Interrupted, out);
        }
    }

    fn tick(&mut self, out: &mut Vec<Effect>) {
        if let State::Listening(listening) = &mut self.state
            && let Some(step) = listening.take_fresh_reasoning()
        {
            self.show_step(step, out);
        }
        if self.text.len() > self.saved {
            self.saved = self.text.len();
            out.push(Effect::SaveCheckpoint(self.text.clone()));
        }
    }

    /// First request: after the current token. Where no token is being written there is nothing to
    /// wait for. Second request, or `now`: at once.
    fn stop_requested(&mut self, now: bool, out: &mut Vec<Effect>) {
        let again = std::mem::replace(&mut self.stopping, true);
        if now || again {
            let status = match &self.state {
                // It was written to its end; only the check is given up.
                State::Checking { status, .. } => status.clone(),
                _ => ItemStatus::Stopped,
            };
            return self.end(status, Verified::default(), out);
        }
        let wait = match &self.state {
            State::Listening(listening) => listening.is_writing(),
            State::Calling(calling) => calling.is_running(),
            State::Checking { .. } => true,
            State::New | State::Searching { .. } | State::Prompting | State::Ended => false,
        };
        if wait { self.moved(TurnState::Stopping, out) } else { self.check(ItemStatus::Stopped, out) }
    }

    /// Ends it. Everything that still runs is cancelled; the text is kept.
    fn end(&mut self, status: ItemStatus, verified: Verified, out: &mut Vec<Effect>) {
        self.give_up_running(out);
        for step in self.steps.iter_mut().filter(|step| step.state == StepState::Running) {
            step.state = StepState::Failed;
        }
        self.state = State::Ended;
        // Passages stood in the prompt and nobody has compared them with the words: that must be seen.
        let unchecked = !verified.checked && self.passages > 0 && !self.text.trim().is_empty();
        let supported = verified.supported.or(unchecked.then_some(Support::Unchecked));
        // What code quoted is evidence even where the check of the model's words was given up.
        let lead = self.lead.as_ref().filter(|_| !verified.checked).map(|lead| lead.citation.clone());
        let citations = lead.into_iter().chain(verified.citations).collect();
        out.push(Effect::Record(Box::new(Ended {
            text: self.text.clone(),
            status,
            steps: self.steps.clone(),
            citations,
            unsupported: verified.unsupported,
            supported,
            asked_model: self.asked_model,
            usage: self.used(),
            ttft_ms: self.ttft_ms,
        })));
        out.push(Effect::Finish);
    }

    fn give_up_running(&mut self, out: &mut Vec<Effect>) {
        match &mut self.state {
            State::Listening(listening) => {
                listening.give_up(out);
            }
            State::Calling(calling) => calling.give_up(out),
            State::New | State::Searching { .. } | State::Prompting | State::Checking { .. } | State::Ended => {}
        }
    }

    fn moved(&self, state: TurnState, out: &mut Vec<Effect>) {
        let Setup { chat, turn, item, .. } = self.setup;
        out.push(Effect::Emit(Event::TurnMoved { chat, turn, item: Some(item), state }));
    }

    fn add_step(&mut self, kind: StepKind, detail: Detail, out: &mut Vec<Effect>) -> usize {
        let state = StepState::Running;
        self.steps.push(StepView { kind, state, detail, count: None, ms: None, decided: None, undo: None });
        let index = self.steps.len() - 1;
        self.show_step(index, out);
        index
    }

    fn close_step(
        &mut self,
        index: usize,
        state: StepState,
        count: Option<u32>,
        ms: Option<u64>,
        out: &mut Vec<Effect>,
    ) {
        let step = &mut self.steps[index];
        (step.state, step.count, step.ms) = (state, count, ms);
        self.show_step(index, out);
    }

    fn show_step(&self, index: usize, out: &mut Vec<Effect>) {
        let Setup { chat, item, .. } = self.setup;
        let step = self.steps[index].clone();
        out.push(Effect::Emit(Event::StepChanged {
            chat,
            item,
            index: u32::try_from(index).unwrap_or(u32::MAX),
            step,
        }));
    }
}

/// What code found out about the finished text.
#[derive(Debug, Default)]
struct Verified {
    citations: Vec<protocol::CitationView>,
    unsupported: Vec<protocol::Span>,
    supported: Option<Support>,
    checked: bool,
}

/// The model said that it is done and had written nothing.
fn empty_answer() -> Fault {
    Fault::new(FaultKind::Unavailable, "answer.empty", "The model ended its answer without a word.")
        .safe("Your question is safe.")
        .hint("Answer again, put the question differently, or choose another model.")
}
