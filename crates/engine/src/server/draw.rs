//! What requests for text have in common: how tokens are drawn, where an answer stops, how it is sent.

use super::Problem;
use crate::{
    answer::Answer,
    bias::{Bias, MAX_NAMED},
    error::{EngineError, Result},
    grammar::Grammar,
    models::Chat,
    sampling::Sampling,
    scheduler::{Event, Job},
    tokenizer::{Special, Tokenizer},
};
use serde::Deserialize;
use serde_json::Value;
use std::{
    hash::{BuildHasher, Hasher, RandomState},
    sync::Arc,
};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// Answers to one request.
const MAX_CHOICES: u32 = 8;
/// Stop strings in one request, and the longest one.
const MAX_STOPS: (usize, usize) = (16, 256);

/// The parameters of a request that say how tokens are drawn and sent.
#[derive(Default, Deserialize)]
pub(super) struct Draw {
    pub stream: Option<bool>,
    pub stream_options: Option<StreamOptions>,
    pub temperature: Option<f32>,
    pub top_p: Option<f32>,
    pub top_k: Option<i64>,
    pub min_p: Option<f32>,
    pub seed: Option<i64>,
    pub stop: Option<Stop>,
    #[serde(alias = "n_cmpl")]
    pub n: Option<u32>,
    pub model: Option<String>,
    pub frequency_penalty: Option<f32>,
    pub presence_penalty: Option<f32>,
    #[serde(alias = "repetition_penalty")]
    pub repeat_penalty: Option<f32>,
    pub repeat_last_n: Option<i64>,
    pub logit_bias: Option<Value>,
    pub ignore_eos: Option<bool>,
}

#[derive(Deserialize)]
pub(super) struct StreamOptions {
    include_usage: Option<bool>,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "a text or a list of texts")]
pub(super) enum Stop {
    One(String),
    Many(Vec<String>),
}

/// The draw of a request after its values were checked.
#[derive(Clone)]
pub(super) struct Checked {
    pub sampling: Sampling,
    pub bias: Bias,
    /// Tokens by number or text, and what is added to their logits: texts are read once a model is there.
    named: Vec<(Named, f32)>,
    pub ignore_eos: bool,
    pub stops: Vec<String>,
    pub choices: u32,
    pub streamed: bool,
    pub usage: bool,
}

/// How a request names tokens.
#[derive(Clone, Debug, PartialEq)]
enum Named {
    Token(u32),
    Text(String),
}

impl Draw {
    /// Stops at these texts.
    pub(super) fn stop_at(&mut self, stops: Vec<String>) {
        self.stop = Some(Stop::Many(stops));
    }

    /// The values, if all are in their ranges.
    pub(super) fn check(&self) -> std::result::Result<Checked, Problem> {
        let choices = self.n.unwrap_or(1);
        if !(1..=MAX_CHOICES).contains(&choices) {
            return Err(Problem::invalid("n", format!("between 1 and {MAX_CHOICES} answers are given to a request")));
        }
        // The defaults are llama-server's.
        let sampling = Sampling {
            temperature: self.temperature.unwrap_or(0.8),
            top_p: self.top_p.unwrap_or(0.95),
            top_k: self.top_k.map_or(40, |k| usize::try_from(k).unwrap_or(0)),
            min_p: self.min_p.unwrap_or(0.05),
            seed: self.seed.and_then(|s| u64::try_from(s).ok()).unwrap_or_else(seed),
        };
        sampling.check()?;
        let usual = Bias::default();
        let bias = Bias {
            frequency: self.frequency_penalty.unwrap_or(usual.frequency),
            presence: self.presence_penalty.unwrap_or(usual.presence),
            repeat: self.repeat_penalty.unwrap_or(usual.repeat),
            // Less than none is the whole text, as in llama.cpp.
            last: self.repeat_last_n.map_or(usual.last, |n| usize::try_from(n).unwrap_or(usize::MAX)),
            ..usual
        };
        bias.check()?;
        let named = self.logit_bias.as_ref().map(named).transpose()?.unwrap_or_default();
        let ignore_eos = self.ignore_eos == Some(true);
        let stops = match &self.stop {
            None => Vec::new(),
            Some(Stop::One(stop)) => vec![stop.clone()],
            Some(Stop::Many(stops)) => stops.clone(),
        };
        if stops.len() > MAX_STOPS.0 || stops.iter().any(|s| s.len() > MAX_STOPS.1) {
            let message = format!("at most {} stop strings of {} bytes are taken", MAX_STOPS.0, MAX_STOPS.1);
            return Err(Problem::invalid("stop", message));
        }
        let usage = self.stream_options.as_ref().is_some_and(|options| options.include_usage == Some(true));
        let streamed = self.stream == Some(true);
        Ok(Checked { sampling, bias, named, ignore_eos, stops, choices, streamed, usage })
    }
}

