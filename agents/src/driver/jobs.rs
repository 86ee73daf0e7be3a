//! How is each effect of a turn done? Each job is a future of its own; the turn waits for one at a time.

use super::{Inner, prepare::Prepared};
use crate::{
    Policy, judge,
    prompt::{Fitted, Parts, TOLD, Unfit, fit, shorten},
    tools::{self, ToolCx, tool},
    turn::{Input, Told, ToolCall},
};
use egress::Errand;
use futures::{FutureExt, future::BoxFuture};
use library::{LibraryError, Passage};
use models::{ModelError, Prompt, Sampling};
use protocol::{CallId, Decision, Event, Fault, FaultKind, Reach, RuleSubject, Verdict};
use serde_json::Value;
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;

/// How many passages a question gets.
const PASSAGES: usize = 6;
/// Passages for a very small model: it loses the thread in more. Measured with SmolLM2-135M on the
/// sample documents: with one passage 4 of 6 English answers hold the right words, with four 2 of 6.
const PASSAGES_SMALL: usize = 1;
/// A model of fewer parameters is very small.
const SMALL: u64 = 1_000_000_000;
/// The longest arguments of a tool call, in bytes.
const ARGUMENTS: usize = 16_000;
/// Tokens kept free for what templates add.
const MARGIN: u32 = 16;
/// The context of a model that does not say its own.
const CONTEXT: u32 = 4_096;

/// What a job brings.
pub(super) enum Done {
    /// The documents were searched.
    Found { passages: Vec<Passage>, ms: u64 },
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

/// Searches for the question; where that finds nothing, together with the question before it, since
/// "and who signed it?" is about what was just said. What is below the library's measured threshold
/// is not found.
pub(super) fn retrieve(inner: Arc<Inner>, prepared: &Prepared) -> Job {
    let question = prepared.setup.question.clone();
    let before = prepared.earlier.last().map(|(before, _)| format!("{before} {question}"));
    let documents = prepared.attached.clone();
    async move {
        let begun = Instant::now();
        for query in std::iter::once(question).chain(before) {
            match inner.library.retrieve(&query, PASSAGES, &documents).await {
                Ok(passages) if !passages.is_empty() => return Done::Found { passages, ms: since(begun) },
                Ok(_) => {}
                Err(error) => return Done::Plain(Input::SearchFailed { fault: error.fault() }),
            }
        }
        Done::Found { passages: Vec::new(), ms: since(begun) }
    }
    .boxed()
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
        let small = (1..SMALL).contains(&model.card().parameters);
        let surplus = if small { parts.passages.len().saturating_sub(PASSAGES_SMALL) } else { 0 };
        parts.passages.truncate(parts.passages.len() - surplus);
        match fit(parts, budget, count).await {
            Ok(mut fitted) => {
                if surplus > 0 {
                    fitted.left_out.push(too_small(surplus));
                }
                let prompt = prompt(&fitted.parts, &sampling);
                Done::Built(Box::new(Built { prompt, fitted }))
            }
            Err(unfit) => Done::Plain(Input::EngineGone { fault: unfit_fault(unfit, context) }),
        }
    }
    .boxed()
}

fn too_small(surplus: usize) -> String {
    let passages = if surplus == 1 { "passage" } else { "passages" };
    format!("{surplus} further {passages}: this model is too small to read more at once.")
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
        let failed = |why: String| Done::Plain(Input::ToolFinished { call: call.call, told: Told::failed(why), ms: 0 });
        let Some(tool) = tool(&call.name) else {
            let mut name = call.name.clone();
            shorten(&mut name, 80);
            return failed(format!("There is no tool “{name}”."));
        };
        let arguments = match arguments(&call) {
            Ok(arguments) => arguments,
            Err(why) => return failed(why),
        };
        let scope = match tool.scope(&arguments) {
            Ok(scope) => scope,
            Err(error) => return failed(error.told()),
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
            return plain(call, Told::failed("There is no such tool."), None);
        };
        match tokio::time::timeout(limit, tool.run(arguments, &cx)).await {
            Ok(Ok(mut outcome)) => {
                shorten(&mut outcome.text, TOLD);
                let told = Told { text: outcome.text, count: outcome.count, failed: false };
                let mut news = Vec::new();
                if tool.spec().reach != Reach::Read
                    && let Ok(chat) = cx.store.chat(cx.chat).await
                {
                    news.push(Event::ChatChanged(chat));
                }
                Done::Ran { call, told, passages: outcome.passages, news, ms: since(begun) }
            }
            Ok(Err(error)) => plain(call, Told::failed(error.told()), error.fault()),
            Err(_) => plain(call, Told::failed("The tool took too long and was stopped."), None),
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
            let closest = match cited.citations.is_empty() {
                true => inner.library.closest(&question, &found).await?,
                false => None,
            };
            Ok::<_, LibraryError>((cited, closest))
        };
        Done::Plain(match checked.await {
            Ok((cited, closest)) => Input::Cited {
                citations: cited.citations,
                unsupported: cited.unsupported,
                supported: cited.supported,
                closest: closest.map(Box::new),
                ms: since(begun),
            },
            Err(error) => Input::CiteFailed { fault: error.fault() },
        })
    }
    .boxed()
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
