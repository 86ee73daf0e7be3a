//! How does an answer grow while the model writes, and how is it checked when it is done?

use super::{lead::next_number, *};
use protocol::{CitationView, Span};

/// The model was asked and its stream is open.
#[derive(Debug)]
pub(super) struct Listening {
    /// Where this round's text begins, in bytes.
    from: usize,
    /// Whether this round has text.
    wrote: bool,
    calls: Vec<ToolCall>,
    reasoning: Option<Reasoning>,
    open: bool,
}

/// What a check of the answer found.
pub(super) struct Found {
    pub(super) citations: Vec<CitationView>,
    pub(super) unsupported: Vec<Span>,
    pub(super) supported: bool,
    pub(super) closest: Option<Box<CitationView>>,
}

#[derive(Debug)]
struct Reasoning {
    step: usize,
    since: u64,
    fresh: bool,
}

impl Listening {
    pub(super) fn new(from: usize) -> Self {
        Self { from, wrote: false, calls: Vec::new(), reasoning: None, open: true }
    }
    /// Whether a token is being written, so that a stop has something to wait for.
    pub(super) fn is_writing(&self) -> bool {
        self.wrote || self.reasoning.is_some()
    }
    /// The step of a reasoning that grew since this was last asked.
    pub(super) fn take_fresh_reasoning(&mut self) -> Option<usize> {
        let reasoning = self.reasoning.as_mut()?;
        std::mem::take(&mut reasoning.fresh).then_some(reasoning.step)
    }
    /// Closes the model's stream, once.
    pub(super) fn give_up(&mut self, out: &mut Vec<Effect>) {
        if std::mem::take(&mut self.open) {
            out.push(Effect::CancelModel);
        }
    }
}

impl Turn {
    pub(super) fn heard(&mut self, at: u64, heard: Heard, out: &mut Vec<Effect>) {
        if let (State::Prompting, Heard::Loading { done, total }) = (&self.state, &heard) {
            // Counting the prompt may be what loads the model.
            return self.moved(TurnState::Loading { done: *done, total: *total }, out);
        }
        let State::Listening(listening) = &mut self.state else { return };
        match heard {
            Heard::Loading { done, total } => return self.moved(TurnState::Loading { done, total }, out),
            Heard::Reading { done, total } => return self.moved(TurnState::Reading { done, total }, out),
            Heard::Call(call) => {
                listening.calls.push(call);
                return;
            }
            Heard::Reasoning(more) => self.reason(at, &more, out),
            Heard::Text(more) => self.hear_text(at, &more, out),
            Heard::Done { ending, usage } => return self.heard_done(at, ending, usage, out),
        }
        // The token that was being written when the stop came is now kept.
        if self.stopping {
            self.check(ItemStatus::Stopped, out);
        } else if self.chars >= self.setup.limits.chars {
            self.check(ItemStatus::CutShort, out);
        } else if repeats_itself(self.own_text()) {
            // A small model in a loop says nothing more, however long it goes on.
            self.check(ItemStatus::CutShort, out);
        }
    }

    fn reason(&mut self, at: u64, more: &str, out: &mut Vec<Effect>) {
        let State::Listening(listening) = &self.state else { return };
        let step = match &listening.reasoning {
            Some(reasoning) => reasoning.step,
            None => {
                let step = self.add_step(StepKind::Reasoned, Detail::default(), out);
                if let State::Listening(listening) = &mut self.state {
                    listening.reasoning = Some(Reasoning { step, since: at, fresh: false });
                }
                self.moved(TurnState::Writing, out);
                step
            }
        };
        let Detail::Text(detail) = &mut self.steps[step].detail else { return };
        let room = self.setup.limits.reasoning.saturating_sub(detail.chars().count());
        detail.extend(more.chars().take(room));
        if let State::Listening(Listening { reasoning: Some(reasoning), .. }) = &mut self.state {
            reasoning.fresh = true;
        }
    }

    /// What the model told of its work; counted here where it was stopped before it could tell.
    pub(super) fn used(&self) -> Usage {
        if self.usage.completion_tokens > 0 || self.pieces == 0 {
            return self.usage;
        }
        let ms = self.last_ms.saturating_sub(self.ttft_ms.unwrap_or(self.last_ms));
        Usage {
            prompt_tokens: self.prompt_tokens,
            completion_tokens: self.pieces,
            tokens_per_second: if ms > 0 { self.pieces as f32 * 1_000.0 / ms as f32 } else { 0.0 },
        }
    }

