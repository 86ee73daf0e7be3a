//! What a turn is told and what it wants done: inputs and effects, as plain data.

use protocol::{
    CallId, ChatId, CitationView, Decision, Event, Fault, ItemId, ItemStatus, LeftOut, Reach, Span, StepKind, StepView,
    Summary, Support, ToolTrouble, TurnId, Undo, Verdict,
};

/// What is settled before a turn begins.
#[derive(Clone, Debug, PartialEq)]
pub struct Setup {
    /// The turn.
    pub turn: TurnId,
    /// Its chat.
    pub chat: ChatId,
    /// The answer that it writes.
    pub item: ItemId,
    /// The question.
    pub question: String,
    /// Search the documents before the model is asked.
    pub retrieve: bool,
    /// Answer from documents only: nothing found means that the model is not asked.
    pub documents_only: bool,
    /// The model drives tools.
    pub tools: bool,
    /// What code says itself, in the question's language.
    pub phrases: Phrases,
    /// Quote the documents above the model's words: it is too small to be believed first.
    pub quotes_first: bool,
    /// The text to go on from; empty for a new answer.
    pub so_far: String,
    /// Bounds.
    pub limits: Limits,
}

/// The sentences of an answer that code writes.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Phrases {
    /// Said when the documents do not answer the question, and nothing in them comes near it.
    pub nothing_found: String,
    /// Said when they do not, above the sentence that comes closest.
    pub comes_closest: String,
    /// What stands above a sentence of the documents.
    pub documents_say: String,
    /// What stands above the model's words, where a sentence of the documents is above them.
    pub model_says: String,
}

/// The bounds of one turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How often the model may call tools before it must answer.
    pub rounds: usize,
    /// How many tool calls of one round are looked at.
    pub calls: usize,
    /// The longest answer, in chars.
    pub chars: usize,
    /// The longest reasoning that is kept, in chars.
    pub reasoning: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { rounds: 6, calls: 4, chars: 100_000, reasoning: 20_000 }
    }
}

/// A tool call as the model wrote it. Nothing in it can grant anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolCall {
    /// Our id, for approvals.
    pub call: CallId,
    /// The model's id, to be repeated to it.
    pub id: String,
    /// The tool's name.
    pub name: String,
    /// The arguments, unparsed.
    pub arguments: String,
}

/// What the model was told about a tool call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The text that the model reads.
    pub text: String,
    /// How many results, for the person.
    pub count: Option<u32>,
    /// Whether the tool failed or was refused.
    pub failed: bool,
    /// Why it came to nothing, for the person.
    pub trouble: Option<ToolTrouble>,
    /// How what it did can be taken back.
    pub undo: Option<Undo>,
}

impl Told {
    /// A failure that the model reads and may react to.
    pub fn failed(trouble: ToolTrouble, why: impl Into<String>) -> Self {
        Self { trouble: Some(trouble), ..Self::refused(why) }
    }
    /// A no that the model reads.
    pub fn refused(why: impl Into<String>) -> Self {
        Self { text: why.into(), count: None, failed: true, trouble: None, undo: None }
    }
}

/// One round of tool calls that the turn went through.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Round {
    /// What the model wrote before it called.
    pub text: String,
    /// Its calls, and what it was told about each that is finished.
    pub calls: Vec<(ToolCall, Option<Told>)>,
}

/// Why a model stopped writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It was done, or it calls tools.
    Done,
    /// The length limit.
    Length,
    /// It was cancelled.
    Cancelled,
}

/// Tokens and speed of one model run.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct Usage {
    /// Tokens of the prompt.
    pub prompt_tokens: u32,
    /// Tokens written.
    pub completion_tokens: u32,
    /// Tokens per second while writing.
    pub tokens_per_second: f32,
}

/// What comes from the model.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    /// The engine loads the model: bytes.
    Loading {
        /// Loaded.
        done: u64,
        /// In all.
        total: u64,
    },
    /// The model reads the prompt: tokens.
    Reading {
        /// Read.
        done: u32,
        /// In all.
        total: u32,
    },
    /// It reasons.
    Reasoning(String),
    /// It writes.
    Text(String),
    /// It calls a tool.
    Call(ToolCall),
    /// It is done.
    Done {
        /// Why.
        ending: Ending,
        /// What it took.
        usage: Usage,
    },
}

