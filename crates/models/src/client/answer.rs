//! What do the events of a streamed answer mean? A pure fold from events to deltas.

use super::wire::{self, CallPiece, Chunk};
use crate::{Delta, Finish, ModelError, ToolCall};
use std::time::Duration;

/// More tool calls than any answer makes; a server that sends more is broken.
const MAX_CALLS: usize = 128;
/// The longest arguments of one call.
const MAX_ARGUMENTS: usize = 1 << 20;

/// An answer as far as it has come.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    server: String,
    /// By their index; in the order of first appearance.
    calls: Vec<(u32, ToolCall)>,
    finish: Option<Finish>,
    prompt_tokens: u32,
    completion_tokens: u32,
    per_second: Option<f32>,
    first: Option<Duration>,
    last: Duration,
    over: bool,
}

impl Answer {
    pub(crate) fn of(server: &str) -> Self {
        Self { server: server.to_owned(), ..Self::default() }
    }

    /// Whether the end was reached: nothing more is to be read.
    pub(crate) fn is_over(&self) -> bool {
        self.over
    }

    /// Takes the data of one event that came `since` the request, and appends what it means.
    pub(crate) fn event(&mut self, data: &str, since: Duration, out: &mut Vec<Delta>) -> Result<(), ModelError> {
        if self.over {
            return Ok(());
        }
        if data.trim() == "[DONE]" {
            return self.done(out);
        }
        let chunk: Chunk = serde_json::from_str(data)
            .map_err(|error| self.protocol(format!("a piece of the answer cannot be read: {error}")))?;
        if let Some(error) = chunk.error.filter(|error| !error.is_null()) {
            let status = error["code"].as_u64().and_then(|code| u16::try_from(code).ok()).unwrap_or(0);
            let message = wire::error_text(&serde_json::json!({ "error": error }));
            return Err(ModelError::Server { server: self.server.clone(), status, message });
        }
        if let Some(progress) = chunk.prompt_progress {
            out.push(Delta::Reading { done: progress.processed, total: progress.total });
        }
        // Other choices than the first were not asked for.
        for choice in chunk.choices.into_iter().filter(|choice| choice.index == 0) {
            let piece = choice.delta.unwrap_or_default();
            let said = [(piece.reasoning_content, true), (piece.content, false)];
            for (text, reasoning) in said {
                let Some(text) = text.filter(|text| !text.is_empty()) else { continue };
                self.heard(since);
                out.push(if reasoning { Delta::Reasoning(text) } else { Delta::Text(text) });
            }
            for call in piece.tool_calls.unwrap_or_default() {
                self.heard(since);
                self.merge(call)?;
            }
            if let Some(reason) = choice.finish_reason {
                self.finish = Some(match reason.as_str() {
                    "length" => Finish::Length,
                    "tool_calls" | "function_call" => Finish::ToolCalls,
                    // "stop", "eos", "content_filter" and whatever else a server calls its end.
                    _ => Finish::Stop,
                });
            }
        }
        if let Some(counts) = chunk.usage {
            self.prompt_tokens = counts.prompt_tokens;
            self.completion_tokens = counts.completion_tokens;
        }
        if let Some(timings) = chunk.timings {
            // 0 where too little was written to tell.
            self.per_second = timings.predicted_per_second.filter(|speed| *speed > 0.0).or(self.per_second);
            self.completion_tokens = self.completion_tokens.max(timings.predicted_n.unwrap_or(0));
        }
        Ok(())
    }

    /// The connection ended. After a finish reason that is an end too, since some servers send no
    /// `[DONE]`; before it the answer broke off.
    pub(crate) fn closed(&mut self, out: &mut Vec<Delta>) -> Result<(), ModelError> {
        if self.over {
            return Ok(());
        }
        if self.finish.is_none() {
            return Err(ModelError::BrokeOff { server: self.server.clone() });
        }
        self.done(out)
    }

    /// The end that a stopped answer has.
    pub(crate) fn cancelled(mut self) -> Delta {
        self.finish = Some(Finish::Cancelled);
        self.end(Finish::Cancelled)
    }

    fn heard(&mut self, since: Duration) {
        self.first.get_or_insert(since);
        self.last = since;
    }

    fn done(&mut self, out: &mut Vec<Delta>) -> Result<(), ModelError> {
        // A server that says [DONE] without a reason has said everything.
        let mut finish = self.finish.unwrap_or(Finish::Stop);
        if !self.calls.is_empty() && finish == Finish::Stop {
            finish = Finish::ToolCalls;
        }
        for (_, call) in std::mem::take(&mut self.calls) {
            if call.name.is_empty() {
                return Err(self.protocol("a tool call has no name".into()));
            }
            let ToolCall { id, name, arguments } = call;
            let arguments = if arguments.trim().is_empty() { "{}".to_owned() } else { arguments };
            out.push(Delta::ToolCall { id, name, arguments });
        }
        self.over = true;
        out.push(self.end(finish));
        Ok(())
    }

    fn end(&self, finish: Finish) -> Delta {
        let writing = self.first.map(|first| self.last.saturating_sub(first).as_secs_f64());
        // The first token ends the wait, so the time between first and last holds one token less.
        let seen = writing.filter(|seconds| *seconds > 0.0 && self.completion_tokens > 1);
        let seen = seen.map(|seconds| (f64::from(self.completion_tokens - 1) / seconds) as f32);
        Delta::Done {
            finish,
            prompt_tokens: self.prompt_tokens,
            completion_tokens: self.completion_tokens,
            tokens_per_second: self.per_second.or(seen),
            ttft: self.first,
        }
    }

    fn merge(&mut self, piece: CallPiece) -> Result<(), ModelError> {
        // Servers that send whole calls leave the index out: each piece with an id is a new one.
        let next = self.calls.len() as u32;
        let index = piece.index.unwrap_or(if piece.id.is_some() { next } else { next.saturating_sub(1) });
        let at = match self.calls.iter().position(|(known, _)| *known == index) {
            Some(at) => at,
            None if self.calls.len() >= MAX_CALLS => {
                return Err(self.protocol(format!("more than {MAX_CALLS} tool calls")));
            }
            None => {
                let id = format!("call_{index}");
                self.calls.push((index, ToolCall { id, name: String::new(), arguments: String::new() }));
                self.calls.len() - 1
            }
        };
        let function = piece.function.unwrap_or_default();
        let call = &mut self.calls[at].1;
        if let Some(id) = piece.id.filter(|id| !id.is_empty()) {
            call.id = id;
        }
        if let Some(name) = function.name {
            // Some servers repeat the whole name with every piece.
            if call.name != name {
                call.name.push_str(&name);
            }
        }
        call.arguments.push_str(&function.arguments.unwrap_or_default());
        if call.arguments.len() > MAX_ARGUMENTS || call.name.len() > MAX_ARGUMENTS {
            return Err(self.protocol(format!("a tool call is longer than {MAX_ARGUMENTS} bytes")));
        }
        Ok(())
    }

    fn protocol(&self, reason: String) -> ModelError {
        ModelError::Protocol { server: self.server.clone(), reason }
    }
}

#[cfg(test)]
#[path = "answer_tests.rs"]
mod tests;
