//! What requests for text have in common: how tokens are drawn, where an answer stops, how it is sent.

use super::Problem;
use crate::{
    answer::Answer,
    error::{EngineError, Result},
    grammar::Grammar,
    models::Chat,
    sampling::Sampling,
    scheduler::{Event, Job},
};
use serde::Deserialize;
use std::hash::{BuildHasher, Hasher, RandomState};
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
    pub n: Option<u32>,
    pub model: Option<String>,
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
    pub stops: Vec<String>,
    pub choices: u32,
    pub streamed: bool,
    pub usage: bool,
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
            seed: self.seed.and_then(|s| u64::try_from(s).ok()).unwrap_or_else(random),
        };
        sampling.check()?;
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
        Ok(Checked { sampling, stops, choices, streamed: self.stream == Some(true), usage })
    }
}

/// A prompt and what is asked of its answer beside the draw.
pub(super) struct Wish {
    pub prompt: Vec<u32>,
    pub limit: Option<usize>,
    pub likely: Option<usize>,
    pub grammar: Option<Grammar>,
}

impl Checked {
    /// Queues a job for each choice; `answer` makes what reads the choice's bytes. Where the queue is full for
    /// one, the others end, because nobody listens to them.
    pub(super) fn submit(
        &self,
        chat: &Chat,
        wish: &Wish,
        answer: impl Fn() -> Answer,
    ) -> Result<Vec<UnboundedReceiver<Event>>> {
        let choice = |number: u32| {
            let (events, received) = unbounded_channel();
            // Each choice has a sequence of its own; the first has the one that it would have alone.
            let seed = self.sampling.seed.wrapping_add(u64::from(number));
            chat.scheduler.submit(Job {
                prompt: wish.prompt.clone(),
                sampling: Sampling { seed, ..self.sampling },
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

/// A number nobody can foretell, from the keys that the standard library draws for hash maps.
pub(super) fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}
