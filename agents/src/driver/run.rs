//! How does one turn run? A loop: wait for news beside the stop button, step, do what the turn wants.

use super::{
    Inner,
    ask::Brief,
    jobs::{self, Built, Check, Done, Job, since},
    lanes::{Asked, Controls},
    news::{heard, see},
    prepare::{Prepared, bare_setup},
    voice::Voice,
};
use crate::{
    prompt::Parts,
    tools::ToolCx,
    turn::{Effect, Heard, Input, ToolCall, Turn},
};
use egress::Errand;
use futures::{StreamExt, TryStreamExt, stream::BoxStream};
use library::Passage;
use models::{Delta, ModelError};
use protocol::{
    ApprovalView, CallId, Decision, EngineState, Event, Evidence, Fault, FaultKind, Reach, Summary, TurnState,
};
use std::{collections::VecDeque, future::pending, sync::Arc, time::Duration};
use store::Change;
use tokio::{
    sync::mpsc::Receiver,
    time::{Instant, MissedTickBehavior, interval_at, sleep_until},
};
use tokio_util::sync::CancellationToken;

/// How often the engine is looked at while it may be loading.
const LOOK: Duration = Duration::from_millis(250);

/// A turn on its way.
pub(super) struct Run {
    pub inner: Arc<Inner>,
    pub brief: Brief,
    pub prepared: Option<Prepared>,
    pub turn: Turn,
    pub voice: Voice,
    /// Passages found before the answer.
    pub found: Vec<Passage>,
    /// What that search brought, whether it was enough or not.
    pub evidence: Option<Box<Evidence>>,
    /// Passages that the model has seen.
    pub seen: Vec<Passage>,
    /// The last prompt.
    pub built: Option<Box<Built>>,
    /// When it began, on the wall clock, for the ledger.
    pub begun_at: i64,
    begun: Instant,
    job: Option<Job>,
    pub(super) stream: Option<Listening>,
    grace: Option<Instant>,
    /// When to look whether the engine loads, while the prompt is being counted.
    look: Option<Instant>,
    soft_heard: bool,
    told_of_disk: bool,
    news: VecDeque<Input>,
}

pub(super) struct Listening {
    deltas: BoxStream<'static, Result<Delta, ModelError>>,
    stop: CancellationToken,
}

/// Runs a turn from its place in the queue to its end.
pub(super) async fn run(
    inner: Arc<Inner>,
    brief: Brief,
    controls: Controls,
    mut decisions: Receiver<(CallId, Decision)>,
) {
    let stopped = async {
        tokio::select! {
            () = inner.closing.cancelled() => {}
            () = controls.soft.cancelled() => {}
        }
    };
    let ready = async {
        controls.go.notified().await;
        inner.prepare(&brief).await
    };
    let (prepared, first) = tokio::select! {
        biased;
        // The loop below hears the same and ends the turn.
        () = stopped => (None, None),
        prepared = ready => match prepared {
            Ok(prepared) => (Some(prepared), Some(Input::Started)),
            Err(error) => (None, Some(Input::EngineGone { fault: error.fault() })),
        },
    };
    let setup = prepared.as_ref().map_or_else(|| bare_setup(&brief), |prepared| prepared.setup.clone());
    let mut run = Run {
        voice: Voice::new(inner.clone(), brief.turn),
        turn: Turn::new(setup),
        prepared,
        found: Vec::new(),
        evidence: None,
        seen: Vec::new(),
        built: None,
        begun_at: now_ms(),
        begun: Instant::now(),
        job: None,
        stream: None,
        grace: None,
        look: None,
        soft_heard: false,
        told_of_disk: false,
        news: first.into_iter().collect(),
        inner,
        brief,
    };
    let (closing, period) = (run.inner.closing.clone(), run.inner.timing.checkpoint);
    let mut ticks = interval_at(Instant::now() + period, period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while !run.turn.ended() {
        let input = tokio::select! {
            biased;
            () = closing.cancelled() => Some(Input::Shutdown),
            () = controls.hard.cancelled() => Some(Input::StopRequested { now: true }),
            () = controls.soft.cancelled(), if !run.soft_heard => {
                run.soft_heard = true;
                run.grace = Some(Instant::now() + run.inner.timing.grace);
                Some(Input::StopRequested { now: false })
            }
            () = at(run.grace) => Some(Input::StopRequested { now: true }),
            Some((call, decision)) = decisions.recv() => {
                run.job = None;
                Some(Input::Decided { call, decision })
            }
            _ = ticks.tick() => Some(Input::Tick),
            () = at(run.look) => run.look_at_engine(),
            () = at(run.voice.due()), if run.voice.holds() => {
                run.voice.flush();
                None
            }
            input = next(&mut run) => input,
        };
        if let Some(input) = input {
            let effects = run.turn.step(input);
            for effect in effects {
                run.perform(effect).await;
            }
        }
    }
}

/// What the running work brings next. Nothing is lost where this is dropped while it waits.
async fn next(run: &mut Run) -> Option<Input> {
    if let Some(input) = run.news.pop_front() {
        return Some(input);
    }
    if let Some(job) = &mut run.job {
        let done = job.await;
        run.job = None;
        return run.absorb(done);
    }
    if let Some(Listening { deltas, .. }) = &mut run.stream {
        let delta = deltas.next().await;
        if !matches!(delta, Some(Ok(_))) {
            run.stream = None;
        }
        return Some(run.hear(delta));
    }
    pending().await
}

async fn at(when: Option<Instant>) {
    match when {
        Some(when) => sleep_until(when).await,
        None => pending().await,
    }
}

pub(super) fn now_ms() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_millis()).unwrap_or(i64::MAX)
}

