//! How is each effect of a turn done? Each job is a future of its own; the turn waits for one at a time.

use super::{
    Inner,
    prepare::{Prepared, is_small},
    record::passage_view,
};
use crate::{
    Policy,
    follow_up::{is_about, leans_on, may_lean_on},
    judge,
    prompt::{Fitted, Parts, TOLD, Unfit, fit, part, shorten},
    tools::{self, ToolCx, tool},
    turn::{Input, Told, ToolCall},
};
use egress::Errand;
use futures::{FutureExt, future::BoxFuture};
use library::{LibraryError, Passage, Score, score};
use models::{ModelError, Prompt, Sampling};
use protocol::{
    CallId, CitationView, Decision, DocumentId, Event, Evidence, Fault, FaultKind, Part, Reach, RuleSubject,
    ToolTrouble, Verdict,
};
use serde_json::Value;
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;

/// How many passages a question gets.
const PASSAGES: usize = 6;
/// Passages for a very small model: it loses the thread in more. Measured with SmolLM2-135M on the
/// sample documents: with one passage 4 of 6 English answers hold the right words, with four 2 of 6.
const PASSAGES_SMALL: usize = 1;
/// The longest arguments of a tool call, in bytes.
const ARGUMENTS: usize = 16_000;
/// Tokens kept free for what templates add.
const MARGIN: u32 = 16;
/// The context of a model that does not say its own.
const CONTEXT: u32 = 4_096;

/// What a job brings.
pub(super) enum Done {
    /// The documents were searched; without passages they do not answer.
    Found { passages: Vec<Passage>, closest: Option<Box<CitationView>>, evidence: Box<Evidence>, ms: u64 },
    /// The prompt is ready.
    Built(Box<Built>),
    /// Anything that changes nothing but the turn.
    Plain(Input),
    /// A tool ran.
    Ran { call: ToolCall, told: Told, passages: Vec<Passage>, news: Vec<Event>, ms: u64 },
    /// Nothing: somebody else was first.
    Late,
}

/// A prompt, and what is in it.
pub(super) struct Built {
    pub prompt: Prompt,
    pub fitted: Fitted,
}

pub(super) type Job = BoxFuture<'static, Done>;

