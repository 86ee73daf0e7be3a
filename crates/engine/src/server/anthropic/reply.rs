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
    prompt: usize,
    blocks: Vec<Block>,
    done: Option<Done>,
}

enum Block {
    Thinking(String),
    Text(String),
    Call { id: String, name: String, arguments: String },
}

impl Block {
    /// The block as it stands in a whole answer.
    fn whole(&self) -> Value {
        match self {
            Self::Thinking(text) => json!({"type": "thinking", "thinking": text, "signature": ""}),
            Self::Text(text) => json!({"type": "text", "text": text}),
            Self::Call { id, name, arguments } => {
                // A call that was cut off has no arguments that could be read.
                let input: Value = serde_json::from_str(arguments).unwrap_or_else(|_| json!({}));
                json!({"type": "tool_use", "id": id, "name": name, "input": input})
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
    pub(super) fn new(id: String, model: String, prompt: usize) -> Self {
        Self { id, model, prompt, blocks: Vec::new(), done: None }
    }

    /// The first event of a stream.
    pub(super) fn start(&self) -> Value {
        json!({"type": "message_start", "message": self.whole()})
    }

    /// Takes what happened and returns the events that tell it.
    pub(super) fn take(&mut self, event: Event) -> Vec<Value> {
        let mut told = Vec::new();
        match event {
            Event::Reading(_) | Event::Likely(_) | Event::Failed(_) => {}
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
            (Finish::Length, ..) => "max_tokens".into(),
            (Finish::Stop, Some(_), _) => "stop_sequence".into(),
            (Finish::Stop, None, Some(Block::Call { .. })) => "tool_use".into(),
            (Finish::Stop, None, _) => "end_turn".into(),
        }
    }

    /// The answer as it is now.
    pub(super) fn whole(&self) -> Value {
        let done = self.done.as_ref();
        let cached = done.map_or(0, |done| done.cached);
        json!({
            "id": self.id,
            "type": "message",
            "role": "assistant",
            "model": self.model,
            "content": self.blocks.iter().map(Block::whole).collect::<Vec<_>>(),
            "stop_reason": self.stop_reason(),
            "stop_sequence": done.and_then(|done| done.stop.as_deref()),
            "usage": {
                "input_tokens": self.prompt - cached,
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

    #[test]
    fn pieces_become_blocks() {
        let mut reply = Reply::new("msg_1".into(), "tiny".into(), 40);
        let call = Piece::Call { name: "search".into(), arguments: "{\"query\":".into() };
        let pieces = [
            Piece::Reasoning("I look.".into()),
            Piece::Text("One ".into()),
            Piece::Text("moment.".into()),
            call,
            Piece::Arguments("\"rent\"}".into()),
        ];
        let mut told = vec![reply.start()];
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
}
