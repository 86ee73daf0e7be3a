//! Texts that are gone on with, in llama-server's own form: `POST /completion`.

use super::{
    Problem, Shared,
    draw::{Checked, Draw, Wish},
    form::{Form, Said},
    named, parameters, parse,
    prompts::Prompts,
    reply::{progress, timings},
    stream::{line, together},
    tokens::blocking,
};
use crate::{
    answer::{Answer, Piece},
    error::EngineError,
    models::WAITING,
    scheduler::{Done, Event, Finish, Likely, Reading},
    tokenizer::Tokenizer,
};
use axum::{
    Json,
    body::Bytes,
    extract::rejection::BytesRejection,
    response::{
        IntoResponse, Response,
        sse::{KeepAlive, Sse},
    },
};
use futures::{StreamExt, stream};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// Tokens whose probabilities are told at each place.
const MAX_LIKELY: usize = 20;
/// Fields that a request may name.
const MAX_FIELDS: usize = 256;

#[derive(Deserialize)]
struct Request {
    prompt: Prompts,
    #[serde(flatten)]
    draw: Draw,
    n_predict: Option<i64>,
    max_tokens: Option<i64>,
    n_probs: Option<usize>,
    return_tokens: Option<bool>,
    return_progress: Option<bool>,
    response_fields: Option<Vec<String>>,
    json_schema: Option<Value>,
    grammar: Option<String>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// `POST /completion`.
pub(super) async fn completion(server: Shared, body: Result<Bytes, BytesRejection>) -> Result<Response, Problem> {
    let request: Request = parse(body)?;
    parameters::check(&request.rest)?;
    let draw = request.draw.check()?;
    let probabilities = request.n_probs.filter(|n| *n > 0);
    if probabilities.is_some_and(|n| n > MAX_LIKELY) {
        return Err(Problem::invalid("n_probs", format!("at most {MAX_LIKELY} are told")));
    }
    let fields = request.response_fields.unwrap_or_default();
    if fields.len() > MAX_FIELDS {
        return Err(Problem::invalid("response_fields", format!("at most {MAX_FIELDS} are taken")));
    }
    let chat = server.chat()?;
    named(request.draw.model.as_deref(), &chat.id)?;
    let (json_schema, grammar) = (request.json_schema.as_ref(), request.grammar.as_deref());
    let form = Form::read(&Said { json_schema, grammar, ..Said::default() })?;
    let several = request.prompt.count() > 1 || draw.choices > 1;
    if request.prompt.count() == 0 || request.prompt.count() * draw.choices as usize > WAITING {
        let message = format!("at least one prompt is taken, and at most {WAITING} answers to all of them");
        return Err(Problem::invalid("prompt", message));
    }
    let (tokenizer, grammars, context) = (chat.tokenizer.clone(), chat.grammars.clone(), chat.context);
    let (prompts, grammar) = blocking(move || {
        let prompts = request.prompt.read(&tokenizer, context)?;
        Ok((prompts, form.grammar(|| grammars.get(), None, false)?))
    })
    .await?;

    let limit = request.n_predict.or(request.max_tokens).and_then(|n| usize::try_from(n).ok());
    let tokens = request.return_tokens == Some(true) || draw.streamed;
    let likely = probabilities.or(tokens.then_some(0));
    let told = Told { tokens, probabilities, progress: request.return_progress == Some(true), fields };
    let settings = settings(&draw, limit, probabilities, &chat.id, context);
    let (model, tokenizer) = (chat.id.clone(), chat.tokenizer.clone());
    let mut reply = Reply { model, context, tokenizer, told, settings, all: Vec::new() };
    let mut received = Vec::new();
    for prompt in prompts {
        // As the model reads it, with the token that begins a text.
        let text = chat.tokenizer.decode(&prompt.tokens, true);
        let wish = Wish { prompt: prompt.tokens, limit, likely, grammar: grammar.clone() };
        let events = draw.submit(chat, &wish, || Answer::plain(draw.stops.clone()))?;
        reply.all.extend(events.iter().map(|_| One { prompt: text.clone(), ..One::default() }));
        received.extend(events);
    }
    let mut events = together(received);
    if !draw.streamed {
        while let Some((at, event)) = events.next().await {
            if let Event::Failed(error) = event {
                return Err(error.into());
            }
            if reply.take(at, event) {
                let mut all: Vec<Value> = (0..reply.all.len()).map(|at| reply.last(at, true)).collect();
                let body = if several { Value::Array(all) } else { all.swap_remove(0) };
                return Ok(Json(body).into_response());
            }
        }
        return Err(EngineError::Closing.into());
    }
    let lines = events.flat_map(move |(at, event)| {
        let told = match event {
            Event::Failed(error) => Some(Problem::from(&error).body()),
            Event::Reading(reading) => reply.told.progress.then(|| reply.reading(at, &reading)),
            event => {
                let over = matches!(event, Event::Done(_));
                reply.take(at, event);
                if over { Some(reply.last(at, false)) } else { reply.news(at) }
            }
        };
        stream::iter(told.iter().map(line).collect::<Vec<_>>())
    });
    Ok(Sse::new(lines).keep_alive(KeepAlive::default()).into_response())
}

/// What a request wants to be told.
struct Told {
    tokens: bool,
    probabilities: Option<usize>,
    progress: bool,
    fields: Vec<String>,
}

struct Reply {
    model: String,
    context: usize,
    tokenizer: Arc<Tokenizer>,
    told: Told,
    settings: Value,
    all: Vec<One>,
}

/// One continuation.
#[derive(Default)]
struct One {
    prompt: String,
    text: String,
    written: Vec<Likely>,
    done: Option<Done>,
    /// Bytes of text and tokens that have been streamed.
    sent: (usize, usize),
}

impl Reply {
    /// Takes what happened; true once all are done.
    fn take(&mut self, at: usize, event: Event) -> bool {
        let one = &mut self.all[at];
        match event {
            Event::Piece(Piece::Text(text) | Piece::Reasoning(text) | Piece::Arguments(text)) => {
                one.text.push_str(&text);
            }
            // A continuation has no calls: nothing is looked for in it.
            Event::Reading(_) | Event::Failed(_) | Event::Piece(Piece::Call { .. }) => {}
            Event::Likely(likely) => one.written.push(likely),
            Event::Done(done) => one.done = Some(done),
        }
        self.all.iter().all(|one| one.done.is_some())
    }

