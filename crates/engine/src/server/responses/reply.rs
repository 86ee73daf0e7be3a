//! An answer as items, whole or event by event.

use super::super::reply::{TokenBytes, progress, timings, told};
use crate::{
    answer::Piece,
    scheduler::{Done, Event, Finish},
};
use serde_json::{Map, Value, json};
use std::time::{SystemTime, UNIX_EPOCH};

/// How many tokens a text has.
type Count = Box<dyn Fn(&str) -> usize + Send>;

/// An answer that grows item by item.
pub(super) struct Reply {
    number: u64,
    created: u64,
    model: String,
    /// What it says of its request.
    request: Map<String, Value>,
    bytes: TokenBytes,
    count: Count,
    /// Tokens of the prompt and how many of them were known, once it is being read.
    prompt: Option<(usize, usize)>,
    items: Vec<Item>,
    /// How likely tokens were whose text has not come yet.
    likely: Vec<Value>,
    end: Option<End>,
    events: u64,
    /// Whether it is told how far the prompt is read, as llama-server does.
    progress: bool,
    /// Whether what the model thought is told as its own summary, which is all that OpenAI tells.
    summary: bool,
}

enum End {
    Done(Done),
    /// A code and a message.
    Failed(String, String),
}

enum Item {
    Reasoning(String),
    Message { text: String, likely: Vec<Value> },
    Call { name: String, arguments: String },
}

impl Reply {
    pub(super) fn new(
        number: u64,
        model: String,
        request: Map<String, Value>,
        bytes: TokenBytes,
        count: Count,
    ) -> Self {
        let created = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
        let (items, likely) = (Vec::new(), Vec::new());
        Self {
            number,
            created,
            model,
            request,
            bytes,
            count,
            prompt: None,
            items,
            likely,
            end: None,
            events: 0,
            progress: false,
            summary: false,
        }
    }

    /// Tells from now on how far the prompt is read.
    pub(super) fn tell_progress(&mut self) {
        self.progress = true;
    }

    /// Tells what the model thinks as clients read it that asked for a summary. It is all of it: nothing is left out.
    pub(super) fn tell_summary(&mut self) {
        self.summary = true;
    }

    /// Takes what happened and returns the events that tell it.
    pub(super) fn take(&mut self, event: Event) -> Vec<Value> {
        let mut told = Vec::new();
        match event {
            // The first that is told of an answer; by then it is known what of the prompt was known.
            Event::Reading(reading) => {
                if self.prompt.is_none() {
                    self.prompt = Some((reading.total, reading.cached));
                    for kind in ["response.created", "response.in_progress"] {
                        told.push(json!({"type": kind, "response": self.whole()}));
                    }
                }
                if self.progress {
                    let (response, progress) = (self.whole(), progress(&reading));
                    told.push(
                        json!({"type": "response.in_progress", "response": response, "prompt_progress": progress}),
                    );
                }
            }
            Event::Likely(likely) => self.likely.push(self::told(&likely, &self.bytes)),
            Event::Piece(piece) => self.add(piece, &mut told),
            Event::Done(done) => {
                let cut = done.finish == Finish::Length;
                self.close(cut, &mut told);
                self.end = Some(End::Done(done));
                let kind = if cut { "response.incomplete" } else { "response.completed" };
                let whole = self.whole();
                told.push(json!({"type": kind, "timings": whole["timings"], "response": whole}));
            }
            Event::Failed(error) => {
                self.close(true, &mut told);
                self.end = Some(End::Failed(error.code().to_owned(), error.to_string()));
                told.push(json!({"type": "response.failed", "response": self.whole()}));
            }
        }
        for event in &mut told {
            event["sequence_number"] = self.events.into();
            self.events += 1;
        }
        told
    }

