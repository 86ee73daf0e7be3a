//! The prompt a chat becomes, by the template in the model's own file.

mod guard;
mod json;
mod limits;
mod looks;
mod shield;

use crate::{
    answer::{Answer, Form},
    error::{EngineError, Result},
    gguf::Gguf,
    tokenizer::{Special, Tokenizer},
    untrusted::survive,
};
use minijinja::{
    AutoEscape, Environment, Error, ErrorKind, context,
    machinery::{CodeGenerator, Vm, WhitespaceConfig, make_string_output, parse},
    syntax::SyntaxConfig,
};
use serde_json::Value;
use shield::Shield;
use std::collections::HashSet;

/// Instructions one rendering may take: a chat of thousands of messages takes a few million.
const FUEL: u64 = 50_000_000;
/// The longest template, in bytes.
const MAX_TEMPLATE: usize = 1 << 20;
/// How deep macros and includes may nest.
const MAX_DEPTH: usize = 64;

/// A model's chat template.
pub struct ChatTemplate {
    source: String,
    environment: Environment<'static>,
    shield: Shield,
    bos: String,
    eos: String,
    calls: Option<Form>,
    /// What it takes from the request, beside what it sets itself.
    asks: HashSet<String>,
}

/// A rendered chat. Text that came in messages can name no control token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prompt {
    parts: Vec<(String, Special)>,
}

impl Prompt {
    /// The parts with the way in which each is to be tokenized.
    #[must_use]
    pub fn parts(&self) -> Vec<(&str, Special)> {
        self.parts.iter().map(|(text, special)| (text.as_str(), *special)).collect()
    }
    /// The prompt as one text.
    #[must_use]
    pub fn text(&self) -> String {
        self.parts.iter().map(|(text, _)| text.as_str()).collect()
    }
    /// The prompt with the beginning of the answer after it; no control token can be in that.
    #[must_use]
    pub fn followed_by(mut self, begun: String) -> Self {
        self.parts.push((begun, Special::Plain));
        self
    }
    /// Whether the template has opened a thought for the model to go on with.
    #[must_use]
    pub fn opens_reasoning(&self) -> bool {
        self.parts.last().is_some_and(|(text, _)| Answer::reasoning_opened_by(text))
    }
}

impl ChatTemplate {
    /// The template of a file; `None` if the file has none.
    pub fn open(file: &Gguf, tokenizer: &Tokenizer) -> Result<Option<Self>> {
        let Some(source) = file.text("tokenizer.chat_template") else { return Ok(None) };
        if source.len() > MAX_TEMPLATE {
            return Err(file.malformed(format!("its chat template has {} bytes", source.len())));
        }
        Self::new(source, tokenizer.bos_text(), tokenizer.eos_text(), tokenizer.control_texts()).map(Some)
    }

    pub(crate) fn new(source: &str, bos: String, eos: String, control: impl Iterator<Item = String>) -> Result<Self> {
        let mut environment = Environment::new();
        environment.set_trim_blocks(true);
        environment.set_lstrip_blocks(true);
        environment.set_fuel(Some(FUEL));
        environment.set_recursion_limit(MAX_DEPTH);
        limits::install(&mut environment);
        looks::install(&mut environment);
        environment.add_filter("tojson", json::filter);
        environment.add_function("raise_exception", |message: String| -> Result<String, Error> {
            Err(Error::new(ErrorKind::InvalidOperation, message))
        });
        // Python cannot iterate over None, and templates ask this before they count.
        environment.add_test("iterable", |value: &minijinja::Value| !value.is_none() && value.try_iter().is_ok());
        environment.add_function("strftime_now", now);
        let source = without_generation(source);
        guard::check(&source).map_err(|e| failed(&e))?;
        survive(|| environment.add_template_owned("chat", source.clone()))
            .ok_or_else(|| EngineError::Template("it cannot be compiled".to_owned()))?
            .map_err(|e| failed(&e))?;
        let asks = environment.get_template("chat").map(|template| template.undeclared_variables(false));
        let asks = asks.unwrap_or_default();
        let calls = Form::of_template(&source).filter(|_| asks.contains("tools"));
        Ok(Self { source, environment, shield: Shield::new(control)?, bos, eos, calls, asks })
    }