    /// The numbers of tokens from a place on.
    fn tokens(&self, at: usize, from: usize) -> Vec<u32> {
        if !self.told.tokens {
            return Vec::new();
        }
        self.all[at].written[from..].iter().map(|token| token.drawn.0).collect()
    }

    /// How likely the tokens from a place on were.
    fn probabilities(&self, at: usize, from: usize) -> Value {
        let form = |(id, logprob): &(u32, f32)| {
            let bytes = self.tokenizer.answer_bytes(*id);
            json!({"id": id, "token": String::from_utf8_lossy(bytes), "bytes": bytes, "logprob": logprob})
        };
        let tokens = self.all[at].written[from..].iter().map(|token| {
            let mut one = form(&token.drawn);
            one["top_logprobs"] = token.top.iter().map(form).collect();
            one
        });
        tokens.collect()
    }

    fn reading(&self, at: usize, reading: &Reading) -> Value {
        json!({"index": at, "content": "", "tokens": [], "stop": false, "prompt_progress": progress(reading)})
    }

    /// What was not streamed yet. Tokens wait for the text that they belong to.
    fn news(&mut self, at: usize) -> Option<Value> {
        let one = &self.all[at];
        let (text, written) = one.sent;
        if one.text.len() == text {
            return None;
        }
        let mut chunk = json!({
            "index": at,
            "content": one.text[text..],
            "tokens": self.tokens(at, written),
            "stop": false,
            "id_slot": -1,
        });
        if self.told.probabilities.is_some() {
            chunk["completion_probabilities"] = self.probabilities(at, written);
        }
        self.all[at].sent = (self.all[at].text.len(), self.all[at].written.len());
        Some(chunk)
    }

    /// A continuation that is done: all of it, or what closes its stream.
    fn last(&self, at: usize, whole: bool) -> Value {
        let one = &self.all[at];
        let Some(done) = &one.done else { return Value::Null };
        let (text, written) = if whole { (0, 0) } else { one.sent };
        let kind = match (done.finish, &done.stop) {
            (Finish::Length, _) => "limit",
            (Finish::Stop, Some(_)) => "word",
            (Finish::Stop, None) => "eos",
        };
        let mut body = json!({
            "index": at,
            "content": one.text[text..],
            "tokens": self.tokens(at, written),
            "id_slot": -1,
            "stop": true,
            "model": self.model,
            "tokens_predicted": done.written,
            "tokens_evaluated": done.prompt,
            "tokens_cached": done.cached,
            "generation_settings": self.settings,
            "prompt": one.prompt,
            "has_new_line": one.text.contains('\n'),
            // Nothing of a prompt is ever cut; an answer ends where the context does.
            "truncated": done.finish == Finish::Length && done.prompt + done.written >= self.context,
            "stop_type": kind,
            "stopping_word": done.stop.as_deref().unwrap_or_default(),
            "timings": timings(done),
        });
        if self.told.probabilities.is_some() {
            body["completion_probabilities"] = self.probabilities(at, written);
        }
        if self.told.fields.is_empty() { body } else { some(&body, &self.told.fields) }
    }
}

/// The fields of an answer that were asked for; `a/b` is what stands as `b` in `a`.
fn some(body: &Value, fields: &[String]) -> Value {
    let found = fields.iter().filter_map(|name| {
        let value = name.split('/').try_fold(body, |value, part| value.get(part))?;
        Some((name.clone(), value.clone()))
    });
    Value::Object(found.collect())
}

/// How an answer was asked for, with what stands for everything that was not said.
fn settings(draw: &Checked, limit: Option<usize>, probabilities: Option<usize>, model: &str, context: usize) -> Value {
    let limit = limit.map_or(json!(-1), |limit| json!(limit));
    json!({
        "n_ctx": context,
        "model": model,
        "n_predict": limit,
        "max_tokens": limit,
        "seed": draw.sampling.seed,
        "temperature": draw.sampling.temperature,
        "top_k": draw.sampling.top_k,
        "top_p": draw.sampling.top_p,
        "min_p": draw.sampling.min_p,
        "frequency_penalty": draw.bias.frequency,
        "presence_penalty": draw.bias.presence,
        "repeat_penalty": draw.bias.repeat,
        "repeat_last_n": i64::try_from(draw.bias.last).unwrap_or(-1),
        "ignore_eos": draw.ignore_eos,
        "n_probs": probabilities.unwrap_or(0),
        "stop": draw.stops,
        "stream": draw.streamed,
        "samplers": parameters::SAMPLERS,
    })
}

/// The settings of a request that says nothing.
pub(super) fn usual(model: &str, context: usize) -> Result<Value, Problem> {
    let draw = Draw { seed: Some(0), ..Draw::default() }.check()?;
    let mut settings = settings(&draw, None, None, model, context);
    // Each request draws its own.
    settings["seed"] = json!(-1);
    Ok(settings)
}
