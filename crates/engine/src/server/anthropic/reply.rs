//! An answer as blocks, whole or event by event.

use crate::{
    answer::Piece,
    scheduler::{Done, Event, Finish},
};
use serde_json::{Value, json};

/// An answer that grows block by block.
pub(super) struct Reply {
    id: String,
    model: String,
    context: usize,
    /// Tokens of the prompt and how many of them were known, once it is being read.
    prompt: Option<(usize, usize)>,
    blocks: Vec<Block>,
    done: Option<Done>,
}

/// What stands where Anthropic signs a thought. Clients send a thought back only if something does; here it is read as
/// it is, signed or not.
const SIGNATURE: &str = "unsigned";

enum Block {
    Thinking(String),
    Text(String),
    Call { id: String, name: String, arguments: String },
}

impl Block {
    /// The block as it stands in a whole answer. None for a call that was cut off: somebody might run it.
    fn whole(&self) -> Option<Value> {
        match self {
            Self::Thinking(text) => Some(json!({"type": "thinking", "thinking": text, "signature": SIGNATURE})),
            Self::Text(text) => Some(json!({"type": "text", "text": text})),
            Self::Call { id, name, arguments } => {
                let input: Value = serde_json::from_str(arguments).ok()?;
                Some(json!({"type": "tool_use", "id": id, "name": name, "input": input}))
            }
        }
    }

    /// The block before anything is in it.
    fn empty(&self) -> Value {
        match self {
            Self::Thinking(_) => json!({"type": "thinking", "thinking": "", "signature": ""}),
            Self::Text(_) => json!({"type": "text", "text": ""}),
            Self::Call { id, name, .. } => json!({"type": "tool_use", "id": id, "name": name, "input": {}}),
        }
    }
}

impl Reply {
    pub(super) fn new(id: String, model: String, context: usize) -> Self {
        Self { id, model, context, prompt: None, blocks: Vec::new(), done: None }
    }

    /// Takes what happened and returns the events that tell it.
    pub(super) fn take(&mut self, event: Event) -> Vec<Value> {
        let mut told = Vec::new();
        match event {
            // The first that is told of an answer; by then it is known what of the prompt was known.
            Event::Reading(reading) => {
                if self.prompt.is_none() {
                    self.prompt = Some((reading.total, reading.cached));
                    told.push(json!({"type": "message_start", "message": self.whole()}));
                    told.push(json!({"type": "ping"}));
                }
            }
            Event::Likely(_) | Event::Failed(_) => {}
            Event::Piece(Piece::Text(text)) => {
                if !matches!(self.blocks.last(), Some(Block::Text(_))) {
                    self.open(Block::Text(String::new()), &mut told);
                }
                self.add(&text, json!({"type": "text_delta", "text": text}), &mut told);
            }
            Event::Piece(Piece::Reasoning(text)) => {
                if !matches!(self.blocks.last(), Some(Block::Thinking(_))) {
                    self.open(Block::Thinking(String::new()), &mut told);
                }
                self.add(&text, json!({"type": "thinking_delta", "thinking": text}), &mut told);
            }
            Event::Piece(Piece::Call { name, arguments }) => {
                let id = format!("toolu_{}_{}", self.id.trim_start_matches("msg_"), self.blocks.len());
                self.open(Block::Call { id, name, arguments: String::new() }, &mut told);
                self.add(&arguments, json!({"type": "input_json_delta", "partial_json": arguments}), &mut told);
            }
            Event::Piece(Piece::Arguments(more)) => {
                self.add(&more, json!({"type": "input_json_delta", "partial_json": more}), &mut told);
            }
            Event::Done(done) => {
                self.close(&mut told);
                self.done = Some(done);
                let whole = self.whole();
                let delta = json!({"stop_reason": whole["stop_reason"], "stop_sequence": whole["stop_sequence"]});
                told.push(json!({"type": "message_delta", "delta": delta, "usage": whole["usage"]}));
                told.push(json!({"type": "message_stop"}));
            }
        }
        told
    }

    fn open(&mut self, block: Block, told: &mut Vec<Value>) {
        self.close(told);
        let index = self.blocks.len();
        told.push(json!({"type": "content_block_start", "index": index, "content_block": block.empty()}));
        self.blocks.push(block);
    }

