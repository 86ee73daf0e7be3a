//! What a client of OpenAI's Responses asks for, as a chat and a draw.

use super::{
    super::{
        Problem,
        draw::{Checked, Draw},
        form::{Form, Said},
        messages, parameters,
    },
    items,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// Tokens whose probabilities are told at each place.
const MAX_LIKELY: usize = 20;
/// What `include` may name without a change of the answer: nothing here is encrypted, and no search is run.
const INCLUDED: &[&str] = &["reasoning.encrypted_content", LOGPROBS];
const LOGPROBS: &str = "message.output_text.logprobs";
#[derive(Deserialize)]
pub(super) struct Request {
    input: Option<Value>,
    instructions: Option<String>,
    tools: Option<Vec<Value>>,
    tool_choice: Option<Value>,
    parallel_tool_calls: Option<bool>,
    text: Option<Text>,
    reasoning: Option<Reasoning>,
    max_output_tokens: Option<i64>,
    top_logprobs: Option<usize>,
    include: Option<Vec<String>>,
    truncation: Option<String>,
    background: Option<bool>,
    return_progress: Option<bool>,
    previous_response_id: Option<Value>,
    conversation: Option<Value>,
    metadata: Option<Map<String, Value>>,
    #[serde(flatten)]
    draw: Draw,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Deserialize)]
struct Text {
    format: Option<Value>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Deserialize)]
struct Reasoning {
    effort: Option<String>,
    /// Of what the model thought: `auto`, `concise` or `detailed`. Here it is always all of it.
    summary: Option<String>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// How a model is to think or write that nothing here can change, in its usual value.
fn is_usual(name: &str, value: &Value) -> bool {
    value.is_null() || (name, value.as_str()) == ("verbosity", Some("medium"))
}

impl Request {
    pub(super) fn model(&self) -> Option<&str> {
        self.draw.model.as_deref()
    }

    /// What the engine does not do is refused by name.
    pub(super) fn check(&self) -> Result<(), Problem> {
        if self.background == Some(true) {
            return Err(Problem::invalid("background", "an answer is written while its client waits for it"));
        }
        if self.truncation.as_deref().is_some_and(|how| how != "disabled") {
            let message = "nothing is left out silently: what does not fit is refused";
            return Err(Problem::invalid("truncation", message));
        }
        if self.draw.n.is_some_and(|n| n > 1) {
            return Err(Problem::invalid("n", "one answer is given to a request"));
        }
        let unknown = |name: &&String| !INCLUDED.contains(&name.as_str());
        if let Some(name) = self.include.as_ref().and_then(|names| names.iter().find(unknown)) {
            return Err(Problem::invalid("include", format!("'{name}' is not supported")));
        }
        for (name, earlier) in
            [("previous_response_id", &self.previous_response_id), ("conversation", &self.conversation)]
        {
            if earlier.as_ref().is_some_and(|earlier| !earlier.is_null()) {
                let message = "nothing of an answer is kept here: send the whole conversation as 'input'";
                return Err(Problem::invalid(name, message));
            }
        }
        for (group, rest) in [
            ("reasoning", self.reasoning.as_ref().map(|reasoning| &reasoning.rest)),
            ("text", self.text.as_ref().map(|text| &text.rest)),
        ] {
            let unknown = |(name, value): &(&String, &Value)| !is_usual(name, value);
            if let Some((name, _)) = rest.and_then(|rest| rest.iter().find(unknown)) {
                return Err(Problem::invalid(group, format!("'{name}' in {group} is not supported")));
            }
        }
        let summary = self.reasoning.as_ref().and_then(|reasoning| reasoning.summary.as_deref());
        if summary.is_some_and(|summary| !["auto", "concise", "detailed"].contains(&summary)) {
            return Err(Problem::invalid("reasoning", "its summary is 'auto', 'concise' or 'detailed'"));
        }
        parameters::check(&self.rest)
    }

    /// The chat, as the templates' own form has it.
    pub(super) fn chat(&self) -> Result<messages::Chat, Problem> {
        let all = items::messages(self.instructions.as_deref(), self.input.as_ref())?;
        if all.is_empty() {
            return Err(Problem::invalid("input", "a text, or a list of items, is needed"));
        }
        let (tools, choice) = self.tools()?;
        let none = choice.as_ref().is_some_and(|choice| choice == "none");
        let chat = messages::Chat::of(all, tools, none.then(|| "none".into()), Map::new());
        Ok(chat.thinking(self.reasoning.as_ref().and_then(|reasoning| reasoning.effort.clone())))
    }

