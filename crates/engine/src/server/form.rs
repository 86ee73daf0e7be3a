//! Which form must an answer have? What `response_format`, `grammar`, `tools` and `tool_choice` ask for.

use super::Problem;
use crate::{
    answer,
    error::EngineError,
    grammar::{Asked, Grammar, Grammars, Tool},
};
use serde_json::{Value, json};

/// What marks a grammar in llguidance's dialect of Lark, as llama-server does.
const LARK: &str = "%llguidance";

/// The form that a request asks for.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Form {
    /// Any text.
    Free,
    /// JSON that fits a schema, and the parameter it came in.
    Json(Value, &'static str),
    /// What a grammar in llguidance's dialect of Lark allows.
    Lark(String),
    /// What a grammar in llama.cpp's form allows.
    Gbnf(String),
    /// Text and calls of these tools, or nothing but calls.
    Tools { tools: Vec<Tool>, required: bool, several: bool },
}

/// What a request says of the form.
#[derive(Default)]
pub(super) struct Said<'a> {
    pub response_format: Option<&'a Value>,
    pub json_schema: Option<&'a Value>,
    pub grammar: Option<&'a str>,
    pub tools: &'a [Value],
    pub tool_choice: Option<&'a Value>,
    pub parallel_tool_calls: Option<bool>,
}

impl Form {
    /// Reads what a request says. Two forms at once are refused.
    pub(super) fn read(said: &Said<'_>) -> Result<Self, Problem> {
        let mut forms = Vec::new();
        if let Some(form) = said.response_format.map(response_format).transpose()?.flatten() {
            forms.push(form);
        }
        if let Some(schema) = said.json_schema.filter(|schema| !schema.is_null()) {
            forms.push(Self::Json(schema.clone(), "json_schema"));
        }
        if let Some(grammar) = said.grammar.filter(|grammar| !grammar.is_empty()) {
            forms.push(match grammar.trim_start().strip_prefix(LARK) {
                None => Self::Gbnf(grammar.to_owned()),
                Some(lark) => {
                    let (first, rest) = lark.split_once('\n').unwrap_or((lark, ""));
                    if !matches!(first.trim(), "" | "{}") {
                        return Err(Problem::invalid("grammar", format!("no options are taken behind '{LARK}'")));
                    }
                    Self::Lark(rest.to_owned())
                }
            });
        }
        if let Some(form) = tools(said)? {
            forms.push(form);
        }
        // An answer may be of a form, or a call where the model thinks that it needs one.
        let must = |form: &&Self| !matches!(form, Self::Tools { required: false, .. });
        match forms.iter().filter(must).count() {
            0 => Ok(forms.pop().unwrap_or(Self::Free)),
            1 => Ok(forms.into_iter().find(|form| must(&form)).unwrap_or(Self::Free)),
            _ => Err(Problem::invalid("response_format", "an answer cannot have two forms at once")),
        }
    }

    /// The form of an answer whose beginning is given: it can be given no form, and calls are left to the model.
    pub(super) fn behind_a_beginning(self) -> Result<Self, Problem> {
        match self {
            Self::Free | Self::Tools { required: false, .. } => Ok(Self::Free),
            Self::Json(..) | Self::Lark(_) | Self::Gbnf(_) | Self::Tools { required: true, .. } => {
                Err(Problem::invalid("messages", "an answer that is gone on with can be given no form"))
            }
        }
    }

    /// The grammar of the form; `None` where any text will do. Calls are written in the form `calls` of the model;
    /// with `thinking`, the prompt has opened a thought.
    pub(super) fn grammar(
        self,
        grammars: impl FnOnce() -> Result<std::sync::Arc<Grammars>, EngineError>,
        calls: Option<answer::Form>,
        thinking: bool,
    ) -> Result<Option<Grammar>, EngineError> {
        match self {
            Self::Free => Ok(None),
            Self::Json(schema, param) if thinking => grammars()?.after_a_thought(&schema, param).map(Some),
            Self::Json(schema, param) => grammars()?.of_schema(&schema, param).map(Some),
            Self::Lark(lark) => grammars()?.of_lark(&lark, "grammar").map(Some),
            Self::Gbnf(gbnf) => grammars()?.of_gbnf(&gbnf, "grammar").map(Some),
            Self::Tools { tools, required, several } => {
                let Some(form) = calls else { return Ok(None) };
                match grammars()?.of_tools(form, &tools, Asked { required, several, thinking }) {
                    Ok(grammar) => Ok(Some(grammar)),
                    // What cannot be enforced was not promised: the model may still write a call that fits.
                    Err(error) if !required => {
                        tracing::warn!(%error, "calls of these tools are not held to their schemas");
                        Ok(None)
                    }
                    Err(error) => Err(error),
                }
            }
        }
    }
}

