//! In which form does a model call tools? Each family was trained with its own, and its template shows
//! which.

use super::Piece;
use serde_json::{Deserializer, Value};

/// A form in which calls are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `<tool_call>{"name": …, "arguments": …}</tool_call>`: Qwen, Hermes, SmolLM.
    Tagged,
    /// An answer that is nothing but `{"name": …, "parameters": …}`, perhaps behind `<|python_tag|>`,
    /// several with `;` between: Llama 3.
    Bare,
    /// `[TOOL_CALLS]` and a list of objects, or since 2025 `[TOOL_CALLS]NAME[ARGS]{…}`: Mistral.
    Listed,
}

pub(super) const TAG: &str = "<tool_call>";
pub(super) const TAG_END: &str = "</tool_call>";
const PYTHON: &str = "<|python_tag|>";
const LIST: &str = "[TOOL_CALLS]";
const ARGUMENTS: &str = "[ARGS]";
const ID: &str = "[CALL_ID]";

/// Control tokens that are part of an answer: without them a call cannot be told from text.
pub const SPOKEN: &[&str] = &[TAG, TAG_END, PYTHON, LIST, ARGUMENTS, ID];

impl Form {
    /// The form that a chat template teaches; `None` if it teaches none that is read here, such as
    /// calls in XML.
    #[must_use]
    pub fn of_template(source: &str) -> Option<Self> {
        if source.contains("<function=") {
            return None;
        }
        let bare = r#""name": function name, "parameters""#;
        let forms = [(TAG, Self::Tagged), (LIST, Self::Listed), (PYTHON, Self::Bare), (bare, Self::Bare)];
        forms.into_iter().find(|(marker, _)| source.contains(marker)).map(|(_, form)| form)
    }

    /// What a call begins with.
    pub(super) fn begin(self) -> &'static str {
        match self {
            Self::Tagged => TAG,
            Self::Bare => PYTHON,
            Self::Listed => LIST,
        }
    }

    /// Appends the calls in what a model wrote between the markers. What cannot be read as that is
    /// shown as the text that it is.
    pub(super) fn read(self, text: &str, out: &mut Vec<Piece>) {
        let calls = match self {
            Self::Tagged => objects(text),
            Self::Bare => sequence(text),
            Self::Listed if text.trim_start().starts_with('[') => objects(text),
            Self::Listed => text.split(LIST).map(named).collect(),
        };
        match calls.filter(|calls| !calls.is_empty()) {
            Some(calls) => out.extend(calls),
            None => out.push(Piece::Text(match self {
                Self::Tagged => format!("{TAG}{text}{TAG_END}"),
                Self::Bare => text.to_owned(),
                Self::Listed => format!("{LIST}{text}"),
            })),
        }
    }
}

/// One object or a list of them.
fn objects(text: &str) -> Option<Vec<Piece>> {
    match serde_json::from_str(text.trim()).ok()? {
        Value::Array(list) => list.iter().map(call).collect(),
        object => call(&object).map(|call| vec![call]),
    }
}

/// Objects one after the other, with `;` between them or nothing.
fn sequence(text: &str) -> Option<Vec<Piece>> {
    let mut calls = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let mut values = Deserializer::from_str(rest).into_iter::<Value>();
        calls.push(call(&values.next()?.ok()?)?);
        rest = rest[values.byte_offset()..].trim_start().trim_start_matches(';').trim_start();
    }
    Some(calls)
}

/// `NAME[CALL_ID]…[ARGS]{…}`.
fn named(text: &str) -> Option<Piece> {
    let (name, arguments) = text.split_once(ARGUMENTS)?;
    let name = name.split(ID).next()?.trim();
    let arguments: Value = serde_json::from_str(arguments.trim()).ok()?;
    (!name.is_empty() && arguments.is_object())
        .then(|| Piece::Call { name: name.to_owned(), arguments: arguments.to_string() })
}

fn call(value: &Value) -> Option<Piece> {
    let arguments = match value.get("arguments").or_else(|| value.get("parameters")) {
        None | Some(Value::Null) => "{}".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(object @ Value::Object(_)) => object.to_string(),
        Some(Value::Bool(_) | Value::Number(_) | Value::Array(_)) => return None,
    };
    Some(Piece::Call { name: value.get("name")?.as_str()?.to_owned(), arguments })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_shows_its_form() {
        // As they stand in the published files of each family.
        for (source, form) in [
            (
                r#"{"name": <function-name>, "arguments": <args-json-object>}\n</tool_call>{{ '<tool_call>\n' }}"#,
                Some(Form::Tagged),
            ),
            (
                r#"Respond in the format {"name": function name, "parameters": dictionary of argument name and its value}."#,
                Some(Form::Bare),
            ),
            (r#"{{- "<|python_tag|>" + tool_call.name + ".call(" }}"#, Some(Form::Bare)),
            (r#"{{- "[TOOL_CALLS] [" }}"#, Some(Form::Listed)),
            (r#"{{- "[TOOL_CALLS]" + name + "[ARGS]" + arguments }}"#, Some(Form::Listed)),
            ("<tool_call>\n<function=example_function_name>", None),
            ("{% if tools %}{{ tools | tojson }}{% endif %}", None),
        ] {
            assert_eq!(Form::of_template(source), form, "{source}");
        }
    }
}