impl Run {
    fn hear(&self, delta: Option<Result<Delta, ModelError>>) -> Input {
        let at = since(self.begun);
        let heard = match delta {
            Some(Ok(delta)) => heard(delta),
            Some(Err(error)) => return Input::EngineGone { fault: error.fault() },
            None => {
                let fault = Fault::new(FaultKind::Unavailable, "model.broke_off", "The model broke off its answer.")
                    .safe("What it wrote is kept.")
                    .hint("Continue the answer.");
                return Input::EngineGone { fault };
            }
        };
        Input::Model { at, heard }
    }

    fn look_at_engine(&mut self) -> Option<Input> {
        self.look = Some(Instant::now() + LOOK);
        match self.inner.models.engine() {
            EngineState::Loading { done, total, .. } => {
                let heard = Heard::Loading { done, total };
                Some(Input::Model { at: since(self.begun), heard })
            }
            EngineState::Off
            | EngineState::Ready { .. }
            | EngineState::Crashed { .. }
            | EngineState::Refused { .. } => None,
        }
    }

    /// Keeps what a job brought and turns it into the turn's input.
    fn absorb(&mut self, done: Done) -> Option<Input> {
        self.look = None;
        Some(match done {
            Done::Late => return None,
            Done::Plain(input) => input,
            Done::Found { passages, closest, evidence, ms } => {
                self.evidence = Some(evidence);
                let relevant = u32::try_from(passages.len()).unwrap_or(u32::MAX);
                self.found = passages;
                Input::Retrieved { relevant, closest, ms }
            }
            Done::Built(built) => {
                // Whole passages, of those that the prompt has: the part that was cut out is evidence too.
                let kept = built.fitted.parts.passages.len().min(self.found.len());
                for passage in &self.found[..kept] {
                    see(&mut self.seen, passage.clone());
                }
                let (tokens, left_out) = (built.fitted.tokens, built.fitted.left_out.clone());
                self.built = Some(built);
                Input::PromptBuilt { tokens, left_out }
            }
            Done::Ran { call, told, passages, news, ms } => {
                passages.into_iter().for_each(|passage| see(&mut self.seen, passage));
                news.into_iter().for_each(|event| self.voice.say(event));
                Input::ToolFinished { call: call.call, told, ms }
            }
        })
    }

