//! The conversation of a request: items become messages as templates know them.

use super::super::Problem;
use serde_json::{Value, json};

/// The messages of a request: what it instructs, and its input.
pub(super) fn messages(instructions: Option<&str>, input: Option<&Value>) -> Result<Vec<Value>, Problem> {
    let mut all = Messages::default();
    if let Some(instructions) = instructions {
        all.say("system", instructions.to_owned());
    }
    match input {
        Some(Value::String(text)) => all.say("user", text.clone()),
        Some(Value::Array(items)) => items.iter().try_for_each(|item| all.take(item))?,
        None | Some(Value::Null) => {}
        Some(Value::Bool(_) | Value::Number(_) | Value::Object(_)) => {
            return Err(Problem::invalid("input", "it is a text or a list of items"));
        }
    }
    Ok(all.messages)
}

#[derive(Default)]
struct Messages {
    messages: Vec<Value>,
    /// What the model thought before what it said or called next.
    thought: Option<String>,
    /// Whether calls that come now belong to the last message.
    open: bool,
}

impl Messages {
    fn take(&mut self, item: &Value) -> Result<(), Problem> {
        match (item["type"].as_str(), item["role"].as_str()) {
            (None | Some("message"), Some(role @ ("user" | "system" | "developer"))) => {
                self.say(role, texts(&item["content"])?);
            }
            (None | Some("message"), Some("assistant")) => {
                let mut message = json!({"role": "assistant", "content": texts(&item["content"])?});
                self.think(&mut message);
                self.messages.push(message);
                self.open = true;
            }
            (None | Some("message"), _) => {
                return Err(Problem::invalid("input", "the roles are 'user', 'assistant', 'system' and 'developer'"));
            }
            (Some("reasoning"), _) => {
                let said = |list: &Value| list.as_array().filter(|parts| !parts.is_empty()).map(|_| texts(list));
                let said = said(&item["content"]).or_else(|| said(&item["summary"])).transpose()?;
                self.thought = said.or(self.thought.take());
                self.open = false;
            }
            (Some("function_call"), _) => self.call(item)?,
            (Some("function_call_output"), _) => {
                let content = texts(&item["output"])?;
                self.messages.push(json!({"role": "tool", "tool_call_id": item["call_id"], "content": content}));
                self.open = false;
            }
            (Some("item_reference"), _) => {
                return Err(Problem::invalid("input", "nothing is kept here that could be referred to"));
            }
            (Some(kind), _) => return Err(unread(kind)),
        }
        Ok(())
    }

    /// Instructions that follow each other are one message: templates know one, at the beginning.
    fn say(&mut self, role: &str, text: String) {
        self.open = false;
        let instructs = |role: &Value| matches!(role.as_str(), Some("system" | "developer"));
        let last = self.messages.last_mut().filter(|last| role != "user" && instructs(&last["role"]));
        match last.map(|last| &mut last["content"]) {
            Some(Value::String(before)) => *before = format!("{before}\n\n{text}"),
            _ => self.messages.push(json!({"role": role, "content": text})),
        }
    }

    fn call(&mut self, item: &Value) -> Result<(), Problem> {
        let (Some(name), Some(id)) = (item["name"].as_str(), item["call_id"].as_str()) else {
            return Err(Problem::invalid("input", "a call has a 'name' and a 'call_id'"));
        };
        let arguments = item["arguments"].as_str().unwrap_or("{}");
        let call = json!({"id": id, "type": "function", "function": {"name": name, "arguments": arguments}});
        if !self.open {
            let mut message = json!({"role": "assistant", "content": ""});
            self.think(&mut message);
            self.messages.push(message);
            self.open = true;
        }
        let Some(Value::Object(message)) = self.messages.last_mut() else { return Ok(()) };
        let calls = message.entry("tool_calls").or_insert_with(|| json!([]));
        calls.as_array_mut().into_iter().for_each(|calls| calls.push(call.clone()));
        Ok(())
    }

    fn think(&mut self, message: &mut Value) {
        if let Some(thought) = self.thought.take() {
            message["reasoning_content"] = thought.into();
        }
    }
}

/// A text, or the texts of a list of parts.
fn texts(content: &Value) -> Result<String, Problem> {
    match content {
        Value::String(text) => Ok(text.clone()),
        Value::Null => Ok(String::new()),
        Value::Array(parts) => {
            let texts = parts.iter().map(|part| match part["type"].as_str() {
                Some("input_text" | "output_text" | "text" | "reasoning_text" | "summary_text") => {
                    Ok(part["text"].as_str().unwrap_or_default())
                }
                Some("refusal") => Ok(part["refusal"].as_str().unwrap_or_default()),
                kind => Err(unread(kind.unwrap_or_default())),
            });
            Ok(texts.collect::<Result<Vec<_>, _>>()?.join("\n"))
        }
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => {
            Err(Problem::invalid("input", "a content is a text or a list of parts"))
        }
    }
}

fn unread(kind: &str) -> Problem {
    Problem::invalid("input", format!("items and parts of the type '{kind}' are not supported"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_become_messages() {
        let input = json!([
            {"role": "developer", "content": "Be brief."},
            {"role": "user", "content": [{"type": "input_text", "text": "What is the rent"},
                                         {"type": "input_text", "text": "of the mill?"}]},
            {"type": "reasoning", "id": "rs_1", "summary": [], "content": [{"type": "reasoning_text", "text": "I look."}]},
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "One moment."}]},
            {"type": "function_call", "call_id": "c1", "name": "search", "arguments": "{\"for\":\"rent\"}"},
            {"type": "function_call", "call_id": "c2", "name": "search", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c1", "output": "900"},
            {"type": "function_call_output", "call_id": "c2", "output": [{"type": "input_text", "text": "none"}]},
            {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Once more."}]},
            {"type": "function_call", "call_id": "c3", "name": "search", "arguments": "{}"},
        ]);
        let call = |id: &str, arguments: &str| json!({"id": id, "type": "function", "function": {"name": "search", "arguments": arguments}});
        let expected = [
            json!({"role": "system", "content": "You are Ada.\n\nBe brief."}),
            json!({"role": "user", "content": "What is the rent\nof the mill?"}),
            json!({"role": "assistant", "content": "One moment.", "reasoning_content": "I look.",
                   "tool_calls": [call("c1", "{\"for\":\"rent\"}"), call("c2", "{}")]}),
            json!({"role": "tool", "tool_call_id": "c1", "content": "900"}),
            json!({"role": "tool", "tool_call_id": "c2", "content": "none"}),
            json!({"role": "assistant", "content": "", "reasoning_content": "Once more.",
                   "tool_calls": [call("c3", "{}")]}),
        ];
        assert_eq!(messages(Some("You are Ada."), Some(&input)).unwrap(), expected);
        assert_eq!(messages(None, Some(&json!("Hello"))).unwrap(), [json!({"role": "user", "content": "Hello"})]);
    }

    #[test]
    fn what_is_not_read_is_refused() {
        for wrong in [
            json!(7),
            json!([{"role": "judge", "content": "x"}]),
            json!([{"type": "item_reference", "id": "msg_1"}]),
            json!([{"type": "computer_call"}]),
            json!([{"role": "user", "content": [{"type": "input_image", "image_url": "x"}]}]),
            json!([{"role": "user", "content": 7}]),
            json!([{"type": "function_call", "name": "x"}]),
        ] {
            assert!(messages(None, Some(&wrong)).is_err(), "{wrong}");
        }
    }
}
