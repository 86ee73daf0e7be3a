//! How is a prompt made to fit the model's context, and what is left out for it?

use super::{Parts, part, shorten};
use protocol::{LeftOut, Part};
use std::future::Future;

/// At most this many times the whole prompt is counted.
const COUNTS: usize = 8;

/// Parts that fit.
#[derive(Clone, Debug)]
pub(crate) struct Fitted {
    pub parts: Parts,
    /// Tokens, as the model's tokenizer counts them.
    pub tokens: u32,
    /// What was left out.
    pub left_out: Vec<LeftOut>,
}

/// Why nothing fits.
#[derive(Debug, PartialEq)]
pub(crate) enum Unfit<E> {
    /// Even the question alone is too long for this model.
    TooLong,
    /// The tokens could not be counted.
    Count(E),
}

#[derive(Default)]
struct Dropped {
    exchanges: usize,
    passages: usize,
    told: bool,
    passage: bool,
    question: bool,
}

/// Leaves out the least useful first until `budget` tokens hold the rest: the oldest exchanges, then
/// the weakest passages down to the best one, then the middle of long tool results, of that passage,
/// and of the question. The role and the answer so far are never cut.
pub(crate) async fn fit<E, F>(parts: Parts, budget: u32, count: impl Fn(Parts) -> F) -> Result<Fitted, Unfit<E>>
where
    F: Future<Output = Result<u32, E>>,
{
    let (mut parts, mut left_out) = parts.capped();
    let mut dropped = Dropped::default();
    for _ in 0..COUNTS {
        let tokens = count(parts.clone()).await.map_err(Unfit::Count)?;
        if tokens <= budget {
            left_out.extend(dropped.parts());
            return Ok(Fitted { parts, tokens, left_out });
        }
        // What is over, in chars at this prompt's own rate, and a little more, so that few counts do.
        let chars = chars_of(&parts);
        let over = u64::from(tokens - budget) * chars as u64 / u64::from(tokens.max(1));
        let over = usize::try_from(over + over / 8 + 16).unwrap_or(usize::MAX);
        if !leave_out(&mut parts, over, &mut dropped) {
            return Err(Unfit::TooLong);
        }
    }
    Err(Unfit::TooLong)
}

fn chars_of(parts: &Parts) -> usize {
    parts.messages().iter().map(|message| message.content.chars().count()).sum()
}

/// Leaves out at least `over` chars, if there is that much; false when nothing more can go.
fn leave_out(parts: &mut Parts, over: usize, dropped: &mut Dropped) -> bool {
    let before = chars_of(parts);
    let enough = |parts: &Parts| before.saturating_sub(chars_of(parts)) >= over;
    while !parts.earlier.is_empty() && !enough(parts) {
        parts.earlier.remove(0);
        dropped.exchanges += 1;
    }
    while parts.passages.len() > 1 && !enough(parts) {
        parts.passages.pop();
        dropped.passages += 1;
    }
    for _ in 0..4 {
        if enough(parts) {
            return true;
        }
        for told in parts.rounds.iter_mut().flat_map(|round| &mut round.calls).filter_map(|(_, told)| told.as_mut()) {
            dropped.told |= halve(&mut told.text, 200);
        }
        if let Some(passage) = parts.passages.first_mut() {
            dropped.passage |= halve(&mut passage.text, 200);
        }
        if !enough(parts) {
            dropped.question |= halve(&mut parts.question, 400);
        }
    }
    chars_of(parts) < before
}

fn halve(text: &mut String, least: usize) -> bool {
    let chars = text.chars().count();
    chars > least && shorten(text, (chars / 2).max(least))
}

impl Dropped {
    fn parts(&self) -> Vec<LeftOut> {
        let all = [
            (Part::OldestExchanges, self.exchanges),
            (Part::WeakestPassages, self.passages),
            (Part::MiddleOfToolResult, usize::from(self.told)),
            (Part::MiddleOfPassage, usize::from(self.passage)),
            (Part::MiddleOfQuestion, usize::from(self.question)),
        ];
        all.into_iter().filter(|(_, count)| *count > 0).map(|(what, count)| part(what, count)).collect()
    }
}