    /// The form that the answer must have.
    pub(super) fn form(&self) -> Result<Form, Problem> {
        let (tools, choice) = self.tools()?;
        Form::read(&Said {
            response_format: self.text.as_ref().and_then(|text| text.format.as_ref()),
            tools: &tools,
            tool_choice: choice.as_ref(),
            parallel_tool_calls: self.parallel_tool_calls,
            ..Said::default()
        })
    }

    /// The tools in the form that templates know, those that may be called, and how.
    fn tools(&self) -> Result<(Vec<Value>, Option<Value>), Problem> {
        let mut tools = self.tools.iter().flatten().map(tool).collect::<Result<Vec<_>, _>>()?;
        let Some(choice) = self.tool_choice.as_ref().filter(|choice| !choice.is_null()) else {
            return Ok((tools, None));
        };
        let choice = match (choice["type"].as_str(), choice["name"].as_str()) {
            (Some("function"), Some(name)) => json!({"type": "function", "function": {"name": name}}),
            (Some("allowed_tools"), _) => {
                let allowed = |tool: &Value| {
                    let all = choice["tools"].as_array();
                    all.is_some_and(|all| all.iter().any(|one| one["name"] == tool["function"]["name"]))
                };
                tools.retain(allowed);
                choice["mode"].clone()
            }
            _ => choice.clone(),
        };
        Ok((tools, Some(choice)))
    }

    /// The most tokens to write.
    pub(super) fn limit(&self) -> Result<Option<usize>, Problem> {
        let Some(limit) = self.max_output_tokens else { return Ok(None) };
        let limit = usize::try_from(limit).ok().filter(|limit| *limit > 0);
        limit.map(Some).ok_or_else(|| Problem::invalid("max_output_tokens", "it is at least 1"))
    }

    /// For how many tokens at each place their probability is told.
    pub(super) fn likely(&self) -> Result<Option<usize>, Problem> {
        let asked = self.include.iter().flatten().any(|name| name == LOGPROBS);
        match self.top_logprobs {
            Some(n) if n > MAX_LIKELY => {
                Err(Problem::invalid("top_logprobs", format!("at most {MAX_LIKELY} are told")))
            }
            Some(n) if n > 0 || asked => Ok(Some(n)),
            _ => Ok(asked.then_some(0)),
        }
    }

    /// Whether what the model thinks is told as a summary.
    pub(super) fn summary(&self) -> bool {
        self.reasoning.as_ref().is_some_and(|reasoning| reasoning.summary.is_some())
    }

    /// Whether it is told how far the prompt is read.
    pub(super) fn progress(&self) -> bool {
        self.return_progress == Some(true)
    }

    pub(super) fn draw(&self) -> Result<Checked, Problem> {
        self.draw.check()
    }

    /// What an answer says of its request.
    pub(super) fn told(&self, draw: &Checked) -> Map<String, Value> {
        let reasoning = self.reasoning.as_ref();
        let effort = reasoning.and_then(|reasoning| reasoning.effort.as_deref());
        let summary = reasoning.and_then(|reasoning| reasoning.summary.as_deref());
        let format = self.text.as_ref().and_then(|text| text.format.clone()).filter(|format| !format.is_null());
        let told = json!({
            "background": false,
            "instructions": self.instructions,
            "max_output_tokens": self.max_output_tokens,
            "metadata": self.metadata.clone().unwrap_or_default(),
            "parallel_tool_calls": self.parallel_tool_calls.unwrap_or(true),
            "previous_response_id": null,
            "reasoning": {"effort": effort, "summary": summary},
            "store": false,
            "temperature": exact(draw.sampling.temperature),
            "text": {"format": format.unwrap_or_else(|| json!({"type": "text"}))},
            "tool_choice": self.tool_choice.clone().filter(|choice| !choice.is_null()).unwrap_or_else(|| "auto".into()),
            "tools": self.tools.clone().unwrap_or_default(),
            "top_logprobs": self.top_logprobs.unwrap_or(0),
            "top_p": exact(draw.sampling.top_p),
            "truncation": "disabled",
        });
        if let Value::Object(told) = told { told } else { Map::new() }
    }
}

/// A number as it was written: 0.8, and not the next that 32 bits hold.
fn exact(number: f32) -> f64 {
    number.to_string().parse().unwrap_or_else(|_| f64::from(number))
}

/// A tool in the form that templates know.
fn tool(tool: &Value) -> Result<Value, Problem> {
    if tool["type"] != "function" {
        let kind = tool["type"].as_str().unwrap_or_default();
        return Err(Problem::invalid("tools", format!("tools of the type '{kind}' are not supported")));
    }
    let mut function = Map::new();
    for name in ["name", "description", "parameters"] {
        if let Some(value) = tool.get(name).filter(|value| !value.is_null()) {
            function.insert(name.to_owned(), value.clone());
        }
    }
    Ok(json!({"type": "function", "function": function}))
}
