//! What an Anthropic client asks for, as a chat and a draw.

use super::super::{
    Problem,
    draw::{Checked, Draw},
    form::{Form, Said},
    messages,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// The part of a request that makes the prompt.
#[derive(Deserialize)]
pub(super) struct Count {
    model: Option<String>,
    messages: Vec<Message>,
    system: Option<Value>,
    #[serde(default)]
    tools: Vec<Value>,
    tool_choice: Option<Choice>,
    thinking: Option<Value>,
    output_config: Option<Output>,
}

/// What the answer is to be like.
#[derive(Deserialize)]
struct Output {
    effort: Option<String>,
    /// `{"type": "json_schema", "schema": …}`
    format: Option<Value>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Deserialize)]
pub(super) struct Request {
    #[serde(flatten)]
    count: Count,
    max_tokens: Option<i64>,
    #[serde(default)]
    stop_sequences: Vec<String>,
    temperature: Option<f32>,
    top_p: Option<f32>,
    top_k: Option<i64>,
    stream: Option<bool>,
    speed: Option<String>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Deserialize)]
struct Message {
    role: String,
    content: Value,
}

#[derive(Clone, Deserialize)]
struct Choice {
    #[serde(rename = "type")]
    kind: String,
    name: Option<String>,
    #[serde(default)]
    disable_parallel_tool_use: bool,
}

/// For the books of a provider or about its caches only: they change no answer.
const HARMLESS: &[&str] = &["cache_control", "metadata", "service_tier"];

impl Count {
    pub(super) fn model(&self) -> Option<&str> {
        self.model.as_deref()
    }

    /// The chat, as the templates' own form has it.
    pub(super) fn chat(&self) -> Result<messages::Chat, Problem> {
        let mut all = Vec::new();
        if let Some(system) = self.system.as_ref().filter(|system| !system.is_null()) {
            all.push(json!({"role": "system", "content": texts(system, "system")?}));
        }
        for message in &self.messages {
            match message.role.as_str() {
                "user" => user(&message.content, &mut all)?,
                "assistant" => all.push(assistant(&message.content)?),
                _ => return Err(Problem::invalid("messages", "the roles are 'user' and 'assistant'")),
            }
        }
        let tools = self.tools.iter().map(tool).collect::<Result<Vec<_>, _>>()?;
        let none = self.tool_choice.as_ref().is_some_and(|choice| choice.kind == "none");
        let mut kwargs = Map::new();
        if let Some(kind) = self.thinking.as_ref().and_then(|thinking| thinking["type"].as_str()) {
            // The word that templates have for it.
            kwargs.insert("enable_thinking".to_owned(), (kind != "disabled").into());
        }
        let chat = messages::Chat::of(all, tools, none.then(|| "none".into()), kwargs);
        Ok(chat.thinking(self.output_config.as_ref().and_then(|output| output.effort.clone())))
    }

    fn form(&self) -> Result<Form, Problem> {
        let tools = self.tools.iter().map(tool).collect::<Result<Vec<_>, _>>()?;
        let choice = match &self.tool_choice {
            None => None,
            Some(choice) => Some(match (choice.kind.as_str(), &choice.name) {
                ("auto", _) => json!("auto"),
                ("none", _) => json!("none"),
                ("any", _) => json!("required"),
                ("tool", Some(name)) => json!({"type": "function", "function": {"name": name}}),
                _ => {
                    return Err(Problem::invalid(
                        "tool_choice",
                        "its type is 'auto', 'any', 'none' or 'tool' with a name",
                    ));
                }
            }),
        };
        let single = self.tool_choice.as_ref().is_some_and(|choice| choice.disable_parallel_tool_use);
        let format = self.output_config.as_ref().and_then(|output| output.format.as_ref());
        let schema = match format.filter(|format| !format.is_null()) {
            None => None,
            Some(format) if format["type"] == "json_schema" && format["schema"].is_object() => {
                let schema = json!({"name": "answer", "schema": format["schema"]});
                Some(json!({"type": "json_schema", "json_schema": schema}))
            }
            Some(_) => {
                let message = "its format has the type 'json_schema' and a schema";
                return Err(Problem::invalid("output_config", message));
            }
        };
        Form::read(&Said {
            response_format: schema.as_ref(),
            tools: &tools,
            tool_choice: choice.as_ref(),
            parallel_tool_calls: single.then_some(false),
            ..Said::default()
        })
    }
}

impl Request {
    pub(super) fn model(&self) -> Option<&str> {
        self.count.model()
    }

    pub(super) fn chat(&self) -> Result<messages::Chat, Problem> {
        self.count.chat()
    }

    pub(super) fn form(&self) -> Result<Form, Problem> {
        self.count.form()
    }

    /// The most tokens to write, which this form asks for.
    pub(super) fn limit(&self) -> Result<usize, Problem> {
        let limit = self.max_tokens.and_then(|n| usize::try_from(n).ok()).filter(|n| *n > 0);
        limit.ok_or_else(|| Problem::invalid("max_tokens", "max_tokens is needed, at least 1"))
    }

