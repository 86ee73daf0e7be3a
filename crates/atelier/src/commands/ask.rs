//! `atelier ask`: a question in, an answer with its evidence out.

use super::{documents::Imported, listen};
use crate::{
    cli::Ask,
    door::{Door, id},
    out::{EXIT_PARTIAL, Out},
};
use app::{Lang, Told, can_go_on};
use futures::{Stream, StreamExt};
use protocol::*;
use serde::Serialize;
use std::process::ExitCode;

/// What `ask --json` prints.
#[derive(Serialize)]
struct Answer {
    answer: String,
    /// Whether the documents support what in the answer's own words answers the question.
    supported: bool,
    /// How: `yes`, `quoted`, `no`, `unchecked`; null where the documents were not asked.
    support: Option<Support>,
    citations: Vec<Cited>,
    /// Where the documents do not answer and no model was asked: the sentence that comes closest. It
    /// supports nothing, so it is no citation.
    closest: Option<Cited>,
    /// Parts of the answer that no passage supports.
    unsupported: Vec<Unsupported>,
    /// How it ended: `complete`, `stopped`, `interrupted`, `cut_short`.
    status: &'static str,
    model: String,
    prompt_tokens: u32,
    completion_tokens: u32,
    ttft_ms: u64,
    tokens_per_second: f32,
    egress_bytes: u64,
    chat: ChatId,
    item: ItemId,
    /// What a person should know, such as that another model answered than usual.
    notices: Vec<Fault>,
    /// What `--import` did.
    #[serde(skip_serializing_if = "Option::is_none")]
    import: Option<Imported>,
}

#[derive(Serialize)]
struct Unsupported {
    start: u32,
    end: u32,
    text: String,
}

#[derive(Serialize)]
struct Cited {
    document: String,
    document_id: DocumentId,
    number: u32,
    page: u32,
    start: u32,
    end: u32,
    quote: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<String>,
}

impl From<CitationView> for Cited {
    fn from(cited: CitationView) -> Self {
        Self {
            document: cited.name,
            document_id: cited.document,
            number: cited.number,
            page: cited.page,
            start: cited.start,
            end: cited.end,
            quote: cited.quote,
            place: cited.place,
        }
    }
}

pub(super) async fn ask(door: &Door, ask: Ask, out: &Out) -> Result<ExitCode, Fault> {
    let import = match &ask.import[..] {
        [] => None,
        paths => Some(super::documents::import_and_wait(door, paths, out).await?),
    };
    if let Some(import) = import.as_ref().filter(|import| import.in_part()) {
        out.note(&import.text(out.lang()));
    }
    // Listen before asking, so that no event is missed.
    let mut events = door.app.events(&door.person, door.call(Open {}).await?.seq);
    let Begun { chat, turn, so_far } = match (&ask.go_on, ask.question) {
        (Some(item), _) => go_on(door, &mut events, id(item, "answer")?).await?,
        (None, question) => begin(door, ask.chat.as_deref(), &ask.role, question.unwrap_or_default()).await?,
    };
    out.stream(&so_far);
    let chars = so_far.chars().count() as u64;
    let mut shown = Shown { chat, turn, chars, whole: true, every: ask.stream, notices: Vec::new(), noted: None };
    let item = listen::answer(door, events, chat, turn, out, |event| shown.hear(event, out)).await?;
    if let ItemStatus::Failed { fault } = &item.status {
        out.stream("\n");
        return Ok(out.fault(fault));
    }
    if !shown.whole {
        // Some of it never came here; the whole text stands in the record.
        out.stream(&format!("\n\n{}", item.text));
    }
    let in_part = import.as_ref().is_some_and(Imported::in_part) || item.status == ItemStatus::Interrupted;
    let closing = closing(&item, out.lang());
    out.value(&answer(item, shown.notices, import), |_| closing);
    Ok(if in_part { ExitCode::from(EXIT_PARTIAL) } else { ExitCode::SUCCESS })
}

/// A turn that was begun, and the text that its answer had already.
struct Begun {
    chat: ChatId,
    turn: TurnId,
    so_far: String,
}

