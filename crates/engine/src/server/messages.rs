//! A chat as clients send it, and the prompt it becomes.

use super::Problem;
use crate::{
    answer::Form,
    error::EngineError,
    template::{ChatTemplate, Prompt},
};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::hash::{DefaultHasher, Hash, Hasher};

/// Messages in one request.
const MAX_MESSAGES: usize = 20_000;
/// Tools in one request.
const MAX_TOOLS: usize = 128;

/// The part of a request that makes the prompt.
#[derive(Deserialize)]
pub(super) struct Chat {
    messages: Vec<Value>,
    tools: Option<Vec<Value>>,
    tool_choice: Option<Value>,
    add_generation_prompt: Option<bool>,
    continue_final_message: Option<bool>,
    chat_template_kwargs: Option<Map<String, Value>>,
    reasoning_effort: Option<String>,
}

/// How much a model is to think: as OpenAI names it, and whether that is to think at all.
const EFFORTS: [(&str, bool); 7] = [
    ("none", false),
    ("minimal", false),
    ("low", true),
    ("medium", true),
    ("high", true),
    ("xhigh", true),
    ("max", true),
];

impl Chat {
    /// A chat that another protocol's request was turned into.
    pub(super) fn of(
        messages: Vec<Value>,
        tools: Vec<Value>,
        tool_choice: Option<Value>,
        chat_template_kwargs: Map<String, Value>,
    ) -> Self {
        Self {
            messages,
            tools: Some(tools),
            tool_choice,
            add_generation_prompt: None,
            continue_final_message: None,
            chat_template_kwargs: Some(chat_template_kwargs),
            reasoning_effort: None,
        }
    }

    /// The same, and how much the model is to think, as OpenAI names it.
    pub(super) fn thinking(self, effort: Option<String>) -> Self {
        Self { reasoning_effort: effort, ..self }
    }

    /// The messages, for tests of what they were made of.
    #[cfg(test)]
    pub(super) fn into_messages(self) -> Vec<Value> {
        self.messages
    }

    /// The tools of the request, and what it says of how they are to be used.
    pub(super) fn tools(&self) -> (&[Value], Option<&Value>) {
        (self.tools.as_deref().unwrap_or_default(), self.tool_choice.as_ref())
    }

    /// Asks as if the request had no tools.
    pub(super) fn forget_tools(&mut self) {
        self.tools = None;
    }

    /// Whether the model's turn is opened behind the messages.
    fn opens(&self) -> bool {
        self.continue_final_message == Some(true) || self.add_generation_prompt != Some(false)
    }

    /// Whether the last message is the beginning of the answer.
    pub(super) fn begun(&self) -> bool {
        self.opens() && self.messages.len() > 1 && self.messages.last().is_some_and(is_begun)
    }

    /// Whether the model may call tools in its answer.
    pub(super) fn calls(&self) -> bool {
        self.tools.as_ref().is_some_and(|tools| !tools.is_empty()) && self.tool_choice.as_ref() != Some(&"none".into())
    }

    /// The prompt, by the model's own template.
    pub(super) fn prompt(self, template: Option<&ChatTemplate>) -> Result<Prompt, Problem> {
        let calls = self.calls();
        let Some(template) = template else {
            return Err(EngineError::Template("the model file has none".to_owned()).into());
        };
        if self.messages.is_empty() || self.messages.len() > MAX_MESSAGES {
            return Err(Problem::invalid("messages", format!("between 1 and {MAX_MESSAGES} messages are taken")));
        }
        if self.tools.as_ref().is_some_and(|tools| tools.len() > MAX_TOOLS) {
            return Err(Problem::invalid("tools", format!("at most {MAX_TOOLS} tools are taken")));
        }
        if calls && !template.tools() {
            return Err(Problem::invalid(
                "tools",
                "this model's chat template does not teach it to call tools in a form that is known here",
            ));
        }
        self.check_beginning()?;
        let opens = self.opens();
        let mut extra = self.chat_template_kwargs.unwrap_or_default();
        if let Some(effort) = &self.reasoning_effort {
            think(effort, template, &mut extra)?;
        }
        let mut messages = self.messages;
        if let Some(last) = messages.last_mut().filter(|last| is_begun(last)) {
            join(last);
        }
        let mut messages = messages.into_iter().map(plain).collect::<Result<Vec<_>, _>>()?;
        if template.calls() == Some(Form::Listed) {
            messages.iter_mut().for_each(shorten_ids);
        }
        if !template.source().contains("developer") {
            messages.iter_mut().for_each(instruct);
        }
        let begun = if opens { take_begun(&mut messages) } else { None };
        let tools = self.tools.filter(|_| calls).map(Value::Array);
        let extra = Value::Object(extra);
        let render = |messages: Vec<Value>| template.render(Value::Array(messages), tools.clone(), opens, &extra);
        let merged = without_system(&messages);
        let prompt = match (render(messages), merged) {
            // Some templates refuse a system message, which others' clients always send.
            (Err(error), Some(merged)) => render(merged).map_err(|_| error)?,
            (rendered, _) => rendered?,
        };
        Ok(match begun {
            Some(begun) => prompt.followed_by(begun),
            None => prompt,
        })
    }
}