    fn close_reasoning(&mut self, at: u64, out: &mut Vec<Effect>) {
        if let State::Listening(listening) = &mut self.state
            && let Some(reasoning) = listening.reasoning.take()
        {
            let ms = at.saturating_sub(reasoning.since);
            self.close_step(reasoning.step, StepState::Done, None, Some(ms), out);
        }
    }

    fn hear_text(&mut self, at: u64, more: &str, out: &mut Vec<Effect>) {
        self.close_reasoning(at, out);
        let State::Listening(listening) = &mut self.state else { return };
        // Models like to begin with a space or a line feed; an answer does not.
        let continues = self.rounds.is_empty() && self.own < self.text.len() && !self.setup.so_far.is_empty();
        let begins = !listening.wrote && !continues;
        let more = if begins { more.trim_start() } else { more };
        if more.is_empty() {
            return;
        }
        if !std::mem::replace(&mut listening.wrote, true) {
            self.ttft_ms.get_or_insert(at);
            self.moved(TurnState::Writing, out);
            self.announce_model(out);
            if !self.rounds.is_empty() {
                self.new_paragraph(out);
            }
            if let State::Listening(listening) = &mut self.state {
                listening.from = self.text.len();
            }
        }
        self.pieces = self.pieces.saturating_add(1);
        self.last_ms = at;
        self.write(more, out);
    }

    fn heard_done(&mut self, at: u64, ending: Ending, usage: Usage, out: &mut Vec<Effect>) {
        self.close_reasoning(at, out);
        let State::Listening(listening) = &mut self.state else { return };
        listening.open = false;
        let calls = std::mem::take(&mut listening.calls);
        let from = listening.from;
        self.usage = Usage {
            prompt_tokens: usage.prompt_tokens,
            completion_tokens: self.usage.completion_tokens.saturating_add(usage.completion_tokens),
            tokens_per_second: usage.tokens_per_second,
        };
        if self.stopping || ending == Ending::Cancelled {
            let status = if self.stopping { ItemStatus::Stopped } else { ItemStatus::Interrupted };
            return self.check(status, out);
        }
        if !calls.is_empty() && self.offers_tools() {
            return self.call_tools(from, calls, out);
        }
        match ending {
            Ending::Length => self.check(ItemStatus::CutShort, out),
            Ending::Done | Ending::Cancelled if self.own_text().is_empty() && self.lead.is_none() => {
                self.end(ItemStatus::Failed { fault: empty_answer() }, Verified::default(), out);
            }
            Ending::Done | Ending::Cancelled => self.check(ItemStatus::Complete, out),
        }
    }

    /// Appends to the answer and tells the clients. The only place where the text changes.
    pub(super) fn write(&mut self, more: &str, out: &mut Vec<Effect>) {
        let room = self.setup.limits.chars.saturating_sub(self.chars);
        let more: String = more.chars().take(room).collect();
        if more.is_empty() {
            return;
        }
        let at = self.chars as u64;
        self.chars += more.chars().count();
        self.text.push_str(&more);
        let Setup { chat, item, .. } = self.setup;
        out.push(Effect::Emit(Event::Delta { chat, item, at, text: more }));
    }