pub(super) fn since(begun: Instant) -> u64 {
    u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// Searches for the question; where it leans on the one before it ("and when is it due?"), or finds
/// nothing and may lean on it ("and for the deposit?"), together with that one. What is below the library's measured threshold
/// is not found.
pub(super) fn retrieve(inner: Arc<Inner>, prepared: &Prepared) -> Job {
    let question = prepared.setup.question.clone();
    let before = prepared.earlier.last().map(|(before, _)| format!("{before} {question}"));
    let documents = prepared.attached.clone();
    async move {
        let begun = Instant::now();
        let found = async {
            let alone = Looked::at(&inner, question.clone(), &documents).await?;
            let leans = leans_on(&question) || (!alone.score.answers() && may_lean_on(&question));
            let Some(both) = before.filter(|_| leans) else {
                return Ok::<_, LibraryError>(alone);
            };
            let both = Looked::at(&inner, both, &documents).await?;
            Ok(if both.score.answers() && is_about(&question, &both.passages) { both } else { alone })
        };
        let told = async {
            let looked = found.await?;
            let closest = looked.closest(&inner, &question).await?;
            Ok::<_, LibraryError>(looked.found(closest, since(begun)))
        };
        match told.await {
            Ok(found) => found,
            Err(error) => Done::Plain(Input::SearchFailed { fault: error.fault() }),
        }
    }
    .boxed()
}

/// What a search brought.
struct Looked {
    query: String,
    passages: Vec<Passage>,
    score: Score,
}

impl Looked {
    async fn at(inner: &Inner, query: String, documents: &[DocumentId]) -> Result<Self, LibraryError> {
        let passages = inner.library.candidates(&query, PASSAGES, documents).await?;
        let score = score(&passages);
        Ok(Self { query, passages, score })
    }

    /// The sentence that comes closest; where the passages do not answer, a farther one is shown too.
    async fn closest(&self, inner: &Inner, question: &str) -> Result<Option<Box<CitationView>>, LibraryError> {
        let library = &inner.library;
        let found = if !self.score.answers() {
            library.near(&self.query, &self.passages).await?
        } else if self.query == question {
            library.closest(question, &self.passages).await?
        } else {
            // Found with the question before: what that one asked is answered already.
            match library.closest(question, &self.passages).await? {
                None => library.closest(&self.query, &self.passages).await?,
                found => found,
            }
        };
        Ok(found.map(Box::new))
    }

    fn found(self, closest: Option<Box<CitationView>>, ms: u64) -> Done {
        let Self { query, passages, score } = self;
        let candidates = passages.iter().map(passage_view).collect();
        let evidence = Evidence { query, score: score.score, threshold: score.threshold, candidates };
        let passages = if score.answers() { passages } else { Vec::new() };
        Done::Found { passages, closest, evidence: Box::new(evidence), ms }
    }
}

/// Builds the prompt so that it and the answer fit the model's context.
pub(super) fn build(prepared: &Prepared, mut parts: Parts, offers_tools: bool, errand: Errand) -> Job {
    let model = prepared.model.clone();
    let mut sampling = prepared.sampling.clone();
    async move {
        let model = match model {
            Ok(model) => model,
            Err(fault) => return Done::Plain(Input::EngineGone { fault }),
        };
        let context = match model.card().context {
            0 => CONTEXT,
            context => context,
        };
        // The answer has its place first, but never more than half.
        sampling.max_tokens = sampling.max_tokens.min(context / 2).max(1);
        let budget = context.saturating_sub(sampling.max_tokens).saturating_sub(MARGIN);
        let prompt = |parts: &Parts, sampling: &Sampling| Prompt {
            messages: parts.messages(),
            tools: if offers_tools { tools::offers() } else { Vec::new() },
            sampling: sampling.clone(),
            errand: errand.clone(),
        };
        let count = |parts: Parts| {
            let (model, prompt) = (model.clone(), prompt(&parts, &sampling));
            async move { model.count_tokens(&prompt).await }
        };
        let surplus = if is_small(model.card()) { parts.passages.len().saturating_sub(PASSAGES_SMALL) } else { 0 };
        parts.passages.truncate(parts.passages.len() - surplus);
        match fit(parts, budget, count).await {
            Ok(mut fitted) => {
                if surplus > 0 {
                    fitted.left_out.push(part(Part::PassagesForSmallModel, surplus));
                }
                let prompt = prompt(&fitted.parts, &sampling);
                Done::Built(Box::new(Built { prompt, fitted }))
            }
            Err(unfit) => Done::Plain(Input::EngineGone { fault: unfit_fault(unfit, context) }),
        }
    }
    .boxed()
}

fn unfit_fault(unfit: Unfit<ModelError>, context: u32) -> Fault {
    match unfit {
        Unfit::Count(error) => error.fault(),
        Unfit::TooLong => Fault::new(
            FaultKind::Invalid,
            "prompt.too_long",
            format!("This question does not fit the model's context of {context} tokens."),
        )
        .safe("Your question is safe.")
        .hint("Ask a shorter question, start a new chat, or choose a model with a longer context.")
        .with("context", context),
    }
}

/// Finds out what a call would touch and what the policy says of it.
pub(super) fn judge_call(inner: Arc<Inner>, call: ToolCall) -> Job {
    async move {
        let failed = |trouble: ToolTrouble, why: String| {
            Done::Plain(Input::ToolFinished { call: call.call, told: Told::failed(trouble, why), ms: 0 })
        };
        let Some(tool) = tool(&call.name) else {
            let mut name = call.name.clone();
            shorten(&mut name, 80);
            return failed(ToolTrouble::Unknown, format!("There is no tool “{name}”."));
        };
        let arguments = match arguments(&call) {
            Ok(arguments) => arguments,
            Err(why) => return failed(ToolTrouble::Arguments, why),
        };
        let scope = match tool.scope(&arguments) {
            Ok(scope) => scope,
            Err(error) => return failed(error.trouble(), error.told()),
        };
        let spec = tool.spec();
        let policy = inner.policy().await;
        let verdict = judge(&policy, spec, &scope);
        // Where a rule says "ask", a person wants to be asked: an allowance for good would not hold.
        let asks = |policy: &Policy| match policy {
            Policy::Known { rules, .. } => rules.iter().any(|rule| {
                rule.verdict == Verdict::Ask && matches!(&rule.subject, RuleSubject::Tool { name } if name == spec.name)
            }),
            Policy::Unreadable => true,
        };
        Done::Plain(Input::Judged {
            call: call.call,
            step: tool.step(),
            summary: scope.summary,
            reach: spec.reach,
            may_always: spec.may_always && spec.reach != Reach::Outside && !asks(&policy),
            verdict,
        })
    }
    .boxed()
}

fn arguments(call: &ToolCall) -> Result<Value, String> {
    if call.arguments.len() > ARGUMENTS {
        return Err(format!("The arguments may have {ARGUMENTS} bytes."));
    }
    if call.arguments.trim().is_empty() {
        return Ok(Value::Object(serde_json::Map::new()));
    }
    serde_json::from_str(&call.arguments).map_err(|_| "The arguments are not valid JSON.".to_owned())
}

/// Runs a call that was allowed, within its time and with its result cut to size.
pub(super) fn run_tool(cx: ToolCx, call: ToolCall, limit: Duration) -> Job {
    async move {
        let begun = Instant::now();
        let plain = |call: ToolCall, told, fault: Option<Fault>| {
            let news = fault.map(Event::Notice).into_iter().collect();
            Done::Ran { call, told, passages: Vec::new(), news, ms: since(begun) }
        };
        let (Some(tool), Ok(arguments)) = (tool(&call.name), arguments(&call)) else {
            return plain(call, Told::failed(ToolTrouble::Unknown, "There is no such tool."), None);
        };
        match tokio::time::timeout(limit, tool.run(arguments, &cx)).await {
            Ok(Ok(mut outcome)) => {
                shorten(&mut outcome.text, TOLD);
                let (text, count, undo) = (outcome.text, outcome.count, outcome.undo);
                let told = Told { text, count, failed: false, trouble: None, undo };
                let mut news = Vec::new();
                if tool.spec().reach != Reach::Read
                    && let Ok(chat) = cx.store.chat(cx.chat).await
                {
                    news.push(Event::ChatChanged(chat));
                }
                Done::Ran { call, told, passages: outcome.passages, news, ms: since(begun) }
            }
            Ok(Err(error)) => plain(call, Told::failed(error.trouble(), error.told()), error.fault()),
            Err(_) => plain(call, Told::failed(ToolTrouble::TooSlow, "The tool took too long and was stopped."), None),
        }
    }
    .boxed()
}

/// Waits until the time for a decision is over. Whoever took the approval first has decided; then the
/// decision is on its way.
pub(super) fn expire(inner: Arc<Inner>, call: CallId) -> Job {
    async move {
        tokio::time::sleep(inner.timing.approval).await;
        match inner.expire(call).await {
            true => Done::Plain(Input::Decided { call, decision: Decision::Expired }),
            false => Done::Late,
        }
    }
    .boxed()
}

/// What is needed to check an answer.
pub(super) struct Check {
    pub question: String,
    pub text: String,
    /// Passages that the model saw: only they can have led to its words.
    pub seen: Vec<Passage>,
    /// Passages that the search found: any of them may hold the answer.
    pub found: Vec<Passage>,
}

/// Checks the answer against the passages that the model saw.
pub(super) fn cite(inner: Arc<Inner>, Check { question, text, seen, found }: Check) -> Job {
    async move {
        let begun = Instant::now();
        let checked = async {
            let cited = inner.library.cite(&text, &seen).await?;
            let answers = cited.answers(&question, &text);
            let closest = if answers { None } else { inner.library.closest(&question, &found).await? };
            // An answer that rests on that very sentence says what the documents say; which of its figures
            // was asked for it may have missed.
            let rests = |closest: &CitationView| {
                !library::asks_figure(&question) && cited.citations.iter().any(|cited| holds(cited, closest))
            };
            let supported = answers || closest.as_ref().is_some_and(rests);
            Ok::<_, LibraryError>((cited, supported, closest.filter(|_| !supported)))
        };
        Done::Plain(match checked.await {
            Ok((cited, supported, closest)) => Input::Cited {
                citations: cited.citations,
                unsupported: cited.unsupported,
                supported,
                closest: closest.map(Box::new),
                ms: since(begun),
            },
            Err(error) => Input::CiteFailed { fault: error.fault() },
        })
    }
    .boxed()
}

/// Whether one quote holds another.
fn holds(quote: &CitationView, other: &CitationView) -> bool {
    let place = |c: &CitationView| (c.document, c.page);
    place(quote) == place(other) && quote.start <= other.start && other.end <= quote.end
}

impl Inner {
    /// The rules in force now; what cannot be read is not taken for permission.
    async fn policy(&self) -> Policy {
        match (self.store.rules().await, self.store.sealed().await) {
            (Ok(rules), Ok(sealed)) => Policy::Known { rules, sealed },
            (Err(error), _) | (_, Err(error)) => {
                tracing::warn!(%error, "the rules cannot be read: every tool asks");
                Policy::Unreadable
            }
        }
    }
}