/// Asks in this chat, or in a new one with this role.
async fn begin(door: &Door, chat: Option<&str>, role: &str, text: String) -> Result<Begun, Fault> {
    let started = chat.is_none();
    let chat = match chat {
        Some(chat) => id::<ChatId>(chat, "chat")?,
        None => {
            let opened = door.call(Open {}).await?;
            let agent = opened.agents.iter().find(|agent| agent.role == role).ok_or_else(|| {
                let roles: Vec<_> = opened.agents.iter().map(|agent| agent.role.as_str()).collect();
                Fault::new(FaultKind::NotFound, "cli.unknown_role", format!("There is no role “{role}”."))
                    .with("role", role)
                    .with("roles", roles.join(", "))
                    .hint(format!("Choose one of: {}.", roles.join(", ")))
            })?;
            door.call(StartChat { agent: agent.id }).await?.id
        }
    };
    match door.call(SendMessage { chat, text, attached: Vec::new() }).await {
        Ok(turn) => Ok(Begun { chat, turn, so_far: String::new() }),
        Err(fault) => {
            if started {
                // Nobody wants a chat in which nothing was asked.
                door.call(RemoveChat { chat }).await?;
                door.call(PurgeChat { chat }).await?;
            }
            Err(fault)
        }
    }
}

/// Goes on with an answer: that it is being written again is the first that is told of it.
async fn go_on(door: &Door, events: &mut (impl Stream<Item = Envelope> + Unpin), item: ItemId) -> Result<Begun, Fault> {
    let turn = door.call(ContinueAnswer { item }).await?;
    while let Some(Envelope { event, .. }) = events.next().await {
        if let Event::ItemAdded(told) | Event::ItemChanged(told) = event
            && told.id == item
        {
            return Ok(Begun { chat: told.chat, turn, so_far: told.text });
        }
    }
    Err(Fault::new(FaultKind::Unavailable, "app.closing", "Atelier is closing.").safe("The answer so far is kept."))
}

/// What was shown of an answer that is being written.
struct Shown {
    chat: ChatId,
    turn: TurnId,
    /// How much of it.
    chars: u64,
    /// Whether nothing was missed in between.
    whole: bool,
    /// Whether every event is printed, for programs.
    every: bool,
    /// What a person was told meanwhile.
    notices: Vec<Fault>,
    /// What was last said of where the turn is.
    noted: Option<String>,
}

impl Shown {
    fn hear(&mut self, event: &Event, out: &Out) {
        if out.json() && self.every {
            out.json_line(event);
        }
        if let Event::TurnMoved { turn, state, .. } = event
            && *turn == self.turn
        {
            // The same is said once: a turn that begins to read says so twice.
            if let Some(said) = state_note(state).filter(|said| self.noted.as_ref() != Some(said)) {
                out.note(&said);
                self.noted = Some(said);
            }
        }
        if let Event::Notice(fault) = event {
            out.note(&format!("note: {}", out.lang().fault(fault)));
            self.notices.push(fault.clone());
        }
        if let Event::Delta { chat, at, text, .. } = event
            && *chat == self.chat
        {
            self.whole &= *at == self.chars;
            if self.whole {
                out.stream(text);
                self.chars += text.chars().count() as u64;
            }
        }
    }
}

fn answer(item: ItemView, notices: Vec<Fault>, import: Option<Imported>) -> Answer {
    let refused = item.made.as_ref().is_none_or(|made| made.model.is_empty());
    let mut citations: Vec<Cited> = item.citations.into_iter().map(Cited::from).collect();
    let closest = if refused && !citations.is_empty() { Some(citations.remove(0)) } else { None };
    let made = item.made.unwrap_or(Made {
        model: String::new(),
        place: Place::Here,
        prompt_tokens: 0,
        completion_tokens: 0,
        ttft_ms: 0,
        tokens_per_second: 0.0,
        egress_bytes: 0,
    });
    Answer {
        supported: match item.supported {
            Some(Support::Yes) => true,
            Some(Support::Quoted | Support::No | Support::Unchecked) | None => false,
        },
        support: item.supported,
        status: status(&item.status),
        unsupported: item
            .unsupported
            .iter()
            .map(|span| Unsupported { start: span.start, end: span.end, text: app::slice(&item.text, *span) })
            .collect(),
        citations,
        closest,
        answer: item.text,
        model: made.model,
        prompt_tokens: made.prompt_tokens,
        completion_tokens: made.completion_tokens,
        ttft_ms: made.ttft_ms,
        tokens_per_second: made.tokens_per_second,
        egress_bytes: made.egress_bytes,
        chat: item.chat,
        item: item.id,
        notices,
        import,
    }
}

/// How an answer ended, in a word for programs.
fn status(status: &ItemStatus) -> &'static str {
    match status {
        ItemStatus::Complete => "complete",
        ItemStatus::Writing => "writing",
        ItemStatus::Stopped => "stopped",
        ItemStatus::Interrupted => "interrupted",
        ItemStatus::CutShort => "cut_short",
        ItemStatus::Failed { .. } => "failed",
    }
}

