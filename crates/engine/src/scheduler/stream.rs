//! One answer on its way: how much of its text has been read, what has been written, when it ends.

use super::{
    draft::Draft,
    job::{Done, Event, Finish, Job, Likely, Reading},
};
use crate::{arch::KvCache, error::Result, sampling::Sampler, tokenizer::Tokenizer};
use std::time::Instant;

/// An answer under way. Its text is the prompt and what was written; the last token of it has not been read.
pub(super) struct Stream {
    pub job: Job,
    pub text: Vec<u32>,
    pub cache: KvCache,
    /// Later jobs have a higher number.
    pub arrived: u64,
    /// Whether it was looked up what of the text is known already.
    pub begun: bool,
    /// Whether its text is not to be kept when it ends: words were erased meanwhile that may be in it.
    pub forgotten: bool,
    /// Tokens of the prompt, and how many of them were known.
    prompt: usize,
    cached: Option<usize>,
    /// The most tokens to write.
    limit: usize,
    written: usize,
    pub draft: Draft,
    drafted: (usize, usize),
    sampler: Sampler,
    since: Instant,
    read_ms: f64,
    /// Within the request that asked for it. Counts only: what a text says stands in no trace.
    pub span: tracing::Span,
}

/// What became of an answer in a step.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// It goes on.
    On,
    /// It is complete.
    Over(Finish),
    /// Nobody listens.
    Gone,
}

impl Stream {
    /// A job's answer before anything was read. The prompt is shorter than the cache.
    pub(super) fn new(job: Job, cache: KvCache, arrived: u64) -> Self {
        let prompt = job.prompt.len();
        let span = tracing::debug_span!(
            parent: &job.asked,
            "answer",
            arrived,
            prompt,
            cached = tracing::field::Empty,
            written = tracing::field::Empty,
        );
        Self {
            span,
            text: job.prompt.clone(),
            prompt,
            cached: None,
            limit: job.limit.unwrap_or(usize::MAX).min(cache.capacity() - prompt),
            sampler: Sampler::new(job.sampling),
            job,
            cache,
            arrived,
            begun: false,
            forgotten: false,
            written: 0,
            draft: Draft::default(),
            drafted: (0, 0),
            since: Instant::now(),
            read_ms: 0.0,
        }
    }

    /// Begins with what is known of the text.
    pub(super) fn begin(&mut self, cache: KvCache) {
        let first = self.cached.is_none();
        if first {
            self.span.record("cached", cache.len());
        }
        self.cached.get_or_insert(cache.len());
        self.cache = cache;
        self.begun = true;
        if first {
            // What was known is told before the rest is read. Whether anyone listens is looked at before the next step.
            self.tell_reading();
        }
    }

    /// Gives up what was read, to read it again later.
    pub(super) fn pause(&mut self, empty: KvCache) {
        self.cache = empty;
        self.begun = false;
    }

    /// Tokens of the text that have not been read.
    pub(super) fn left(&self) -> usize {
        self.text.len() - self.cache.len()
    }

    /// Whether its next step writes a token and reads no more than one.
    pub(super) fn writes(&self) -> bool {
        self.begun && self.written > 0 && self.left() == 1
    }

    /// Tokens that may be guessed: what follows the guesses must still be wanted and fit.
    pub(super) fn room(&self) -> usize {
        (self.limit - self.written).saturating_sub(1).min(self.cache.capacity() - self.text.len())
    }

    /// Of the prompt, the tokens that were known before.
    pub(super) fn cached(&self) -> usize {
        self.cached.unwrap_or(0)
    }

    /// Tells how far the prompt has been read; false if nobody listens.
    pub(super) fn tell_reading(&self) -> bool {
        if self.written > 0 {
            return !self.job.events.is_closed();
        }
        let done = self.cache.len().min(self.prompt);
        let reading = Reading { total: self.prompt, cached: self.cached(), done, ms: ms(self.since) };
        self.job.events.send(Event::Reading(reading)).is_ok()
    }

