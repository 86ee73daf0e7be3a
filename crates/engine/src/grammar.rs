//! Which tokens may come next? Where an answer must have a form, only those that the form allows.
//!
//! llguidance computes the mask: an Earley parser over the bytes of the answer, walked along the trie of all
//! tokens. A schema or a grammar comes from a client and is untrusted: its size and the work on it are limited.

mod gbnf;
mod tools;

pub use tools::{Asked, Tool};

use crate::{
    answer::Form,
    error::{EngineError, Result},
    tokenizer::Tokenizer,
    untrusted::survive,
};
use llguidance::{JsonCompileOptions, Matcher, ParserFactory, api::TopLevelGrammar, toktrie};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, PoisonError};
use toktrie::{ApproximateTokEnv, TokRxInfo, TokTrie};

/// The longest schema or grammar, in bytes.
const LONGEST: usize = 1 << 20;
/// How deep a schema or a grammar may be nested.
const DEEPEST: usize = 128;
/// White space between the parts of JSON.
const WHITE: &str = r"\n?[ \t]{0,32}";
/// How much of an explanation is passed on.
const EXPLAINED: usize = 500;
/// Marks the texts of control tokens, which no text of an answer can spell: this byte is in no UTF-8.
const CONTROL: u8 = 0xFF;

/// What grammars need to know of a model's tokens. Built once for a model.
pub struct Grammars {
    factory: ParserFactory,
    ends: Vec<u32>,
}

/// The grammars of a model, built when the first one is asked for: that takes some 150 ms and 10 MB.
pub struct Lazy {
    tokenizer: Arc<Tokenizer>,
    vocab: usize,
    built: Mutex<Option<Arc<Grammars>>>,
}

impl Lazy {
    /// For a model whose logits have `vocab` values.
    #[must_use]
    pub fn new(tokenizer: Arc<Tokenizer>, vocab: usize) -> Self {
        Self { tokenizer, vocab, built: Mutex::new(None) }
    }

    /// The grammars. Whoever asks first builds them; others wait.
    pub fn get(&self) -> Result<Arc<Grammars>> {
        let mut built = self.built.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(grammars) = &*built {
            return Ok(grammars.clone());
        }
        let grammars = Arc::new(Grammars::new(&self.tokenizer, self.vocab)?);
        Ok(built.insert(grammars).clone())
    }
}

/// The form of one answer, and how far it has come.
pub struct Grammar {
    matcher: Matcher,
    ends: Vec<u32>,
    /// The parameter that asked for it.
    param: &'static str,
}

impl Grammars {
    /// The tokens of a model whose logits have `vocab` values.
    pub fn new(tokenizer: &Tokenizer, vocab: usize) -> Result<Self> {
        let count = u32::try_from(vocab).map_err(|_| EngineError::Compute("too many tokens".to_owned()))?;
        let ends: Vec<u32> = (0..count).filter(|id| tokenizer.is_end(*id)).collect();
        let Some(end) = ends.first() else {
            return Err(EngineError::Compute("no token of this model ends an answer".to_owned()));
        };
        let words: Vec<Vec<u8>> = (0..count)
            .map(|id| match tokenizer.answer_bytes(id) {
                // Tokens without a text, and those behind the vocabulary, have no word and are never allowed.
                [] => [&[CONTROL], tokenizer.decode(&[id], true).as_bytes()].concat(),
                bytes => bytes.to_vec(),
            })
            .map(|word| if word == [CONTROL] { Vec::new() } else { word })
            .collect();
        let trie = TokTrie::from(&TokRxInfo::new(count, *end), &words);
        let tokens: toktrie::TokEnv = Arc::new(ApproximateTokEnv::new(trie));
        let mut factory = ParserFactory::new_simple(&tokens).map_err(|e| EngineError::Compute(e.to_string()))?;
        factory.quiet();
        factory.limits_mut().verbose_errors = false;
        Ok(Self { factory, ends })
    }

    /// JSON that fits a schema. `param` names the parameter it came in, for an error.
    pub fn of_schema(&self, schema: &Value, param: &'static str) -> Result<Grammar> {
        check(&schema.to_string(), param)?;
        self.compile(TopLevelGrammar::from_json_schema(bounded(schema)), param)
    }

    /// The same behind a thought, which the answer begins with and closes.
    pub fn after_a_thought(&self, schema: &Value, param: &'static str) -> Result<Grammar> {
        check(&schema.to_string(), param)?;
        self.of_lark(&tools::after_a_thought(schema), param)
    }