/// The answer has streamed already; what follows is its evidence, and how to go on.
fn closing(item: &ItemView, lang: Lang) -> String {
    let told = Told::of(item, lang);
    let mut text = String::from("\n");
    for remark in told.ended.iter().chain(&told.support).chain(&told.unsupported) {
        text.push_str(&format!("\n{remark}\n"));
    }
    for (number, line) in &told.sources {
        text.push_str(&format!("\n[{number}] {line}\n"));
    }
    text.push_str(&format!("\n{}\nchat {}  answer {}", told.made.unwrap_or_default(), item.chat, item.id));
    if can_go_on(&item.status) {
        text.push_str(&format!("\natelier ask --continue {}", item.id));
    }
    text
}

/// What a person is told of where a turn is; nothing of what is over at once or is seen by itself.
fn state_note(state: &TurnState) -> Option<String> {
    match state {
        TurnState::Loading { done, total } if *total > 0 && done == total => Some("model loaded".to_owned()),
        TurnState::Searching => Some("searching the documents …".to_owned()),
        TurnState::Reading { done: 0, total } => Some(format!("reading {total} tokens …")),
        TurnState::Queued { ahead } => Some(format!("waiting for {ahead} other turns …")),
        TurnState::Loading { .. }
        | TurnState::Reading { .. }
        | TurnState::Writing
        | TurnState::Working
        | TurnState::Asking
        | TurnState::Checking
        | TurnState::Stopping => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "01900000-0000-7000-8000-000000000001";

    #[test]
    fn what_ask_prints_for_programs_stays_what_it_is() {
        let item = serde_json::json!({
            "id": ID, "chat": ID, "parent": ID, "kind": "answer", "author": "Researcher", "at": 1,
            "text": "The rent is 900 euros.", "status": { "is": "complete" }, "attached": [], "steps": [],
            "citations": [{
                "number": 1, "at": 22, "document": ID, "name": "lease.pdf", "page": 1, "start": 2, "end": 3,
                "quote": "900 euros", "page_hash": "00ff",
            }],
            "unsupported": [{ "start": 4, "end": 8 }], "supported": true,
            "made": {
                "model": "A", "place": "here", "prompt_tokens": 1, "completion_tokens": 2, "ttft_ms": 3,
                "tokens_per_second": 4.5, "egress_bytes": 5,
            },
            "branches": [ID],
        });
        let item: ItemView = serde_json::from_value(item).unwrap();
        let import = Imported {
            files: 2,
            known: 0,
            failed: 1,
            documents: Vec::new(),
            left_out: Vec::new(),
            more_left_out: 0,
            passed_over: PassedOver { hidden: 3, links: 2, system: 1, ignored: 0 },
        };
        let bare = ItemView { made: None, supported: None, citations: Vec::new(), ..item.clone() };
        let notice = Fault::new(FaultKind::Unavailable, "model.passed_over", "B cannot be used, so A answers instead.");
        let printed = [answer(item, vec![notice], None), answer(bare, Vec::new(), Some(import))];
        let printed = printed.map(|answer| serde_json::to_string_pretty(&answer).unwrap()).join("\n");
        insta::assert_snapshot!("ask", printed);
    }

    #[test]
    fn what_follows_an_answer_says_how_it_ended_and_how_to_go_on() {
        let item = serde_json::json!({
            "id": ID, "chat": ID, "parent": ID, "kind": "answer", "author": "Researcher", "at": 1,
            "text": "The rent is 900 euros.", "status": { "is": "interrupted" }, "attached": [], "steps": [],
            "citations": [], "unsupported": [{ "start": 4, "end": 8 }], "supported": "yes",
            "made": {
                "model": "", "place": "here", "prompt_tokens": 0, "completion_tokens": 0, "ttft_ms": 0,
                "tokens_per_second": 0.0, "egress_bytes": 0,
            },
            "branches": [ID],
        });
        let item: ItemView = serde_json::from_value(item).unwrap();
        let text = closing(&item, Lang::En);
        assert!(text.contains("Interrupted") && text.contains("“rent”"), "{text}");
        assert!(text.ends_with(&format!("atelier ask --continue {ID}")) && !text.contains("tok/s"), "{text}");
        let text = closing(&ItemView { status: ItemStatus::Complete, ..item }, Lang::Fr);
        assert!(text.contains("«\u{a0}rent\u{a0}»") && !text.contains("--continue"), "{text}");
    }
}
