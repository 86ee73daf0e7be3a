//! Vectors of texts: `POST /v1/embeddings`.
//!
//! Beyond OpenAI's form, `input_type` ("query" or "document", also "passage", "search_query",
//! "search_document") puts before each text what the model was trained with for it, and `prompt_name` a prompt
//! of the model by name. Both only work on texts; tokens are taken as they are, special ones included. A text that is
//! longer than what the model reads is refused, unless `truncate` says that its end may be left out.

use super::{Problem, Shared, named, parse, prompts::Marked};
use crate::encoder::{Embedder, Input, Role, normalise};
use axum::{Json, body::Bytes, extract::rejection::BytesRejection};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde::Deserialize;
use serde_json::{Value, json};

/// Texts in one request.
const MAX_TEXTS: usize = 2048;

#[derive(Deserialize)]
struct Request {
    input: Inputs,
    model: Option<String>,
    #[serde(default)]
    encoding_format: Option<Format>,
    dimensions: Option<usize>,
    input_type: Option<String>,
    prompt_name: Option<String>,
    truncate: Option<bool>,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "a text, a list of texts, a list of tokens or a list of lists of tokens")]
enum Inputs {
    /// A list of numbers is the tokens of one text; an empty list is one of texts.
    Many(Vec<One>),
    Tokens(Vec<u32>),
    One(One),
}

/// A text or its tokens; llama-server's clients put a text into an object too.
#[derive(Deserialize)]
#[serde(untagged, expecting = "a text or a list of tokens")]
enum One {
    Text(String),
    Tokens(Vec<u32>),
    Marked(Marked),
    Parts { content: Vec<Part> },
}

/// A part of a content.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Part {
    Text { text: String },
}

impl One {
    /// Whether it is a text, before which a prompt can stand.
    fn is_text(&self) -> bool {
        !matches!(self, Self::Tokens(_))
    }