/// What happens to a turn.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// It is this turn's time.
    Started,
    /// The documents were searched.
    Retrieved {
        /// Passages above the library's threshold.
        relevant: u32,
        /// The sentence of the documents that comes closest to the question, if one comes near.
        closest: Option<Box<CitationView>>,
        /// How long it took.
        ms: u64,
    },
    /// The documents could not be searched.
    SearchFailed {
        /// Why.
        fault: Fault,
    },
    /// The prompt is built and counted.
    PromptBuilt {
        /// Its tokens, 0 where the model could not count.
        tokens: u32,
        /// What did not fit.
        left_out: Vec<LeftOut>,
    },
    /// The model said something, `at` milliseconds after the question.
    Model {
        /// When.
        at: u64,
        /// What.
        heard: Heard,
    },
    /// The turn cannot be prepared, there is no model, or it went away.
    EngineGone {
        /// Why.
        fault: Fault,
    },
    /// The policy judged a tool call.
    Judged {
        /// Which.
        call: CallId,
        /// How the step is shown.
        step: StepKind,
        /// What the call would do, for a person.
        summary: Summary,
        /// How far it reaches.
        reach: Reach,
        /// Whether a person may allow it for good.
        may_always: bool,
        /// What the policy says.
        verdict: Verdict,
    },
    /// A person decided on a tool call, or the time for it ran out.
    Decided {
        /// Which.
        call: CallId,
        /// What.
        decision: Decision,
    },
    /// A tool call ended, or could not begin (unknown tool, wrong arguments).
    ToolFinished {
        /// Which.
        call: CallId,
        /// What the model is told.
        told: Told,
        /// How long it took.
        ms: u64,
    },
    /// Code checked the answer against the passages.
    Cited {
        /// Quotes that were found in the stored pages.
        citations: Vec<CitationView>,
        /// What no passage supports.
        unsupported: Vec<Span>,
        /// Whether the passages support what answers the question.
        supported: bool,
        /// Where they do not: the sentence of the passages that answers it, found by code.
        closest: Option<Box<CitationView>>,
        /// How long it took.
        ms: u64,
    },
    /// The answer could not be checked.
    CiteFailed {
        /// Why.
        fault: Fault,
    },
    /// About a second has passed.
    Tick,
    /// A person wants it to stop: after the current token, or `now`.
    StopRequested {
        /// At once.
        now: bool,
    },
    /// The app closes.
    Shutdown,
}

/// What a turn wants done.
#[allow(clippy::large_enum_variant)] // an effect lives for one step, and most of them are events
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Search the documents; answered by `Retrieved` or `SearchFailed`.
    Retrieve,
    /// Build the prompt and count it; answered by `PromptBuilt` or `EngineGone`.
    BuildPrompt,
    /// Send the prompt; answered by `Model` and `EngineGone`.
    AskModel,
    /// Close the model's stream.
    CancelModel,
    /// Find a call's scope and judge it; answered by `Judged` or a failed `ToolFinished`.
    Judge(ToolCall),
    /// Ask the person; answered by `Decided`.
    AskPerson {
        /// Which call.
        call: CallId,
        /// The tool.
        tool: String,
        /// How far it reaches.
        reach: Reach,
        /// What it would do.
        summary: Summary,
        /// Whether "always" may be offered.
        may_always: bool,
    },
    /// The approval is no longer needed.
    Withdraw(CallId),
    /// Run a call that is allowed; answered by `ToolFinished`.
    RunTool(ToolCall),
    /// Cancel the running call.
    CancelTool(CallId),
    /// Check what the model wrote; answered by `Cited`, with places in this text, or `CiteFailed`.
    Cite(String),
    /// Keep the text so far.
    SaveCheckpoint(String),
    /// Tell the clients.
    Emit(Event),
    /// Write the answer to the log.
    Record(Box<Ended>),
    /// The turn is over: nothing comes after this.
    Finish,
}

/// How a turn ended: what goes into the log.
#[derive(Clone, Debug, PartialEq)]
pub struct Ended {
    /// The answer.
    pub text: String,
    /// How it ended.
    pub status: ItemStatus,
    /// What was done for it.
    pub steps: Vec<StepView>,
    /// Its evidence.
    pub citations: Vec<CitationView>,
    /// What no passage supports.
    pub unsupported: Vec<Span>,
    /// Whether the documents support the answer; None where that was not asked.
    pub supported: Option<Support>,
    /// Whether a model was asked at all.
    pub asked_model: bool,
    /// Tokens and speed, over all rounds.
    pub usage: Usage,
    /// Milliseconds from the question to the first word; None when no word came.
    pub ttft_ms: Option<u64>,
}