    /// How tokens are drawn. What is not done is refused by name.
    pub(super) fn draw(&self) -> Result<Checked, Problem> {
        if self.speed.as_deref().is_some_and(|speed| speed != "standard") {
            return Err(Problem::invalid("speed", "there is one speed, which is 'standard'"));
        }
        if let Some((name, _)) =
            self.rest.iter().find(|(name, value)| !value.is_null() && !HARMLESS.contains(&&***name))
        {
            return Err(Problem::invalid(name, format!("'{name}' is not supported")));
        }
        if let Some(name) = self.count.output_config.as_ref().and_then(|output| output.rest.keys().next()) {
            return Err(Problem::invalid("output_config", format!("'{name}' in output_config is not supported")));
        }
        let thinking = self.count.thinking.as_ref().filter(|thinking| !thinking.is_null());
        if thinking
            .is_some_and(|thinking| !matches!(thinking["type"].as_str(), Some("disabled" | "enabled" | "adaptive")))
        {
            return Err(Problem::invalid("thinking", "its type is 'adaptive', 'enabled' or 'disabled'"));
        }
        let mut draw = Draw {
            stream: self.stream,
            // Anthropic's default.
            temperature: Some(self.temperature.unwrap_or(1.0)),
            top_p: self.top_p,
            top_k: self.top_k,
            ..Draw::default()
        };
        draw.stop_at(self.stop_sequences.clone());
        draw.check()
    }
}

/// A text, or the texts of a list of blocks.
fn texts(content: &Value, param: &str) -> Result<String, Problem> {
    match content {
        Value::String(text) => Ok(text.clone()),
        Value::Array(blocks) => {
            let texts = blocks.iter().map(|block| match (block["type"].as_str(), block["text"].as_str()) {
                (Some("text"), Some(text)) => Ok(text),
                (kind, _) => Err(unread(param, kind)),
            });
            Ok(texts.collect::<Result<Vec<_>, _>>()?.join("\n"))
        }
        _ => Err(Problem::invalid(param, "it is a text or a list of blocks")),
    }
}

/// The text of a block of this type.
fn text(block: &Value) -> Result<&str, Problem> {
    block["text"].as_str().ok_or_else(|| Problem::invalid("messages", "a block of the type 'text' has a text"))
}

fn unread(param: &str, kind: Option<&str>) -> Problem {
    Problem::invalid(param, format!("blocks of the type '{}' are not supported", kind.unwrap_or("")))
}

/// What a person said, and what tools gave: each a message of its own, in their order.
fn user(content: &Value, all: &mut Vec<Value>) -> Result<(), Problem> {
    let Some(blocks) = content.as_array() else {
        say(&texts(content, "messages")?, all);
        return Ok(());
    };
    let mut said = Vec::new();
    for block in blocks {
        match block["type"].as_str() {
            Some("text") => said.push(text(block)?),
            Some("tool_result") => {
                let mut content = match &block["content"] {
                    Value::Null => String::new(),
                    content => texts(content, "messages")?,
                };
                if block["is_error"] == true {
                    // Templates have no place for it but the words.
                    content = format!("Error: {content}");
                }
                all.push(json!({"role": "tool", "tool_call_id": block["tool_use_id"], "content": content}));
            }
            kind => return Err(unread("messages", kind)),
        }
    }
    if !said.is_empty() || blocks.is_empty() {
        say(&said.join("\n"), all);
    }
    Ok(())
}

/// Adds what a person said: turns that follow each other are one, as Anthropic has it and templates ask.
fn say(text: &str, all: &mut Vec<Value>) {
    match all.last_mut().filter(|last| last["role"] == "user").map(|last| &mut last["content"]) {
        Some(Value::String(before)) => {
            before.push('\n');
            before.push_str(text);
        }
        _ => all.push(json!({"role": "user", "content": text})),
    }
}

fn assistant(content: &Value) -> Result<Value, Problem> {
    let Some(blocks) = content.as_array() else {
        return Ok(json!({"role": "assistant", "content": texts(content, "messages")?}));
    };
    let (mut said, mut thought, mut calls) = (Vec::new(), Vec::new(), Vec::new());
    for block in blocks {
        match block["type"].as_str() {
            Some("text") => said.push(text(block)?),
            Some("thinking") => thought.push(block["thinking"].as_str().unwrap_or_default()),
            Some("tool_use") => calls.push(json!({
                "id": block["id"],
                "type": "function",
                "function": {"name": block["name"], "arguments": block["input"]},
            })),
            // Another model's thought that nobody can read.
            Some("redacted_thinking") => {}
            kind => return Err(unread("messages", kind)),
        }
    }
    let mut message = json!({"role": "assistant", "content": said.join("\n")});
    if !thought.is_empty() {
        message["reasoning_content"] = thought.join("\n").into();
    }
    if !calls.is_empty() {
        message["tool_calls"] = calls.into();
    }
    Ok(message)
}

/// A tool as OpenAI's clients and the templates describe it.
fn tool(tool: &Value) -> Result<Value, Problem> {
    if tool.get("type").is_some_and(|kind| kind != "custom") || !tool["name"].is_string() {
        return Err(Problem::invalid(
            "tools",
            "a tool has a name and an input_schema; a provider's own tools are not run here",
        ));
    }
    let description = tool.get("description").cloned().unwrap_or_else(|| "".into());
    let function = json!({"name": tool["name"], "description": description, "parameters": tool["input_schema"]});
    Ok(json!({"type": "function", "function": function}))
}

#[cfg(test)]
mod tests;