    fn input(self, prompt: &str, truncate: bool) -> Input {
        let text = match self {
            Self::Text(text) | Self::Marked(Marked { prompt_string: text }) => text,
            Self::Parts { content } => content.into_iter().map(|Part::Text { text }| text).collect(),
            Self::Tokens(tokens) => return Input::Tokens(tokens),
        };
        let text = if prompt.is_empty() { text } else { format!("{prompt}{text}") };
        if truncate { Input::Text(text) } else { Input::Whole(text) }
    }
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Format {
    #[default]
    Float,
    Base64,
}

pub(super) async fn embeddings(server: Shared, body: Result<Bytes, BytesRejection>) -> Result<Json<Value>, Problem> {
    let request: Request = parse(body)?;
    let embedder = server.embedder()?;
    named(request.model.as_deref(), &embedder.id)?;
    let cut = cut(request.dimensions, embedder)?;
    let prompt = prompt(&request, embedder)?;
    let inputs = inputs(request.input, prompt, request.truncate == Some(true))?;
    let mut embedded = embedder.embed(inputs).await?;
    for one in embedded.iter_mut().filter(|one| cut < one.vector.len()) {
        one.vector.truncate(cut);
        normalise(&mut one.vector);
    }
    let format = request.encoding_format.unwrap_or_default();
    let tokens: usize = embedded.iter().map(|e| e.tokens).sum();
    let data: Vec<Value> = embedded
        .iter()
        .enumerate()
        .map(|(index, e)| {
            let vector = match format {
                Format::Float => json!(e.vector),
                Format::Base64 => {
                    let bytes: Vec<u8> = e.vector.iter().flat_map(|x| x.to_le_bytes()).collect();
                    json!(BASE64_STANDARD.encode(bytes))
                }
            };
            json!({"object": "embedding", "index": index, "embedding": vector})
        })
        .collect();
    let usage = json!({"prompt_tokens": tokens, "total_tokens": tokens});
    Ok(Json(json!({"object": "list", "data": data, "model": embedder.id, "usage": usage})))
}

/// What llama-server's own form asks for.
#[derive(Deserialize)]
struct Own {
    #[serde(alias = "input")]
    content: Inputs,
    model: Option<String>,
    embd_normalize: Option<i64>,
    truncate: Option<bool>,
}

/// `POST /embedding` and `/embeddings`, in llama-server's own form: a list of vectors, each in a list of its own
/// because other poolings have one for each token.
pub(super) async fn own(server: Shared, body: Result<Bytes, BytesRejection>) -> Result<Json<Value>, Problem> {
    let request: Own = parse(body)?;
    if request.embd_normalize.is_some_and(|norm| norm != 2) {
        return Err(Problem::invalid("embd_normalize", "vectors have length 1, which is 2 here"));
    }
    let embedder = server.embedder()?;
    named(request.model.as_deref(), &embedder.id)?;
    let embedded = embedder.embed(inputs(request.content, "", request.truncate == Some(true))?).await?;
    let list = embedded.iter().enumerate().map(|(index, one)| json!({"index": index, "embedding": [one.vector]}));
    Ok(Json(list.collect()))
}

/// The texts to embed, each behind a prompt.
fn inputs(inputs: Inputs, prompt: &str, truncate: bool) -> Result<Vec<Input>, Problem> {
    let inputs: Vec<Input> = match inputs {
        Inputs::One(one) => vec![one.input(prompt, truncate)],
        Inputs::Tokens(tokens) => vec![Input::Tokens(tokens)],
        Inputs::Many(many) => many.into_iter().map(|one| one.input(prompt, truncate)).collect(),
    };
    if inputs.is_empty() || inputs.len() > MAX_TEXTS {
        return Err(Problem::invalid("input", format!("between 1 and {MAX_TEXTS} texts are taken at once")));
    }
    Ok(inputs)
}

/// How many numbers of each vector are given. A vector that is cut keeps its meaning only where the model was
/// trained for it.
fn cut(asked: Option<usize>, embedder: &Embedder) -> Result<usize, Problem> {
    match asked {
        None => Ok(embedder.width),
        Some(n) if n == embedder.width || embedder.cuts.contains(&n) => Ok(n),
        Some(_) if embedder.cuts.is_empty() => {
            Err(Problem::invalid("dimensions", format!("this model has {} dimensions", embedder.width)))
        }
        Some(_) => {
            let message = format!("this model has {} dimensions, or one of {:?}", embedder.width, embedder.cuts);
            Err(Problem::invalid("dimensions", message))
        }
    }
}

/// What is put before each text.
fn prompt<'a>(request: &Request, embedder: &'a Embedder) -> Result<&'a str, Problem> {
    let texts = match &request.input {
        Inputs::One(one) => one.is_text(),
        Inputs::Tokens(_) => false,
        Inputs::Many(many) => many.iter().all(One::is_text),
    };
    let prompts = &embedder.prompts;
    match (request.prompt_name.as_deref(), request.input_type.as_deref()) {
        (None, None) => Ok(if texts { prompts.default() } else { "" }),
        (Some(_), Some(_)) => Err(Problem::invalid("prompt_name", "give prompt_name or input_type, not both")),
        (Some(_), None) if !texts => Err(Problem::invalid("prompt_name", "a prompt goes before a text, not tokens")),
        (None, Some(_)) if !texts => Err(Problem::invalid("input_type", "a prompt goes before a text, not tokens")),
        (Some(name), None) => prompts.named(name).ok_or_else(|| {
            let names: Vec<&str> = prompts.names().collect();
            Problem::invalid("prompt_name", format!("this model's prompts are: {}", names.join(", ")))
        }),
        (None, Some("query" | "search_query")) => Ok(prompts.role(Role::Query)),
        (None, Some("document" | "passage" | "search_document")) => Ok(prompts.role(Role::Document)),
        (None, Some(_)) => Err(Problem::invalid("input_type", "the types are 'query' and 'document'")),
    }
}
