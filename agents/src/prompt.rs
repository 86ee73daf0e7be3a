//! What does the model read? A bounded prompt, counted with the model's own tokenizer.
//!
//! The order is: the role, what was said before, then the passages and the question in one last
//! message, then this turn's tool calls, then the answer's text so far. What comes first changes
//! least, so that the engine can reuse what it has read: the passages change with every question and
//! so stand as late as they can. Within a turn the prompt only grows at its end.

mod fit;
#[cfg(test)]
mod tests;

pub(crate) use fit::{Fitted, Unfit, fit};

use crate::{Language, turn::Round};
use library::Passage;
use models::{Message, Role as Speaker, ToolCall};
use protocol::{LeftOut, Part};

/// What stands before the question, below the passages.
const QUESTION: &str = "\nQuestion: ";
/// A small model that has said what it can goes on with the question; there its answer ends.
pub(crate) const QUESTION_AGAIN: &str = "\nQuestion:";
/// At most this many earlier exchanges.
pub(crate) const EXCHANGES: usize = 12;
/// The longest earlier message, in chars.
const EARLIER: usize = 2_000;
/// The longest passage, in chars.
const PASSAGE: usize = 2_400;
/// The longest answer of a tool, in chars.
pub(crate) const TOLD: usize = 8_000;

/// All that could go into a prompt, before it is known what fits.
#[derive(Clone, Debug)]
pub(crate) struct Parts {
    /// The role's system prompt.
    pub role: String,
    /// Earlier questions and answers of this branch, oldest first.
    pub earlier: Vec<(String, String)>,
    /// Passages, best first.
    pub passages: Vec<Passage>,
    /// The question.
    pub question: String,
    /// The question's language.
    pub language: Language,
    /// This turn's rounds of tool calls.
    pub rounds: Vec<Round>,
    /// The answer so far, where one goes on.
    pub so_far: String,
}

impl Parts {
    /// The parts within their own limits. Their sum may still be too long: see [`fit`].
    pub(crate) fn capped(mut self) -> (Self, Vec<LeftOut>) {
        let mut left_out = Vec::new();
        if self.earlier.len() > EXCHANGES {
            let surplus = self.earlier.len() - EXCHANGES;
            self.earlier.drain(..surplus);
            left_out.push(part(Part::OldestExchanges, surplus));
        }
        let mut cut = 0;
        for (question, answer) in &mut self.earlier {
            cut += usize::from(shorten(question, EARLIER)) + usize::from(shorten(answer, EARLIER));
        }
        if cut > 0 {
            left_out.push(part(Part::MiddleOfMessage, cut));
        }
        let cut =
            self.passages.iter_mut().filter_map(|passage| shorten(&mut passage.text, PASSAGE).then_some(())).count();
        if cut > 0 {
            left_out.push(part(Part::MiddleOfPassage, cut));
        }
        (self, left_out)
    }

    /// The messages, in order.
    pub(crate) fn messages(&self) -> Vec<Message> {
        // A small model otherwise answers in the language of the instructions; told below the question,
        // it repeats the instruction.
        let role = match self.language.instruction() {
            Some(instruction) => format!("{}\n\n{instruction}", self.role.trim_end()),
            None => self.role.clone(),
        };
        let mut messages = vec![Message::new(Speaker::System, &role)];
        for (question, answer) in &self.earlier {
            messages.push(Message::new(Speaker::User, question));
            messages.push(Message::new(Speaker::Assistant, answer));
        }
        messages.push(Message::new(Speaker::User, self.asked()));
        for round in &self.rounds {
            let mut message = Message::new(Speaker::Assistant, round.text.trim());
            message.tool_calls = round
                .calls
                .iter()
                .map(|(call, _)| ToolCall {
                    id: call.id.clone(),
                    name: call.name.clone(),
                    arguments: call.arguments.clone(),
                })
                .collect();
            messages.push(message);
            for (call, told) in &round.calls {
                let text = told.as_ref().map_or("It was not run.", |told| told.text.as_str());
                messages.push(Message { tool_call_id: Some(call.id.clone()), ..Message::new(Speaker::Tool, text) });
            }
        }
        if !self.so_far.is_empty() {
            messages.push(Message::new(Speaker::Assistant, &self.so_far));
        }
        messages
    }

    fn asked(&self) -> String {
        let mut text = String::new();
        if !self.passages.is_empty() {
            text.push_str("Passages from the documents:\n\n");
            text.push_str(&numbered(&self.passages, 1));
            text.push_str(QUESTION);
        }
        text.push_str(&self.question);
        text
    }
}

/// Passages as a model reads them: number, document and place, then the text; a table that goes on from
/// before with its header row.
pub(crate) fn numbered(passages: &[Passage], first: usize) -> String {
    let mut text = String::new();
    for (number, passage) in (first..).zip(passages) {
        let place = passage.place.clone().unwrap_or_else(|| format!("page {}", passage.page));
        text.push_str(&format!("[{number}] {}, {place}\n", passage.name));
        if let Some(header) = &passage.header {
            text.push_str(header);
            text.push('\n');
        }
        text.push_str(&format!("{}\n\n", passage.text.trim()));
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

/// Takes the middle out of a text that is longer than `limit` chars; says whether it did.
pub(crate) fn shorten(text: &mut String, limit: usize) -> bool {
    let chars = text.chars().count();
    if chars <= limit {
        return false;
    }
    let half = limit.saturating_sub(5) / 2;
    let head: String = text.chars().take(half).collect();
    let tail: String = text.chars().skip(chars - half).collect();
    *text = format!("{head} [...] {tail}");
    true
}

/// So many of something were left out.
pub(crate) fn part(what: Part, count: usize) -> LeftOut {
    LeftOut::Part { what, count: u32::try_from(count).unwrap_or(u32::MAX) }
}

/// The messages as an explanation keeps them: `(role, content)`, so that a replay can send the same.
/// Tool calls are lines of their own: `assistant.calls` holds them as JSON, `tool:ID` an outcome.
pub(crate) fn spoken(messages: &[Message]) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    for message in messages {
        let role = match message.role {
            Speaker::System => "system".to_owned(),
            Speaker::User => "user".to_owned(),
            Speaker::Assistant => "assistant".to_owned(),
            Speaker::Tool => format!("tool:{}", message.tool_call_id.as_deref().unwrap_or_default()),
        };
        pairs.push((role, message.content.clone()));
        if !message.tool_calls.is_empty() {
            let calls = serde_json::to_string(&message.tool_calls).unwrap_or_default();
            pairs.push(("assistant.calls".to_owned(), calls));
        }
    }
    pairs
}

/// The messages of an explanation; None where they are not in a form that we wrote.
pub(crate) fn unspoken(pairs: &[(String, String)]) -> Option<Vec<Message>> {
    let mut messages: Vec<Message> = Vec::new();
    for (role, content) in pairs {
        match role.as_str() {
            "system" => messages.push(Message::new(Speaker::System, content)),
            "user" => messages.push(Message::new(Speaker::User, content)),
            "assistant" => messages.push(Message::new(Speaker::Assistant, content)),
            "assistant.calls" => messages.last_mut()?.tool_calls = serde_json::from_str(content).ok()?,
            "tools" => {}
            other => {
                let id = other.strip_prefix("tool:")?;
                let message = Message::new(Speaker::Tool, content);
                messages.push(Message { tool_call_id: Some(id.to_owned()), ..message });
            }
        }
    }
    Some(messages)
}