/// The tokens of a `logit_bias`: OpenAI's object of numbers of tokens, or llama-server's list of pairs, where a token
/// may be a text and `false` forbids it.
fn named(value: &Value) -> std::result::Result<Vec<(Named, f32)>, Problem> {
    let wrong = || {
        Problem::invalid("logit_bias", "it names tokens and adds between -100 and 100 to each, or false to forbid it")
    };
    let token = |value: &Value| match value {
        Value::String(text) => Some(text.parse().map_or_else(|_| Named::Text(text.clone()), Named::Token)),
        Value::Number(number) => number.as_u64().and_then(|id| u32::try_from(id).ok()).map(Named::Token),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    #[allow(clippy::cast_possible_truncation, reason = "between -100 and 100")]
    let more = |value: &Value| match value {
        Value::Bool(false) => Some(f32::NEG_INFINITY),
        other => other.as_f64().filter(|more| (-100.0..=100.0).contains(more)).map(|more| more as f32),
    };
    let pairs: Option<Vec<(Named, f32)>> = match value {
        Value::Object(map) => {
            map.iter().map(|(id, value)| Some((token(&Value::String(id.clone()))?, more(value)?))).collect()
        }
        Value::Array(list) => list
            .iter()
            .map(|pair| match pair.as_array().map(Vec::as_slice) {
                Some([id, value]) => Some((token(id)?, more(value)?)),
                _ => None,
            })
            .collect(),
        Value::Null => Some(Vec::new()),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    };
    pairs.filter(|pairs| pairs.len() <= MAX_NAMED).ok_or_else(wrong)
}

/// A prompt and what is asked of its answer beside the draw.
pub(super) struct Wish {
    pub prompt: Vec<u32>,
    pub limit: Option<usize>,
    pub likely: Option<usize>,
    pub grammar: Option<Grammar>,
}

impl Checked {
    /// What is likelier or less likely than a model says, in its tokens.
    fn bias(&self, tokenizer: &Tokenizer) -> Result<Bias> {
        let mut all = Vec::new();
        for (named, more) in &self.named {
            match named {
                Named::Token(token) if (*token as usize) < tokenizer.len() => all.push((*token, *more)),
                Named::Token(token) => {
                    let message = format!("there is no token {token}: this model has {}", tokenizer.len());
                    return Err(EngineError::Invalid { param: "logit_bias", message });
                }
                Named::Text(text) => {
                    let tokens = tokenizer.encode(&[(text, Special::Plain)], false)?;
                    all.extend(tokens.into_iter().map(|token| (token, *more)));
                }
            }
        }
        if self.ignore_eos {
            let ends = (0u32..).take(tokenizer.len()).filter(|token| tokenizer.is_end(*token));
            all.extend(ends.map(|token| (token, f32::NEG_INFINITY)));
        }
        Ok(Bias { named: Arc::from(all), ..self.bias.clone() })
    }

    /// Queues a job for each choice; `answer` makes what reads the choice's bytes. Where the queue is full for
    /// one, the others end, because nobody listens to them.
    pub(super) fn submit(
        &self,
        chat: &Chat,
        wish: &Wish,
        answer: impl Fn() -> Answer,
    ) -> Result<Vec<UnboundedReceiver<Event>>> {
        let bias = self.bias(&chat.tokenizer)?;
        let choice = |number: u32| {
            let (events, received) = unbounded_channel();
            // Each choice has a sequence of its own; the first has the one that it would have alone.
            let seed = self.sampling.seed.wrapping_add(u64::from(number));
            chat.scheduler.submit(Job {
                prompt: wish.prompt.clone(),
                sampling: Sampling { seed, ..self.sampling },
                bias: bias.clone(),
                limit: wish.limit,
                likely: wish.likely,
                grammar: wish.grammar.clone(),
                answer: answer(),
                events,
                asked: tracing::Span::current(),
            })?;
            Ok(received)
        };
        (0..self.choices).map(choice).collect()
    }
}

/// One position of the context must be left for the answer.
pub(super) fn check_room(prompt: &[u32], context: usize) -> Result<()> {
    if prompt.len() < context { Ok(()) } else { Err(EngineError::ContextFull { asked: prompt.len(), context }) }
}

/// A seed for a request that names none: short enough for every client that reads it back, whatever its numbers.
fn seed() -> u64 {
    random() >> 32
}

/// A number nobody can foretell, from the keys that the standard library draws for hash maps.
pub(super) fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn biases_come_in_two_forms() {
        let text = |text: &str| Named::Text(text.to_owned());
        for (value, expected) in [
            (json!({"15": 2, "7": -100}), Some(vec![(Named::Token(15), 2.0), (Named::Token(7), -100.0)])),
            (
                json!([[15, 1.5], ["sea", -1], ["7", false]]),
                Some(vec![(Named::Token(15), 1.5), (text("sea"), -1.0), (Named::Token(7), f32::NEG_INFINITY)]),
            ),
            (json!({}), Some(vec![])),
            (json!({"15": 101}), None),
            (json!({"15": true}), None),
            (json!([[15]]), None),
            (json!([[-1, 1]]), None),
            (json!("15"), None),
        ] {
            assert_eq!(named(&value).ok(), expected, "{value}");
        }
    }
}
