//! Texts that are gone on with: `POST /v1/completions`, in OpenAI's older form.

use super::{
    Problem, Shared,
    draw::{Draw, Wish, random},
    form::{Form, Said},
    named, parameters, parse,
    prompts::Prompts,
    reply::{FINGERPRINT, timings},
    stream::{line, together},
    tokens::blocking,
};
use crate::{
    answer::{Answer, Piece},
    error::EngineError,
    models::WAITING,
    scheduler::{Done, Event, Finish, Likely},
    tokenizer::Tokenizer,
};
use axum::{
    Json,
    body::Bytes,
    extract::rejection::BytesRejection,
    response::{
        IntoResponse, Response,
        sse::{self, KeepAlive, Sse},
    },
};
use futures::{StreamExt, stream};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

/// Continuations in one request: they wait in the queue together.
const MAX_CHOICES: usize = WAITING;
/// Tokens whose probabilities are told at each place.
const MAX_LIKELY: usize = 20;
/// Tokens that are written unless told otherwise, as OpenAI has it.
const USUAL: i64 = 16;

#[derive(Deserialize)]
struct Request {
    prompt: Prompts,
    #[serde(flatten)]
    draw: Draw,
    max_tokens: Option<i64>,
    n_predict: Option<i64>,
    echo: Option<bool>,
    logprobs: Option<usize>,
    json_schema: Option<Value>,
    grammar: Option<String>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

pub(super) async fn completions(server: Shared, body: Result<Bytes, BytesRejection>) -> Result<Response, Problem> {
    let request: Request = parse(body)?;
    parameters::check(&request.rest)?;
    let (draw, echo, likely) = (request.draw.check()?, request.echo == Some(true), request.logprobs);
    if likely.is_some_and(|n| n > MAX_LIKELY) {
        return Err(Problem::invalid("logprobs", format!("at most {MAX_LIKELY} are told")));
    }
    if echo && likely.is_some() {
        return Err(Problem::invalid("echo", "the prompt's own probabilities are not told"));
    }
    let limit = usize::try_from(request.max_tokens.or(request.n_predict).unwrap_or(USUAL)).ok();
    let chat = server.chat()?;
    named(request.draw.model.as_deref(), &chat.id)?;
    let (json_schema, grammar) = (request.json_schema.as_ref(), request.grammar.as_deref());
    let form = Form::read(&Said { json_schema, grammar, ..Said::default() })?;
    let each = draw.choices as usize;
    if request.prompt.count() == 0 || request.prompt.count() * each > MAX_CHOICES {
        let message = format!("at least one prompt is taken, and at most {MAX_CHOICES} answers to all of them");
        return Err(Problem::invalid("prompt", message));
    }
    let (tokenizer, grammars, context) = (chat.tokenizer.clone(), chat.grammars.clone(), chat.context);
    let (prompts, grammar) = blocking(move || {
        let prompts = request.prompt.read(&tokenizer, context)?;
        Ok((prompts, form.grammar(|| grammars.get(), None, false)?))
    })
    .await?;

    let (mut received, mut choices) = (Vec::new(), Vec::new());
    for prompt in prompts {
        let echoed = if echo { prompt.text } else { String::new() };
        let wish = Wish { prompt: prompt.tokens, limit, likely, grammar: grammar.clone() };
        let events = draw.submit(chat, &wish, || Answer::plain(draw.stops.clone()))?;
        choices.extend(events.iter().map(|_| Choice::new(echoed.clone())));
        received.extend(events);
    }
    let created = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
    let id = format!("cmpl-{:016x}", random());
    let mut reply = Reply { id, model: chat.id.clone(), created, tokenizer: chat.tokenizer.clone(), choices, each };
    let mut events = together(received);
    if !draw.streamed {
        while let Some((at, event)) = events.next().await {
            if let Event::Failed(error) = event {
                return Err(error.into());
            }
            if reply.take(at, event) {
                return Ok(Json(reply.whole()).into_response());
            }
        }
        return Err(EngineError::Closing.into());
    }
    let usage = draw.usage;
    let lines = events.flat_map(move |(at, event)| {
        let mut lines = Vec::new();
        if let Event::Failed(error) = &event {
            lines.push(line(&Problem::from(error).body()));
        }
        let over = reply.take(at, event);
        let mut news = reply.news(at);
        if let Some(chunk) = news.as_mut().filter(|_| over && !usage) {
            chunk["timings"] = reply.timings();
        }
        lines.extend(news.map(|chunk| line(&chunk)));
        if over {
            if usage {
                let mut last = reply.base();
                last["choices"] = json!([]);
                last["usage"] = reply.usage();
                last["timings"] = reply.timings();
                lines.push(line(&last));
            }
            lines.push(Ok(sse::Event::default().data("[DONE]")));
        }
        stream::iter(lines)
    });
    Ok(Sse::new(lines).keep_alive(KeepAlive::default()).into_response())
}

struct Reply {
    id: String,
    model: String,
    created: u64,
    tokenizer: Arc<Tokenizer>,
    choices: Vec<Choice>,
    /// Choices of each prompt.
    each: usize,
}

/// One continuation, and how much of it has been streamed.
struct Choice {
    text: String,
    likely: Vec<Likely>,
    done: Option<Done>,
    told: (usize, usize, bool),
}

impl Choice {
    fn new(text: String) -> Self {
        Self { text, likely: Vec::new(), done: None, told: (0, 0, false) }
    }
}

impl Reply {
    /// Takes what happened to a choice; true once all are done.
    fn take(&mut self, at: usize, event: Event) -> bool {
        let choice = &mut self.choices[at];
        match event {
            Event::Piece(Piece::Text(text) | Piece::Reasoning(text) | Piece::Arguments(text)) => {
                choice.text.push_str(&text);
            }
            // A continuation has no calls: nothing is looked for in it.
            Event::Reading(_) | Event::Failed(_) | Event::Piece(Piece::Call { .. }) => {}
            Event::Likely(likely) => choice.likely.push(likely),
            Event::Done(done) => choice.done = Some(done),
        }
        self.choices.iter().all(|choice| choice.done.is_some())
    }

