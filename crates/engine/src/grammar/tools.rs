//! What does a call of a tool look like, letter by letter? For each form a grammar that allows nothing else.
//!
//! Where a form writes its arguments as JSON, the tool's schema is the grammar. Where it writes them in markup
//! or like a call in a programming language, each property of the schema becomes a rule of its own.

use crate::answer::Form;
use serde_json::{Map, Value, json};
use std::fmt::Write;

/// A tool that may be called.
#[derive(Clone, Debug, PartialEq)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// The JSON schema of its arguments.
    pub parameters: Value,
}

/// How much calling is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Whether the answer must be a call; else it may be text, with or without calls.
    pub required: bool,
    /// Whether there may be several.
    pub several: bool,
    /// Whether the prompt has opened a thought, which the answer goes on with.
    pub thinking: bool,
}

/// White space that does no harm.
const SPACE: &str = r"/[ \t\n]{0,8}/";
/// Between the items of a list.
const COMMA: &str = r#"space "," space"#;

/// The grammar of an answer that calls these tools, in llguidance's dialect of Lark.
pub(super) fn lark(form: Form, tools: &[Tool], asked: Asked) -> String {
    let mut rules = Rules::default();
    let calls = rules.calls(form, tools, asked.several);
    let begin = form.begin();
    let thought = if asked.thinking { "thought " } else { "" };
    let start = match form {
        _ if asked.required => format!("{thought}space calls space"),
        // The first letters tell a call from a text, or nothing does.
        Form::Line => format!("{thought}(calls space | free)"),
        Form::Bare => format!("{thought}(calls space | plain)"),
        Form::Tagged
        | Form::Functions
        | Form::Keys
        | Form::Listed
        | Form::Piped
        | Form::Prefixed
        | Form::Action
        | Form::Fenced
        | Form::Python
        | Form::Braced => format!("{thought}text (calls text)?"),
    };
    let mut lark = format!("start: {start}\ncalls: {calls}\nspace: {SPACE}\n");
    let without = |marker: &str| format!("/(?s:.*)/ & ~/(?s:.*){}(?s:.*)/", escaped(marker));
    for (name, body) in [
        ("thought", format!("THOUGHT \"</think>\"\nTHOUGHT: {}", without("</think>"))),
        ("text", format!("TEXT\nTEXT: {}", without(begin))),
        ("plain", format!("PLAIN\nPLAIN: /([^{{](?s:.*))?/ & ~/(?s:.*){}(?s:.*)/", escaped(begin))),
        ("free", "FREE\nFREE: /(?s:.*)/".to_owned()),
    ] {
        if start.split(|c: char| !c.is_alphabetic()).any(|word| word == name) {
            // Writing to a String cannot fail.
            let _ = writeln!(lark, "{name}: {body}");
        }
    }
    lark + &rules.0
}

/// The grammar of JSON behind a thought that the prompt has opened.
pub(super) fn after_a_thought(schema: &Value) -> String {
    format!(
        "start: THOUGHT \"</think>\" space json\nTHOUGHT: /(?s:.*)/ & ~/(?s:.*)<\\/think>(?s:.*)/\nspace: {SPACE}\njson: %json {}\n",
        super::bounded(schema)
    )
}

/// Rules beside the first ones.
#[derive(Default)]
struct Rules(String);