    /// Calls of tools in the form of a model, in an answer that is otherwise free or must be nothing else.
    pub fn of_tools(&self, form: Form, tools: &[Tool], asked: Asked) -> Result<Grammar> {
        self.of_lark(&tools::lark(form, tools, asked), "tools")
    }

    /// A grammar in llguidance's dialect of Lark.
    pub fn of_lark(&self, grammar: &str, param: &'static str) -> Result<Grammar> {
        check(grammar, param)?;
        self.compile(TopLevelGrammar::from_lark(grammar.to_owned()), param)
    }

    /// A grammar in llama.cpp's form, GBNF.
    pub fn of_gbnf(&self, grammar: &str, param: &'static str) -> Result<Grammar> {
        if grammar.len() > LONGEST {
            let message = format!("it has {} bytes; at most {LONGEST} are taken", grammar.len());
            return Err(EngineError::Invalid { param, message });
        }
        let lark = gbnf::to_lark(grammar);
        let lark = lark.map_err(|wrong| EngineError::Invalid { param, message: wrong.to_string() })?;
        self.compile(TopLevelGrammar::from_lark(lark), param)
    }

    fn compile(&self, grammar: TopLevelGrammar, param: &'static str) -> Result<Grammar> {
        let refused = |what: &str| refused(param, what);
        // What a client sends must not end the process, whatever a library makes of it.
        let parser = survive(|| self.factory.create_parser(grammar))
            .ok_or_else(|| refused("it cannot be compiled"))?
            .map_err(|error| refused(&format!("{error:#}")))?;
        let mut matcher = Matcher::new(Ok(parser));
        // Some grammars fail only when they are first used.
        matcher.compute_mask_or_eos().map_err(|error| refused(&format!("{error:#}")))?;
        Ok(Grammar { matcher, ends: self.ends.clone(), param })
    }
}

/// Why no answer can be held to what was asked for, in one line.
fn refused(param: &'static str, what: &str) -> EngineError {
    let lines = what.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('<'));
    let what = match lines.collect::<Vec<_>>().join(" ") {
        // What llguidance calls a form that is defined by nothing but itself.
        what if what == "NoExtensionBias" => "it refers to itself and to nothing else".to_owned(),
        what if what.contains("Current row has") => "it is too large; optional properties take most".to_owned(),
        what => what.chars().take(EXPLAINED).collect(),
    };
    EngineError::Invalid { param, message: format!("no answer can be held to {param}: {what}") }
}

/// A schema whose JSON has some white space, but not without end: a small model would write nothing else.
fn bounded(schema: &Value) -> Value {
    let mut schema = match schema {
        Value::Object(_) => schema.clone(),
        // `true` and `false` are schemas as well.
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            json!({"allOf": [schema]})
        }
    };
    JsonCompileOptions { whitespace_pattern: Some(WHITE.to_owned()), ..JsonCompileOptions::default() }
        .apply_to(&mut schema);
    schema
}

/// Compilers descend into what is nested: its depth is bounded like its length.
fn check(text: &str, param: &'static str) -> Result<()> {
    let refused = |message: String| Err(EngineError::Invalid { param, message });
    if text.len() > LONGEST {
        return refused(format!("it has {} bytes; at most {LONGEST} are taken", text.len()));
    }
    let (mut depth, mut deepest) = (0usize, 0);
    for byte in text.bytes() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    if deepest > DEEPEST {
        return refused(format!("it is nested {deepest} deep; at most {DEEPEST} are taken"));
    }
    Ok(())
}

impl Clone for Grammar {
    fn clone(&self) -> Self {
        Self { matcher: self.matcher.deep_clone(), ends: self.ends.clone(), param: self.param }
    }
}

impl Grammar {
    /// Makes the tokens impossible that the form does not allow next.
    pub fn mask(&mut self, logits: &mut [f32]) -> Result<()> {
        // Some forms turn out to be too large only where their large part begins.
        let mask = self.matcher.compute_mask_or_eos().map_err(|error| refused(self.param, &format!("{error:#}")))?;
        let ended = self.ends.iter().any(|end| mask.is_allowed(*end));
        for (id, logit) in (0u32..).zip(logits.iter_mut()) {
            if !(mask.is_allowed(id) || ended && self.ends.contains(&id)) {
                *logit = f32::NEG_INFINITY;
            }
        }
        Ok(())
    }

    /// Goes on with a token that was allowed. True if nothing can follow: the answer is complete.
    pub fn accept(&mut self, token: u32) -> Result<bool> {
        let token = if self.ends.contains(&token) { self.ends[0] } else { token };
        self.matcher.consume_token(token).map_err(|error| refused(self.param, &format!("{error:#}")))?;
        Ok(self.matcher.is_stopped())
    }
}