    fn base(&self) -> Value {
        json!({
            "id": self.id,
            "object": "text_completion",
            "created": self.created,
            "model": self.model,
            "system_fingerprint": FINGERPRINT,
        })
    }

    /// What of a choice lies behind so many bytes of text and so many tokens.
    fn choice(&self, at: usize, text: usize, likely: usize) -> Value {
        let choice = &self.choices[at];
        let finish = choice.done.as_ref().map(|done| match done.finish {
            Finish::Stop => "stop",
            Finish::Length => "length",
        });
        let (text, logprobs) = (&choice.text[text..], self.logprobs(&choice.likely, likely));
        json!({"text": text, "index": at, "logprobs": logprobs, "finish_reason": finish})
    }

    /// How likely the tokens from a place on were, each with where it begins in the continuation.
    fn logprobs(&self, all: &[Likely], from: usize) -> Value {
        if from == all.len() {
            return Value::Null;
        }
        let text = |id: u32| String::from_utf8_lossy(self.tokenizer.answer_bytes(id)).into_owned();
        let (mut offset, mut offsets) = (0, Vec::with_capacity(all.len()));
        for token in all {
            offsets.push(offset);
            offset += text(token.drawn.0).chars().count();
        }
        // The drawn token is always among them, also where it was not one of the likeliest.
        let top = |token: &Likely| -> Value {
            let likeliest = token.top.iter().chain([&token.drawn]);
            likeliest.map(|(id, logprob)| (text(*id), json!(logprob))).collect::<Map<_, _>>().into()
        };
        let told = &all[from..];
        json!({
            "tokens": told.iter().map(|token| text(token.drawn.0)).collect::<Vec<_>>(),
            "token_logprobs": told.iter().map(|token| token.drawn.1).collect::<Vec<_>>(),
            "top_logprobs": told.iter().map(top).collect::<Vec<_>>(),
            "text_offset": offsets[from..],
        })
    }

    /// What of a choice was not streamed yet, as a chunk.
    fn news(&mut self, at: usize) -> Option<Value> {
        let choice = &self.choices[at];
        let (text, likely, over) = choice.told;
        let now = (choice.text.len(), choice.likely.len(), choice.done.is_some());
        // Probabilities wait for the text that they belong to.
        if text == now.0 && over == now.2 {
            return None;
        }
        let mut chunk = self.base();
        chunk["choices"] = json!([self.choice(at, text, likely)]);
        self.choices[at].told = now;
        Some(chunk)
    }

    fn usage(&self) -> Value {
        let done = || self.choices.iter().filter_map(|choice| choice.done.as_ref());
        // The prompt of several choices counts once.
        let first = || done().step_by(self.each.max(1));
        let (prompt, cached): (usize, usize) =
            (first().map(|one| one.prompt).sum(), first().map(|one| one.cached).sum());
        let written: usize = done().map(|done| done.written).sum();
        json!({
            "prompt_tokens": prompt,
            "completion_tokens": written,
            "total_tokens": prompt + written,
            "prompt_tokens_details": {"cached_tokens": cached},
        })
    }

    /// What the first choice took.
    fn timings(&self) -> Value {
        self.choices.iter().find_map(|choice| choice.done.as_ref()).map_or(Value::Null, timings)
    }

    fn whole(&self) -> Value {
        let mut body = self.base();
        body["choices"] = (0..self.choices.len()).map(|at| self.choice(at, 0, 0)).collect();
        body["usage"] = self.usage();
        body["timings"] = self.timings();
        body
    }
}