impl Rules {
    /// What stands for all calls of an answer.
    fn calls(&mut self, form: Form, tools: &[Tool], several: bool) -> String {
        let (begin, end) = (quoted(form.begin()), quoted(form.end()));
        let many = |item: &str, between: &str| {
            if several { format!("{item} ({between} {item})*") } else { item.to_owned() }
        };
        let objects = |this: &mut Self, name: &str, arguments: &str| {
            this.any(
                tools.iter().map(|tool| object_of(&[(name, json!({"const": tool.name})), (arguments, tool.schema())])),
            )
        };
        match form {
            Form::Tagged => {
                let object = objects(self, "name", "arguments");
                many(&format!("({begin} space {object} space {end})"), "space")
            }
            Form::Bare => {
                let object = objects(self, "name", "parameters");
                format!("{begin}? {}", many(&object, r#"space ";" space"#))
            }
            Form::Piped => {
                let object = objects(self, "name", "arguments");
                format!("{begin} space {} {end}?", list(&many(&object, COMMA)))
            }
            Form::Action => {
                let object = objects(self, "tool_name", "parameters");
                format!("{begin} space {} space {end}", list(&many(&object, COMMA)))
            }
            Form::Fenced => {
                let object = objects(self, "tool_name", "parameters");
                format!("{begin} space \"```json\" space {} space {end}", list(&many(&object, COMMA)))
            }
            Form::Prefixed => {
                let object = self.any(tools.iter().map(|tool| object_of(&[(&tool.name, tool.schema())])));
                format!("{begin} {} {end}", list(&many(&object, COMMA)))
            }
            Form::Listed => {
                let object = objects(self, "name", "arguments");
                let listed = format!("({begin} space {})", list(&many(&object, COMMA)));
                let named = self.each(tools, |this, tool| {
                    format!("{} \"[ARGS]\" space {}", quoted(&tool.name), this.json(&tool.schema()))
                });
                format!("{listed} | {}", many(&format!("({begin} {named})"), "space"))
            }
            Form::Line => {
                self.each(tools, |this, tool| format!("{} /\\r?\\n/ {}", quoted(&tool.name), this.json(&tool.schema())))
            }
            Form::Functions => {
                let body = self.each(tools, |this, tool| {
                    let keys = this.properties(tool, "", |this, key, schema| {
                        let value = this.marked(schema, "</parameter>");
                        format!("{} {value} \"</parameter>\" space", quoted(&format!("<parameter={key}>")))
                    });
                    format!("{} space {keys} \"</function>\"", quoted(&format!("<function={}>", tool.name)))
                });
                many(&format!("({begin} space {body} space {end})"), "space")
            }
            Form::Keys => {
                let body = self.each(tools, |this, tool| {
                    let keys = this.properties(tool, "", |this, key, schema| {
                        let value = this.marked(schema, "</arg_value>");
                        let key = quoted(&format!("<arg_key>{key}</arg_key>"));
                        format!("{key} space \"<arg_value>\" {value} \"</arg_value>\" space")
                    });
                    format!("{} space {keys}", quoted(&tool.name))
                });
                many(&format!("({begin} {body} {end})"), "space")
            }
            Form::Python => {
                let body = self.each(tools, |this, tool| {
                    let keys = this.properties(tool, "\",\" /[ ]?/", |this, key, schema| {
                        format!("{} {}", quoted(&format!("{key}=")), this.python(schema))
                    });
                    format!("{} {keys} \")\"", quoted(&format!("{}(", tool.name)))
                });
                format!("{begin} {} {end}", list(&many(&body, COMMA)))
            }
            Form::Braced => {
                let mark = r#"<|"|>"#;
                let body = self.each(tools, |this, tool| {
                    let keys = this.properties(tool, "\",\"", |this, key, schema| {
                        let value = this.marked(schema, mark);
                        let value = if is_text(schema) { format!("{0} {value} {0}", quoted(mark)) } else { value };
                        format!("{} {value}", quoted(&format!("{key}:")))
                    });
                    format!("{} {keys} \"}}\"", quoted(&format!("call:{}{{", tool.name)))
                });
                many(&format!("({begin} {body} {end})"), "space")
            }
        }
    }

    /// JSON that fits one of some schemas.
    fn any(&mut self, schemas: impl Iterator<Item = Value>) -> String {
        let all: Vec<Value> = schemas.collect();
        match &all[..] {
            [only] => self.json(only),
            _ => self.json(&json!({"anyOf": all})),
        }
    }

    /// A rule with one alternative for each tool.
    fn each(&mut self, tools: &[Tool], body: impl Fn(&mut Self, &Tool) -> String) -> String {
        let all: Vec<String> = tools.iter().map(|tool| body(self, tool)).collect();
        self.rule(&all.join(" | "))
    }

    /// A rule for the properties of a tool, in the schema's order; those that are not required may be left out.
    fn properties(&mut self, tool: &Tool, between: &str, each: impl Fn(&mut Self, &str, &Value) -> String) -> String {
        let none = Map::new();
        let properties = tool.parameters.get("properties").and_then(Value::as_object).unwrap_or(&none);
        let required = |key: &str| {
            tool.parameters.get("required").and_then(Value::as_array).is_some_and(|all| all.iter().any(|k| k == key))
        };
        // From the last to the first: what may come where nothing stands before it, and where something does.
        let (mut first, mut after) = ("\"\"".to_owned(), "\"\"".to_owned());
        for (key, schema) in properties.iter().rev() {
            let this = each(self, key, schema);
            let (begun, followed) = (format!("{this} {after}"), format!("{between} {this} {after}"));
            (first, after) = if required(key) {
                (self.rule(&begun), self.rule(&followed))
            } else {
                (self.rule(&format!("{begun} | {first}")), self.rule(&format!("{followed} | {after}")))
            };
        }
        first
    }

    /// A value between marks: a text as it is, anything else as JSON.
    fn marked(&mut self, schema: &Value, end: &str) -> String {
        if !is_text(schema) {
            return self.json(schema);
        }
        if let Some(values) = schema.get("enum").and_then(Value::as_array) {
            let all: Vec<String> = values.iter().filter_map(Value::as_str).map(quoted).collect();
            return self.rule(&all.join(" | "));
        }
        let name = format!("TEXT{}", self.0.len());
        // Writing to a String cannot fail.
        let _ = writeln!(self.0, "{name}: /(?s:.*)/ & ~/(?s:.*){}(?s:.*)/", escaped(end));
        name
    }

    /// A value as Python writes it, which is JSON but for three words.
    fn python(&mut self, schema: &Value) -> String {
        match schema.get("type").and_then(Value::as_str) {
            Some("boolean") => r#"("True" | "False")"#.to_owned(),
            Some("null") => r#""None""#.to_owned(),
            _ => self.json(schema),
        }
    }

    /// JSON that fits a schema.
    fn json(&mut self, schema: &Value) -> String {
        self.rule(&format!("%json {}", super::bounded(schema)))
    }

    fn rule(&mut self, body: &str) -> String {
        let name = format!("r{}", self.0.len());
        // Writing to a String cannot fail.
        let _ = writeln!(self.0, "{name}: {body}");
        name
    }
}

impl Tool {
    /// The schema of the arguments, which are always an object, also where the tool has no schema.
    fn schema(&self) -> Value {
        match &self.parameters {
            Value::Object(schema) if schema.is_empty() => json!({"type": "object", "properties": {}}),
            Value::Object(schema) if schema.contains_key("type") || schema.contains_key("$ref") => {
                self.parameters.clone()
            }
            Value::Object(schema) => {
                let mut schema = schema.clone();
                schema.insert("type".to_owned(), json!("object"));
                Value::Object(schema)
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                json!({"type": "object", "properties": {}})
            }
        }
    }
}

/// The schema of an object with exactly these properties.
fn object_of(properties: &[(&str, Value)]) -> Value {
    let required: Vec<&str> = properties.iter().map(|(name, _)| *name).collect();
    let properties: Map<String, Value> =
        properties.iter().map(|(name, schema)| ((*name).to_owned(), schema.clone())).collect();
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

fn list(items: &str) -> String {
    format!("\"[\" space {items} space \"]\"")
}

fn is_text(schema: &Value) -> bool {
    schema.get("type").is_some_and(|kind| kind == "string")
}

/// A text as Lark writes it.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// A text as a regular expression between slashes.
fn escaped(text: &str) -> String {
    let special = |c: char| r"\.+*?()|[]{}^$#&-~/".contains(c);
    text.chars().flat_map(|c| special(c).then_some('\\').into_iter().chain([c])).collect()
}