fn response_format(format: &Value) -> Result<Option<Form>, Problem> {
    let wrong = |message: &str| Problem::invalid("response_format", message);
    match format.get("type").and_then(Value::as_str) {
        None if format.is_null() => Ok(None),
        Some("text") => Ok(None),
        // llama-server takes a schema here as well.
        Some("json_object") => {
            let schema = format.get("schema").cloned().unwrap_or_else(|| json!({"type": "object"}));
            Ok(Some(Form::Json(schema, "response_format")))
        }
        Some("json_schema") => {
            let schema = format.pointer("/json_schema/schema").or_else(|| format.get("schema"));
            let schema = schema.ok_or_else(|| wrong("'json_schema' has a 'schema'"))?;
            Ok(Some(Form::Json(schema.clone(), "response_format")))
        }
        _ => Err(wrong("its type is 'text', 'json_object' or 'json_schema'")),
    }
}

fn tools(said: &Said<'_>) -> Result<Option<Form>, Problem> {
    let wrong = |message: &str| Problem::invalid("tool_choice", message);
    let choice = said.tool_choice.filter(|choice| !choice.is_null());
    let named = choice.and_then(|choice| choice.pointer("/function/name").or_else(|| choice.get("name")));
    let required = match choice.map(|choice| (choice.as_str(), named.and_then(Value::as_str))) {
        None | Some((Some("auto"), _)) => false,
        Some((Some("none"), _)) => return Ok(None),
        Some((Some("required"), _) | (None, Some(_))) => true,
        Some(_) => return Err(wrong("it is 'auto', 'none', 'required' or names a function")),
    };
    let mut tools = Vec::new();
    for tool in said.tools {
        let function = tool.get("function").unwrap_or(tool);
        let Some(name) = function.get("name").and_then(Value::as_str).filter(|name| !name.is_empty()) else {
            return Err(Problem::invalid("tools", "a tool is a function with a name"));
        };
        let parameters = function.get("parameters").cloned().unwrap_or(Value::Null);
        tools.push(Tool { name: name.to_owned(), parameters });
    }
    if let Some(named) = named.and_then(Value::as_str) {
        tools.retain(|tool| tool.name == named);
    }
    if required && tools.is_empty() {
        return Err(wrong("there is no such tool among 'tools'"));
    }
    let several = said.parallel_tool_calls != Some(false) && named.is_none();
    Ok((!tools.is_empty()).then_some(Form::Tools { tools, required, several }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &Value) -> Result<Form, Problem> {
        let tools = body["tools"].as_array().cloned().unwrap_or_default();
        Form::read(&Said {
            response_format: body.get("response_format"),
            json_schema: body.get("json_schema"),
            grammar: body["grammar"].as_str(),
            tools: &tools,
            tool_choice: body.get("tool_choice"),
            parallel_tool_calls: body["parallel_tool_calls"].as_bool(),
        })
    }

    #[test]
    fn requests_say_their_form_in_many_ways() {
        let function = |name: &str| json!({"type": "function", "function": {"name": name}});
        let tools = |names: &[&str], required, several| {
            let tools = names.iter().map(|name| Tool { name: (*name).to_owned(), parameters: Value::Null }).collect();
            Some(Form::Tools { tools, required, several })
        };
        let both = json!([function("a"), function("b")]);
        let object = json!({"type": "object"});
        let named = json!({"type": "json_schema", "json_schema": {"name": "x", "schema": object}});
        let cases = [
            (json!({}), Some(Form::Free)),
            (json!({"response_format": {"type": "text"}, "tool_choice": null}), Some(Form::Free)),
            (json!({"response_format": {"type": "json_object"}}), Some(Form::Json(object.clone(), "response_format"))),
            (json!({"response_format": named}), Some(Form::Json(object.clone(), "response_format"))),
            (json!({"json_schema": object}), Some(Form::Json(object.clone(), "json_schema"))),
            (json!({"response_format": {"type": "xml"}}), None),
            (json!({"response_format": {"type": "json_schema"}}), None),
            (json!({"grammar": "%llguidance {}\nstart: \"a\""}), Some(Form::Lark("start: \"a\"".to_owned()))),
            (json!({"grammar": "root ::= \"a\""}), Some(Form::Gbnf("root ::= \"a\"".to_owned()))),
            (json!({"tools": both}), tools(&["a", "b"], false, true)),
            (json!({"tools": both, "tool_choice": "none"}), Some(Form::Free)),
            (
                json!({"tools": both, "tool_choice": "required", "parallel_tool_calls": false}),
                tools(&["a", "b"], true, false),
            ),
            (json!({"tools": both, "tool_choice": function("b")}), tools(&["b"], true, false)),
            (json!({"tools": both, "tool_choice": function("c")}), None),
            (json!({"tool_choice": "required"}), None),
            (json!({"tools": both, "tool_choice": "perhaps"}), None),
            (json!({"tools": [{"type": "function"}]}), None),
            (json!({"tools": both, "json_schema": object}), Some(Form::Json(object.clone(), "json_schema"))),
            (json!({"tools": both, "tool_choice": "required", "json_schema": object}), None),
            (json!({"json_schema": object, "grammar": "%llguidance\nstart: \"a\""}), None),
        ];
        for (body, expected) in cases {
            assert_eq!(read(&body).ok(), expected, "{body}");
        }
    }
}