    /// Does one effect. What takes long becomes the job or the stream that the loop waits for.
    async fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Emit(event) => self.voice.say(event),
            Effect::SaveCheckpoint(text) => self.save(text).await,
            Effect::Retrieve => self.begin(|run, prepared| jobs::retrieve(run.inner.clone(), prepared)),
            Effect::BuildPrompt => {
                self.look = Some(Instant::now() + LOOK);
                self.begin(|run, prepared| {
                    let parts = Parts {
                        role: prepared.role.prompt.clone(),
                        earlier: prepared.earlier.clone(),
                        passages: run.found.clone(),
                        question: prepared.setup.question.clone(),
                        language: prepared.language,
                        rounds: run.turn.rounds().to_vec(),
                        so_far: run.brief.so_far.clone(),
                    };
                    jobs::build(prepared, parts, run.turn.offers_tools(), run.errand())
                })
            }
            Effect::AskModel => self.ask_model(),
            Effect::CancelModel => {
                if let Some(listening) = self.stream.take() {
                    listening.stop.cancel();
                }
            }
            Effect::Judge(call) => self.job = Some(jobs::judge_call(self.inner.clone(), call)),
            Effect::AskPerson { call, tool, reach, summary, may_always } => {
                self.ask_person(call, tool, reach, summary, may_always).await;
            }
            Effect::Withdraw(call) => {
                self.job = None;
                self.inner.expire(call).await;
            }
            Effect::RunTool(call) => self.run_tool(call),
            // Dropping the future cancels it; a change of the log is made whole or not at all.
            Effect::CancelTool(_) => self.job = None,
            Effect::Cite(text) => self.begin(|run, prepared| {
                let question = prepared.setup.question.clone();
                jobs::cite(run.inner.clone(), Check { question, text, seen: run.seen.clone(), found: run.reachable() })
            }),
            Effect::Record(ended) => self.record(*ended).await,
            Effect::Finish => self.finish(),
        }
    }

    /// Passages that may hold the answer: those of the search, or those that tools brought.
    fn reachable(&self) -> Vec<Passage> {
        if self.found.is_empty() { self.seen.clone() } else { self.found.clone() }
    }

    fn begin(&mut self, job: impl FnOnce(&Self, &Prepared) -> Job) {
        let made = self.prepared.as_ref().map(|prepared| job(self, prepared));
        self.job = made;
    }

    fn ask_model(&mut self) {
        let (Some(Prepared { model: Ok(model), .. }), Some(built)) = (&self.prepared, &self.built) else { return };
        let stop = CancellationToken::new();
        let (model, prompt, token) = (model.clone(), built.prompt.clone(), stop.clone());
        let asked = futures::stream::once(async move { model.chat(prompt, token).await });
        self.stream = Some(Listening { deltas: asked.try_flatten().boxed(), stop });
    }

    fn run_tool(&mut self, call: ToolCall) {
        let cx = ToolCx {
            store: self.inner.store.clone(),
            library: self.inner.library.clone(),
            actor: self.brief.actor(),
            chat: self.brief.chat,
            documents: self.prepared.as_ref().map(|prepared| prepared.attached.clone()).unwrap_or_default(),
            seen: self.seen.len(),
        };
        self.job = Some(jobs::run_tool(cx, call, self.inner.timing.tool));
    }

    async fn ask_person(&mut self, call: CallId, tool: String, reach: Reach, summary: Summary, may_always: bool) {
        let (chat, agent) = (self.brief.chat, self.agent());
        let asked = Change::ApprovalAsked {
            asked: call,
            chat,
            agent: agent.clone(),
            tool: tool.clone(),
            reach,
            summary: summary.clone(),
            may_always,
        };
        if let Err(error) = self.inner.store.record(&self.brief.actor(), asked).await {
            // What cannot be recorded cannot be asked, and what was not asked is not done.
            self.voice.say(Event::Notice(error.fault()));
            self.news.push_back(Input::Decided { call, decision: Decision::Deny });
            return;
        }
        self.inner.lanes().ask(self.brief.turn, Asked { call, tool: tool.clone(), may_always });
        self.job = Some(jobs::expire(self.inner.clone(), call));
        let at = now_ms();
        let view = ApprovalView { asked: call, chat, agent, tool, reach, summary, may_always, at };
        self.voice.say(Event::ApprovalAsked(view));
    }

    async fn save(&mut self, text: String) {
        if let Err(error) = self.inner.store.checkpoint(self.brief.answer, &text).await {
            tracing::warn!(%error, "the text so far could not be saved");
            if !std::mem::replace(&mut self.told_of_disk, true) {
                self.voice.say(Event::Notice(error.fault()));
            }
        }
    }

    fn finish(&mut self) {
        (self.job, self.stream) = (None, None);
        let (chat, turn) = (self.brief.chat, self.brief.turn);
        let moved = self.inner.lanes().leave(turn);
        self.voice.say(Event::TurnEnded { chat, turn });
        for moved in moved {
            let state = TurnState::Queued { ahead: moved.ahead };
            self.inner.tell(Event::TurnMoved { chat, turn: moved.turn, item: Some(moved.item), state });
        }
    }

    /// The agent's name.
    pub fn agent(&self) -> String {
        self.prepared.as_ref().map(|prepared| prepared.agent.clone()).unwrap_or_default()
    }

    /// On whose behalf and why the model is asked; the answer's id leads from the ledger to it.
    pub fn errand(&self) -> Errand {
        Errand::new(self.agent(), format!("Answer {}", self.brief.answer))
    }
}