    fn close(&self, told: &mut Vec<Value>) {
        if let Some(index) = self.blocks.len().checked_sub(1) {
            if let Block::Thinking(_) = self.blocks[index] {
                let delta = json!({"type": "signature_delta", "signature": SIGNATURE});
                told.push(json!({"type": "content_block_delta", "index": index, "delta": delta}));
            }
            told.push(json!({"type": "content_block_stop", "index": index}));
        }
    }

    fn add(&mut self, text: &str, delta: Value, told: &mut Vec<Value>) {
        let Some(index) = self.blocks.len().checked_sub(1) else { return };
        match &mut self.blocks[index] {
            Block::Thinking(all) | Block::Text(all) | Block::Call { arguments: all, .. } => all.push_str(text),
        }
        told.push(json!({"type": "content_block_delta", "index": index, "delta": delta}));
    }

    fn stop_reason(&self) -> Value {
        let Some(done) = &self.done else { return Value::Null };
        match (done.finish, &done.stop, self.blocks.last()) {
            (Finish::Length, ..) if done.prompt + done.written >= self.context => {
                "model_context_window_exceeded".into()
            }
            (Finish::Length, ..) => "max_tokens".into(),
            (Finish::Stop, Some(_), _) => "stop_sequence".into(),
            (Finish::Stop, None, Some(Block::Call { .. })) => "tool_use".into(),
            (Finish::Stop, None, _) => "end_turn".into(),
        }
    }

    /// The answer as it is now.
    pub(super) fn whole(&self) -> Value {
        let done = self.done.as_ref();
        let (prompt, cached) = self.prompt.unwrap_or_default();
        json!({
            "id": self.id,
            "type": "message",
            "role": "assistant",
            "model": self.model,
            "content": self.blocks.iter().filter_map(Block::whole).collect::<Vec<_>>(),
            "stop_reason": self.stop_reason(),
            "stop_sequence": done.and_then(|done| done.stop.as_deref()),
            "usage": {
                "input_tokens": prompt - cached,
                "cache_read_input_tokens": cached,
                "cache_creation_input_tokens": 0,
                "output_tokens": done.map_or(0, |done| done.written),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::Reading;

    #[test]
    fn pieces_become_blocks() {
        let mut reply = Reply::new("msg_1".into(), "tiny".into(), 2048);
        let call = Piece::Call { name: "search".into(), arguments: "{\"query\":".into() };
        let pieces = [
            Piece::Reasoning("I look.".into()),
            Piece::Text("One ".into()),
            Piece::Text("moment.".into()),
            call,
            Piece::Arguments("\"rent\"}".into()),
        ];
        let reading = Reading { total: 40, cached: 8, done: 8, ms: 0.0 };
        let mut told = reply.take(Event::Reading(reading));
        for piece in pieces {
            told.extend(reply.take(Event::Piece(piece)));
        }
        told.extend(reply.take(Event::Done(Done {
            finish: Finish::Stop,
            stop: None,
            prompt: 40,
            cached: 8,
            prompt_ms: 1.0,
            written: 9,
            written_ms: 2.0,
            drafted: (0, 0),
        })));
        let lines: Vec<String> = told.iter().chain([&reply.whole()]).map(Value::to_string).collect();
        insta::assert_snapshot!(lines.join("\n"));
    }

    #[test]
    fn a_call_that_was_cut_off_is_no_block() {
        for (written, reason) in [(9, "max_tokens"), (60, "model_context_window_exceeded")] {
            let mut reply = Reply::new("msg_1".into(), "tiny".into(), 100);
            reply.take(Event::Piece(Piece::Call { name: "erase".into(), arguments: "{\"what\":".into() }));
            let (finish, stop, drafted) = (Finish::Length, None, (0, 0));
            let done = Done { finish, stop, prompt: 40, cached: 0, prompt_ms: 1.0, written, written_ms: 2.0, drafted };
            reply.take(Event::Done(done));
            assert_eq!((&reply.whole()["content"], &reply.whole()["stop_reason"]), (&json!([]), &json!(reason)));
        }
    }
}
