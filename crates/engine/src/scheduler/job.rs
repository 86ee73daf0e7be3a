//! What is asked of the model, and what it tells on the way.

use crate::{
    answer::{Answer, Piece},
    bias::Bias,
    error::EngineError,
    grammar::Grammar,
    sampling::Sampling,
};
use tokio::sync::mpsc::UnboundedSender;

/// A prompt to continue.
pub struct Job {
    /// The prompt's tokens, at least one and fewer than the context.
    pub prompt: Vec<u32>,
    /// How to draw.
    pub sampling: Sampling,
    /// What is likelier or less likely than the model says.
    pub bias: Bias,
    /// The most tokens to write; `None` up to the end of the context.
    pub limit: Option<usize>,
    /// For how many of the likeliest tokens, at each place, their probability is told besides the drawn one's;
    /// `None` where none is.
    pub likely: Option<usize>,
    /// The form that the answer must have, if any.
    pub grammar: Option<Grammar>,
    /// Where to stop and what to parse.
    pub answer: Answer,
    /// Where events go. Unbounded, so that a slow listener never holds up the model; the context
    /// bounds what can be in it.
    pub events: UnboundedSender<Event>,
    /// The request that asks, for traces.
    pub asked: tracing::Span,
}

/// What happens to a job.
#[derive(Debug)]
pub enum Event {
    /// Part of the prompt has been read.
    Reading(Reading),
    /// Part of the answer.
    Piece(Piece),
    /// How likely a written token was, if the job asked. Sent before what it says.
    Likely(Likely),
    /// The answer is complete. The last event.
    Done(Done),
    /// It could not be answered. The last event.
    Failed(EngineError),
}

/// How far the prompt has been read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// Tokens of the prompt.
    pub total: usize,
    /// Of these, known from texts before.
    pub cached: usize,
    /// Read so far, those included.
    pub done: usize,
    /// Time it took.
    pub ms: f64,
}

/// How likely a token was, before temperature and filters.
#[derive(Clone, Debug, PartialEq)]
pub struct Likely {
    /// The token that was drawn, and the natural logarithm of its probability.
    pub drawn: (u32, f32),
    /// The likeliest ones, in falling order.
    pub top: Vec<(u32, f32)>,
}

/// Why an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finish {
    /// The model was done, or met a stop string.
    Stop,
    /// The limit or the end of the context was met.
    Length,
}

/// What an answer took.
#[derive(Clone, Debug, PartialEq)]
pub struct Done {
    /// Why it ended.
    pub finish: Finish,
    /// The stop string that it met.
    pub stop: Option<String>,
    /// Tokens of the prompt.
    pub prompt: usize,
    /// Of these, known from texts before.
    pub cached: usize,
    /// Time to read the rest.
    pub prompt_ms: f64,
    /// Tokens written.
    pub written: usize,
    /// Time to write them.
    pub written_ms: f64,
    /// Tokens guessed from the text itself, and how many of them were what the model wrote.
    pub drafted: (usize, usize),
}