    fn add(&mut self, piece: Piece, told: &mut Vec<Value>) {
        let new = std::mem::take(&mut self.likely);
        match piece {
            Piece::Text(text) => {
                if !matches!(self.items.last(), Some(Item::Message { .. })) {
                    self.open(Item::Message { text: String::new(), likely: Vec::new() }, told);
                }
                self.delta(&text, Some(&new), told);
                if let Some(Item::Message { text: all, likely }) = self.items.last_mut() {
                    all.push_str(&text);
                    likely.extend(new);
                }
            }
            Piece::Reasoning(text) => {
                if !matches!(self.items.last(), Some(Item::Reasoning(_))) {
                    self.open(Item::Reasoning(String::new()), told);
                }
                self.delta(&text, None, told);
                if let Some(Item::Reasoning(all)) = self.items.last_mut() {
                    all.push_str(&text);
                }
            }
            Piece::Call { name, arguments } => {
                self.open(Item::Call { name, arguments: String::new() }, told);
                self.argue(&arguments, told);
            }
            Piece::Arguments(more) => self.argue(&more, told),
        }
    }

    fn argue(&mut self, more: &str, told: &mut Vec<Value>) {
        if more.is_empty() {
            return;
        }
        self.delta(more, None, told);
        if let Some(Item::Call { arguments, .. }) = self.items.last_mut() {
            arguments.push_str(more);
        }
    }

    /// More of the last item.
    fn delta(&self, text: &str, likely: Option<&[Value]>, told: &mut Vec<Value>) {
        let mut event = self.at(&format!("response.{}.delta", self.written()));
        event["delta"] = text.into();
        if let Some(likely) = likely {
            event["logprobs"] = likely.into();
        }
        told.push(event);
    }

    fn open(&mut self, item: Item, told: &mut Vec<Value>) {
        self.close(false, told);
        self.items.push(item);
        let at = self.items.len() - 1;
        told.push(json!({"type": "response.output_item.added", "output_index": at, "item": self.empty(at)}));
        if let Some(part) = self.part(at) {
            let mut event = self.at(&format!("response.{}.added", self.container()));
            event["part"] = part;
            told.push(event);
        }
    }

    /// Ends the last item; `cut`: in the middle.
    fn close(&mut self, cut: bool, told: &mut Vec<Value>) {
        let Some(at) = self.items.len().checked_sub(1) else { return };
        let (name, value) = match &self.items[at] {
            Item::Reasoning(text) | Item::Message { text, .. } => ("text", text),
            Item::Call { arguments, .. } => ("arguments", arguments),
        };
        let mut event = self.at(&format!("response.{}.done", self.written()));
        event[name] = value.as_str().into();
        match &self.items[at] {
            Item::Reasoning(_) => {}
            Item::Message { likely, .. } => event["logprobs"] = likely.as_slice().into(),
            Item::Call { name, .. } => event["name"] = name.as_str().into(),
        }
        told.push(event);
        if let Some(part) = self.part(at) {
            let mut event = self.at(&format!("response.{}.done", self.container()));
            event["part"] = part;
            told.push(event);
        }
        let status = if cut { "incomplete" } else { "completed" };
        told.push(json!({"type": "response.output_item.done", "output_index": at, "item": self.item(at, status)}));
    }

    /// An event about the last item.
    fn at(&self, kind: &str) -> Value {
        let at = self.items.len().saturating_sub(1);
        let mut event = json!({"type": kind, "item_id": self.id(at), "output_index": at});
        match self.items.get(at) {
            Some(Item::Reasoning(_)) if self.summary => event["summary_index"] = 0.into(),
            Some(Item::Call { .. }) => {}
            Some(Item::Reasoning(_) | Item::Message { .. }) | None => event["content_index"] = 0.into(),
        }
        event
    }

