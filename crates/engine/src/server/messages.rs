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
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_was_begun_is_gone_on_with() {
        let said = |role: &str, text: &str| json!({"role": role, "content": text});
        let mut begun = vec![said("user", "a"), said("assistant", "b")];
        assert_eq!(take_begun(&mut begun).as_deref(), Some("b"));
        assert_eq!(begun, [said("user", "a")]);
        for mut whole in [
            vec![said("user", "a")],
            vec![said("assistant", "a")],
            vec![said("user", "a"), json!({"role": "assistant", "content": "", "tool_calls": []})],
        ] {
            assert_eq!(take_begun(&mut whole), None);
        }
    }

    #[test]
    fn effort_is_told_in_the_templates_words() {
        let template =
            |source: &str| ChatTemplate::new(source, String::new(), String::new(), std::iter::empty()).unwrap();
        let (both, one, none) = (
            template("{{ reasoning_effort }}{{ enable_thinking }}"),
            template("{% if enable_thinking is defined %}{{ enable_thinking }}{% endif %}"),
            template("{{ messages }}{% set enable_thinking = true %}{{ enable_thinking }}"),
        );
        let told = |effort: &str, template: &ChatTemplate, said: Value| {
            let mut extra = said.as_object().unwrap().clone();
            think(effort, template, &mut extra).map(|()| Value::Object(extra)).ok()
        };
        for (effort, template, said, expected) in [
            ("low", &both, json!({}), Some(json!({"reasoning_effort": "low", "enable_thinking": true}))),
            ("none", &one, json!({}), Some(json!({"reasoning_effort": "none", "enable_thinking": false}))),
            (
                "none",
                &one,
                json!({"enable_thinking": true}),
                Some(json!({"enable_thinking": true, "reasoning_effort": "none"})),
            ),
            ("low", &none, json!({}), None),
            ("none", &none, json!({}), Some(json!({}))),
            ("much", &both, json!({}), None),
        ] {
            assert_eq!(told(effort, template, said.clone()), expected, "{effort} {said}");
        }
    }

    #[test]
    fn a_beginning_in_parts_is_one_text() {
        let part = |text: &str| json!({"type": "text", "text": text});
        let mut begun = json!({"role": "assistant", "content": [part("Wh"), part("ill")]});
        assert!(is_begun(&begun));
        join(&mut begun);
        assert_eq!(begun["content"], "Whill");
    }

    #[test]
    fn what_the_system_says_stands_before_what_a_person_says_where_a_template_has_no_system() {
        let refuses = "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no system') }}{% endif %}\
                       <{{ m.role }}>{{ m.content }}{% endfor %}";
        let template = ChatTemplate::new(refuses, String::new(), String::new(), std::iter::empty()).unwrap();
        let text = |messages: Value| {
            let chat: Chat = serde_json::from_value(json!({ "messages": messages })).unwrap();
            chat.prompt(Some(&template)).map(|prompt| prompt.text()).map_err(|problem| problem.body().to_string())
        };
        let (system, user) =
            (json!({"role": "system", "content": "Be brief"}), json!({"role": "user", "content": "Hi"}));
        assert_eq!(text(json!([system, user])).unwrap(), "<user>Be brief\nHi");
        assert_eq!(text(json!([system])).unwrap(), "<user>Be brief");
        // One in the middle has no place, and the template says so.
        assert!(text(json!([user, system])).unwrap_err().contains("no system"));
    }

    #[test]
    fn the_last_message_is_gone_on_with_where_that_is_asked() {
        let template =
            ChatTemplate::new("{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}", String::new(), String::new(), std::iter::empty()).unwrap();
        let text = |role: &str, more: Value| {
            let mut body =
                json!({"messages": [{"role": "user", "content": "Count"}, {"role": role, "content": "1, 2"}]});
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let chat: Chat = serde_json::from_value(body).unwrap();
            chat.prompt(Some(&template)).ok().map(|prompt| prompt.text())
        };
        let on = "<user>Count<assistant>1, 2";
        for (role, more, expected) in [
            ("assistant", json!({}), Some(on)),
            ("assistant", json!({"continue_final_message": true, "add_generation_prompt": false}), Some(on)),
            ("assistant", json!({"continue_final_message": true}), Some(on)),
            ("assistant", json!({"continue_final_message": false, "add_generation_prompt": false}), Some(on)),
            ("assistant", json!({"continue_final_message": true, "add_generation_prompt": true}), None),
            ("user", json!({"continue_final_message": true, "add_generation_prompt": false}), None),
            (
                "user",
                json!({"add_generation_prompt": null, "chat_template_kwargs": null}),
                Some("<user>Count<user>1, 2<assistant>"),
            ),
        ] {
            assert_eq!(text(role, more.clone()).as_deref(), expected, "{role} {more}");
        }
    }

    #[test]
    fn a_developer_is_the_system() {
        let [mut system, mut person] = ["developer", "user"].map(|role| json!({"role": role, "content": "x"}));
        instruct(&mut system);
        instruct(&mut person);
        assert_eq!((&system["role"], &person["role"]), (&json!("system"), &json!("user")));
    }

    #[test]
    fn contents_become_one_text() {
        for (content, expected) in [
            (json!("a"), Some("a")),
            (json!([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]), Some("a\nb")),
            (json!(null), Some("")),
            (json!([{"type": "image_url", "image_url": {"url": "data:"}}]), None),
            (json!(3), None),
        ] {
            let message = plain(json!({"role": "user", "content": content}));
            assert_eq!(message.as_ref().ok().map(|m| m["content"].as_str().unwrap()), expected, "{content}");
        }
        assert!(plain(json!({"content": "no role"})).is_err());
    }

    #[test]
    fn arguments_become_objects() {
        let call = json!({"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": "{\"a\":1}"}}]});
        assert_eq!(plain(call).unwrap()["tool_calls"][0]["function"]["arguments"], json!({"a": 1}));
    }

    #[test]
    fn ids_are_as_mistral_wants_them() {
        let mut call =
            json!({"role": "assistant", "tool_calls": [{"id": "call_0123456789abcdef_0"}, {"id": "abc123XYZ"}]});
        let mut outcome = json!({"role": "tool", "tool_call_id": "call_0123456789abcdef_0"});
        shorten_ids(&mut call);
        shorten_ids(&mut outcome);
        let id = outcome["tool_call_id"].as_str().unwrap();
        assert!(id.len() == 9 && id.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{id}");
        assert_eq!(call["tool_calls"][0]["id"], id);
        assert_eq!(call["tool_calls"][1]["id"], "abc123XYZ");
    }
}