    /// Goes on with the logits after its last tokens: the first row follows the text, the others one guess each.
    pub(super) fn take(&mut self, rows: &[f32], vocab: usize, guess: &[u32], tokenizer: &Tokenizer) -> Result<Then> {
        if self.written == 0 {
            self.read_ms = ms(self.since);
            if !self.tell_reading() {
                return Ok(Then::Gone);
            }
            self.since = Instant::now();
        }
        let mut came_true = 0;
        let mut then = if self.written == self.limit { Then::Over(Finish::Length) } else { Then::On };
        for (at, logits) in rows.chunks_exact(vocab).enumerate() {
            if then != Then::On {
                break;
            }
            let token = if self.job.grammar.is_none() && self.job.bias.is_none() {
                self.sampler.draw(logits)?
            } else {
                let mut changed = logits.to_vec();
                self.job.bias.apply(&mut changed, &self.text, self.prompt);
                if let Some(grammar) = &mut self.job.grammar {
                    grammar.mask(&mut changed)?;
                }
                self.sampler.draw(&changed)?
            };
            then = self.write(token, logits, tokenizer);
            if let Some(grammar) = &mut self.job.grammar
                && grammar.accept(token)?
                && then == Then::On
            {
                then = Then::Over(Finish::Stop);
            }
            let guessed = guess.get(at) == Some(&token);
            came_true += usize::from(guessed);
            if !guessed {
                break;
            }
        }
        self.draft.came_true(guess.len(), came_true);
        self.drafted = (self.drafted.0 + guess.len(), self.drafted.1 + came_true);
        // Guesses that did not come true are read over.
        self.cache.truncate(self.text.len() - 1);
        Ok(then)
    }

    fn write(&mut self, token: u32, logits: &[f32], tokenizer: &Tokenizer) -> Then {
        self.written += 1;
        self.text.push(token);
        if let Some(count) = self.job.likely {
            // Here and below, nobody listening is noticed at the end.
            let _ = self.job.events.send(Event::Likely(likely(logits, token, count)));
        }
        if tokenizer.is_end(token) {
            return Then::Over(Finish::Stop);
        }
        let mut pieces = Vec::new();
        self.job.answer.push(tokenizer.answer_bytes(token), &mut pieces);
        for piece in pieces {
            let _ = self.job.events.send(Event::Piece(piece));
        }
        if self.job.answer.stopped() {
            Then::Over(Finish::Stop)
        } else if self.job.events.is_closed() {
            Then::Gone
        } else if self.written == self.limit {
            Then::Over(Finish::Length)
        } else {
            Then::On
        }
    }

    /// Tells that the answer is complete, and returns its text with what was kept of it.
    pub(super) fn finish(mut self, finish: Finish) -> (Vec<u32>, KvCache) {
        let mut pieces = Vec::new();
        match finish {
            Finish::Stop => self.job.answer.finish(&mut pieces),
            Finish::Length => self.job.answer.cut_off(&mut pieces),
        }
        let done = Done {
            finish,
            stop: self.job.answer.stopped_by().map(str::to_owned),
            prompt: self.prompt,
            cached: self.cached(),
            prompt_ms: self.read_ms,
            written: self.written,
            written_ms: ms(self.since),
            drafted: self.drafted,
        };
        // Fails only when nobody listens any more.
        for event in pieces.into_iter().map(Event::Piece).chain([Event::Done(done)]) {
            let _ = self.job.events.send(event);
        }
        (self.text, self.cache)
    }

    /// What was written and guessed, for the counters.
    pub(super) fn counts(&self) -> (usize, (usize, usize)) {
        (self.written, self.drafted)
    }
}

fn ms(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1000.0
}

/// The logarithms of probabilities: each logit less the logarithm of the sum of all exponentials.
fn likely(logits: &[f32], drawn: u32, count: usize) -> Likely {
    let most = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = logits.iter().map(|logit| f64::from(logit - most).exp()).sum();
    #[allow(clippy::cast_possible_truncation, reason = "a logarithm, to the precision of a logit")]
    let norm = most + sum.ln() as f32;
    let mut top: Vec<(u32, f32)> = Vec::with_capacity(count + 1);
    for (id, logit) in (0u32..).zip(logits) {
        if top.len() < count || top.last().is_some_and(|(_, least)| logit > least) {
            let at = top.partition_point(|(_, other)| other >= logit);
            top.insert(at, (id, *logit));
            top.truncate(count);
        }
    }
    top.iter_mut().for_each(|(_, logit)| *logit -= norm);
    let own = logits.get(drawn as usize).map_or(f32::NEG_INFINITY, |logit| logit - norm);
    Likely { drawn: (drawn, own), top }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_are_those_of_the_logits() {
        let found = likely(&[0.0, 2.0, 1.0, 2.0], 2, 3);
        let total: f32 = [0.0f32, 2.0, 1.0, 2.0].iter().map(|logit| logit.exp()).sum();
        assert!((found.drawn.1 - (1.0f32.exp() / total).ln()).abs() < 1e-6);
        assert_eq!(found.top.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [1, 3, 2]);
        assert_eq!(likely(&[1.0, 1.0], 0, 0).top, []);
        assert_eq!(likely(&[1.0, 1.0], 0, 20).top.len(), 2);
    }
}