    /// What OpenAI calls the text of the last item.
    fn written(&self) -> &'static str {
        match self.items.last() {
            Some(Item::Reasoning(_)) if self.summary => "reasoning_summary_text",
            Some(Item::Reasoning(_)) => "reasoning_text",
            Some(Item::Call { .. }) => "function_call_arguments",
            Some(Item::Message { .. }) | None => "output_text",
        }
    }

    /// What OpenAI calls the part that this text is in.
    fn container(&self) -> &'static str {
        match self.items.last() {
            Some(Item::Reasoning(_)) if self.summary => "reasoning_summary_part",
            _ => "content_part",
        }
    }

    fn id(&self, at: usize) -> String {
        let kind = match self.items.get(at) {
            Some(Item::Reasoning(_)) => "rs",
            Some(Item::Call { .. }) => "fc",
            Some(Item::Message { .. }) | None => "msg",
        };
        format!("{kind}_{:016x}_{at}", self.number)
    }

    /// What an item's text is in, where it is in a part.
    fn part(&self, at: usize) -> Option<Value> {
        match self.items.get(at)? {
            Item::Reasoning(text) if self.summary => Some(json!({"type": "summary_text", "text": text})),
            Item::Reasoning(text) => Some(json!({"type": "reasoning_text", "text": text})),
            Item::Message { text, likely } => {
                Some(json!({"type": "output_text", "text": text, "annotations": [], "logprobs": likely}))
            }
            Item::Call { .. } => None,
        }
    }

    /// An item before anything is in it.
    fn empty(&self, at: usize) -> Value {
        let mut item = self.item(at, "in_progress");
        for parts in ["content", "summary"] {
            if item.get(parts).is_some() {
                item[parts] = json!([]);
            }
        }
        item
    }

    fn item(&self, at: usize, status: &str) -> Value {
        let mut item = match self.items.get(at) {
            Some(Item::Reasoning(_)) if self.summary => json!({"type": "reasoning", "summary": [self.part(at)]}),
            Some(Item::Reasoning(_)) => json!({"type": "reasoning", "summary": [], "content": [self.part(at)]}),
            Some(Item::Message { .. }) => json!({"type": "message", "role": "assistant", "content": [self.part(at)]}),
            Some(Item::Call { name, arguments }) => {
                let id = format!("call_{:016x}_{at}", self.number);
                json!({"type": "function_call", "call_id": id, "name": name, "arguments": arguments})
            }
            None => json!({}),
        };
        item["id"] = self.id(at).into();
        item["status"] = status.into();
        item
    }

    /// The answer as it is now.
    pub(super) fn whole(&self) -> Value {
        let (status, why, error) = match &self.end {
            None => ("in_progress", Value::Null, Value::Null),
            Some(End::Done(done)) if done.finish == Finish::Length => {
                ("incomplete", json!({"reason": "max_output_tokens"}), Value::Null)
            }
            Some(End::Done(_)) => ("completed", Value::Null, Value::Null),
            Some(End::Failed(code, message)) => ("failed", Value::Null, json!({"code": code, "message": message})),
        };
        let last = self.items.len().saturating_sub(1);
        let state = |at: usize| match status {
            "in_progress" if at == last => "in_progress",
            "incomplete" | "failed" if at == last => "incomplete",
            _ => "completed",
        };
        let output: Vec<Value> = (0..self.items.len()).map(|at| self.item(at, state(at))).collect();
        let mut whole = json!({
            "id": format!("resp_{:016x}", self.number),
            "object": "response",
            "created_at": self.created,
            "status": status,
            "error": error,
            "incomplete_details": why,
            "model": self.model,
            "output": output,
            "usage": self.usage(),
        });
        if let Some(End::Done(done)) = &self.end {
            whole["timings"] = timings(done);
        }
        if let Value::Object(whole) = &mut whole {
            whole.extend(self.request.clone());
        }
        whole
    }

    fn usage(&self) -> Value {
        let Some(End::Done(done)) = &self.end else { return Value::Null };
        let thought = |item: &Item| match item {
            Item::Reasoning(text) => (self.count)(text),
            Item::Message { .. } | Item::Call { .. } => 0,
        };
        let thought: usize = self.items.iter().map(thought).sum();
        json!({
            "input_tokens": done.prompt,
            "input_tokens_details": {"cached_tokens": done.cached},
            "output_tokens": done.written,
            "output_tokens_details": {"reasoning_tokens": thought.min(done.written)},
            "total_tokens": done.prompt + done.written,
        })
    }
}

#[cfg(test)]
mod tests;