    pub(super) fn new_paragraph(&mut self, out: &mut Vec<Effect>) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            let gap = if self.text.ends_with('\n') { "\n" } else { "\n\n" };
            self.write(gap, out);
        }
    }

    /// The text is as it will be: check it against the passages if there are any, then end.
    pub(super) fn check(&mut self, status: ItemStatus, out: &mut Vec<Effect>) {
        self.give_up_running(out);
        if self.passages == 0 || self.own_text().trim().is_empty() {
            return self.end(status, self.only_lead(), out);
        }
        let step = self.add_step(StepKind::Checked, Detail::default(), out);
        self.state = State::Checking { status, step };
        self.moved(TurnState::Checking, out);
        out.push(Effect::Cite(self.own_text().to_owned()));
    }

    pub(super) fn cited(&mut self, found: Found, ms: u64, out: &mut Vec<Effect>) {
        let State::Checking { status, step } = &self.state else { return };
        let (status, step) = (status.clone(), *step);
        let Found { mut citations, unsupported, supported, closest } = self.below_lead(found);
        let mut support = match (supported, &self.lead) {
            (true, _) => Support::Yes,
            (false, Some(_)) => Support::Quoted,
            (false, None) => Support::No,
        };
        // The model's words have no support. What the documents say themselves is quoted after them,
        // under a finished answer only: an unfinished one may be continued.
        let quotes = support == Support::No && self.setup.documents_only && status == ItemStatus::Complete;
        if let (true, Some(closest)) = (quotes, closest) {
            let closest = CitationView { number: next_number(&citations), ..*closest };
            let lead_in = self.setup.phrases.documents_say.clone();
            citations.push(self.quote(&lead_in, closest, out));
            support = Support::Quoted;
        }
        self.close_step(step, StepState::Done, u32::try_from(citations.len()).ok(), Some(ms), out);
        // A general answer that quotes nothing does not claim to come from the documents.
        let claims = self.setup.documents_only || !citations.is_empty();
        let verified = Verified {
            citations,
            unsupported: if claims { unsupported } else { Vec::new() },
            supported: claims.then_some(support),
            checked: true,
        };
        self.end(status, verified, out);
    }

    pub(super) fn cite_failed(&mut self, fault: Fault, out: &mut Vec<Effect>) {
        let State::Checking { status, step } = &self.state else { return };
        let (status, step) = (status.clone(), *step);
        self.close_step(step, StepState::Failed, None, None, out);
        out.push(Effect::Emit(Event::Notice(fault)));
        self.end(status, Verified::default(), out);
    }
}

/// The shortest stretch of words whose repetition counts as a loop: shorter ones occur in lists.
const LOOP_WORDS: usize = 4;
/// The longest stretch that is looked for.
const LOOP_LONGEST: usize = 60;
/// So many chars that repeat a few chars over and over ("A.A.A.A.") are a loop without words.
const STUTTER: usize = 48;
/// The longest stretch of chars that such a loop repeats.
const STUTTER_LONGEST: usize = 12;

/// Whether a text ends with the same stretch of words three times in a row, or stutters.
pub(crate) fn repeats_itself(text: &str) -> bool {
    if stutters(text) {
        return true;
    }
    // Only at the end of a word is there something new to see.
    if !text.ends_with(char::is_whitespace) && !text.ends_with(['.', '!', '?', ':', ',']) {
        return false;
    }
    let words: Vec<&str> = text.split_whitespace().rev().take(3 * LOOP_LONGEST).map(unnumbered).collect();
    (LOOP_WORDS..=LOOP_LONGEST.min(words.len() / 3)).any(|length| {
        let (last, before) = words.split_at(length);
        last == &before[..length] && last == &before[length..2 * length]
    })
}

/// A list that says the same in every line counts on: its numbers are no difference.
fn unnumbered(word: &str) -> &str {
    let digits = word.trim_end_matches(['.', ')']);
    let counts = digits.len() < word.len() && (1..=3).contains(&digits.len());
    if counts && digits.bytes().all(|b| b.is_ascii_digit()) { "#" } else { word }
}

/// Whether the last chars are the same few over and over. Rules and rows of a table have no letters.
fn stutters(text: &str) -> bool {
    let last: Vec<char> = text.chars().rev().take(STUTTER).collect();
    last.len() == STUTTER
        && last.iter().any(|c| c.is_alphanumeric())
        && (1..=STUTTER_LONGEST).any(|period| last[period..].iter().zip(&last).all(|(a, b)| a == b))
}

#[cfg(test)]
mod tests {
    use super::repeats_itself;

    #[test]
    fn a_loop_is_seen_and_a_list_is_not() {
        let looped = "It does not say. ".to_owned() + &"The answer is not in the text. ".repeat(3);
        assert!(repeats_itself(&looped));
        let counted: String =
            (1..4).map(|n| format!("{n}. The letter was signed by the medical director.\n")).collect();
        assert!(repeats_itself(&counted));
        for honest in [
            "The answer is not in the text. The answer is not in the text. ",
            "1. yes\n2. yes\n3. yes\n4. yes\n",
            "a b c. a b c. a b c. ",
            "",
            "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
            "________________________________________________________________",
        ] {
            assert!(!repeats_itself(honest), "{honest}");
        }
        for stutter in ["A.".repeat(30), format!("Yes {}", "no, ".repeat(14)), "x".repeat(60)] {
            assert!(repeats_itself(&stutter), "{stutter}");
        }
    }
}