    /// The form in which the model calls tools; `None` if the template does not tell it about tools, or
    /// teaches a form that is not read here.
    #[must_use]
    pub fn calls(&self) -> Option<Form> {
        self.calls
    }
    /// The template itself.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether it takes a variable of this name from the request.
    #[must_use]
    pub fn asks(&self, name: &str) -> bool {
        self.asks.contains(name)
    }

    /// Whether the model can use tools here.
    #[must_use]
    pub fn tools(&self) -> bool {
        self.calls.is_some()
    }

    /// The prompt for a chat. `extra` holds what a request adds for the template alone.
    pub fn render(&self, mut messages: Value, tools: Option<Value>, generation: bool, extra: &Value) -> Result<Prompt> {
        self.shield.hide(&mut messages);
        let tools = tools.map(|mut tools| {
            self.shield.hide(&mut tools);
            tools
        });
        let root = context! {
            messages,
            tools,
            add_generation_prompt => generation,
            bos_token => self.bos,
            eos_token => self.eos,
            ..minijinja::Value::from_serialize(extra)
        };
        // What a template does must not end the process, whatever the library makes of it: of `''[::-1]` a panic.
        let rendered = survive(|| self.run(root))
            .ok_or_else(|| EngineError::Template("it does what cannot be done".to_owned()))?
            .map_err(|e| failed(&e))?;
        Ok(Prompt { parts: self.shield.reveal(&rendered) })
    }
}

impl ChatTemplate {
    /// Runs the template with its measuring calls in place.
    fn run(&self, root: minijinja::Value) -> Result<String, Error> {
        let blanks = WhitespaceConfig { keep_trailing_newline: false, lstrip_blocks: true, trim_blocks: true };
        let tree = parse(&self.source, "chat", SyntaxConfig::default(), blanks)?;
        let mut generator = CodeGenerator::new("chat", &self.source);
        generator.compile_stmt(&tree);
        let (instructions, blocks) = generator.finish();
        let blocks = blocks.iter().map(|(name, block)| (*name, guard::guarded(block))).collect();
        let mut out = String::new();
        limits::begin();
        Vm::new(&self.environment).eval(
            &guard::guarded(&instructions),
            root,
            &blocks,
            &mut make_string_output(&mut out),
            AutoEscape::None,
        )?;
        Ok(out)
    }
}

/// The template without transformers' `{% generation %}`, which marks the model's own words for training
/// and writes nothing: a block that is always taken stands in its place, with the same care for blanks.
fn without_generation(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    while let Some((before, after)) = rest.split_once("{%") {
        out.push_str(before);
        out.push_str("{%");
        let (tag, _) = after.split_once("%}").unwrap_or((after, ""));
        let word = tag.trim_matches(|c: char| c == '-' || c == '+' || c.is_whitespace());
        rest = after;
        for (name, other) in [("generation", "if true"), ("endgeneration", "endif")] {
            if word == name {
                out.push_str(&tag.replacen(name, other, 1));
                rest = &after[tag.len()..];
            }
        }
    }
    out + rest
}

/// The error with its causes: templates explain themselves in the innermost one.
fn failed(error: &Error) -> EngineError {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    EngineError::Template(text)
}

/// Today, in the form that templates ask for.
fn now(format: String) -> Result<String, Error> {
    written(time::OffsetDateTime::now_utc(), &format)
}

/// A day in a form of C's `strftime`.
fn written(day: time::OffsetDateTime, format: &str) -> Result<String, Error> {
    let wrong = |e: String| Error::new(ErrorKind::InvalidOperation, e);
    let parsed = time::format_description::parse_strftime_owned(format).map_err(|e| wrong(e.to_string()))?;
    day.format(&parsed).map_err(|e| wrong(e.to_string()))
}

#[cfg(test)]
mod tests;