impl Chat {
    /// What a request says of going on with its last message must fit together.
    fn check_beginning(&self) -> Result<(), Problem> {
        let wrong = |message: &str| Err(Problem::invalid("continue_final_message", message));
        match (self.continue_final_message, self.add_generation_prompt) {
            (Some(true), Some(true)) => wrong("the last message is gone on with, or a new one begun: not both"),
            (Some(true), _) if !self.begun() => wrong("only what the assistant has begun to say can be gone on with"),
            // Which of them the model should go on with, nobody could say.
            _ if self.begun() && self.messages.iter().rev().nth(1).is_some_and(is_begun) => {
                Err(Problem::invalid("messages", "two messages of the assistant stand at the end"))
            }
            _ => Ok(()),
        }
    }
}

/// The messages with what the system says at the beginning of what the person says, for templates without a system;
/// `None` where they do not begin with it.
fn without_system(messages: &[Value]) -> Option<Vec<Value>> {
    let (first, rest) = messages.split_first().filter(|(first, _)| first["role"] == "system")?;
    let said = first["content"].as_str()?;
    let mut merged = rest.to_vec();
    match merged.first_mut().filter(|next| next["role"] == "user") {
        Some(next) => {
            let asked = next["content"].as_str().unwrap_or_default();
            next["content"] = format!("{said}\n{asked}").into();
        }
        None => merged.insert(0, json!({"role": "user", "content": said})),
    }
    Some(merged)
}

/// Tells a template how much the model is to think, in the words that templates have for it. What the client says to
/// the template itself counts more.
fn think(effort: &str, template: &ChatTemplate, extra: &mut Map<String, Value>) -> Result<(), Problem> {
    let Some((_, at_all)) = EFFORTS.iter().find(|(name, _)| *name == effort) else {
        let names = EFFORTS.map(|(name, _)| name).join(", ");
        return Err(Problem::invalid("reasoning_effort", format!("it is one of: {names}")));
    };
    if !template.asks("reasoning_effort") && !template.asks("enable_thinking") {
        // Not to think is what a model does that cannot.
        if !at_all {
            return Ok(());
        }
        let message = "this model's chat template has no word for how much it is to think";
        return Err(Problem::invalid("reasoning_effort", message));
    }
    extra.entry("reasoning_effort").or_insert(effort.into());
    extra.entry("enable_thinking").or_insert((*at_all).into());
    Ok(())
}

/// OpenAI's newer name for a system message, which templates do not have unless they say so.
fn instruct(message: &mut Value) {
    if message["role"] == "developer" {
        message["role"] = "system".into();
    }
}

/// The text of an answer that the model shall go on with: the last message, where the assistant said
/// it. Templates would close it; so it follows the opened turn instead.
fn take_begun(messages: &mut Vec<Value>) -> Option<String> {
    let last = messages.last().filter(|last| messages.len() > 1 && is_begun(last))?;
    let begun = last.get("content")?.as_str()?.to_owned();
    messages.pop();
    Some(begun)
}

/// Whether a message, where it is the last one, is the beginning of an answer.
fn is_begun(message: &Value) -> bool {
    let said = message.get("content").is_some_and(|content| content.is_string() || content.is_array());
    said && message["role"] == "assistant" && message.get("tool_calls").is_none()
}

/// The parts of a beginning are one text: no line ends between them, as it does between what a person said.
fn join(message: &mut Value) {
    let Some(parts) = message["content"].as_array() else { return };
    let texts: Result<Vec<String>, Problem> = parts.iter().map(text_of).collect();
    // What is no text is refused where every message is read.
    if let Ok(texts) = texts {
        message["content"] = texts.concat().into();
    }
}

/// A message as templates know it: the content one text, a call's arguments an object.
fn plain(message: Value) -> Result<Value, Problem> {
    let Value::Object(mut message) = message else {
        return Err(Problem::invalid("messages", "a message is an object"));
    };
    if !message.get("role").is_some_and(Value::is_string) {
        return Err(Problem::invalid("messages", "a message has a role"));
    }
    let content = match message.remove("content") {
        Some(Value::String(text)) => text,
        Some(Value::Array(parts)) => parts.iter().map(text_of).collect::<Result<Vec<_>, _>>()?.join("\n"),
        None | Some(Value::Null) => String::new(),
        Some(Value::Bool(_) | Value::Number(_) | Value::Object(_)) => {
            return Err(Problem::invalid("messages", "a message's content is a text or a list of parts"));
        }
    };
    message.insert("content".to_owned(), Value::String(content));
    if let Some(calls) = message.get_mut("tool_calls").and_then(Value::as_array_mut) {
        for call in calls {
            let Some(arguments) = call.pointer_mut("/function/arguments") else { continue };
            if let Some(object) = arguments.as_str().and_then(|text| serde_json::from_str(text).ok()) {
                *arguments = object;
            }
        }
    }
    Ok(Value::Object(message))
}

/// Mistral's templates refuse an id of a call that is not nine letters and digits, which only Mistral's
/// own are.
fn shorten_ids(message: &mut Value) {
    let shorten = |id: &mut Value| {
        let Some(text) = id.as_str() else { return };
        if text.len() == 9 && text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return;
        }
        let mut hash = DefaultHasher::new();
        text.hash(&mut hash);
        *id = format!("{:09x}", hash.finish() >> 28).into();
    };
    if let Some(id) = message.get_mut("tool_call_id") {
        shorten(id);
    }
    for call in message.get_mut("tool_calls").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(id) = call.get_mut("id") {
            shorten(id);
        }
    }
}

fn text_of(part: &Value) -> Result<String, Problem> {
    match (part.get("type").and_then(Value::as_str), part.get("text").and_then(Value::as_str)) {
        (Some("text"), Some(text)) => Ok(text.to_owned()),
        _ => Err(Problem::invalid("messages", "this model takes text only")),
    }
}

#[cfg(test)]
mod tests;
